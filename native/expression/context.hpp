// What an evaluation works with: the program, the index of the record, and scratch of a size that was fixed when the
// graph was built. One thread at a time. Hot code: no allocation, no exception.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "expression/program.hpp"
#include "expression/value.hpp"
#include "json/index.hpp"
#include "json/text.hpp"

namespace byteor::expression {

struct Context {
  const Program& program;
  json::Index* index = nullptr;  // of records that are JSON
  Value* values = nullptr;
  std::uint32_t values_used = 0;
  std::uint32_t values_max = 0;
  // Texts that are made grow from below; strings of JSON that are unescaped lie at the upper end, so that both may be
  // made by turns.
  char* text_low = nullptr;
  char* text_high = nullptr;
  std::uint32_t steps = 0;                       // left
  ExprFault fault = ExprFault::kNoSuchOverload;  // of the last answer kFailed

  // False where the evaluation has taken too many steps, which it takes as its fault.
  bool charge(std::uint64_t count) noexcept {
    if (count <= steps) {
      steps -= static_cast<std::uint32_t>(count);
      return true;
    }
    steps = 0;
    fault = ExprFault::kTooManySteps;
    return false;
  }
  bool charge_text(std::size_t bytes) noexcept { return charge(bytes / 64); }
  bool charge_index(std::uint32_t entries) noexcept { return charge(entries / 64); }

  // Places for `count` values; kNone where there is no room.
  std::uint32_t take_values(std::uint32_t count) noexcept {
    if (values_max - values_used < count) return kNone;
    const std::uint32_t first = values_used;
    values_used += count;
    return first;
  }
  std::size_t text_room() const noexcept { return static_cast<std::size_t>(text_high - text_low); }
};

// Makes a string plain, unescaped where it has escapes. Where it cannot, the value is the error then.
inline bool resolve(Context& context, Value& string) noexcept {
  if (string.form != Form::kRaw) return true;
  const std::string_view raw = string.text();
  string.form = Form::kPlain;
  if (!json::has_escape(raw)) return true;
  if (context.text_room() < raw.size()) {
    string = error(ExprFault::kTooMuchMemory);
    return false;
  }
  char* const out = context.text_high - raw.size();
  const std::size_t length = json::unescape(raw, out);
  if (length == json::kBadEscape) {
    string = error(ExprFault::kBadJson);
    return false;
  }
  context.text_high = out;
  string = of_string({out, length});
  return true;
}

// A text that is made piece by piece. There is one at a time.
class TextWriter {
 public:
  explicit TextWriter(Context& context) noexcept : context_(context), begin_(context.text_low) {}

  void put(std::string_view text) noexcept {
    if (!fits(text.size())) return;
    if (!text.empty()) std::memcpy(context_.text_low, text.data(), text.size());
    context_.text_low += text.size();
  }
  void put(char c) noexcept { put(std::string_view(&c, 1)); }
  // Room for what is written in place; nullptr where there is none.
  char* claim(std::size_t bytes) noexcept { return fits(bytes) ? context_.text_low : nullptr; }
  void advance(std::size_t bytes) noexcept { context_.text_low += bytes; }
  void fail(ExprFault fault) noexcept {
    if (failed_) return;
    failed_ = true;
    fault_ = fault;
  }
  bool failed() const noexcept { return failed_; }

  // The text, or why there is none.
  Value finish(Tag tag = Tag::kString) noexcept {
    const auto length = static_cast<std::size_t>(context_.text_low - begin_);
    if (!failed_ && !context_.charge_text(length)) fail(context_.fault);
    if (!failed_) return of_text(tag, {begin_, length});
    context_.text_low = begin_;
    return error(fault_);
  }

 private:
  bool fits(std::size_t bytes) noexcept {
    if (failed_) return false;
    if (context_.text_room() >= bytes) return true;
    fail(ExprFault::kTooMuchMemory);
    return false;
  }

  Context& context_;
  char* begin_;
  ExprFault fault_ = ExprFault::kTooMuchMemory;
  bool failed_ = false;
};

}  // namespace byteor::expression

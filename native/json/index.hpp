// A JSON text in place, by the index of its structure: a value is a number, that of its first structural character. The
// text is neither copied nor padded, and no answer depends on a byte behind it: where the index ends, two more entries
// lead to the first character of the text, which is a bracket or a value and so never what may follow one.
//
// What is skipped is counted by its brackets only; check.hpp looks at all of a text. One thread at a time. Hot code: no
// allocation, no exception after the constructor.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/cpu.hpp"
#include "json/stage1.hpp"

namespace byteor::json {

struct Member {
  std::string_view key;     // as written, between its quotes
  std::uint32_t value = 0;  // index
};

class Index {
 public:
  // Allocates four bytes a byte of the longest text.
  explicit Index(std::uint32_t bytes_max) : stage1_(bytes_max), at_(stage1_.positions()) {}

  Stage1::Result read(std::string_view text) noexcept {
    text_ = text.data();
    length_ = static_cast<std::uint32_t>(text.size());
    const Stage1::Result result = stage1_.run(text);
    count_ = stage1_.count();
    if (result == Stage1::Result::kIndexed) at_[count_] = at_[count_ + 1] = at_[0];
    return result;
  }

  // At least 1 once a text has been read.
  std::uint32_t count() const noexcept { return count_; }
  std::string_view text() const noexcept { return {text_, length_}; }
  std::uint32_t position(std::uint32_t i) const noexcept { return at_[i]; }
  // Of i up to count() + 1.
  char operator[](std::uint32_t i) const noexcept { return text_[at_[i]]; }
  const char* begin_of(std::uint32_t i) const noexcept { return text_ + at_[i]; }
  const char* end() const noexcept { return text_ + length_; }

  static bool opens(char c) noexcept { return (c | 0x20) == '{'; }
  static bool closes(char c) noexcept { return (c | 0x20) == '}'; }

  // What stands between the quotes of the string at i, an opening quote.
  std::string_view string(std::uint32_t i) const noexcept {
    const char* const begin = text_ + at_[i] + 1;
    // Between the closing quote and the next entry is white space only.
    const char* end = text_ + (i + 1 < count_ ? at_[i + 1] : length_) - 1;
    while (*end != '"') --end;
    return {begin, static_cast<std::size_t>(end - begin)};
  }

  // The index behind the value at i; count() where it does not end.
  std::uint32_t behind(std::uint32_t i) const noexcept {
    if (!opens((*this)[i])) return i + 1;
    std::uint32_t depth = 1;
    while (++i < count_) {
      const char c = (*this)[i];
      if (opens(c)) {
        ++depth;
      } else if (closes(c) && --depth == 0) {
        return i + 1;
      }
    }
    return count_;
  }

  // The member whose key is at i. False where there is none, or where the text ends before something stands behind it.
  bool member(std::uint32_t i, Member& member) const noexcept {
    if ((*this)[i] != '"' || i + 3 >= count_ || (*this)[i + 1] != ':') return false;
    member.key = string(i);
    member.value = i + 2;
    return true;
  }

 private:
  Stage1 stage1_;
  std::uint32_t* at_;
  const char* text_ = nullptr;
  std::uint32_t length_ = 0;
  std::uint32_t count_ = 0;
};

// Whether a scalar may end before `p`.
inline bool ends_scalar(const char* p, const char* end) noexcept {
  if (p == end) return true;
  switch (*p) {
    case ',':
    case ']':
    case '}':
    case ' ':
    case '\n':
    case '\r':
    case '\t':
      return true;
    default:
      return false;
  }
}

// true, false or null at `p`, and nothing but what may follow a value behind it.
inline bool is_atom(const char* p, const char* end, std::string_view atom) noexcept {
  const std::size_t left = static_cast<std::size_t>(end - p);
  return left >= atom.size() && std::memcmp(p, atom.data(), atom.size()) == 0 && ends_scalar(p + atom.size(), end);
}

}  // namespace byteor::json

// A compiled expression at work: the register machine of lib/abi/expression.ts. All memory is taken when it is made, by
// what the program says and by the longest record; steps are bounded, and what exceeds a bound is an error of the
// value. One thread at a time. Hot code: no allocation, no exception after the constructor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expression/context.hpp"
#include "expression/members.hpp"
#include "expression/program.hpp"

namespace byteor::expression {

class Evaluator {
 public:
  // Takes 4 bytes a byte of the longest record of JSON and as much again for unescaped strings, and what the program
  // asks for. Throws std::bad_alloc, CodedError (OP_UNAVAILABLE) where the build cannot read JSON. The program outlives
  // it.
  Evaluator(const Program& program, std::uint32_t record_bytes_max);

  // The record that entries are run over from now on. What an earlier run answered is no longer valid.
  void begin(std::string_view record) noexcept {
    members_.begin(record);
    context_.values_used = 0;
    context_.text_low = text_.get();
    context_.text_high = text_.get() + text_bytes_;
  }

  // The value of an entry: an error where it has none, whose length is the number of its instruction plus one.
  Value run(std::uint32_t entry) noexcept;

  // For those who walk a value that run() answered.
  Context& context() noexcept { return context_; }

 private:
  Value execute(const ExprInstruction& it) noexcept;
  Value collection(const ExprInstruction& it) noexcept;
  Value optional(const ExprInstruction& it) noexcept;
  Value order(const ExprInstruction& it, Value& a, Value& b) noexcept;
  Value arithmetic(const ExprInstruction& it) noexcept;
  Value call(ExprFunction function, Value* operands) noexcept;
  Value call_time(ExprFunction function, Value* operands) noexcept;
  Value extreme(ExprFunction function, const Value& list) noexcept;
  Value matches(const Dfa& dfa, Value& text) noexcept;
  Value select(Value& from, const Value& key) noexcept;
  Value has(Value& from, const Value& key) noexcept;
  Value has_slot(std::uint32_t slot) noexcept;
  bool next(const ExprInstruction& it) noexcept;

  const Program& program_;
  std::optional<json::Index> index_;  // before the members that read it
  std::size_t text_bytes_;
  std::unique_ptr<char[]> text_;
  std::unique_ptr<std::byte[]> values_;  // not touched before it is used: most records need none of it
  std::vector<Value> registers_;
  Context context_;
  Members members_;
};

// Why an expression has no value, as a sentence without its end; `text` is the expression as written, of which the part
// is shown that failed.
std::string fault_sentence(const Program& program, const Value& error, std::string_view text);

// The name of a fault in lib/abi/expression.ts.
std::string_view fault_name(ExprFault fault) noexcept;

}  // namespace byteor::expression

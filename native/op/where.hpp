// Filter and reject by a compiled condition: an expression over the record in place, which is true or false of it. One
// that has no value fails the record, and says why and where in its text. Hot code: no allocation, no exception; what
// reads a condition and makes sentences is in where.cpp, the control path.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "expression/evaluator.hpp"
#include "op/excerpt.hpp"
#include "op/op.hpp"

namespace byteor::op {

struct WhereCondition {
  bool invert = false;
  std::span<const std::byte> program = {};
  std::string_view text = {};  // as it is written

  // Throws CodedError (SPEC_DAMAGED) also where the program is none.
  static WhereCondition read(const decode::Buffer& config);

  // Of a condition over structs: the bytes of them that it reads.
  std::uint64_t struct_bytes() const;
};

// A condition with the memory to evaluate it.
class Where {
 public:
  // Throws CodedError (OP_UNAVAILABLE) where the build cannot read the records, std::bad_alloc.
  Where(const WhereCondition& condition, std::uint32_t record_bytes_max);

  enum class Answer : std::uint8_t { kNo, kYes, kFailed };

  Answer of(std::string_view record) noexcept {
    work_->evaluator.begin(record);
    const expression::Value value = work_->evaluator.run(0);
    if (value.is(expression::Tag::kBool)) [[likely]]
      return value.as_bool() != invert_ ? Answer::kYes : Answer::kNo;
    fault_ = value.is(expression::Tag::kError) ? value : expression::no_overload();
    return Answer::kFailed;
  }

  bool failed() const noexcept { return fault_.is(expression::Tag::kError); }
  void forget_fault() noexcept { fault_ = {}; }

  // Why the last condition without a value has none, and what to do; `op`: key of the op in plans. At most 500 bytes.
  std::string cause(std::string_view op) const;

  // The condition as it is written, as far as there is room for it in a sentence.
  std::string shown() const;

 private:
  struct Work {
    Work(const WhereCondition& condition, std::uint32_t record_bytes_max)
        : program(expression::Program::load(condition.program)), evaluator(program, record_bytes_max) {}
    expression::Program program;
    expression::Evaluator evaluator;
  };

  std::unique_ptr<Work> work_;
  std::string_view text_;
  expression::Value fault_;
  bool invert_;
};

class FilterWhereOp : public BuiltIn<abi::OpCode::kFilterWhere> {
 public:
  using Config = WhereCondition;
  static ConfigFacts facts(const WhereCondition& condition) { return {.struct_bytes = condition.struct_bytes()}; }

  FilterWhereOp(const WhereCondition& condition, std::uint32_t record_bytes_max)
      : where_(condition, record_bytes_max) {}

  Outcome apply(core::RecordRef& record) noexcept {
    switch (where_.of(bytes_of(record))) {
      case Where::Answer::kYes:
        return Outcome::kPass;
      case Where::Answer::kNo:
        return Outcome::kFilter;
      case Where::Answer::kFailed:
        break;
    }
    return Outcome::kFail;
  }

  // At most 500 bytes.
  std::string cause() const { return where_.failed() ? where_.cause("filter") : std::string(); }
  static std::string report(std::span<const FilterWhereOp* const>) { return "null"; }

 private:
  Where where_;
};

class RejectWhereOp : public BuiltIn<abi::OpCode::kRejectWhere> {
 public:
  using Config = WhereCondition;
  static ConfigFacts facts(const WhereCondition& condition) { return {.struct_bytes = condition.struct_bytes()}; }

  RejectWhereOp(const WhereCondition& condition, std::uint32_t record_bytes_max)
      : where_(condition, record_bytes_max) {}

  Outcome apply(core::RecordRef& record) noexcept {
    const Where::Answer answer = where_.of(bytes_of(record));
    if (answer == Where::Answer::kNo) [[likely]]
      return Outcome::kPass;
    if (answer == Where::Answer::kYes) {
      where_.forget_fault();
      excerpt_.keep(bytes_of(record), 0);
    }
    return Outcome::kFail;
  }

  // Why the last failed record failed, and what to do; empty when none did. At most 500 bytes.
  std::string cause() const;
  static std::string report(std::span<const RejectWhereOp* const>) { return "null"; }

 private:
  Where where_;
  RecordExcerpt excerpt_;
};

}  // namespace byteor::op

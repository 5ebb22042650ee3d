// See where.hpp. Control path: allocates.
#include "op/where.hpp"

#include <algorithm>

#include "op/text.hpp"

namespace byteor::op {

namespace {

constexpr std::size_t kConditionCharactersMax = 120;

}  // namespace

WhereCondition WhereCondition::read(const decode::Buffer& config) {
  const auto row = config.at<abi::WhereConfig>(0);
  decode::require(row.invert <= 1 && row.reserved == 0, "a condition is neither inverted nor not", row.invert);
  const WhereCondition condition{row.invert == 1, config.part(row.program_offset, row.program_length),
                                 config.text(row.text_offset, row.text_length)};
  expression::Program::load(condition.program);
  return condition;
}

std::uint64_t WhereCondition::struct_bytes() const {
  const expression::Program loaded = expression::Program::load(program);
  if (loaded.record() != expression::ExprRecord::kStruct) return 0;
  std::uint64_t end = 1;
  for (std::uint32_t i = 0; i != loaded.header().slot_count; ++i)
    end = std::max(end, std::uint64_t{loaded.slot(i).offset} + loaded.slot(i).length);
  return end;
}

Where::Where(const WhereCondition& condition, std::uint32_t record_bytes_max)
    : work_(std::make_unique<Work>(condition, record_bytes_max)), text_(condition.text), invert_(condition.invert) {}

std::string Where::cause(std::string_view op) const {
  const std::string why = expression::fault_sentence(work_->program, fault_, text_);
  return std::string(op) + ": the condition has no value" + (why.starts_with("at ") ? " " : ": ") + why + ".";
}

std::string Where::shown() const {
  return std::string(invert_ ? "does not meet" : "meets") + " the condition `" +
         printable(text_, kConditionCharactersMax) + "`";
}

std::string RejectWhereOp::cause() const {
  if (where_.failed()) return where_.cause("reject");
  if (!excerpt_.kept()) return {};
  return "reject: the record " + where_.shown() + excerpt_.show() +
         ". Correct the input, filter such records out before this stage, or change its condition.";
}

}  // namespace byteor::op

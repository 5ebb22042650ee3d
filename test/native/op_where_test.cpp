// Filter and reject by a compiled condition: what passes, and what is said of a record that fails.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <string_view>

#include "core/coded_error.hpp"
#include "op/where.hpp"
#include "support/program_builder.hpp"

namespace byteor::op {
namespace {

using expression::ExprOp;
using expression::test::ProgramBuilder;

// record.level == "error"
constexpr std::string_view kText = "record.level == \"error\"";

std::string condition_bytes() {
  ProgramBuilder builder;
  builder.op(ExprOp::kSlot, 0, builder.slot("level"));
  builder.op(ExprOp::kEqualConstant, 0, 0, builder.of_text("error"));
  builder.op(ExprOp::kReturn, 0, 0);
  builder.places = {{0, 0, 12, 0}};
  return builder.bytes();
}

std::string config_of(std::string_view program, std::uint32_t invert, std::string_view text = kText) {
  return expression::test::where_config(program, invert, text);
}

decode::Buffer buffer_of(const std::string& config) {
  return decode::Buffer({reinterpret_cast<const std::byte*>(config.data()), config.size()});
}

template <class Op>
Outcome apply(Op& op, std::string& text) {
  core::RecordRef record{reinterpret_cast<std::byte*>(text.data()), static_cast<std::uint32_t>(text.size()), 0};
  return op.apply(record);
}

class OpWhere : public ::testing::Test {
 protected:
  std::string plain = config_of(condition_bytes(), 0);
  std::string inverted = config_of(condition_bytes(), 1);
  std::string error = R"({"level":"error"})";
  std::string info = R"({"level":"info"})";
  std::string none = R"({"a":1})";
};

TEST_F(OpWhere, FilterPassesWhatMeetsTheConditionAndFailsWhatHasNoAnswer) {
  FilterWhereOp op(WhereCondition::read(buffer_of(plain)), 64);
  EXPECT_EQ(op.cause(), "");
  EXPECT_EQ(apply(op, error), Outcome::kPass);
  EXPECT_EQ(apply(op, info), Outcome::kFilter);
  EXPECT_EQ(apply(op, none), Outcome::kFail);
  EXPECT_EQ(op.cause(),
            "filter: the condition has no value at character 1, `record.level`: there is no such member; guard it "
            "with has() or read it with `.?` and orValue().");
}

TEST_F(OpWhere, InvertedItPassesTheOthersAndStillFailsWhatHasNoAnswer) {
  FilterWhereOp op(WhereCondition::read(buffer_of(inverted)), 64);
  EXPECT_EQ(apply(op, error), Outcome::kFilter);
  EXPECT_EQ(apply(op, info), Outcome::kPass);
  EXPECT_EQ(apply(op, none), Outcome::kFail);
}

TEST_F(OpWhere, RejectFailsWhatMeetsTheConditionAndShowsIt) {
  RejectWhereOp op(WhereCondition::read(buffer_of(plain)), 64);
  EXPECT_EQ(op.cause(), "");
  EXPECT_EQ(apply(op, info), Outcome::kPass);
  EXPECT_EQ(apply(op, none), Outcome::kFail);
  EXPECT_EQ(op.cause().substr(0, 36), "reject: the condition has no value a");
  EXPECT_EQ(apply(op, error), Outcome::kFail);
  EXPECT_EQ(
      op.cause(),
      "reject: the record meets the condition `record.level == \\\"error\\\"`; it has 17 bytes: "
      "\"{\\\"level\\\":\\\"error\\\"}\". Correct the input, filter such records out before this stage, or change its "
      "condition.");
}

TEST_F(OpWhere, ARecordLongerThanWasSaidFails) {
  FilterWhereOp op(WhereCondition::read(buffer_of(plain)), 64);
  std::string longer = R"({"level":"error","x":")" + std::string(100, 'x') + "\"}";
  EXPECT_EQ(apply(op, longer), Outcome::kFail);
}

TEST_F(OpWhere, AConditionThatIsNoBoolFailsTheRecord) {
  ProgramBuilder builder;
  builder.op(ExprOp::kConstant, 0, builder.of_int(1));
  builder.op(ExprOp::kReturn, 0, 0);
  const std::string config = config_of(builder.bytes(), 0, "1");
  FilterWhereOp op(WhereCondition::read(buffer_of(config)), 64);
  EXPECT_EQ(apply(op, error), Outcome::kFail);
  EXPECT_EQ(op.cause(),
            "filter: the condition has no value: a value is of a type that this operator or function does not take; "
            "convert it, or test its type first.");
}

TEST_F(OpWhere, TheLongestCauseHas500Bytes) {
  ProgramBuilder builder;
  builder.op(ExprOp::kRecord, 0);
  builder.op(ExprOp::kReturn, 0, 0);
  builder.op(ExprOp::kReturn, 0, 0);
  for (std::uint32_t fault = 1; fault <= 16; ++fault) {
    ProgramBuilder failing;
    failing.op(ExprOp::kConstant, 0, failing.of_fault(static_cast<expression::ExprFault>(fault)));
    failing.op(ExprOp::kReturn, 0, 0);
    failing.places = {{0, 0, 120, 0}};
    const std::string config = config_of(failing.bytes(), 0, std::string(8000, '\x01'));
    FilterWhereOp op(WhereCondition::read(buffer_of(config)), 64);
    EXPECT_EQ(apply(op, none), Outcome::kFail);
    EXPECT_LE(op.cause().size(), 500u) << fault;
  }
  std::string record(64, '\x01');
  ProgramBuilder yes(expression::ExprRecord::kBytes);
  yes.op(ExprOp::kConstant, 0, yes.of_bool(true));
  yes.op(ExprOp::kReturn, 0, 0);
  const std::string config = config_of(yes.bytes(), 0, std::string(8000, '\x01'));
  RejectWhereOp op(WhereCondition::read(buffer_of(config)), 64);
  EXPECT_EQ(apply(op, record), Outcome::kFail);
  EXPECT_LE(op.cause().size(), 500u);
}

TEST_F(OpWhere, SaysHowManyBytesOfAStructItReads) {
  ProgramBuilder builder(expression::ExprRecord::kStruct);
  builder.field(abi::FieldCode::kU32, 8, 4);
  builder.op(ExprOp::kReturn, 0, 0);
  const std::string config = config_of(builder.bytes(), 0);
  EXPECT_EQ(FilterWhereOp::facts(WhereCondition::read(buffer_of(config))).struct_bytes, 12u);
  EXPECT_EQ(FilterWhereOp::facts(WhereCondition::read(buffer_of(plain))).struct_bytes, 0u);
}

TEST_F(OpWhere, AConfigThatIsNoneIsRefused) {
  const auto refused = [](std::string config) {
    EXPECT_THROW(WhereCondition::read(buffer_of(config)), core::CodedError) << config.size();
  };
  refused(config_of(condition_bytes(), 2));
  refused(config_of("", 0));
  refused(config_of("not a program", 0));
  for (std::size_t length = 0; length != plain.size(); ++length) refused(plain.substr(0, length));
}

}  // namespace
}  // namespace byteor::op

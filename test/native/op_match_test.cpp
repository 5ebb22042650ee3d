// The ops that look at one record at a time: identity, filter, reject, prepend, append; and the catalog.
#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <vector>

#include "core/coded_error.hpp"
#include "op/catalog.hpp"
#include "op/text.hpp"
#include "support/op_records.hpp"
#include "support/spec_builder.hpp"

namespace byteor::op {
namespace {

using abi::MatchCode;
using abi::OpCode;
using test::HeapRecord;

Condition matching(MatchCode match, std::string_view text, bool invert = false) { return {match, invert, text}; }

template <class Op>
Outcome outcome(Op& op, std::string_view bytes) {
  HeapRecord record(bytes);
  const Outcome result = op.apply(record.record);
  EXPECT_EQ(record.bytes(), bytes);
  return result;
}

Outcome filtered(MatchCode match, std::string_view text, std::string_view record, bool invert = false) {
  FilterOp op(matching(match, text, invert));
  return outcome(op, record);
}

TEST(FilterOp, PassesRecordsThatContainTheText) {
  EXPECT_EQ(filtered(MatchCode::kContains, "err", "an error"), Outcome::kPass);
  EXPECT_EQ(filtered(MatchCode::kContains, "err", "fine"), Outcome::kFilter);
}

TEST(FilterOp, PassesRecordsThatStartWithTheText) {
  EXPECT_EQ(filtered(MatchCode::kStartsWith, "err", "error"), Outcome::kPass);
  EXPECT_EQ(filtered(MatchCode::kStartsWith, "err", "an error"), Outcome::kFilter);
  EXPECT_EQ(filtered(MatchCode::kStartsWith, "error", "err"), Outcome::kFilter);
}

TEST(FilterOp, PassesRecordsThatEndWithTheText) {
  EXPECT_EQ(filtered(MatchCode::kEndsWith, "ror", "error"), Outcome::kPass);
  EXPECT_EQ(filtered(MatchCode::kEndsWith, "ror", "errors"), Outcome::kFilter);
}

TEST(FilterOp, PassesRecordsThatEqualTheText) {
  EXPECT_EQ(filtered(MatchCode::kEquals, "error", "error"), Outcome::kPass);
  EXPECT_EQ(filtered(MatchCode::kEquals, "error", "error "), Outcome::kFilter);
  EXPECT_EQ(filtered(MatchCode::kEquals, "", ""), Outcome::kPass);
}

TEST(FilterOp, InvertedPassesExactlyTheOthers) {
  EXPECT_EQ(filtered(MatchCode::kContains, "err", "an error", true), Outcome::kFilter);
  EXPECT_EQ(filtered(MatchCode::kContains, "err", "fine", true), Outcome::kPass);
}

TEST(FilterOp, AnEmptyTextIsContainedInEveryRecord) {
  EXPECT_EQ(filtered(MatchCode::kContains, "", ""), Outcome::kPass);
  EXPECT_EQ(filtered(MatchCode::kContains, "", "x"), Outcome::kPass);
  EXPECT_EQ(filtered(MatchCode::kEquals, "", "x"), Outcome::kFilter);
}

TEST(RejectOp, FailsRecordsThatMatchAndPassesTheOthers) {
  RejectOp op(matching(MatchCode::kContains, "bad"));
  EXPECT_EQ(outcome(op, "good"), Outcome::kPass);
  EXPECT_EQ(op.cause(), "");
  EXPECT_EQ(outcome(op, "a bad one"), Outcome::kFail);
  EXPECT_EQ(
      op.cause(),
      "reject: the record contains \"bad\"; it has 9 bytes: \"a bad one\". Correct the input, filter such records "
      "out before this stage, or change its condition.");
}

TEST(RejectOp, InvertedFailsRecordsThatDoNotMatch) {
  RejectOp op(matching(MatchCode::kStartsWith, "{", true));
  EXPECT_EQ(outcome(op, "{}"), Outcome::kPass);
  EXPECT_EQ(outcome(op, "x"), Outcome::kFail);
  EXPECT_EQ(
      op.cause(),
      "reject: the record does not start with \"{\"; it has 1 byte: \"x\". Correct the input, filter such records "
      "out before this stage, or change its condition.");
}

TEST(RejectOp, ShowsTheNeighbourhoodOfTheMatchInALongRecord) {
  RejectOp op(matching(MatchCode::kContains, "MATCH"));
  EXPECT_EQ(outcome(op, std::string(1000, 'x') + "MATCH" + std::string(1000, 'y')), Outcome::kFail);
  const std::string cause = op.cause();
  EXPECT_NE(cause.find("it has 2005 bytes, from byte 976: \"…" + std::string(24, 'x') + "MATCHyyy"), std::string::npos)
      << cause;
  EXPECT_NE(cause.find("yyy…\". Correct"), std::string::npos) << cause;
}

TEST(RejectOp, ShowsTheEndOfARecordThatEndsWithTheText) {
  RejectOp op(matching(MatchCode::kEndsWith, "END"));
  EXPECT_EQ(outcome(op, std::string(1000, 'x') + "END"), Outcome::kFail);
  EXPECT_NE(op.cause().find("from byte 976: \"…" + std::string(24, 'x') + "END\". Correct"), std::string::npos);
}

TEST(RejectOp, EscapesWhatCannotBeShown) {
  const std::string text("\x00\xff\"", 3);
  RejectOp op(matching(MatchCode::kEquals, text));
  EXPECT_EQ(outcome(op, text), Outcome::kFail);
  EXPECT_EQ(op.cause().substr(0, op.cause().find(". Correct")),
            R"(reject: the record equals "\x00\xff\""; it has 3 bytes: "\x00\xff\"")");
}

TEST(RejectOp, KeepsItsCauseUnder500Bytes) {
  const std::string text(5000, '\x01');
  for (const MatchCode match : {MatchCode::kContains, MatchCode::kEndsWith, MatchCode::kEquals}) {
    RejectOp op(matching(match, text));
    EXPECT_EQ(outcome(op, match == MatchCode::kEquals ? text : text + text), Outcome::kFail);
    EXPECT_LT(op.cause().size(), 500u);
  }
}

TEST(RejectOp, ExplainsAnEmptyRecord) {
  RejectOp op(matching(MatchCode::kEquals, ""));
  EXPECT_EQ(outcome(op, ""), Outcome::kFail);
  EXPECT_EQ(op.cause().substr(0, op.cause().find(". Correct")), "reject: the record equals \"\"; it has 0 bytes");
}

Affix affix(std::string_view text) { return {text}; }

TEST(PrependOp, PutsItsTextBeforeTheRecordWithinTheRoom) {
  PrependOp op(affix("> "));
  HeapRecord record("line", 2, 0);
  EXPECT_EQ(op.apply(record.record), Outcome::kPass);
  EXPECT_EQ(record.bytes(), "> line");
}

TEST(AppendOp, PutsItsTextAfterTheRecordWithinTheRoom) {
  AppendOp op(affix(" <"));
  HeapRecord record("line", 0, 2);
  EXPECT_EQ(op.apply(record.record), Outcome::kPass);
  EXPECT_EQ(record.bytes(), "line <");
}

TEST(AppendOp, AddsUpWithPrependOnAnEmptyRecord) {
  PrependOp before(affix("ab"));
  AppendOp after(affix("cd"));
  HeapRecord record("", 2, 2);
  before.apply(record.record);
  after.apply(record.record);
  EXPECT_EQ(record.bytes(), "abcd");
}

TEST(AppendOp, AnEmptyTextChangesNothing) {
  PrependOp before(affix(""));
  AppendOp after(affix(""));
  HeapRecord record("x");
  before.apply(record.record);
  after.apply(record.record);
  EXPECT_EQ(record.bytes(), "x");
}

TEST(IdentityOp, PassesEveryRecordUntouched) {
  IdentityOp op(NoConfig{});
  EXPECT_EQ(outcome(op, "anything"), Outcome::kPass);
  EXPECT_EQ(IdentityOp::report({}), "null");
}

// The bytes that lib/lower writes for a config without which an op cannot be.
std::vector<std::byte> least_config(OpCode code) {
  switch (code) {
    case OpCode::kFilter:
    case OpCode::kReject:
      return test::ConfigBytes::match(MatchCode::kEquals, false, "x");
    case OpCode::kPrepend:
    case OpCode::kAppend:
      return test::ConfigBytes::affix("x");
    default:
      return {};
  }
}

template <class Expected>
bool is_class_of(OpCode code) {
  return visit_op(code, least_config(code), []<class Op>(const auto&) { return std::is_same_v<Op, Expected>; });
}

TEST(Catalog, FindsTheClassOfEveryBuiltInOp) {
  EXPECT_TRUE(is_class_of<IdentityOp>(OpCode::kIdentity));
  EXPECT_TRUE(is_class_of<FilterOp>(OpCode::kFilter));
  EXPECT_TRUE(is_class_of<PrependOp>(OpCode::kPrepend));
  EXPECT_TRUE(is_class_of<AppendOp>(OpCode::kAppend));
  EXPECT_TRUE(is_class_of<CountOp>(OpCode::kCount));
  EXPECT_TRUE(is_class_of<ChecksumOp>(OpCode::kChecksum));
  EXPECT_TRUE(is_class_of<RejectOp>(OpCode::kReject));
}

TEST(Catalog, HasARowForEveryOpAndForNoOtherCode) {
  for (const abi::OpRow& row : abi::kOps) EXPECT_EQ(find_row(static_cast<std::uint32_t>(row.code)), &row);
  for (const std::uint32_t code : {0u, 98u, 99u, 102u, 0xffffffffu}) EXPECT_EQ(find_row(code), nullptr) << code;
}

template <class Op>
constexpr bool may(bool writes, bool filters, bool fails, bool keeps_layout = true) {
  return Op::kWrites == writes && Op::kFilters == filters && Op::kFails == fails && Op::kKeepsLayout == keeps_layout;
}

TEST(Catalog, SaysWhatEachOpMayDo) {
  EXPECT_TRUE(may<IdentityOp>(false, false, false));
  EXPECT_TRUE(may<FilterOp>(false, true, false));
  EXPECT_TRUE(may<PrependOp>(true, false, false, false));
  EXPECT_TRUE(may<AppendOp>(true, false, false, false));
  EXPECT_TRUE(may<CountOp>(false, false, false));
  EXPECT_TRUE(may<ChecksumOp>(false, false, false));
  EXPECT_TRUE(may<RejectOp>(false, false, true));
  EXPECT_TRUE(may<SetFieldOp>(true, false, true));
  EXPECT_TRUE((may<StoreFieldOp<4>>(true, false, true)));
}

std::string refusal(OpCode code) {
  try {
    visit_op(code, {}, []<class Op>(const auto&) {});
  } catch (const core::CodedError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Catalog, RefusesOpsOfTheCallersAndUnknownOnesByCode) {
  EXPECT_EQ(refusal(OpCode::kJs),
            "op code 100 (js) is an op of the caller's, not one of the built-in catalog; pass it at open");
  EXPECT_EQ(refusal(OpCode::kNative),
            "op code 101 (native) is an op of the caller's, not one of the built-in catalog; pass it at open");
  EXPECT_EQ(refusal(static_cast<OpCode>(77)), "unknown op code 77; compile the plan again with this version of byteor");
}

}  // namespace
}  // namespace byteor::op

// What a program must be before it runs, and that bytes which are none do no harm.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>

#include "core/coded_error.hpp"
#include "support/program_builder.hpp"
#include "support/split_mix.hpp"

namespace byteor::expression::test {
namespace {

std::string refusal(const std::string& bytes) {
  try {
    Program::load({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
  } catch (const core::CodedError& error) {
    EXPECT_EQ(error.code(), abi::ErrorCode::kSpecDamaged);
    const std::string text = error.what();
    const std::size_t begin = text.find(": ") + 2;
    return text.substr(begin, text.find(';') - begin);
  }
  return "none";
}

ProgramBuilder small() {
  ProgramBuilder builder;
  builder.op(ExprOp::kSlot, 0, builder.slot("user/lang"));
  builder.op(ExprOp::kEqualConstant, 0, 0, builder.of_text("ja"));
  builder.finds("x");
  builder.op(ExprOp::kReturn, 0, 0);
  return builder;
}

std::string refusal_of(const std::function<void(ProgramBuilder&)>& change) {
  ProgramBuilder builder = small();
  change(builder);
  return refusal(builder.bytes());
}

TEST(ExpressionLoad, TakesAWholeProgram) { EXPECT_EQ(refusal(small().bytes()), "none"); }

TEST(ExpressionLoad, RefusesAHeaderThatIsNotOne) {
  const auto with = [](auto&& change) { return refusal_of([&](ProgramBuilder& builder) { change(builder.header); }); };
  EXPECT_EQ(with([](ExprHeader& header) { header.magic = 1; }), "an expression does not begin as one (received 1)");
  EXPECT_EQ(with([](ExprHeader& header) { header.layout_version = 9; }),
            "an expression is of another layout version (received 9)");
  EXPECT_EQ(with([](ExprHeader& header) { header.record = 5; }), "an expression is of unknown records (received 5)");
  EXPECT_EQ(with([](ExprHeader& header) { header.register_count = 1025; }),
            "an expression has no register or too many (received 1025)");
  EXPECT_EQ(with([](ExprHeader& header) { header.steps = 0; }),
            "an expression may take no step or too many (received 0)");
  EXPECT_EQ(with([](ExprHeader& header) { header.scratch_values = 1u << 30; }),
            "an expression wants too many scratch values (received 1073741824)");
  EXPECT_EQ(with([](ExprHeader& header) { header.scratch_bytes = 1u << 30; }),
            "an expression wants too many scratch bytes (received 1073741824)");
  EXPECT_EQ(refusal(small().bytes() + "x").substr(0, 50), "an expression's length is not what it says (receiv");
}

TEST(ExpressionLoad, RefusesOperandsThatAreNotThere) {
  const auto with = [](ExprOp op, int dst, int a, int b) {
    return refusal_of([&](ProgramBuilder& builder) {
      builder.op(op, dst, a, b);
      builder.op(ExprOp::kReturn, 0, 0);
    });
  };
  EXPECT_EQ(with(static_cast<ExprOp>(99), 0, 0, 0), "an expression has an unknown instruction (received 99)");
  EXPECT_EQ(with(ExprOp::kMove, 16, 0, 0), "an instruction names a register that is not there (received 16)");
  EXPECT_EQ(with(ExprOp::kIterate, 15, 0, 0), "an instruction names a register that is not there (received 15)");
  EXPECT_EQ(with(ExprOp::kList, 0, 10, 7), "an instruction names a register that is not there (received 10)");
  EXPECT_EQ(with(ExprOp::kMap, 0, 10, 4), "an instruction names a register that is not there (received 10)");
  EXPECT_EQ(with(ExprOp::kCall, 0, 15, 2), "an instruction names a register that is not there (received 15)");
  EXPECT_EQ(with(ExprOp::kCall, 0, 0, 999), "an instruction names a function that is not there (received 999)");
  EXPECT_EQ(with(ExprOp::kConstant, 0, 7, 0), "an instruction names a constant that is not there (received 7)");
  EXPECT_EQ(with(ExprOp::kSlot, 0, 1, 0), "an instruction names a slot that is not there (received 1)");
  EXPECT_EQ(with(ExprOp::kMatches, 0, 0, 1), "an instruction names a pattern that is not there (received 1)");
  EXPECT_EQ(with(ExprOp::kJump, 0, 0, 99), "a jump leads behind the instructions (received 99)");
  EXPECT_EQ(with(ExprOp::kJump, 0, 0, 0), "a jump leads back to what is no Next (received 0)");
  EXPECT_EQ(with(ExprOp::kJumpIfTrue, 0, 0, 3), "a jump leads back to what is no Next (received 3)");
  EXPECT_EQ(refusal_of([](ProgramBuilder& builder) { builder.op(ExprOp::kMove); }),
            "an expression does not end with Return or Jump (received 2)");
  EXPECT_EQ(refusal_of([](ProgramBuilder& builder) {
              builder.op(ExprOp::kSelect, 0, 0, builder.of_int(1));
              builder.op(ExprOp::kReturn);
            }),
            "a key is not a string (received 1)");
  EXPECT_EQ(refusal_of([](ProgramBuilder& builder) {
              builder.entries = {{3, 0}};
            }),
            "an entry begins behind the instructions (received 3)");
}

TEST(ExpressionLoad, RefusesConstantsThatAreNone) {
  const auto with = [](ExprTag tag, std::uint64_t payload, std::uint32_t length) {
    return refusal_of([&](ProgramBuilder& builder) { builder.put(tag, payload, length); });
  };
  EXPECT_EQ(with(static_cast<ExprTag>(99), 0, 0), "a constant is of an unknown type (received 99)");
  EXPECT_EQ(with(ExprTag::kOptional, 0, 0), "a constant is of an unknown type (received 14)");
  EXPECT_EQ(with(ExprTag::kBool, 2, 0), "a constant is no bool (received 2)");
  EXPECT_EQ(with(ExprTag::kError, 99, 0), "a constant is an unknown error (received 99)");
  EXPECT_EQ(with(ExprTag::kTimestamp, 0, 1'000'000'000), "a constant is no timestamp (received 0)");
  EXPECT_EQ(with(ExprTag::kDuration, 1ull << 60, 0), "a constant is no duration (received 1152921504606846976)");
  EXPECT_EQ(with(ExprTag::kString, 0, 1'000'000).substr(0, 30), "a stretch reaches past the end");
  EXPECT_EQ(with(ExprTag::kList, 0, 1), "a constant holds others that do not stand behind it (received 0)");
  EXPECT_EQ(with(ExprTag::kList, 2, 1), "a constant holds others that do not stand behind it (received 2)");
  EXPECT_EQ(refusal_of([](ProgramBuilder& builder) { builder.of_text("\xff"); }).substr(0, 39),
            "a text of an expression is not UTF-8 (r");
  EXPECT_EQ(refusal_of([](ProgramBuilder& builder) {
              builder.put(ExprTag::kMap, 2, 1);
              builder.of_null();
              builder.of_null();
            }),
            "a key of a map is of another type than bool, int, uint and string (received 2)");
  EXPECT_EQ(refusal_of([](ProgramBuilder& builder) {
              builder.put(ExprTag::kList, 3, 1);
              builder.put(ExprTag::kList, 3, 1);
              builder.of_null();
            }),
            "a constant stands in two others (received 3)");
  EXPECT_EQ(refusal_of([](ProgramBuilder& builder) {
              for (std::uint32_t level = 1; level != 67; ++level) builder.put(ExprTag::kList, level + 1, 1);
              builder.of_null();
            }),
            "constants stand too deep within each other (received 65)");
}

TEST(ExpressionLoad, RefusesKeysThatDoNotLeadWhereTheySay) {
  const auto with = [](auto&& change) { return refusal_of([&](ProgramBuilder& builder) { change(builder.nodes); }); };
  EXPECT_EQ(with([](auto& nodes) { nodes[0][0].child = 0; }), "a key leads nowhere (received 0)");
  EXPECT_EQ(with([](auto& nodes) { nodes[1][0].child = 1; }),
            "a key leads to an object that is not its own (received 1)");
  EXPECT_EQ(with([](auto& nodes) { nodes[0][0].slot = 2; }), "a key leads to a slot that is not its own (received 2)");
  EXPECT_EQ(with([](auto& nodes) { nodes[0][0].slot = 1; }), "a key leads to a slot that is not its own (received 1)");
  EXPECT_EQ(with([](auto& nodes) { nodes.push_back({{"x", 0, 0}}); }), "no key leads to an object (received 2)");
  EXPECT_EQ(refusal_of([](ProgramBuilder& builder) { builder.slots.push_back({}); }),
            "no key leads to a slot (received 2)");
  EXPECT_EQ(refusal_of([](ProgramBuilder& builder) { builder.header.record = 3; }),
            "an expression reads members of a text (received 1)");
}

TEST(ExpressionLoad, RefusesSlotsOfStructsThatAreNoFields) {
  const auto with = [](std::uint32_t kind, std::uint32_t offset, std::uint32_t length) {
    ProgramBuilder builder(ExprRecord::kStruct);
    builder.field(static_cast<abi::FieldCode>(kind), offset, length);
    builder.op(ExprOp::kReturn);
    return refusal(builder.bytes());
  };
  EXPECT_EQ(with(99, 0, 1), "a slot is of an unknown type (received 99)");
  EXPECT_EQ(with(2, 0, 4), "a slot has another width than its type (received 4)");
  EXPECT_EQ(with(12, ~0u, 4), "a slot reaches past every struct (received 4294967295)");
}

// Each byte of a program set to other values: it is refused, or it runs and comes to an end.
TEST(ExpressionLoad, SurvivesEveryProgramWithBytesThatWereOverwritten) {
  ProgramBuilder builder = small();
  builder.code.pop_back();
  builder.op(ExprOp::kIterate, 2, 0);
  builder.op(ExprOp::kCollect, 4);
  builder.op(ExprOp::kNext, 6, 2, 8);
  builder.call(6, ExprFunction::kToString, 6);
  builder.op(ExprOp::kAppend, 4, 6);
  builder.op(ExprOp::kJump, 0, 0, 4);
  builder.op(ExprOp::kCollected, 0, 4);
  builder.op(ExprOp::kMatches, 1, 0, 0);
  builder.op(ExprOp::kReturn, 0, 0);
  builder.header.steps = 1000;
  const std::string whole = builder.bytes();
  constexpr std::string_view kRecord = R"({"user":{"lang":["a",1,{"x":"\n"}]},"b":[1,2]})";
  byteor::test::SplitMix random(1);
  int ran = 0;
  for (int turn = 0; turn != 6'000; ++turn) {
    std::string bytes = whole;
    const auto many = 1 + random.next() % 3;
    for (std::uint64_t i = 0; i != many; ++i) bytes[random.next() % bytes.size()] = static_cast<char>(random.next());
    try {
      const Program program = Program::load({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
      if (program.header().scratch_bytes > 1 << 20 || program.header().scratch_values > 1 << 16) continue;
      Evaluator evaluator(program, 256);
      evaluator.begin(kRecord);
      show(evaluator.context(), evaluator.run(0));
      ++ran;
    } catch (const core::CodedError&) {
    }
  }
  EXPECT_GT(ran, 100);
}

}  // namespace
}  // namespace byteor::expression::test

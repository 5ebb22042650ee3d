// Each instruction of the machine, and how errors and absent members go through it.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include "support/program_builder.hpp"

namespace byteor::expression::test::machine {
namespace {

// `record` in r0, what `make` does with it, and the result of r0.
template <class Make>
std::string run(Make&& make, std::string_view record = "{}") {
  ProgramBuilder builder;
  make(builder);
  builder.op(ExprOp::kReturn, 0, 0);
  return evaluate(builder, record);
}

// r1 = a, r2 = b, r0 = r1 op r2.
template <class A, class B>
std::string of_two(ExprOp op, A&& a, B&& b) {
  return run([&](ProgramBuilder& builder) {
    builder.op(ExprOp::kConstant, 1, a(builder));
    builder.op(ExprOp::kConstant, 2, b(builder));
    builder.op(op, 0, 1, 2);
  });
}

template <class A, class B>
std::string with_constant(ExprOp op, A&& a, B&& b) {
  return run([&](ProgramBuilder& builder) {
    builder.op(ExprOp::kConstant, 1, a(builder));
    builder.op(op, 0, 1, b(builder));
  });
}

auto i(std::int64_t value) {
  return [value](ProgramBuilder& builder) { return builder.of_int(value); };
}
auto u(std::uint64_t value) {
  return [value](ProgramBuilder& builder) { return builder.of_uint(value); };
}
auto d(double value) {
  return [value](ProgramBuilder& builder) { return builder.of_double(value); };
}
auto t(std::string_view value) {
  return [value](ProgramBuilder& builder) { return builder.of_text(value); };
}
auto bytes(std::string_view value) {
  return [value](ProgramBuilder& builder) { return builder.of_text(value, ExprTag::kBytes); };
}
auto yes(bool value) {
  return [value](ProgramBuilder& builder) { return builder.of_bool(value); };
}
auto null() {
  return [](ProgramBuilder& builder) { return builder.of_null(); };
}
auto fault(ExprFault value) {
  return [value](ProgramBuilder& builder) { return builder.of_fault(value); };
}

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

TEST(ExpressionMachine, EqualComparesNumbersAcrossTypesAndOtherTypesAsUnequal) {
  EXPECT_EQ(of_two(ExprOp::kEqual, i(1), d(1)), "true");
  EXPECT_EQ(of_two(ExprOp::kEqual, i(1), u(1)), "true");
  EXPECT_EQ(of_two(ExprOp::kEqual, i(-1), u(~0ull)), "false");
  EXPECT_EQ(of_two(ExprOp::kEqual, d(NAN), d(NAN)), "false");
  EXPECT_EQ(of_two(ExprOp::kNotEqual, d(NAN), d(NAN)), "true");
  EXPECT_EQ(of_two(ExprOp::kEqual, i(1), t("1")), "false");
  EXPECT_EQ(of_two(ExprOp::kEqual, t("a"), t("a")), "true");
  EXPECT_EQ(of_two(ExprOp::kEqual, bytes("a"), bytes("b")), "false");
  EXPECT_EQ(of_two(ExprOp::kEqual, null(), null()), "true");
  EXPECT_EQ(with_constant(ExprOp::kEqualConstant, t("abc"), t("abc")), "true");
  EXPECT_EQ(with_constant(ExprOp::kNotEqualConstant, t("abc"), t("abd")), "true");
}

TEST(ExpressionMachine, OrderTakesNumbersTextsBytesBoolsAndNothingElse) {
  EXPECT_EQ(of_two(ExprOp::kLess, i(1), d(1.5)), "true");
  EXPECT_EQ(of_two(ExprOp::kLess, i(-1), u(0)), "true");
  EXPECT_EQ(of_two(ExprOp::kGreater, u(0), i(-1)), "true");
  EXPECT_EQ(of_two(ExprOp::kGreaterEqual, i(kMost), d(9223372036854775808.0)), "true");
  EXPECT_EQ(of_two(ExprOp::kLess, d(NAN), d(1)), "false");
  EXPECT_EQ(of_two(ExprOp::kGreaterEqual, d(NAN), d(1)), "false");
  EXPECT_EQ(of_two(ExprOp::kLess, t("a"), t("\u00e9")), "true");
  EXPECT_EQ(of_two(ExprOp::kLessEqual, bytes("\x01"), bytes("\xff")), "true");
  EXPECT_EQ(of_two(ExprOp::kLess, yes(false), yes(true)), "true");
  EXPECT_EQ(of_two(ExprOp::kLess, t("a"), i(1)), "error NoSuchOverload");
  EXPECT_EQ(of_two(ExprOp::kLess, null(), null()), "error NoSuchOverload");
  EXPECT_EQ(with_constant(ExprOp::kLessConstant, i(1), i(2)), "true");
  EXPECT_EQ(with_constant(ExprOp::kLessEqualConstant, i(2), i(2)), "true");
  EXPECT_EQ(with_constant(ExprOp::kGreaterConstant, i(2), i(2)), "false");
  EXPECT_EQ(with_constant(ExprOp::kGreaterEqualConstant, i(2), i(2)), "true");
}

TEST(ExpressionMachine, ArithmeticIsOfOneTypeAndSaysWhereItOverflows) {
  EXPECT_EQ(of_two(ExprOp::kAdd, i(1), i(2)), "3");
  EXPECT_EQ(of_two(ExprOp::kAdd, i(kMost), i(1)), "error Overflow");
  EXPECT_EQ(of_two(ExprOp::kAdd, u(~0ull), u(1)), "error Overflow");
  EXPECT_EQ(of_two(ExprOp::kAdd, i(1), d(1)), "error NoSuchOverload");
  EXPECT_EQ(of_two(ExprOp::kAdd, t("ab"), t("c")), "\"abc\"");
  EXPECT_EQ(of_two(ExprOp::kAdd, bytes("ab"), bytes("c")), "b\"abc\"");
  EXPECT_EQ(of_two(ExprOp::kAdd, t("ab"), i(1)), "error NoSuchOverload");
  EXPECT_EQ(of_two(ExprOp::kSubtract, u(1), u(2)), "error Overflow");
  EXPECT_EQ(of_two(ExprOp::kSubtract, t("a"), t("b")), "error NoSuchOverload");
  EXPECT_EQ(of_two(ExprOp::kMultiply, d(1.5), d(2)), "3.0");
  EXPECT_EQ(of_two(ExprOp::kMultiply, i(kLeast), i(-1)), "error Overflow");
  EXPECT_EQ(of_two(ExprOp::kDivide, i(7), i(-2)), "-3");
  EXPECT_EQ(of_two(ExprOp::kDivide, i(7), i(0)), "error DivideByZero");
  EXPECT_EQ(of_two(ExprOp::kDivide, i(kLeast), i(-1)), "error Overflow");
  EXPECT_EQ(of_two(ExprOp::kDivide, d(1), d(0)), "Infinity");
  EXPECT_EQ(of_two(ExprOp::kModulo, i(-7), i(3)), "-1");
  EXPECT_EQ(of_two(ExprOp::kModulo, u(7), u(0)), "error ModulusByZero");
  EXPECT_EQ(of_two(ExprOp::kModulo, i(kLeast), i(-1)), "error Overflow");
  EXPECT_EQ(of_two(ExprOp::kModulo, d(1), d(1)), "error NoSuchOverload");
}

TEST(ExpressionMachine, NegateAndNotTakeWhatHasAnOpposite) {
  const auto of_one = [](ExprOp op, auto&& a) {
    return run([&](ProgramBuilder& builder) {
      builder.op(ExprOp::kConstant, 1, a(builder));
      builder.op(op, 0, 1);
    });
  };
  EXPECT_EQ(of_one(ExprOp::kNegate, i(5)), "-5");
  EXPECT_EQ(of_one(ExprOp::kNegate, i(kLeast)), "error Overflow");
  EXPECT_EQ(of_one(ExprOp::kNegate, u(5)), "error NoSuchOverload");
  EXPECT_EQ(of_one(ExprOp::kNot, yes(true)), "false");
  EXPECT_EQ(of_one(ExprOp::kNot, i(0)), "error NoSuchOverload");
  EXPECT_EQ(of_one(ExprOp::kNotStrictlyFalse, fault(ExprFault::kRange)), "true");
  EXPECT_EQ(of_one(ExprOp::kNotStrictlyFalse, yes(false)), "false");
  EXPECT_EQ(of_one(ExprOp::kIsError, fault(ExprFault::kRange)), "true");
  EXPECT_EQ(of_one(ExprOp::kIsError, i(1)), "false");
}

TEST(ExpressionMachine, AndAndOrAbsorbErrorsOfEitherSide) {
  const auto bad = fault(ExprFault::kDivideByZero);
  EXPECT_EQ(of_two(ExprOp::kAnd, yes(false), bad), "false");
  EXPECT_EQ(of_two(ExprOp::kAnd, bad, yes(false)), "false");
  EXPECT_EQ(of_two(ExprOp::kAnd, bad, yes(true)), "error DivideByZero");
  EXPECT_EQ(of_two(ExprOp::kAnd, yes(true), i(1)), "error NoSuchOverload");
  EXPECT_EQ(of_two(ExprOp::kOr, bad, yes(true)), "true");
  EXPECT_EQ(of_two(ExprOp::kOr, yes(false), bad), "error DivideByZero");
  EXPECT_EQ(of_two(ExprOp::kOr, yes(false), yes(false)), "false");
}

TEST(ExpressionMachine, GivesTheFirstErrorOfItsOperandsOn) {
  EXPECT_EQ(of_two(ExprOp::kAdd, fault(ExprFault::kRange), fault(ExprFault::kBadText)), "error Range");
  EXPECT_EQ(of_two(ExprOp::kAdd, i(1), fault(ExprFault::kBadText)), "error BadText");
  EXPECT_EQ(of_two(ExprOp::kEqual, fault(ExprFault::kRange), i(1)), "error Range");
  EXPECT_EQ(of_two(ExprOp::kIn, i(1), fault(ExprFault::kRange)), "error Range");
}

TEST(ExpressionMachine, JumpsByABoolAndNotByAnErrorOrAnotherType) {
  const auto jumps = [](ExprOp op, auto&& condition) {
    return run([&](ProgramBuilder& builder) {
      builder.op(ExprOp::kConstant, 1, condition(builder));
      builder.op(ExprOp::kConstant, 0, builder.of_text("fell"));
      builder.op(op, 2, 1, 4);
      builder.op(ExprOp::kReturn, 0, 0);
      builder.op(ExprOp::kConstant, 0, builder.of_text("jumped"));
    });
  };
  EXPECT_EQ(jumps(ExprOp::kJumpIfFalse, yes(false)), "\"jumped\"");
  EXPECT_EQ(jumps(ExprOp::kJumpIfFalse, yes(true)), "\"fell\"");
  EXPECT_EQ(jumps(ExprOp::kJumpIfFalse, fault(ExprFault::kRange)), "\"fell\"");
  EXPECT_EQ(jumps(ExprOp::kJumpIfTrue, yes(true)), "\"jumped\"");
  EXPECT_EQ(jumps(ExprOp::kJumpIfTrue, i(1)), "\"fell\"");
  EXPECT_EQ(jumps(ExprOp::kJumpUnlessBool, yes(true)), "\"fell\"");
  EXPECT_EQ(jumps(ExprOp::kJumpUnlessBool, i(1)), "\"jumped\"");
  EXPECT_EQ(jumps(ExprOp::kJump, i(1)), "\"jumped\"");
  EXPECT_EQ(jumps(ExprOp::kJumpIfNone, i(1)), "\"jumped\"");
}

TEST(ExpressionMachine, JumpUnlessBoolLeavesTheErrorOfWhatIsNoBool) {
  const auto left = [](auto&& condition) {
    return run([&](ProgramBuilder& builder) {
      builder.op(ExprOp::kConstant, 1, condition(builder));
      builder.op(ExprOp::kJumpUnlessBool, 0, 1, 2);
    });
  };
  EXPECT_EQ(left(i(1)), "error NoSuchOverload");
  EXPECT_EQ(left(fault(ExprFault::kRange)), "error Range");
}

TEST(ExpressionMachine, MakesOptionalsAndLooksIntoThem) {
  const auto optional = [](auto&& make) {
    return run(
        [&](ProgramBuilder& builder) {
          builder.op(ExprOp::kSlot, 1, builder.slot("a"));
          builder.op(ExprOp::kOptOf, 1, 1);
          make(builder);
        },
        R"({"a":{"b":[7]}})");
  };
  EXPECT_EQ(optional([](auto& builder) { builder.op(ExprOp::kOptSelect, 0, 1, builder.of_text("b")); }),
            "optional [7]");
  EXPECT_EQ(optional([](auto& builder) { builder.op(ExprOp::kOptSelect, 0, 1, builder.of_text("c")); }), "none");
  EXPECT_EQ(optional([](auto& builder) { builder.op(ExprOp::kSelect, 0, 1, builder.of_text("b")); }), "optional [7]");
  EXPECT_EQ(optional([](auto& builder) { builder.op(ExprOp::kHas, 0, 1, builder.of_text("c")); }), "false");
  EXPECT_EQ(optional([](auto& builder) {
              builder.op(ExprOp::kOptSelect, 1, 1, builder.of_text("b"));
              builder.op(ExprOp::kConstant, 2, builder.of_int(0));
              builder.op(ExprOp::kOptIndex, 0, 1, 2);
            }),
            "optional 7");
  EXPECT_EQ(optional([](auto& builder) {
              builder.op(ExprOp::kOptSelect, 1, 1, builder.of_text("b"));
              builder.op(ExprOp::kConstant, 2, builder.of_int(5));
              builder.op(ExprOp::kOptIndex, 0, 1, 2);
            }),
            "none");
  EXPECT_EQ(optional([](auto& builder) { builder.op(ExprOp::kJumpIfNone, 0, 1, 3); }), R"({"b": [7]})");
}

TEST(ExpressionMachine, TakesAbsentMembersAndTheErrorNoSuchKeyForNone) {
  const auto of_slot = [](std::string_view path, std::string_view record) {
    return run(
        [&](ProgramBuilder& builder) {
          builder.op(ExprOp::kSlot, 1, builder.slot(path));
          builder.op(ExprOp::kOptOf, 0, 1);
        },
        record);
  };
  EXPECT_EQ(of_slot("a", "{}"), "none");
  EXPECT_EQ(of_slot("a/b", "{}"), "none");
  EXPECT_EQ(of_slot("a/b", R"({"a":1})"), "error NoSuchOverload");
}

TEST(ExpressionMachine, IndexesListsByWholeNumbersAndMapsByKeys) {
  const auto index = [](auto&& key) {
    return run(
        [&](ProgramBuilder& builder) {
          builder.op(ExprOp::kSlot, 1, builder.slot("l"));
          builder.op(ExprOp::kConstant, 2, key(builder));
          builder.op(ExprOp::kIndex, 0, 1, 2);
        },
        R"({"l":[10,20,30]})");
  };
  EXPECT_EQ(index(i(1)), "20");
  EXPECT_EQ(index(u(2)), "30");
  EXPECT_EQ(index(d(2)), "30");
  EXPECT_EQ(index(d(1.5)), "error BadIndex");
  EXPECT_EQ(index(i(3)), "error BadIndex");
  EXPECT_EQ(index(i(-1)), "error BadIndex");
  EXPECT_EQ(index(t("1")), "error NoSuchOverload");
}

TEST(ExpressionMachine, MakesListsAndMapsOfRegisters) {
  const auto map = [](auto&& one, auto&& two) {
    return run([&](ProgramBuilder& builder) {
      builder.op(ExprOp::kConstant, 1, one(builder));
      builder.op(ExprOp::kConstant, 2, builder.of_text("x"));
      builder.op(ExprOp::kConstant, 3, two(builder));
      builder.op(ExprOp::kConstant, 4, builder.of_text("y"));
      builder.op(ExprOp::kMap, 0, 1, 2);
    });
  };
  EXPECT_EQ(map(i(1), t("k")), R"({1: "x", "k": "y"})");
  EXPECT_EQ(map(i(1), u(1)), "error DuplicateKey");
  EXPECT_EQ(map(i(1), d(2)), "error NoSuchOverload");
  EXPECT_EQ(map(i(1), fault(ExprFault::kRange)), "error Range");
  EXPECT_EQ(run([](ProgramBuilder& builder) {
              builder.op(ExprOp::kConstant, 1, builder.of_int(1));
              builder.op(ExprOp::kConstant, 2, builder.of_text("b"));
              builder.op(ExprOp::kList, 0, 1, 2);
            }),
            R"([1, "b"])");
  EXPECT_EQ(run([](ProgramBuilder& builder) { builder.op(ExprOp::kList, 0, 1, 1); }), "error NoSuchKey");
}

TEST(ExpressionMachine, LooksForElementsAndKeysWithIn) {
  const auto in = [](auto&& element, std::string_view path) {
    return run(
        [&](ProgramBuilder& builder) {
          builder.op(ExprOp::kConstant, 1, element(builder));
          builder.op(ExprOp::kSlot, 2, builder.slot(path));
          builder.op(ExprOp::kIn, 0, 1, 2);
        },
        R"({"l":[1,"\u0061",{"k":[2]}],"m":{"\u0061":1}})");
  };
  EXPECT_EQ(in(d(1), "l"), "true");
  EXPECT_EQ(in(t("a"), "l"), "true");
  EXPECT_EQ(in(i(2), "l"), "false");
  EXPECT_EQ(in(t("a"), "m"), "true");
  EXPECT_EQ(in(i(1), "m"), "false");
  EXPECT_EQ(in(null(), "m"), "false");
}

// [for x in record.l: x + x]
void twice_each(ProgramBuilder& builder) {
  builder.op(ExprOp::kSlot, 1, builder.slot("l"));
  builder.op(ExprOp::kIterate, 2, 1);
  builder.op(ExprOp::kCollect, 4);
  builder.op(ExprOp::kNext, 6, 2, 7);
  builder.op(ExprOp::kAdd, 6, 6, 6);
  builder.op(ExprOp::kAppend, 4, 6);
  builder.op(ExprOp::kJump, 0, 0, 3);
  builder.op(ExprOp::kCollected, 0, 4);
}

TEST(ExpressionMachine, IteratesAndCollects) {
  EXPECT_EQ(run(twice_each, R"({"l":[1,2,3]})"), "[2, 4, 6]");
  EXPECT_EQ(run(twice_each, R"({"l":[]})"), "[]");
  EXPECT_EQ(run(twice_each, R"({"l":["a","\n"]})"), "[\"aa\", \"\n\n\"]");
  EXPECT_EQ(run(twice_each, R"({"l":[1,null]})"), "error NoSuchOverload");
  EXPECT_EQ(run(twice_each, R"({"l":[1,tru]})"), "error BadJson");
}

TEST(ExpressionMachine, IteratesOverKeysOfAMapOnceEach) {
  const auto keys = [](ExprOp next) {
    return run(
        [&](ProgramBuilder& builder) {
          builder.op(ExprOp::kSlot, 1, builder.slot("m"));
          builder.op(ExprOp::kIterate, 2, 1);
          builder.op(ExprOp::kCollect, 4);
          builder.op(next, 6, 2, 6);
          builder.op(ExprOp::kAppendPair, 4, 6, next == ExprOp::kNext ? 6 : 7);
          builder.op(ExprOp::kJump, 0, 0, 3);
          builder.op(ExprOp::kCollectedMap, 0, 4);
        },
        R"({"m":{"a":1,"b":[2],"\u0061":3}})");
  };
  EXPECT_EQ(keys(ExprOp::kNext), R"({"a": "a", "b": "b"})");
  EXPECT_EQ(keys(ExprOp::kNextPair), R"({"a": 1, "b": [2]})");
}

TEST(ExpressionMachine, AppendsTheValueOfAnOptionalOrNothing) {
  EXPECT_EQ(run(
                [](ProgramBuilder& builder) {
                  builder.op(ExprOp::kCollect, 4);
                  for (const char* const path : {"a", "b"}) {
                    builder.op(ExprOp::kSlot, 1, builder.slot(path));
                    builder.op(ExprOp::kOptOf, 1, 1);
                    builder.op(ExprOp::kAppendOptional, 4, 1);
                  }
                  builder.op(ExprOp::kCollected, 0, 4);
                },
                R"({"b":5})"),
            "[5]");
}

TEST(ExpressionMachine, FindsPatternsAlsoInTextsWithEscapes) {
  const auto matches = [](std::string_view record) {
    return run(
        [&](ProgramBuilder& builder) {
          builder.finds("abab");
          builder.op(ExprOp::kSlot, 1, builder.slot("s"));
          builder.op(ExprOp::kMatches, 0, 1, 0);
        },
        record);
  };
  EXPECT_EQ(matches(R"({"s":"xx abaabab and more text behind it"})"), "true");
  EXPECT_EQ(matches(R"({"s":"ab\u0061b"})"), "true");
  EXPECT_EQ(matches(R"({"s":"abaab"})"), "false");
  EXPECT_EQ(matches(R"({"s":""})"), "false");
  EXPECT_EQ(matches(R"({"s":1})"), "error NoSuchOverload");
}

TEST(ExpressionMachine, ReadsTheWholeRecordAsItsKindHasIt) {
  const auto whole = [](ExprRecord kind, std::string_view record) {
    ProgramBuilder builder(kind);
    builder.op(ExprOp::kRecord, 0);
    builder.op(ExprOp::kReturn, 0, 0);
    return evaluate(builder, record);
  };
  EXPECT_EQ(whole(ExprRecord::kJson, R"({"a":[1,{"b":null}]})"), R"({"a": [1, {"b": null}]})");
  EXPECT_EQ(whole(ExprRecord::kJson, "12"), "12");
  EXPECT_EQ(whole(ExprRecord::kJson, "12 13"), "error BadJson");
  EXPECT_EQ(whole(ExprRecord::kJson, ""), "error BadJson");
  EXPECT_EQ(whole(ExprRecord::kJson, "\xff"), "error BadUtf8");
  EXPECT_EQ(whole(ExprRecord::kUtf8, "a\u00e9"), "\"a\u00e9\"");
  EXPECT_EQ(whole(ExprRecord::kUtf8, "a\xff"), "error BadUtf8");
  EXPECT_EQ(whole(ExprRecord::kBytes, "a\xff"), "b\"a\xff\"");
  EXPECT_EQ(whole(ExprRecord::kStruct, "abcd"), "error NoSuchOverload");
}

TEST(ExpressionMachine, EndsWhatTakesTooManyStepsOrTooMuchMemory) {
  const auto bounded = [](std::uint32_t steps, std::uint32_t values, std::uint32_t text) {
    return run(
        [&](ProgramBuilder& builder) {
          builder.header.steps = steps;
          builder.header.scratch_values = values;
          builder.header.scratch_bytes = text;
          twice_each(builder);
        },
        R"({"l":["aaaaaaaaaa","bbbbbbbbbb","cccccccccc","d","e","f"]})");
  };
  EXPECT_EQ(bounded(10'000, 64, 1024).substr(0, 1), "[");
  EXPECT_EQ(bounded(20, 64, 1024), "error TooManySteps");
  EXPECT_EQ(bounded(10'000, 4, 1024), "error TooMuchMemory");
}

TEST(ExpressionMachine, AnErrorSaysWhichInstructionMadeIt) {
  ProgramBuilder builder;
  builder.op(ExprOp::kConstant, 1, builder.of_int(1));
  builder.op(ExprOp::kConstant, 2, builder.of_int(0));
  builder.op(ExprOp::kDivide, 0, 1, 2);
  builder.op(ExprOp::kMove, 3, 0);
  builder.op(ExprOp::kReturn, 0, 3);
  builder.places = {{0, 0, 1, 0}, {2, 4, 9, 0}};
  const Program program = builder.load();
  Evaluator evaluator(program, 64);
  evaluator.begin("{}");
  const Value value = evaluator.run(0);
  EXPECT_EQ(value.length, 3u);
  EXPECT_EQ(fault_sentence(program, value, "\u00e9\U0001F600 12/0 + 1"),
            "at character 5, `12/0 `: an integer is divided by zero; compare the divisor with 0 first");
}

TEST(ExpressionMachine, RunsSeveralEntriesOverOneRecord) {
  ProgramBuilder builder;
  for (const char* const path : {"b", "a"}) {
    builder.entries.push_back({static_cast<std::uint32_t>(builder.code.size()), 0});
    builder.op(ExprOp::kSlot, 0, builder.slot(path));
    builder.op(ExprOp::kReturn, 0, 0);
  }
  const Program program = builder.load();
  Evaluator evaluator(program, 64);
  for (int turn = 0; turn != 2; ++turn) {
    evaluator.begin(R"({"a":1,"b":2})");
    EXPECT_EQ(evaluator.run(0).payload, 2u);
    EXPECT_EQ(evaluator.run(1).payload, 1u);
  }
}

}  // namespace
}  // namespace byteor::expression::test::machine

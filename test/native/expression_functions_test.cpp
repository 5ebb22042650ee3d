// The functions of Call, by table: operands as constants, and what comes out.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "expression/zone.hpp"
#include "support/program_builder.hpp"

namespace byteor::expression::test {
namespace {

// An operand as the tables write it.
struct Operand {
  ExprTag tag;
  std::uint64_t payload = 0;
  std::uint32_t length = 0;
  std::string text = {};
  std::vector<Operand> elements = {};
};

Operand i(std::int64_t value) { return {ExprTag::kInt, static_cast<std::uint64_t>(value)}; }
Operand u(std::uint64_t value) { return {ExprTag::kUint, value}; }
Operand d(double value) { return {ExprTag::kDouble, std::bit_cast<std::uint64_t>(value)}; }
Operand s(std::string_view value) { return {ExprTag::kString, 0, 0, std::string(value)}; }
Operand b(std::string_view value) { return {ExprTag::kBytes, 0, 0, std::string(value)}; }
Operand yes() { return {ExprTag::kBool, 1}; }
Operand null() { return {ExprTag::kNull}; }
Operand list(std::vector<Operand> elements) { return {ExprTag::kList, 0, 0, {}, std::move(elements)}; }
// Keys and values by turns.
Operand map(std::vector<Operand> elements) { return {ExprTag::kMap, 0, 0, {}, std::move(elements)}; }
Operand time(std::int64_t seconds, std::uint32_t nanoseconds = 0) {
  return {ExprTag::kTimestamp, static_cast<std::uint64_t>(seconds), nanoseconds};
}
Operand duration(std::int64_t seconds, std::uint32_t nanoseconds = 0) {
  return {ExprTag::kDuration, static_cast<std::uint64_t>(seconds), nanoseconds};
}

std::uint16_t put(ProgramBuilder& builder, const Operand& operand) {
  if (operand.tag == ExprTag::kString || operand.tag == ExprTag::kBytes)
    return builder.of_text(operand.text, operand.tag);
  const std::uint16_t place = builder.put(operand.tag, operand.payload, operand.length);
  if (operand.tag != ExprTag::kList && operand.tag != ExprTag::kMap) return place;
  const auto count = static_cast<std::uint32_t>(operand.elements.size());
  const auto first = static_cast<std::uint16_t>(builder.constants.size());
  builder.constants[place].payload = first;
  builder.constants[place].length = operand.tag == ExprTag::kMap ? count / 2 : count;
  // Elements one behind the other, what they hold behind them.
  for (std::uint32_t k = 0; k != count; ++k) builder.put(ExprTag::kNull, 0);
  for (std::uint32_t k = 0; k != count; ++k) {
    const std::uint16_t made = put(builder, operand.elements[k]);
    builder.constants[first + k] = builder.constants[made];
    builder.constants[made] = {0, 0, static_cast<std::uint32_t>(ExprTag::kNull)};
  }
  return place;
}

std::string call(ExprFunction function, const std::vector<Operand>& operands) {
  ProgramBuilder builder;
  for (std::size_t k = 0; k != operands.size(); ++k)
    builder.op(ExprOp::kConstant, static_cast<int>(k) + 1, put(builder, operands[k]));
  builder.call(0, function, 1);
  builder.op(ExprOp::kReturn, 0, 0);
  return evaluate(builder);
}

constexpr std::int64_t kLeastInt = std::numeric_limits<std::int64_t>::min();

TEST(ExpressionFunctions, ConvertToInt) {
  using enum ExprFunction;
  EXPECT_EQ(call(kToInt, {u(5)}), "5");
  EXPECT_EQ(call(kToInt, {u(~0ull)}), "error Range");
  EXPECT_EQ(call(kToInt, {d(-7.9)}), "-7");
  EXPECT_EQ(call(kToInt, {d(1e99)}), "error Range");
  EXPECT_EQ(call(kToInt, {d(NAN)}), "error Range");
  EXPECT_EQ(call(kToInt, {d(-9223372036854775808.0)}), "error Range");
  EXPECT_EQ(call(kToInt, {s("-12")}), "-12");
  EXPECT_EQ(call(kToInt, {s("12a")}), "error BadText");
  EXPECT_EQ(call(kToInt, {s("")}), "error BadText");
  EXPECT_EQ(call(kToInt, {s("9223372036854775808")}), "error Range");
  EXPECT_EQ(call(kToInt, {time(12)}), "12");
  EXPECT_EQ(call(kToInt, {yes()}), "error NoSuchOverload");
  EXPECT_EQ(call(kToUint, {i(-1)}), "error Range");
  EXPECT_EQ(call(kToUint, {d(3.9)}), "3u");
  EXPECT_EQ(call(kToUint, {s("300")}), "300u");
  EXPECT_EQ(call(kToUint, {s("-1")}), "error BadText");
}

TEST(ExpressionFunctions, ConvertToDoubleAndBool) {
  using enum ExprFunction;
  EXPECT_EQ(call(kToDouble, {s("-5.43e-21")}), "-5.43e-21");
  EXPECT_EQ(call(kToDouble, {s("Infinity")}), "Infinity");
  EXPECT_EQ(call(kToDouble, {s(".5")}), "0.5");
  EXPECT_EQ(call(kToDouble, {s("1e999")}), "error Range");
  EXPECT_EQ(call(kToDouble, {s("0x1")}), "error BadText");
  EXPECT_EQ(call(kToDouble, {i(3)}), "3.0");
  EXPECT_EQ(call(kToBool, {s("True")}), "true");
  EXPECT_EQ(call(kToBool, {s("f")}), "false");
  EXPECT_EQ(call(kToBool, {s("TrUe")}), "error BadText");
  EXPECT_EQ(call(kToBool, {i(1)}), "error NoSuchOverload");
}

TEST(ExpressionFunctions, ConvertToStringAndBytes) {
  using enum ExprFunction;
  EXPECT_EQ(call(kToString, {i(kLeastInt)}), "\"-9223372036854775808\"");
  EXPECT_EQ(call(kToString, {u(~0ull)}), "\"18446744073709551615\"");
  EXPECT_EQ(call(kToString, {d(-4.5e-3)}), "\"-0.0045\"");
  EXPECT_EQ(call(kToString, {d(1e21)}), "\"1e+21\"");
  EXPECT_EQ(call(kToString, {d(1.5e-7)}), "\"1.5e-7\"");
  EXPECT_EQ(call(kToString, {d(123456789012345680.0)}), "\"123456789012345680\"");
  EXPECT_EQ(call(kToString, {d(-0.0)}), "\"-0\"");
  EXPECT_EQ(call(kToString, {d(100)}), "\"100\"");
  EXPECT_EQ(call(kToString, {b("\xc3\xbf")}), "\"\u00ff\"");
  EXPECT_EQ(call(kToString, {b(std::string_view("\0\xff", 2))}), "error BadUtf8");
  EXPECT_EQ(call(kToString, {time(1234567890)}), "\"2009-02-13T23:31:30Z\"");
  EXPECT_EQ(call(kToString, {duration(-2, 500'000'000)}), "\"-1.5s\"");
  EXPECT_EQ(call(kToString, {null()}), "error NoSuchOverload");
  EXPECT_EQ(call(kToBytes, {s("\u00ff")}), "b\"\u00ff\"");
}

TEST(ExpressionFunctions, ReadTimestamps) {
  using enum ExprFunction;
  const auto read = [](std::string_view text) { return call(kToTimestamp, {s(text)}); };
  EXPECT_EQ(read("2009-02-13T23:31:30Z"), "2009-02-13T23:31:30Z");
  EXPECT_EQ(read("2009-02-13T23:31:30.120+02:30"), "2009-02-13T21:01:30.12Z");
  EXPECT_EQ(read("9999-12-31T23:59:59.999999999Z"), "9999-12-31T23:59:59.999999999Z");
  EXPECT_EQ(read("2024-02-29T00:00:00Z"), "2024-02-29T00:00:00Z");
  EXPECT_EQ(read("2023-02-29T00:00:00Z"), "error BadText");
  EXPECT_EQ(read("0000-01-01T00:00:00Z"), "error Range");
  EXPECT_EQ(read("10000-01-01T00:00:00Z"), "error BadText");
  EXPECT_EQ(read("2009-02-13T23:31:30"), "error BadText");
  EXPECT_EQ(read("2009-02-13 23:31:30Z"), "error BadText");
  EXPECT_EQ(read("2009-02-13T24:00:00Z"), "error BadText");
  EXPECT_EQ(call(kToTimestamp, {i(0)}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(call(kToTimestamp, {i(253402300800)}), "error Range");
  EXPECT_EQ(call(kTimestampMs, {i(-1)}), "1969-12-31T23:59:59.999Z");
}

TEST(ExpressionFunctions, ReadDurations) {
  using enum ExprFunction;
  const auto read = [](std::string_view text) { return call(kToDuration, {s(text)}); };
  EXPECT_EQ(read("1h45m47s"), "6347s");
  EXPECT_EQ(read("-1.5ms"), "-0.0015s");
  EXPECT_EQ(read("3\u00b5s"), "0.000003s");
  EXPECT_EQ(read("0"), "0s");
  EXPECT_EQ(read(".5s"), "0.5s");
  EXPECT_EQ(read("1"), "error BadText");
  EXPECT_EQ(read("s"), "error BadText");
  EXPECT_EQ(read("1d"), "error BadText");
  EXPECT_EQ(read("320000000000s"), "error Range");
  EXPECT_EQ(read("999999999999999999999999999999999999999999h"), "error Range");
}

TEST(ExpressionFunctions, TakePartsOfTimes) {
  using enum ExprFunction;
  const Operand at = time(1234567890, 123'456'789);
  for (const auto& [function, expected] : std::vector<std::pair<ExprFunction, std::string>>{{kFullYear, "2009"},
                                                                                            {kMonth, "1"},
                                                                                            {kDayOfYear, "43"},
                                                                                            {kDayOfMonth, "12"},
                                                                                            {kDate, "13"},
                                                                                            {kDayOfWeek, "5"},
                                                                                            {kHours, "23"},
                                                                                            {kMinutes, "31"},
                                                                                            {kSeconds, "30"},
                                                                                            {kMilliseconds, "123"}})
    EXPECT_EQ(call(function, {at}), expected);
  EXPECT_EQ(call(kHours, {duration(10'000)}), "2");
  EXPECT_EQ(call(kMinutes, {duration(3730)}), "62");
  EXPECT_EQ(call(kMilliseconds, {duration(123, 321'456'789)}), "321");
  EXPECT_EQ(call(kFullYear, {duration(1)}), "error NoSuchOverload");
  EXPECT_EQ(call(kDayOfWeek, {time(-86'400)}), "3");
}

TEST(ExpressionFunctions, TakePartsOfTimesByOffset) {
  using enum ExprFunction;
  const Operand at = time(1234567890);
  EXPECT_EQ(call(kHoursIn, {at, s("02:00")}), "1");
  EXPECT_EQ(call(kDayOfMonthIn, {at, s("+11:00")}), "13");
  EXPECT_EQ(call(kDateIn, {at, s("-23:59")}), "12");
  EXPECT_EQ(call(kSecondsIn, {at, s("UTC")}), "30");
  EXPECT_EQ(call(kHoursIn, {at, s("2:00")}), "error BadArgument");
  EXPECT_EQ(call(kHoursIn, {at, s("No/Where")}), "error BadArgument");
  EXPECT_EQ(call(kHoursIn, {at, i(2)}), "error NoSuchOverload");
}

TEST(ExpressionZones, ReadTheRuleThatStandsBehindTheLastChange) {
  const auto rule = read_zone_rule("CET-1CEST,M3.5.0,M10.5.0/3");
  ASSERT_TRUE(rule.has_value());
  EXPECT_EQ(rule->standard, 3600);
  EXPECT_EQ(rule->summer, 7200);
  EXPECT_EQ(rule->ends.seconds, 3 * 3600);
  EXPECT_TRUE(read_zone_rule("<+0545>-5:45").has_value());
  EXPECT_FALSE(read_zone_rule("CET").has_value());
  EXPECT_FALSE(read_zone_rule("CET-1CEST,M13.5.0,M10.5.0").has_value());
}

// Version 1 says nothing; version 2 has one change, from UTC to an hour east, and a rule.
std::string zone_file() {
  const auto header = [](char version, char times, char types, char chars) {
    std::string text = "TZif";
    text += version;
    text.append(15, '\0');
    for (const char count : {'\0', '\0', '\0', times, types, chars}) text += std::string(3, '\0') + count;
    return text;
  };
  std::string file = header('2', 0, 1, 4) + std::string(6, '\0') + std::string("UTC\0", 4) + header('2', 1, 2, 4);
  file += std::string(4, '\0') + std::string("\x40\0\0\0", 4);  // 2^30 s: 2004-01-10
  file += '\1';
  file += std::string(6, '\0') + std::string("\0\0\x0e\x10\0\0", 6) + std::string("UTC\0", 4);
  return file + "\nCET-1CEST,M3.5.0,M10.5.0/3\n";
}

TEST(ExpressionZones, ReadAFileAndFollowItsChangesAndItsRule) {
  const auto zone = Zone::read(zone_file());
  ASSERT_TRUE(zone.has_value());
  EXPECT_EQ(zone->offset_at(0), 0);
  EXPECT_EQ(zone->offset_at(1'130'630'399), 7200);  // 2005-10-29T23:59:59Z
  EXPECT_EQ(zone->offset_at(1'130'634'000), 3600);  // 2005-10-30T01:00:00Z
  EXPECT_EQ(zone->offset_at(1'111'885'200), 7200);  // 2005-03-27T01:00:00Z
  EXPECT_EQ(zone->offset_at(1'111'885'199), 3600);
}

TEST(ExpressionZones, RefuseAFileThatIsCutAnywhere) {
  const std::string file = zone_file();
  const std::size_t rule = file.find("\nCET");
  for (std::size_t length = 0; length != rule; ++length)
    EXPECT_FALSE(Zone::read(std::string_view(file).substr(0, length)).has_value()) << length;
}

TEST(ExpressionFunctions, SearchStringsByCodePoint) {
  using enum ExprFunction;
  const Operand text = s("ta\u00a9o\u00a9\u03b1T");
  EXPECT_EQ(call(kSize, {text}), "7");
  EXPECT_EQ(call(kIndexOf, {text, s("\u00a9")}), "2");
  EXPECT_EQ(call(kIndexOfFrom, {text, s("\u00a9"), i(3)}), "4");
  EXPECT_EQ(call(kIndexOfFrom, {text, s("\u00a9"), i(30)}), "error BadIndex");
  EXPECT_EQ(call(kIndexOfFrom, {text, s("x"), i(-1)}), "error BadIndex");
  EXPECT_EQ(call(kIndexOfFrom, {text, s(""), i(3)}), "3");
  EXPECT_EQ(call(kLastIndexOf, {text, s("\u00a9")}), "4");
  EXPECT_EQ(call(kLastIndexOf, {text, s("")}), "7");
  EXPECT_EQ(call(kLastIndexOfTo, {s("bananananana"), s("nana"), i(7)}), "6");
  EXPECT_EQ(call(kLastIndexOfTo, {text, s("\u00a9"), i(3)}), "2");
  EXPECT_EQ(call(kCharAt, {text, i(5)}), "\"\u03b1\"");
  EXPECT_EQ(call(kCharAt, {text, i(7)}), "\"\"");
  EXPECT_EQ(call(kCharAt, {text, i(8)}), "error BadIndex");
  EXPECT_EQ(call(kSubstring, {text, i(5)}), "\"\u03b1T\"");
  EXPECT_EQ(call(kSubstringTo, {text, i(2), i(3)}), "\"\u00a9\"");
  EXPECT_EQ(call(kSubstringTo, {text, i(3), i(2)}), "error BadIndex");
  EXPECT_EQ(call(kContains, {text, s("o\u00a9")}), "true");
  EXPECT_EQ(call(kStartsWith, {text, s("ta")}), "true");
  EXPECT_EQ(call(kEndsWith, {text, s("ta")}), "false");
  EXPECT_EQ(call(kContains, {text, i(1)}), "error NoSuchOverload");
}

TEST(ExpressionFunctions, ChangeStrings) {
  using enum ExprFunction;
  EXPECT_EQ(call(kLowerAscii, {s("AbC\u00c4")}), "\"abc\u00c4\"");
  EXPECT_EQ(call(kUpperAscii, {s("aBc\u00e4")}), "\"ABC\u00e4\"");
  EXPECT_EQ(call(kReplace, {s("{0} days {0} hours"), s("{0}"), s("2")}), "\"2 days 2 hours\"");
  EXPECT_EQ(call(kReplaceCount, {s("aaa"), s("a"), s("b"), i(2)}), "\"bba\"");
  EXPECT_EQ(call(kReplace, {s("\u00e4b"), s(""), s("-")}), "\"-\u00e4-b-\"");
  EXPECT_EQ(call(kSplit, {s("a,b,,c"), s(",")}), R"(["a", "b", "", "c"])");
  EXPECT_EQ(call(kSplitCount, {s("a,b,c"), s(","), i(2)}), R"(["a", "b,c"])");
  EXPECT_EQ(call(kSplitCount, {s("a,b"), s(","), i(0)}), "[]");
  EXPECT_EQ(call(kSplit, {s("\u00e4b"), s("")}), "[\"\u00e4\", \"b\"]");
  EXPECT_EQ(call(kSplit, {s(""), s(",")}), "[\"\"]");
  EXPECT_EQ(call(kTrim, {s(" \f\n\r\t\v\u00a0\u1680text\u3000 ")}), "\"text\"");
  EXPECT_EQ(call(kTrim, {s("\u180etext\u200b")}), "\"\u180etext\u200b\"");
  EXPECT_EQ(call(kTrim, {s("  ")}), "\"\"");
  EXPECT_EQ(call(kJoin, {list({s("x"), s("y")})}), "\"xy\"");
  EXPECT_EQ(call(kJoinWith, {list({s("x"), s("y")}), s("-")}), "\"x-y\"");
  EXPECT_EQ(call(kJoin, {list({i(1)})}), "error NoSuchOverload");
  EXPECT_EQ(call(kQuote, {s("a\"\n\\\a")}), R"(""a\"\n\\\a"")");
  EXPECT_EQ(call(kReverse, {s("a\u00e4\U0001F600")}), "\"\U0001F600\u00e4a\"");
}

TEST(ExpressionFunctions, FormatEachClause) {
  using enum ExprFunction;
  const auto format = [](std::string_view text, std::vector<Operand> values) {
    return call(kFormat, {s(text), list(std::move(values))});
  };
  EXPECT_EQ(format("%%%s%% %d", {s("a"), i(-3)}), "\"%a% -3\"");
  EXPECT_EQ(format("%.3f %.6e %f", {d(1.2345), d(1052.032911275), i(2)}), "\"1.234 1.052033e+03 2.000000\"");
  EXPECT_EQ(format("%b %b %o %x %X", {i(5), yes(), u(65535), i(-30), s("Hello")}), "\"101 1 177777 -1e 48656C6C6F\"");
  EXPECT_EQ(format("%s", {list({s("abc"), d(3.5), null(), list({i(9)}), b("xyz")})}), "\"[abc, 3.5, null, [9], xyz]\"");
  EXPECT_EQ(format("%s", {map({s("strKey"), s("x"), i(6), duration(422), yes(), i(42)})}),
            "\"{6: 422s, strKey: x, true: 42}\"");
  EXPECT_EQ(format("%d %e", {d(INFINITY), d(NAN)}), "\"Infinity NaN\"");
  EXPECT_EQ(format("%a", {i(1)}), "error BadArgument");
  EXPECT_EQ(format("%d %d", {i(1)}), "error BadArgument");
  EXPECT_EQ(format("%d", {null()}), "error BadArgument");
  EXPECT_EQ(format("%x", {d(0.5)}), "error BadArgument");
  EXPECT_EQ(format("%.200f", {d(0.5)}), "error BadArgument");
  EXPECT_EQ(format("%", {i(1)}), "error BadArgument");
}

TEST(ExpressionFunctions, CountWithMath) {
  using enum ExprFunction;
  EXPECT_EQ(call(kGreatest, {list({i(1), d(2.5), u(2)})}), "2.5");
  EXPECT_EQ(call(kLeast, {list({i(-1), u(2)})}), "-1");
  EXPECT_EQ(call(kLeast, {i(3)}), "3");
  EXPECT_EQ(call(kLeast, {list({})}), "error BadArgument");
  EXPECT_EQ(call(kGreatest, {list({s("a")})}), "error NoSuchOverload");
  EXPECT_EQ(call(kCeil, {d(1.2)}), "2.0");
  EXPECT_EQ(call(kFloor, {d(-1.2)}), "-2.0");
  EXPECT_EQ(call(kRound, {d(-1.5)}), "-2.0");
  EXPECT_EQ(call(kTrunc, {d(-1.9)}), "-1.0");
  EXPECT_EQ(call(kRound, {i(1)}), "error NoSuchOverload");
  EXPECT_EQ(call(kAbs, {i(kLeastInt)}), "error Overflow");
  EXPECT_EQ(call(kAbs, {i(-3)}), "3");
  EXPECT_EQ(call(kSign, {d(-2.5)}), "-1.0");
  EXPECT_EQ(call(kSign, {u(2)}), "1u");
  EXPECT_EQ(call(kIsNaN, {d(NAN)}), "true");
  EXPECT_EQ(call(kIsInf, {d(INFINITY)}), "true");
  EXPECT_EQ(call(kIsFinite, {d(INFINITY)}), "false");
  EXPECT_EQ(call(kSqrt, {i(49)}), "7.0");
  EXPECT_EQ(call(kBitOr, {i(1), i(2)}), "3");
  EXPECT_EQ(call(kBitAnd, {u(3), u(2)}), "2u");
  EXPECT_EQ(call(kBitXor, {i(3), u(2)}), "error NoSuchOverload");
  EXPECT_EQ(call(kBitNot, {u(0)}), "18446744073709551615u");
  EXPECT_EQ(call(kBitShiftLeft, {i(1), i(2)}), "4");
  EXPECT_EQ(call(kBitShiftLeft, {i(1), i(200)}), "0");
  EXPECT_EQ(call(kBitShiftRight, {i(-1024), i(3)}), "2305843009213693824");
  EXPECT_EQ(call(kBitShiftRight, {u(1), i(-1)}), "error BadArgument");
}

TEST(ExpressionFunctions, HandleOptionalsTypesAndBase64) {
  using enum ExprFunction;
  EXPECT_EQ(call(kOptionalOf, {i(1)}), "optional 1");
  EXPECT_EQ(call(kOptionalOfNonZero, {i(0)}), "none");
  EXPECT_EQ(call(kOptionalOfNonZero, {list({})}), "none");
  EXPECT_EQ(call(kOptionalOfNonZero, {s("a")}), "optional \"a\"");
  EXPECT_EQ(call(kOptionalNone, {}), "none");
  EXPECT_EQ(call(kHasValue, {i(1)}), "error NoSuchOverload");
  EXPECT_EQ(call(kTypeOf, {null()}), "type null_type");
  EXPECT_EQ(call(kTypeOf, {duration(1)}), "type google.protobuf.Duration");
  EXPECT_EQ(call(kBase64Encode, {b("hello")}), "\"aGVsbG8=\"");
  EXPECT_EQ(call(kBase64Encode, {b("hell")}), "\"aGVsbA==\"");
  EXPECT_EQ(call(kBase64Decode, {s("aGVsbG8=")}), "b\"hello\"");
  EXPECT_EQ(call(kBase64Decode, {s("aGVsbG8")}), "b\"hello\"");
  EXPECT_EQ(call(kBase64Decode, {s("a")}), "error BadText");
  EXPECT_EQ(call(kBase64Decode, {s("aG!s")}), "error BadText");
  EXPECT_EQ(call(kSize, {b("abc")}), "3");
  EXPECT_EQ(call(kSize, {map({i(1), i(2)})}), "1");
  EXPECT_EQ(call(kSize, {i(1)}), "error NoSuchOverload");
}

TEST(ExpressionFunctions, AddAndSubtractTimes) {
  const auto of_two = [](ExprOp op, const Operand& a, const Operand& b) {
    ProgramBuilder builder;
    builder.op(ExprOp::kConstant, 1, put(builder, a));
    builder.op(ExprOp::kConstant, 2, put(builder, b));
    builder.op(op, 0, 1, 2);
    builder.op(ExprOp::kReturn, 0, 0);
    return evaluate(builder);
  };
  EXPECT_EQ(of_two(ExprOp::kAdd, time(0), duration(-1, 1)), "1969-12-31T23:59:59.000000001Z");
  EXPECT_EQ(of_two(ExprOp::kAdd, duration(1), time(0)), "1970-01-01T00:00:01Z");
  EXPECT_EQ(of_two(ExprOp::kAdd, time(253402300799, 999'999'999), duration(0, 1)), "error Range");
  EXPECT_EQ(of_two(ExprOp::kSubtract, time(0), time(1, 500'000'000)), "-1.5s");
  EXPECT_EQ(of_two(ExprOp::kSubtract, time(253402300799), time(-62135596800)), "error Range");
  EXPECT_EQ(of_two(ExprOp::kAdd, duration(9'000'000'000), duration(9'000'000'000)), "error Range");
  EXPECT_EQ(of_two(ExprOp::kAdd, time(0), time(0)), "error NoSuchOverload");
  EXPECT_EQ(of_two(ExprOp::kLess, time(1, 5), time(1, 6)), "true");
  EXPECT_EQ(of_two(ExprOp::kGreater, duration(-1), duration(-2)), "true");
}

}  // namespace
}  // namespace byteor::expression::test

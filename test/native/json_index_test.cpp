// The index of JSON texts, numbers and escapes, and the check of a whole text.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "json/check.hpp"
#include "json/index.hpp"
#include "json/number.hpp"
#include "json/text.hpp"

namespace byteor::json {
namespace {

std::string starts(std::string_view text) {
  Index index(1024);
  if (index.read(text) != Stage1::Result::kIndexed) return "none";
  std::string found;
  for (std::uint32_t i = 0; i != index.count(); ++i) found += index[i];
  return found;
}

TEST(JsonIndex, HasAnEntryForEachBracketColonCommaAndStartOfAValue) {
  EXPECT_EQ(starts(R"({"a": [1, true], "b\"]": null} )"), R"({":[1,t],":n})");
}

TEST(JsonIndex, SaysWhereEachEntryStands) {
  Index index(64);
  ASSERT_EQ(index.read(R"( {"ab" : -1})"), Stage1::Result::kIndexed);
  const std::vector<std::uint32_t> expected{1, 2, 7, 9, 11};
  ASSERT_EQ(index.count(), expected.size());
  for (std::uint32_t i = 0; i != expected.size(); ++i) EXPECT_EQ(index.position(i), expected[i]);
  EXPECT_EQ(index.string(1), "ab");
}

TEST(JsonIndex, LeadsBackToTheFirstBracketBehindItsEnd) {
  Index index(64);
  ASSERT_EQ(index.read(R"({"a":1)"), Stage1::Result::kIndexed);
  EXPECT_EQ(index[index.count()], '{');
  EXPECT_EQ(index[index.count() + 1], '{');
}

TEST(JsonIndex, RefusesWhatIsNoUtf8NoTextOrTooLong) {
  Index index(64);
  EXPECT_EQ(index.read("{\"a\":\"\xff\"}"), Stage1::Result::kNotUtf8);
  EXPECT_EQ(index.read(""), Stage1::Result::kNotJson);
  EXPECT_EQ(index.read("  \n"), Stage1::Result::kNotJson);
  EXPECT_EQ(index.read("{\"a"), Stage1::Result::kNotJson);
  EXPECT_EQ(index.read("{\"a\":\"\n\"}"), Stage1::Result::kNotJson);
  EXPECT_EQ(index.read(std::string(65, ' ')), Stage1::Result::kTooLong);
}

TEST(JsonIndex, SkipsAContainerByItsBracketsAndStopsAtTheEnd) {
  Index index(64);
  ASSERT_EQ(index.read(R"([[1,[]],{"a":"]"}])"), Stage1::Result::kIndexed);
  EXPECT_EQ(index.behind(0), index.count());
  EXPECT_EQ(index[index.behind(1)], ',');
  ASSERT_EQ(index.read(R"([[1,2)"), Stage1::Result::kIndexed);
  EXPECT_EQ(index.behind(1), index.count());
}

std::string number(std::string_view text) {
  const Number read = read_number(text.data(), text.data() + text.size());
  switch (read.kind) {
    case Number::Kind::kInt:
      return "int " + std::to_string(static_cast<std::int64_t>(read.bits));
    case Number::Kind::kUint:
      return "uint " + std::to_string(read.bits);
    case Number::Kind::kDouble:
      return "double " + std::to_string(read.as_double());
    case Number::Kind::kTooLarge:
      return "too large";
    default:
      return "none";
  }
}

TEST(JsonNumber, OfDigitsOnlyIsExactWithin64Bits) {
  EXPECT_EQ(number("0"), "int 0");
  EXPECT_EQ(number("-0"), "int 0");
  EXPECT_EQ(number("9223372036854775807"), "int 9223372036854775807");
  EXPECT_EQ(number("-9223372036854775808"), "int -9223372036854775808");
  EXPECT_EQ(number("9223372036854775808"), "uint 9223372036854775808");
  EXPECT_EQ(number("18446744073709551615"), "uint 18446744073709551615");
  EXPECT_EQ(number("18446744073709551616"), "double 18446744073709551616.000000");
  EXPECT_EQ(number("-9223372036854775809"), "double -9223372036854775808.000000");
}

TEST(JsonNumber, WithAFractionOrAnExponentIsADouble) {
  EXPECT_EQ(number("1.5"), "double 1.500000");
  EXPECT_EQ(number("1e2,"), "double 100.000000");
  EXPECT_EQ(number("-2.5E-1]"), "double -0.250000");
  EXPECT_EQ(number("1e-999"), "double 0.000000");
  EXPECT_EQ(number("0.00000e99999"), "double 0.000000");
  EXPECT_EQ(number("1e400"), "too large");
  EXPECT_EQ(number("-123456789e99999999999999999999"), "too large");
}

TEST(JsonNumber, RefusesWhatTheGrammarDoesNotHave) {
  for (const std::string_view text :
       {"", "-", "01", "-01", "1.", ".5", "+1", "1e", "1e+", "inf", "nan", "0x10", "1a", "--1", "1.2.3"})
    EXPECT_EQ(number(text), "none") << text;
}

std::string unescaped(std::string_view raw) {
  std::string out(raw.size(), '?');
  const std::size_t length = unescape(raw, out.data());
  return length == kBadEscape ? "bad" : out.substr(0, length);
}

TEST(JsonText, ReadsEveryEscape) {
  EXPECT_EQ(unescaped(R"(a\"\\\/\b\f\n\r\tz)"), "a\"\\/\b\f\n\r\tz");
  EXPECT_EQ(unescaped(R"(\u0041\u00e9\u20ac\uD83D\uDE00)"), "A\u00e9\u20ac\U0001F600");
}

TEST(JsonText, TakesALoneSurrogateForTheReplacementCharacter) {
  EXPECT_EQ(unescaped(R"(\ud83d)"), "\ufffd");
  EXPECT_EQ(unescaped(R"(\ude00x)"), "\ufffdx");
  EXPECT_EQ(unescaped(R"(\ud83d\ud83d\ude00)"), "\ufffd\U0001F600");
  EXPECT_EQ(unescaped(R"(\ud83d\n)"), "\ufffd\n");
}

TEST(JsonText, RefusesWhatIsNoEscape) {
  for (const std::string_view raw : {R"(\x)", R"(\u12)", R"(\u12g4)", R"(ab\)"}) EXPECT_EQ(unescaped(raw), "bad");
}

TEST(JsonText, ComparesWithoutRoom) {
  EXPECT_TRUE(stands_for(R"(\u0061b)", "ab"));
  EXPECT_FALSE(stands_for(R"(\u0061b)", "abc"));
  EXPECT_FALSE(stands_for(R"(\u0061bc)", "ab"));
  EXPECT_TRUE(stand_for_same(R"(\u0061\ud83d\ude00)", R"(a\uD83D\uDE00)"));
  EXPECT_TRUE(stand_for_same(R"(\u0061)", "a"));
  EXPECT_FALSE(stand_for_same(R"(\\)", "\\\\\\"));
  EXPECT_FALSE(stand_for_same(R"(\u0061)", R"(\u0062)"));
}

std::string checked(std::string_view text) {
  Index index(300'000);
  if (index.read(text) != Stage1::Result::kIndexed) return "not indexed";
  const Checked found = check(index);
  if (found.flaw == Flaw::kNone) return "good";
  constexpr std::string_view kNames[] = {"", "structure", "depth", "atom", "number", "escape"};
  return std::string(kNames[static_cast<int>(found.flaw)]) + " at " + std::to_string(found.position);
}

TEST(JsonCheck, TakesEveryFormOfAText) {
  for (const std::string_view text :
       {"0", " null ", "\"a\"", "[]", "{}", "[[],{}]", R"({"a":[1,-2.5e3,true,false,null,"\u0000"],"b":{}})"})
    EXPECT_EQ(checked(text), "good") << text;
}

TEST(JsonCheck, SaysWhereWhatIsWrong) {
  EXPECT_EQ(checked("[1,]"), "structure at 3");
  EXPECT_EQ(checked("[1 2]"), "structure at 3");
  EXPECT_EQ(checked(R"({"a" 1})"), "structure at 1");
  EXPECT_EQ(checked(R"({"a":1,})"), "structure at 7");
  EXPECT_EQ(checked("{1:2}"), "structure at 1");
  EXPECT_EQ(checked("[1}"), "structure at 2");
  EXPECT_EQ(checked("[[1]"), "structure at 4");
  EXPECT_EQ(checked("{}x"), "structure at 2");
  EXPECT_EQ(checked("1 2"), "structure at 2");
  EXPECT_EQ(checked("[tru]"), "atom at 1");
  EXPECT_EQ(checked(R"([true"x"])"), "atom at 1");
  EXPECT_EQ(checked("[01]"), "number at 1");
  EXPECT_EQ(checked(R"(["\x"])"), "escape at 1");
  EXPECT_EQ(checked(R"({"\u12":1})"), "escape at 1");
  EXPECT_EQ(checked("\xef\xbb\xbf{}"), "structure at 0");
}

TEST(JsonCheck, TakesNumbersThatNoDoubleHoldsAndLoneSurrogates) {
  EXPECT_EQ(checked("[1e400,123456789012345678901234567890]"), "good");
  EXPECT_EQ(checked(R"(["\ud800"])"), "good");
}

TEST(JsonCheck, Takes1024LevelsAndNoMore) {
  EXPECT_EQ(checked(std::string(1024, '[') + std::string(1024, ']')), "good");
  EXPECT_EQ(checked(std::string(1025, '[') + std::string(1025, ']')), "depth at 1024");
  EXPECT_EQ(checked(std::string(100'000, '[')), "depth at 1024");
}

}  // namespace
}  // namespace byteor::json

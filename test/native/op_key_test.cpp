// Where the key of a record is found, for each kind of key.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/coded_error.hpp"
#include "op/key.hpp"
#include "support/op_records.hpp"

namespace byteor::op {
namespace {

using abi::KeyCode;
using test::HeapRecord;
using test::random_bytes;
using test::random_text;

KeySpec range(std::uint32_t offset, std::uint32_t length) { return {KeyCode::kBytes, offset, length, 0, {}}; }
KeySpec token(std::string_view separator, std::uint32_t index) { return {KeyCode::kToken, 0, 0, index, separator}; }
KeySpec json(std::string_view pointer) { return {KeyCode::kJson, 0, 0, 0, pointer}; }

// The key's text from a record of exact size; the hash, which takes another way, is compared on the way.
std::optional<std::string> key_of(const KeySpec& spec, std::string_view bytes) {
  const KeyReader reader(spec);
  const HeapRecord record(bytes);
  KeyScratch scratch;
  const std::optional<std::string_view> text = reader.find_text(record.bytes(), scratch);
  const std::optional<std::uint64_t> hash = reader.find_hash(record.bytes());
  EXPECT_EQ(text.has_value(), hash.has_value());
  if (!text.has_value()) return std::nullopt;
  if (text->size() <= kKeyTextBytesMax) {
    EXPECT_EQ(*hash, key_hash(*text));
  }
  return std::string(*text);
}

const std::optional<std::string> kKeyless = std::nullopt;

TEST(BytesKey, IsTheStatedRange) {
  EXPECT_EQ(key_of(range(2, 3), "abcdefg"), "cde");
  EXPECT_EQ(key_of(range(0, 7), "abcdefg"), "abcdefg");
  EXPECT_EQ(key_of({KeyCode::kField, 4, 2, 0, "name"}, "abcdefg"), "ef");
}

TEST(BytesKey, IsAbsentWhenTheRecordEndsBeforeIt) {
  EXPECT_EQ(key_of(range(2, 3), "abcd"), kKeyless);
  EXPECT_EQ(key_of(range(0, 1), ""), kKeyless);
  EXPECT_EQ(key_of(range(0xffff'ffff, 0xffff'ffff), "abcd"), kKeyless);
}

TEST(TokenKey, CountsTokensFromZero) {
  EXPECT_EQ(key_of(token(" ", 0), "a bc d"), "a");
  EXPECT_EQ(key_of(token(" ", 1), "a bc d"), "bc");
  EXPECT_EQ(key_of(token(" ", 2), "a bc d"), "d");
  EXPECT_EQ(key_of(token(" ", 3), "a bc d"), kKeyless);
}

TEST(TokenKey, TakesAWholeRecordWithoutASeparatorForTokenZero) {
  EXPECT_EQ(key_of(token(",", 0), "abc"), "abc");
  EXPECT_EQ(key_of(token(",", 0), ""), "");
  EXPECT_EQ(key_of(token(",", 1), "abc"), kKeyless);
}

TEST(TokenKey, FindsAnEmptyTokenBetweenAdjacentSeparators) {
  EXPECT_EQ(key_of(token(",", 1), "a,,c"), "");
  EXPECT_EQ(key_of(token(",", 0), ",a"), "");
  EXPECT_EQ(key_of(token(",", 1), "a,"), "");
  EXPECT_EQ(key_of(token(",", 2), "a,"), kKeyless);
}

TEST(TokenKey, TakesSeparatorsOfSeveralBytesFromTheLeft) {
  EXPECT_EQ(key_of(token("::", 1), "a::b::c"), "b");
  EXPECT_EQ(key_of(token("::", 1), "a:::b"), ":b");
  EXPECT_EQ(key_of(token("::", 1), "a:b"), kKeyless);
}

std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> tokens;
  std::size_t begin = 0;
  for (std::size_t stop; (stop = text.find(separator, begin)) != std::string::npos; begin = stop + separator.size())
    tokens.push_back(text.substr(begin, stop - begin));
  tokens.push_back(text.substr(begin));
  return tokens;
}

TEST(TokenKey, AgreesWithSplittingOnRandomTexts) {
  std::mt19937 random(23);
  for (int round = 0; round < 20'000; ++round) {
    const std::string text = random_text(random, random() % 60, 3);
    const std::string separator = random_text(random, 1 + random() % 3, 3);
    const std::vector<std::string> tokens = split(text, separator);
    const std::uint32_t index = random() % 8;
    const auto expected = index < tokens.size() ? std::optional(tokens[index]) : kKeyless;
    ASSERT_EQ(key_of(token(separator, index), text), expected) << "'" << text << "' by '" << separator << "' " << index;
  }
}

TEST(JsonKey, FindsAMemberOfAnObject) {
  EXPECT_EQ(key_of(json("/a"), R"({"a":"x"})"), "x");
  EXPECT_EQ(key_of(json("/b"), R"( { "a" : [ 1 , { } ] , "b" : "y" } )"), "y");
  EXPECT_EQ(key_of(json("/a/b/c"), R"({"a":{"x":{},"b":{"c":"deep"}}})"), "deep");
}

TEST(JsonKey, FindsAnElementOfAnArray) {
  EXPECT_EQ(key_of(json("/0"), R"(["a","b"])"), "a");
  EXPECT_EQ(key_of(json("/1"), R"(["a","b"])"), "b");
  EXPECT_EQ(key_of(json("/2"), R"(["a","b"])"), kKeyless);
  EXPECT_EQ(key_of(json("/a/1/b"), R"({"a":[[],{"b":"x"}]})"), "x");
}

TEST(JsonKey, TakesANumberForAnIndexOnlyInItsShortestForm) {
  EXPECT_EQ(key_of(json("/01"), R"(["a","b"])"), kKeyless);
  EXPECT_EQ(key_of(json("/-"), R"(["a","b"])"), kKeyless);
  EXPECT_EQ(key_of(json("/1x"), R"(["a","b"])"), kKeyless);
  EXPECT_EQ(key_of(json("/99999999999999999999"), R"(["a","b"])"), kKeyless);
}

TEST(JsonKey, TakesANumberForAMembersNameInAnObject) {
  EXPECT_EQ(key_of(json("/1"), R"({"0":"a","1":"b"})"), "b");
  EXPECT_EQ(key_of(json("/01"), R"({"01":"a"})"), "a");
}

TEST(JsonKey, ReadsTildeEscapesInThePointer) {
  EXPECT_EQ(key_of(json("/a~1b"), R"({"a/b":"x"})"), "x");
  EXPECT_EQ(key_of(json("/m~0n"), R"({"m~n":"x"})"), "x");
  EXPECT_EQ(key_of(json("/~01"), R"({"~1":"x"})"), "x");
  EXPECT_EQ(key_of(json("/"), R"({"":"x"})"), "x");
  EXPECT_EQ(key_of(json("//a"), R"({"":{"a":"x"}})"), "x");
}

TEST(JsonKey, AnEmptyPointerIsTheWholeText) {
  EXPECT_EQ(key_of(json(""), R"("x")"), "x");
  EXPECT_EQ(key_of(json(""), " 12 "), "12");
  EXPECT_EQ(key_of(json(""), "{}"), kKeyless);
  EXPECT_EQ(key_of(json(""), ""), kKeyless);
}

TEST(JsonKey, TakesOtherScalarsAsTheyAreWritten) {
  for (const std::string scalar : {"0", "-0", "12", "-1.50", "1e5", "1E+05", "2.5e-3", "true", "false", "null"}) {
    EXPECT_EQ(key_of(json("/a"), "{\"a\":" + scalar + "}"), scalar);
    EXPECT_EQ(key_of(json("/a"), "{\"a\": " + scalar + " ,\"b\":1}"), scalar);
    EXPECT_EQ(key_of(json("/0"), "[" + scalar + "]"), scalar);
    EXPECT_EQ(key_of(json(""), scalar), scalar);
  }
}

TEST(JsonKey, IsAbsentWhereThePointerEndsAtAnArrayAnObjectOrNothing) {
  EXPECT_EQ(key_of(json("/a"), R"({"a":{}})"), kKeyless);
  EXPECT_EQ(key_of(json("/a"), R"({"a":["x"]})"), kKeyless);
  EXPECT_EQ(key_of(json("/b"), R"({"a":"x"})"), kKeyless);
  EXPECT_EQ(key_of(json("/a"), "{}"), kKeyless);
  EXPECT_EQ(key_of(json("/0"), "[]"), kKeyless);
  EXPECT_EQ(key_of(json("/a/b"), R"({"a":"x"})"), kKeyless);
  EXPECT_EQ(key_of(json("/a"), R"(["a"])"), kKeyless);
}

TEST(JsonKey, UnescapesStrings) {
  EXPECT_EQ(key_of(json("/a"), R"({"a":"\"\\\/\b\f\n\r\t"})"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(key_of(json("/a"), R"({"a":"\u0041\u00e9\u20AC"})"), "Aé€");
  EXPECT_EQ(key_of(json("/a"), R"({"a":"\u0000x"})"), std::string("\0x", 2));
  EXPECT_EQ(key_of(json("/a"), R"({"a":"\ud83d\ude00"})"), "😀");
  EXPECT_EQ(key_of(json("/a"), R"({"a":"plain é 😀"})"), "plain é 😀");
  EXPECT_EQ(key_of(json("/a"), R"({"a":""})"), "");
}

TEST(JsonKey, TurnsLoneSurrogatesIntoTheReplacementCharacter) {
  EXPECT_EQ(key_of(json("/a"), R"({"a":"\ud83d"})"), "\uFFFD");
  EXPECT_EQ(key_of(json("/a"), R"({"a":"\ude00\ud83d"})"), "\uFFFD\uFFFD");
  EXPECT_EQ(key_of(json("/a"), R"({"a":"\ud83dx"})"), "\uFFFDx");
  EXPECT_EQ(key_of(json("/a"), R"({"a":"\ud83d\n"})"), "\uFFFD\n");
  EXPECT_EQ(key_of(json("/a"), R"({"a":"\ud83d\u0041"})"),
            "\uFFFD"
            "A");
  EXPECT_EQ(key_of(json("/a"), R"({"a":"\ud83d\ud83d\ude00"})"), "\uFFFD😀");
}

TEST(JsonKey, EqualsTheSameStringWrittenWithoutEscapes) {
  const KeyReader reader(json("/a"));
  EXPECT_EQ(reader.find_hash(R"({"a":"\u0075ser"})"), reader.find_hash(R"({"a":"user"})"));
}

TEST(JsonKey, ComparesMembersNamesUnescaped) {
  EXPECT_EQ(key_of(json("/user"), R"({"\u0075ser":"x"})"), "x");
  EXPECT_EQ(key_of(json("/user"), R"({"\u0075serx":"y","use\u0072":"x"})"), "x");
  EXPECT_EQ(key_of(json("/a\"b"), R"({"a\"b":"x"})"), "x");
}

TEST(JsonKey, TakesTheFirstOfMembersWithOneName) {
  EXPECT_EQ(key_of(json("/a"), R"({"a":"first","a":"last"})"), "first");
  EXPECT_EQ(key_of(json("/a/k"), R"({"a":{"x":1},"a":{"k":"y"}})"), kKeyless);
}

TEST(JsonKey, DoesNotLookAtWhatFollowsTheValue) {
  EXPECT_EQ(key_of(json("/a"), R"({"a":"x", this is no JSON)"), "x");
  EXPECT_EQ(key_of(json("/a"), R"({"a":"x")"), "x");
  EXPECT_EQ(key_of(json("/a"), R"({"a":12,)"), "12");
}

TEST(JsonKey, IsAbsentInTextThatIsMalformedBeforeOrInTheValue) {
  for (const char* const text : {"",
                                 " ",
                                 "x",
                                 "{",
                                 "{\"a\"",
                                 "{\"a\":",
                                 "{\"a\" \"x\"}",
                                 "{a:\"x\"}",
                                 "{,\"a\":\"x\"}",
                                 "{\"b\":1 \"a\":\"x\"}",
                                 "{\"b\":1,,\"a\":\"x\"}",
                                 "{\"b\":[1,],\"a\":\"x\"}",
                                 "{\"b\":[1 2],\"a\":\"x\"}",
                                 "{\"b\":{\"c\"},\"a\":\"x\"}",
                                 "{\"b\":[1},\"a\":\"x\"}",
                                 "{\"b\":01,\"a\":\"x\"}",
                                 "{\"b\":1.,\"a\":\"x\"}",
                                 "{\"b\":.5,\"a\":\"x\"}",
                                 "{\"b\":1e,\"a\":\"x\"}",
                                 "{\"b\":+1,\"a\":\"x\"}",
                                 "{\"b\":nul,\"a\":\"x\"}",
                                 "{\"b\":truex,\"a\":\"x\"}",
                                 "{\"b\":\"\\x\",\"a\":\"x\"}",
                                 "{\"b\":\"\\u12g4\",\"a\":\"x\"}",
                                 "{\"b\":\"\n\",\"a\":\"x\"}",
                                 "{\"a\":\"x",
                                 "{\"a\":\"x\\",
                                 "{\"a\":\"x\\\"",
                                 "{\"a\":\"\\u12\"",
                                 "{\"a\":\"x\ty\"}",
                                 "{\"a\":12",
                                 "{\"a\":tru",
                                 "{\"a\":true",
                                 "{\"a\":-}",
                                 "{\"a\":1x}",
                                 "\xef\xbb\xbf{\"a\":\"x\"}"}) {
    EXPECT_EQ(key_of(json("/a"), text), kKeyless) << text;
  }
  EXPECT_EQ(key_of(json(""), "12,"), kKeyless);
  EXPECT_EQ(key_of(json(""), "truefalse"), kKeyless);
}

std::string nested(std::size_t depth) {
  return "{\"b\":" + std::string(depth, '[') + std::string(depth, ']') + ",\"a\":\"x\"}";
}

TEST(JsonKey, ReadsPastDeepNestingUpToItsBound) {
  EXPECT_EQ(key_of(json("/a"), nested(json::kJsonDepthMax - 1)), "x");
  EXPECT_EQ(key_of(json("/a"), nested(json::kJsonDepthMax)), kKeyless);
  EXPECT_EQ(key_of(json("/a"), nested(1'000'000)), kKeyless);
}

TEST(JsonKey, ReadsNestedObjectsAndArraysInAnyMixture) {
  const std::string text = R"({"b":[{"c":[[],{},[{"d":[1,{"e":{}}]}]]},{},[[]]],"a":"x"})";
  EXPECT_EQ(key_of(json("/a"), text), "x");
}

TEST(JsonKey, CutsTheTextOfALongKeyButHashesAllOfIt) {
  std::string plain;
  std::string escaped;
  for (int i = 0; i < 5000; ++i) {
    plain += i % 7 == 0 ? "\n" : "é";
    escaped += i % 7 == 0 ? "\\n" : i % 3 == 0 ? "\\u00e9" : "é";
  }
  const KeyReader reader(json("/a"));
  KeyScratch scratch;
  const std::string record = "{\"a\":\"" + escaped + "\"}";
  EXPECT_EQ(reader.find_hash(record), key_hash(plain));
  EXPECT_EQ(reader.find_text(record, scratch), plain.substr(0, kKeyTextBytesMax + 1));
  const std::string unescaped = "{\"a\":\"" + std::string(5000, 'x') + "\"}";
  EXPECT_EQ(reader.find_hash(unescaped), key_hash(std::string(5000, 'x')));
  EXPECT_EQ(reader.find_text(unescaped, scratch)->size(), kKeyTextBytesMax + 1);
}

TEST(JsonKey, ShowsAKeyOfExactlyTheBoundWhole) {
  for (const std::size_t length : {kKeyTextBytesMax - 1, kKeyTextBytesMax, kKeyTextBytesMax + 1}) {
    const std::string plain(length - 1, 'x');
    const auto key = key_of(json("/a"), "{\"a\":\"\\t" + plain + "\"}");
    EXPECT_EQ(key, "\t" + plain);
  }
}

TEST(JsonKey, SurvivesAnyBytes) {
  std::mt19937 random(29);
  const std::string letters = "{}[]\":,\\u0a1-.eE tfn/\n\xc3\xff";
  const KeyReader readers[] = {KeyReader(json("/a")), KeyReader(json("/0/a")), KeyReader(json(""))};
  std::size_t found = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string text = random_bytes(random, random() % 50);
    for (char& c : text) c = letters[static_cast<unsigned char>(c) % letters.size()];
    if (round % 2 == 0) text = "{\"a\":" + text;
    const HeapRecord record(text);
    KeyScratch scratch;
    for (const KeyReader& reader : readers) {
      const auto key = reader.find_text(record.bytes(), scratch);
      ASSERT_EQ(key.has_value(), reader.find_hash(record.bytes()).has_value());
      found += key.has_value();
    }
  }
  EXPECT_GT(found, 100u);
}

// JavaScript can write into a record while native code reads it: what read_string() accepted may have changed.
TEST(JsonKey, ReadsNothingOutsideAStringThatChangedWhileItWasRead) {
  for (const std::string changed : {"x\\", "\\u", "\\u12", "\\ud800\\", "\\ud800\\u1", "\"x\"", "\n", "\\uxyzw\\q"}) {
    const HeapRecord record(changed + "\"");
    const char* const begin = record.bytes().data();
    std::size_t length = 0;
    json::unescape({begin, begin + changed.size(), true}, [&length](std::string_view piece) {
      length += piece.size();
      return true;
    });
    EXPECT_LE(length, 4 * changed.size()) << changed;
  }
}

// A random JSON value: its text, and the keys that pointers into it must find.
class JsonMaker {
 public:
  explicit JsonMaker(std::uint32_t seed) : random_(seed) {}

  std::string value(const std::string& pointer, int depth, std::vector<std::pair<std::string, std::string>>& keys) {
    const unsigned kind = random_() % (depth == 0 ? 3 : 6);
    if (kind == 0) {
      const std::string scalar = kScalars[random_() % std::size(kScalars)];
      keys.emplace_back(pointer, scalar);
      return scalar;
    }
    if (kind < 3) {
      const std::string plain = random_text(random_, random_() % 30, 26);
      keys.emplace_back(pointer, plain + "\n" + plain);
      return "\"" + plain + "\\n" + plain + "\"";
    }
    return kind == 3 ? array(pointer, depth, keys) : object(pointer, depth, keys);
  }

 private:
  static constexpr const char* kScalars[] = {"1", "-2.5e10", "true", "null", "0"};

  std::string array(const std::string& pointer, int depth, std::vector<std::pair<std::string, std::string>>& keys) {
    std::string text("[");
    text += space();
    const unsigned count = random_() % 4;
    for (unsigned i = 0; i < count; ++i) {
      if (i != 0) text.append(",").append(space());
      text += value(pointer + "/" + std::to_string(i), depth - 1, keys) + space();
    }
    return text + "]";
  }

  std::string object(const std::string& pointer, int depth, std::vector<std::pair<std::string, std::string>>& keys) {
    std::string text("{");
    text += space();
    const unsigned count = random_() % 4;
    for (unsigned i = 0; i < count; ++i) {
      if (i != 0) text.append(",").append(space());
      const std::string name = std::string(1, static_cast<char>('a' + i)) + random_text(random_, random_() % 20, 26);
      text += "\"" + name + "\"" + space() + ":" + space() + value(pointer + "/" + name, depth - 1, keys) + space();
    }
    return text + "}";
  }

  std::string space() { return std::string(random_() % 3 == 0 ? " \t" : ""); }

  std::mt19937 random_;
};

TEST(JsonKey, FindsEveryScalarOfRandomDocuments) {
  for (std::uint32_t seed = 0; seed < 2'000; ++seed) {
    std::vector<std::pair<std::string, std::string>> keys;
    const std::string text = JsonMaker(seed).value("", 4, keys);
    for (const auto& [pointer, key] : keys) ASSERT_EQ(key_of(json(pointer), text), key) << pointer << " in " << text;
  }
}

std::string refusal(const KeySpec& spec) {
  try {
    const KeyReader reader(spec);
  } catch (const core::CodedError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(KeySpec, ThatCannotBeAKeyIsRefusedWithAReason) {
  EXPECT_EQ(
      refusal(token("", 0)),
      "key: a token's separator has at least one byte, received none; compile the plan again with this version of "
      "byteor");
  EXPECT_EQ(
      refusal(json("a")),
      "key: a JSON pointer is empty or begins with /, received \"a\"; compile the plan again with this version of "
      "byteor");
  EXPECT_EQ(refusal(json("/a~2")),
            "key: in the JSON pointer \"/a~2\" a ~ must be followed by 0 (for ~) or 1 (for /); compile the plan again "
            "with this version of byteor");
  EXPECT_NE(refusal(json("/~")), "accepted");
  EXPECT_EQ(refusal({static_cast<KeyCode>(9), 0, 0, 0, {}}),
            "key: unknown key kind 9; compile the plan again with this version of byteor");
  std::string deep;
  for (std::uint32_t i = 0; i <= json::kJsonDepthMax; ++i) deep += "/a";
  EXPECT_EQ(refusal(json(deep)),
            "key: a JSON pointer has at most 1024 parts, received 1025; compile the plan again with this version of "
            "byteor");
}

}  // namespace
}  // namespace byteor::op

// Counting, by key and within bounds, while another thread reads; and how any key becomes JSON.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "core/coded_error.hpp"
#include "op/count.hpp"
#include "op/key_table.hpp"
#include "op/text.hpp"
#include "support/op_records.hpp"

namespace byteor::op {
namespace {

using abi::KeyCode;
using test::HeapRecord;

CountConfig by_first_token() { return {KeySpec{KeyCode::kToken, 0, 0, 0, " "}}; }

CountConfig by_second_token() { return {KeySpec{KeyCode::kToken, 0, 0, 1, " "}}; }

void count_record(CountOp& op, std::string_view bytes) {
  HeapRecord record(bytes);
  ASSERT_EQ(op.apply(record.record), Outcome::kPass);
}

std::string report(const std::vector<const CountOp*>& shards) { return CountOp::report(shards); }

TEST(CountOp, WithoutAKeyReportsTheTotalOfAllShards) {
  CountOp first{CountConfig{}};
  CountOp second{CountConfig{}};
  count_record(first, "a");
  count_record(first, "");
  count_record(second, "b");
  EXPECT_EQ(report({&first, &second}), R"({"total":3})");
}

TEST(CountOp, WithAKeyReportsSortedKeysOfAllShards) {
  CountOp first(by_first_token());
  CountOp second(by_first_token());
  for (const char* const line : {"b 1", "a 1", "b 2", ""}) count_record(first, line);
  for (const char* const line : {"c 1", "b 3"}) count_record(second, line);
  EXPECT_EQ(report({&first, &second}), R"({"total":6,"keys":{"":1,"a":1,"b":3,"c":1},"other":0,"keyless":0})");
}

TEST(CountOp, CountsRecordsWithoutTheKeyAsKeyless) {
  CountOp op(by_second_token());
  count_record(op, "a b");
  count_record(op, "a");
  EXPECT_EQ(report({&op}), R"({"total":2,"keys":{"b":1},"other":0,"keyless":1})");
}

TEST(CountOp, BeforeAnyRecordReportsNoKeys) {
  const CountOp op(by_first_token());
  EXPECT_EQ(report({&op}), R"({"total":0,"keys":{},"other":0,"keyless":0})");
}

TEST(CountOp, CountsAKeyThatIsTooLongAsOther) {
  CountOp op(by_first_token());
  const std::string longest(kKeyTextBytesMax, 'k');
  count_record(op, longest);
  count_record(op, longest + "k");
  EXPECT_EQ(report({&op}), "{\"total\":2,\"keys\":{\"" + longest + "\":1},\"other\":1,\"keyless\":0}");
}

TEST(CountOp, KeepsCountingKnownKeysWhenThereIsNoRoomForNewOnes) {
  CountOp op(by_first_token());
  for (std::uint32_t i = 0; i < kTableKeysMax + 5; ++i) count_record(op, std::to_string(i));
  count_record(op, "0");
  count_record(op, std::to_string(kTableKeysMax));
  const std::string text = report({&op});
  EXPECT_NE(text.find("\"0\":2,"), std::string::npos);
  EXPECT_EQ(text.find("\"" + std::to_string(kTableKeysMax) + "\":"), std::string::npos);
  EXPECT_NE(text.find("\"other\":6,\"keyless\":0}"), std::string::npos);
  EXPECT_TRUE(text.starts_with("{\"total\":" + std::to_string(kTableKeysMax + 7) + ","));
}

TEST(CountOp, CountsAsOtherWhatExceedsTheBytesForKeys) {
  CountOp op(by_first_token());
  const std::uint32_t fitting = kTableTextBytesMax / kKeyTextBytesMax;
  for (std::uint32_t i = 0; i < fitting + 3; ++i) {
    std::string key = std::to_string(i);
    key.resize(kKeyTextBytesMax, '.');
    count_record(op, key);
  }
  EXPECT_NE(report({&op}).find("\"other\":3,\"keyless\":0}"), std::string::npos);
}

TEST(CountOp, ShowsTheMostFrequentKeysWhenAllShardsTogetherExceedTheBound) {
  CountOp first(by_first_token());
  CountOp second(by_first_token());
  for (std::uint32_t i = 0; i < kTableKeysMax; ++i) count_record(first, std::to_string(i).append("a"));
  for (int repeat = 0; repeat < 2; ++repeat)
    for (std::uint32_t i = 0; i < 10; ++i) count_record(second, std::to_string(i).append("b"));
  const std::string text = report({&first, &second});
  EXPECT_NE(text.find("\"0b\":2,"), std::string::npos);
  EXPECT_NE(text.find("\"other\":10,\"keyless\":0}"), std::string::npos);
  EXPECT_TRUE(text.starts_with("{\"total\":" + std::to_string(kTableKeysMax + 20) + ","));
}

TEST(CountOp, StaysWithinItsStatedReportSizeForTheWorstKeys) {
  CountOp op(by_first_token());
  std::string key(kKeyTextBytesMax, '\x01');
  for (std::uint32_t i = 0; i < kTableTextBytesMax / kKeyTextBytesMax; ++i) {
    key[0] = static_cast<char>(1 + i % 31);
    key[1] = static_cast<char>(1 + i / 31 % 31);
    key[2] = static_cast<char>(1 + i / 961);
    count_record(op, key);
  }
  const std::string text = report({&op});
  EXPECT_GT(text.size(), 5 * std::size_t{kTableTextBytesMax});
  EXPECT_LE(text.size(), CountOp::report_bytes_max());
}

TEST(CountOp, RefusesAKeyThatCannotBeOne) {
  const CountConfig config{KeySpec{KeyCode::kJson, 0, 0, 0, "no-slash"}};
  EXPECT_THROW(CountOp{config}, core::CodedError);
}

// The counts of one key, in the order of reports taken meanwhile, may only grow, and every report must be whole.
TEST(CountOp, MayBeReadWhileItCounts) {
  static constexpr std::uint32_t kRecords = 30'000;
  static constexpr std::uint32_t kKeys = 600;
  CountOp op(by_first_token());
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (std::uint32_t i = 0; i < kRecords; ++i) {
      HeapRecord record("key" + std::to_string(i % kKeys));
      op.apply(record.record);
    }
    done.store(true);
  });
  std::size_t longest = 0;
  while (!done.load()) {
    const std::string text = report({&op});
    EXPECT_TRUE(text.starts_with("{\"total\":") && text.ends_with(",\"other\":0,\"keyless\":0}")) << text;
    EXPECT_GE(text.size(), longest);
    longest = text.size();
  }
  writer.join();
  const std::string text = report({&op});
  EXPECT_TRUE(text.starts_with("{\"total\":30000,"));
  for (std::uint32_t i = 0; i < kKeys; ++i)
    EXPECT_NE(text.find("\"key" + std::to_string(i) + "\":50"), std::string::npos) << i;
}

std::string json_string(std::string_view bytes) {
  std::string text;
  append_json_string(text, bytes);
  return text;
}

TEST(JsonString, KeepsValidUtf8) {
  EXPECT_EQ(json_string("plain é € 😀"), "\"plain é € 😀\"");
  EXPECT_EQ(json_string("\xf4\x8f\xbf\xbf"), "\"\xf4\x8f\xbf\xbf\"");
}

TEST(JsonString, EscapesQuotesBackslashesAndControlCharacters) {
  EXPECT_EQ(json_string("\"\\\n\r\t"), R"("\"\\\n\r\t")");
  EXPECT_EQ(json_string(std::string("\0\x1f\x7f", 3)), "\"\\u0000\\u001f\x7f\"");
}

TEST(JsonString, TurnsBytesThatAreNotUtf8IntoLoneSurrogates) {
  EXPECT_EQ(json_string("\xff"), R"("\udcff")");
  EXPECT_EQ(json_string("a\x80z"), R"("a\udc80z")");
  EXPECT_EQ(json_string("\xc3"), R"("\udcc3")");
  EXPECT_EQ(json_string("\xe2\x82"), R"("\udce2\udc82")");
  EXPECT_EQ(json_string("\xc0\xaf"), R"("\udcc0\udcaf")");
  EXPECT_EQ(json_string("\xed\xa0\x80"), R"("\udced\udca0\udc80")");
  EXPECT_EQ(json_string("\xe0\x80\x80"), R"("\udce0\udc80\udc80")");
  EXPECT_EQ(json_string("\xf0\x80\x80\x80"), R"("\udcf0\udc80\udc80\udc80")");
  EXPECT_EQ(json_string("\xf4\x90\x80\x80"), R"("\udcf4\udc90\udc80\udc80")");
  EXPECT_EQ(json_string("\xf5\x80\x80\x80"), R"("\udcf5\udc80\udc80\udc80")");
}

TEST(Printable, EscapesWhatCannotBeShownAndCutsWhatIsTooLong) {
  EXPECT_EQ(printable("a\"\\\n\x01\x7f\xff é", 100), R"(a\"\\\n\x01\x7f\xff é)");
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abcdef…");
  EXPECT_EQ(printable("abcdeé", 6), "abcde…");
  EXPECT_EQ(printable("abcde\xff", 6), "abcde…");
}

}  // namespace
}  // namespace byteor::op

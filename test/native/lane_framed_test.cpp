// Framed lanes with the order of events in the test's hands: frames at the wrap, exact capacities, cells that wrap,
// readers that JavaScript plays badly, drops, the slowest of many readers.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "support/lanes.hpp"

namespace byteor::test {
namespace {

TEST(FramedLane, CarriesBytesFlagsAndOrdinals) {
  Lane lane;
  auto writer = lane.framed_writer();
  auto reader = lane.framed_reader();
  ASSERT_TRUE(put(*writer, "", 3, 1));
  ASSERT_TRUE(put(*writer, "seven b", 9, 2));
  ASSERT_TRUE(put(*writer, std::string(100, 'x'), 10));
  std::vector<lane::LaneRecord> records(8);
  ASSERT_EQ(reader->peek(records.data(), 8), 3u);
  EXPECT_EQ(text_of(records[0]), "");
  EXPECT_EQ(records[0].flags, 1u);
  EXPECT_EQ(records[0].ordinal, 3u);
  EXPECT_EQ(text_of(records[1]), "seven b");
  EXPECT_EQ(records[1].flags, 2u);
  EXPECT_EQ(records[1].ordinal, 9u);
  EXPECT_EQ(text_of(records[2]), std::string(100, 'x'));
}

TEST(FramedLane, NothingIsVisibleBeforeItIsPublished) {
  Lane lane;
  auto writer = lane.framed_writer();
  auto reader = lane.framed_reader();
  const lane::LaneRecord record = record_of("later");
  ASSERT_EQ(writer->put(&record, 1), 1u);
  EXPECT_TRUE(take(*reader).empty());
  EXPECT_TRUE(writer->publish());
  EXPECT_FALSE(writer->publish()) << "there is nothing new";
  EXPECT_EQ(take(*reader), std::vector<std::string>{"later"});
}

TEST(FramedLane, APeekWithoutConsumeDescribesTheSameRecordsAndPerhapsMore) {
  Lane lane;
  auto writer = lane.framed_writer();
  auto reader = lane.framed_reader();
  put(*writer, "a");
  std::vector<lane::LaneRecord> records(8);
  ASSERT_EQ(reader->peek(records.data(), 8), 1u);
  put(*writer, "b");
  ASSERT_EQ(reader->peek(records.data(), 8), 2u);
  EXPECT_EQ(text_of(records[0]), "a");
  EXPECT_EQ(text_of(records[1]), "b");
}

// Batches of every length over lanes of every capacity: frames that are staged (a reader has another CPU) or in the
// lane, up to the wrap and past it, longer than the staging buffer, and claims that are not committed.
TEST(FramedLane, ABatchLeavesWhatSingleClaimsWouldLeave) {
  for (const bool staged : {false, true}) {
    for (const std::uint32_t capacity : {64u, 136u, 1000u, 4096u, 70'000u, 262'144u}) {
      std::mt19937 random(capacity);
      const auto below = [&](std::uint32_t bound) { return static_cast<std::uint32_t>(random() % bound); };
      Lane lane({.capacity = capacity, .cross_thread = staged, .first = 8 * below(1000)});
      auto writer = lane.framed_writer();
      auto reader = lane.framed_reader();
      const std::uint32_t longest = writer->record_max();
      std::uint64_t written = 0;
      std::uint64_t read = 0;
      std::uint64_t bytes = 0;
      const auto fill = [](std::byte* to, std::uint32_t length, std::uint64_t record) {
        for (std::uint32_t i = 0; i != length; ++i) to[i] = static_cast<std::byte>(record + i);
      };
      for (int turn = 0; turn != 400; ++turn) {
        {
          lane::FramedWriter::Batch batch(*writer);
          for (std::uint32_t left = below(200); left != 0; --left) {
            const std::uint32_t length = below(8) == 0 ? below(longest + 1) : below(std::min(longest, 60u) + 1);
            std::byte* const to = batch.try_claim(length);
            if (to == nullptr) break;
            if (below(6) == 0) {
              fill(to, length, 77);  // and nobody commits it
              continue;
            }
            const std::uint32_t committed = below(5) == 0 ? below(length + 1) : length;
            fill(to, committed, written);
            batch.commit(committed, 1, 3 * written);
            bytes += committed;
            ++written;
          }
        }
        writer->publish();
        EXPECT_EQ(lane.producer().published.load(), static_cast<double>(written));
        EXPECT_EQ(lane.producer().bytes.load(), static_cast<double>(bytes));
        reader->take(below(300), [&](const lane::LaneRecord& record) {
          EXPECT_EQ(record.ordinal, 3 * read);
          EXPECT_EQ(record.flags, 1u);
          std::string expected(record.length, ' ');
          fill(reinterpret_cast<std::byte*>(expected.data()), record.length, read);
          EXPECT_EQ(text_of(record), expected) << "record " << read << ", capacity " << capacity;
          ++read;
          return !testing::Test::HasFailure();
        });
        reader->release();
        ASSERT_FALSE(testing::Test::HasFailure());
      }
      EXPECT_GT(read, 200u);
    }
  }
}

TEST(FramedLane, ATurnWorksOffWhatIsKnownBeforeItAsksForMore) {
  Lane lane({.paces = true});
  auto writer = lane.framed_writer();
  auto reader = lane.framed_reader();
  put(*writer, "a");
  put(*writer, "b");
  std::string read;
  const auto take_up_to = [&](std::uint32_t limit) {
    reader->end_backoff();
    const std::uint32_t taken = reader->take(limit, [&](const lane::LaneRecord& record) {
      read += text_of(record);
      return true;
    });
    reader->release();
    return taken;
  };
  EXPECT_EQ(take_up_to(1), 1u);
  put(*writer, "c");
  EXPECT_EQ(take_up_to(8), 1u) << "b was known";
  EXPECT_EQ(take_up_to(8), 1u);
  EXPECT_EQ(take_up_to(8), 0u);
  EXPECT_EQ(read, "abc");
}

TEST(FramedLane, WhatWasPeekedMayBeConsumedInParts) {
  Lane lane({.capacity = 128});
  auto writer = lane.framed_writer();
  auto reader = lane.framed_reader();
  for (const char* text : {"a", "bb", "ccc"}) put(*writer, text);
  std::vector<lane::LaneRecord> records(8);
  ASSERT_EQ(reader->peek(records.data(), 8), 3u);
  reader->consume(1);
  reader->consume(0);
  reader->consume(1);
  EXPECT_TRUE(reader->release());
  EXPECT_FALSE(reader->release()) << "there is nothing new";
  EXPECT_EQ(lane.consumer().in.load(), 2);
  EXPECT_EQ(lane.consumer().bytes.load(), 3);
  EXPECT_EQ(take(*reader), std::vector<std::string>{"ccc"});
}

TEST(FramedLane, ItsGateIsExactInBytesAndNotAPowerOfTwo) {
  // Room for exactly three frames of 24 bytes in a memory of 128.
  Lane lane({.capacity = 72});
  auto writer = lane.framed_writer();
  auto reader = lane.framed_reader();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(put(*writer, "12345678"));
  EXPECT_FALSE(put(*writer, "")) << "72 of 72 bytes are taken";
  EXPECT_EQ(take(*reader, 1).size(), 1u);
  EXPECT_FALSE(put(*writer, "123456789")) << "32 bytes, and 24 are free";
  EXPECT_TRUE(put(*writer, "12345678"));
}

TEST(FramedLane, AFrameThatDoesNotFitBeforeTheWrapBeginsAfterIt) {
  Lane lane({.capacity = 64});
  ASSERT_EQ(lane.framed().record_max, 16u);
  auto writer = lane.framed_writer();
  auto reader = lane.framed_reader();
  ASSERT_TRUE(put(*writer, "12345678"));
  ASSERT_TRUE(put(*writer, "12345678"));
  EXPECT_EQ(take(*reader).size(), 2u);
  // At 48: 16 bytes are left before the wrap. An empty record fits there, one of a byte does not.
  ASSERT_TRUE(put(*writer, "x"));
  EXPECT_EQ(lane.producer().cursor.load(), 64u + 24u);
  lane::FrameStart padding;
  std::memcpy(&padding, lane.data() + 48, sizeof padding);
  EXPECT_EQ(padding.length, 16u);
  EXPECT_EQ(padding.flags, abi::kFramePadding);
  EXPECT_EQ(take(*reader), std::vector<std::string>{"x"});
}

TEST(FramedLane, PaddingOfEightBytesIsPaddingToo) {
  Lane lane({.capacity = 64});
  auto writer = lane.framed_writer();
  auto reader = lane.framed_reader();
  ASSERT_TRUE(put(*writer, "0123456789abcdef"));
  ASSERT_TRUE(put(*writer, "12345678"));
  EXPECT_EQ(take(*reader).size(), 2u);
  // At 56.
  ASSERT_TRUE(put(*writer, ""));
  EXPECT_EQ(lane.producer().cursor.load(), 64u + 16u);
  EXPECT_EQ(take(*reader), std::vector<std::string>{""});
}

TEST(FramedLane, TheLongestRecordAlwaysFitsOnceTheSmallestLaneIsEmptyWhereverItBegins) {
  for (std::uint64_t first = 0; first < 64; first += 8) {
    Lane lane({.capacity = 64, .first = first});
    auto writer = lane.framed_writer();
    auto reader = lane.framed_reader();
    for (int i = 0; i < 20; ++i) {
      const std::string text(16, static_cast<char>('a' + i));
      ASSERT_TRUE(put(*writer, text)) << "first " << first << ", record " << i;
      ASSERT_EQ(take(*reader), std::vector<std::string>{text});
    }
  }
}

TEST(FramedLane, AClaimThatIsNotCommittedCostsNothingAndAShorterRecordMayBeCommitted) {
  Lane lane({.capacity = 64});
  auto writer = lane.framed_writer();
  auto reader = lane.framed_reader();
  put(*writer, "12345678");
  put(*writer, "12345678");
  take(*reader);
  ASSERT_NE(writer->try_claim(16), nullptr) << "with padding before it";
  ASSERT_NE(writer->try_claim(0), nullptr) << "without";
  std::byte* const to = writer->try_claim(16);
  ASSERT_NE(to, nullptr);
  std::memcpy(to, "ab", 2);
  writer->commit(2, 0, 5);
  writer->publish();
  EXPECT_EQ(take(*reader), std::vector<std::string>{"ab"});
  EXPECT_EQ(lane.producer().published.load(), 3);
  EXPECT_EQ(lane.producer().bytes.load(), 18);
}

TEST(FramedLane, ARecordOverTheMaximumStopsALaneThatBlocksAndIsCountedByOneThatDrops) {
  for (const bool drops : {false, true}) {
    Lane lane({.capacity = 64, .drops = drops});
    auto writer = lane.framed_writer();
    const std::string text(17, 'x');
    const std::vector<lane::LaneRecord> records{record_of("a"), record_of(text), record_of("b")};
    EXPECT_EQ(writer->put(records.data(), 3), drops ? 3u : 1u);
    writer->publish();
    EXPECT_EQ(lane.producer().too_large.load(), drops ? 1 : 0);
    EXPECT_EQ(lane.producer().published.load(), drops ? 2 : 1);
  }
}

TEST(FramedLane, ALaneThatDropsTakesWhatFitsAndCountsTheRest) {
  Lane lane({.capacity = 64, .drops = true});
  auto writer = lane.framed_writer();
  auto reader = lane.framed_reader();
  const std::vector<lane::LaneRecord> records{record_of("12345678"), record_of("0123456789abcdef"),
                                              record_of("123456789"), record_of("")};
  EXPECT_EQ(writer->put(records.data(), 4), 4u);
  writer->publish();
  EXPECT_EQ(lane.producer().dropped.load(), 2) << "the third had no room, nor the last";
  EXPECT_EQ(take(*reader), (std::vector<std::string>{"12345678", "0123456789abcdef"}));
  writer->count_dropped(false);
  writer->count_dropped(true);
  EXPECT_EQ(lane.producer().dropped.load(), 3);
  EXPECT_EQ(lane.producer().too_large.load(), 1);
}

TEST(FramedLane, TheSlowestOfSixteenReadersHoldsTheRoom) {
  Lane lane({.capacity = 64, .readers = 16});
  auto writer = lane.framed_writer();
  std::vector<std::unique_ptr<lane::FramedReader>> readers;
  for (std::uint32_t i = 0; i < 16; ++i) readers.push_back(lane.framed_reader(i));
  ASSERT_TRUE(put(*writer, "0123456789abcdef"));
  ASSERT_TRUE(put(*writer, "fedcba9876543210"));
  for (std::uint32_t i = 0; i < 15; ++i) EXPECT_EQ(take(*readers[i]).size(), 2u);
  EXPECT_FALSE(put(*writer, "next")) << "the last reader has read nothing";
  EXPECT_EQ(take(*readers[15], 1).size(), 1u);
  EXPECT_TRUE(put(*writer, "next"));
  for (std::uint32_t i = 0; i < 15; ++i) EXPECT_EQ(take(*readers[i]), std::vector<std::string>{"next"});
}

TEST(FramedLane, ItEndsWhenItIsClosedAndEverythingHasBeenConsumed) {
  Lane lane;
  auto writer = lane.framed_writer();
  auto reader = lane.framed_reader();
  const lane::LaneRecord record = record_of("last");
  writer->put(&record, 1);
  EXPECT_FALSE(reader->ended());
  writer->close();
  EXPECT_TRUE(writer->closed());
  EXPECT_FALSE(reader->ended()) << "closing publishes";
  EXPECT_EQ(take(*reader).size(), 1u);
  EXPECT_TRUE(reader->ended());
  EXPECT_TRUE(reader->drained());
}

TEST(FramedLane, ALaneThatWasCutEndsAtTheCut) {
  Lane lane;
  auto writer = lane.framed_writer();
  auto reader = lane.framed_reader();
  put(*writer, "before");
  core::stop_shard_before(lane.stop_before(), lane.producer().cursor.load());
  lane.producer().closed.store(1);
  put(*writer, "after");
  EXPECT_EQ(take(*reader), std::vector<std::string>{"before"});
  EXPECT_TRUE(reader->ended());
}

// ---- ordinals and watermarks ---------------------------------------------------------------------------------------

TEST(FramedLane, TheBoundIsTheNextRecordAndWithoutOneTheWatermark) {
  Lane lane({.watermarked = true});
  auto writer = lane.framed_writer();
  auto reader = lane.framed_reader();
  EXPECT_EQ(reader->lower_bound(), 0u);
  EXPECT_TRUE(writer->advance(5));
  EXPECT_FALSE(writer->advance(5)) << "it did not move";
  EXPECT_EQ(reader->lower_bound(), 5u);
  put(*writer, "a", 7);
  writer->advance(8);
  EXPECT_EQ(reader->lower_bound(), 7u) << "the record, though nobody peeked at it, and not the watermark after it";
  take(*reader);
  EXPECT_EQ(reader->lower_bound(), 8u);
  writer->close();
  EXPECT_EQ(reader->lower_bound(), core::kNoLimit);
}

TEST(FramedLane, TheBoundLooksPastPadding) {
  Lane lane({.capacity = 64, .watermarked = true});
  auto writer = lane.framed_writer();
  auto reader = lane.framed_reader();
  put(*writer, "12345678", 1);
  put(*writer, "12345678", 2);
  take(*reader);
  put(*writer, "1", 44);
  EXPECT_EQ(reader->lower_bound(), 44u);
  std::vector<lane::LaneRecord> records(1);
  reader->peek(records.data(), 1);
  EXPECT_EQ(reader->lower_bound(), 44u);
}

TEST(FramedLane, ALaneThatIsNotWatermarkedHasNoWatermark) {
  Lane lane;
  EXPECT_FALSE(lane.framed_writer()->advance(9));
  EXPECT_EQ(lane.producer().watermark.load(), 0u);
}

TEST(FramedLane, AnIngressWritesAndItsReaderCountsTheSameOrdinals) {
  Lane lane({.watermarked = true, .counts_ordinals = true, .first_ordinal = 1000, .ordinal_shift = 4});
  auto writer = lane.framed_writer();
  auto reader = lane.framed_reader();
  EXPECT_EQ(reader->lower_bound(), 1000u << 4);
  EXPECT_EQ(writer->published(), 1000u);
  for (int i = 0; i < 3; ++i) {
    ASSERT_NE(writer->try_claim(4), nullptr);
    writer->commit(4, 0);
  }
  EXPECT_EQ(writer->unpublished(), 3u);
  writer->publish();
  EXPECT_EQ(writer->published(), 1003u);
  std::vector<lane::LaneRecord> records(8);
  ASSERT_EQ(reader->peek(records.data(), 8), 3u);
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(records[i].ordinal, (1000 + i) << 4);
    EXPECT_EQ(lane::FramedLayout::ordinal_of(lane.framed(), i * 24), records[i].ordinal);
  }
  reader->consume(2);
  EXPECT_EQ(reader->lower_bound(), 1002u << 4);
  reader->consume(1);
  EXPECT_EQ(reader->lower_bound(), 1003u << 4) << "dense: the next one, though it has not come";
  writer->close();
  EXPECT_EQ(reader->lower_bound(), core::kNoLimit);
}

// ---- adapters ------------------------------------------------------------------------------------------------------

TEST(FramedLane, AnAdapterStopsAtARecordThatItDoesNotTake) {
  Lane lane;
  auto writer = lane.framed_writer();
  auto reader = lane.framed_reader();
  for (const char* text : {"a", "b", "c"}) put(*writer, text);
  std::vector<std::uint64_t> seen;
  const auto until = [&](std::uint64_t stop) {
    return [&seen, stop](std::uint64_t sequence, const core::RecordRef& record) {
      if (sequence == stop) return false;
      seen.push_back(sequence);
      return record.length == 1;
    };
  };
  EXPECT_EQ(reader->consume(8, until(1)), 1u);
  EXPECT_EQ(reader->next(), 1u);
  EXPECT_EQ(reader->consume(1, until(9)), 1u) << "no more than the limit";
  EXPECT_EQ(reader->consume(8, until(9)), 1u);
  EXPECT_TRUE(reader->release());
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{0, 1, 2}));
  EXPECT_EQ(lane.consumer().in.load(), 3);
}

TEST(FramedLane, OneRecordInAThousandIsMeasuredAtEveryReader) {
  Lane lane({.capacity = 1 << 16, .readers = 2, .measures = true});
  auto writer = lane.framed_writer();
  auto one = lane.framed_reader(0);
  auto other = lane.framed_reader(1);
  for (int i = 0; i < 2049; ++i) {
    put(*writer, "x");
    take(*one);
    if (i % 100 == 99) take(*other, 128);
  }
  take(*other, 128);
  EXPECT_EQ(lane.samples(0), 3u) << "records 0, 1024 and 2048";
  EXPECT_EQ(lane.samples(1), 3u);
}

// ---- positions that wrap, and JavaScript ---------------------------------------------------------------------------

constexpr std::uint64_t kFirsts[] = {0, (1ull << 31) - 64, (1ull << 32) - 64, (1ull << 33) - 8,
                                     (1ull << 40) + (1ull << 31) - 40};

// What lib/runtime writes: frames by hand, and the low half of the position.
class JsFrames {
 public:
  explicit JsFrames(Lane& lane) : lane_(lane), next_(lane.shape().first) {}

  bool push(const std::string& text, std::uint32_t flags = 0) {
    const auto length = static_cast<std::uint32_t>(text.size());
    const std::uint32_t to_wrap = lane::FramedLayout::to_wrap(lane_.framed(), next_);
    const std::uint32_t padding = lane::frame_bytes(length) > to_wrap ? to_wrap : 0;
    const std::uint32_t released = lane_.consumer().cell.load();
    const std::uint32_t native = static_cast<std::uint32_t>(lane_.consumer().sequence.load());
    const std::uint32_t gate = lane_.shape().js_reader ? released : native;
    if (static_cast<std::uint32_t>(next_) - gate + padding + lane::frame_bytes(length) > lane_.shape().capacity)
      return false;
    if (padding != 0) raw(padding, abi::kFramePadding, padding);
    std::byte* const at = lane::FramedLayout::at(lane_.framed(), next_);
    if (length != 0) std::memcpy(at + 16, text.data(), length);
    raw(length, flags, lane::frame_bytes(length));
    publish();
    lane_.producer().published.store(lane_.producer().published.load() + 1);
    return true;
  }

  // Any header, and any distance to the next one.
  void raw(std::uint32_t length, std::uint32_t flags, std::uint64_t step) {
    const lane::FrameStart start{length, flags};
    std::memcpy(lane::FramedLayout::at(lane_.framed(), next_), &start, sizeof start);
    next_ += step;
  }

  void publish() { lane_.producer().cell.store(static_cast<std::uint32_t>(next_)); }

 private:
  Lane& lane_;
  std::uint64_t next_;
};

TEST(FramedLane, PositionsNearTheWrapOfACellAreAsGoodAsAny) {
  for (const std::uint64_t first : kFirsts) {
    for (const bool js_writer : {false, true}) {
      Lane lane({.capacity = 96, .js_writer = js_writer, .js_reader = true, .first = first});
      auto writer = lane.framed_writer();
      JsFrames frames(lane);
      auto reader = lane.framed_reader();
      std::mt19937 random(7);
      std::uint64_t pushed = 0;
      std::uint64_t read = 0;
      while (read < 500) {
        const std::string text(pushed * 7 % 33, static_cast<char>('a' + pushed % 26));
        if (js_writer ? frames.push(text) : put(*writer, text)) ++pushed;
        if (random() % 2 == 0) continue;
        for (const std::string& got : take(*reader, 2)) {
          ASSERT_EQ(got, std::string(read * 7 % 33, static_cast<char>('a' + read % 26))) << first;
          ++read;
        }
        lane.consumer().cell.store(static_cast<std::uint32_t>(lane.consumer().sequence.load()));
      }
      EXPECT_FALSE(reader->damaged());
    }
  }
}

struct HostileFrame {
  const char* what;
  std::uint32_t length;
  std::uint32_t flags;
  std::uint32_t published;  // bytes
};

TEST(FramedLane, AFrameThatJavaScriptDamagedIsNeverUsed) {
  const HostileFrame frames[] = {
      {"longer than the maximum", 49, 0, 128},
      {"of 4 GB", 0xffffffff, 0, 128},
      {"whose size wraps to a small one", 0xfffffff0, 0, 128},
      {"that reaches past what is published", 40, 0, 32},
      {"published without its ordinal", 0, 0, 8},
      {"published by a byte", 0, 0, 1},
      {"that reaches past the wrap", 48, 0, 128},
      {"with flags that no record has", 8, 0x10, 128},
      {"that is padding and does not end at the wrap", 8, abi::kFramePadding, 128},
      {"that is padding past the wrap", 256, abi::kFramePadding, 128},
      {"that is padding of nothing", 0, abi::kFramePadding, 128},
      {"that is padding of 4 GB", 0xfffffff8, abi::kFramePadding, 128},
  };
  for (const HostileFrame& frame : frames) {
    // At 80 of 128: 48 bytes before the wrap.
    Lane lane({.capacity = 128, .record_max = 48, .js_writer = true});
    JsFrames js(lane);
    auto reader = lane.framed_reader();
    ASSERT_TRUE(js.push(std::string(24, 'x')));
    ASSERT_TRUE(js.push(std::string(24, 'y')));
    take(*reader);
    js.raw(frame.length, frame.flags, frame.published);
    js.publish();
    std::vector<lane::LaneRecord> records(8);
    EXPECT_EQ(reader->peek(records.data(), 8), 0u) << frame.what;
    EXPECT_TRUE(reader->damaged()) << frame.what;
    EXPECT_FALSE(reader->ended());
    EXPECT_EQ(reader->consume(8, [](std::uint64_t, const core::RecordRef&) { return true; }), 0u);
    lane.producer().closed.store(1);
    EXPECT_FALSE(reader->ended()) << "its role has to fail";
  }
}

TEST(FramedLane, WhatStandsBeforeADamagedFrameIsStillGood) {
  Lane lane({.capacity = 128, .js_writer = true});
  JsFrames js(lane);
  auto reader = lane.framed_reader();
  js.push("good");
  js.raw(0xffffffff, 0, 24);
  js.publish();
  EXPECT_EQ(take(*reader), std::vector<std::string>{"good"});
  EXPECT_TRUE(reader->damaged());
  EXPECT_EQ(lane.consumer().in.load(), 1);
}

TEST(FramedLane, RandomBytesForFramesNeverLeadOutOfTheLane) {
  std::mt19937 random(11);
  for (int round = 0; round < 2000; ++round) {
    Lane lane({.capacity = 256, .js_writer = true, .first = 8 * (random() % 64)});
    for (std::uint32_t i = 0; i < 256; ++i) lane.data()[i] = static_cast<std::byte>(random() % 3 == 0 ? random() : 0);
    lane.producer().cell.store(lane.producer().cell.load() + random() % 512);
    auto reader = lane.framed_reader();
    std::vector<lane::LaneRecord> records(64);
    std::uint32_t count = reader->peek(records.data(), 64);
    for (std::uint32_t i = 0; i < count; ++i) {
      ASSERT_GE(records[i].data, lane.data());
      ASSERT_LE(records[i].data + records[i].length, lane.data() + 256);
    }
    // JavaScript goes on writing while the records are consumed.
    for (std::uint32_t i = 0; i < 256; ++i) lane.data()[i] = static_cast<std::byte>(random());
    reader->consume(count / 2);
    reader->release();
    count = reader->peek(records.data(), 64);
    for (std::uint32_t i = 0; i < count; ++i) ASSERT_LE(records[i].data + records[i].length, lane.data() + 256);
  }
}

}  // namespace
}  // namespace byteor::test

// SequencedSlots lanes with the order of events in the test's hands.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "support/lanes.hpp"

namespace byteor::test {
namespace {

TEST(SlotsLane, CarriesBytesFlagsAndOrdinals) {
  Lane lane({.slots = true, .capacity = 4, .watermarked = true});
  auto writer = lane.slots_writer();
  auto reader = lane.slots_reader();
  ASSERT_TRUE(put(*writer, "a", 3, 1));
  ASSERT_TRUE(put(*writer, "bb", 9, 2));
  std::vector<lane::LaneRecord> records(8);
  ASSERT_EQ(reader->peek(records.data(), 8), 2u);
  EXPECT_EQ(text_of(records[1]), "bb");
  EXPECT_EQ(records[0].flags, 1u);
  EXPECT_EQ(records[0].ordinal, 3u);
  EXPECT_EQ(records[1].ordinal, 9u);
  reader->consume(1);
  reader->consume(1);
  EXPECT_TRUE(reader->release());
  EXPECT_EQ(lane.consumer().in.load(), 2);
  EXPECT_EQ(lane.consumer().bytes.load(), 3);
}

TEST(SlotsLane, ItsCapacityIsExactAndOneSlotIsEnough) {
  for (const std::uint32_t capacity : {1u, 3u, 5u}) {
    for (const std::uint64_t first : {0ull, (1ull << 31) - 2, (1ull << 32) - 2}) {
      Lane lane({.slots = true, .capacity = capacity, .record_max = 8, .first = first});
      auto writer = lane.slots_writer();
      auto reader = lane.slots_reader();
      for (int lap = 0; lap < 20; ++lap) {
        std::uint32_t put_count = 0;
        while (put_count < 8 && put(*writer, "")) ++put_count;
        ASSERT_EQ(put_count, capacity);
        ASSERT_EQ(take(*reader).size(), capacity);
      }
    }
  }
}

TEST(SlotsLane, UnusedGatesNeverHoldTheWriterAndUsedOnesDo) {
  Lane lane({.slots = true, .capacity = 1, .readers = 4});
  auto writer = lane.slots_writer();
  std::vector<std::unique_ptr<lane::SlotsReader>> readers;
  for (std::uint32_t i = 0; i < 4; ++i) readers.push_back(lane.slots_reader(i));
  ASSERT_TRUE(put(*writer, "a"));
  for (std::uint32_t i = 0; i < 4; ++i) {
    EXPECT_FALSE(put(*writer, "b")) << "reader " << i << " has not released";
    take(*readers[i]);
  }
  EXPECT_TRUE(put(*writer, "b"));
}

TEST(SlotsLane, ALaneThatDropsCountsByCause) {
  Lane lane({.slots = true, .capacity = 1, .drops = true});
  auto writer = lane.slots_writer();
  const std::string text(65, 'x');
  const std::vector<lane::LaneRecord> records{record_of(text), record_of("a"), record_of("b")};
  EXPECT_EQ(writer->put(records.data(), 3), 3u);
  writer->publish();
  EXPECT_EQ(lane.producer().published.load(), 1);
  EXPECT_EQ(lane.producer().dropped.load(), 1);
  EXPECT_EQ(lane.producer().too_large.load(), 1);
}

TEST(SlotsLane, TheBoundIsTheNextRecordAndWithoutOneTheWatermark) {
  Lane lane({.slots = true, .capacity = 2, .watermarked = true});
  auto writer = lane.slots_writer();
  auto reader = lane.slots_reader();
  EXPECT_TRUE(writer->advance(5));
  EXPECT_EQ(reader->lower_bound(), 5u);
  put(*writer, "a", 7);
  writer->advance(8);
  EXPECT_EQ(reader->lower_bound(), 7u);
  take(*reader);
  EXPECT_EQ(reader->lower_bound(), 8u);
  writer->close();
  EXPECT_TRUE(reader->ended());
  EXPECT_EQ(reader->lower_bound(), core::kNoLimit);
}

TEST(SlotsLane, AnIngressWritesAndItsReaderCountsTheSameOrdinals) {
  Lane lane({.slots = true,
             .capacity = 4,
             .watermarked = true,
             .counts_ordinals = true,
             .first = (1ull << 32) - 1,
             .first_ordinal = 50,
             .ordinal_shift = 2});
  auto writer = lane.slots_writer();
  auto reader = lane.slots_reader();
  for (int i = 0; i < 3; ++i) {
    ASSERT_NE(writer->try_claim(4), nullptr);
    writer->commit(4, 0);
  }
  writer->publish();
  EXPECT_EQ(writer->published(), 53u);
  std::vector<lane::LaneRecord> records(8);
  ASSERT_EQ(reader->peek(records.data(), 8), 3u);
  for (std::uint64_t i = 0; i < 3; ++i) EXPECT_EQ(records[i].ordinal, (50 + i) << 2);
  EXPECT_EQ(reader->consume(8, [](std::uint64_t sequence, const core::RecordRef&) { return sequence < 2; }), 2u);
  EXPECT_EQ(reader->lower_bound(), 52u << 2);
}

TEST(SlotsLane, ASlotThatJavaScriptDamagedIsNeverUsed) {
  struct Hostile {
    const char* what;
    abi::Slot slot;
  };
  const Hostile all[] = {
      {"longer than the maximum", {0, 0, 65, 0}},
      {"past the arena", {120, 120, 16, 0}},
      {"that begins elsewhere than its reservation", {0, 8, 8, 0}},
      {"with flags that no record has", {0, 0, 8, 0x80}},
  };
  for (const Hostile& hostile : all) {
    Lane lane({.slots = true, .capacity = 4, .js_writer = true});
    auto writer = lane.slots_writer();  // stands for the script: only the slot is then overwritten
    auto reader = lane.slots_reader();
    std::byte* const to = writer->try_claim(8);
    ASSERT_EQ(to, lane.data());
    writer->commit(8, 0);
    lane.slot(0) = hostile.slot;
    lane.producer().cell.store(1);
    std::vector<lane::LaneRecord> records(8);
    EXPECT_EQ(reader->peek(records.data(), 8), 0u) << hostile.what;
    EXPECT_TRUE(reader->damaged()) << hostile.what;
    EXPECT_FALSE(reader->ended());
  }
}

std::vector<std::string> structs_of(std::uint32_t bytes, std::uint32_t count) {
  std::vector<std::string> texts;
  for (std::uint32_t i = 0; i < count; ++i) texts.emplace_back(bytes, static_cast<char>('a' + i % 26));
  return texts;
}

TEST(StructLane, CarriesStructsOverItsExactCapacityAndTheWrap) {
  for (const std::uint32_t bytes : {1u, 8u, 12u, 64u}) {
    for (const std::uint32_t capacity : {1u, 3u, 8u}) {
      for (const std::uint64_t first : {0ull, (1ull << 31) - 2, (1ull << 32) - 2}) {
        Lane lane({.slots = true, .capacity = capacity, .struct_bytes = bytes, .watermarked = true, .first = first});
        auto writer = lane.slots_writer();
        auto reader = lane.slots_reader();
        const std::vector<std::string> texts = structs_of(bytes, 11);
        std::vector<lane::LaneRecord> records;
        for (std::size_t i = 0; i < texts.size(); ++i) records.push_back(record_of(texts[i], 100 + i));
        std::vector<std::string> got;
        while (got.size() < texts.size()) {
          const auto left = static_cast<std::uint32_t>(texts.size() - got.size());
          ASSERT_EQ(writer->put(records.data() + got.size(), left), std::min(capacity, left));
          writer->publish();
          std::vector<lane::LaneRecord> seen(16);
          const std::uint32_t count = reader->peek(seen.data(), 16);
          ASSERT_EQ(count, std::min(capacity, left));
          for (std::uint32_t i = 0; i < count; ++i) {
            EXPECT_EQ(seen[i].ordinal, 100 + got.size());
            got.emplace_back(text_of(seen[i]));
          }
          reader->consume(count);
          ASSERT_TRUE(reader->release());
        }
        EXPECT_EQ(got, texts);
        EXPECT_EQ(lane.producer().bytes.load(), 11.0 * bytes);
        EXPECT_EQ(lane.consumer().bytes.load(), 11.0 * bytes);
      }
    }
  }
}

TEST(StructLane, SpansEndAtTheWrapAndAtWhatThereIs) {
  Lane lane({.slots = true, .capacity = 8, .struct_bytes = 8});
  auto writer = lane.slots_writer();
  auto reader = lane.slots_reader();
  EXPECT_EQ(reader->span(0, 8).count, 0u);
  ASSERT_EQ(writer->try_claim_span(5).count, 5u);
  writer->commit_span(5);
  EXPECT_EQ(writer->unpublished(), 5u);
  EXPECT_EQ(reader->span(0, 8).count, 0u) << "not published";
  writer->publish();
  EXPECT_EQ(writer->try_claim_span(8).count, 3u) << "up to the wrap";
  writer->commit_span(3);
  EXPECT_EQ(writer->try_claim_span(8).count, 0u) << "full";
  writer->publish();
  EXPECT_EQ(reader->span(0, 3).count, 3u);
  reader->consume(3);
  reader->release();
  EXPECT_EQ(writer->try_claim_span(8).count, 3u);
  writer->commit_span(3);
  writer->publish();
  EXPECT_EQ(reader->span(0, 8).count, 5u) << "up to the wrap";
  reader->consume(5);
  EXPECT_EQ(reader->span(0, 8).count, 0u) << "a turn asks the writer for more only once";
  reader->release();
  EXPECT_EQ(reader->span(0, 8).count, 3u);
  reader->consume(3);
  reader->release();
  EXPECT_EQ(lane.consumer().in.load(), 11);
  EXPECT_EQ(lane.consumer().bytes.load(), 88);
}

// A span at a time and one by one, with a writer that asks for lines ahead and stages records.
TEST(StructLane, AWriterForAnotherCpuLeavesTheSameRecords) {
  for (const std::uint32_t bytes : {1u, 8u, 12u, 64u, 200u}) {
    for (const std::uint32_t capacity : {1u, 3u, 64u, 1000u}) {
      Lane lane({.slots = true, .capacity = capacity, .struct_bytes = bytes, .cross_thread = true, .first = 8});
      auto writer = lane.slots_writer();
      auto reader = lane.slots_reader();
      std::uint64_t written = 0;
      std::uint64_t read = 0;
      for (int lap = 0; lap < 5; ++lap) {
        if (lap % 2 == 1) {
          lane::SlotsWriter::Batch batch(*writer);
          while (std::byte* const to = batch.try_claim(bytes)) {
            *to = static_cast<std::byte>(written++);
            batch.commit(bytes, 0, 0);
          }
        }
        for (core::FixedSpan span = writer->try_claim_span(7); span.count != 0; span = writer->try_claim_span(7)) {
          for (std::uint32_t i = 0; i < span.count; ++i) span.data[i * span.stride] = static_cast<std::byte>(written++);
          writer->commit_span(span.count);
        }
        EXPECT_EQ(written - read, capacity);
        writer->publish();
        while (read != written) {
          const core::FixedSpan span = reader->span(0, 1000);
          ASSERT_NE(span.count, 0u);
          for (std::uint32_t i = 0; i < span.count; ++i)
            ASSERT_EQ(span.data[i * span.stride], static_cast<std::byte>(read++)) << bytes << " bytes, " << capacity;
          reader->consume(span.count);
          reader->release();
        }
      }
      EXPECT_EQ(lane.producer().bytes.load(), static_cast<double>(written) * bytes);
    }
  }
}

// The struct number `i`.
TEST(StructLane, ALaneThatDropsCountsByCauseAndGoesOn) {
  Lane lane({.slots = true, .capacity = 2, .struct_bytes = 4, .drops = true});
  auto writer = lane.slots_writer();
  auto reader = lane.slots_reader();
  const std::vector<lane::LaneRecord> records{record_of("aaaa"), record_of("toolong"), record_of("bbbb"),
                                              record_of("cccc"), record_of("dddd")};
  EXPECT_EQ(writer->put(records.data(), 5), 5u);
  writer->publish();
  EXPECT_EQ(lane.producer().published.load(), 2);
  EXPECT_EQ(lane.producer().too_large.load(), 1);
  EXPECT_EQ(lane.producer().dropped.load(), 2);
  EXPECT_EQ(take(*reader), (std::vector<std::string>{"aaaa", "bbbb"}));
}

TEST(StructLane, ALaneThatBlocksStopsBeforeWhatDoesNotFit) {
  Lane lane({.slots = true, .capacity = 4, .struct_bytes = 4});
  auto writer = lane.slots_writer();
  auto reader = lane.slots_reader();
  const std::vector<lane::LaneRecord> records{record_of("aaaa"), record_of("toolong"), record_of("bbbb")};
  EXPECT_EQ(writer->put(records.data(), 3), 1u);
  writer->publish();
  EXPECT_EQ(take(*reader), std::vector<std::string>{"aaaa"});
}

TEST(SlotsLane, BothEndsGiveTheSampledRecordsOneNumberWhereverTheLaneBegins) {
  Lane lane({.slots = true, .capacity = 4, .struct_bytes = 8, .measures = true, .first = 1030});
  auto writer = lane.slots_writer();
  auto reader = lane.slots_reader();
  for (std::uint32_t i = 1030; i != 2049; ++i) {
    ASSERT_TRUE(put(*writer, "12345678"));
    EXPECT_EQ(take(*reader).size(), 1u);
    EXPECT_EQ(lane.samples(), i < 2048 ? 0u : 1u) << i;
  }
}

}  // namespace
}  // namespace byteor::test

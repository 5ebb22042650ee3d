// SequencedSlots lanes with the order of events in the test's hands.
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace byteor::test

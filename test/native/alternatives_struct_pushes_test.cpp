// The rejected way to push structs one by one (bench/alternatives) still does what it was measured doing.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "../../bench/alternatives/struct_pushes.hpp"
#include "support/lanes.hpp"

namespace byteor::test {
namespace {

std::unique_ptr<bench::StructPushes> pushes_into(Lane& lane, const LaneShape& shape) {
  return std::make_unique<bench::StructPushes>(lane.ring(), lane.producer(),
                                               core::Gates(lane.gates(), shape.cross_thread), lane.stamps(),
                                               shape.first, shape.cross_thread);
}

// False while the lane is full.
template <class Record>
bool try_push(bench::StructPushes& pushes, const Record& record) {
  std::byte* const to = pushes.try_claim();
  if (to == nullptr) return false;
  std::memcpy(to, &record, sizeof record);
  pushes.push();
  return true;
}

template <std::size_t kBytes>
std::array<std::uint8_t, kBytes> pushed(std::uint64_t i) {
  std::array<std::uint8_t, kBytes> bytes{};
  for (std::size_t k = 0; k != kBytes; ++k) bytes[k] = static_cast<std::uint8_t>(i * 7 + k);
  return bytes;
}

// Laps of pushes up to a full lane; each record is read before the next one comes, or a lap at a time.
template <std::size_t kBytes>
void expect_pushes(LaneShape shape, bool by_one) {
  shape.struct_bytes = kBytes;
  Lane lane(shape);
  const auto pushes = pushes_into(lane, shape);
  const auto reader = lane.slots_reader();
  const std::uint64_t ahead = 8 * std::max<std::size_t>(1, 64 / ((kBytes + 7) / 8 * 8));
  std::uint64_t written = 0;
  std::uint64_t read = 0;
  const auto read_all = [&] {
    for (std::vector<std::string> texts = take(*reader, 16); !texts.empty(); texts = take(*reader, 16))
      for (const std::string& text : texts)
        ASSERT_EQ(std::memcmp(text.data(), pushed<kBytes>(read++).data(), kBytes), 0) << read;
    ASSERT_EQ(read, written);
  };
  for (int lap = 0; lap != 3; ++lap) {
    bool full = false;
    for (std::uint32_t i = 0; i != 3 * shape.capacity + 5 && !full; ++i) {
      full = written - read == shape.capacity;
      ASSERT_EQ(try_push(*pushes, pushed<kBytes>(written)), !full);
      written += full ? 0 : 1;
      // Never less than what can be read, and not much more.
      ASSERT_GE(lane.producer().published.load(), static_cast<double>(written));
      ASSERT_LE(lane.producer().published.load(), static_cast<double>(written + ahead));
      if (by_one) read_all();
    }
    read_all();
  }
  pushes->close();
  EXPECT_EQ(lane.producer().published.load(), static_cast<double>(written));
  EXPECT_EQ(lane.producer().bytes.load(), static_cast<double>(written * kBytes));
  EXPECT_TRUE(reader->ended());
}

TEST(StructPushes, AreSeenOneByOneAndCountedExactlyWhenTheyEnd) {
  for (const std::uint32_t capacity : {1u, 3u, 64u})
    for (const std::uint64_t first : {0ull, (1ull << 32) - 2})
      for (const bool cross_thread : {false, true})
        for (const bool by_one : {false, true}) {
          const LaneShape shape{
              .slots = true, .capacity = capacity, .measures = true, .cross_thread = cross_thread, .first = first};
          expect_pushes<8>(shape, by_one);
          expect_pushes<12>(shape, by_one);
          expect_pushes<64>(shape, by_one);
          expect_pushes<200>(shape, by_one);
        }
}

TEST(StructPushes, StampTheSampledRecords) {
  for (const std::uint32_t capacity : {4u, 4096u}) {
    const LaneShape shape{.slots = true, .capacity = capacity, .struct_bytes = 8, .measures = true, .first = 1030};
    Lane lane(shape);
    const auto reader = lane.slots_reader();
    const auto pushes = pushes_into(lane, shape);
    for (std::uint32_t i = 1030; i != 4000; ++i) {
      ASSERT_TRUE(try_push(*pushes, std::uint64_t{i}));
      EXPECT_EQ(take(*reader).size(), 1u);
      EXPECT_EQ(lane.samples(), i < 2048 ? 0u : i < 3072 ? 1u : 2u) << i;
    }
  }
}

TEST(StructPushes, ReachAReaderOnAnotherThreadInOrder) {
  for (const std::uint32_t capacity : {3u, 1000u}) {
    const LaneShape shape{
        .slots = true, .capacity = capacity, .struct_bytes = 8, .cross_thread = true, .first = (1ull << 32) - 128};
    Lane lane(shape);
    static constexpr std::uint64_t kCount = 2000;
    std::thread thread([&lane] {
      const auto reader = lane.slots_reader();
      std::uint64_t read = 0;
      while (!reader->ended()) {
        const core::FixedSpan span = reader->span(0, 16);
        for (std::uint32_t k = 0; k < span.count; ++k, ++read) {
          std::uint64_t record = 0;
          std::memcpy(&record, span.data + std::size_t{k} * span.stride, sizeof record);
          if (record != read) ADD_FAILURE() << record << " instead of " << read;
        }
        reader->consume(span.count);
        reader->release();
        if (span.count == 0) std::this_thread::yield();
      }
      EXPECT_EQ(read, kCount);
    });
    const auto pushes = pushes_into(lane, shape);
    for (std::uint64_t next = 0; next < kCount; ++next)
      while (!try_push(*pushes, next)) std::this_thread::yield();
    pushes->close();
    thread.join();
    EXPECT_EQ(lane.producer().published.load(), static_cast<double>(kCount));
  }
}

}  // namespace
}  // namespace byteor::test

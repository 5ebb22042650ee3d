// What a reader of slots knows, and when it asks for more.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <vector>

#include "core/clock.hpp"
#include "core/paced_barrier.hpp"

namespace byteor::core {
namespace {

// A ring of 64 records of 8 bytes, published by a cursor, or by words in the slots.
struct Ring {
  // `stride`: with words, bytes from slot to slot.
  explicit Ring(bool words = false, std::uint32_t stride = 16) : slots(kSlots * stride / 8) {
    memory.slots = reinterpret_cast<std::byte*>(slots.data());
    memory.slot_mask = kSlots - 1;
    memory.capacity = kSlots;
    memory.word_bytes = words ? 8 : 0;
    memory.slot_stride = words ? stride : 8;
    memory.record_bytes = memory.record_max = 8;
    memory.fixed = true;
  }

  PacedBarrier barrier(bool paces, std::uint64_t first = 0) {
    return {memory.word_bytes != 0 ? Barrier(memory, stop_before) : Barrier({SequenceReader(cursor)}, stop_before),
            memory, paces, first};
  }
  void publish(std::uint64_t end) {
    for (std::uint64_t s = cursor.load(); memory.word_bytes != 0 && s != end; ++s)
      FixedLayout::word(memory, s).store(static_cast<std::uint32_t>(s + 1));
    cursor.store(end);
  }

  static constexpr std::uint32_t kSlots = 64;
  std::vector<std::uint64_t> slots;
  RingMemory memory;
  std::atomic<std::uint64_t> cursor{0};
  std::atomic<std::uint64_t> stop_before{kNoLimit};
};

TEST(PacedBarrier, AsksOnlyWhenAllThatIsKnownHasBeenRead) {
  Ring ring;
  PacedBarrier barrier = ring.barrier(false);
  EXPECT_EQ(barrier.available(0, 8, true), 0u);
  ring.publish(10);
  EXPECT_EQ(barrier.available(0, 8, true), 8u);
  EXPECT_EQ(barrier.known(), 10u);
  ring.publish(20);
  EXPECT_EQ(barrier.available(8, 8, true), 10u) << "it has not asked again";
  EXPECT_EQ(barrier.available(10, 8, true), 18u);
  EXPECT_EQ(barrier.known(), 20u);
}

TEST(PacedBarrier, WordsAreReadNoFurtherThanIsAskedFor) {
  Ring ring(true);
  PacedBarrier barrier = ring.barrier(false);
  ring.publish(30);
  EXPECT_EQ(barrier.available(0, 8, true), 8u);
  EXPECT_EQ(barrier.known(), 8u);
  EXPECT_EQ(barrier.available(8, 64, true), 30u);
}

TEST(PacedBarrier, NothingPastTheEndOfTheShardIsEverKnown) {
  for (const bool words : {false, true}) {
    Ring ring(words);
    PacedBarrier barrier = ring.barrier(false);
    ring.publish(30);
    ring.stop_before.store(12);
    EXPECT_EQ(barrier.available(0, 64, true), 12u);
    EXPECT_EQ(barrier.available(12, 64, true), 12u);
  }
}

TEST(PacedBarrier, WhatIsForgottenIsAskedForAgain) {
  Ring ring;
  PacedBarrier barrier = ring.barrier(false);
  ring.publish(30);
  EXPECT_EQ(barrier.available(0, 64, true), 30u);
  ring.stop_before.store(5);
  barrier.forget(5);
  EXPECT_EQ(barrier.available(5, 64, true), 5u);
}

// Takes what `barrier` shows from `next` on, as soon as it looks.
std::uint64_t take(PacedBarrier& barrier, std::uint64_t next) {
  std::uint64_t end = next;
  while (end == next) end = barrier.available(next, 64, true);
  return end;
}

// How long it puts a look off after ten looks that found ten records each.
double pause_of(Ring ring) {
  PacedBarrier barrier = ring.barrier(true);
  for (std::uint64_t read = 0; read != 100; read += 10) {
    ring.publish(read + 10);
    EXPECT_EQ(take(barrier, read), read + 10);
  }
  return barrier.pause_ns();
}

TEST(PacedBarrier, PutsNoLookOffAtSlotsThatAreALineWithTheirWord) {
  EXPECT_EQ(pause_of(Ring(true, 16)), 0);
  EXPECT_EQ(pause_of(Ring(true, 64)), 0);
  EXPECT_EQ(pause_of(Ring(false)), Pace::kMostNs);
}

TEST(PacedBarrier, PutsLooksAtWordsOffHalfAsLongBecauseTheyBringTheSlots) {
  EXPECT_EQ(pause_of(Ring(true, 128)), Pace::kMostNs / 2);
}

TEST(PacedBarrier, PutsLooksThatFindSomeOffAndReturnsAtOnce) {
  constexpr int kLooks = 200;
  Ring ring;
  PacedBarrier barrier = ring.barrier(true);
  const double begin = now_ns();
  std::uint64_t turns = 0;
  for (std::uint64_t i = 1; i != kLooks; ++i) {
    ring.publish(10 * i);
    std::uint64_t end = 10 * (i - 1);
    for (; end == 10 * (i - 1); ++turns) {
      end = barrier.available(end, 64, true);
      EXPECT_EQ(barrier.backs_off(), end == 10 * (i - 1));
    }
    EXPECT_EQ(end, 10 * i);
  }
  EXPECT_GE(now_ns() - begin, kLooks * Pace::kMostNs / 2) << "all but the first few are put off as long as any may be";
  EXPECT_GT(turns, 2 * kLooks) << "its thread had turns meanwhile";
}

TEST(PacedBarrier, LooksAtOnceAfterItsThreadHasEndedTheBackoff) {
  Ring ring;
  PacedBarrier barrier = ring.barrier(true);
  for (std::uint64_t i = 1; i != 1000; ++i) {
    ring.publish(10 * i);
    barrier.end_backoff();
    EXPECT_EQ(barrier.available(10 * (i - 1), 64, true), 10 * i);
    EXPECT_FALSE(barrier.backs_off());
  }
}

TEST(PacedBarrier, APutOffLookIsForgottenWithTheNextOne) {
  Ring ring;
  PacedBarrier barrier = ring.barrier(true);
  ring.publish(10);
  EXPECT_EQ(take(barrier, 0), 10u);
  ring.publish(20);
  EXPECT_EQ(take(barrier, 10), 20u);
  EXPECT_FALSE(barrier.backs_off());
}

}  // namespace
}  // namespace byteor::core

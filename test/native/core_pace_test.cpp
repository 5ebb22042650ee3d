// When a reader lets time pass between two looks, and that it never does so for more than it says.
#include <gtest/gtest.h>

#include <cstdint>

#include "core/clock.hpp"
#include "core/pace.hpp"

namespace byteor::core {
namespace {

constexpr std::uint64_t kFew = 32;
constexpr std::uint64_t kCapacity = 32768;
constexpr std::uint64_t kMany = 512;

Pace at_most() {
  Pace pace(kFew, kCapacity);
  for (int i = 0; i < 10; ++i) pace.found(kMany);
  return pace;
}

TEST(Pace, LooksAtOnceUntilLooksFindMore) {
  Pace pace(kFew, kCapacity);
  EXPECT_EQ(pace.pause_ns(), 0);
  pace.found(0);
  pace.found(kFew);
  EXPECT_EQ(pace.pause_ns(), 0) << "a slow writer";
  pace.found(kFew + 1);
  EXPECT_EQ(pace.pause_ns(), Pace::kLeastNs);
  pace.found(kMany);
  EXPECT_EQ(pace.pause_ns(), 2 * Pace::kLeastNs);
  EXPECT_EQ(at_most().pause_ns(), Pace::kMostNs);
}

TEST(Pace, WhatIsEnoughIsNotWaitedForLonger) {
  Pace pace(kFew, kCapacity);
  pace.found(Pace::kEnoughBytes);
  EXPECT_EQ(pace.pause_ns(), 0);
  pace.found(kMany);
  pace.found(Pace::kEnoughBytes);
  EXPECT_EQ(pace.pause_ns(), Pace::kLeastNs);
}

TEST(Pace, ASlowWriterAndAFullLaneEndIt) {
  for (const std::uint64_t found : {std::uint64_t{0}, kFew, kCapacity / 2 + 1, kCapacity}) {
    Pace pace = at_most();
    double before = pace.pause_ns();
    for (int looks = 0; pace.pause_ns() != 0; ++looks) {
      ASSERT_LT(looks, 8) << found;
      pace.found(found);
      EXPECT_LT(pace.pause_ns(), before) << found;
      before = pace.pause_ns();
    }
  }
}

TEST(Pace, ALaneOfAFewRecordsIsNeverWaitedFor) {
  Pace pace(kFew, 2 * kFew);
  for (std::uint64_t found = 0; found <= 2 * kFew; found += 8) {
    pace.found(found);
    EXPECT_EQ(pace.pause_ns(), 0) << found;
  }
}

TEST(Pace, PutsALookOffFromTheLastOneOnAndNotAgain) {
  Pace pace = at_most();
  const double looked = now_ns();
  pace.found(kMany);
  while (pace.is_early()) {
  }
  EXPECT_GE(now_ns() - looked, Pace::kMostNs);
  EXPECT_FALSE(pace.is_early()) << "a pause that is over is over";
}

TEST(Pace, IsNeverEarlyOnceItHasBeenEnded) {
  Pace pace = at_most();
  pace.found(kMany);
  pace.end();
  EXPECT_FALSE(pace.is_early());
  pace.found(0);
  EXPECT_FALSE(pace.is_early()) << "a look that finds nothing begins no pause";
}

}  // namespace
}  // namespace byteor::core

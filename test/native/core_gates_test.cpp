// What a writer learns from its looks at its readers: how far they are, and how far away.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <vector>

#include "core/gates.hpp"

namespace byteor::core {
namespace {

constexpr double kNear = Distance::kCrossCoreNs / 2;
constexpr double kFar = Distance::kCrossCoreNs * 2;

TEST(Distance, IsFarUntilALineComesSoon) {
  Distance distance;
  EXPECT_TRUE(distance.cross_core());
  distance.took(kFar);
  EXPECT_TRUE(distance.cross_core());
  Distance near;
  near.took(kNear);
  EXPECT_FALSE(near.cross_core());
}

TEST(Distance, FollowsACpuThatMoves) {
  Distance distance;
  for (int move = 0; move != 3; ++move) {
    for (int i = 0; i != Distance::kSurely; ++i) distance.took(kNear);
    ASSERT_FALSE(distance.cross_core());
    for (int i = 1; i != Distance::kSurely; ++i) distance.took(kFar);
    EXPECT_FALSE(distance.cross_core());
    distance.took(kFar);
    EXPECT_TRUE(distance.cross_core());
    for (int i = 0; i != 100; ++i) distance.took(Distance::kCrossCoreNs);
    EXPECT_TRUE(distance.cross_core()) << "a long stay makes it no slower to move";
  }
}

TEST(Distance, OneLookInThreeThatIsNotLikeTheOthersChangesNothing) {
  Distance near;
  for (int i = 0; i != Distance::kSurely; ++i) near.took(kNear);
  Distance far;
  for (int i = 0; i != Distance::kSurely; ++i) far.took(kFar);
  for (int i = 0; i != 300; ++i) {
    near.took(i % 3 == 0 ? 1e6 : kNear);
    far.took(i % 3 == 0 ? 0 : kFar);
    ASSERT_FALSE(near.cross_core());
    ASSERT_TRUE(far.cross_core());
  }
}

TEST(Gates, TheSlowestReaderIsFound) {
  std::atomic<std::uint64_t> wide{5};
  std::atomic<std::uint32_t> cell{7};
  for (const bool cross_thread : {false, true}) {
    Gates gates({SequenceReader(wide), SequenceReader(cell)}, cross_thread);
    std::uint64_t known = 0;
    for (std::uint64_t sequence = 10; sequence != 200'000; sequence += 10) {
      wide.store(sequence);
      cell.store(static_cast<std::uint32_t>(sequence - 3));
      known = gates.look(known, kNoLimit);
      ASSERT_EQ(known, sequence - 3);
      EXPECT_EQ(gates.look(known, kNoLimit), known) << "nobody has moved";
    }
  }
}

TEST(Gates, WhoRunsOnTheSameCpuIsNeverFar) {
  std::atomic<std::uint64_t> sequence{0};
  Gates together({SequenceReader(sequence)});
  Gates cross_thread({SequenceReader(sequence)}, true);
  EXPECT_FALSE(together.cross_core());
  EXPECT_TRUE(cross_thread.cross_core()) << "nothing is known yet";
}

}  // namespace
}  // namespace byteor::core

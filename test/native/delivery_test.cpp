// What is delivered of an ingress's records, asked of lanes and shards whose cells the test writes; and, with threads
// that publish and release as roles do, that no answer is ever ahead of what has been delivered.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "graph/lane_delivery.hpp"
#include "graph/ring_delivery.hpp"

namespace byteor::graph {
namespace {

using Written = std::atomic<std::uint64_t>;

// A lane of frames of 8 bytes, with up to two readers.
struct PlayedLane {
  void publish(std::uint64_t records) {
    producer.published.store(static_cast<double>(records), std::memory_order_relaxed);
    producer.cursor.store(records * 8, std::memory_order_seq_cst);
  }
  void release(std::uint64_t records, std::size_t reader = 0) {
    readers[reader].in.store(static_cast<double>(records), std::memory_order_relaxed);
    readers[reader].sequence.store(records * 8, std::memory_order_seq_cst);
  }
  DeliveryHop hop(std::size_t count = 1) {
    DeliveryHop made{.writer = core::SequenceReader(producer.cursor), .producer = &producer, .readers = {}};
    for (std::size_t i = 0; i != count; ++i) made.readers.push_back({core::SequenceReader(readers[i].sequence)});
    return made;
  }

  abi::ProducerBlock producer{};
  abi::ConsumerBlock readers[2]{};
};

TEST(LaneDelivery, PassesALaneOnceAllItsReadersHaveReleasedWhatItsWriterHadPublished) {
  PlayedLane lane;
  LaneDelivery delivery({lane.hop(2)}, 4);
  lane.publish(10);
  EXPECT_EQ(delivery.arrived(10), 0u);
  lane.release(10, 0);
  lane.release(9, 1);
  EXPECT_EQ(delivery.arrived(10), 0u);
  lane.release(10, 1);
  EXPECT_EQ(delivery.arrived(10), 10u);
}

TEST(LaneDelivery, FollowsWhatHasBeenMadeOfTheRecordsIntoTheLaneBehind) {
  PlayedLane first;
  PlayedLane second;
  LaneDelivery delivery({first.hop(), second.hop()}, 4);
  first.publish(10);
  EXPECT_EQ(delivery.arrived(10), 0u);
  second.publish(4);  // the other six were filtered
  first.release(10);
  EXPECT_EQ(delivery.arrived(10), 0u);
  second.publish(7);
  second.release(4);
  EXPECT_EQ(delivery.arrived(10), 10u);
}

TEST(LaneDelivery, AnswersAnEarlierCountWhileALaterOneIsHeld) {
  PlayedLane lane;
  LaneDelivery delivery({lane.hop()}, 4);
  lane.publish(3);
  EXPECT_EQ(delivery.arrived(3), 0u);
  lane.publish(8);
  EXPECT_EQ(delivery.arrived(8), 0u);
  lane.release(5);
  EXPECT_EQ(delivery.arrived(8), 3u);
  lane.release(8);
  EXPECT_EQ(delivery.arrived(8), 8u);
}

TEST(LaneDelivery, ACountForWhichThereIsNoPlaceArrivesWhenItIsAskedForAgain) {
  PlayedLane lane;
  LaneDelivery delivery({lane.hop()}, 2);
  for (std::uint64_t records = 1; records <= 3; ++records) {
    lane.publish(records);
    EXPECT_EQ(delivery.arrived(records), 0u);
  }
  lane.release(3);
  EXPECT_EQ(delivery.arrived(3), 3u);
}

TEST(LaneDelivery, NeverPassesARecordThatStoppedThePipeline) {
  PlayedLane lane;
  DeliveryHop hop = lane.hop();
  hop.readers.front().stopped = &lane.readers[0].stopped;
  LaneDelivery delivery({hop}, 4);
  lane.publish(3);
  EXPECT_EQ(delivery.arrived(3), 0u);
  lane.publish(4);
  EXPECT_EQ(delivery.arrived(4), 0u);
  // The fourth fails: it is counted, and given back.
  lane.release(3);
  lane.readers[0].stopped.store(1);
  lane.release(4);
  EXPECT_EQ(delivery.arrived(4), 3u);
}

TEST(LaneDelivery, WaitsForWhatTheAdapterOfEveryEgressHasWritten) {
  PlayedLane lane;
  Written counts[2]{};
  const Written* written[2] = {&counts[0], &counts[1]};
  DeliveryHop hop = lane.hop(2);
  for (std::size_t i = 0; i != 2; ++i) hop.readers[i].written = &written[i];
  LaneDelivery delivery({hop}, 4);
  lane.publish(5);
  lane.release(5, 0);
  lane.release(5, 1);
  counts[1] = 5;
  EXPECT_EQ(delivery.arrived(5), 0u);
  counts[0] = 5;
  EXPECT_EQ(delivery.arrived(5), 5u);
}

TEST(LaneDelivery, EndsAtWhatAJournalPromisesAndNotAtWhatItsAgentHasTaken) {
  PlayedLane lane;
  std::atomic<double> durable{100};
  DeliveryHop hop = lane.hop();
  hop.durable = &durable;
  hop.opened_at = 100;
  LaneDelivery delivery({hop}, 4);
  lane.publish(5);
  lane.release(5);
  EXPECT_EQ(delivery.arrived(5), 0u);
  durable = 105;
  EXPECT_EQ(delivery.arrived(5), 5u);
}

TEST(LaneDelivery, WidensTheCellsOfJavaScriptAtBothEnds) {
  PlayedLane first;
  PlayedLane second;
  const std::uint64_t from = (std::uint64_t{1} << 32) - 16;
  const auto low = [](std::uint64_t position) { return static_cast<std::uint32_t>(position); };
  DeliveryHop in = first.hop();
  in.writer = core::SequenceReader(first.producer.cell);
  DeliveryHop out = second.hop();
  out.readers.front().position = core::SequenceReader(second.readers[0].cell);
  first.readers[0].sequence = from;
  second.producer.cursor = from + 24;
  second.readers[0].cell = low(from);
  LaneDelivery delivery({in, out}, 4);
  first.producer.cell = low(from + 24);
  EXPECT_EQ(delivery.arrived(3), 0u);
  first.readers[0].sequence = from + 24;
  second.readers[0].cell = low(from + 16);
  EXPECT_EQ(delivery.arrived(3), 0u);
  second.readers[0].cell = low(from + 24);
  EXPECT_EQ(delivery.arrived(3), 3u);
}

TEST(LaneDelivery, IsNeverAheadOfThreadsThatPublishBeforeTheyRelease) {
  constexpr std::uint64_t kRecords = 20000;
  PlayedLane first;
  PlayedLane second;
  Written pushed{0};
  LaneDelivery delivery({first.hop(), second.hop()}, 8);
  std::thread role([&] {
    for (std::uint64_t done = 0; done != kRecords;) {
      const std::uint64_t there = first.producer.cursor.load() / 8;
      if (there == done) continue;
      second.publish(there);
      first.release(there);
      done = there;
    }
  });
  std::thread egress([&] {
    for (std::uint64_t done = 0; done != kRecords;) {
      done = second.producer.cursor.load() / 8;
      second.release(done);
    }
  });
  // This thread is the ingress, and asks.
  std::uint64_t arrived = 0;
  for (std::uint64_t records = 0; arrived != kRecords;) {
    if (records != kRecords) first.publish(++records);
    const std::uint64_t told = delivery.arrived(records);
    EXPECT_GE(told, arrived);
    EXPECT_LE(told * 8, second.readers[0].sequence.load());
    arrived = told;
  }
  role.join();
  egress.join();
}

// The egress of a ring of two shards.
struct PlayedRing {
  RingEgress egress(std::size_t shard, std::uint64_t first = 0) {
    return {.released = core::SequenceReader(shards[shard].sequence),
            .near = &stage.sequence,
            .first = first,
            .shards = {&shards[0], &shards[1]},
            .written = &written};
  }
  void release(std::size_t shard, std::uint64_t sequence, std::uint64_t given) {
    shards[shard].in.store(static_cast<double>(given), std::memory_order_relaxed);
    shards[shard].sequence.store(sequence, std::memory_order_seq_cst);
  }

  abi::ConsumerBlock stage{};
  abi::ConsumerBlock shards[2]{};
  const Written* written = nullptr;
};

TEST(RingDelivery, TellsWhatTheEgressHasReleased) {
  PlayedRing ring;
  ring.shards[0].sequence = 1000;
  RingDelivery delivery(ring.egress(0, 1000), {}, 4);
  EXPECT_EQ(delivery.arrived(7), 0u);
  ring.release(0, 1005, 3);
  EXPECT_EQ(delivery.arrived(7), 5u);
}

TEST(RingDelivery, WaitsUntilTheAdapterHasWrittenWhatAllShardsHadGiven) {
  PlayedRing ring;
  Written count{0};
  ring.written = &count;
  RingDelivery delivery(ring.egress(0), {}, 4);
  ring.release(1, 9, 9);
  ring.release(0, 5, 4);  // one was filtered
  EXPECT_EQ(delivery.arrived(5), 0u);
  count = 12;
  EXPECT_EQ(delivery.arrived(5), 0u);
  ring.release(0, 8, 7);
  EXPECT_EQ(delivery.arrived(8), 0u);
  count = 13;
  EXPECT_EQ(delivery.arrived(8), 5u);
  count = 16;
  EXPECT_EQ(delivery.arrived(8), 8u);
}

TEST(RingDelivery, WidensTheCellOfAnEgressOfJavaScript) {
  PlayedRing ring;
  const std::uint64_t from = (std::uint64_t{1} << 32) - 2;
  RingEgress egress = ring.egress(0, from);
  egress.released = core::SequenceReader(ring.shards[0].cell);
  ring.stage.sequence = from + 6;
  ring.shards[0].cell = static_cast<std::uint32_t>(from + 5);
  RingDelivery delivery(egress, {}, 4);
  EXPECT_EQ(delivery.arrived(6), 5u);
}

TEST(RingDelivery, IsNeverAheadOfAnAdapterThatWritesLater) {
  constexpr std::uint64_t kRecords = 20000;
  PlayedRing ring;
  Written count{0};
  ring.written = &count;
  RingDelivery delivery(ring.egress(0), {}, 8);
  std::thread adapter([&] {
    for (std::uint64_t taken = 1; taken <= kRecords; ++taken) {
      ring.release(taken % 2, (taken + 1) / 2, (taken + 1) / 2);
      if (taken % 3 == 0 || taken == kRecords) count.store(taken, std::memory_order_release);
    }
  });
  // Of the records that the adapter writes, every second one is this shard's.
  for (std::uint64_t arrived = 0; arrived != kRecords / 2;) {
    const std::uint64_t told = delivery.arrived(kRecords / 2);
    EXPECT_GE(told, arrived);
    EXPECT_LE(told, count.load() / 2);
    arrived = told;
  }
  adapter.join();
}

}  // namespace
}  // namespace byteor::graph

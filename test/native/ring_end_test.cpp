// How a shard ends, with the order of events in the test's hands: a close from another thread, a failed record, what is
// left when everybody has stopped.
#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "support/hand_graph.hpp"
#include "support/js_ports.hpp"
#include "support/plan_layout.hpp"
#include "support/spec_builder.hpp"

namespace byteor::test {
namespace {

using abi::MatchCode;
using abi::OpCode;

Options tiny_options() {
  Options options;
  options.capacity = 16;
  options.record_max = 64;
  options.arena_bytes = 2048;
  options.pin = false;
  return options;
}

std::vector<std::byte> chain_of_two() { return SpecBuilder::build({{{"a"}, {"b", OpCode::kCount, {0}}}}); }

TEST(RingEnd, AStageThatHasEndedAndOneThatHasNotAgreeWhereTheShardEnds) {
  HandGraph ring(chain_of_two(), tiny_options());
  ring.push_js("one");
  ring.work_all();
  ring.graph().close_js_ingress(0);
  ASSERT_TRUE(ring.stage(0).done());
  // The owner of the ingress, on its own thread, had looked at `closed` before and publishes once more.
  ring.push_js("late");
  ring.stage(1).do_work();
  EXPECT_TRUE(ring.stage(1).done()) << "its thread would wait for a record that the stage before it never passes on";
  core::RecordConsumer& egress = *ring.graph().consumers()[0];
  egress.consume(16, [](std::uint64_t, const core::RecordRef&) { return true; });
  egress.release();
  EXPECT_TRUE(egress.drained());
  ring.graph().settle();
  EXPECT_EQ(ring.graph().producer_block(0).published.load(), 2);
  EXPECT_EQ(ring.egress_block().in.load(), 2);
  EXPECT_EQ(ring.egress_block().out.load(), 1);
  EXPECT_EQ(ring.egress_block().abandoned.load(), 1);
}

TEST(RingEnd, ACloseByTheOwnerOfTheIngressIsNotCutShortByALaterOneFromElsewhere) {
  HandGraph ring(chain_of_two(), tiny_options());
  ring.push_js("one");
  ring.graph().producer_block(0).closed.store(1, std::memory_order_seq_cst);
  ring.graph().close_js_ingress(0);
  EXPECT_EQ(ring.graph().ring_block(0).stop_before.load(), core::kNoLimit);
  ring.work_all();
  EXPECT_TRUE(ring.stage(0).done());
  EXPECT_TRUE(ring.stage(1).done());
  EXPECT_EQ(ring.block(1).in.load(), 1);
}

TEST(RingEnd, ACloseAfterAFailureDoesNotMoveTheEndPastTheFailedRecord) {
  HandGraph ring(SpecBuilder::build({{{"r", OpCode::kReject, {}, "bad", MatchCode::kEquals}}}), tiny_options());
  for (const char* record : {"good", "bad", "good"}) ring.push_js(record);
  ring.work_all();
  ASSERT_EQ(ring.failures().size(), 1u);
  ring.graph().close_js_ingress(0);
  EXPECT_EQ(ring.graph().ring_block(0).stop_before.load(), 1u);
  EXPECT_TRUE(ring.stage(0).done());
}

TEST(RingEnd, AStageWhoseRecordFailedIsShownAsFailedForEver) {
  HandGraph ring(SpecBuilder::build({{{"r", OpCode::kReject, {}, "bad", MatchCode::kEquals}}}), tiny_options());
  ring.push_js("bad");
  ring.work_all();
  ASSERT_EQ(ring.failures().size(), 1u);
  EXPECT_EQ(ring.failures()[0].sequence, 0u);
  EXPECT_TRUE(ring.stage(0).done());
  EXPECT_EQ(ring.stage(0).do_work(), 0u);
  EXPECT_EQ(ring.graph().agent_entry(1).state.load(), static_cast<std::uint32_t>(abi::AgentState::kFailed));
}

TEST(RingEnd, AStageWhoseRecordFailedDoesNotWorkOnWhatItKnewToComeBehindIt) {
  HandGraph ring(SpecBuilder::build({{{"r", OpCode::kReject, {}, "bad", MatchCode::kEquals}}}), tiny_options());
  for (const char* record : {"good", "bad", "good", "bad"}) ring.push_js(record);
  EXPECT_EQ(ring.stage(0).do_work(), 2u) << "the good one, and that it has failed";
  for (int turn = 0; turn != 3; ++turn) EXPECT_EQ(ring.stage(0).do_work(), 0u);
  EXPECT_EQ(ring.failures().size(), 1u);
  EXPECT_EQ(ring.block(0).in.load(), 2);
  EXPECT_EQ(ring.block(0).sequence.load(), 1u);
}

TEST(RingEnd, WhatAnyStageBeforeFilteredIsNotAbandonedByTheStagesAfterIt) {
  const RingSpec spec{{{"first", OpCode::kFilter, {}, "keep", MatchCode::kContains},
                       {"second", OpCode::kFilter, {0}, "keep", MatchCode::kContains},
                       {"third", OpCode::kCount, {1}}}};
  HandGraph ring(SpecBuilder::build(spec), tiny_options());
  for (const char* record : {"keep", "drop", "drop", "keep"}) ring.push_js(record);
  while (ring.stage(0).do_work() != 0) {
  }
  // The second filter has seen nothing yet, so its marks say nothing about these records; the first one's do.
  ring.graph().settle();
  for (std::uint32_t entry = 1; entry <= 3; ++entry) {
    EXPECT_EQ(ring.block(entry).skipped.load(), 2) << "entry " << entry;
    EXPECT_EQ(ring.block(entry).abandoned.load(), 2) << "entry " << entry;
    EXPECT_EQ(ring.block(entry).in.load(), 2) << "entry " << entry;
  }
}

TEST(RingEnd, APipelineThatWasClosedBeforeItStartedIsStillClosed) {
  auto pipeline = open_pipeline(chain_of_two(), tiny_options());
  pipeline->close_ingress();
  pipeline->start();
  EXPECT_EQ(RegionView(*pipeline).header().state.load(), static_cast<std::uint32_t>(abi::RegionState::kClosing));
  pipeline->halt();
}

TEST(RingPublication, ARecordPublishedByItsWordCarriesItsStampBeforeThePublicationOfTheCursor) {
  RingSpec spec{{{"a"}, {"b", OpCode::kIdentity, {0}}}};
  spec.struct_bytes = 8;
  Options options;
  options.capacity = 4;
  options.words = true;
  HandGraph ring(SpecBuilder::build(spec), options, abi::PortCode::kNative);
  core::RecordProducer& producer = *ring.graph().producers()[0];
  ASSERT_NE(producer.try_claim(8), nullptr);
  producer.commit(8, 0);
  ASSERT_EQ(ring.stage(0).do_work(), 1u) << "the word alone publishes the record";
  const auto* counts = reinterpret_cast<const std::uint32_t*>(
      reinterpret_cast<const std::byte*>(&ring.graph().header()) + ring.graph().agent_entry(1).histogram_offset);
  EXPECT_EQ(counts[abi::kHistogramCounts - 1], 0u) << "the hop was measured against a stamp that was never written";
  EXPECT_EQ(std::accumulate(counts, counts + abi::kHistogramCounts, 0u), 1u);
}

TEST(RingMemory, AnEmptyRecordWhoseRoomBeforeItEndsWithTheArenaIsStillBehindThatRoom) {
  const RingSpec spec{{{"p", OpCode::kPrepend, {}, "<<<<<<<<"}}};
  Options options;
  options.capacity = 64;
  options.record_max = 56;
  options.arena_bytes = 128;
  HandGraph ring(SpecBuilder::build(spec), options, abi::PortCode::kNative);
  core::RecordProducer& producer = *ring.graph().producers()[0];
  for (int i = 0; i < 16; ++i) {
    ASSERT_NE(producer.try_claim(0), nullptr);
    producer.commit(0, 0);
  }
  ASSERT_EQ(producer.try_claim(0), nullptr) << "sixteen reservations of eight bytes fill the arena to its last byte";
  producer.publish();
  ring.work_all();
  std::vector<std::string> delivered;
  ring.graph().consumers()[0]->consume(64, [&](std::uint64_t, const core::RecordRef& record) {
    delivered.emplace_back(reinterpret_cast<const char*>(record.data), record.length);
    return true;
  });
  EXPECT_EQ(delivered, std::vector<std::string>(16, "<<<<<<<<"));
}

// ---- what JavaScript wrote ------------------------------------------------------------------------------------------

class DamagedSlot : public testing::TestWithParam<const char*> {};

void damage(abi::Slot& slot, const std::string& how) {
  if (how == "longer than the record maximum") slot.length = 65;
  if (how == "longer than the arena") slot.length = 0xffffffff;
  if (how == "before its reservation") slot.start -= 1;
  if (how == "after its reservation") slot.start += 8;
  if (how == "over the end of the arena") slot.start = (slot.position = 2040) + 3;
  if (how == "anywhere") slot = {0x12345678, 0x9abcdef0, 0x7fffffff, 0};
}

TEST_P(DamagedSlot, FailsItsRecordInsteadOfBeingRead) {
  for (const OpCode op : {OpCode::kIdentity, OpCode::kChecksum, OpCode::kPrepend, OpCode::kFilter}) {
    StageSpec first{"first", op};
    if (op == OpCode::kFilter) first.match = MatchCode::kContains;
    if (op == OpCode::kPrepend || op == OpCode::kFilter) first.text = "r";
    const RingSpec spec{{first, {"p", OpCode::kPrepend, {0}, "<<<"}, {"c", OpCode::kChecksum, {1}}}};
    HandGraph ring(SpecBuilder::build(spec), tiny_options());
    ring.push_js("right record");
    damage(ring.write_js("wrong record"), GetParam());
    ring.push_js("right record");
    ring.work_all();
    ASSERT_EQ(ring.failures().size(), 1u);
    EXPECT_EQ(ring.failures()[0].agent, 1u);
    EXPECT_EQ(ring.failures()[0].sequence, 1u);
    EXPECT_EQ(ring.failures()[0].cause,
              "the header of the record does not lie within what was claimed for it, so it was overwritten: write only "
              "to the bytes of the claim, and not after it has been committed");
    std::vector<std::uint32_t> lengths;
    ring.graph().consumers()[0]->consume(16, [&](std::uint64_t, const core::RecordRef& record) {
      lengths.push_back(record.length);
      return true;
    });
    EXPECT_EQ(lengths, std::vector<std::uint32_t>{op == OpCode::kPrepend ? 16u : 15u});
  }
}

INSTANTIATE_TEST_SUITE_P(Hostile, DamagedSlot,
                         testing::Values("longer than the record maximum", "longer than the arena",
                                         "before its reservation", "after its reservation", "over the end of the arena",
                                         "anywhere"));

}  // namespace
}  // namespace byteor::test

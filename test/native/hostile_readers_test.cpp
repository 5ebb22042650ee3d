// What each reader of the region does when JavaScript has written over what it reads, with the order of events in the
// test's hands. hostile_region_test.cpp does it at random.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/gates.hpp"
#include "graph/observed_end.hpp"
#include "lane/ordered_merge_role.hpp"
#include "platform/wake.hpp"
#include "support/hand_graph.hpp"
#include "support/js_ports.hpp"
#include "support/lanes.hpp"
#include "support/lines.hpp"
#include "support/plan_layout.hpp"
#include "support/spec_builder.hpp"
#include "support/temp_folder.hpp"
#include "support/watchdog.hpp"

namespace byteor::test {
namespace {

using abi::MatchCode;
using abi::OpCode;
using namespace std::chrono_literals;

Options tiny_options() {
  Options options;
  options.capacity = 16;
  options.record_max = 64;
  options.arena_bytes = 2048;
  options.pin = false;
  return options;
}

constexpr abi::Slot kAnywhere{0x12345678, 0x9abcdef0, 0x7fffffff, 0};

// ---- rings ---------------------------------------------------------------------------------------------------------

class LaterStage : public testing::TestWithParam<OpCode> {};

TEST_P(LaterStage, FailsARecordWhoseSlotWasWrittenOverAfterTheFirstStageHadJudgedIt) {
  StageSpec later{"later", GetParam(), {0}};
  if (later.op == OpCode::kFilter || later.op == OpCode::kReject) later.match = MatchCode::kContains;
  if (later.op != OpCode::kChecksum) later.text = "x";
  HandGraph ring(SpecBuilder::build({{{"first"}, later}}), tiny_options());
  ring.push_js("right record");
  abi::Slot& slot = ring.write_js("wrong record");
  ring.publish_js();
  ring.stage(0).do_work();
  slot = kAnywhere;
  ring.work_all();
  ASSERT_EQ(ring.failures().size(), 1u);
  EXPECT_EQ(ring.failures()[0].agent, 2u);
  EXPECT_EQ(ring.failures()[0].sequence, 1u);
  EXPECT_EQ(ring.failures()[0].cause, core::kDamagedRecord);
  ring.graph().settle();
  EXPECT_EQ(ring.block(1).failed.load(), 1);
  EXPECT_EQ(ring.egress_block().in.load() + ring.egress_block().skipped.load(), 2);
}

INSTANTIATE_TEST_SUITE_P(Ops, LaterStage,
                         testing::Values(OpCode::kChecksum, OpCode::kPrepend, OpCode::kAppend, OpCode::kFilter,
                                         OpCode::kReject));

TEST(HostileRing, AStageThatWritesNeedsRoomOfItsOwnWhateverTheSlotSays) {
  HandGraph ring(SpecBuilder::build({{{"first"}, {"later", OpCode::kAppend, {0}, "0123456789"}}}), tiny_options());
  abi::Slot& slot = ring.write_js("a record");
  ring.publish_js();
  ring.stage(0).do_work();
  slot.position = slot.start = 2048 - 8;  // fits the arena, and nothing behind it does
  ring.work_all();
  ASSERT_EQ(ring.failures().size(), 1u);
  EXPECT_EQ(ring.failures()[0].agent, 2u);
}

TEST(HostileRing, ANativeEgressFailsThePipelineWhereASlotWasWrittenOver) {
  HandGraph ring(SpecBuilder::build({{{"only"}}}), tiny_options(), abi::PortCode::kJs, abi::PortCode::kDiscard);
  ring.push_js("right record");
  abi::Slot& slot = ring.write_js("wrong record");
  ring.publish_js();
  ring.stage(0).do_work();
  slot = kAnywhere;
  ring.work_all();
  ASSERT_EQ(ring.failures().size(), 1u);
  EXPECT_EQ(ring.failures()[0].agent, 2u);
  EXPECT_EQ(ring.failures()[0].sequence, 1u);
  EXPECT_TRUE(ring.graph().agents().back().agent->done()) << "its thread would never end";
  ring.graph().settle();
  EXPECT_EQ(ring.egress_block().out.load(), 1);
  EXPECT_EQ(ring.egress_block().abandoned.load(), 1);
}

TEST(HostileRing, SettlingCountsNoFurtherThanTheRingIsLong) {
  for (const std::uint32_t value : {0u, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
    HandGraph ring(SpecBuilder::build({{{"a"}, {"b", OpCode::kCount, {0}}}}), tiny_options(), abi::PortCode::kJs,
                   abi::PortCode::kJs);
    ring.push_js("one");
    ring.work_all();
    ring.graph().producer_block(0).cell.store(value);
    ring.egress_block().cell.store(value + 0x40000000u);
    ring.block(1).sequence.store(~std::uint64_t{0} - value);
    const auto begin = std::chrono::steady_clock::now();
    ring.graph().close_js_ingress(0);
    ring.graph().settle();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s) << value;
    EXPECT_LE(ring.egress_block().abandoned.load(), 16) << value;
  }
}

// ---- gates ---------------------------------------------------------------------------------------------------------

TEST(HostileGates, BelieveNoReaderThatWentBackOrIsAheadOfTheWriter) {
  std::atomic<std::uint64_t> wide{100};
  std::atomic<std::uint32_t> cell{100};
  core::Gates gates({core::SequenceReader(wide)});
  core::Gates js({core::SequenceReader(cell)});
  EXPECT_EQ(gates.look(90, 120), 100u);
  EXPECT_EQ(js.look(90, 120), 100u);
  for (const std::uint64_t hostile : {std::uint64_t{0}, std::uint64_t{89}, std::uint64_t{121}, core::kNoLimit}) {
    wide.store(hostile);
    cell.store(static_cast<std::uint32_t>(hostile));
    EXPECT_EQ(gates.look(90, 120), 90u) << hostile;
    EXPECT_EQ(js.look(90, 120), 90u) << hostile;
  }
}

// ---- lanes ---------------------------------------------------------------------------------------------------------

class HostileLane : public testing::TestWithParam<bool> {
 protected:
  static void write_over(Lane& lane, std::uint64_t sequence, std::uint64_t position) {
    if (lane.shape().slots)
      lane.slot(sequence) = kAnywhere;
    else
      *reinterpret_cast<std::uint32_t*>(lane.data() + position) = 0x7fffffff;
  }
};

TEST_P(HostileLane, OfANativeWriterIsJudgedAsOneOfJavaScript) {
  Lane lane({.slots = GetParam()});
  const auto writer = lane.writer();
  const auto reader = lane.reader();
  put(*writer, "right", 1);
  put(*writer, "wrong", 2);
  write_over(lane, 1, lane::frame_bytes(5));
  EXPECT_EQ(take(*reader), std::vector<std::string>{"right"});
  EXPECT_TRUE(reader->damaged());
  EXPECT_FALSE(reader->ended()) << "a role would end as if all was well";
}

TEST_P(HostileLane, WhatPeekDescribedIsWhatIsConsumed) {
  Lane lane({.slots = GetParam()});
  const auto writer = lane.writer();
  const auto reader = lane.reader();
  for (const char* text : {"one", "two", "three"}) put(*writer, text);
  std::vector<lane::LaneRecord> records(8);
  ASSERT_EQ(reader->peek(records.data(), 8), 3u);
  const std::uint32_t first = lane::frame_bytes(3);
  write_over(lane, 0, 0);
  write_over(lane, 1, first);
  reader->consume(1);
  reader->consume(1);
  EXPECT_TRUE(reader->release());
  EXPECT_EQ(take(*reader), std::vector<std::string>{"three"}) << "the reader went by a header that was read twice";
  EXPECT_EQ(lane.consumer().in.load(), 3);
  EXPECT_EQ(lane.consumer().bytes.load(), 11);
}

INSTANTIATE_TEST_SUITE_P(Kinds, HostileLane, testing::Bool());

TEST(HostileOrder, AnOrderedMergeFailsWhereOrdinalsDoNotGrow) {
  for (const std::uint64_t hostile : {std::uint64_t{0}, core::kNoLimit, core::kNoLimit - 1}) {
    Lane first({.watermarked = true});
    Lane second({.watermarked = true});
    Lane out;
    RoleSite site;
    lane::RoleContext context = site.context();
    context.inlets.push_back(first.inlet_end());
    context.inlets.push_back(second.inlet_end());
    context.outlets.push_back(out.outlet_end());
    lane::OrderedMergeRole merge(std::move(context));
    const auto writer = first.writer();
    const auto other = second.writer();
    put(*writer, "one", 1);
    put(*writer, "two", 2);
    put(*other, "three", 3);
    *reinterpret_cast<std::uint64_t*>(first.data() + lane::frame_bytes(3) + 8) = hostile;
    const Watchdog watchdog(20s, [] { return "the merge chooses for ever"; });
    for (int turn = 0; turn < 8; ++turn) merge.do_work();
    ASSERT_EQ(site.failures.all().size(), 1u) << hostile;
    EXPECT_EQ(site.failures.all()[0].cause, core::kDamagedRecord);
  }
}

TEST(HostileOrder, AWatermarkThatWasWrittenOverDoesNotEndALane) {
  Lane lane({.watermarked = true});
  const auto writer = lane.writer();
  const auto reader = lane.reader();
  lane.producer().watermark.store(core::kNoLimit);
  EXPECT_LT(reader->lower_bound(), core::kNoLimit);
  writer->close();
  EXPECT_EQ(reader->lower_bound(), core::kNoLimit);
}

// ---- sleeping and waking -------------------------------------------------------------------------------------------

TEST(HostileSleep, NativeThreadsWakeEachOtherWhateverStandsInTheRegion) {
  for (const std::size_t descriptors : {0u, 1u}) {
    std::atomic<std::uint32_t> armed{0}, word{0}, shown{0};
    platform::Sleeper sleeper(armed, word, descriptors, &shown);
    std::atomic<bool> there{false};
    const Watchdog watchdog(20s, [] { return "the sleeper was not woken"; });
    std::thread thread([&] {
      sleeper.arm();
      if (!there.load()) sleeper.sleep();
    });
    while (shown.load() == 0) std::this_thread::yield();
    shown.store(0);
    there.store(true);
    sleeper.wake();
    thread.join();
  }
}

class SleepingPipeline : public testing::Test {
 protected:
  // lines ──▶ a ──▶ JavaScript, which reads nothing: the ring is full, and the only thread sleeps.
  void SetUp() override {
    std::string text;
    for (int i = 0; i < 1000; ++i) text += "a line of text\n";
    Options options = tiny_options();
    options.threads = 1;
    options.wait = run::WaitStrategy::kPark;
    run::PortOptions in;
    in.id = "in";
    in.port = abi::PortCode::kNative;
    in.adapter = "lines";
    in.config = {{"path", temp_.write("input", text)}};
    options.ports = {in};
    pipeline_ = open_pipeline(SpecBuilder::build({{{"a"}}}), options);
    pipeline_->start();
    wait_until([&] { return thread().armed.load() == 1; });
  }

  abi::ThreadBlock& thread() {
    const RegionView view(*pipeline_);
    return view.at<abi::ThreadBlock>(view.header().threads_offset);
  }

  template <class Holds>
  static void wait_until(Holds holds) {
    while (!holds()) std::this_thread::sleep_for(1ms);
  }

  const Watchdog watchdog_{60s, [] { return "somebody sleeps who should have been woken"; }};
  TempFolder temp_;
  std::shared_ptr<run::Pipeline> pipeline_;
};

TEST_F(SleepingPipeline, HaltsAlthoughItsArmedCellWasWrittenOver) {
  thread().armed.store(0);
  pipeline_->halt();
  EXPECT_TRUE(pipeline_->threads_ended());
}

TEST_F(SleepingPipeline, GoesOnWhenAPortIsGivenBackWhoseOwnerEndedBetweenItsStoreAndItsWake) {
  ASSERT_TRUE(pipeline_->take_port("out"));
  std::atomic<std::uint32_t> events{0};
  const std::uint64_t token = pipeline_->add_listener([&](std::uint32_t more) { events |= more; });
  const RegionView view(*pipeline_);
  const abi::RingBlock& ring = view.ring(0);
  auto& egress = view.at<abi::ConsumerBlock>(ring.egress_offset);
  const auto& cursor = view.at<abi::ProducerBlock>(ring.producer_offset).cursor;
  wait_until([&] { return cursor.load() == 16; });
  // Gives room back, exchanges the cell, and is gone.
  egress.cell.store(8);
  thread().armed.store(0);
  pipeline_->give_back_port("out");
  wait_until([&] { return cursor.load() == 24; });
  EXPECT_EQ(events.load() & (run::kEventRecords | run::kEventRoom | run::kEventDurable),
            run::kEventRecords | run::kEventRoom | run::kEventDurable)
      << "another environment may sleep on what was to be told it";
  pipeline_->remove_listener(token);
  pipeline_->halt();
}

TEST_F(SleepingPipeline, TellsItsStatusWhateverStandsInTheTables) {
  abi::RegionHeader& header = RegionView(*pipeline_).header();
  header.agent_count = header.thread_count = 0xffffffff;
  header.agents_offset = header.threads_offset = std::uint64_t{1} << 60;
  header.observable_bytes = std::uint64_t{1} << 50;
  EXPECT_NE(pipeline_->status().find("\"agents\":[\"in\",\"a\"]"), std::string::npos) << pipeline_->status();
  EXPECT_LT(pipeline_->observable().size(), pipeline_->region().size());
  pipeline_->halt();
}

}  // namespace
}  // namespace byteor::test

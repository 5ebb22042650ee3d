// What becomes of records that fail in a stage of a ring: whom a mark keeps them from, what passes in its slot, and
// that a stage whose letter has no room stays where it is.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "op/reject.hpp"
#include "op/set_field.hpp"
#include "ring/stage_agent.hpp"
#include "support/hand_graph.hpp"
#include "support/letters.hpp"
#include "support/plan_layout.hpp"
#include "support/ring_fixture.hpp"
#include "support/ring_stage.hpp"
#include "support/spec_builder.hpp"
#include "support/watchdog.hpp"

namespace byteor::test {
namespace {

using abi::FailureCause;
using abi::MatchCode;
using abi::OnErrorCode;
using abi::OpCode;
using Texts = std::vector<std::string>;

Options sixteen_slots() {
  Options options;
  options.capacity = 16;
  options.record_max = 64;
  options.arena_bytes = 2048;
  options.pin = false;
  return options;
}

StageSpec rejecting(const std::string& id, OnErrorCode on_error, std::vector<std::uint32_t> dependencies = {},
                    const std::string& text = "bad") {
  StageSpec stage{id, OpCode::kReject, std::move(dependencies), text, MatchCode::kContains};
  stage.on_error = on_error;
  return stage;
}

Texts delivered(HandGraph& ring) {
  Texts texts;
  core::RecordConsumer& egress = *ring.graph().consumers()[0];
  egress.consume(64, [&](std::uint64_t, const core::RecordRef& record) {
    texts.emplace_back(op::bytes_of(record));
    return true;
  });
  egress.release();
  return texts;
}

// Pushes, works, and answers what the egress was given.
Texts run(HandGraph& ring, std::initializer_list<const char*> records) {
  for (const char* record : records) ring.push_js(record);
  ring.work_all();
  return delivered(ring);
}

void expect_ledger(HandGraph& ring) {
  ring.graph().settle();
  const auto entries = static_cast<std::uint32_t>(ring.graph().description().entries.size());
  const double published = ring.graph().producer_block(0).published.load();
  for (std::uint32_t entry = 0; entry <= entries; ++entry)
    EXPECT_EQ(published, ring.block(entry).in.load() + ring.block(entry).skipped.load()) << entry;
  for (std::uint32_t entry = 0; entry < entries; ++entry) expect_stage_ledger(ring.block(entry));
}

TEST(RingFailedRecords, DroppedOnesAreSkippedBehindTheStageAndSeenBesideIt) {
  //        ┌─▶ drops ─▶ counts ─┐
  // in ────┤                    ├─▶ out
  //        └─▶ sees ────────────┘
  HandGraph ring(
      SpecBuilder::build(
          {{rejecting("drops", OnErrorCode::kDrop), {"sees", OpCode::kCount}, {"counts", OpCode::kCount, {0}}}}),
      sixteen_slots());
  EXPECT_EQ(run(ring, {"a", "bad1", "b", "bad2", "c"}), (Texts{"a", "b", "c"}));
  EXPECT_TRUE(ring.failures().empty());
  EXPECT_EQ(ring.block(0).dropped.load(), 2);
  EXPECT_EQ(ring.block(0).out.load(), 3);
  EXPECT_EQ(ring.block(1).in.load(), 5);
  EXPECT_EQ(ring.block(2).in.load(), 3);
  EXPECT_EQ(ring.block(2).skipped.load(), 2);
  EXPECT_EQ(cause_of(ring.block(0), FailureCause::kRejected), 2);
  expect_ledger(ring);
}

TEST(RingFailedRecords, MarksAreMadeAnewInEverySlot) {
  HandGraph ring(SpecBuilder::build({{rejecting("drops", OnErrorCode::kDrop), {"counts", OpCode::kCount, {0}}}}),
                 sixteen_slots());
  EXPECT_EQ(run(ring, {"bad", "bad", "bad", "bad", "bad", "bad", "bad", "bad"}), Texts{});
  EXPECT_EQ(run(ring, {"a", "a", "a", "a", "a", "a", "a", "a"}).size(), 8u);
  EXPECT_EQ(run(ring, {"b", "b", "bad", "b", "b", "b", "b", "b"}).size(), 7u) << "slots of the first turn";
  EXPECT_EQ(ring.block(0).dropped.load(), 9);
  expect_ledger(ring);
}

TEST(RingFailedRecords, AMarkCarriesWhatWasMarkedBefore) {
  HandGraph ring(SpecBuilder::build({{{"keeps", OpCode::kFilter, {}, "k", MatchCode::kContains},
                                      rejecting("drops", OnErrorCode::kDrop, {0}),
                                      {"counts", OpCode::kCount, {1}}}}),
                 sixteen_slots());
  EXPECT_EQ(run(ring, {"k1", "no", "k bad", "k2"}), (Texts{"k1", "k2"}));
  EXPECT_EQ(ring.block(1).skipped.load(), 1);
  EXPECT_EQ(ring.block(2).skipped.load(), 2);
  expect_ledger(ring);
}

TEST(RingFailedRecords, PassedOnesStayInTheirSlotsAndNothingIsMarked) {
  HandGraph ring(SpecBuilder::build({{rejecting("passes", OnErrorCode::kPass), {"counts", OpCode::kCount, {0}}}}),
                 sixteen_slots());
  EXPECT_EQ(ring.graph().description().mark_count, 0u);
  EXPECT_EQ(run(ring, {"a", "bad", "b"}), (Texts{"a", "bad", "b"}));
  EXPECT_EQ(ring.block(0).passed_failed.load(), 1);
  EXPECT_EQ(ring.block(0).out.load(), 3);
  EXPECT_EQ(ring.block(0).failed.load(), 0);
  expect_ledger(ring);
}

TEST(RingFailedRecords, AStopBehindAStageThatDropsIsInEveryLedger) {
  HandGraph ring(SpecBuilder::build(
                     {{rejecting("drops", OnErrorCode::kDrop), rejecting("stops", OnErrorCode::kStop, {0}, "worse")}}),
                 sixteen_slots());
  EXPECT_EQ(run(ring, {"a", "bad", "b", "worse", "bad", "c"}), (Texts{"a", "b"}));
  ASSERT_EQ(ring.failures().size(), 1u);
  EXPECT_EQ(ring.failures()[0].sequence, 3u);
  EXPECT_EQ(ring.block(1).stopped.load(), 1);
  expect_ledger(ring);
  EXPECT_EQ(ring.block(1).skipped.load(), 2) << "the drop behind the failure was marked as well";
}

TEST(RingFailedRecords, OneThatJavaScriptDamagedStopsThePipelineWhateverThePolicyIs) {
  for (const OnErrorCode code : {OnErrorCode::kDrop, OnErrorCode::kPass}) {
    HandGraph ring(SpecBuilder::build({{rejecting("stage", code)}}), sixteen_slots());
    ring.write_js("a");
    ring.write_js("b").length = 1u << 20;
    ring.publish_js();
    ring.work_all();
    EXPECT_EQ(delivered(ring), Texts{"a"});
    EXPECT_EQ(ring.failures().size(), 1u);
    EXPECT_EQ(ring.block(0).stopped.load(), 1);
    EXPECT_EQ(cause_of(ring.block(0), FailureCause::kDamaged), 1);
    expect_ledger(ring);
  }
}

TEST(RingFailedRecords, AnOpThatCannotFailHasNoPlane) {
  StageSpec counts{"counts", OpCode::kCount};
  counts.on_error = OnErrorCode::kDrop;
  EXPECT_EQ(graph::decode_ring(SpecBuilder::build({{counts}})).mark_count, 0u);
}

// ---- letters -------------------------------------------------------------------------------------------------------

// One stage behind a producer that it gates, in the place of the fixture's consumer.
template <class Layout, class Op>
struct Lettered : RingStage {
  Lettered(const RingShape& shape, const typename Op::Config& config, LaneShape letters_shape = {})
      : ring(shape), letters(letters_shape), op(config) {
    ring::StageContext context = this->context(ring);
    context.on_error = letters.policy(OnErrorCode::kDeadLetter);
    agent = std::make_unique<ring::StageAgent<Layout, Op>>(std::move(context), op);
  }
  abi::AgentState state() const { return static_cast<abi::AgentState>(entry.state.load()); }
  const abi::ConsumerBlock& block() const { return ring.consumer_block; }

  RingFixture ring;
  Letters letters;
  Op op;
  std::unique_ptr<ring::StageAgent<Layout, Op>> agent;
};

using RejectStage = Lettered<core::VariableLayout, op::RejectOp>;

const op::Condition kBad{MatchCode::kContains, false, "bad"};

TEST(RingFailedRecords, ALetterHasTheRecordOfTheSlot) {
  RejectStage stage({}, kBad);
  for (const char* record : {"a", "bad one", "b"}) ASSERT_TRUE(stage.ring.push(record, abi::TerminatorCode::kCrLf));
  EXPECT_EQ(stage.agent->do_work(), 2u) << "one that fails ends a turn";
  EXPECT_EQ(stage.agent->do_work(), 1u);
  EXPECT_EQ(stage.ring.consumer_block.sequence.load(), 3u);
  const std::vector<Letter> letters = stage.letters.take();
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].record, "bad one");
  EXPECT_EQ(letters[0].sequence, 1u);
  EXPECT_EQ(letters[0].agent, 3u);
  EXPECT_EQ(letters[0].flags, static_cast<std::uint32_t>(abi::TerminatorCode::kCrLf));
  EXPECT_NE(letters[0].message.find("bad one"), std::string::npos);
  EXPECT_EQ(stage.marks[0], 0);
  EXPECT_EQ(stage.marks[1], 1);
  EXPECT_EQ(stage.marks[2], 0);
  expect_stage_ledger(stage.block());
  EXPECT_EQ(stage.block().dead_lettered.load(), 1);
  EXPECT_EQ(stage.agent->do_work(), 0u);
  stage.ring.producer_block.closed.store(1);
  EXPECT_EQ(stage.agent->do_work(), 1u) << "the end of the letters: their reader may sleep for it";
  EXPECT_TRUE(stage.letters.ended());
  EXPECT_TRUE(stage.agent->done());
  EXPECT_EQ(stage.agent->do_work(), 0u);
}

TEST(RingFailedRecords, TheSequenceDoesNotMovePastARecordWhoseLetterHasNoRoom) {
  // One letter fills its lane.
  RejectStage stage({.capacity = 8}, kBad, {.capacity = 256, .record_max = 240});
  for (const char* record : {"a", "bad1", "b", "bad2", "c"}) ASSERT_TRUE(stage.ring.push(record));
  EXPECT_EQ(stage.agent->do_work(), 2u);
  EXPECT_EQ(stage.agent->do_work(), 1u);
  for (int turn = 0; turn != 3; ++turn) {
    EXPECT_EQ(stage.agent->do_work(), 0u);
    EXPECT_EQ(stage.state(), abi::AgentState::kStalled);
    EXPECT_EQ(stage.entry.waits_for.load(), Letters::kReader);
    EXPECT_EQ(stage.ring.consumer_block.sequence.load(), 3u);
    EXPECT_EQ(stage.block().in.load(), 3);
    EXPECT_EQ(stage.block().failed.load(), 1);
    EXPECT_FALSE(stage.agent->done());
  }
  for (int i = 0; i != 7; ++i) EXPECT_EQ(stage.ring.push("d"), i < 6) << "the producer is held up behind it";
  EXPECT_EQ(stage.letters.take().at(0).sequence, 1u);
  EXPECT_EQ(stage.agent->do_work(), 1u) << "its letter is on its way";
  EXPECT_EQ(stage.agent->do_work(), 1u) << "what it knew of";
  EXPECT_EQ(stage.agent->do_work(), 6u);
  EXPECT_EQ(stage.state(), abi::AgentState::kWorking);
  EXPECT_EQ(stage.letters.take().at(0).record, "bad2");
  EXPECT_EQ(stage.block().out.load(), 9);
  EXPECT_EQ(stage.block().dead_lettered.load(), 2);
  expect_stage_ledger(stage.block());
}

TEST(RingFailedRecords, AnOpThatWritesDecidesBeforeSoThatALetterHasTheStructAsItCame) {
  op::FieldWrite add;
  add.write = abi::FieldWriteCode::kAdd;
  add.kind = abi::FieldCode::kU8;
  add.length = 1;
  add.bits = 200;
  add.name = "f";
  Lettered<core::FixedLayout, op::AddFieldOp> stage({.record_bytes = 4}, add);
  for (const std::string& record : {std::string("\x01\x02\x03\x04", 4), std::string("\xf0\x06\x07\x08", 4)})
    ASSERT_TRUE(stage.ring.push(record));
  EXPECT_EQ(stage.agent->do_work(), 2u);
  const std::vector<Letter> letters = stage.letters.take();
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].record, "\xf0\x06\x07\x08");
  const std::byte* const first = core::FixedLayout::at(stage.ring.memory(), 0);
  EXPECT_EQ(std::to_integer<int>(first[0]), 201);
  EXPECT_EQ(std::memcmp(core::FixedLayout::at(stage.ring.memory(), 1), "\xf0\x06\x07\x08", 4), 0);
}

TEST(RingFailedRecords, ALetterThatItsLaneNeverTakesStopsTheShardThere) {
  RejectStage stage({}, kBad, {.capacity = 1024, .record_max = 64});
  for (const char* record : {"a", "bad", "b"}) ASSERT_TRUE(stage.ring.push(record));
  EXPECT_EQ(stage.agent->do_work(), 2u) << "one record, and that it has failed";
  ASSERT_EQ(stage.failures.all().size(), 1u);
  EXPECT_NE(stage.failures.all()[0].cause.find("and the lane of letters takes at most 64"), std::string::npos);
  EXPECT_EQ(stage.ring.stop_before.load(), 1u);
  EXPECT_EQ(stage.block().stopped.load(), 1);
  EXPECT_TRUE(stage.agent->done());
  EXPECT_TRUE(stage.letters.ended());
}

// Producer, stage and reader of letters on a thread each, a lane of letters that is always full: none is lost, none is
// written twice, and no slot is reused before its letter stands in the lane.
TEST(RingFailedRecords, LettersOfARingThatNeverRestsAreWhole) {
  constexpr std::uint64_t kRecords = 2'000;
  const Watchdog watchdog(std::chrono::seconds(60));
  RejectStage stage({.capacity = 16}, kBad, {.capacity = 512, .record_max = 400});
  const auto text = [](std::uint64_t n) { return (n % 3 == 0 ? "bad" : "k") + std::to_string(n); };
  std::thread producer([&] {
    for (std::uint64_t n = 0; n != kRecords;) {
      if (stage.ring.push(text(n)))
        ++n;
      else
        std::this_thread::yield();
    }
    stage.ring.producer_block.closed.store(1);
  });
  std::thread worker([&] {
    while (!stage.agent->done()) {
      if (stage.agent->do_work() == 0) std::this_thread::yield();
    }
  });
  std::uint64_t next = 0;
  while (!stage.letters.ended()) {
    for (const Letter& letter : stage.letters.take(2)) {
      EXPECT_EQ(letter.sequence, next);
      EXPECT_EQ(letter.record, text(next));
      next += 3;
    }
    std::this_thread::yield();
  }
  producer.join();
  worker.join();
  EXPECT_GE(next, kRecords);
  expect_stage_ledger(stage.block());
  EXPECT_EQ(stage.block().in.load(), static_cast<double>(kRecords));
}

}  // namespace
}  // namespace byteor::test

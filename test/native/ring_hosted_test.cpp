// Stages of a ring whose records a host works on (op/hosted.hpp), in the shipped agent: what an answer does to a slot,
// whom a mark keeps it from, what a slot cannot take, and what is left where the host ends the pipeline. At the end,
// the same over a whole ring as its builder makes it.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "op/hosted.hpp"
#include "ring/batch_agent.hpp"
#include "support/fake_host.hpp"
#include "support/hand_graph.hpp"
#include "support/letters.hpp"
#include "support/plan_layout.hpp"
#include "support/ring_fixture.hpp"
#include "support/ring_stage.hpp"
#include "support/spec_builder.hpp"

namespace byteor::test {
namespace {

using abi::AgentState;
using abi::FailureCause;
using abi::OnErrorCode;
using HostAnswer = op::Host::Answer;
using HostEnd = op::Host::End;
using Texts = std::vector<std::string>;

struct HostedRingShape {
  RingShape ring = {};
  HostSizes host = {};
  OnErrorCode on_error = OnErrorCode::kStop;
  LaneShape letters = {};
  std::uint32_t batch_records = 64;
  bool filters = true;  // it has marks of its own
};

// One stage behind a producer that it gates, in the place of the fixture's consumer.
template <class Layout>
struct HostedStage : RingStage {
  explicit HostedStage(const HostedRingShape& shape = {})
      : ring(shape.ring), letters(shape.letters), host(shape.host), op(shape.ring.tailroom, shape.batch_records, 1) {
    ring::StageContext context = this->context(ring);
    if (!shape.filters) context.own_marks = nullptr;
    context.on_error = letters.policy(shape.on_error);
    context.batch_records = shape.batch_records;
    agent = std::make_unique<ring::BatchAgent<Layout, op::HostedOp>>(std::move(context), op);
    op.stand_at({.in_slot = true});
    op.set_host(&host);
  }

  void push_all(std::initializer_list<const char*> texts) {
    for (const char* text : texts) ASSERT_TRUE(ring.push(text));
  }
  void work() {
    while (agent->do_work() != 0) {
    }
  }
  AgentState state() const { return static_cast<AgentState>(entry.state.load()); }
  const abi::ConsumerBlock& block() const { return ring.consumer_block; }
  std::string slot(std::uint64_t sequence) {
    core::RecordRef record{};
    EXPECT_TRUE(core::load_record(ring.memory(), sequence, record));
    return {reinterpret_cast<const char*>(record.data), record.length};
  }
  // Those that no mark keeps from who comes behind the stage.
  Texts behind() {
    Texts texts;
    for (std::uint64_t s = 0; s != agent->next(); ++s)
      if (marks[s & ring.memory().slot_mask] == 0) texts.push_back(slot(s));
    return texts;
  }
  void expect_failure(std::uint64_t sequence, const std::string& cause) {
    EXPECT_TRUE(agent->done());
    EXPECT_EQ(state(), AgentState::kFailed);
    ASSERT_EQ(failures.all().size(), 1u);
    EXPECT_EQ(failures.all()[0].sequence, sequence);
    EXPECT_EQ(failures.all()[0].cause, cause);
    EXPECT_EQ(ring.stop_before.load(), sequence);
    EXPECT_EQ(block().sequence.load(), sequence);
    expect_stage_ledger(block());
  }

  RingFixture ring;
  Letters letters;
  FakeHost host;
  op::HostedOp op;
  std::unique_ptr<ring::BatchAgent<Layout, op::HostedOp>> agent;
};

using HostedRecords = HostedStage<core::VariableLayout>;
using HostedStructs = HostedStage<core::FixedLayout>;

// ---- answers -------------------------------------------------------------------------------------------------------

TEST(HostedRing, EachAnswerStaysInItsSlotOrIsMarked) {
  HostedRecords stage;
  stage.host.does([](FakeHost& host, std::uint32_t records) -> HostAnswer {
    FakeHost::answer_all(host, records);
    host.emit(3, {"d"});
    host.emit(4, {});
    return {HostEnd::kAnswered, records};
  });
  stage.push_all({"a", "!b", "-", "four", "e", "", "f"});
  EXPECT_EQ(stage.agent->do_work(), 7u);
  EXPECT_EQ(stage.block().sequence.load(), 7u);
  EXPECT_EQ(stage.behind(), (Texts{"a", "!B", "d", "", "f"}));
  EXPECT_EQ(stage.slot(2), "-");
  EXPECT_EQ(stage.block().in.load(), 7);
  EXPECT_EQ(stage.block().filtered.load(), 2);
  EXPECT_EQ(stage.block().out.load(), 5);
  expect_stage_ledger(stage.block());
  EXPECT_EQ(stage.agent->do_work(), 0u);
  EXPECT_EQ(stage.state(), AgentState::kWaiting);
  stage.ring.producer_block.closed.store(1);
  EXPECT_TRUE(stage.agent->done());
  EXPECT_EQ(stage.state(), AgentState::kDone);
  EXPECT_EQ(stage.host.calls, 1u);
}

TEST(HostedRing, ARecordGrowsIntoTheRoomOfItsSlotAndNoFurther) {
  HostedRecords stage({.ring = {.tailroom = 3}});
  stage.host.does([](FakeHost& host, std::uint32_t records) -> HostAnswer {
    EXPECT_EQ(host.row(0).room, 5u);
    host.change(0, "abcde");
    host.emit(1, {"fghij"});
    host.emit(2, {"0123456789"});
    return {HostEnd::kAnswered, records};
  });
  stage.push_all({"ab", "fg", "01"});
  stage.work();
  EXPECT_EQ(stage.behind(), (Texts{"abcde", "fghij"}));
  EXPECT_EQ(stage.slot(2), "01") << "as it came";
  stage.expect_failure(2,
                       "the op made a record of 10 bytes of one of 2, and its stage has room for 3 more; raise room of "
                       "the stage");
}

TEST(HostedRing, AStructKeepsItsSize) {
  HostedStructs stage({.ring = {.record_bytes = 4}});
  stage.host.does([](FakeHost& host, std::uint32_t records) -> HostAnswer {
    host.change(0, "ABCD");
    host.filter(1);
    host.change(2, "abc");
    return {HostEnd::kAnswered, records};
  });
  stage.push_all({"abcd", "efgh", "ijkl"});
  stage.work();
  EXPECT_EQ(stage.behind(), Texts{"ABCD"});
  stage.expect_failure(2,
                       "the op made a record of 3 bytes of one of 4, but every record here is a struct of that size; "
                       "make records of that size");
}

TEST(HostedRing, ASlotHoldsOneRecord) {
  HostedRecords stage;
  stage.push_all({"a", "b,c", "d"});
  stage.work();
  EXPECT_EQ(stage.behind(), Texts{"a"});
  EXPECT_EQ(stage.slot(1), "b,c") << "as it came: no element has been written";
  stage.expect_failure(1,
                       "the stage's function made more than one record of one, which a slot of a ring cannot hold; "
                       "return one at most, or use a LaneGraph");
}

TEST(HostedRing, AStageThatDoesNotFilterRefusesAFilteredRecord) {
  HostedRecords stage({.filters = false});
  stage.push_all({"a", "-", "b"});
  stage.work();
  EXPECT_EQ(stage.slot(0), "a");
  stage.expect_failure(
      1, "the op filtered a record, and its stage does not say that it filters; declare filters in the plan");
}

TEST(HostedRing, AnAnswerThatCannotBeCarriedOutFailsTheRecord) {
  for (const std::uint32_t count : {0u, 4u, 0xffffffffu}) {
    HostedRecords stage({.on_error = OnErrorCode::kDrop});
    stage.host.does([count](FakeHost&, std::uint32_t) -> HostAnswer { return {HostEnd::kAnswered, count}; });
    stage.push_all({"a", "b", "c"});
    stage.work();
    stage.expect_failure(0, "the answer of the stage's function cannot be carried out: it is for " +
                                std::to_string(count) +
                                " records, and 1 to 3 are allowed, as many as were shown; the memory that the function "
                                "shares with the pipeline was written over: write to the record only, and not after "
                                "the function has returned or its promise has settled");
    EXPECT_EQ(cause_of(stage.block(), FailureCause::kBadAnswer), 1);
  }
}

// ---- marks, batches, and what holds a stage up ---------------------------------------------------------------------

TEST(HostedRing, WhatWasMarkedBeforeIsNotShownAndStaysMarked) {
  HostedRecords stage;
  stage.push_all({"a", "b", "-", "c", "d"});
  for (const std::uint32_t marked : {0, 3, 4}) stage.before[marked] = 1;
  EXPECT_EQ(stage.agent->do_work(), 5u) << "those behind the last one that is shown as well";
  EXPECT_EQ(stage.host.shown, (Texts{"b", "-"}));
  EXPECT_EQ(stage.behind(), Texts{"b"});
  EXPECT_EQ(stage.block().skipped.load(), 3);
  EXPECT_EQ(stage.block().in.load(), 2);
  expect_stage_ledger(stage.block());
}

TEST(HostedRing, ABatchOfMarkedRecordsAloneCallsNoHost) {
  HostedRecords stage;
  stage.push_all({"a", "b"});
  stage.before[0] = stage.before[1] = 1;
  EXPECT_EQ(stage.agent->do_work(), 2u);
  EXPECT_EQ(stage.host.calls, 0u);
  EXPECT_EQ(stage.block().sequence.load(), 2u);
}

TEST(HostedRing, ManyBatchesOverASmallRingShowEachRecordOnce) {
  HostedRecords stage({.ring = {.capacity = 8}, .host = {.rows = 3}, .batch_records = 5});
  Texts pushed;
  for (int n = 0; n != 100;) {
    const std::string text = n % 7 == 0 ? "-" : "!k" + std::to_string(n);
    if (stage.ring.push(text)) {
      pushed.push_back(text);
      ++n;
      continue;
    }
    const std::uint64_t from = stage.agent->next();
    stage.work();
    for (std::uint64_t s = from; s != stage.agent->next(); ++s) {
      EXPECT_EQ(stage.marks[s & 7], s % 7 == 0 ? 1 : 0);
      EXPECT_EQ(stage.slot(s), s % 7 == 0 ? "-" : "!K" + std::to_string(s));
    }
  }
  stage.work();
  EXPECT_EQ(stage.host.shown, pushed);
  EXPECT_EQ(stage.block().in.load(), 100);
  EXPECT_EQ(stage.block().filtered.load(), 15);
  expect_stage_ledger(stage.block());
}

TEST(HostedRing, ThoseThatWereNotAnsweredAreShownAgain) {
  HostedRecords stage;
  stage.host.does([](FakeHost& host, std::uint32_t records) -> HostAnswer {
    FakeHost::answer_all(host, records);
    return {HostEnd::kAnswered, 1};
  });
  stage.push_all({"a", "!b", "c"});
  EXPECT_EQ(stage.agent->do_work(), 1u);
  EXPECT_EQ(stage.block().sequence.load(), 1u);
  stage.work();
  EXPECT_EQ(stage.behind(), (Texts{"a", "!B", "c"}));
  EXPECT_EQ(stage.host.shown, (Texts{"a", "!b", "c", "!b", "c", "c"}));
}

TEST(HostedRing, WithoutAHostItWaitsAndHoldsTheProducerUp) {
  HostedRecords stage({.ring = {.capacity = 2}});
  stage.op.set_host(nullptr);
  stage.push_all({"a", "b"});
  EXPECT_EQ(stage.agent->do_work(), 0u);
  EXPECT_EQ(stage.state(), AgentState::kWaiting);
  EXPECT_EQ(stage.entry.waits_for.load(), abi::kNone) << "for no agent";
  EXPECT_FALSE(stage.ring.push("c"));
  stage.ring.producer_block.closed.store(1);
  EXPECT_FALSE(stage.agent->done());
  stage.op.set_host(&stage.host);
  EXPECT_EQ(stage.agent->do_work(), 2u);
  EXPECT_EQ(stage.behind(), (Texts{"a", "b"}));
  EXPECT_EQ(stage.agent->do_work(), 0u);
  EXPECT_TRUE(stage.agent->done());
}

// ---- records that fail ---------------------------------------------------------------------------------------------

TEST(HostedRing, ItHoldsAsManyAsItWorksOnAtOnceAndTheirOrderIsKept) {
  HostedRecords stage({.host = {.rows = 4}, .batch_records = 4});
  stage.host.answers_later(3);
  stage.push_all({"a", "!b", "-", "d", "e"});
  stage.agent->do_work();
  EXPECT_EQ(stage.agent->do_work(), 0u);
  EXPECT_EQ(stage.block().held.load(), 3);
  EXPECT_EQ(stage.state(), AgentState::kWaiting);
  for (std::uint64_t done = 1; done != 4; ++done) {
    stage.host.ready = 1;
    while (stage.agent->do_work() != 0) {
    }
    EXPECT_EQ(stage.block().sequence.load(), done);
    EXPECT_EQ(stage.block().held.load(), std::min<double>(3, 5.0 - static_cast<double>(done)));
  }
  stage.host.ready = 2;
  while (stage.agent->do_work() != 0) {
  }
  EXPECT_EQ(stage.behind(), (Texts{"a", "!B", "d", "e"}));
  EXPECT_EQ(stage.block().held.load(), 0);
  expect_stage_ledger(stage.block());
}

TEST(HostedRing, OneThatFailsStopsTheShardThere) {
  HostedRecords stage;
  stage.push_all({"!a", "x1", "b"});
  stage.work();
  EXPECT_EQ(stage.behind(), Texts{"!A"});
  stage.expect_failure(1, "x1 is bad");
  EXPECT_EQ(stage.block().stopped.load(), 1);
}

TEST(HostedRing, RecordsThatFailFollowThePolicyAndNoneIsShownTwice) {
  for (const OnErrorCode code : {OnErrorCode::kDrop, OnErrorCode::kPass, OnErrorCode::kDeadLetter}) {
    HostedRecords stage({.on_error = code});
    stage.before[3] = 1;
    stage.push_all({"a", "x1", "x2", "marked", "-", "!b", "x3"});
    stage.work();
    const bool passes = code == OnErrorCode::kPass;
    EXPECT_EQ(stage.behind(), passes ? (Texts{"a", "x1", "x2", "!B", "x3"}) : (Texts{"a", "!B"}));
    EXPECT_EQ(stage.host.calls, 3u);
    EXPECT_EQ(stage.block().skipped.load(), 1);
    EXPECT_EQ(stage.block().filtered.load(), 1);
    EXPECT_EQ(stage.block().passed_failed.load(), passes ? 3 : 0);
    EXPECT_EQ(stage.block().failed.load(), passes ? 0 : 3);
    EXPECT_EQ(cause_of(stage.block(), FailureCause::kThrown), 3);
    expect_stage_ledger(stage.block());
    const std::vector<Letter> letters = stage.letters.take();
    ASSERT_EQ(letters.size(), code == OnErrorCode::kDeadLetter ? 3u : 0u);
    if (letters.empty()) continue;
    EXPECT_EQ(letters[2].record, "x3");
    EXPECT_EQ(letters[2].message, "x3 is bad");
    EXPECT_EQ(letters[2].sequence, 6u);
    EXPECT_EQ(letters[2].agent, 3u);
  }
}

TEST(HostedRing, ALetterWithoutRoomHoldsTheStageUpAndTheHostIsNotCalled) {
  HostedRecords stage({.on_error = OnErrorCode::kDeadLetter, .letters = {.capacity = 64, .record_max = 48}});
  stage.push_all({"x1", "a", "x2", "b"});
  stage.work();
  EXPECT_EQ(stage.state(), AgentState::kStalled);
  EXPECT_EQ(stage.entry.waits_for.load(), Letters::kReader);
  EXPECT_EQ(stage.block().sequence.load(), 2u);
  const std::uint32_t calls = stage.host.calls;
  EXPECT_EQ(stage.agent->do_work(), 0u);
  EXPECT_EQ(stage.host.calls, calls);
  EXPECT_EQ(stage.letters.take().at(0).record, "x1");
  stage.work();
  EXPECT_EQ(stage.letters.take().at(0).record, "x2");
  EXPECT_EQ(stage.behind(), (Texts{"a", "b"}));
  expect_stage_ledger(stage.block());
}

TEST(HostedRing, ARecordWithoutRoomFollowsThePolicyAsItCame) {
  for (const OnErrorCode code : {OnErrorCode::kDrop, OnErrorCode::kPass}) {
    HostedRecords stage({.on_error = code});
    stage.host.does([](FakeHost& host, std::uint32_t records) -> HostAnswer {
      for (std::uint32_t i = 0; i != records; ++i) host.text(i) == "b" ? host.emit(i, {"longer"}) : host.pass(i);
      return {HostEnd::kAnswered, records};
    });
    stage.push_all({"a", "b", "c"});
    stage.work();
    EXPECT_EQ(stage.behind(), code == OnErrorCode::kPass ? (Texts{"a", "b", "c"}) : (Texts{"a", "c"}));
    EXPECT_EQ(cause_of(stage.block(), FailureCause::kNoRoom), 1);
    EXPECT_EQ(stage.host.shown, (Texts{"a", "b", "c"}));
    expect_stage_ledger(stage.block());
  }
}

// ---- the end of the pipeline in a call -----------------------------------------------------------------------------

TEST(HostedRing, WhatATurnHasDoneIsShownBeforeTheHostIsCalledAgain) {
  HostedRecords stage({.on_error = OnErrorCode::kDrop});
  std::vector<std::uint64_t> positions;
  stage.host.does([&](FakeHost& host, std::uint32_t records) -> HostAnswer {
    positions.push_back(stage.block().sequence.load());
    return FakeHost::answer_all(host, records);
  });
  stage.push_all({"a", "x1", "b", "x2", "c"});
  stage.work();
  EXPECT_EQ(positions, (std::vector<std::uint64_t>{0, 2, 4}));
}

TEST(HostedRing, ACallThatEndsThePipelineTouchesNothingOfItAfterwards) {
  HostedRecords stage;
  stage.push_all({"a", "b"});
  stage.work();
  stage.push_all({"!c", "-", "d"});
  const AgentState state = stage.state();
  stage.host.does([&](FakeHost& host, std::uint32_t records) -> HostAnswer {
    FakeHost::answer_all(host, records);
    return {HostEnd::kCutOff, 0};
  });
  EXPECT_EQ(stage.agent->do_work(), 0u);
  EXPECT_TRUE(stage.agent->done());
  EXPECT_EQ(stage.agent->do_work(), 0u);
  EXPECT_EQ(stage.host.calls, 2u);
  EXPECT_EQ(stage.block().sequence.load(), 2u);
  EXPECT_EQ(stage.block().in.load(), 2);
  EXPECT_EQ(stage.agent->next(), 2u);
  EXPECT_EQ(stage.slot(2), "!c");
  EXPECT_EQ(stage.state(), state);
  EXPECT_TRUE(stage.failures.all().empty());
  EXPECT_EQ(stage.ring.stop_before.load(), core::kNoLimit);
}

// ---- a whole ring ---------------------------------------------------------------------------------------------------

constexpr auto kFiltersFlag = static_cast<std::uint32_t>(abi::StageFlag::kFilters);
constexpr auto kWritesFlag = static_cast<std::uint32_t>(abi::StageFlag::kWrites);

TEST(HostedRing, StandsAnywhereAmongOtherStages) {
  //                   ┌─▶ counts ─┐
  // in ─▶ keeps (js) ─┤           ├─▶ writes (js) ─▶ out
  //                   └─▶ drops ──┘
  Options options;
  options.capacity = 16;
  options.record_max = 64;
  options.arena_bytes = 2048;
  StageSpec drops{"drops", abi::OpCode::kReject, {0}, "bad", abi::MatchCode::kContains};
  drops.on_error = OnErrorCode::kDrop;
  StageSpec writes = hosted("writes", kWritesFlag, {2, 1});
  writes.room = 4;
  HandGraph ring(
      SpecBuilder::build({{hosted("keeps", kFiltersFlag), {"counts", abi::OpCode::kCount, {0}}, drops, writes}}),
      options);
  std::vector<graph::HostedStage>& stages = ring.graph().hosted_stages();
  ASSERT_EQ(stages.size(), 2u);
  EXPECT_EQ(stages[0].id, "keeps");
  EXPECT_EQ(stages[1].id, "writes");
  EXPECT_EQ(stages[0].thread, ring.graph().native_threads());
  EXPECT_EQ(stages[1].thread, ring.graph().native_threads() + 1);
  FakeHost keeps;
  FakeHost writing({}, [](FakeHost& host, std::uint32_t records) -> HostAnswer {
    for (std::uint32_t i = 0; i != records; ++i) host.change(i, host.text(i) + "!");
    return {HostEnd::kAnswered, records};
  });
  stages[0].ops.at(0)->set_host(&keeps);
  stages[1].ops.at(0)->set_host(&writing);
  for (const char* text : {"a", "-", "bad", "b"}) ring.push_js(text);
  ring.work_all();
  Texts delivered;
  core::RecordConsumer& egress = *ring.graph().consumers()[0];
  egress.consume(64, [&](std::uint64_t, const core::RecordRef& record) {
    delivered.emplace_back(reinterpret_cast<const char*>(record.data), record.length);
    return true;
  });
  egress.release();
  EXPECT_EQ(delivered, (Texts{"a!", "b!"}));
  EXPECT_EQ(writing.shown, (Texts{"a", "b"}));
  EXPECT_EQ(ring.block(1).skipped.load(), 1);
  EXPECT_EQ(ring.block(3).skipped.load(), 2);
  EXPECT_TRUE(ring.failures().empty());
}

TEST(HostedRing, HasAnOpInEveryShardAndOneThreadForAllOfThem) {
  Options options;
  options.capacity = 16;
  options.record_max = 64;
  options.arena_bytes = 2048;
  abi::SpecKey key{};
  key.kind = static_cast<std::uint32_t>(abi::KeyCode::kBytes);
  key.length = 1;
  HandGraph ring(SpecBuilder::build({.stages = {{"counts"}, hosted("js", 0, {0})}, .shards = 3, .shard_key = key}),
                 options, abi::PortCode::kNative);
  ASSERT_EQ(ring.graph().hosted_stages().size(), 1u);
  const graph::HostedStage& stage = ring.graph().hosted_stages()[0];
  EXPECT_EQ(stage.ops.size(), 3u);
  for (std::uint32_t shard = 0; shard != 3; ++shard) {
    EXPECT_EQ(ring.graph().agents()[shard * 2 + 1].thread, stage.thread);
    EXPECT_LT(ring.graph().agents()[shard * 2].thread, ring.graph().native_threads());
  }
}

}  // namespace
}  // namespace byteor::test

// Stages that plug-ins do (plugin/plugin_op.hpp), in the shipped role and the shipped agent: what becomes of each
// answer, what is refused before the start, and what each way of not keeping to the header leads to.
#include "plugin/plugin_op.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/coded_error.hpp"
#include "lane/batch_role.hpp"
#include "ring/batch_agent.hpp"
#include "support/fake_plugin.hpp"
#include "support/letters.hpp"
#include "support/ring_fixture.hpp"
#include "support/ring_stage.hpp"
#include "support/stage_between.hpp"

namespace byteor::test {
namespace {

using abi::AgentState;
using abi::ErrorCode;
using abi::FailureCause;
using abi::OnErrorCode;
using Texts = std::vector<std::string>;

plugin::StageFacts facts(std::uint32_t batch_records = 64) {
  return {.stage = "s", .name = "fake", .config = R"({"a":1})", .room = 8, .batch_records = batch_records};
}

// ---- in a graph ----------------------------------------------------------------------------------------------------

struct PluginBetween : StageBetween {
  explicit PluginBetween(FakePlugin& fake, plugin::StageFacts stage = facts(), LaneShape inlet = {},
                         LaneShape outlet = {}, OnErrorCode on_error = OnErrorCode::kStop)
      : StageBetween(inlet, outlet, {}, !stage.has_readers), op(fake.library(), std::move(stage)) {
    role = std::make_unique<lane::BatchRole<plugin::PluginOp>>(stage_context(on_error, 64), op);
  }

  void end() {
    writer->close();
    work();
    EXPECT_TRUE(role->done());
    EXPECT_EQ(site.state(), AgentState::kDone);
    expect_ledger();
  }
  void expect_failure(std::uint64_t sequence, FailureCause code, const std::string& cause) {
    EXPECT_TRUE(role->done());
    ASSERT_EQ(site.failures.all().size(), 1u);
    EXPECT_EQ(site.failures.all()[0].sequence, sequence);
    EXPECT_EQ(site.failures.all()[0].cause, cause);
    EXPECT_EQ(cause_of(block(), code), 1);
    expect_ledger();
  }

  plugin::PluginOp op;
};

class PluginIn : public testing::TestWithParam<bool> {
 protected:
  static LaneShape shape() { return {.slots = GetParam(), .capacity = GetParam() ? 64u : 1024u}; }
};
INSTANTIATE_TEST_SUITE_P(Lanes, PluginIn, testing::Values(false, true));

TEST_P(PluginIn, EachAnswerBecomesWhatItSaysInItsPlace) {
  FakePlugin fake;
  PluginBetween stage(fake, facts(), shape(), shape());
  stage.put_all({"a", "!b", "-", "c,d,e", "", "-", "-", "f", "g"});
  EXPECT_GT(stage.role->do_work(), 0u);
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "!B", "c", "d", "e", "", "f", "g"}));
  EXPECT_EQ(fake.calls, 1u);
  stage.end();
  EXPECT_EQ(stage.block().filtered.load(), 3);
  EXPECT_EQ(stage.block().absorbed.load(), 1);
  EXPECT_EQ(stage.block().emitted.load(), 3);
}

TEST_P(PluginIn, AnInstanceThatOnlyReadsIsShownTheRecordsWhereTheyLie) {
  FakePlugin fake;
  fake.flags = BYTEOR_FILTERS;
  PluginBetween stage(fake, facts(), shape(), shape());
  stage.put_all({"a", "-", "b", "-", "c"});
  std::array<lane::LaneRecord, 8> records;
  ASSERT_EQ(stage.inlet.reader()->peek(records.data(), 8), 5u);
  fake.does([&](const byteor_type_batch& batch) {
    EXPECT_EQ(static_cast<void*>(batch.records[2].data), static_cast<void*>(records[2].data));
    EXPECT_EQ(batch.lengths, nullptr);
    return FakePlugin::answer_all(batch);
  });
  stage.work();
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "b", "c"}));
  stage.end();
  EXPECT_EQ(stage.block().filtered.load(), 2);
}

TEST(PluginLane, ARecordIsShownOnceAlsoWhereThereIsNoRoomForWhatBecomesOfIt) {
  for (const std::uint32_t flags :
       {std::uint32_t{BYTEOR_FILTERS}, std::uint32_t{BYTEOR_FILTERS | BYTEOR_WRITES | BYTEOR_EMITS}}) {
    FakePlugin fake;
    fake.flags = flags;
    PluginBetween stage(fake, facts(), {}, {.slots = true, .capacity = 2});
    if ((flags & BYTEOR_EMITS) == 0)
      stage.put_all({"a", "-", "b", "c", "-", "d", "e"});
    else
      stage.put_all({"a,b,c", "-", "d", "!e"});
    Texts got;
    for (int turns = 0; turns != 20; ++turns) {
      stage.role->do_work();
      for (std::string& text : take(*stage.reader)) got.push_back(std::move(text));
    }
    EXPECT_EQ(got, (flags & BYTEOR_EMITS) == 0 ? (Texts{"a", "b", "c", "d", "e"}) : (Texts{"a", "b", "c", "d", "!E"}));
    EXPECT_EQ(fake.shown.size(), (flags & BYTEOR_EMITS) == 0 ? 7u : 4u);
    stage.end();
  }
}

TEST(PluginLane, ThoseThatItIsNotDoneWithAreShownAgainAndWhatItSaidOfThemIsForgotten) {
  FakePlugin fake;
  fake.does([](const byteor_type_batch& batch) {
    FakePlugin::answer_all(batch);
    return 1u;
  });
  PluginBetween stage(fake);
  stage.put_all({"a,b", "c,d", "-"});
  stage.work();
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "b", "c", "d"}));
  EXPECT_EQ(fake.shown, (Texts{"a,b", "c,d", "-", "c,d", "-", "-"}));
  stage.end();
}

TEST(PluginLane, WhatItKeptComesWhenNothingMoreDoes) {
  FakePlugin fake;
  fake.finish = [](const byteor_type_batch& batch) {
    FakePlugin::emit(batch, 0, "x");
    FakePlugin::emit(batch, 0, "yz");
  };
  PluginBetween stage(fake);
  stage.put_all({"a"});
  stage.writer->close();
  stage.work();
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "x", "yz"}));
  EXPECT_TRUE(stage.role->done());
  stage.expect_ledger();
}

TEST(PluginLane, ASinkIsShownEverythingAndNothingLeaves) {
  FakePlugin fake;
  fake.flags |= BYTEOR_SINK;
  plugin::StageFacts stage_facts = facts();
  stage_facts.has_readers = false;
  PluginBetween stage(fake, stage_facts);
  stage.put_all({"a", "!b", "c,d", "-"});
  stage.work();
  EXPECT_EQ(fake.shown, (Texts{"a", "!b", "c,d", "-"}));
  stage.end();
  EXPECT_EQ(stage.block().filtered.load(), 1);
}

TEST(PluginLane, ARecordThatItFailsHasItsMessageAndWhatItEmittedOfItGoesNowhere) {
  FakePlugin fake;
  fake.does([](const byteor_type_batch& batch) {
    FakePlugin::answer_all(batch);
    FakePlugin::emit(batch, 2, "x");
    byteor_callback_fail(&batch, 2, "no such unit; write m or s", 26);
    return batch.count;
  });
  PluginBetween stage(fake);
  stage.put_all({"a", "b", "c", "d"});
  stage.work();
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "b"}));
  stage.expect_failure(2, FailureCause::kThrown, "no such unit; write m or s");
}

TEST(PluginLane, BehindAFailedRecordThatIsDroppedItGoesOnWithoutShowingAnyTwice) {
  FakePlugin fake;
  PluginBetween stage(fake, facts(), {}, {}, OnErrorCode::kDrop);
  stage.put_all({"a", "?no", "-", "b,c", "?no", "d"});
  stage.work();
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "b", "c", "d"}));
  EXPECT_EQ(fake.calls, 1u);
  EXPECT_EQ(stage.block().dropped.load(), 2);
  stage.end();
}

TEST(PluginLane, OfARecordThatFailsBecauseOfALaterElementNothingLeaves) {
  FakePlugin fake;
  PluginBetween stage(fake, facts(), {}, {.capacity = 128, .record_max = 16}, OnErrorCode::kDrop);
  stage.put_all({"a,b", "c,0123456789abcdefg", "d"});
  stage.work();
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "b", "d"}));
  EXPECT_EQ(cause_of(stage.block(), FailureCause::kTooLarge), 1);
  stage.end();
  EXPECT_EQ(stage.block().emitted.load(), 2);
}

TEST(PluginLane, OfARecordWithAnElementThatIsNoStructNothingLeaves) {
  FakePlugin fake;
  fake.flags |= BYTEOR_KEEPS_LAYOUT;
  fake.does([](const byteor_type_batch& batch) {
    FakePlugin::emit(batch, 0, "ABCD");
    FakePlugin::emit(batch, 0, "abc");
    return 1u;
  });
  plugin::StageFacts stage_facts = facts();
  stage_facts.struct_bytes = 4;
  const LaneShape structs{.slots = true, .capacity = 8, .struct_bytes = 4};
  PluginBetween stage(fake, stage_facts, structs, structs, OnErrorCode::kDrop);
  stage.put_all({"abcd"});
  stage.work();
  EXPECT_EQ(take(*stage.reader), Texts{});
  EXPECT_EQ(cause_of(stage.block(), FailureCause::kNoRoom), 1);
  stage.end();
  EXPECT_EQ(stage.block().out.load(), 0);
}

// ---- answers that are none
// -------------------------------------------------------------------------------------------

struct BadAnswer {
  const char* name;
  std::uint32_t flags;
  FakePlugin::Process process;
  FailureCause code;
  const char* cause;  // behind the path
};

const BadAnswer kBadAnswers[] = {
    {"none", 0, [](const byteor_type_batch&) { return 0u; }, FailureCause::kBadAnswer,
     "answered a batch of 2 records that it is done with 0 of them; answer with 1 to batch->count"},
    {"more than there are", 0, [](const byteor_type_batch&) { return 3u; }, FailureCause::kBadAnswer,
     "answered a batch of 2 records that it is done with 3 of them; answer with 1 to batch->count"},
    {"many more", 0, [](const byteor_type_batch&) { return 0xffffffffu; }, FailureCause::kBadAnswer,
     "answered a batch of 2 records that it is done with 4294967295 of them; answer with 1 to batch->count"},
    {"no action", BYTEOR_FILTERS,
     [](const byteor_type_batch& batch) {
       batch.actions[0] = 77;
       return 2u;
     },
     FailureCause::kBadAnswer,
     "said of a record what is no action, or two things; set its action, or call byteor, once a record"},
    {"two things", BYTEOR_EMITS | BYTEOR_FILTERS,
     [](const byteor_type_batch& batch) {
       FakePlugin::emit(batch, 0, "x");
       batch.actions[0] = BYTEOR_FILTER;
       return 2u;
     },
     FailureCause::kBadAnswer,
     "said of a record what is no action, or two things; set its action, or call byteor, once a record"},
    {"emitted, of which there is nothing", BYTEOR_EMITS,
     [](const byteor_type_batch& batch) {
       batch.actions[0] = BYTEOR_EMITTED;
       return 2u;
     },
     FailureCause::kBadAnswer,
     "said of a record what is no action, or two things; set its action, or call byteor, once a record"},
    {"filters unsaid", 0,
     [](const byteor_type_batch& batch) {
       batch.actions[0] = BYTEOR_FILTER;
       return 2u;
     },
     FailureCause::kBadAnswer, "filtered a record, and has not said BYTEOR_FILTERS in its traits; say it in create"},
    {"changes unsaid", 0,
     [](const byteor_type_batch& batch) {
       batch.actions[0] = BYTEOR_CHANGED;
       return 2u;
     },
     FailureCause::kBadAnswer, "changed a record, and has not said BYTEOR_WRITES in its traits; say it in create"},
    {"emits unsaid", 0,
     [](const byteor_type_batch& batch) {
       FakePlugin::emit(batch, 0, "x");
       return 2u;
     },
     FailureCause::kBadAnswer, "emitted a record, and has not said BYTEOR_EMITS in its traits; say it in create"},
    {"an index that is none", BYTEOR_EMITS,
     [](const byteor_type_batch& batch) {
       FakePlugin::emit(batch, 2, "x");
       return 2u;
     },
     FailureCause::kBadAnswer,
     "called byteor with the index of no record, or one before that of the call before; name the records of the batch "
     "in their order"},
    {"an index that goes back", BYTEOR_EMITS,
     [](const byteor_type_batch& batch) {
       FakePlugin::emit(batch, 1, "x");
       FakePlugin::emit(batch, 0, "x");
       return 2u;
     },
     FailureCause::kBadAnswer,
     "called byteor with the index of no record, or one before that of the call before; name the records of the batch "
     "in their order"},
    {"longer than its room", BYTEOR_WRITES,
     [](const byteor_type_batch& batch) {
       batch.actions[0] = BYTEOR_CHANGED;
       batch.lengths[0] = 10;
       return 2u;
     },
     FailureCause::kNoRoom,
     "made a record of 10 bytes, and its traits give it room for 8 more than came; say more room in create, and in the "
     "plan"},
    {"a byte behind its room", BYTEOR_WRITES,
     [](const byteor_type_batch& batch) {
       batch.records[0].data[9] = 'x';
       return 2u;
     },
     FailureCause::kBadAnswer,
     "wrote outside of the space that it was given; write to a record's length and room, and to batch->count actions "
     "and lengths"},
    {"a byte before the record", BYTEOR_WRITES,
     [](const byteor_type_batch& batch) {
       batch.records[0].data[-1] = 'x';
       return 2u;
     },
     FailureCause::kBadAnswer,
     "wrote outside of the space that it was given; write to a record's length and room, and to batch->count actions "
     "and lengths"},
    {"actions behind the last", 0,
     [](const byteor_type_batch& batch) {
       std::memset(batch.actions, BYTEOR_PASS, 65);
       return 2u;
     },
     FailureCause::kBadAnswer,
     "wrote outside of the space that it was given; write to a record's length and room, and to batch->count actions "
     "and lengths"},
    {"lengths behind the last", BYTEOR_WRITES,
     [](const byteor_type_batch& batch) {
       batch.lengths[64] = 0;
       return 2u;
     },
     FailureCause::kBadAnswer,
     "wrote outside of the space that it was given; write to a record's length and room, and to batch->count actions "
     "and lengths"},
};

TEST(PluginLane, AnAnswerThatIsNoneFailsTheRecordAndSaysWhat) {
  for (const BadAnswer& bad : kBadAnswers) {
    SCOPED_TRACE(bad.name);
    FakePlugin fake;
    fake.flags = bad.flags;
    fake.does(bad.process);
    PluginBetween stage(fake);
    stage.put_all({"a", "b"});
    stage.work();
    EXPECT_EQ(take(*stage.reader), Texts{}) << "nothing that it said is believed";
    stage.expect_failure(0, bad.code, std::string("the plug-in /fake.so ") + bad.cause);
  }
}

TEST(PluginLane, WhatComesOfOneRecordIsBoundedByThePlan) {
  FakePlugin fake;
  fake.emits_max = 2;
  plugin::StageFacts stage_facts = facts();
  stage_facts.emits_max = 2;
  PluginBetween stage(fake, stage_facts);
  stage.put_all({"a,b", "c,d,e"});
  stage.work();
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "b"}));
  stage.expect_failure(
      1, FailureCause::kTooMany,
      "the plug-in /fake.so emitted 3 records for one, and its stage may emit 2; raise emits_max, or emit fewer");
}

TEST(PluginLane, AStructKeepsItsSize) {
  FakePlugin fake;
  fake.flags |= BYTEOR_KEEPS_LAYOUT;
  fake.does([](const byteor_type_batch& batch) {
    FakePlugin::change(batch, 0, "ABCD");
    FakePlugin::change(batch, 1, "abc");
    return 2u;
  });
  plugin::StageFacts stage_facts = facts();
  stage_facts.struct_bytes = 4;
  const LaneShape structs{.slots = true, .capacity = 8, .struct_bytes = 4};
  PluginBetween stage(fake, stage_facts, structs, structs);
  stage.put_all({"abcd", "efgh"});
  stage.work();
  EXPECT_EQ(take(*stage.reader), Texts{"ABCD"});
  stage.expect_failure(1, FailureCause::kNoRoom,
                       "the plug-in /fake.so made a record of 3 bytes, and every record here is a struct of 4; make "
                       "records of that size");
}

TEST(PluginLane, ALongRecordAndAllThatComesOfItFindMemory) {
  FakePlugin fake;
  fake.does([](const byteor_type_batch& batch) {
    const std::string half(batch.records[0].length / 2, 'x');
    for (int i = 0; i != 4; ++i) FakePlugin::emit(batch, 0, half);
    return 1u;
  });
  const LaneShape large{.capacity = 1 << 20};
  PluginBetween stage(fake, facts(), large, large);
  const std::string record(200'000, 'a');
  ASSERT_TRUE(put(*stage.writer, record.c_str(), 0));
  stage.work();
  EXPECT_EQ(take(*stage.reader), Texts(4, std::string(100'000, 'x')));
}

// ---- in a ring -----------------------------------------------------------------------------------------------------

template <class Layout>
struct PluginSlots : RingStage {
  explicit PluginSlots(FakePlugin& fake, const RingShape& shape = {.tailroom = 8})
      : ring(shape), op(fake.library(), with_one(facts())) {
    ring::StageContext context = this->context(ring);
    agent = std::make_unique<ring::BatchAgent<Layout, plugin::PluginOp>>(std::move(context), op);
  }
  static plugin::StageFacts with_one(plugin::StageFacts one) {
    one.in_slot = true;
    one.elements_max = 1;
    return one;
  }
  void push_all(std::initializer_list<const char*> texts) {
    for (const char* text : texts) ASSERT_TRUE(ring.push(text));
  }
  // Those that no mark keeps from who comes behind the stage.
  Texts behind() {
    Texts texts;
    for (std::uint64_t s = 0; s != agent->next(); ++s) {
      core::RecordRef record{};
      EXPECT_TRUE(core::load_record(ring.memory(), s, record));
      if (marks[s] == 0) texts.emplace_back(reinterpret_cast<const char*>(record.data), record.length);
    }
    return texts;
  }

  RingFixture ring;
  plugin::PluginOp op;
  std::unique_ptr<ring::BatchAgent<Layout, plugin::PluginOp>> agent;
};

TEST(PluginRing, EachAnswerStaysInItsSlotOrIsMarked) {
  FakePlugin fake;
  PluginSlots<core::VariableLayout> stage(fake);
  fake.does([](const byteor_type_batch& batch) {
    FakePlugin::answer_all(batch);
    FakePlugin::emit(batch, 4, "seven");
    return batch.count;
  });
  stage.push_all({"a", "!b", "-", "c", "marked", "7", "-"});
  stage.before[4] = 1;
  EXPECT_EQ(stage.agent->do_work(), 7u);
  EXPECT_EQ(stage.behind(), (Texts{"a", "!B", "c", "seven"}));
  EXPECT_EQ(fake.shown, (Texts{"a", "!b", "-", "c", "7", "-"}));
  EXPECT_EQ(stage.ring.consumer_block.filtered.load(), 2);
  EXPECT_EQ(stage.ring.consumer_block.skipped.load(), 1);
  expect_stage_ledger(stage.ring.consumer_block);
}

TEST(PluginRing, ASlotHoldsOneRecordAndNoLongerOneThanItsRoom) {
  for (const auto& [texts, cause] :
       {std::pair{"b,c",
                  "the plug-in /fake.so emitted 2 records for one, and its stage may emit 1: a slot of a ring "
                  "holds one; use a LaneGraph"},
        {"long",
         "the op made a record of 20 bytes of one of 4, and its stage has room for 8 more; raise room of the "
         "stage"}}) {
    FakePlugin fake;
    PluginSlots<core::VariableLayout> stage(fake);
    fake.does([](const byteor_type_batch& batch) {
      FakePlugin::answer_all(batch);
      if (FakePlugin::text(batch, 1) == "long") FakePlugin::emit(batch, 1, std::string(20, 'x'));
      return batch.count;
    });
    stage.push_all({"a", texts, "d"});
    while (stage.agent->do_work() != 0) {
    }
    EXPECT_EQ(stage.behind(), Texts{"a"});
    ASSERT_EQ(stage.failures.all().size(), 1u);
    EXPECT_EQ(stage.failures.all()[0].cause, cause);
    expect_stage_ledger(stage.ring.consumer_block);
  }
}

// ---- before the start ----------------------------------------------------------------------------------------------

void expect_refused(ErrorCode code, const std::string& message, const std::function<void()>& what) {
  try {
    what();
    FAIL() << "was not refused: " << message;
  } catch (const core::CodedError& error) {
    EXPECT_EQ(error.code(), code);
    EXPECT_EQ(error.what(), message);
  }
}

TEST(PluginStart, AnInstanceThatIsRefusedOrDoesMoreThanThePlanAllowsIsNotStarted) {
  struct Case {
    std::uint32_t flags;
    std::function<void(FakePlugin&, plugin::StageFacts&)> set;
    const char* message;
  };
  const Case cases[] = {
      {0, [](FakePlugin& fake, plugin::StageFacts&) { fake.refuses = "a is 1; give 2"; },
       "refused its config: a is 1; give 2"},
      {64, [](FakePlugin&, plugin::StageFacts&) {},
       "says flags 64, of which this byteor knows 31: leave the others out"},
      {BYTEOR_WRITES, [](FakePlugin&, plugin::StageFacts& plan) { plan.writes = false; },
       "may change records, and the plan declares access: read; declare access: write"},
      {BYTEOR_FILTERS, [](FakePlugin&, plugin::StageFacts& plan) { plan.filters = false; },
       "may filter records, and the plan declares filters: false; declare filters: true"},
      {BYTEOR_EMITS, [](FakePlugin&, plugin::StageFacts& plan) { plan.emits = false; },
       "may emit records, and the plan declares emits: false; declare emits: true"},
      {BYTEOR_EMITS, [](FakePlugin&, plugin::StageFacts& plan) { plan.emits_max = 4; },
       "may emit any number of records for one, and the plan declares emits_max: 4; declare as many as it may emit"},
      {BYTEOR_WRITES, [](FakePlugin& fake, plugin::StageFacts&) { fake.room = 9; },
       "may let a record grow by 9 bytes, and the plan declares room: 8; declare room: 9"},
      {BYTEOR_WRITES, [](FakePlugin&, plugin::StageFacts& plan) { plan.keeps_layout = true; },
       "does not say that a struct is still that struct behind it, and the plan declares keeps_layout: true; leave "
       "that out"},
      {0, [](FakePlugin&, plugin::StageFacts& plan) { plan.has_readers = false; },
       "does not say that it may stand where nothing reads it, and the plan connects it to nothing; connect the stage "
       "to what reads its records"},
  };
  for (const Case& one : cases) {
    FakePlugin fake;
    fake.flags = one.flags;
    plugin::StageFacts plan = facts();
    one.set(fake, plan);
    expect_refused(ErrorCode::kPluginRefused, std::string("stage s: the plug-in /fake.so ") + one.message,
                   [&] { plugin::PluginOp(fake.library(), plan); });
    EXPECT_EQ(fake.config, R"({"a":1})");
    EXPECT_EQ(fake.destroyed, fake.refuses.empty() ? 1u : 0u) << "an instance that was made is ended";
  }
}

TEST(PluginStart, ATableOfAnotherVersionOrWithoutACallIsRefused) {
  FakePlugin fake;
  const auto refused = [&](const std::string& message, const std::function<void(byteor_type_plugin&)>& set) {
    byteor_type_plugin table = fake.table;
    set(table);
    expect_refused(ErrorCode::kPluginAbi, "the plug-in /fake.so " + message,
                   [&] { plugin::check_table("/fake.so", &table); });
  };
  refused(
      "was compiled against version 7 of byteor_plugin.h, and this byteor has 1: compile it with the header of the "
      "installed package",
      [](byteor_type_plugin& table) { table.abi = 7; });
  refused("has a table of 8 bytes, and one of 48 is wanted: set struct_bytes to sizeof(byteor_type_plugin)",
          [](byteor_type_plugin& table) { table.struct_bytes = 8; });
  refused("has no function for the call process: only finish and report may be NULL",
          [](byteor_type_plugin& table) { table.process = nullptr; });
  expect_refused(ErrorCode::kPluginAbi,
                 "the plug-in /fake.so answers no table: return a byteor_type_plugin from byteor_plugin()",
                 [] { plugin::check_table("/fake.so", nullptr); });
}

// ---- reports -------------------------------------------------------------------------------------------------------

TEST(PluginReport, IsJsonOrSaysThatItIsNot) {
  FakePlugin fake;
  const plugin::PluginOp op(fake.library(), facts());
  const std::string broken = R"({"error":"the plug-in's report is not JSON: correct its report call"})";
  const std::string large = '"' + std::string(10'000, 'x') + '"';
  for (const auto& [reported, wanted] :
       {std::pair<std::string, std::string>{R"({"a":[1,"x"]})", R"({"a":[1,"x"]})"},
        {"12.5", "12.5"},
        {" null ", " null "},
        {large, large},
        {"", broken},
        {"{", broken},
        {"1,\"b\":2", broken},
        {"{}}", broken},
        {std::string(2 << 20, ' '), R"({"error":"the plug-in's report needs 2097152 bytes, and may have 1048576"})"}}) {
    fake.reported = reported;
    EXPECT_EQ(op.report(), wanted);
  }
  fake.table.report = nullptr;
  EXPECT_EQ(op.report(), "null");
}

TEST(PluginReport, NeverRunsBesideAnotherCallOfTheInstance) {
  FakePlugin fake;
  std::uint64_t worked = 0;  // not atomic: ThreadSanitizer sees two calls at once
  fake.does([&](const byteor_type_batch& batch) {
    worked += batch.count;
    fake.reported = std::to_string(worked);
    return batch.count;
  });
  PluginBetween stage(fake);
  std::thread observer([&] {
    for (int i = 0; i != 200; ++i) stage.op.report();
  });
  for (int i = 0; i != 200; ++i) {
    stage.put_all({"a"});
    stage.work();
    take(*stage.reader);
  }
  observer.join();
  EXPECT_EQ(stage.op.report(), "200");
  stage.end();
}

}  // namespace
}  // namespace byteor::test

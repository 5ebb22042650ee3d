// Stages, routers and merges of a graph, turn by turn: what waits for room, what fails, what is left, who waits for
// whom, and the ledger of each at any moment it may be stopped.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lane/ends.hpp"
#include "lane/ordered_merge_role.hpp"
#include "lane/router_role.hpp"
#include "op/affix.hpp"
#include "op/filter.hpp"
#include "op/identity.hpp"
#include "op/reject.hpp"
#include "support/lanes.hpp"

namespace byteor::test {
namespace {

using abi::AgentState;
using Texts = std::vector<std::string>;

op::Condition matching(std::string_view text) { return {abi::MatchCode::kContains, false, text}; }

// A role between two lanes of the smallest size that the test needs.
template <class Op>
struct StageBetween {
  StageBetween(LaneShape inlet_shape, LaneShape outlet_shape, const typename Op::Config& config, std::uint32_t room = 0,
               std::uint32_t batch_records = 64)
      : inlet(inlet_shape), outlet(outlet_shape), op(config) {
    lane::RoleContext context = site.context(batch_records);
    context.inlets.push_back(inlet.inlet_end());
    context.outlets.push_back(outlet.outlet_end());
    context.headroom = context.tailroom = room;
    role = lane::make_stage_role(std::move(context), op);
    writer = inlet.writer();
    reader = outlet.reader();
  }

  void expect_ledger() {
    const abi::ConsumerBlock& block = inlet.consumer();
    EXPECT_EQ(block.in.load(), block.out.load() + block.filtered.load() + block.failed.load() + block.abandoned.load());
    EXPECT_EQ(block.in.load(), inlet.producer().published.load());
    EXPECT_EQ(block.out.load(), outlet.producer().published.load() + outlet.producer().dropped.load() +
                                    outlet.producer().too_large.load());
  }

  Lane inlet;
  Lane outlet;
  Op op;
  RoleSite site;
  std::unique_ptr<lane::Role> role;
  std::unique_ptr<lane::Outlet> writer;
  std::unique_ptr<lane::Inlet> reader;
};

TEST(StageRole, ABridgePassesRecordsOnWithFlagsAndOrdinals) {
  StageBetween<op::IdentityOp> stage({.watermarked = true}, {.slots = true, .capacity = 8, .watermarked = true}, {});
  put(*stage.writer, "a", 5, 1);
  put(*stage.writer, "b", 6, 2);
  EXPECT_EQ(stage.role->do_work(), 3u) << "two records, and the watermark";
  std::vector<lane::LaneRecord> records(8);
  ASSERT_EQ(stage.reader->peek(records.data(), 8), 2u);
  EXPECT_EQ(text_of(records[1]), "b");
  EXPECT_EQ(records[1].flags, 2u);
  EXPECT_EQ(records[1].ordinal, 6u);
  EXPECT_EQ(stage.site.state(), AgentState::kWorking);
  EXPECT_EQ(stage.role->do_work(), 0u);
  EXPECT_EQ(stage.site.state(), AgentState::kWaiting);
  EXPECT_EQ(stage.site.entry.waits_for.load(), 1u);
  stage.writer->close();
  EXPECT_FALSE(stage.role->done());
  EXPECT_EQ(stage.role->do_work(), 1u) << "the end is work: somebody may sleep for it";
  EXPECT_TRUE(stage.role->done());
  EXPECT_EQ(stage.site.state(), AgentState::kDone);
  EXPECT_EQ(stage.outlet.producer().closed.load(), 1u);
  stage.role->settle();
  stage.expect_ledger();
}

TEST(StageRole, AFullOutletStallsItAndEveryRecordIsSeenOnce) {
  StageBetween<op::FilterOp> stage({}, {.capacity = 64}, matching("k"));
  for (const char* text : {"k1", "no", "k2", "no", "k3", "k4", "no"}) put(*stage.writer, text);
  EXPECT_EQ(stage.role->do_work(), 4u) << "two that pass fill the lane; those that do not are done with";
  EXPECT_EQ(stage.inlet.consumer().in.load(), 4);
  EXPECT_EQ(stage.inlet.consumer().filtered.load(), 2);
  EXPECT_EQ(stage.role->do_work(), 0u);
  EXPECT_EQ(stage.site.state(), AgentState::kStalled);
  EXPECT_EQ(stage.site.entry.waits_for.load(), 2u);
  EXPECT_EQ(take(*stage.reader, 1), Texts{"k1"});
  EXPECT_EQ(stage.role->do_work(), 1u);
  EXPECT_EQ(take(*stage.reader), (Texts{"k2", "k3"}));
  EXPECT_EQ(stage.role->do_work(), 2u);
  EXPECT_EQ(take(*stage.reader), Texts{"k4"});
  stage.writer->close();
  stage.role->do_work();
  EXPECT_TRUE(stage.role->done());
  stage.role->settle();
  EXPECT_EQ(stage.inlet.consumer().out.load(), 4);
  EXPECT_EQ(stage.inlet.consumer().filtered.load(), 3);
  EXPECT_EQ(stage.inlet.consumer().abandoned.load(), 0);
  stage.expect_ledger();
}

TEST(StageRole, AHaltWhileRecordsWaitForRoomLeavesALedgerThatBalances) {
  StageBetween<op::FilterOp> stage({}, {.capacity = 64}, matching("k"));
  for (const char* text : {"k1", "no", "k2", "no", "k3", "k4", "no"}) put(*stage.writer, text);
  stage.role->do_work();
  stage.site.stop.store(1);
  EXPECT_EQ(stage.role->do_work(), 1u);
  EXPECT_TRUE(stage.role->done());
  stage.role->settle();
  EXPECT_EQ(stage.inlet.consumer().in.load(), 7);
  EXPECT_EQ(stage.inlet.consumer().out.load(), 2);
  EXPECT_EQ(stage.inlet.consumer().filtered.load(), 2);
  EXPECT_EQ(stage.inlet.consumer().abandoned.load(), 3);
  stage.expect_ledger();
}

TEST(StageRole, AnOpThatWritesGetsItsRoomInTheOutlet) {
  op::Affix affix{">> "};
  StageBetween<op::PrependOp> before({}, {}, affix, 3);
  put(*before.writer, "a", 4, 2);
  put(*before.writer, "");
  EXPECT_EQ(before.role->do_work(), 2u);
  EXPECT_EQ(take(*before.reader), (Texts{">> a", ">> "}));
  affix.text = " <<";
  // With more room in front than the op takes, the record is moved to where the frame begins.
  StageBetween<op::AppendOp> after({}, {}, affix, 3);
  put(*after.writer, "a");
  EXPECT_EQ(after.role->do_work(), 1u);
  EXPECT_EQ(take(*after.reader), Texts{"a <<"});
}

TEST(StageRole, AnOpThatWritesAppliesNothingThatHasNoRoom) {
  const op::Affix affix{"0123"};
  StageBetween<op::PrependOp> stage({}, {.capacity = 64}, affix, 4);
  for (const char* text : {"a", "b", "c"}) put(*stage.writer, text);
  EXPECT_EQ(stage.role->do_work(), 2u);
  EXPECT_EQ(stage.role->do_work(), 0u);
  EXPECT_EQ(stage.site.state(), AgentState::kStalled);
  take(*stage.reader);
  EXPECT_EQ(stage.role->do_work(), 1u);
  EXPECT_EQ(take(*stage.reader), Texts{"0123c"});
  stage.role->settle();
  stage.expect_ledger();
}

TEST(StageRole, ARecordThatFailsComesAfterThoseBeforeItAndEndsTheStage) {
  StageBetween<op::RejectOp> stage({}, {.capacity = 64}, matching("bad"));
  for (const char* text : {"a", "b", "c", "bad", "d"}) put(*stage.writer, text, 10 + text[0] - 'a');
  EXPECT_EQ(stage.role->do_work(), 2u);
  EXPECT_TRUE(stage.site.failures.all().empty()) << "records before it still wait for room";
  take(*stage.reader);
  EXPECT_EQ(stage.role->do_work(), 2u) << "a record, and the end";
  ASSERT_EQ(stage.site.failures.all().size(), 1u);
  EXPECT_EQ(stage.site.failures.all()[0].agent, 7u);
  EXPECT_EQ(stage.site.failures.all()[0].sequence, 11u);
  EXPECT_EQ(take(*stage.reader), Texts{"c"});
  EXPECT_TRUE(stage.reader->ended());
  EXPECT_TRUE(stage.role->done());
  EXPECT_EQ(stage.site.state(), AgentState::kFailed);
  EXPECT_EQ(stage.role->do_work(), 0u);
  stage.role->settle();
  EXPECT_EQ(stage.inlet.consumer().failed.load(), 1);
  EXPECT_EQ(stage.inlet.consumer().abandoned.load(), 1);
  stage.expect_ledger();
}

TEST(StageRole, ARecordThatItsOutletCannotTakeFailsOrIsDropped) {
  for (const bool drops : {false, true}) {
    StageBetween<op::IdentityOp> stage({}, {.capacity = 64, .drops = drops}, {});
    for (const char* text : {"a", "0123456789abcdefg", "b"}) put(*stage.writer, text);
    stage.role->do_work();
    EXPECT_EQ(stage.role->done(), !drops);
    if (!drops) {
      ASSERT_EQ(stage.site.failures.all().size(), 1u);
      EXPECT_EQ(stage.site.failures.all()[0].cause,
                "a record needs 17 bytes, but lane test->lane takes at most 16; raise record_max, or capacity_bytes of "
                "the lane");
    }
    EXPECT_EQ(take(*stage.reader), drops ? (Texts{"a", "b"}) : Texts{"a"});
    stage.role->settle();
    stage.expect_ledger();
  }
}

TEST(StageRole, ARecordThatGrowsPastItsOutletFailsOrIsDropped) {
  for (const bool drops : {false, true}) {
    const op::Affix affix{"0123"};
    StageBetween<op::PrependOp> stage({}, {.capacity = 64, .drops = drops}, affix, 4);
    for (const char* text : {"a", "123456789", "b", "c"}) put(*stage.writer, text);
    stage.role->do_work();
    EXPECT_EQ(stage.role->done(), !drops);
    stage.role->settle();
    EXPECT_EQ(stage.outlet.producer().too_large.load(), drops ? 1 : 0);
    EXPECT_EQ(stage.outlet.producer().dropped.load(), drops ? 1 : 0) << "the last one found the lane full";
    stage.expect_ledger();
  }
}

TEST(StageRole, AFrameThatJavaScriptDamagedFailsTheStage) {
  StageBetween<op::IdentityOp> stage({.js_writer = true}, {}, {});
  lane::FramedLayout::write_start(stage.inlet.data(), 0xffffffff, 0);
  stage.inlet.producer().cell.store(64);
  stage.inlet.producer().published.store(3);
  EXPECT_EQ(stage.role->do_work(), 1u);
  EXPECT_TRUE(stage.role->done());
  ASSERT_EQ(stage.site.failures.all().size(), 1u);
  EXPECT_NE(stage.site.failures.all()[0].cause.find("overwritten"), std::string::npos);
  stage.role->settle();
  EXPECT_EQ(stage.inlet.consumer().failed.load(), 1);
  EXPECT_EQ(stage.inlet.consumer().abandoned.load(), 2);
  stage.expect_ledger();
}

TEST(StageRole, ASinkNeedsNoOutlet) {
  Lane inlet;
  RoleSite site;
  op::FilterOp op(matching("k"));
  lane::RoleContext context = site.context();
  context.inlets.push_back(inlet.inlet_end());
  const auto role = lane::make_stage_role(std::move(context), op);
  auto writer = inlet.writer();
  for (const char* text : {"k", "no", "k"}) put(*writer, text);
  EXPECT_EQ(role->do_work(), 3u);
  EXPECT_EQ(inlet.consumer().out.load(), 2);
  EXPECT_EQ(inlet.consumer().filtered.load(), 1);
  writer->close();
  role->do_work();
  EXPECT_TRUE(role->done());
}

TEST(StageRole, TheWatermarkMovesWhenRecordsAreFilteredAndWaitsForThoseThatWait) {
  StageBetween<op::FilterOp> stage({.watermarked = true}, {.capacity = 64, .watermarked = true}, matching("k"));
  stage.writer->advance(3);
  EXPECT_EQ(stage.role->do_work(), 1u) << "a watermark is work: a merge may sleep for it";
  EXPECT_EQ(stage.outlet.producer().watermark.load(), 3u);
  put(*stage.writer, "no", 5);
  stage.writer->advance(6);
  stage.role->do_work();
  EXPECT_EQ(stage.outlet.producer().watermark.load(), 6u);
  for (std::uint64_t i = 0; i < 4; ++i) put(*stage.writer, "k", 10 + i);
  stage.writer->advance(14);
  stage.role->do_work();
  EXPECT_EQ(stage.outlet.producer().watermark.load(), 12u) << "the first that waits for room";
}

TEST(StageRole, RecordsOfEarlierRunsThatWereHandedToItAreInItsLedger) {
  Lane inlet;
  Lane outlet;
  RoleSite site;
  op::IdentityOp op({});
  std::atomic<double> replayed{2};
  lane::RoleContext context = site.context();
  context.inlets.push_back(inlet.inlet_end());
  context.inlets.front().replayed = &replayed;
  context.outlets.push_back(outlet.outlet_end());
  const auto role = lane::make_stage_role(std::move(context), op);
  put(*inlet.writer(), "own");
  role->settle();
  EXPECT_EQ(inlet.consumer().in.load(), 3);
  EXPECT_EQ(inlet.consumer().abandoned.load(), 3);
}

// ---- structs, which are copied span by span ------------------------------------------------------------------------

// Lanes of structs in which nobody asks for ordinals, as in a graph without an Ordered merge.
LaneShape structs(std::uint32_t capacity, bool drops = false) {
  return {.slots = true, .capacity = capacity, .struct_bytes = 4, .drops = drops};
}

// Changes the first byte; an op that writes and takes no room of its own.
struct UpperCase {
  static constexpr bool kWrites = true;
  static constexpr bool kFilters = false;
  static constexpr bool kFails = false;

  using Config = op::NoConfig;

  explicit UpperCase(const op::NoConfig&) {}
  op::Outcome apply(core::RecordRef& record) noexcept {
    EXPECT_EQ(record.length, 4u);
    record.data[0] = static_cast<std::byte>(static_cast<char>(record.data[0]) - 'a' + 'A');
    return op::Outcome::kPass;
  }
  std::string cause() const { return {}; }
};

template <class Op>
void expect_structs_pass(const Texts& first, const Texts& second) {
  StageBetween<Op> stage(structs(8), structs(3), {});
  for (const char* text : {"a--1", "b--2", "c--3", "d--4", "e--5"}) put(*stage.writer, text);
  EXPECT_EQ(stage.role->do_work(), 3u);
  EXPECT_EQ(stage.role->do_work(), 0u);
  EXPECT_EQ(stage.site.state(), AgentState::kStalled);
  EXPECT_EQ(take(*stage.reader), first);
  EXPECT_EQ(stage.role->do_work(), 2u) << "past the wrap of a lane of four slots";
  EXPECT_EQ(take(*stage.reader), second);
  put(*stage.writer, "f--6");
  stage.site.stop.store(1);
  stage.role->do_work();
  stage.role->settle();
  stage.expect_ledger();
  EXPECT_EQ(stage.inlet.consumer().bytes.load(), 20);
  EXPECT_EQ(stage.inlet.consumer().abandoned.load(), 1);
}

TEST(StageRole, StructsPassUnchanged) {
  expect_structs_pass<op::IdentityOp>({"a--1", "b--2", "c--3"}, {"d--4", "e--5"});
}

TEST(StageRole, AnOpThatWritesChangesStructsInTheOutletOnly) {
  expect_structs_pass<UpperCase>({"A--1", "B--2", "C--3"}, {"D--4", "E--5"});
  StageBetween<UpperCase> stage(structs(8), structs(8), {});
  put(*stage.writer, "a--1");
  const std::byte* const slot = stage.inlet.slots();
  stage.role->do_work();
  EXPECT_EQ(static_cast<char>(slot[0]), 'a') << "other readers may look at it";
}

template <class Op>
void expect_structs_drop(const Texts& kept) {
  StageBetween<Op> stage(structs(8), structs(2, true), {});
  for (const char* text : {"a--1", "b--2", "c--3"}) put(*stage.writer, text);
  EXPECT_EQ(stage.role->do_work(), 3u);
  EXPECT_EQ(take(*stage.reader), kept);
  EXPECT_EQ(stage.outlet.producer().dropped.load(), 1);
  stage.role->settle();
  stage.expect_ledger();
}

TEST(StageRole, StructsThatDoNotFitALaneThatDropsAreCounted) {
  expect_structs_drop<op::IdentityOp>({"a--1", "b--2"});
  expect_structs_drop<UpperCase>({"A--1", "B--2"});
}

// ---- routers -------------------------------------------------------------------------------------------------------

template <class Choice>
struct RouterOver {
  RouterOver(LaneShape inlet_shape, const std::vector<LaneShape>& shapes, Choice choice = {},
             std::uint32_t batch_records = 64)
      : inlet(inlet_shape) {
    lane::RoleContext context = site.context(batch_records);
    context.inlets.push_back(inlet.inlet_end());
    for (const LaneShape& shape : shapes) {
      outlets.push_back(std::make_unique<Lane>(shape));
      context.outlets.push_back(outlets.back()->outlet_end(10 + static_cast<std::uint32_t>(outlets.size())));
      readers.push_back(outlets.back()->reader());
    }
    role = std::make_unique<lane::RouterRole<Choice>>(std::move(context), choice);
    writer = inlet.writer();
  }

  void expect_ledger() {
    double written = 0;
    for (auto& lane : outlets)
      written +=
          lane->producer().published.load() + lane->producer().dropped.load() + lane->producer().too_large.load();
    const double copies = Choice::kChooses ? 1 : static_cast<double>(outlets.size());
    EXPECT_EQ(inlet.consumer().in.load(), inlet.producer().published.load());
    EXPECT_EQ(inlet.consumer().in.load() * copies, written + inlet.consumer().abandoned.load());
    EXPECT_EQ(inlet.consumer().out.load(), written);
  }

  Lane inlet;
  RoleSite site;
  std::vector<std::unique_ptr<Lane>> outlets;
  std::vector<std::unique_ptr<lane::Inlet>> readers;
  std::unique_ptr<lane::RouterRole<Choice>> role;
  std::unique_ptr<lane::Outlet> writer;
};

TEST(RouterRole, ABroadcastGivesEveryRecordToEachAndAFullOneHoldsUpOnlyItself) {
  RouterOver<lane::BroadcastChoice> router({}, {{.capacity = 64}, {}});
  for (const char* text : {"a", "b", "c", "d"}) put(*router.writer, text);
  EXPECT_EQ(router.role->do_work(), 6u) << "copies: two and four";
  EXPECT_EQ(take(*router.readers[1]), (Texts{"a", "b", "c", "d"}));
  EXPECT_EQ(router.inlet.consumer().in.load(), 2) << "those that everybody has";
  EXPECT_EQ(router.role->do_work(), 0u);
  EXPECT_EQ(router.site.state(), AgentState::kStalled);
  EXPECT_EQ(router.site.entry.waits_for.load(), 11u);
  put(*router.writer, "e");
  EXPECT_EQ(router.role->do_work(), 0u) << "no new batch before this one is done";
  EXPECT_EQ(take(*router.readers[0]), (Texts{"a", "b"}));
  EXPECT_EQ(router.role->do_work(), 2u);
  EXPECT_EQ(router.role->do_work(), 1u) << "the fifth to the one that has room";
  EXPECT_EQ(take(*router.readers[0]), (Texts{"c", "d"}));
  EXPECT_EQ(router.role->do_work(), 1u);
  EXPECT_EQ(take(*router.readers[0]), Texts{"e"});
  router.writer->close();
  EXPECT_EQ(router.role->do_work(), 1u);
  EXPECT_TRUE(router.role->done());
  router.role->settle();
  router.expect_ledger();
}

TEST(RouterRole, ABroadcastOfStructsGivesEveryRecordToEach) {
  RouterOver<lane::BroadcastChoice> router(structs(4), {structs(2), structs(8), structs(1, true)});
  for (const char* text : {"a--1", "b--2", "c--3"}) put(*router.writer, text);
  EXPECT_EQ(router.role->do_work(), 8u) << "copies: two, three, and three of which two were dropped";
  EXPECT_EQ(take(*router.readers[1]), (Texts{"a--1", "b--2", "c--3"}));
  EXPECT_EQ(take(*router.readers[2]), Texts{"a--1"});
  EXPECT_EQ(router.inlet.consumer().in.load(), 2) << "those that everybody has";
  EXPECT_EQ(router.role->do_work(), 0u);
  EXPECT_EQ(router.site.state(), AgentState::kStalled);
  EXPECT_EQ(router.site.entry.waits_for.load(), 11u);
  EXPECT_EQ(take(*router.readers[0]), (Texts{"a--1", "b--2"}));
  for (const char* text : {"d--4", "e--5"}) put(*router.writer, text);
  EXPECT_EQ(router.role->do_work(), 1u) << "no new batch before this one is done";
  EXPECT_EQ(router.role->do_work(), 3u) << "what lies before the wrap";
  EXPECT_EQ(router.role->do_work(), 2u) << "the first lane is full";
  EXPECT_EQ(take(*router.readers[0]), (Texts{"c--3", "d--4"}));
  EXPECT_EQ(take(*router.readers[1]), (Texts{"d--4", "e--5"}));
  EXPECT_EQ(take(*router.readers[2]), Texts{"d--4"});
  router.site.stop.store(1);
  router.role->do_work();
  router.role->settle();
  router.expect_ledger();
  EXPECT_EQ(router.inlet.consumer().abandoned.load(), 1);
}

TEST(RouterRole, AHaltCountsTheCopiesThatWereNotGiven) {
  RouterOver<lane::BroadcastChoice> router({}, {{.capacity = 64}, {}, {.capacity = 64, .drops = true}});
  for (const char* text : {"a", "b", "c", "d"}) put(*router.writer, text);
  router.role->do_work();
  put(*router.writer, "e");
  router.site.stop.store(1);
  EXPECT_EQ(router.role->do_work(), 1u);
  EXPECT_TRUE(router.role->done());
  router.role->settle();
  EXPECT_EQ(router.inlet.consumer().in.load(), 5);
  EXPECT_EQ(router.outlets[2]->producer().dropped.load(), 2);
  EXPECT_EQ(router.inlet.consumer().abandoned.load(), 2 + 3) << "two and the fifth's three";
  router.expect_ledger();
}

TEST(RouterRole, RoundRobinGoesRoundAndAFullOneHoldsUpOnlyItsShareOfTheBatch) {
  RouterOver<lane::RoundRobinChoice> router({}, {{.capacity = 64}, {}});
  for (const char* text : {"a", "b", "c", "d", "e", "f", "g"}) put(*router.writer, text);
  EXPECT_EQ(router.role->do_work(), 5u);
  EXPECT_EQ(take(*router.readers[1]), (Texts{"b", "d", "f"}));
  EXPECT_EQ(router.inlet.consumer().in.load(), 4) << "everything before e";
  EXPECT_EQ(take(*router.readers[0]), (Texts{"a", "c"}));
  EXPECT_EQ(router.role->do_work(), 2u);
  EXPECT_EQ(take(*router.readers[0]), (Texts{"e", "g"}));
  put(*router.writer, "h");
  router.role->do_work();
  EXPECT_EQ(take(*router.readers[1]), Texts{"h"});
  router.role->settle();
  router.expect_ledger();
}

// The first byte is the key; a record that begins with '-' has none.
struct FirstByte {
  std::optional<std::uint64_t> find_hash(std::string_view record) const noexcept {
    if (record.empty() || record[0] == '-') return std::nullopt;
    return static_cast<std::uint64_t>(record[0]);
  }
};

TEST(RouterRole, AKeyGoesToOneOutletAndAKeylessRecordToTheFirst) {
  const FirstByte key;
  RouterOver<lane::KeyHashChoice<FirstByte>> router({}, {{}, {}, {}}, lane::KeyHashChoice<FirstByte>(key));
  for (const char* text : {"a1", "b1", "-", "a2", "c1", "b2"}) put(*router.writer, text);
  EXPECT_EQ(router.role->do_work(), 6u);
  EXPECT_EQ(take(*router.readers['a' % 3]), (Texts{"a1", "a2"}));
  EXPECT_EQ(take(*router.readers['b' % 3]), (Texts{"b1", "b2"}));
  EXPECT_EQ(take(*router.readers['c' % 3]), (Texts{"-", "c1"}));
  EXPECT_EQ(router.inlet.consumer().keyless.load(), 1);
  router.role->settle();
  router.expect_ledger();
}

TEST(RouterRole, ARecordThatOneOutletCannotTakeEndsIt) {
  RouterOver<lane::BroadcastChoice> router({}, {{}, {.capacity = 64}});
  for (const char* text : {"a", "0123456789abcdefg", "b"}) put(*router.writer, text, 1);
  router.role->do_work();
  EXPECT_TRUE(router.role->done());
  ASSERT_EQ(router.site.failures.all().size(), 1u);
  EXPECT_EQ(router.site.state(), AgentState::kFailed);
  EXPECT_EQ(take(*router.readers[1]), Texts{"a"});
  EXPECT_TRUE(router.readers[1]->ended());
  router.role->settle();
  router.expect_ledger();
}

TEST(RouterRole, EveryOutletHearsItsOwnBound) {
  const LaneShape small{.capacity = 64, .watermarked = true};
  const LaneShape large{.watermarked = true};
  RouterOver<lane::BroadcastChoice> router(large, {small, large});
  router.role->do_work();
  EXPECT_EQ(router.outlets[0]->producer().watermark.load(), 0u) << "nothing is known";
  router.writer->advance(4);
  EXPECT_EQ(router.role->do_work(), 1u);
  EXPECT_EQ(router.outlets[0]->producer().watermark.load(), 4u);
  for (std::uint64_t i = 0; i < 4; ++i) put(*router.writer, "x", 10 + i);
  router.writer->advance(20);
  router.role->do_work();
  EXPECT_EQ(router.outlets[0]->producer().watermark.load(), 12u) << "the next one for it";
  EXPECT_EQ(router.outlets[1]->producer().watermark.load(), 14u) << "after the batch, which it has";
  take(*router.readers[0]);
  router.role->do_work();
  EXPECT_EQ(router.outlets[0]->producer().watermark.load(), 20u);
  EXPECT_EQ(router.outlets[1]->producer().watermark.load(), 20u);
}

TEST(RouterRole, AChosenOutletKnowsThatNothingOfTheBatchIsForIt) {
  const LaneShape shape{.watermarked = true};
  RouterOver<lane::RoundRobinChoice> router(shape, {shape, shape, shape});
  put(*router.writer, "x", 7);
  router.role->do_work();
  for (auto& lane : router.outlets) EXPECT_EQ(lane->producer().watermark.load(), 8u);
}

// ---- merges --------------------------------------------------------------------------------------------------------

std::unique_ptr<lane::Role> make_ordered_merge_role(lane::RoleContext context) {
  return std::make_unique<lane::OrderedMergeRole>(std::move(context));
}

template <std::unique_ptr<lane::Role> (*kMake)(lane::RoleContext)>
struct MergeOf {
  MergeOf(const std::vector<LaneShape>& shapes, LaneShape outlet_shape, std::uint32_t batch_records = 64,
          std::uint32_t ordinal_shift = 0)
      : outlet(outlet_shape) {
    lane::RoleContext context = site.context(batch_records, ordinal_shift);
    for (const LaneShape& shape : shapes) {
      inlets.push_back(std::make_unique<Lane>(shape));
      context.inlets.push_back(inlets.back()->inlet_end(0, 20 + static_cast<std::uint32_t>(inlets.size())));
      writers.push_back(inlets.back()->writer());
    }
    context.outlets.push_back(outlet.outlet_end());
    role = kMake(std::move(context));
    reader = outlet.reader();
  }

  void expect_ledger() {
    double in = 0;
    double published = 0;
    double done = 0;
    for (auto& lane : inlets) {
      in += lane->consumer().in.load();
      published += lane->producer().published.load();
      done += lane->consumer().out.load() + lane->consumer().abandoned.load();
    }
    EXPECT_EQ(in, published);
    EXPECT_EQ(in, done);
  }

  std::vector<std::unique_ptr<Lane>> inlets;
  Lane outlet;
  RoleSite site;
  std::vector<std::unique_ptr<lane::Outlet>> writers;
  std::unique_ptr<lane::Role> role;
  std::unique_ptr<lane::Inlet> reader;
};

TEST(MergeRole, TakesFromEveryInletInTurnByPartsOfABatch) {
  MergeOf<lane::make_merge_role> merge({{}, {}}, {}, 4);
  for (const char* text : {"a1", "a2", "a3", "a4", "a5"}) put(*merge.writers[0], text);
  put(*merge.writers[1], "b1");
  EXPECT_EQ(merge.role->do_work(), 3u);
  EXPECT_EQ(merge.role->do_work(), 2u);
  EXPECT_EQ(merge.role->do_work(), 1u);
  EXPECT_EQ(take(*merge.reader), (Texts{"a1", "a2", "b1", "a3", "a4", "a5"}));
  EXPECT_EQ(merge.role->do_work(), 0u);
  EXPECT_EQ(merge.site.state(), AgentState::kWaiting);
  merge.writers[0]->close();
  EXPECT_EQ(merge.role->do_work(), 0u);
  EXPECT_EQ(merge.site.entry.waits_for.load(), 22u) << "the inlet that is still open";
  merge.writers[1]->close();
  EXPECT_EQ(merge.role->do_work(), 1u);
  EXPECT_TRUE(merge.role->done());
  merge.role->settle();
  merge.expect_ledger();
}

TEST(MergeRole, OfStructsTakesTurnsLikewise) {
  MergeOf<lane::make_merge_role> merge({structs(4), structs(4)}, structs(4), 4);
  for (const char* text : {"a--1", "a--2", "a--3"}) put(*merge.writers[0], text);
  put(*merge.writers[1], "b--1");
  EXPECT_EQ(merge.role->do_work(), 3u);
  EXPECT_EQ(take(*merge.reader), (Texts{"a--1", "a--2", "b--1"}));
  for (const char* text : {"b--2", "b--3", "b--4"}) put(*merge.writers[1], text);
  EXPECT_EQ(merge.role->do_work(), 3u) << "past the wrap";
  EXPECT_EQ(merge.role->do_work(), 1u);
  EXPECT_EQ(merge.role->do_work(), 0u);
  EXPECT_EQ(take(*merge.reader), (Texts{"a--3", "b--2", "b--3", "b--4"}));
  merge.role->settle();
  merge.expect_ledger();
}

// An inlet that lets a test look on when something is given back.
class WatchedInlet final : public lane::Inlet {
 public:
  WatchedInlet(std::unique_ptr<lane::Inlet> inlet, std::function<void()> at_release)
      : inlet_(std::move(inlet)), at_release_(std::move(at_release)) {}

  std::uint32_t peek(lane::LaneRecord* records, std::uint32_t limit) noexcept override {
    return inlet_->peek(records, limit);
  }
  void consume(std::uint32_t count) noexcept override { inlet_->consume(count); }
  bool release() noexcept override {
    const bool released = inlet_->release();
    if (released) at_release_();
    return released;
  }
  std::uint64_t lower_bound() noexcept override { return inlet_->lower_bound(); }
  bool ended() noexcept override { return inlet_->ended(); }

 private:
  std::unique_ptr<lane::Inlet> inlet_;
  std::function<void()> at_release_;
};

// Who follows records from a journal to where they are safe takes what an inlet has released to stand in the outlet.
template <class MakeRole>
void expect_published_before_released(const MakeRole& make_role) {
  Lane inlet;
  Lane outlet;
  RoleSite site;
  lane::RoleContext context = site.context();
  std::uint32_t releases = 0;
  context.inlets.push_back(inlet.inlet_end());
  context.inlets.front().inlet = std::make_unique<WatchedInlet>(std::move(context.inlets.front().inlet), [&] {
    ++releases;
    EXPECT_EQ(outlet.producer().published.load(), 1);
  });
  context.outlets.push_back(outlet.outlet_end());
  const std::unique_ptr<lane::Role> role = make_role(std::move(context));
  put(*inlet.writer(), "a");
  EXPECT_EQ(role->do_work(), 1u);
  EXPECT_EQ(releases, 1u);
}

TEST(Roles, GiveNothingBackBeforeWhatBecameOfItIsPublished) {
  op::IdentityOp op({});
  expect_published_before_released(
      [&](lane::RoleContext context) { return lane::make_stage_role(std::move(context), op); });
  expect_published_before_released(lane::make_merge_role);
  expect_published_before_released(make_ordered_merge_role);
  expect_published_before_released([](lane::RoleContext context) {
    return std::make_unique<lane::RouterRole<lane::BroadcastChoice>>(std::move(context));
  });
}

TEST(MergeRole, WithRoomForOneRecordTheInletsAlternate) {
  MergeOf<lane::make_merge_role> merge({{}, {}, {}}, {.slots = true, .capacity = 1});
  for (int i = 0; i < 3; ++i)
    for (std::uint32_t inlet = 0; inlet < 3; ++inlet)
      put(*merge.writers[inlet], std::string(1, static_cast<char>('a' + inlet)));
  std::string order;
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(merge.role->do_work(), 1u);
    EXPECT_EQ(merge.role->do_work(), 0u);
    EXPECT_EQ(merge.site.state(), i < 8 ? AgentState::kStalled : AgentState::kWaiting);
    order += take(*merge.reader)[0];
  }
  EXPECT_EQ(order, "abcabcabc");
}

TEST(MergeRole, AHaltAbandonsWhatIsInItsInlets) {
  MergeOf<lane::make_merge_role> merge({{}, {}}, {.capacity = 64});
  for (int i = 0; i < 3; ++i) put(*merge.writers[0], "a");
  put(*merge.writers[1], "b");
  merge.role->do_work();
  merge.site.stop.store(1);
  merge.role->do_work();
  merge.role->settle();
  EXPECT_EQ(merge.inlets[0]->consumer().abandoned.load(), 1);
  EXPECT_EQ(merge.inlets[1]->consumer().abandoned.load(), 1);
  merge.expect_ledger();
}

TEST(MergeRole, ARecordThatItsOutletCannotTakeEndsIt) {
  MergeOf<lane::make_merge_role> merge({{}, {}}, {.capacity = 64});
  put(*merge.writers[0], "a");
  put(*merge.writers[1], "0123456789abcdefg");
  merge.role->do_work();
  EXPECT_TRUE(merge.role->done());
  EXPECT_EQ(merge.site.failures.all().size(), 1u);
  EXPECT_EQ(take(*merge.reader), Texts{"a"});
  EXPECT_TRUE(merge.reader->ended());
  merge.role->settle();
  merge.expect_ledger();
}

const LaneShape kMarked{.watermarked = true};
// No copies meet in these tests, and ordinals stay as they are.
const LaneShape kUnchanged{.watermarked = true, .ordinal_step = 0};

TEST(OrderedMerge, RestoresTheOrderAsFarAsItIsKnown) {
  MergeOf<make_ordered_merge_role> merge({kMarked, kMarked}, kUnchanged);
  put(*merge.writers[1], "0", 0);
  put(*merge.writers[1], "3", 3);
  EXPECT_EQ(merge.role->do_work(), 0u) << "the first inlet's 0 would go before it, if it comes";
  EXPECT_EQ(merge.site.state(), AgentState::kWaiting);
  EXPECT_EQ(merge.site.entry.waits_for.load(), 21u);
  put(*merge.writers[0], "1", 1);
  put(*merge.writers[0], "2", 2);
  EXPECT_EQ(merge.role->do_work(), 4u) << "three records and the watermark";
  EXPECT_EQ(take(*merge.reader), (Texts{"0", "1", "2"}));
  EXPECT_EQ(merge.outlet.producer().watermark.load(), 3u);
  merge.writers[0]->advance(4);
  EXPECT_EQ(merge.role->do_work(), 2u);
  EXPECT_EQ(take(*merge.reader), Texts{"3"});
  merge.writers[0]->close();
  merge.role->do_work();
  EXPECT_FALSE(merge.role->done());
  merge.writers[1]->close();
  merge.role->do_work();
  EXPECT_TRUE(merge.role->done());
  merge.role->settle();
  merge.expect_ledger();
}

TEST(OrderedMerge, CopiesOfOneRecordComeInTheOrderOfTheInletsAndGetOrdinalsOfTheirOwn) {
  const LaneShape inlet{.watermarked = true, .ordinal_step = 16};
  MergeOf<make_ordered_merge_role> merge({inlet, inlet, inlet}, {.watermarked = true, .ordinal_step = 4}, 64, 4);
  for (std::uint64_t i = 0; i < 3; ++i)
    for (const int inlet : {2, 0, 1})
      put(*merge.writers[inlet], std::to_string(i) + static_cast<char>('a' + inlet), i << 4);
  for (auto& writer : merge.writers) writer->close();
  merge.role->do_work();
  std::vector<lane::LaneRecord> records(16);
  ASSERT_EQ(merge.reader->peek(records.data(), 16), 9u);
  for (std::uint32_t i = 0; i < 9; ++i) {
    EXPECT_EQ(text_of(records[i]), std::to_string(i / 3) + static_cast<char>('a' + i % 3));
    EXPECT_EQ(records[i].ordinal, (std::uint64_t{i / 3} << 4) + 4 * (i % 3));
  }
}

TEST(OrderedMerge, AnInletThatIsDoneWithARecordIsDoneWithAllThatMayComeOfIt) {
  // The first inlet has two copies of each record, the second has one.
  MergeOf<make_ordered_merge_role> merge(
      {{.watermarked = true, .ordinal_step = 4}, {.watermarked = true, .ordinal_step = 8}},
      {.watermarked = true, .ordinal_step = 2}, 64, 3);
  for (std::uint64_t copy = 0; copy < 4; ++copy) put(*merge.writers[0], "a" + std::to_string(copy), 4 * copy);
  put(*merge.writers[1], "b0", 0);
  merge.role->do_work();
  EXPECT_EQ(take(*merge.reader), (Texts{"a0", "b0", "a1", "a2"}))
      << "a1 does not wait for b1, which is of the next record";
  put(*merge.writers[1], "b1", 8);
  merge.role->do_work();
  EXPECT_EQ(take(*merge.reader), (Texts{"b1", "a3"}));
}

TEST(OrderedMerge, AGapThatAFilterLeftIsKnownToBeAGap) {
  MergeOf<make_ordered_merge_role> merge({kMarked, kMarked}, kUnchanged);
  for (std::uint64_t i = 0; i < 10; ++i) put(*merge.writers[0], std::to_string(i), i);
  merge.writers[1]->advance(5);
  EXPECT_EQ(merge.role->do_work(), 7u) << "0 to 5, because the first inlet's goes before the second's, and the mark";
  EXPECT_EQ(take(*merge.reader).size(), 6u);
  merge.writers[1]->advance(9);
  merge.role->do_work();
  EXPECT_EQ(take(*merge.reader).size(), 4u);
}

TEST(OrderedMerge, WhatWaitsForRoomIsGivenBackRecordByRecord) {
  MergeOf<make_ordered_merge_role> merge({kMarked, kMarked},
                                         {.slots = true, .capacity = 1, .watermarked = true, .ordinal_step = 0});
  for (std::uint64_t i = 0; i < 4; ++i) put(*merge.writers[i % 2], std::to_string(i), i);
  for (auto& writer : merge.writers) writer->close();
  for (std::uint64_t i = 0; i < 4; ++i) {
    EXPECT_GE(merge.role->do_work(), 1u);
    EXPECT_EQ(merge.inlets[i % 2]->consumer().in.load(), static_cast<double>(i / 2 + 1));
    EXPECT_EQ(merge.outlet.producer().watermark.load(), i + 1) << i;
    EXPECT_EQ(merge.role->do_work(), i < 3 ? 0u : 1u) << "the end, after the last one " << i;
    EXPECT_EQ(take(*merge.reader), Texts{std::to_string(i)});
  }
  merge.role->do_work();
  EXPECT_TRUE(merge.role->done());
}

TEST(OrderedMerge, AHaltAbandonsWhatIsChosenAndNotOut) {
  MergeOf<make_ordered_merge_role> merge({kMarked, kMarked}, {.capacity = 64, .watermarked = true, .ordinal_step = 0});
  for (std::uint64_t i = 0; i < 6; ++i) put(*merge.writers[i % 2], "x", i);
  merge.role->do_work();
  merge.site.stop.store(1);
  merge.role->do_work();
  merge.role->settle();
  EXPECT_EQ(merge.inlets[0]->consumer().abandoned.load() + merge.inlets[1]->consumer().abandoned.load(), 4);
  merge.expect_ledger();
}

TEST(OrderedMerge, ADamagedInletEndsIt) {
  MergeOf<make_ordered_merge_role> merge({{.watermarked = true, .js_writer = true}, kMarked}, kUnchanged);
  lane::FramedLayout::write_start(merge.inlets[0]->data(), 0xffffffff, 0);
  merge.inlets[0]->producer().cell.store(64);
  merge.inlets[0]->producer().published.store(1);
  merge.writers[1]->close();
  while (!merge.role->done()) ASSERT_NE(merge.role->do_work(), 0u);
  EXPECT_EQ(merge.site.failures.all().size(), 1u);
  merge.role->settle();
  merge.expect_ledger();
}

}  // namespace
}  // namespace byteor::test

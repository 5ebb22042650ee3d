// Stages whose ops work on batches: what they emit and in which order, what waits for room or for time, what fails, and
// the ledger of each.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lane/batch_role.hpp"
#include "op/batch.hpp"
#include "support/lanes.hpp"

namespace byteor::test {
namespace {

using abi::AgentState;
using op::BatchAnswer;
using op::Claim;
using Texts = std::vector<std::string>;

std::string_view view_of(const lane::LaneRecord& record) {
  return {reinterpret_cast<const char*>(record.data), record.length};
}

// One record becomes its pieces between commas; an empty one is filtered, and "bad" fails. It does not ask whether all
// of them can go on, as an op has to.
struct SplitOp {
  static constexpr bool kFilters = true;

  template <class Out>
  BatchAnswer run(std::span<const typename Out::Record> batch, Out& out) noexcept {
    for (std::uint32_t i = 0; i != batch.size(); ++i, next_ = 0) {
      const std::string_view text = view_of(batch[i]);
      if (text == "bad") return BatchAnswer::failed(i);
      while (next_ < text.size()) {
        const std::size_t stop = std::min(text.find(',', next_), text.size());
        const auto length = static_cast<std::uint32_t>(stop - next_);
        const Claim claim = out.claim(i, length);
        if (claim.status == Claim::Status::kNone) return BatchAnswer::needs_room(i, length);
        if (claim.status == Claim::Status::kRoom) {
          std::memcpy(claim.data, text.data() + next_, length);
          out.commit(length, batch[i].flags);
        }
        next_ = stop + 1;
      }
    }
    return BatchAnswer::done(static_cast<std::uint32_t>(batch.size()));
  }
  std::string cause() const { return "it is bad"; }

  std::size_t next_ = 0;  // of the record at hand, where the next piece begins
};

// Passes records of a letter, and says how often it sees one.
struct PassOp {
  static constexpr bool kFilters = true;

  template <class Out>
  BatchAnswer run(std::span<const typename Out::Record> batch, Out& out) noexcept {
    for (std::uint32_t i = 0; i != batch.size(); ++i) {
      ++seen;
      if (view_of(batch[i]) != "-" && !out.pass(i)) return BatchAnswer::done(i + 1);
    }
    return BatchAnswer::done(static_cast<std::uint32_t>(batch.size()));
  }
  std::string cause() const { return {}; }

  std::uint32_t seen = 0;
};

// Works on two records at a time, somewhere else: passes those that `ready` says are done.
struct LaterOp {
  static constexpr bool kFilters = false;

  template <class Out>
  BatchAnswer run(std::span<const typename Out::Record> batch, Out& out) noexcept {
    held = std::min<std::uint32_t>(2, static_cast<std::uint32_t>(batch.size()));
    std::uint32_t done = 0;
    for (; done != held && ready != 0; ++done, --ready)
      if (!out.pass(done)) return BatchAnswer::done(done + 1);
    return BatchAnswer::pending(done);
  }
  std::string cause() const { return {}; }

  std::uint32_t held = 0;
  std::uint32_t ready = 0;
};

// Keeps every record, and emits how many there were.
struct TotalOp {
  static constexpr bool kFilters = false;

  template <class Out>
  BatchAnswer run(std::span<const typename Out::Record> batch, Out&) noexcept {
    total += static_cast<std::uint32_t>(batch.size());
    return BatchAnswer::done(static_cast<std::uint32_t>(batch.size()));
  }
  template <class Out>
  BatchAnswer finish(Out& out) noexcept {
    const std::string text = std::to_string(total);
    const Claim claim = out.claim(0, static_cast<std::uint32_t>(text.size()));
    if (claim.status == Claim::Status::kNone)
      return BatchAnswer::needs_room(0, static_cast<std::uint32_t>(text.size()));
    std::memcpy(claim.data, text.data(), text.size());
    out.commit(static_cast<std::uint32_t>(text.size()), 0);
    return BatchAnswer::done(0);
  }
  std::string cause() const { return {}; }

  std::uint32_t total = 0;
};

// Answers what it is told.
struct AnswerOp {
  static constexpr bool kFilters = false;

  template <class Out>
  BatchAnswer run(std::span<const typename Out::Record>, Out& out) noexcept {
    for (std::uint32_t i = 0; i != passes; ++i) out.pass(i);
    return answer;
  }
  std::string cause() const { return {}; }

  BatchAnswer answer = BatchAnswer::done(0);
  std::uint32_t passes = 0;
};

template <class Op>
struct BatchBetween {
  explicit BatchBetween(LaneShape inlet_shape = {}, LaneShape outlet_shape = {})
      : inlet(inlet_shape), outlet(outlet_shape) {
    lane::RoleContext context = site.context(64);
    context.inlets.push_back(inlet.inlet_end());
    context.outlets.push_back(outlet.outlet_end());
    role = std::make_unique<lane::BatchRole<Op>>(std::move(context), op);
    writer = inlet.writer();
    reader = outlet.reader();
  }

  // Once the role has stopped: nothing is lost, and what left is what the next lane was given.
  void expect_ledger() {
    role->settle();
    const abi::ConsumerBlock& block = inlet.consumer();
    EXPECT_EQ(block.in.load(), inlet.producer().published.load());
    EXPECT_EQ(block.in.load(), block.out.load() - block.emitted.load() + block.filtered.load() + block.absorbed.load() +
                                   block.failed.load() + block.abandoned.load());
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

TEST(BatchRole, EmitsWhatComesOfARecordInItsPlace) {
  BatchBetween<SplitOp> stage;
  for (const char* text : {"a,b,c", "", "d", "e,f"}) put(*stage.writer, text);
  EXPECT_GT(stage.role->do_work(), 0u);
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "b", "c", "d", "e", "f"}));
  stage.writer->close();
  stage.role->do_work();
  EXPECT_TRUE(stage.role->done());
  EXPECT_EQ(stage.outlet.producer().closed.load(), 1u);
  stage.expect_ledger();
  const abi::ConsumerBlock& block = stage.inlet.consumer();
  EXPECT_EQ(block.filtered.load(), 1) << "the empty one";
  EXPECT_EQ(block.absorbed.load(), 2) << "those of which several came";
  EXPECT_EQ(block.emitted.load(), 5);
}

TEST(BatchRole, GoesOnInTheMiddleOfARecordWhenThereIsRoomAgain) {
  BatchBetween<SplitOp> stage({}, {.capacity = 64});
  put(*stage.writer, "a,b,c,d,e");
  EXPECT_EQ(stage.role->do_work(), 2u) << "two of them fill the lane";
  EXPECT_EQ(stage.role->do_work(), 0u);
  EXPECT_EQ(stage.site.state(), AgentState::kStalled);
  EXPECT_EQ(stage.inlet.consumer().in.load(), 0) << "the op is not done with it";
  Texts all;
  for (int turn = 0; turn != 5; ++turn) {
    for (std::string& text : take(*stage.reader, 1)) all.push_back(std::move(text));
    stage.role->do_work();
  }
  EXPECT_EQ(all, (Texts{"a", "b", "c", "d", "e"}));
  EXPECT_EQ(stage.inlet.consumer().in.load(), 1);
  stage.expect_ledger();
}

TEST(BatchRole, AHaltInTheMiddleOfARecordLeavesALedgerThatBalances) {
  BatchBetween<SplitOp> stage({}, {.capacity = 64});
  for (const char* text : {"x", "a,b,c,d,e", "y"}) put(*stage.writer, text);
  stage.role->do_work();
  stage.site.stop.store(1);
  EXPECT_EQ(stage.role->do_work(), 1u);
  EXPECT_TRUE(stage.role->done());
  stage.expect_ledger();
  EXPECT_EQ(stage.inlet.consumer().abandoned.load(), 2);
}

TEST(BatchRole, ARecordThatPassedWithoutRoomIsPutLaterAndSeenOnce) {
  BatchBetween<PassOp> stage({}, {.capacity = 64});
  for (const char* text : {"a", "-", "b", "c", "-", "d"}) put(*stage.writer, text);
  Texts all;
  for (int turn = 0; turn != 8; ++turn) {
    stage.role->do_work();
    for (std::string& text : take(*stage.reader, 1)) all.push_back(std::move(text));
  }
  EXPECT_EQ(all, (Texts{"a", "b", "c", "d"}));
  EXPECT_EQ(stage.op.seen, 6u);
  EXPECT_EQ(stage.inlet.consumer().filtered.load(), 2);
  stage.expect_ledger();
}

TEST(BatchRole, KeepsRecordsThatAreWorkedOnElsewhereInTheirLane) {
  BatchBetween<LaterOp> stage;
  for (const char* text : {"a", "b", "c"}) put(*stage.writer, text);
  EXPECT_EQ(stage.role->do_work(), 0u);
  EXPECT_EQ(stage.op.held, 2u);
  EXPECT_EQ(stage.site.state(), AgentState::kWaiting);
  EXPECT_EQ(stage.inlet.consumer().in.load(), 0);
  stage.op.ready = 1;
  EXPECT_EQ(stage.role->do_work(), 1u);
  EXPECT_EQ(take(*stage.reader), Texts{"a"});
  stage.writer->close();
  stage.role->do_work();
  EXPECT_FALSE(stage.role->done()) << "two are still being worked on";
  stage.op.ready = 2;
  stage.role->do_work();
  stage.role->do_work();
  EXPECT_TRUE(stage.role->done());
  EXPECT_EQ(take(*stage.reader), (Texts{"b", "c"}));
  stage.expect_ledger();
}

TEST(BatchRole, EmitsWhatTheOpKeptOnceItsInputHasEnded) {
  BatchBetween<TotalOp> stage({}, {.capacity = 64});
  for (const char* text : {"a", "b", "c"}) put(*stage.writer, text);
  stage.role->do_work();
  EXPECT_EQ(take(*stage.reader), Texts{});
  stage.writer->close();
  while (!stage.role->done()) stage.role->do_work();
  EXPECT_EQ(take(*stage.reader), Texts{"3"});
  EXPECT_TRUE(stage.reader->ended());
  stage.expect_ledger();
  EXPECT_EQ(stage.inlet.consumer().absorbed.load(), 3);
  EXPECT_EQ(stage.inlet.consumer().emitted.load(), 1);
}

TEST(BatchRole, ARecordThatFailsComesAfterThoseBeforeItAndEndsTheStage) {
  BatchBetween<SplitOp> stage;
  for (const char* text : {"a,b", "bad", "c"}) put(*stage.writer, text, 10 + text[0] - 'a');
  stage.role->do_work();
  EXPECT_TRUE(stage.role->done());
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "b"}));
  ASSERT_EQ(stage.site.failures.all().size(), 1u);
  EXPECT_EQ(stage.site.failures.all()[0].sequence, 11u);
  EXPECT_EQ(stage.site.failures.all()[0].cause, "it is bad");
  EXPECT_EQ(stage.site.state(), AgentState::kFailed);
  stage.expect_ledger();
  EXPECT_EQ(stage.inlet.consumer().failed.load(), 1);
  EXPECT_EQ(stage.inlet.consumer().abandoned.load(), 1);
}

TEST(BatchRole, WhatItsOutletCanNeverTakeFailsOrIsDropped) {
  for (const bool drops : {false, true}) {
    BatchBetween<SplitOp> stage({}, {.capacity = 64, .drops = drops});
    put(*stage.writer, "a,0123456789abcdefg");
    stage.role->do_work();
    EXPECT_EQ(stage.role->done(), !drops);
    if (!drops) {
      ASSERT_EQ(stage.site.failures.all().size(), 1u);
      const std::string cause = stage.site.failures.all()[0].cause;
      EXPECT_NE(cause.find("a record needs 17 bytes, but lane test->lane takes at most 16"), std::string::npos);
      EXPECT_NE(cause.find("; 1 of the records that the op made of it have left already: correct the op"),
                std::string::npos);
    }
    EXPECT_EQ(take(*stage.reader), Texts{"a"});
    stage.expect_ledger();
    EXPECT_EQ(stage.outlet.producer().too_large.load(), drops ? 1 : 0);
  }
}

TEST(BatchRole, WhatComesOfARecordHasOrdinalsInsideItsRange) {
  BatchBetween<SplitOp> stage({.watermarked = true, .ordinal_step = 4}, {.watermarked = true, .ordinal_step = 1});
  put(*stage.writer, "a,b,c", 8);
  put(*stage.writer, "d", 12);
  stage.role->do_work();
  std::vector<lane::LaneRecord> records(8);
  ASSERT_EQ(stage.reader->peek(records.data(), 8), 4u);
  EXPECT_EQ(records[0].ordinal, 8u);
  EXPECT_EQ(records[1].ordinal, 9u);
  EXPECT_EQ(records[2].ordinal, 10u);
  EXPECT_EQ(records[3].ordinal, 12u);
  EXPECT_EQ(stage.outlet.producer().watermark.load(), 16u);
  put(*stage.writer, "a,b,c,d,e", 16);
  stage.role->do_work();
  EXPECT_TRUE(stage.role->done());
  ASSERT_EQ(stage.site.failures.all().size(), 1u);
  EXPECT_EQ(
      stage.site.failures.all()[0].cause,
      "the op emitted more than 4 records for one, or one of its own, and an egress restores the order behind it; "
      "raise emits_max, or let the egress interleave; 4 of the records that the op made of it have left already: "
      "correct the op, which has to know what a record becomes before it emits the first");
  stage.expect_ledger();
}

TEST(BatchRole, AnAnswerThatMovesNothingAndNamesNoReasonFailsTheStage) {
  struct Case {
    BatchAnswer answer;
    std::uint32_t passes;
  };
  for (const auto& [answer, passes] :
       {Case{BatchAnswer::done(0), 0}, Case{BatchAnswer::done(3), 0}, Case{BatchAnswer::pending(0), 2},
        Case{BatchAnswer::failed(2), 0}, Case{BatchAnswer::needs_room(2, 1), 0}, Case{BatchAnswer::pending(3), 0}}) {
    BatchBetween<AnswerOp> stage;
    stage.op.answer = answer;
    stage.op.passes = passes;
    for (const char* text : {"a", "b"}) put(*stage.writer, text);
    stage.role->do_work();
    EXPECT_TRUE(stage.role->done());
    ASSERT_EQ(stage.site.failures.all().size(), 1u);
    EXPECT_EQ(stage.site.failures.all()[0].cause, "the op answered a batch of 2 records that it is done with " +
                                                      std::to_string(answer.records()) +
                                                      ", which is no answer to it; correct the op");
    stage.expect_ledger();
  }
}

TEST(BatchRole, AnOpThatGoesOnBehindARecordWithoutRoomFailsTheStageAndLosesNothing) {
  BatchBetween<AnswerOp> stage({}, {.capacity = 64});
  stage.op.passes = 4;
  stage.op.answer = BatchAnswer::done(4);
  for (const char* text : {"a", "b", "c", "d"}) put(*stage.writer, text);
  stage.role->do_work();
  EXPECT_TRUE(stage.role->done());
  ASSERT_EQ(stage.site.failures.all().size(), 1u);
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "b"}));
  stage.expect_ledger();
  EXPECT_EQ(stage.inlet.consumer().failed.load(), 1);
  EXPECT_EQ(stage.inlet.consumer().abandoned.load(), 1);
}

TEST(BatchAnswer, FitsABatchOnlyWhereItMovesSomethingOrSaysWhy) {
  EXPECT_TRUE(BatchAnswer::done(0).fits(0));
  EXPECT_FALSE(BatchAnswer::done(0).fits(1));
  EXPECT_TRUE(BatchAnswer::done(1).fits(1));
  EXPECT_FALSE(BatchAnswer::done(2).fits(1));
  EXPECT_TRUE(BatchAnswer::pending(0).fits(1));
  EXPECT_TRUE(BatchAnswer::pending(1).fits(1));
  EXPECT_TRUE(BatchAnswer::needs_room(0, 8).fits(1));
  EXPECT_FALSE(BatchAnswer::needs_room(1, 8).fits(1)) << "there is no next record";
  EXPECT_FALSE(BatchAnswer::failed(1).fits(1));
}

}  // namespace
}  // namespace byteor::test

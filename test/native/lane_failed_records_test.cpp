// What becomes of records that fail in a stage of a graph: what goes on and in which order, what waits for a letter,
// what stops the pipeline whatever the policy is, and the counts of each.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "lane/batch_role.hpp"
#include "lane/ends.hpp"
#include "op/batch.hpp"
#include "op/op.hpp"
#include "support/lanes.hpp"
#include "support/letters.hpp"
#include "support/stage_between.hpp"
#include "support/watchdog.hpp"

namespace byteor::test {
namespace {

using abi::AgentState;
using abi::FailureCause;
using abi::OnErrorCode;
using op::BatchAnswer;
using op::Claim;
using Texts = std::vector<std::string>;

std::string_view text_in(const core::RecordRef& record) { return op::bytes_of(record); }
std::string_view text_in(const lane::LaneRecord& record) {
  return {reinterpret_cast<const char*>(record.data), record.length};
}

// Fails records that begin with an x, says how often it sees one, and, where it writes, makes the first byte a '!': of
// a record that fails too, as an op may that is brought by a user.
template <bool kWritesRecords>
struct ChoosyOp {
  static constexpr bool kWrites = kWritesRecords;
  static constexpr bool kFilters = false;
  static constexpr bool kFails = true;

  op::Outcome apply(core::RecordRef& record) noexcept {
    ++seen;
    const bool fails = text_in(record).starts_with('x');
    if constexpr (kWrites)
      if (record.length != 0) *record.data = std::byte{'!'};
    return fails ? op::Outcome::kFail : op::Outcome::kPass;
  }
  std::string cause() const { return cause_text; }

  std::uint32_t seen = 0;
  std::string cause_text = "it begins with x";
};

// Passes everything on.
struct PassingOp {
  static constexpr bool kWrites = false;
  static constexpr bool kFilters = false;
  static constexpr bool kFails = false;

  op::Outcome apply(core::RecordRef&) noexcept { return op::Outcome::kPass; }
  std::string cause() const { return {}; }
};

// One record becomes its pieces between commas; one that is "bad" fails.
struct PiecesOp {
  static constexpr bool kFilters = true;

  template <class Out>
  BatchAnswer run(std::span<const typename Out::Record> batch, Out& out) noexcept {
    for (std::uint32_t i = 0; i != batch.size(); ++i, next_ = 0) {
      const std::string_view text = text_in(batch[i]);
      if (text == "bad") return BatchAnswer::failed(i);
      if (text.starts_with('=')) {
        if (!out.pass(i)) return BatchAnswer::done(i + 1);
        continue;
      }
      if (next_ == 0 && !out.takes(i, count_of(text), longest_of(text)))
        return BatchAnswer::needs_room(i, longest_of(text));
      while (next_ < text.size()) {
        const std::size_t stop = std::min(text.find(',', next_), text.size());
        const auto length = static_cast<std::uint32_t>(stop - next_) + grows;
        const Claim claim = out.claim(i, length);
        if (claim.status == Claim::Status::kNone) return BatchAnswer::needs_room(i, length);
        if (claim.status == Claim::Status::kRoom) {
          std::memset(claim.data, '+', length);
          std::memcpy(claim.data, text.data() + next_, stop - next_);
          out.commit(length, batch[i].flags);
        }
        next_ = stop + 1;
      }
    }
    return BatchAnswer::done(static_cast<std::uint32_t>(batch.size()));
  }
  void skip() noexcept { next_ = 0; }
  std::string cause() const { return "it is bad"; }

  std::uint32_t grows = 0;

 private:
  static std::uint32_t count_of(std::string_view text) noexcept {
    return text.empty() ? 0 : static_cast<std::uint32_t>(std::ranges::count(text, ',')) + 1;
  }
  std::uint32_t longest_of(std::string_view text) const noexcept {
    std::size_t longest = 0;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t stop = std::min(text.find(',', at), text.size());
      longest = std::max(longest, stop - at);
      at = stop + 1;
    }
    return static_cast<std::uint32_t>(longest) + grows;
  }

  std::size_t next_ = 0;
};

template <class Op>
struct Between : StageBetween {
  explicit Between(OnErrorCode code, LaneShape inlet_shape = {}, LaneShape outlet_shape = {},
                   LaneShape letters_shape = {}, std::uint32_t room = 0, std::uint32_t ordinal_shift = 0)
      : StageBetween(inlet_shape, outlet_shape, letters_shape) {
    lane::RoleContext context = stage_context(code, 64, ordinal_shift);
    context.headroom = context.tailroom = room;
    if constexpr (op::JudgesRecords<Op>)
      role = lane::make_stage_role(std::move(context), op);
    else
      role = std::make_unique<lane::BatchRole<Op>>(std::move(context), op);
  }

  void end() {
    writer->close();
    work();
    EXPECT_TRUE(role->done());
    EXPECT_TRUE(reader->ended());
    expect_ledger();
  }

  Op op;
};

// Lanes of frames, lanes of slots, and one of each.
struct Kinds {
  bool in_slots;
  bool out_slots;
};
class FailedRecordsIn : public testing::TestWithParam<Kinds> {
 protected:
  template <class Op>
  Between<Op> between(OnErrorCode code, std::uint32_t room = 0, LaneShape letters = {}) {
    // A lane of slots has ordinals where it is watermarked.
    const auto shape = [](bool slots, bool watermarked) {
      return LaneShape{.slots = slots, .capacity = slots ? 64u : 1024u, .watermarked = watermarked};
    };
    return Between<Op>(code, shape(GetParam().in_slots, true), shape(GetParam().out_slots, false), letters, room);
  }
};

INSTANTIATE_TEST_SUITE_P(Lanes, FailedRecordsIn,
                         testing::Values(Kinds{false, false}, Kinds{true, true}, Kinds{false, true}));

TEST_P(FailedRecordsIn, DroppedOnesAreGoneAndThoseBesideThemGoOnInOrder) {
  auto stage = between<ChoosyOp<false>>(OnErrorCode::kDrop);
  stage.put_all({"a", "x1", "b", "x2", "x3", "c"});
  EXPECT_EQ(stage.role->do_work(), 2u) << "one that fails ends a turn";
  EXPECT_EQ(stage.role->do_work(), 2u);
  stage.work();
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "b", "c"}));
  EXPECT_EQ(stage.op.seen, 6u);
  EXPECT_TRUE(stage.site.failures.all().empty());
  stage.end();
  EXPECT_EQ(stage.block().dropped.load(), 3);
  EXPECT_EQ(cause_of(stage.block(), FailureCause::kRejected), 3);
  EXPECT_EQ(stage.site.state(), AgentState::kDone);
}

TEST_P(FailedRecordsIn, PassedOnesGoOnAsTheyCameWhateverTheOpHasWritten) {
  auto stage = between<ChoosyOp<true>>(OnErrorCode::kPass, 3);
  stage.put_all({"a", "x1", "b", "x2"});
  stage.work();
  EXPECT_EQ(take(*stage.reader), (Texts{"!", "x1", "!", "x2"}));
  stage.end();
  EXPECT_EQ(stage.block().passed_failed.load(), 2);
  EXPECT_EQ(stage.block().failed.load(), 0);
  EXPECT_EQ(stage.block().out.load(), 4);
  EXPECT_EQ(cause_of(stage.block(), FailureCause::kRejected), 2);
}

TEST_P(FailedRecordsIn, ALetterHasTheRecordAsItCameAndSaysWhichAndWhy) {
  auto stage = between<ChoosyOp<true>>(OnErrorCode::kDeadLetter, 3);
  put(*stage.writer, "a", 6);
  put(*stage.writer, "x1", 7, 2);
  put(*stage.writer, "b", 8);
  stage.work();
  EXPECT_EQ(take(*stage.reader), (Texts{"!", "!"}));
  const std::vector<Letter> letters = stage.letters.take();
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].record, "x1");
  EXPECT_EQ(letters[0].message, "it begins with x");
  EXPECT_EQ(letters[0].sequence, 7u);
  EXPECT_EQ(letters[0].agent, 7u);
  EXPECT_EQ(letters[0].flags, 2u);
  EXPECT_EQ(letters[0].cause, FailureCause::kRejected);
  EXPECT_FALSE(stage.letters.ended());
  stage.end();
  EXPECT_TRUE(stage.letters.ended()) << "their reader must hear of the end";
  EXPECT_EQ(stage.block().dead_lettered.load(), 1);
}

TEST_P(FailedRecordsIn, AFullLaneOfLettersHoldsTheStageUpAndTheOpSeesNoRecordTwice) {
  // Two letters fill it: a frame's header, the letter's, the message and the record each.
  constexpr std::uint32_t kOne = (sizeof(abi::Frame) + sizeof(abi::LetterHeader) + 16 + 2 + 7) & ~7u;
  auto stage = between<ChoosyOp<false>>(OnErrorCode::kDeadLetter, 0, {.capacity = 2 * kOne, .record_max = 56});
  stage.put_all({"x1", "a", "x2", "b", "x3", "c"});
  for (const std::uint32_t moved : {1u, 2u, 1u}) EXPECT_EQ(stage.role->do_work(), moved);
  for (int turn = 0; turn != 3; ++turn) {
    EXPECT_EQ(stage.role->do_work(), 0u);
    EXPECT_EQ(stage.site.state(), AgentState::kStalled);
    EXPECT_EQ(stage.site.entry.waits_for.load(), Letters::kReader);
  }
  EXPECT_EQ(stage.block().in.load(), 4) << "the third that fails stays where it is";
  EXPECT_EQ(stage.block().failed.load(), 2) << "and is not counted yet";
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "b"}));
  EXPECT_EQ(stage.letters.take(1).at(0).record, "x1");
  EXPECT_EQ(stage.role->do_work(), 1u) << "its letter is on its way";
  EXPECT_EQ(stage.role->do_work(), 1u);
  EXPECT_EQ(stage.op.seen, 6u);
  EXPECT_EQ(take(*stage.reader), Texts{"c"});
  EXPECT_EQ(stage.letters.take().back().record, "x3");
  stage.end();
  EXPECT_EQ(stage.block().dead_lettered.load(), 3);
}

TEST(FailedRecords, APassedOneWithoutRoomWaitsAndIsCountedOnce) {
  Between<ChoosyOp<false>> stage(OnErrorCode::kPass, {}, {.capacity = 64});
  stage.put_all({"a", "b", "x1", "c"});
  stage.work();
  EXPECT_EQ(stage.site.state(), AgentState::kStalled);
  EXPECT_EQ(stage.site.entry.waits_for.load(), 2u);
  EXPECT_EQ(stage.block().passed_failed.load(), 0);
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "b"}));
  stage.work();
  EXPECT_EQ(take(*stage.reader), (Texts{"x1", "c"}));
  EXPECT_EQ(stage.op.seen, 4u);
  stage.end();
  EXPECT_EQ(stage.block().passed_failed.load(), 1);
}

TEST(FailedRecords, WhereEveryRecordFailsEachHasATurn) {
  Between<ChoosyOp<false>> stage(OnErrorCode::kDrop, {.capacity = 1u << 14});
  for (int i = 0; i != 200; ++i) put(*stage.writer, "x");
  for (int i = 0; i != 3; ++i) EXPECT_EQ(stage.role->do_work(), 1u);
  stage.end();
  EXPECT_EQ(stage.block().dropped.load(), 200);
}

TEST(FailedRecords, StopStopsAtTheFirstOneAndCountsItAsStopped) {
  Between<ChoosyOp<false>> stage(OnErrorCode::kStop);
  stage.put_all({"a", "x1", "x2", "b"});
  stage.work();
  ASSERT_EQ(stage.site.failures.all().size(), 1u);
  EXPECT_EQ(stage.site.failures.all()[0].sequence, 1u);
  EXPECT_EQ(stage.site.failures.all()[0].cause, "it begins with x");
  stage.expect_ledger();
  EXPECT_EQ(stage.block().stopped.load(), 1);
  EXPECT_EQ(stage.block().abandoned.load(), 2);
}

TEST(FailedRecords, OneThatTheLaneBehindNeverTakesFollowsThePolicy) {
  const char* const large = "0123456789abcdefg";  // 17 bytes, and the lane takes 16
  for (const OnErrorCode code : {OnErrorCode::kDrop, OnErrorCode::kDeadLetter}) {
    Between<PassingOp> stage(code, {}, {.capacity = 64});
    stage.put_all({"a", large, "b"});
    stage.work();
    EXPECT_EQ(take(*stage.reader), (Texts{"a", "b"}));
    EXPECT_EQ(cause_of(stage.block(), FailureCause::kTooLarge), 1);
    const std::vector<Letter> letters = stage.letters.take();
    if (code == OnErrorCode::kDeadLetter) {
      ASSERT_EQ(letters.size(), 1u);
      EXPECT_EQ(letters[0].record, large);
      EXPECT_EQ(letters[0].message.substr(0, 22), "a record needs 17 byte");
    }
    stage.end();
  }
  Between<PassingOp> stage(OnErrorCode::kPass, {}, {.capacity = 64});
  stage.put_all({"a", large, "b"});
  stage.work();
  EXPECT_EQ(stage.site.state(), AgentState::kFailed) << "it cannot pass";
  EXPECT_EQ(stage.site.failures.all().size(), 1u);
  stage.expect_ledger();
  EXPECT_EQ(stage.block().stopped.load(), 1);
}

TEST(FailedRecords, OneThatGrowsPastTheLaneBehindPassesAsItCame) {
  Between<ChoosyOp<true>> stage(OnErrorCode::kPass, {}, {.capacity = 64}, {}, 4);
  stage.put_all({"0123456789", "a", "b"});  // 18 bytes with its room, and the lane takes 16
  stage.work();
  EXPECT_EQ(take(*stage.reader), (Texts{"0123456789", "!"}));
  stage.work();
  EXPECT_EQ(take(*stage.reader), Texts{"!"});
  EXPECT_EQ(stage.op.seen, 2u) << "there was no room in which it could have been shown to the op";
  stage.end();
  EXPECT_EQ(stage.block().passed_failed.load(), 1);
  EXPECT_EQ(cause_of(stage.block(), FailureCause::kTooLarge), 1);
}

TEST(FailedRecords, ALetterThatItsLaneNeverTakesStopsThePipelineAndSaysSo) {
  Between<ChoosyOp<false>> stage(OnErrorCode::kDeadLetter, {}, {}, {.capacity = 1024, .record_max = 50});
  stage.put_all({"x", "x123", "a"});
  stage.work();
  EXPECT_EQ(stage.letters.take().size(), 1u);
  ASSERT_EQ(stage.site.failures.all().size(), 1u);
  EXPECT_EQ(stage.site.failures.all()[0].cause,
            "it begins with x; its letter needs 52 bytes, and the lane of letters takes at most 50");
  stage.expect_ledger();
  EXPECT_EQ(stage.block().dead_lettered.load(), 1);
  EXPECT_EQ(stage.block().stopped.load(), 1);
}

TEST(FailedRecords, AMessageIsCutWhereACharacterEnds) {
  Between<ChoosyOp<false>> stage(OnErrorCode::kDeadLetter, {}, {}, {.capacity = 4096});
  stage.op.cause_text = std::string(abi::kCauseBytesMax - 1, 'm') + "é";
  stage.put_all({"x"});
  stage.work();
  EXPECT_EQ(stage.letters.take().at(0).message, std::string(abi::kCauseBytesMax - 1, 'm'));
}

TEST(FailedRecords, DamageStopsThePipelineWhateverThePolicyIs) {
  for (const OnErrorCode code : {OnErrorCode::kDrop, OnErrorCode::kPass, OnErrorCode::kDeadLetter}) {
    Between<ChoosyOp<false>> stage(code);
    stage.put_all({"a", "b"});
    reinterpret_cast<abi::Frame*>(stage.inlet.data())->length = 1u << 20;
    stage.work();
    ASSERT_EQ(stage.site.failures.all().size(), 1u);
    stage.expect_ledger();
    EXPECT_EQ(stage.block().stopped.load(), 1);
    EXPECT_EQ(cause_of(stage.block(), FailureCause::kDamaged), 1);
    EXPECT_TRUE(stage.letters.take().empty());
  }
}

TEST(FailedRecords, AHaltWhileALetterWaitsAbandonsItsRecord) {
  Between<ChoosyOp<false>> stage(OnErrorCode::kDeadLetter, {}, {}, {.capacity = 80, .record_max = 56});
  stage.put_all({"x1", "x2", "a"});
  stage.work();
  ASSERT_EQ(stage.site.state(), AgentState::kStalled);
  stage.site.stop.store(1);
  stage.work();
  EXPECT_TRUE(stage.role->done());
  stage.expect_ledger();
  EXPECT_EQ(stage.block().dead_lettered.load(), 1);
  EXPECT_EQ(stage.block().abandoned.load(), 2);
}

TEST(FailedRecords, TheWatermarkGoesOnBehindADroppedOneAndWaitsForOneWhoseLetterWaits) {
  const LaneShape marked{.watermarked = true};
  Between<ChoosyOp<false>> drops(OnErrorCode::kDrop, marked, marked);
  put(*drops.writer, "a", 5);
  put(*drops.writer, "x", 6);
  drops.work();
  EXPECT_EQ(drops.outlet.producer().watermark.load(), 7u);
  Between<ChoosyOp<false>> waits(OnErrorCode::kDeadLetter, marked, marked, {.capacity = 80, .record_max = 56});
  for (const char* text : {"x", "a", "x", "b"}) put(*waits.writer, text, waits.next_ordinal++);
  waits.work();
  EXPECT_EQ(waits.outlet.producer().watermark.load(), 2u);
}

TEST(FailedRecords, APlaceInTheIngressOrderIsTold) {
  Between<ChoosyOp<false>> stage(OnErrorCode::kDeadLetter, {}, {}, {}, 0, 4);
  put(*stage.writer, "x", 21 << 4);
  stage.work();
  EXPECT_EQ(stage.letters.take().at(0).sequence, 21u);
}

// ---- ops that work on batches --------------------------------------------------------------------------------------

TEST(FailedRecords, OfABatchGoOnInTheirPlaceOrNotAtAll) {
  for (const OnErrorCode code : {OnErrorCode::kDrop, OnErrorCode::kPass, OnErrorCode::kDeadLetter}) {
    Between<PiecesOp> stage(code);
    stage.put_all({"a,b", "bad", "=c", "bad", "d,e"});
    stage.work();
    const bool passes = code == OnErrorCode::kPass;
    EXPECT_EQ(take(*stage.reader),
              passes ? (Texts{"a", "b", "bad", "=c", "bad", "d", "e"}) : (Texts{"a", "b", "=c", "d", "e"}));
    EXPECT_EQ(stage.letters.take().size(), code == OnErrorCode::kDeadLetter ? 2u : 0u);
    stage.end();
    EXPECT_EQ(stage.block().passed_failed.load(), passes ? 2 : 0);
    EXPECT_EQ(stage.block().failed.load(), passes ? 0 : 2);
    EXPECT_EQ(stage.block().emitted.load(), 4);
    EXPECT_EQ(stage.block().absorbed.load(), 2);
    EXPECT_EQ(cause_of(stage.block(), FailureCause::kRejected), 2);
  }
}

TEST(FailedRecords, OfABatchWaitForALetterWithoutBeingShownAgain) {
  Between<PiecesOp> stage(OnErrorCode::kDeadLetter, {}, {}, {.capacity = 64, .record_max = 48});
  stage.put_all({"bad", "a", "bad", "b"});
  stage.work();
  EXPECT_EQ(stage.site.state(), AgentState::kStalled);
  EXPECT_EQ(stage.site.entry.waits_for.load(), Letters::kReader);
  EXPECT_EQ(take(*stage.reader), Texts{"a"});
  EXPECT_EQ(stage.block().in.load(), 2);
  EXPECT_EQ(stage.letters.take().at(0).sequence, 0u);
  stage.work();
  EXPECT_EQ(stage.letters.take().at(0).sequence, 2u);
  EXPECT_EQ(take(*stage.reader), Texts{"b"});
  stage.end();
}

TEST(FailedRecords, OfABatchThatPassWithoutRoomArePutLater) {
  Between<PiecesOp> stage(OnErrorCode::kPass, {}, {.capacity = 64});
  stage.put_all({"=a", "=b", "bad", "=c"});
  stage.work();
  EXPECT_EQ(stage.site.state(), AgentState::kStalled);
  EXPECT_EQ(take(*stage.reader), (Texts{"=a", "=b"}));
  stage.work();
  EXPECT_EQ(take(*stage.reader), (Texts{"bad", "=c"}));
  stage.end();
  EXPECT_EQ(stage.block().passed_failed.load(), 1);
}

TEST(FailedRecords, AnOpForgetsItsPlaceInARecordThatItsLaneNeverTakes) {
  for (const OnErrorCode code : {OnErrorCode::kDrop, OnErrorCode::kPass}) {
    Between<PiecesOp> stage(code, {}, {.capacity = 64});
    stage.put_all({"ab,cd"});
    stage.work();
    EXPECT_EQ(take(*stage.reader), (Texts{"ab", "cd"}));
    stage.op.grows = 15;  // each piece is longer than the lane takes
    stage.put_all({"ef,gh"});
    stage.work();
    stage.op.grows = 0;
    stage.put_all({"ij,kl"});
    stage.work();
    Texts all = take(*stage.reader);
    stage.work();
    for (std::string& text : take(*stage.reader)) all.push_back(std::move(text));
    EXPECT_EQ(all, code == OnErrorCode::kPass ? (Texts{"ef,gh", "ij", "kl"}) : (Texts{"ij", "kl"}));
    stage.end();
    EXPECT_EQ(cause_of(stage.block(), FailureCause::kTooLarge), 1);
  }
}

TEST(FailedRecords, OfMoreElementsThanThePlanSaysNoneLeavesAndTheRecordFollowsThePolicy) {
  const LaneShape in{.watermarked = true, .ordinal_step = 2};
  Between<PiecesOp> stage(OnErrorCode::kDrop, in, {.watermarked = true});
  put(*stage.writer, "a,b,c", 0);
  put(*stage.writer, "d", 2);
  stage.work();
  EXPECT_EQ(take(*stage.reader), Texts{"d"});
  stage.end();
  EXPECT_EQ(cause_of(stage.block(), FailureCause::kTooMany), 1);
  EXPECT_EQ(stage.block().dropped.load(), 1);
  EXPECT_EQ(stage.block().emitted.load(), 0);
  Between<PiecesOp> passing(OnErrorCode::kPass, in, {.watermarked = true});
  put(*passing.writer, "a,b,c", 0);
  passing.work();
  EXPECT_EQ(take(*passing.reader), Texts{"a,b,c"});
  passing.end();
  EXPECT_EQ(passing.block().passed_failed.load(), 1);
}

// Says that it is done with a record that it was not shown.
struct WrongOp {
  static constexpr bool kFilters = false;

  template <class Out>
  BatchAnswer run(std::span<const typename Out::Record> batch, Out&) noexcept {
    return BatchAnswer::done(static_cast<std::uint32_t>(batch.size()) + 1);
  }
  std::string cause() const { return {}; }
};

TEST(FailedRecords, AnAnswerThatIsNoneStopsThePipelineWhateverThePolicyIs) {
  for (const OnErrorCode code : {OnErrorCode::kDrop, OnErrorCode::kPass, OnErrorCode::kDeadLetter}) {
    Between<WrongOp> stage(code);
    stage.put_all({"a", "b"});
    stage.work();
    EXPECT_EQ(stage.site.state(), AgentState::kFailed);
    stage.expect_ledger();
    EXPECT_EQ(stage.block().stopped.load(), 1);
    EXPECT_EQ(cause_of(stage.block(), FailureCause::kBadAnswer), 1);
  }
}

// What an op holds is told while it does.
struct HoldingOp {
  static constexpr bool kFilters = false;

  template <class Out>
  BatchAnswer run(std::span<const typename Out::Record> batch, Out& out) noexcept {
    const auto count = static_cast<std::uint32_t>(batch.size());
    std::uint32_t done = 0;
    for (; done != count && ready != 0; ++done, --ready)
      if (!out.pass(done)) return BatchAnswer::done(done + 1);
    return BatchAnswer::pending(done, std::min(count - done, 3u));
  }
  std::string cause() const { return {}; }

  std::uint32_t ready = 0;
};

TEST(FailedRecords, RecordsThatAreWorkedOnElsewhereAreHeldUntilTheyAreAnswered) {
  Between<HoldingOp> stage(OnErrorCode::kStop);
  stage.put_all({"a", "b"});
  stage.work();
  EXPECT_EQ(stage.block().held.load(), 2);
  EXPECT_EQ(stage.block().in.load(), 0);
  stage.put_all({"c", "d", "e"});
  stage.op.ready = 1;
  stage.work();
  EXPECT_EQ(stage.block().in.load(), 1);
  EXPECT_EQ(stage.block().held.load(), 3) << "as many as it says";
  stage.site.stop.store(1);
  stage.work();
  stage.expect_ledger();
  EXPECT_EQ(stage.block().abandoned.load(), 4);
}

// ---- threads -------------------------------------------------------------------------------------------------------

// A writer, the stage, a reader of what goes on and one of letters, each on a thread of its own, over lanes that are
// always full: every record is in exactly one of the two, in order.
TEST(FailedRecords, LettersAndRecordsLeaveTwoLanesInOrder) {
  constexpr std::uint64_t kRecords = 2'000;
  const Watchdog watchdog(std::chrono::seconds(60));
  Between<ChoosyOp<false>> stage(OnErrorCode::kDeadLetter, {.capacity = 512}, {.capacity = 256},
                                 {.capacity = 256, .record_max = 120});
  const auto text = [](std::uint64_t n) { return (n % 3 == 0 ? "x" : "k") + std::to_string(n); };
  std::thread writer([&] {
    for (std::uint64_t n = 0; n != kRecords;) {
      if (put(*stage.writer, text(n), n))
        ++n;
      else
        std::this_thread::yield();
    }
    stage.writer->close();
  });
  std::thread worker([&] {
    while (!stage.role->done())
      if (stage.role->do_work() == 0) std::this_thread::yield();
  });
  std::vector<std::string> letters;
  std::thread archivist([&] {
    while (!stage.letters.ended()) {
      for (Letter& letter : stage.letters.take(3)) {
        EXPECT_EQ(letter.record, text(letter.sequence));
        letters.push_back(std::move(letter.record));
      }
      std::this_thread::yield();
    }
  });
  std::vector<std::string> passed;
  while (!stage.reader->ended()) {
    for (std::string& record : take(*stage.reader, 5)) passed.push_back(std::move(record));
    std::this_thread::yield();
  }
  writer.join();
  worker.join();
  archivist.join();
  std::uint64_t letter = 0;
  std::uint64_t record = 0;
  for (std::uint64_t n = 0; n != kRecords; ++n) {
    std::vector<std::string>& from = n % 3 == 0 ? letters : passed;
    std::uint64_t& at = n % 3 == 0 ? letter : record;
    ASSERT_LT(at, from.size());
    ASSERT_EQ(from[at++], text(n));
  }
  EXPECT_EQ(letters.size() + passed.size(), kRecords);
  stage.expect_ledger();
  EXPECT_EQ(stage.block().dead_lettered.load(), static_cast<double>(letters.size()));
}

}  // namespace
}  // namespace byteor::test

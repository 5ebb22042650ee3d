// Stages of a graph whose records a host works on (op/hosted.hpp), in the shipped role: what becomes of each answer,
// that no record is shown twice, what an answer does that cannot be carried out, and what is left where the host ends
// the pipeline.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "support/fake_host.hpp"
#include "support/hosted_between.hpp"
#include "support/lanes.hpp"
#include "support/letters.hpp"

namespace byteor::test {
namespace {

using abi::AgentState;
using abi::FailureCause;
using abi::OnErrorCode;
using HostAnswer = op::Host::Answer;
using HostEnd = op::Host::End;
using Texts = std::vector<std::string>;

// Of an answer that cannot be carried out: with what was received, and what is allowed.
std::string wrong(const std::string& what) {
  return "the answer of the stage's function cannot be carried out: " + what +
         "; the memory that the function shares with the pipeline was written over: write to the record only, and not "
         "after the function has returned or its promise has settled";
}

// ---- answers -------------------------------------------------------------------------------------------------------

class HostedIn : public testing::TestWithParam<bool> {
 protected:
  static LaneShape shape() { return {.slots = GetParam(), .capacity = GetParam() ? 64u : 1024u}; }
};
INSTANTIATE_TEST_SUITE_P(Lanes, HostedIn, testing::Values(false, true));

TEST_P(HostedIn, EachAnswerBecomesWhatItSaysInItsPlace) {
  HostedBetween stage({.inlet = shape(), .outlet = shape()});
  stage.put_all({"a", "!b", "-", "c,d,e", "", ",", "f"});
  EXPECT_GT(stage.role->do_work(), 0u);
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "!B", "c", "d", "e", "", "", "", "f"}));
  EXPECT_EQ(stage.host.calls, 1u);
  stage.end();
  EXPECT_EQ(stage.block().filtered.load(), 1);
  EXPECT_EQ(stage.block().absorbed.load(), 2) << "those of which several came";
  EXPECT_EQ(stage.block().emitted.load(), 5);
}

TEST_P(HostedIn, TerminatorsPassChangeAndAreNoMoreThanThat) {
  HostedBetween stage({.inlet = shape(), .outlet = shape()});
  stage.host.does([](FakeHost& host, std::uint32_t records) -> HostAnswer {
    EXPECT_EQ(host.row(0).flags, 2u);
    host.pass(0);
    host.change(1, "b", 0xffffffffu);
    return {HostEnd::kAnswered, records};
  });
  put(*stage.writer, "a", 0, 2);
  put(*stage.writer, "?", 1, 2);
  stage.role->do_work();
  lane::LaneRecord records[2];
  ASSERT_EQ(stage.reader->peek(records, 2), 2u);
  EXPECT_EQ(records[0].flags, 2u);
  EXPECT_EQ(records[1].flags, abi::kTerminatorMask) << "no other bit leaves the host";
}

TEST_P(HostedIn, ARecordMayGrowByTheRoomOfItsStage) {
  HostedBetween stage({.inlet = shape(), .outlet = shape(), .room = 3});
  stage.host.does([](FakeHost& host, std::uint32_t records) -> HostAnswer {
    EXPECT_EQ(host.row(0).room, 5u);
    host.change(0, "abcde");
    host.change(1, "");
    return {HostEnd::kAnswered, records};
  });
  stage.put_all({"ab", "cd"});
  stage.role->do_work();
  EXPECT_EQ(take(*stage.reader), (Texts{"abcde", ""}));
  stage.end();
}

TEST(HostedLane, StructsGoThroughAsTheyAre) {
  const LaneShape structs{.slots = true, .capacity = 8, .struct_bytes = 8};
  HostedBetween stage({.inlet = structs, .outlet = structs, .room = 0});
  stage.put_all({"1aaaaaaa", "!bbbbbbb", "-", "3ccccccc"});
  stage.host.does([](FakeHost& host, std::uint32_t records) -> HostAnswer {
    host.filter(2);
    return FakeHost::answer_all(host, records);
  });
  stage.work();
  EXPECT_EQ(take(*stage.reader, 2), (Texts{"1aaaaaaa", "!BBBBBBB"}));
}

TEST(HostedLane, ASinkIsShownEverythingAndNothingLeaves) {
  HostedBetween stage({.is_sink = true});
  stage.put_all({"a", "!b", "c,d", "-"});
  stage.work();
  EXPECT_EQ(stage.host.shown, (Texts{"a", "!b", "c,d", "-"}));
  stage.end();
  EXPECT_EQ(stage.block().filtered.load(), 1) << "the last one alone";
  EXPECT_EQ(stage.block().out.load(), 4);
  EXPECT_EQ(stage.block().emitted.load(), 2);
}

TEST(HostedLane, WhatComesOfARecordHasOrdinalsInsideItsRange) {
  HostedBetween stage({.inlet = {.watermarked = true, .ordinal_step = 4}, .outlet = {.watermarked = true}});
  put(*stage.writer, "a,b,c", 8);
  put(*stage.writer, "d", 12);
  put(*stage.writer, "-", 16);
  stage.role->do_work();
  std::vector<lane::LaneRecord> records(8);
  ASSERT_EQ(stage.reader->peek(records.data(), 8), 4u);
  for (const auto& [i, ordinal] : {std::pair{0, 8u}, {1, 9u}, {2, 10u}, {3, 12u}})
    EXPECT_EQ(records[i].ordinal, ordinal);
  EXPECT_EQ(stage.outlet.producer().watermark.load(), 20u);
  put(*stage.writer, "a,b,c,d,e", 20);
  stage.role->do_work();
  stage.expect_failure(20,
                       "the op emitted more than 4 records for one, or one of its own, and an egress restores the "
                       "order behind it; raise emits_max, or let the egress interleave");
}

// ---- batches -------------------------------------------------------------------------------------------------------

TEST(HostedLane, AsManyAreShownAsItsMemoryHoldsAndEachOnce) {
  // Rows of 4 bytes with their room of 2, at multiples of 8: three fit.
  for (const HostSizes sizes : {HostSizes{.rows = 3}, HostSizes{.record_bytes = 22}}) {
    HostedBetween stage({.host = sizes, .room = 2});
    stage.put_all({"a1", "a2", "a3", "a4", "a5", "a6", "a7"});
    stage.work();
    EXPECT_EQ(take(*stage.reader), (Texts{"a1", "a2", "a3", "a4", "a5", "a6", "a7"}));
    EXPECT_EQ(stage.host.shown.size(), 7u);
    EXPECT_EQ(stage.host.calls, 3u);
    stage.end();
  }
}

TEST(HostedLane, ARecordThatItsMemoryCannotHoldFails) {
  HostedBetween stage({.host = {.record_bytes = 12}, .room = 2});
  stage.put_all({"0123456789", "0123456789a"});
  stage.work();
  EXPECT_EQ(take(*stage.reader), Texts{"0123456789"});
  EXPECT_EQ(stage.host.shown, Texts{"0123456789"});
  stage.expect_failure(1, "the record is longer than the memory that its function is given for records");
  EXPECT_EQ(cause_of(stage.block(), FailureCause::kTooLarge), 1);
}

TEST(HostedLane, ThoseThatWereNotAnsweredAreShownAgain) {
  HostedBetween stage;
  stage.host.does([](FakeHost& host, std::uint32_t records) -> HostAnswer {
    FakeHost::answer_all(host, records);
    return {HostEnd::kAnswered, 1};
  });
  stage.put_all({"a", "!b", "c"});
  stage.work();
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "!B", "c"}));
  EXPECT_EQ(stage.host.shown, (Texts{"a", "!b", "c", "!b", "c", "c"}));
  stage.end();
}

TEST(HostedLane, AFullLaneBehindItKeepsAnswersAndShowsNoRecordTwice) {
  HostedBetween stage({.outlet = {.capacity = 64}});
  stage.put_all({"a", "!b", "-", "c,d,e,f,g", "!h", "i", "j"});
  Texts all;
  for (int turn = 0; turn != 32; ++turn) {
    stage.role->do_work();
    for (std::string& text : take(*stage.reader, 1)) all.push_back(std::move(text));
  }
  EXPECT_EQ(all, (Texts{"a", "!B", "c", "d", "e", "f", "g", "!H", "i", "j"}));
  EXPECT_EQ(stage.host.calls, 1u);
  stage.end();
}

TEST(HostedLane, AHaltInTheMiddleOfARecordLeavesALedgerThatBalances) {
  HostedBetween stage({.outlet = {.capacity = 64}});
  stage.put_all({"a", "b,c,d,e", "f"});
  stage.work();
  EXPECT_EQ(stage.site.state(), AgentState::kStalled);
  stage.site.stop.store(1);
  stage.work();
  EXPECT_TRUE(stage.role->done());
  stage.expect_ledger();
  EXPECT_EQ(stage.block().abandoned.load(), 2);
}

TEST(HostedLane, WithoutAHostItWaitsAndHoldsNothingBack) {
  HostedBetween stage;
  stage.op.set_host(nullptr);
  stage.put_all({"a", "b"});
  stage.writer->close();
  EXPECT_EQ(stage.role->do_work(), 0u);
  EXPECT_EQ(stage.site.state(), AgentState::kWaiting);
  EXPECT_FALSE(stage.role->done());
  EXPECT_EQ(stage.block().in.load(), 0);
  stage.op.set_host(&stage.host);
  stage.end();
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "b"}));
}

TEST(HostedLane, OtherMemoryOfElementsMayComeWithAnAnswer) {
  HostedBetween stage({.outlet = {.capacity = 4096}, .host = {.element_bytes = 8}});
  stage.put_all({"a,b,c,d,e,f,g,h"});
  stage.work();
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "b", "c", "d", "e", "f", "g", "h"}));
  stage.end();
}

TEST(HostedLane, WhatAHostWritesToItsMemoryReachesNoRecordOfThePipeline) {
  HostedBetween stage({.on_error = OnErrorCode::kDeadLetter});
  stage.host.does([](FakeHost& host, std::uint32_t records) -> HostAnswer {
    for (std::uint32_t i = 0; i != records; ++i) {
      std::memset(host.bytes(i), '?', host.row(i).room);
      host.pass(i);
    }
    host.fail(1, "bad");
    return {HostEnd::kAnswered, 2};
  });
  stage.put_all({"a", "b", "c"});
  stage.role->do_work();
  EXPECT_EQ(take(*stage.reader), Texts{"a"});
  EXPECT_EQ(stage.letters.take().at(0).record, "b");
}

// ---- records that fail ---------------------------------------------------------------------------------------------

TEST(HostedLane, OneThatFailsStopsBehindThoseBeforeItAndTellsTheFunctionsWords) {
  HostedBetween stage;
  stage.put_all({"a", "b,c", "x1", "d"});
  stage.work();
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "b", "c"}));
  stage.expect_failure(2, "x1 is bad");
  EXPECT_EQ(stage.block().abandoned.load(), 1);
}

TEST(HostedLane, AFailureTellsAsMuchAsItCanOfWhatTheHostSays) {
  struct Case {
    FakeHost::Work work;
    std::string cause;
  };
  const std::string silent = "the stage's function failed without a message";
  const std::string longer(4000, 'm');
  for (const auto& [work, cause] :
       {Case{[&](FakeHost&host, std::uint32_t) -> HostAnswer {
               host.fail(0, longer);
               return {HostEnd::kAnswered, 1};
             },
             std::string(400, 'm')},
        Case{[&](FakeHost&host, std::uint32_t) -> HostAnswer {
               host.fail(0, "");
               return {HostEnd::kAnswered, 1};
             },
             silent},
        Case{[&](FakeHost&host, std::uint32_t) -> HostAnswer {
               host.fail(0, "words");
               host.row(0).first = 0xfffffff8u;
               return {HostEnd::kAnswered, 1};
             },
             silent},
        Case{[](FakeHost&, std::uint32_t) -> HostAnswer {
               return {HostEnd::kGone, 0};
             },
             "the JavaScript thread that ran the stage's function has ended while it worked; keep it alive until the "
             "pipeline has ended"}}) {
    HostedBetween stage;
    stage.host.does(work);
    stage.put_all({"a", "b"});
    stage.work();
    stage.expect_failure(0, cause);
  }
}

TEST(HostedLane, AHostMaySayThatARecordIsBadAndNoOtherCause) {
  struct Case {
    std::uint32_t said;
    FailureCause counted;
  };
  for (const auto& [said, counted] :
       {Case{static_cast<std::uint32_t>(FailureCause::kBadRecord), FailureCause::kBadRecord},
        Case{static_cast<std::uint32_t>(FailureCause::kThrown), FailureCause::kThrown},
        Case{static_cast<std::uint32_t>(FailureCause::kDamaged), FailureCause::kThrown},
        Case{0xffffffffu, FailureCause::kThrown}}) {
    HostedBetween stage({.on_error = OnErrorCode::kDrop});
    stage.host.does([word = said](FakeHost& host, std::uint32_t) -> HostAnswer {
      host.fail(0, "no");
      host.row(0).count = word;
      return {HostEnd::kAnswered, 1};
    });
    stage.put_all({"a"});
    stage.work();
    EXPECT_EQ(cause_of(stage.block(), counted), 1) << said;
    stage.end();
  }
}

TEST(HostedLane, RecordsThatFailFollowThePolicyAndNoneIsShownTwice) {
  for (const OnErrorCode code : {OnErrorCode::kDrop, OnErrorCode::kPass, OnErrorCode::kDeadLetter}) {
    HostedBetween stage({.on_error = code});
    stage.put_all({"a", "x1", "b,c", "x2", "x3", "!d"});
    stage.work();
    EXPECT_EQ(take(*stage.reader), code == OnErrorCode::kPass ? (Texts{"a", "x1", "b", "c", "x2", "x3", "!D"})
                                                              : (Texts{"a", "b", "c", "!D"}));
    const std::vector<Letter> letters = stage.letters.take();
    ASSERT_EQ(letters.size(), code == OnErrorCode::kDeadLetter ? 3u : 0u);
    if (!letters.empty()) {
      EXPECT_EQ(letters[2].record, "x3");
      EXPECT_EQ(letters[2].message, "x3 is bad");
      EXPECT_EQ(letters[2].sequence, 4u);
      EXPECT_EQ(letters[2].cause, FailureCause::kThrown);
    }
    EXPECT_EQ(cause_of(stage.block(), FailureCause::kThrown), 3);
    EXPECT_EQ(stage.host.calls, 4u) << "each batch ends with one that fails";
    EXPECT_EQ(stage.block().passed_failed.load() + stage.block().failed.load(), 3);
    stage.end();
  }
}

TEST(HostedLane, ATurnIsNotIdleInWhichARecordGoesOnAsItCame) {
  HostedBetween stage({.on_error = OnErrorCode::kPass});
  stage.put_all({"x1", "x2"});
  EXPECT_EQ(stage.role->do_work(), 1u);
  EXPECT_EQ(take(*stage.reader), Texts{"x1"});
  EXPECT_EQ(stage.role->do_work(), 1u);
  EXPECT_EQ(take(*stage.reader), Texts{"x2"});
  stage.end();
}

TEST(HostedLane, ALetterWithoutRoomHoldsTheStageUpAndTheHostIsNotCalled) {
  HostedBetween stage({.letters = {.capacity = 64, .record_max = 48}, .on_error = OnErrorCode::kDeadLetter});
  stage.put_all({"x1", "a", "x2", "b"});
  stage.work();
  EXPECT_EQ(stage.site.state(), AgentState::kStalled);
  EXPECT_EQ(stage.site.entry.waits_for.load(), Letters::kReader);
  const std::uint32_t calls = stage.host.calls;
  EXPECT_EQ(stage.role->do_work(), 0u);
  EXPECT_EQ(stage.host.calls, calls);
  EXPECT_EQ(stage.letters.take().at(0).record, "x1");
  stage.work();
  EXPECT_EQ(stage.letters.take().at(0).record, "x2");
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "b"}));
  stage.end();
  EXPECT_EQ(stage.block().dead_lettered.load(), 2);
}

TEST(HostedLane, AnElementThatItsLaneNeverTakesFailsTheRecordBeforeTheFirstHasLeft) {
  HostedBetween stage({.outlet = {.capacity = 64}, .on_error = OnErrorCode::kDrop});
  stage.put_all({"a,0123456789abcdefg,b", "c,d"});
  Texts all;
  for (int turn = 0; turn != 8; ++turn) {
    stage.role->do_work();
    for (std::string& text : take(*stage.reader, 1)) all.push_back(std::move(text));
  }
  EXPECT_EQ(all, (Texts{"c", "d"}));
  stage.end();
  EXPECT_EQ(cause_of(stage.block(), FailureCause::kTooLarge), 1);
  EXPECT_EQ(stage.host.calls, 1u);
}

TEST(HostedLane, OfARecordThatFailsBecauseOfALaterElementNothingLeaves) {
  for (const OnErrorCode code :
       {OnErrorCode::kStop, OnErrorCode::kDrop, OnErrorCode::kPass, OnErrorCode::kDeadLetter}) {
    HostedBetween stage({.outlet = {.capacity = 128, .record_max = 16}, .on_error = code});
    stage.put_all({"a,b", "c,0123456789abcdefg", "d"});
    stage.work();
    Texts left{"a", "b"};
    if (code == OnErrorCode::kStop) {
      EXPECT_EQ(take(*stage.reader), left);
      EXPECT_EQ(stage.site.state(), AgentState::kFailed);
      stage.expect_ledger();
      EXPECT_EQ(stage.block().emitted.load(), 2);
      continue;
    }
    // As it came it is longer than the lane takes.
    if (code == OnErrorCode::kPass) {
      EXPECT_EQ(stage.site.state(), AgentState::kFailed);
      EXPECT_EQ(take(*stage.reader), left);
      continue;
    }
    left.emplace_back("d");
    EXPECT_EQ(take(*stage.reader), left);
    EXPECT_EQ(stage.letters.take().size(), code == OnErrorCode::kDeadLetter ? 1u : 0u);
    stage.end();
    EXPECT_EQ(stage.block().out.load(), 3);
    EXPECT_EQ(stage.block().emitted.load(), 2);
    EXPECT_EQ(stage.block().absorbed.load(), 1);
    EXPECT_EQ(stage.block().failed.load(), 1);
  }
}

TEST(HostedLane, OfARecordThatFailsBeforeAnOrderNothingLeavesAndItPassesInItsPlace) {
  HostedBetween stage({.inlet = {.watermarked = true, .ordinal_step = 2},
                       .outlet = {.watermarked = true},
                       .on_error = OnErrorCode::kPass});
  put(*stage.writer, "a,b", 0);
  put(*stage.writer, "c,d,e", 2);
  put(*stage.writer, "f", 4);
  stage.work();
  std::vector<lane::LaneRecord> records(8);
  ASSERT_EQ(stage.reader->peek(records.data(), 8), 4u);
  for (const auto& [i, ordinal] : {std::pair{0, 0u}, {1, 1u}, {2, 2u}, {3, 4u}}) EXPECT_EQ(records[i].ordinal, ordinal);
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "b", "c,d,e", "f"}));
  stage.end();
  EXPECT_EQ(stage.block().passed_failed.load(), 1);
  EXPECT_EQ(cause_of(stage.block(), FailureCause::kTooMany), 1);
}

TEST(HostedLane, OneRecordMayBecomeMoreThanItsLaneHolds) {
  HostedBetween stage({.outlet = {.capacity = 64}});
  stage.put_all({"a,b,c,d,e,f,g,h,i", "!j"});
  Texts all;
  for (int turn = 0; turn != 16; ++turn) {
    stage.role->do_work();
    for (std::string& text : take(*stage.reader)) all.push_back(std::move(text));
  }
  EXPECT_EQ(all, (Texts{"a", "b", "c", "d", "e", "f", "g", "h", "i", "!J"}));
  EXPECT_EQ(stage.host.calls, 1u);
  stage.end();
}

TEST(HostedLane, MoreElementsThanTheOpMayMakeFailTheRecordBeforeTheFirstHasLeft) {
  HostedBetween stage({.elements_max = 1});
  stage.put_all({"a", "b,c"});
  stage.work();
  EXPECT_EQ(take(*stage.reader), Texts{"a"});
  stage.expect_failure(1,
                       "the stage's function made 2 records of one, and its stage may make 1; return fewer, or "
                       "declare emits and a larger emits_max");
  EXPECT_EQ(cause_of(stage.block(), FailureCause::kTooMany), 1);
}

// ---- answers that cannot be carried out ----------------------------------------------------------------------------

TEST(HostedLane, AnAnswerThatCannotBeCarriedOutFailsTheRecordAndSaysWhatWasReceived) {
  const std::vector<std::pair<const char*, FakeHost::Work>> broken{
      {"it is for 0 records, and 1 to 2 are allowed, as many as were shown",
       [](FakeHost&, std::uint32_t) -> HostAnswer {
         return {HostEnd::kAnswered, 0};
       }},
      {"it is for 3 records, and 1 to 2 are allowed, as many as were shown",
       [](FakeHost&, std::uint32_t records) -> HostAnswer {
         return {HostEnd::kAnswered, records + 1};
       }},
      {"it is for 4294967295 records, and 1 to 2 are allowed, as many as were shown",
       [](FakeHost&, std::uint32_t) -> HostAnswer {
         return {HostEnd::kAnswered, 0xffffffffu};
       }},
      {"it has the action 99, and 0 to 5 are allowed",
       [](FakeHost& host, std::uint32_t records) -> HostAnswer {
         host.row(0).action = 99;
         return {HostEnd::kAnswered, records};
       }},
      {"it changed the record to 10 bytes, and at most 9 are allowed",
       [](FakeHost& host, std::uint32_t records) -> HostAnswer {
         host.change(0, "0123456789");
         return {HostEnd::kAnswered, records};
       }},
      {"it changed the record to 1073741824 bytes, and at most 9 are allowed",
       [](FakeHost& host, std::uint32_t records) -> HostAnswer {
         host.row(0).room = host.row(0).length = 1u << 30;
         host.row(0).action = static_cast<std::uint32_t>(abi::HostAction::kChanged);
         return {HostEnd::kAnswered, records};
       }},
      {"it has an element at byte 1020 of 1024, which does not end within them",
       [](FakeHost& host, std::uint32_t records) -> HostAnswer {
         host.emit(0, {"a"});
         host.row(0).first = 1020;
         return {HostEnd::kAnswered, records};
       }},
      {"it has an element at byte 4294967295 of 1024, which does not end within them",
       [](FakeHost& host, std::uint32_t records) -> HostAnswer {
         host.emit(0, {"a"});
         host.row(0).first = 0xffffffffu;
         return {HostEnd::kAnswered, records};
       }},
      {"it has an element at byte 0 of 1024, which does not end within them",
       [](FakeHost& host, std::uint32_t records) -> HostAnswer {
         host.emit(0, {"a"});
         const std::uint32_t length = 0xffffffffu;
         std::memcpy(const_cast<std::byte*>(host.memory().elements.data()), &length, sizeof length);
         return {HostEnd::kAnswered, records};
       }},
  };
  for (const auto& [words, work] : broken) {
    SCOPED_TRACE(words);
    HostedBetween stage({.room = 8});
    stage.host.does(work);
    stage.put_all({"a", "b"});
    stage.work();
    EXPECT_EQ(take(*stage.reader), Texts{});
    stage.expect_failure(0, wrong(words));
    EXPECT_EQ(cause_of(stage.block(), FailureCause::kBadAnswer), 1);
  }
}

TEST(HostedLane, ARecordThatIsCountedAndHasNoAnswerSaysSo) {
  HostedBetween stage;
  stage.host.does([](FakeHost&, std::uint32_t records) -> HostAnswer { return {HostEnd::kAnswered, records}; });
  stage.put_all({"a"});
  stage.work();
  stage.expect_failure(0, wrong("it says nothing of a record that it counts as answered"));
}

TEST(HostedLane, AnAnswerThatCannotBeCarriedOutAndAThreadThatIsGoneStopThePipelineWhateverThePolicyIs) {
  for (const OnErrorCode code : {OnErrorCode::kDrop, OnErrorCode::kPass, OnErrorCode::kDeadLetter}) {
    for (const HostAnswer answer : {HostAnswer{HostEnd::kAnswered, 7}, HostAnswer{HostEnd::kGone, 0}}) {
      HostedBetween stage({.on_error = code});
      stage.host.does([answer](FakeHost&, std::uint32_t) { return answer; });
      stage.put_all({"a", "b"});
      stage.work();
      EXPECT_EQ(stage.host.calls, 1u) << "the record is not to blame";
      EXPECT_EQ(stage.site.state(), AgentState::kFailed);
      EXPECT_TRUE(stage.letters.take().empty());
      stage.expect_ledger();
      EXPECT_EQ(stage.block().stopped.load(), 1);
      EXPECT_EQ(stage.block().abandoned.load(), 1);
    }
  }
}

TEST(HostedLane, MoreElementsThanThereAreEndWhereTheirMemoryEnds) {
  HostedBetween stage({.outlet = {.capacity = 1u << 14}, .host = {.element_bytes = 64}});
  stage.host.does([](FakeHost& host, std::uint32_t records) -> HostAnswer {
    host.emit(0, {"a", "b"});
    host.row(0).count = abi::kNone;
    return {HostEnd::kAnswered, records};
  });
  stage.put_all({"a"});
  stage.work();
  EXPECT_EQ(take(*stage.reader), Texts{});
  stage.expect_failure(0, wrong("it has an element at byte 64 of 64, which does not end within them"));
  EXPECT_EQ(stage.block().emitted.load(), 0);
}

TEST(HostedLane, WhatAHostWritesWhileElementsLeaveReachesNoneOfThem) {
  HostedBetween stage({.outlet = {.capacity = 64}, .on_error = OnErrorCode::kDrop});
  stage.put_all({"a,b,c,d", "e"});
  stage.role->do_work();
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "b"}));
  stage.host.pass(0);
  const std::span<const std::byte> elements = stage.host.memory().elements;
  std::memset(const_cast<std::byte*>(elements.data()), 0xff, elements.size());
  stage.work();
  EXPECT_EQ(take(*stage.reader), (Texts{"c", "d"}));
  stage.end();
  EXPECT_EQ(take(*stage.reader), Texts{"e"});
}

// ---- answers that come later ---------------------------------------------------------------------------------------

TEST(HostedLane, ItHoldsAsManyAsItWorksOnAtOnceAndTheirOrderIsKept) {
  HostedBetween stage({.host = {.rows = 4}, .batch_records = 4});
  stage.host.answers_later(3);
  stage.put_all({"a", "!b", "-", "d,e", "f", "g", "h"});
  stage.work();
  EXPECT_EQ(take(*stage.reader), Texts{});
  EXPECT_EQ(stage.block().held.load(), 3);
  EXPECT_EQ(stage.site.state(), AgentState::kWaiting);
  for (const Texts& left : {Texts{"a"}, Texts{"!B"}, Texts{}, Texts{"d", "e"}, Texts{"f"}}) {
    stage.host.ready = 1;
    stage.work();
    EXPECT_EQ(take(*stage.reader), left);
    EXPECT_LE(stage.block().held.load(), 3);
  }
  EXPECT_EQ(stage.block().held.load(), 2) << "those that are left";
  stage.host.ready = 9;
  stage.end();
  EXPECT_EQ(take(*stage.reader), (Texts{"g", "h"}));
  EXPECT_EQ(stage.block().held.load(), 0);
}

TEST(HostedLane, TheMemoryOfHeldRecordsIsACircleInWhichNoneIsWrittenOver) {
  // Rows of 10 bytes with room, at multiples of 8: four fit, and the circle comes round with every length.
  HostedBetween stage({.host = {.record_bytes = 70, .rows = 5}, .room = 2, .batch_records = 16});
  stage.host.answers_later(4);
  Texts sent;
  for (int i = 0; i != 60; ++i)
    sent.push_back(std::string(static_cast<std::size_t>(i % 19), static_cast<char>('a' + i % 23)));  // no x
  Texts got;
  for (std::size_t turn = 0; turn != 200; ++turn) {
    if (turn < sent.size()) stage.put_all({sent[turn].c_str()});
    stage.host.ready = turn % 3 == 0 ? 2 : 1;
    stage.work();
    for (std::string& text : take(*stage.reader)) got.push_back(std::move(text));
  }
  EXPECT_EQ(got, sent);
  stage.end();
}

TEST(HostedLane, WhatIsHeldBehindARecordThatFailsIsAbandoned) {
  HostedBetween stage;
  stage.host.answers_later(16);
  stage.put_all({"a", "x", "b", "c"});
  stage.work();
  EXPECT_EQ(stage.block().held.load(), 4);
  stage.host.ready = 4;
  stage.work();
  EXPECT_EQ(take(*stage.reader), Texts{"a"});
  stage.expect_failure(1, "x is bad");
}

TEST(HostedLane, WhatIsHeldGoesOnBehindARecordThatIsDropped) {
  HostedBetween stage({.on_error = abi::OnErrorCode::kDrop});
  stage.host.answers_later(16);
  stage.put_all({"a", "x", "!b", "c"});
  stage.work();
  stage.host.ready = 4;
  stage.end();
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "!B", "c"}));
}

TEST(HostedLane, AnotherHostIsShownWhatWasHeld) {
  HostedBetween stage;
  stage.host.answers_later(16);
  stage.put_all({"a", "!b", "c"});
  stage.work();
  stage.host.ready = 1;
  stage.work();
  EXPECT_EQ(take(*stage.reader), Texts{"a"});
  FakeHost other;
  stage.op.set_host(&other);
  stage.work();
  EXPECT_EQ(other.shown, (Texts{"!b", "c"}));
  stage.end();
  EXPECT_EQ(take(*stage.reader), (Texts{"!B", "c"}));
}

TEST(HostedLane, AHostThatForgetsWhatItHeldStopsThePipeline) {
  HostedBetween stage;
  stage.host.answers_later(16);
  stage.put_all({"a", "b"});
  stage.work();
  stage.host.does([](FakeHost&, std::uint32_t) -> HostAnswer { return {HostEnd::kAnswered, 0, 1}; });
  stage.work();
  stage.expect_failure(0, wrong("it is for 1 records, and 2 or more are allowed, as many as wait for promises"));
  EXPECT_EQ(cause_of(stage.block(), FailureCause::kBadAnswer), 1);
}

TEST(HostedLane, ThoseWhoLookSeeWhatItsHostIsAtAndSinceWhen) {
  abi::AgentEntry entry{};
  HostedBetween stage;
  const auto sees = [&](abi::HostPhase phase, double since_ns) {
    EXPECT_EQ(entry.host_phase.load(), static_cast<std::uint32_t>(phase));
    EXPECT_EQ(entry.host_since.load(), since_ns);
  };
  stage.op.set_host(nullptr);
  stage.op.stand_at({.entry = &entry});
  sees(abi::HostPhase::kUntaken, 0);
  stage.op.set_host(&stage.host);
  sees(abi::HostPhase::kResting, 0);
  stage.host.answers_later(16);
  stage.put_all({"a", "b"});
  stage.op.observe_call(5);
  sees(abi::HostPhase::kCalled, 5);
  stage.work();
  sees(abi::HostPhase::kPromised, 5);
  stage.put_all({"c"});
  stage.op.observe_call(7);
  stage.work();
  sees(abi::HostPhase::kPromised, 5);
  stage.host.ready = 2;
  stage.op.observe_call(9);
  stage.work();
  sees(abi::HostPhase::kPromised, 7);
  stage.host.ready = 1;
  stage.work();
  sees(abi::HostPhase::kResting, 0);
  stage.end();
}

// ---- hand-over, and the end of the pipeline in a call
// ----------------------------------------------------------------

TEST(HostedLane, AnotherHostIsShownWhatIsNotDoneWith) {
  HostedBetween stage({.outlet = {.capacity = 64}});
  stage.put_all({"a", "b", "c", "d", "!e"});
  stage.role->do_work();
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "b"}));
  stage.op.set_host(nullptr);
  EXPECT_EQ(stage.role->do_work(), 1u) << "one had passed already";
  EXPECT_EQ(take(*stage.reader), Texts{"c"});
  // Its memory has fewer rows than the first one had answered.
  FakeHost other({.record_bytes = 32, .rows = 1, .element_bytes = 16});
  stage.op.set_host(&other);
  stage.work();
  EXPECT_EQ(take(*stage.reader), (Texts{"d", "!E"}));
  EXPECT_EQ(other.shown, (Texts{"d", "!e"}));
  stage.end();
}

TEST(HostedLane, ARecordOfWhichSomeElementsHaveLeftLeavesWholeAlsoWhenItsHostIsGone) {
  HostedBetween stage({.outlet = {.capacity = 64}});
  stage.put_all({"a,b,c,d", "e"});
  stage.role->do_work();
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "b"}));
  stage.op.set_host(nullptr);
  stage.work();
  EXPECT_EQ(take(*stage.reader), (Texts{"c", "d"}));
  EXPECT_EQ(stage.site.state(), AgentState::kWaiting);
  EXPECT_EQ(stage.block().in.load(), 1);
  FakeHost other;
  stage.op.set_host(&other);
  stage.end();
  EXPECT_EQ(take(*stage.reader), Texts{"e"});
  EXPECT_EQ(other.shown, Texts{"e"});
  EXPECT_EQ(stage.block().emitted.load(), 4);
}

TEST(HostedLane, AHostThatGoesInsideOfItsCallLeavesTheRecordsToTheNextOne) {
  HostedBetween stage;
  stage.host.does([&](FakeHost& host, std::uint32_t records) -> HostAnswer {
    stage.op.set_host(nullptr);
    return FakeHost::answer_all(host, records);
  });
  stage.put_all({"a", "!b"});
  EXPECT_EQ(stage.role->do_work(), 0u);
  EXPECT_EQ(stage.site.state(), AgentState::kWaiting);
  FakeHost other;
  stage.op.set_host(&other);
  stage.end();
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "!B"}));
  EXPECT_EQ(other.shown, (Texts{"a", "!b"}));
}

TEST(HostedLane, WhatATurnHasDoneIsShownBeforeTheHostIsCalled) {
  HostedBetween stage({.outlet = {.capacity = 64}});
  stage.put_all({"a", "b", "c"});
  stage.role->do_work();
  EXPECT_EQ(take(*stage.reader), (Texts{"a", "b"}));
  stage.put_all({"d"});
  Texts before;
  stage.host.does([&](FakeHost& host, std::uint32_t records) -> HostAnswer {
    before = take(*stage.reader);
    EXPECT_EQ(stage.block().in.load(), 3);
    EXPECT_EQ(stage.block().out.load(), 3);
    return FakeHost::answer_all(host, records);
  });
  stage.work();
  EXPECT_EQ(before, Texts{"c"}) << "it had passed, and waited for room";
  EXPECT_EQ(take(*stage.reader), Texts{"d"});
  stage.end();
}

TEST(HostedLane, ACallThatEndsThePipelineTouchesNothingOfItAfterwards) {
  HostedBetween stage({.outlet = {.capacity = 64}});
  stage.put_all({"a", "b", "c"});
  stage.role->do_work();
  take(*stage.reader);
  stage.put_all({"d", "e"});
  stage.host.does([&](FakeHost& host, std::uint32_t records) -> HostAnswer {
    FakeHost::answer_all(host, records);
    // As the thread does that halts the pipeline: the role is settled without it.
    stage.expect_ledger();
    EXPECT_EQ(stage.block().abandoned.load(), 2);
    return {HostEnd::kCutOff, 0};
  });
  stage.work();
  EXPECT_TRUE(stage.role->done());
  EXPECT_EQ(stage.role->do_work(), 0u);
  EXPECT_EQ(stage.host.calls, 2u);
  stage.expect_ledger();
  EXPECT_EQ(stage.block().abandoned.load(), 2);
  EXPECT_EQ(stage.block().out.load(), 3);
  EXPECT_EQ(stage.outlet.producer().closed.load(), 0u);
  EXPECT_TRUE(stage.site.failures.all().empty());
}

}  // namespace
}  // namespace byteor::test

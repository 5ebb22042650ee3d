// The agent that writes a lane's files, and the reader's end that begins with earlier runs.
#include "journal/journal_agent.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <filesystem>

#include "journal/journal_inlet.hpp"
#include "support/fake_lane.hpp"
#include "support/faulty_disk.hpp"
#include "support/journal_folder.hpp"

namespace byteor::journal {
namespace {

using test::append_records;
using test::FakeLane;
using test::FaultyDisk;
using test::in_small_blocks;
using test::journal_in;
using test::journal_on;
using test::read_records;
using test::record_flags;
using test::record_text;
using test::Reporter;
using test::TempFolder;

void put_records(FakeLane& lane, std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t s = first; s < first + count; ++s) lane.put(record_text(s), record_flags(s));
}

struct Bench {
  explicit Bench(const JournalOptions& options) : files(JournalFiles::open(options)) {}
  double cell(const std::atomic<double>& value) const { return value.load(); }

  std::unique_ptr<JournalFiles> files;
  FakeLane lane;
  abi::JournalBlock block{};
  Reporter failures;
};

// Of the only segment in the folder.
std::uintmax_t segment_bytes(const std::string& folder) {
  return std::filesystem::file_size(folder + "/" + test::segment_names(folder)[0]);
}

TEST(JournalAgent, OneTurnIsOneGroupCommit) {
  const TempFolder temp;
  Bench bench(journal_in(temp.path("lane")));
  JournalAgent agent(bench.lane, *bench.files, bench.block, bench.failures, {});
  EXPECT_EQ(agent.do_work(), 0u);
  put_records(bench.lane, 0, 1000);
  EXPECT_EQ(agent.do_work(), 1000u);
  EXPECT_EQ(bench.lane.released(), 1000u);
  EXPECT_EQ(bench.cell(bench.block.durable), 1000);
  EXPECT_EQ(bench.cell(bench.block.appended), 1000);
  EXPECT_EQ(bench.cell(bench.block.synced), 1000);
  EXPECT_EQ(bench.cell(bench.block.syncs), 1);
  EXPECT_EQ(bench.cell(bench.block.opened_at), 0);
  EXPECT_EQ(bench.block.segments.load(), 1u);
  EXPECT_EQ(bench.cell(bench.block.bytes), static_cast<double>(segment_bytes(temp.path("lane"))));
  bench.lane.close();
  EXPECT_FALSE(agent.done());
  EXPECT_EQ(agent.do_work(), 1u);
  EXPECT_TRUE(agent.done());
  EXPECT_EQ(agent.do_work(), 0u);
  EXPECT_EQ(read_records(temp.path("lane")), 1000u);
  EXPECT_EQ(bench.failures.count, 0);
}

TEST(JournalAgent, ALargeLaneIsCommittedInParts) {
  const TempFolder temp;
  Bench bench(journal_in(temp.path("lane")));
  JournalAgentOptions options;
  options.commit_bytes = 10'000;
  JournalAgent agent(bench.lane, *bench.files, bench.block, bench.failures, options);
  put_records(bench.lane, 0, 2000);
  const std::uint32_t moved = agent.do_work();
  EXPECT_GT(moved, 0u);
  EXPECT_LT(moved, 1000u);
  EXPECT_EQ(bench.lane.released(), moved);
}

// Turns of a full lane, the last of them over what the one before held.
void expect_turns_that_end_with_a_block(abi::FsyncCode fsync) {
  constexpr std::size_t kBlock = 4096;
  const TempFolder temp;
  Bench bench(in_small_blocks(temp.path("lane"), fsync));
  JournalAgentOptions options;
  options.commit_bytes = 4 * kBlock;
  JournalAgent agent(bench.lane, *bench.files, bench.block, bench.failures, options);
  put_records(bench.lane, 0, 900);
  std::uint64_t moved = 0;
  int within = 0;
  for (int turn = 0; turn != 3; ++turn) {
    moved += agent.do_work();
    EXPECT_EQ(segment_bytes(temp.path("lane")) % kBlock, 0u);
    // What is not whole in the file has not been given to the reader, nor consumed, and does not count.
    EXPECT_EQ(bench.lane.released(), bench.lane.consumed());
    EXPECT_EQ(bench.cell(bench.block.durable), static_cast<double>(bench.lane.released()));
    EXPECT_EQ(bench.cell(bench.block.appended), static_cast<double>(moved));
    const std::uint64_t held = moved - bench.lane.released();
    EXPECT_LE(held, 1u);
    within += static_cast<int>(held);
  }
  EXPECT_GT(within, 0);
  while (bench.lane.released() != 900) {
    ASSERT_GT(agent.do_work(), 0u);
    ASSERT_LE(bench.lane.released(), 900u);
  }
  EXPECT_EQ(bench.cell(bench.block.durable), 900);
  bench.lane.close();
  EXPECT_EQ(agent.do_work(), 1u);
  EXPECT_TRUE(agent.done());
  EXPECT_EQ(read_records(temp.path("lane")), 900u);
  EXPECT_EQ(bench.failures.count, 0);
}

TEST(JournalAgent, TurnsOfAFullLaneEndWithABlockAndHoldWhatIsNotWhole) {
  expect_turns_that_end_with_a_block(abi::FsyncCode::kNone);
  expect_turns_that_end_with_a_block(abi::FsyncCode::kEachBatch);
}

TEST(JournalAgent, WhatIsHeldIsCompleteInTheNextTurnThoughNothingCame) {
  const TempFolder temp;
  Bench bench(in_small_blocks(temp.path("lane"), abi::FsyncCode::kInterval));
  JournalAgentOptions options;
  options.commit_bytes = 4096;
  JournalAgent agent(bench.lane, *bench.files, bench.block, bench.failures, options);
  // Not more than this by one record, so that no other lies behind the block.
  std::uint64_t put = 0;
  for (std::uint64_t bytes = sizeof(SegmentHeader); bytes < 4096; ++put) bytes += frame_bytes(record_text(put).size());
  put_records(bench.lane, 0, put);
  EXPECT_EQ(agent.do_work(), put);
  EXPECT_EQ(bench.lane.released(), put - 1);
  EXPECT_EQ(agent.do_work(), 1u);
  EXPECT_EQ(bench.lane.released(), put);
  EXPECT_EQ(bench.cell(bench.block.durable), static_cast<double>(put));
  EXPECT_EQ(read_records(temp.path("lane")), put);
}

TEST(JournalAgent, ASmallTurnIsCommittedAsAWholeWhereverItEnds) {
  const TempFolder temp;
  Bench bench(in_small_blocks(temp.path("lane"), abi::FsyncCode::kEachBatch));
  JournalAgent agent(bench.lane, *bench.files, bench.block, bench.failures, {});
  for (std::uint64_t put = 0; put != 300; ++put) {
    put_records(bench.lane, put, 1);
    EXPECT_EQ(agent.do_work(), 1u);
    EXPECT_EQ(bench.lane.released(), put + 1);
  }
  EXPECT_EQ(bench.cell(bench.block.syncs), 300);
}

TEST(JournalAgent, WhatIsHeldIsCutByAKillAndLeavesNothingWhenItIsAbandoned) {
  const TempFolder temp;
  std::uint64_t released = 0;
  {
    Bench bench(in_small_blocks(temp.path("lane"), abi::FsyncCode::kNone));
    JournalAgentOptions options;
    options.commit_bytes = 4096;
    JournalAgent agent(bench.lane, *bench.files, bench.block, bench.failures, options);
    put_records(bench.lane, 0, 900);
    std::uint64_t moved = agent.do_work();
    while (bench.lane.released() == moved) moved += agent.do_work();
    released = bench.lane.released();
    std::filesystem::copy(temp.path("lane"), temp.path("killed"));
    bench.files->close();
  }
  const auto killed = JournalFiles::open(journal_in(temp.path("killed")));
  EXPECT_EQ(killed->opened_at(), released);
  EXPECT_GT(killed->recovered().cut_bytes, 0u);
  const auto abandoned = JournalFiles::open(journal_in(temp.path("lane")));
  EXPECT_EQ(abandoned->opened_at(), released);
  EXPECT_EQ(abandoned->recovered().cut_bytes, 0u);
  EXPECT_EQ(read_records(temp.path("lane")), released);
}

TEST(JournalAgent, GivesNothingToTheReaderBeforeTheSync) {
  const TempFolder temp;
  FaultyDisk disk;
  JournalOptions options = journal_on(disk, temp);
  Bench bench(options);
  JournalAgent agent(bench.lane, *bench.files, bench.block, bench.failures, {});
  put_records(bench.lane, 0, 10);
  disk.on_sync_data = [&] {
    EXPECT_EQ(bench.lane.released(), 0u);
    EXPECT_EQ(bench.lane.consumed(), 10u);
    EXPECT_EQ(bench.cell(bench.block.durable), 0);
    return 0;
  };
  EXPECT_EQ(agent.do_work(), 10u);
  EXPECT_EQ(bench.lane.released(), 10u);
}

TEST(JournalAgent, AFailedSyncEndsTheLaneBehindWhatIsDurable) {
  const TempFolder temp;
  FaultyDisk disk;
  JournalOptions options = journal_on(disk, temp);
  Bench bench(options);
  std::atomic<std::uint64_t> stop_before{core::kNoLimit};
  std::atomic<std::uint64_t> position{160};
  JournalAgentOptions with;
  with.agent = 7;
  with.stop_before = &stop_before;
  with.position = &position;
  JournalAgent agent(bench.lane, *bench.files, bench.block, bench.failures, with);
  put_records(bench.lane, 0, 10);
  EXPECT_EQ(agent.do_work(), 10u);
  disk.on_sync_data = [] { return -EIO; };
  put_records(bench.lane, 10, 10);
  EXPECT_EQ(agent.do_work(), 1u);
  EXPECT_TRUE(agent.done());
  EXPECT_EQ(bench.lane.released(), 10u);
  EXPECT_EQ(bench.cell(bench.block.durable), 10);
  EXPECT_EQ(stop_before.load(), 160u);
  EXPECT_EQ(bench.failures.count, 1);
  EXPECT_EQ(bench.failures.agent, 7u);
  EXPECT_EQ(bench.failures.sequence, 10u);
  EXPECT_NE(bench.failures.cause.find(temp.path("lane")), std::string::npos) << bench.failures.cause;
  EXPECT_NE(bench.failures.cause.find("check the device"), std::string::npos) << bench.failures.cause;
}

TEST(JournalAgent, AFullDiskInTheMiddleOfATurnGivesTheReaderWhatTheFilesHold) {
  for (const abi::FsyncCode fsync : {abi::FsyncCode::kEachBatch, abi::FsyncCode::kInterval, abi::FsyncCode::kNone}) {
    const TempFolder temp;
    FaultyDisk disk;
    JournalOptions options = journal_on(disk, temp, fsync);
    options.fsync_interval_ms = 60'000;
    options.segment_bytes = 4096;
    Bench bench(options);
    JournalAgent agent(bench.lane, *bench.files, bench.block, bench.failures, {});
    put_records(bench.lane, 0, 1000);
    disk.room = 20'000;
    disk.writes_over = true;
    EXPECT_EQ(agent.do_work(), 1u);
    EXPECT_TRUE(agent.done());
    const std::uint64_t whole = read_records(temp.path("lane"));
    EXPECT_GT(whole, 100u);
    EXPECT_LT(whole, 1000u);
    EXPECT_EQ(bench.lane.released(), whole);
    EXPECT_EQ(bench.lane.consumed(), whole);
    EXPECT_EQ(bench.cell(bench.block.appended), static_cast<double>(whole));
    EXPECT_EQ(bench.cell(bench.block.durable), static_cast<double>(whole));
    EXPECT_EQ(bench.block.segments.load(), test::segment_names(temp.path("lane")).size());
    EXPECT_EQ(bench.failures.sequence, whole);
  }
}

TEST(JournalAgent, AtAnIntervalReleasesAtOnceAndIsWokenForTheSync) {
  const TempFolder temp;
  JournalOptions options = journal_in(temp.path("lane"));
  options.fsync = abi::FsyncCode::kInterval;
  options.fsync_interval_ms = 30;
  Bench bench(options);
  JournalAgent agent(bench.lane, *bench.files, bench.block, bench.failures, {});
  EXPECT_EQ(agent.do_work(), 0u);
  EXPECT_EQ(agent.wait_descriptor().fd, -1);
  put_records(bench.lane, 0, 10);
  EXPECT_EQ(agent.do_work(), 10u);
  EXPECT_EQ(bench.lane.released(), 10u);
  EXPECT_EQ(bench.cell(bench.block.appended), 10);
  EXPECT_EQ(bench.cell(bench.block.durable), 0);
  EXPECT_EQ(agent.do_work(), 0u);
  const core::WaitDescriptor wait = agent.wait_descriptor();
  ASSERT_GE(wait.fd, 0);
  pollfd polled{wait.fd, wait.events, 0};
  EXPECT_EQ(poll(&polled, 1, 5000), 1);
  EXPECT_EQ(agent.do_work(), 1u);
  EXPECT_EQ(bench.cell(bench.block.durable), 10);
  EXPECT_EQ(agent.do_work(), 0u);
  EXPECT_EQ(agent.wait_descriptor().fd, -1);
  // The end does not wait for the interval.
  put_records(bench.lane, 10, 1);
  bench.lane.close();
  while (!agent.done()) agent.do_work();
  EXPECT_EQ(bench.cell(bench.block.durable), 11);
}

// Consumes up to `limit` records, which must be the ones from `first` on, as a role does in one turn.
std::uint64_t take(lane::Inlet& inlet, std::uint64_t first, std::uint32_t limit) {
  lane::LaneRecord records[32];
  const std::uint32_t count = inlet.peek(records, std::min(limit, 32u));
  for (std::uint32_t i = 0; i < count; ++i) {
    EXPECT_EQ(std::string(reinterpret_cast<char*>(records[i].data), records[i].length), record_text(first + i));
    EXPECT_EQ(records[i].flags, record_flags(first + i));
  }
  inlet.consume(count);
  return count;
}

TEST(JournalInlet, ServesWhatEarlierRunsLeftAndThenTheLane) {
  const TempFolder temp;
  {
    const auto files = JournalFiles::open(journal_in(temp.path("lane")));
    ASSERT_TRUE(append_records(*files, 1000, 100));
    ASSERT_EQ(files->cursor().store(300), 0);
  }
  Bench bench(journal_in(temp.path("lane")));
  JournalInletOptions options;
  options.first_ordinal = 5;
  JournalInlet inlet(bench.lane, *bench.files, bench.block, bench.failures, options);
  put_records(bench.lane, 1000, 50);
  bench.lane.close();
  EXPECT_EQ(inlet.lower_bound(), 5u);
  lane::LaneRecord record;
  ASSERT_EQ(inlet.peek(&record, 1), 1u);
  EXPECT_EQ(record.ordinal, 5u);
  std::uint64_t next = 300;
  while (!inlet.ended()) {
    const std::uint64_t got = take(inlet, next, 32);
    ASSERT_NE(got, 0u);
    next += got;
    EXPECT_TRUE(inlet.release());
    EXPECT_FALSE(inlet.release());
    if (next < 1000) {
      EXPECT_EQ(inlet.lower_bound(), next - 300 + 5);
    }
  }
  EXPECT_EQ(next, 1050u);
  EXPECT_EQ(bench.lane.released(), 50u);
  EXPECT_EQ(bench.cell(bench.block.replayed), 700);
  EXPECT_EQ(bench.files->cursor().stored(), 1050u);
  EXPECT_EQ(bench.failures.count, 0);
}

TEST(JournalInlet, PeekingTwiceDescribesTheSameAndReleasedRecordsStayUntilThen) {
  const TempFolder temp;
  {
    const auto files = JournalFiles::open(journal_in(temp.path("lane")));
    ASSERT_TRUE(append_records(*files, 300, 300));
  }
  Bench bench(journal_in(temp.path("lane")));
  JournalInlet inlet(bench.lane, *bench.files, bench.block, bench.failures, {});
  lane::LaneRecord first[2];
  lane::LaneRecord again[2];
  ASSERT_EQ(inlet.peek(first, 2), 2u);
  ASSERT_EQ(inlet.peek(again, 2), 2u);
  EXPECT_EQ(first[1].data, again[1].data);
  // The buffer of the files is used again only after a release.
  std::uint64_t next = 0;
  while (const std::uint64_t got = take(inlet, next, 32)) next += got;
  EXPECT_EQ(next, abi::kBatchRecordsDefault);
  EXPECT_EQ(std::string(reinterpret_cast<char*>(first[1].data), first[1].length), record_text(1));
  EXPECT_TRUE(inlet.release());
  EXPECT_EQ(take(inlet, next, 32), 32u);
}

// The reader's next turn: only there, where nothing is half done, does the inlet turn to the device.
void look(JournalInlet& inlet) {
  lane::LaneRecord record;
  inlet.peek(&record, 1);
}

TEST(JournalInlet, StoresTheCursorInBatchesAndWhenNothingIsLeft) {
  const TempFolder temp;
  Bench bench(journal_in(temp.path("lane")));
  JournalInletOptions options;
  options.cursor_records = 10;
  {
    JournalInlet inlet(bench.lane, *bench.files, bench.block, bench.failures, options);
    put_records(bench.lane, 0, 25);
    ASSERT_TRUE(append_records(*bench.files, 25, 25));
    for (std::uint64_t next = 0; next < 24; next += 4) {
      EXPECT_EQ(take(inlet, next, 4), 4u);
      inlet.release();
      look(inlet);
      EXPECT_EQ(bench.files->cursor().stored(), next < 8 ? 0u : next < 20 ? 12u : 24u);
    }
    EXPECT_EQ(take(inlet, 24, 4), 1u);
    // Consumed, but not released: it counts as unread.
    EXPECT_EQ(take(inlet, 25, 4), 0u);
    EXPECT_EQ(bench.files->cursor().stored(), 24u);
    inlet.release();
    EXPECT_EQ(take(inlet, 25, 4), 0u);
    EXPECT_EQ(bench.files->cursor().stored(), 25u);
  }
  bench.files.reset();
  EXPECT_EQ(JournalFiles::open(journal_in(temp.path("lane")))->recovered().cursor, 25u);
}

struct FakeDelivery final : Delivery {
  std::uint64_t arrived(std::uint64_t released) noexcept override {
    asked_for = released;
    return there;
  }
  std::uint64_t asked_for = 0;
  std::uint64_t there = 0;
};

TEST(JournalInlet, TheCursorPassesNoRecordThatHasNotArrived) {
  const TempFolder temp;
  Bench bench(journal_in(temp.path("lane")));
  FakeDelivery delivery;
  JournalInletOptions options;
  options.cursor_records = 10;
  options.delivery = &delivery;
  {
    JournalInlet inlet(bench.lane, *bench.files, bench.block, bench.failures, options);
    put_records(bench.lane, 0, 30);
    ASSERT_TRUE(append_records(*bench.files, 30, 30));
    EXPECT_EQ(take(inlet, 0, 24), 24u);
    inlet.release();
    EXPECT_EQ(delivery.asked_for, 0u) << "the counters of this turn are not stored yet";
    look(inlet);
    EXPECT_EQ(delivery.asked_for, 24u);
    EXPECT_EQ(bench.files->cursor().stored(), 0u);
    delivery.there = 9;
    look(inlet);
    EXPECT_EQ(bench.files->cursor().stored(), 0u);
    delivery.there = 12;
    look(inlet);
    EXPECT_EQ(bench.files->cursor().stored(), 12u);
    // All that was released: also when these are few.
    delivery.there = 24;
    EXPECT_EQ(take(inlet, 24, 6), 6u);
    inlet.release();
    EXPECT_EQ(bench.files->cursor().stored(), 24u);
    // The end of a run that left records on their way.
    delivery.there = 26;
    EXPECT_EQ(take(inlet, 30, 1), 0u);
    EXPECT_EQ(bench.files->cursor().stored(), 24u);
    inlet.settle();
    EXPECT_EQ(bench.files->cursor().stored(), 24u) << "settling waits for no device";
    inlet.finish();
  }
  bench.files.reset();
  EXPECT_EQ(JournalFiles::open(journal_in(temp.path("lane")))->recovered().cursor, 26u);
}

TEST(JournalInlet, ADamagedRecordEndsItWithAFailureAndIsNotServed) {
  const TempFolder temp;
  JournalOptions options = journal_in(temp.path("lane"));
  options.segment_bytes = 4096;
  {
    const auto files = JournalFiles::open(options);
    ASSERT_TRUE(append_records(*files, 200, 200));
  }
  const std::string path = temp.path("lane/" + test::segment_names(temp.path("lane"))[0]);
  std::string content = test::slurp(path);
  content[content.size() / 2] ^= 1;
  test::overwrite(path, content);
  Bench bench(options);
  JournalInlet inlet(bench.lane, *bench.files, bench.block, bench.failures, {});
  std::uint64_t next = 0;
  while (const std::uint64_t got = take(inlet, next, 32)) {
    next += got;
    inlet.release();
  }
  EXPECT_LT(next, 100u);
  EXPECT_TRUE(inlet.ended());
  EXPECT_EQ(inlet.lower_bound(), core::kNoLimit);
  EXPECT_EQ(bench.failures.count, 1);
  EXPECT_EQ(bench.failures.sequence, next);
  EXPECT_NE(bench.failures.cause.find(path + " is damaged"), std::string::npos) << bench.failures.cause;
}

}  // namespace
}  // namespace byteor::journal

// The writer of a journal: what it promises, when it promises it, and what it does when the disk does not.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>
#include <random>
#include <span>
#include <thread>
#include <vector>

#include "support/faulty_disk.hpp"
#include "support/journal_folder.hpp"

namespace byteor::journal {
namespace {

using test::append_record;
using test::append_records;
using test::FaultyDisk;
using test::journal_in;
using test::read_records;
using test::segment_names;
using test::TempFolder;

JournalOptions journal_on(FaultyDisk& disk, const TempFolder& temp, abi::FsyncCode fsync = abi::FsyncCode::kEachBatch) {
  JournalOptions options = journal_in(temp.path("lane"));
  options.disk = &disk;
  options.fsync = fsync;
  return options;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(JournalFiles, WhatIsAppendedIsReadBackInOrderWithItsFlags) {
  const TempFolder temp;
  const std::string folder = temp.path("lane");
  {
    const auto files = JournalFiles::open(journal_in(folder));
    EXPECT_EQ(files->opened_at(), 0u);
    ASSERT_TRUE(append_records(*files, 300, 7));
    EXPECT_EQ(files->durable(), 300u);
  }
  EXPECT_EQ(read_records(folder), 300u);
  const auto again = JournalFiles::open(journal_in(folder));
  EXPECT_EQ(again->opened_at(), 300u);
  EXPECT_EQ(again->recovered().cut_bytes, 0u);
  ASSERT_TRUE(append_records(*again, 100, 100));
  EXPECT_EQ(read_records(folder), 400u);
}

TEST(JournalFiles, FolderAndFilesBelongToTheUserAlone) {
  const TempFolder temp;
  const std::string folder = temp.path("above/lane");
  const auto files = JournalFiles::open(journal_in(folder));
  ASSERT_TRUE(append_records(*files, 1));
  struct stat facts {};
  for (const char* name : {"above", "above/lane"}) {
    ASSERT_EQ(stat(temp.path(name).c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0700u) << name;
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    ASSERT_EQ(stat(entry.path().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0600u) << entry.path();
  }
}

TEST(JournalFiles, ASecondWriterIsRefusedAndTheNextOneIsNot) {
  const TempFolder temp;
  auto first = JournalFiles::open(journal_in(temp.path("lane")));
  const std::string text =
      test::failure_of("JOURNAL_LOCKED", [&] { JournalFiles::open(journal_in(temp.path("lane"))); });
  EXPECT_TRUE(contains(text, temp.path("lane"))) << text;
  EXPECT_TRUE(contains(text, "another pipeline")) << text;
  ASSERT_TRUE(append_records(*first, 3));
  first.reset();
  EXPECT_EQ(JournalFiles::open(journal_in(temp.path("lane")))->opened_at(), 3u);
}

TEST(JournalFiles, EachBatchSyncsOncePerCommitAndPromisesOnlyAfterIt) {
  const TempFolder temp;
  FaultyDisk disk;
  JournalOptions options = journal_on(disk, temp);
  const auto files = JournalFiles::open(options);
  const std::uint64_t before = disk.syncs;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(append_record(*files));
  EXPECT_EQ(files->durable(), 0u);
  disk.on_sync_data = [&] {
    EXPECT_EQ(files->durable(), 0u);
    return 0;
  };
  ASSERT_TRUE(files->commit());
  EXPECT_EQ(files->durable(), 10u);
  EXPECT_EQ(disk.syncs - before, 1u);
  EXPECT_EQ(files->status().syncs, 1u);
}

TEST(JournalFiles, NoneNeverSyncsAndPromisesWhatIsWritten) {
  const TempFolder temp;
  FaultyDisk disk;
  JournalOptions options = journal_on(disk, temp, abi::FsyncCode::kNone);
  options.segment_bytes = 4096;
  const auto files = JournalFiles::open(options);
  ASSERT_TRUE(append_records(*files, 1000, 10));
  EXPECT_EQ(disk.syncs, 0u);
  EXPECT_EQ(files->durable(), 1000u);
  EXPECT_EQ(files->status().synced, 0u);
  ASSERT_TRUE(files->sync());
  EXPECT_EQ(disk.syncs, 1u);
}

TEST(JournalFiles, WhatSomebodyElseDidToTheFileIsNotMendedAtTheEnd) {
  const TempFolder temp;
  JournalOptions options = journal_in(temp.path("lane"));
  options.fsync = abi::FsyncCode::kNone;
  auto files = JournalFiles::open(options);
  ASSERT_TRUE(append_records(*files, 100));
  const std::string path = temp.path("lane/" + segment_names(temp.path("lane")).back());
  const std::uint64_t bytes = std::filesystem::file_size(path);
  std::filesystem::resize_file(path, bytes / 2);
  files.reset();
  EXPECT_EQ(std::filesystem::file_size(path), bytes / 2);
}

TEST(JournalFiles, IntervalSyncsWhenItsTimeHasCome) {
  const TempFolder temp;
  FaultyDisk disk;
  JournalOptions options = journal_on(disk, temp, abi::FsyncCode::kInterval);
  options.fsync_interval_ms = 20;
  const auto files = JournalFiles::open(options);
  EXPECT_EQ(files->sync_due_ms(), kNoSequence);
  const std::uint64_t before = disk.syncs;
  ASSERT_TRUE(append_records(*files, 5));
  EXPECT_EQ(files->durable(), 0u);
  EXPECT_EQ(disk.syncs, before);
  EXPECT_LE(files->sync_due_ms(), 21u);
  std::this_thread::sleep_for(std::chrono::milliseconds(25));
  EXPECT_EQ(files->sync_due_ms(), 0u);
  ASSERT_TRUE(files->commit());
  EXPECT_EQ(files->durable(), 5u);
  EXPECT_EQ(files->sync_due_ms(), kNoSequence);
}

TEST(JournalFiles, SegmentsRollAtTheirSizeAndARecordMayBeLongerThanOne) {
  const TempFolder temp;
  JournalOptions options = journal_in(temp.path("lane"));
  options.segment_bytes = 4096;
  options.record_max = 10'000;
  const auto files = JournalFiles::open(options);
  ASSERT_TRUE(append_records(*files, 200, 50));
  const std::string large(9000, 'x');
  ASSERT_TRUE(test::append_text(*files, large));
  ASSERT_TRUE(files->commit());
  const std::vector<std::string> names = segment_names(temp.path("lane"));
  EXPECT_GT(names.size(), 3u);
  EXPECT_EQ(names.size(), files->status().segments);
  for (std::size_t i = 0; i + 1 < names.size(); ++i)
    EXPECT_LE(std::filesystem::file_size(temp.path("lane/" + names[i])), 4096u);
  EXPECT_FALSE(test::append_text(*files, std::string(300'000, 'x')));
  EXPECT_TRUE(contains(files->failure(), "--record-max")) << files->failure();
}

TEST(JournalFiles, ShortWritesAreContinued) {
  const TempFolder temp;
  FaultyDisk disk;
  disk.write_bytes_max = 41;
  JournalOptions options = journal_on(disk, temp);
  const auto files = JournalFiles::open(options);
  ASSERT_TRUE(append_records(*files, 100, 9));
  EXPECT_EQ(read_records(temp.path("lane")), 100u);
}

// A journal that writes blocks of 4096 bytes, and syncs none.
JournalOptions in_small_blocks(const TempFolder& temp, FaultyDisk& disk) {
  JournalOptions options = test::in_small_blocks(temp.path("lane"), abi::FsyncCode::kNone);
  options.disk = &disk;
  return options;
}

TEST(JournalFiles, WhatIsWrittenBeforeACommitEndsWithABlock) {
  const TempFolder temp;
  FaultyDisk disk;
  const JournalOptions options = in_small_blocks(temp, disk);
  const auto files = JournalFiles::open(options);
  std::uint64_t bytes = files->status().bytes;
  std::vector<std::uint64_t> ends;
  disk.on_write = [&](std::size_t written) {
    ends.push_back(bytes += written);
    return 0;
  };
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(append_record(*files));
  ASSERT_GT(ends.size(), 2u);
  for (const std::uint64_t end : ends) EXPECT_EQ(end % 4096, 0u);
  // A record of which only a part is in the file is not counted.
  EXPECT_LT(files->durable(), files->next_sequence());
  ASSERT_TRUE(files->commit());
  EXPECT_EQ(files->durable(), 1000u);
  EXPECT_EQ(read_records(temp.path("lane")), 1000u);
}

TEST(JournalFiles, ARecordThatIsOnlyPartlyWrittenIsNotCountedWhenTheDiskFails) {
  const TempFolder temp;
  FaultyDisk disk;
  const JournalOptions options = in_small_blocks(temp, disk);
  std::uint64_t counted = 0;
  {
    const auto files = JournalFiles::open(options);
    int writes = 0;
    disk.on_write = [&](std::size_t) { return ++writes == 3 ? -EIO : 0; };
    while (append_record(*files)) {
    }
    EXPECT_TRUE(files->failed());
    counted = files->durable();
    EXPECT_GT(counted, 0u);
    EXPECT_TRUE(contains(files->failure(), "sequence " + std::to_string(counted))) << files->failure();
  }
  disk.on_write = nullptr;
  // The file ends within the record after those that count.
  const auto again = JournalFiles::open(options);
  EXPECT_EQ(again->opened_at(), counted);
  EXPECT_GT(again->recovered().cut_bytes, 0u);
  EXPECT_EQ(read_records(temp.path("lane")), counted);
}

TEST(JournalFiles, ABatchIsTheSameAsItsRecordsOneByOne) {
  const TempFolder temp;
  std::mt19937 random(23);
  std::vector<std::byte> bytes(20'000);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  std::vector<lane::LaneRecord> records(600);
  for (lane::LaneRecord& record : records) {
    const std::uint32_t length = random() % (random() % 50 == 0 ? 10'000u : 300u);
    record = {bytes.data() + random() % 10'000, length, static_cast<std::uint32_t>(random() % 2), 0};
  }
  JournalOptions options = test::in_small_blocks(temp.path("one"), abi::FsyncCode::kNone);
  options.segment_bytes = 64 * 1024;
  const auto one = JournalFiles::open(options);
  options.folder = temp.path("batch");
  const auto batch = JournalFiles::open(options);
  for (std::size_t at = 0; at < records.size(); at += 100) {
    for (std::size_t i = at; i < at + 100; ++i) ASSERT_EQ(one->append({&records[i], 1}), 1u);
    std::span<const lane::LaneRecord> left = std::span(records).subspan(at, 100);
    while (!left.empty()) {
      const std::size_t some = batch->append(left);
      ASSERT_NE(some, 0u);
      left = left.subspan(some);
    }
    ASSERT_TRUE(one->commit());
    ASSERT_TRUE(batch->commit());
    EXPECT_EQ(one->status().bytes, batch->status().bytes);
  }
  for (const char* folder : {"one", "batch"}) {
    ReaderOptions reading;
    reading.folder = temp.path(folder);
    JournalReader reader(reading);
    JournalRecord record;
    for (const lane::LaneRecord& expected : records) {
      ASSERT_EQ(reader.read(&record, 1), 1u) << folder;
      ASSERT_EQ(record.length, expected.length);
      ASSERT_EQ(record.flags, expected.flags);
      ASSERT_EQ(std::memcmp(record.data, expected.data, record.length), 0);
    }
  }
}

TEST(JournalFiles, AFullDiskIsFinalAndNothingUnwrittenIsAcknowledged) {
  const TempFolder temp;
  FaultyDisk disk;
  JournalOptions options = journal_on(disk, temp);
  std::uint64_t acknowledged = 0;
  {
    const auto files = JournalFiles::open(options);
    disk.room = 5000;
    while (append_records(*files, 10, 10)) acknowledged = files->durable();
    EXPECT_TRUE(files->failed());
    EXPECT_EQ(files->durable(), acknowledged);
    EXPECT_TRUE(contains(files->failure(), "No space left on device")) << files->failure();
    EXPECT_TRUE(contains(files->failure(), temp.path("lane"))) << files->failure();
    EXPECT_TRUE(contains(files->failure(), "sequence " + std::to_string(acknowledged))) << files->failure();
    EXPECT_TRUE(contains(files->failure(), "free some space")) << files->failure();
    // Room again does not make it good.
    disk.room = UINT64_MAX;
    EXPECT_FALSE(append_record(*files));
    EXPECT_FALSE(files->commit());
    EXPECT_FALSE(files->sync());
    EXPECT_EQ(files->durable(), acknowledged);
  }
  const auto again = JournalFiles::open(options);
  EXPECT_GE(again->opened_at(), acknowledged);
  EXPECT_GT(again->recovered().cut_bytes, 0u);
  EXPECT_EQ(read_records(temp.path("lane")), again->opened_at());
}

TEST(JournalFiles, TheFileSizeLimitIsAStatedFailureAndNoSignal) {
  const TempFolder temp;
  const auto files = JournalFiles::open(journal_in(temp.path("lane")));
  ASSERT_TRUE(append_records(*files, 10));
  std::thread([&] {
    platform::block_write_signals();
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    rlimit small = before;
    small.rlim_cur = 8192;
    setrlimit(RLIMIT_FSIZE, &small);
    while (append_records(*files, 10, 10)) {
    }
    setrlimit(RLIMIT_FSIZE, &before);
  }).join();
  EXPECT_TRUE(contains(files->failure(), "File too large")) << files->failure();
  EXPECT_TRUE(contains(files->failure(), "ulimit -f")) << files->failure();
}

TEST(JournalFiles, AfterASyncThatFailedNothingMoreIsAcknowledged) {
  const TempFolder temp;
  FaultyDisk disk;
  JournalOptions options = journal_on(disk, temp);
  const auto files = JournalFiles::open(options);
  ASSERT_TRUE(append_records(*files, 10, 10));
  disk.on_sync_data = [] { return -EIO; };
  EXPECT_FALSE(append_records(*files, 10, 10));
  EXPECT_TRUE(contains(files->failure(), "cannot sync")) << files->failure();
  EXPECT_TRUE(contains(files->failure(), "check the device")) << files->failure();
  // The kernel would say that all is well the second time: it has forgotten the pages.
  disk.on_sync_data = nullptr;
  const std::uint64_t before = disk.syncs;
  EXPECT_FALSE(files->sync());
  EXPECT_FALSE(append_records(*files, 1));
  EXPECT_EQ(disk.syncs, before);
  EXPECT_EQ(files->durable(), 10u);
}

TEST(JournalFiles, ANewSegmentIsNotAcknowledgedBeforeItsNameIsSafe) {
  const TempFolder temp;
  FaultyDisk disk;
  JournalOptions options = journal_on(disk, temp);
  options.segment_bytes = 4096;
  const auto files = JournalFiles::open(options);
  const std::uint64_t before = disk.folder_syncs;
  while (files->status().segments == 1) ASSERT_TRUE(append_records(*files, 1));
  EXPECT_EQ(disk.folder_syncs, before + 1);
  disk.on_sync_folder = [] { return -EIO; };
  while (append_records(*files, 1)) ASSERT_LT(files->status().segments, 4u);
  EXPECT_TRUE(contains(files->failure(), "cannot sync the folder")) << files->failure();
  EXPECT_LT(files->durable(), files->next_sequence());
}

TEST(JournalFiles, ASegmentThatCannotBeMadeIsAStatedFailure) {
  const TempFolder temp;
  FaultyDisk disk;
  JournalOptions options = journal_on(disk, temp);
  options.segment_bytes = 4096;
  const auto files = JournalFiles::open(options);
  disk.on_open = [](const char*, platform::FileAccess access) {
    return access == platform::FileAccess::kCreateNew ? -EMFILE : 0;
  };
  while (append_records(*files, 1)) ASSERT_LT(files->next_sequence(), 1000u);
  EXPECT_TRUE(contains(files->failure(), "ulimit -n")) << files->failure();
  EXPECT_EQ(read_records(temp.path("lane")), files->durable());
}

TEST(JournalFiles, AFileThatSomebodyRemovesOrCutsIsNoticedBeforeTheNextPromise) {
  for (const bool remove : {true, false}) {
    const TempFolder temp;
    const auto files = JournalFiles::open(journal_in(temp.path("lane")));
    ASSERT_TRUE(append_records(*files, 10, 10));
    const std::string path = temp.path("lane/" + segment_names(temp.path("lane")).back());
    if (remove)
      std::filesystem::remove(path);
    else
      std::filesystem::resize_file(path, 100'000);
    EXPECT_FALSE(append_records(*files, 1));
    EXPECT_EQ(files->durable(), 10u);
    EXPECT_TRUE(contains(files->failure(), remove ? "has removed it" : "has changed its length")) << files->failure();
  }
}

TEST(JournalFiles, AFolderThatCannotBeUsedIsAStatedFailure) {
  const TempFolder temp;
  temp.write("file", "x");
  FaultyDisk disk;
  JournalOptions options = journal_in(temp.path("file"));
  EXPECT_TRUE(contains(test::failure_of("JOURNAL_OPEN", [&] { JournalFiles::open(options); }), "Not a directory"));
  options.folder = temp.path("file/below");
  EXPECT_TRUE(contains(test::failure_of("JOURNAL_OPEN", [&] { JournalFiles::open(options); }), "check the path"));
  options = journal_in(temp.path("lane"));
  options.disk = &disk;
  JournalFiles::open(options);
  disk.on_open = [](const char*, platform::FileAccess access) {
    return access == platform::FileAccess::kRead ? 0 : -EROFS;
  };
  const std::string text = test::failure_of("JOURNAL_OPEN", [&] { JournalFiles::open(options); });
  EXPECT_TRUE(contains(text, "Read-only file system")) << text;
  EXPECT_TRUE(contains(text, temp.path("lane"))) << text;
  disk.on_open = nullptr;
  disk.room = 10;
  options.folder = temp.path("other");
  EXPECT_TRUE(contains(test::failure_of("JOURNAL_OPEN", [&] { JournalFiles::open(options); }), "No space left"));
}

TEST(JournalFiles, AClockThatIsSetBackDoesNotTakeTimeBack) {
  const TempFolder temp;
  FaultyDisk disk;
  disk.clock_ms = 1'000'000;
  JournalOptions options = journal_on(disk, temp);
  const auto files = JournalFiles::open(options);
  for (const std::uint64_t clock : {1'000'500u, 400'000u, 1'000'700u}) {
    disk.clock_ms = clock;
    ASSERT_TRUE(append_records(*files, 1));
  }
  ReaderOptions reading;
  reading.folder = temp.path("lane");
  JournalReader reader(reading);
  JournalRecord records[4];
  ASSERT_EQ(reader.read(records, 4), 3u);
  EXPECT_EQ(records[0].time_ms, 1'000'500u);
  EXPECT_EQ(records[1].time_ms, 1'000'500u);
  EXPECT_EQ(records[2].time_ms, 1'000'700u);
}

TEST(JournalRetention, RemovesWholeSegmentsThatTheReaderHasReadAndNoOther) {
  const TempFolder temp;
  JournalOptions options = journal_in(temp.path("lane"));
  options.segment_bytes = 4096;
  options.retain_bytes = 10'000;
  const auto files = JournalFiles::open(options);
  ASSERT_TRUE(append_records(*files, 500, 10));
  EXPECT_EQ(files->status().first, 0u);
  EXPECT_GT(files->status().bytes, 10'000u);
  EXPECT_GT(files->status().over_limit_bytes, 0u);
  EXPECT_GE(files->status().over_limit_bytes + 10'000, files->status().bytes);
  ASSERT_EQ(files->cursor().store(490), 0);
  ASSERT_TRUE(append_records(*files, 1));
  EXPECT_LE(files->status().bytes, 10'000u);
  EXPECT_EQ(files->status().over_limit_bytes, 0u);
  EXPECT_GT(files->status().first, 0u);
  EXPECT_LE(files->status().first, 490u);
  EXPECT_EQ(segment_names(temp.path("lane")).size(), files->status().segments);
  EXPECT_EQ(read_records(temp.path("lane")), 501 - files->status().first);
}

TEST(JournalRetention, ByAgeRollsTheSegmentBeingWrittenSoThatItCanGo) {
  const TempFolder temp;
  FaultyDisk disk;
  disk.clock_ms = 1'000'000;
  JournalOptions options = journal_on(disk, temp);
  options.retain_ms = 40'000;
  const auto files = JournalFiles::open(options);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(append_records(*files, 1));
    ASSERT_EQ(files->cursor().store(files->next_sequence()), 0);
    disk.clock_ms += 1000;
  }
  // A record a second; segments of ten seconds.
  EXPECT_GE(files->status().first, 40u);
  EXPECT_LE(files->status().first, 60u);
}

TEST(JournalFiles, WhatWasNotCommittedLeavesNothingWhenItIsClosed) {
  const TempFolder temp;
  const JournalOptions options = journal_in(temp.path("lane"));
  {
    const auto files = JournalFiles::open(options);
    ASSERT_TRUE(append_records(*files, 10));
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(append_record(*files));
    files->close();
  }
  const auto again = JournalFiles::open(options);
  EXPECT_EQ(again->opened_at(), 10u);
  EXPECT_EQ(again->recovered().cut_bytes, 0u);
}

TEST(JournalFiles, AClosedJournalIsFreeForTheNextWriter) {
  const TempFolder temp;
  const auto first = JournalFiles::open(journal_in(temp.path("lane")));
  ASSERT_TRUE(append_records(*first, 5));
  EXPECT_THROW(JournalFiles::open(journal_in(temp.path("lane"))), JournalError);
  first->close();
  const auto second = JournalFiles::open(journal_in(temp.path("lane")));
  EXPECT_EQ(second->opened_at(), 5u);
  EXPECT_EQ(first->opened_at(), 0u);
}

}  // namespace
}  // namespace byteor::journal

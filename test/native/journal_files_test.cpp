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

#include "core/coded_error.hpp"
#include "support/faulty_disk.hpp"
#include "support/journal_folder.hpp"

namespace byteor::journal {
namespace {

using test::append_record;
using test::append_records;
using test::FaultyDisk;
using test::journal_in;
using test::journal_on;
using test::read_records;
using test::segment_names;
using test::TempFolder;

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

TEST(JournalFiles, NoneNeverSyncsOnceItIsOpenAndPromisesWhatIsWritten) {
  const TempFolder temp;
  FaultyDisk disk;
  JournalOptions options = journal_on(disk, temp, abi::FsyncCode::kNone);
  options.segment_bytes = 4096;
  const auto files = JournalFiles::open(options);
  const std::uint64_t before = disk.syncs;
  const std::uint64_t folders_before = disk.folder_syncs;
  ASSERT_TRUE(append_records(*files, 1000, 10));
  ASSERT_TRUE(files->sync());
  EXPECT_EQ(disk.syncs, before);
  EXPECT_EQ(disk.folder_syncs, folders_before);
  EXPECT_EQ(files->durable(), 1000u);
  EXPECT_EQ(files->status().synced, 0u);
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
  // The record of which only a part was written has been cut off.
  const auto again = JournalFiles::open(options);
  EXPECT_EQ(again->opened_at(), counted);
  EXPECT_EQ(again->recovered().cut_bytes, 0u);
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

// Whatever byte of a group the disk is full at, under every policy: what is whole in the files counts, is safe where
// the policy says so, and is there afterwards; the rest is not.
TEST(JournalFiles, AFullDiskIsFinalAndTheCountersSayWhatTheFilesHold) {
  for (const abi::FsyncCode fsync : {abi::FsyncCode::kEachBatch, abi::FsyncCode::kInterval, abi::FsyncCode::kNone}) {
    for (const std::uint64_t room : {500u, 1000u, 1021u, 4000u, 4096u, 9000u}) {
      const TempFolder temp;
      FaultyDisk disk;
      JournalOptions options = journal_on(disk, temp, fsync);
      options.segment_bytes = 4096;
      options.fsync_interval_ms = 60'000;
      std::uint64_t whole = 0;
      {
        const auto files = JournalFiles::open(options);
        ASSERT_TRUE(append_records(*files, 10, 10));
        disk.room = room;
        // The mark finds room where it was before.
        disk.writes_over = true;
        EXPECT_FALSE(append_records(*files, 300, 300));
        whole = files->next_sequence();
        EXPECT_EQ(files->durable(), whole);
        EXPECT_EQ(files->readable(), whole);
        EXPECT_EQ(files->status().next, whole);
        std::uint64_t bytes = 0;
        const std::vector<std::string> names = segment_names(temp.path("lane"));
        for (const std::string& name : names) bytes += std::filesystem::file_size(temp.path("lane/" + name));
        EXPECT_EQ(files->status().bytes, bytes);
        EXPECT_EQ(files->status().segments, names.size());
        EXPECT_TRUE(contains(files->failure(), "No space left on device")) << files->failure();
        EXPECT_TRUE(contains(files->failure(), "records from sequence " + std::to_string(whole) +
                                                   " on may or may not be in the journal; free some space"))
            << files->failure();
        // Room again does not make it good.
        disk.room = UINT64_MAX;
        EXPECT_FALSE(append_record(*files));
        EXPECT_FALSE(files->commit());
        EXPECT_FALSE(files->sync());
        EXPECT_EQ(files->durable(), whole);
      }
      const auto again = JournalFiles::open(options);
      EXPECT_EQ(again->opened_at(), whole);
      EXPECT_EQ(again->recovered().cut_bytes, 0u);
      EXPECT_EQ(read_records(temp.path("lane")), whole);
    }
  }
}

// Some file systems want room also for what is written over. What the mark cannot say is not promised: it is in the
// files, and the next opening proves it.
TEST(JournalFiles, NothingIsPromisedThatTheMarkDoesNotSay) {
  const TempFolder temp;
  FaultyDisk disk;
  JournalOptions options = journal_on(disk, temp);
  {
    const auto files = JournalFiles::open(options);
    ASSERT_TRUE(append_records(*files, 10));
    disk.on_write = [](std::size_t bytes) { return bytes == sizeof(MarkSlot) ? -ENOSPC : 0; };
    EXPECT_FALSE(append_records(*files, 5, 5));
    EXPECT_EQ(files->durable(), 10u);
    EXPECT_EQ(files->readable(), 10u);
    EXPECT_EQ(files->status().synced, 10u);
    EXPECT_TRUE(contains(files->failure(), "writer.mark: No space left on device; records from sequence 10 on"))
        << files->failure();
  }
  disk.on_write = nullptr;
  const auto again = JournalFiles::open(options);
  EXPECT_EQ(again->opened_at(), 15u);
  EXPECT_EQ(again->durable(), 15u);
  EXPECT_EQ(read_records(temp.path("lane")), 15u);
}

TEST(JournalFiles, AJournalThatFilledItsDiskCanBeOpenedAndItsReaderCanGoOn) {
  const TempFolder temp;
  FaultyDisk disk;
  JournalOptions options = journal_on(disk, temp);
  options.segment_bytes = 4096;
  {
    const auto files = JournalFiles::open(options);
    disk.room = 9000;
    while (append_records(*files, 10, 10)) {
    }
  }
  // Only what lies within the files has room.
  disk.room = 0;
  disk.writes_over = true;
  std::uint64_t end = 0;
  {
    const auto files = JournalFiles::open(options);
    end = files->opened_at();
    EXPECT_GT(end, 100u);
    for (std::uint64_t sequence = 1; sequence <= end; ++sequence) ASSERT_EQ(files->cursor().store(sequence), 0);
    EXPECT_FALSE(append_records(*files, 200));
  }
  disk.boot_id = "the boot of a rest";
  EXPECT_EQ(JournalFiles::open(options)->recovered().cursor, end);
  // A new one finds no room, says so, and leaves nothing.
  options.folder = temp.path("above/new");
  const std::string text = test::failure_of("JOURNAL_OPEN", [&] { JournalFiles::open(options); });
  EXPECT_TRUE(contains(text, "No space left on device")) << text;
  EXPECT_FALSE(std::filesystem::exists(temp.path("above")));
}

// The n-th sync fails, of files and folders in their order, once; whatever was promised before is there afterwards, and
// what lies behind it is written and synced again before it is promised.
TEST(JournalFiles, AfterASyncThatFailedWhateverWasNotProvenIsWrittenAgain) {
  for (int failing = 1; failing != 12; ++failing) {
    const TempFolder temp;
    FaultyDisk disk;
    JournalOptions options = journal_on(disk, temp);
    options.segment_bytes = 4096;
    int syncs = 0;
    disk.on_sync_data = disk.on_sync_folder = [&] { return ++syncs == failing ? -EIO : 0; };
    std::uint64_t durable = 0;
    bool opened = false;
    try {
      const auto files = JournalFiles::open(options);
      opened = true;
      while (append_records(*files, 10, 10)) durable = files->durable();
      EXPECT_EQ(files->durable(), durable);
      EXPECT_TRUE(contains(files->failure(), "sequence " + std::to_string(durable))) << files->failure();
    } catch (const core::CodedError& error) {
      EXPECT_FALSE(opened);
      EXPECT_FALSE(std::filesystem::exists(temp.path("lane"))) << failing;
    }
    std::vector<std::pair<std::uint64_t, std::size_t>> written;
    disk.on_write_at = [&](std::uint64_t offset, std::size_t bytes) { written.emplace_back(offset, bytes); };
    const auto files = JournalFiles::open(options);
    ASSERT_GE(files->opened_at(), durable);
    EXPECT_EQ(files->status().synced, files->opened_at());
    std::uint64_t bytes = 0;
    for (std::uint64_t s = durable; s < files->opened_at(); ++s) bytes += frame_bytes(test::record_text(s).size());
    std::uint64_t again = 0;
    for (const auto& [offset, count] : written)
      if (offset != 0 && offset != kSlotStride) again += count;
    EXPECT_GE(again, bytes) << failing;
    EXPECT_EQ(read_records(temp.path("lane")), files->opened_at());
  }
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

struct Accident {
  const char* what;
  void (*happens)(const std::string& folder, const std::string& path);
  const char* said;
};

constexpr const char* kMoved = "was removed, moved or replaced";
constexpr const char* kLength = "its length was changed";
const Accident kAccidents[] = {
    {"removed", [](const std::string&, const std::string& path) { std::filesystem::remove(path); }, kMoved},
    {"emptied", [](const std::string&, const std::string& path) { std::filesystem::resize_file(path, 0); }, kLength},
    {"cut to its header",
     [](const std::string&, const std::string& path) { std::filesystem::resize_file(path, sizeof(SegmentHeader)); },
     kLength},
    {"cut by a byte",
     [](const std::string&, const std::string& path) {
       std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
     },
     kLength},
    {"grown", [](const std::string&, const std::string& path) { std::filesystem::resize_file(path, 100'000); },
     kLength},
    {"replaced by a copy",
     [](const std::string&, const std::string& path) {
       std::filesystem::copy_file(path, path + ".copy");
       std::filesystem::rename(path + ".copy", path);
     },
     kMoved},
    {"renamed", [](const std::string&, const std::string& path) { std::filesystem::rename(path, path + ".away"); },
     kMoved},
    {"exchanged for a link",
     [](const std::string&, const std::string& path) {
       std::filesystem::rename(path, path + ".away");
       std::filesystem::create_symlink(path + ".away", path);
     },
     kMoved},
    {"in a folder that was renamed",
     [](const std::string& folder, const std::string&) { std::filesystem::rename(folder, folder + ".away"); }, kMoved},
    {"in a folder that was replaced by a copy",
     [](const std::string& folder, const std::string&) {
       std::filesystem::rename(folder, folder + ".away");
       std::filesystem::copy(folder + ".away", folder);
     },
     kMoved},
};

TEST(JournalFiles, WhatHappensToTheFileFromOutsideIsNoticedBeforeTheNextPromise) {
  for (const abi::FsyncCode fsync : {abi::FsyncCode::kEachBatch, abi::FsyncCode::kInterval, abi::FsyncCode::kNone}) {
    for (const Accident& accident : kAccidents) {
      const TempFolder temp;
      JournalOptions options = journal_in(temp.path("lane"));
      options.fsync = fsync;
      options.fsync_interval_ms = 60'000;
      const auto files = JournalFiles::open(options);
      ASSERT_TRUE(append_records(*files, 10, 10));
      const std::uint64_t durable = files->durable();
      accident.happens(temp.path("lane"), temp.path("lane/" + segment_names(temp.path("lane")).back()));
      EXPECT_FALSE(append_records(*files, 1)) << accident.what;
      EXPECT_EQ(files->durable(), durable) << accident.what;
      EXPECT_TRUE(contains(files->failure(), accident.said)) << accident.what << ": " << files->failure();
    }
  }
}

TEST(JournalFiles, AFileThatWasCutIsNotPromisedWhenTheIntervalIsOver) {
  const TempFolder temp;
  JournalOptions options = journal_in(temp.path("lane"));
  options.fsync = abi::FsyncCode::kInterval;
  options.fsync_interval_ms = 60'000;
  const auto files = JournalFiles::open(options);
  ASSERT_TRUE(append_records(*files, 10, 10));
  std::filesystem::resize_file(temp.path("lane/" + segment_names(temp.path("lane")).back()), 100);
  EXPECT_FALSE(files->sync());
  EXPECT_EQ(files->durable(), 0u);
}

TEST(JournalFiles, ALockFileThatIsRemovedOrReplacedLetsNoSecondWriterIn) {
  for (const bool replaced : {false, true}) {
    for (const bool locks_folders : {true, false}) {
      const TempFolder temp;
      FaultyDisk disk;
      disk.locks_folders = locks_folders;
      JournalOptions options = journal_on(disk, temp);
      const auto first = JournalFiles::open(options);
      ASSERT_TRUE(append_records(*first, 3));
      std::filesystem::remove(temp.path("lane/writer.lock"));
      if (replaced) temp.write("lane/writer.lock", disk.boot_id);
      if (locks_folders) {
        test::failure_of("JOURNAL_LOCKED", [&] { JournalFiles::open(options); });
        ASSERT_TRUE(append_records(*first, 3));
        continue;
      }
      // The file's lock is the only one, so the first writer promises nothing more.
      const auto second = JournalFiles::open(options);
      EXPECT_FALSE(append_records(*first, 1));
      EXPECT_TRUE(contains(first->failure(), "the lock beside it was removed or replaced")) << first->failure();
      EXPECT_EQ(first->durable(), 3u);
    }
  }
}

TEST(JournalFiles, AnOpeningThatFailsLeavesNoFolderAndNoFile) {
  const TempFolder temp;
  FaultyDisk disk;
  // Each call that can fail, one after the other, in a folder that is not there yet, two levels deep.
  for (int failing = 1;; ++failing) {
    int calls = 0;
    const auto step = [&] { return ++calls == failing ? -EIO : 0; };
    disk.on_sync_data = disk.on_sync_folder = step;
    disk.on_write = [&](std::size_t) { return step(); };
    disk.on_open = [&](const char*, platform::FileAccess) { return step(); };
    JournalOptions options = journal_in(temp.path("above/lane"));
    options.disk = &disk;
    try {
      JournalFiles::open(options);
    } catch (const core::CodedError&) {
      EXPECT_FALSE(std::filesystem::exists(temp.path("above"))) << failing;
      std::filesystem::remove_all(temp.path("above"));
      continue;
    }
    EXPECT_GT(failing, 10);
    break;
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

TEST(JournalRetention, WhatIsToGoGoesAsWholeSegmentsAndSequencesGoOn) {
  const TempFolder temp;
  JournalOptions options = journal_in(temp.path("lane"));
  options.segment_bytes = 4096;
  auto files = JournalFiles::open(options);
  ASSERT_TRUE(append_records(*files, 500, 10));
  const std::uint32_t all = files->status().segments;
  ASSERT_TRUE(files->remove_before(0));
  EXPECT_EQ(files->status().segments, all);
  ASSERT_TRUE(files->remove_before(300));
  EXPECT_GT(files->status().first, 0u);
  EXPECT_LE(files->status().first, 300u);
  EXPECT_EQ(read_records(temp.path("lane")), 500 - files->status().first);
  ASSERT_TRUE(files->remove_before(499));
  EXPECT_LE(files->status().first, 499u) << "the last record stays with its segment";
  ASSERT_TRUE(files->remove_before(500));
  EXPECT_EQ(files->status().first, 500u);
  EXPECT_EQ(segment_names(temp.path("lane")).size(), 1u);
  ASSERT_TRUE(files->remove_before(500)) << "nothing is left";
  EXPECT_EQ(segment_names(temp.path("lane")).size(), 1u);
  EXPECT_EQ(read_records(temp.path("lane")), 0u);
  files->close();
  files = JournalFiles::open(options);
  EXPECT_EQ(files->next_sequence(), 500u);
  ASSERT_TRUE(append_records(*files, 3));
  EXPECT_EQ(read_records(temp.path("lane")), 3u);
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
  EXPECT_THROW(JournalFiles::open(journal_in(temp.path("lane"))), core::CodedError);
  first->close();
  const auto second = JournalFiles::open(journal_in(temp.path("lane")));
  EXPECT_EQ(second->opened_at(), 5u);
  EXPECT_EQ(first->opened_at(), 0u);
}

}  // namespace
}  // namespace byteor::journal

// Reading a journal without its lock: from a place on, to a place, and while somebody writes it.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "support/faulty_disk.hpp"
#include "support/journal_folder.hpp"
#include "support/watchdog.hpp"

namespace byteor::journal {
namespace {

using test::append_records;
using test::journal_in;
using test::read_records;
using test::segment_names;
using test::TempFolder;

ReaderOptions reading(const std::string& folder) {
  ReaderOptions options;
  options.folder = folder;
  return options;
}

std::unique_ptr<JournalFiles> journal_of_segments(const std::string& folder, std::uint64_t count) {
  JournalOptions options = journal_in(folder);
  options.segment_bytes = 4096;
  options.fsync = abi::FsyncCode::kNone;
  auto files = JournalFiles::open(options);
  EXPECT_TRUE(append_records(*files, count, 10));
  return files;
}

TEST(JournalReader, BeginsAtASequenceAndStopsBeforeAnother) {
  const TempFolder temp;
  journal_of_segments(temp.path("lane"), 500);
  JournalReader reader(reading(temp.path("lane")));
  for (const std::uint64_t from : {0u, 1u, 57u, 58u, 499u, 500u}) {
    reader.seek(from);
    EXPECT_EQ(reader.next(), from);
    EXPECT_EQ(read_records(reader), 500 - from);
  }
  reader.seek(100);
  reader.stop_before(150);
  EXPECT_EQ(read_records(reader), 50u);
  EXPECT_EQ(reader.next(), 150u);
}

TEST(JournalReader, GivesTheLastRecords) {
  const TempFolder temp;
  journal_of_segments(temp.path("lane"), 500);
  JournalReader reader(reading(temp.path("lane")));
  for (const std::uint64_t count : {0u, 1u, 130u, 500u, 1000u}) {
    reader.seek_last(count);
    EXPECT_EQ(read_records(reader), std::min<std::uint64_t>(count, 500));
  }
}

TEST(JournalReader, ASequenceThatRetentionRemovedIsAStatedFailure) {
  const TempFolder temp;
  JournalOptions options = journal_in(temp.path("lane"));
  options.segment_bytes = 4096;
  options.retain_bytes = 1;
  const auto files = JournalFiles::open(options);
  ASSERT_TRUE(append_records(*files, 200, 10));
  ASSERT_EQ(files->cursor().store(200), 0);
  ASSERT_TRUE(append_records(*files, 1));
  JournalReader reader(reading(temp.path("lane")));
  EXPECT_GT(reader.first(), 0u);
  const std::string text = test::failure_of("JOURNAL_GAP", [&] { reader.seek(0); });
  EXPECT_NE(text.find("begin with " + std::to_string(reader.first())), std::string::npos) << text;
}

TEST(JournalReader, NeedsNoRightToWriteAndNoLock) {
  const TempFolder temp;
  const auto writer = journal_of_segments(temp.path("lane"), 100);
  test::FaultyDisk disk;
  disk.on_open = [](const char*, platform::FileAccess access) {
    return access == platform::FileAccess::kRead ? 0 : -EROFS;
  };
  ReaderOptions options = reading(temp.path("lane"));
  options.disk = &disk;
  JournalReader reader(options);
  EXPECT_EQ(read_records(reader), 100u);
  EXPECT_EQ(disk.writes, 0u);
}

TEST(JournalReader, GoesOnWhenMoreHasBeenWritten) {
  const TempFolder temp;
  const auto writer = journal_of_segments(temp.path("lane"), 20);
  JournalReader reader(reading(temp.path("lane")));
  EXPECT_EQ(read_records(reader), 20u);
  EXPECT_EQ(read_records(reader), 0u);
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(append_records(*writer, 17));
    EXPECT_EQ(read_records(reader), 17u);
  }
  EXPECT_GT(segment_names(temp.path("lane")).size(), 3u);
}

TEST(JournalReader, StopsAtATornTailAndSaysHowLongItIs) {
  const TempFolder temp;
  journal_of_segments(temp.path("lane"), 20).reset();
  const std::string path = temp.path("lane/" + segment_names(temp.path("lane")).back());
  test::overwrite(path, test::slurp(path) + "torn");
  JournalReader reader(reading(temp.path("lane")));
  EXPECT_EQ(read_records(reader), 20u);
  EXPECT_FALSE(reader.failed());
  EXPECT_EQ(reader.torn_bytes(), 4u);
}

TEST(JournalReader, KnowsItsRecordTypeAndRefusesAnother) {
  const TempFolder temp;
  JournalOptions options = journal_in(temp.path("lane"));
  options.type = {abi::CodecCode::kStruct, 77};
  JournalFiles::open(options);
  ReaderOptions reader = reading(temp.path("lane"));
  EXPECT_EQ(JournalReader(reader).type().layout_hash, 77u);
  reader.type = RecordType{abi::CodecCode::kBytes, 0};
  test::failure_of("JOURNAL_CODEC", [&] { JournalReader r(reader); });
}

TEST(JournalReader, ARecordLongerThanTheMaximumIsAStatedFailure) {
  const TempFolder temp;
  {
    const auto files = JournalFiles::open(journal_in(temp.path("lane")));
    const std::string large(600'000, 'x');
    ASSERT_TRUE(test::append_text(*files, large));
    ASSERT_TRUE(files->commit());
  }
  JournalRecord record;
  JournalReader any(reading(temp.path("lane")));
  ASSERT_EQ(any.read(&record, 1), 1u);
  EXPECT_EQ(record.length, 600'000u);
  ReaderOptions small = reading(temp.path("lane"));
  small.record_max = 1000;
  JournalReader reader(small);
  EXPECT_EQ(reader.read(&record, 1), 0u);
  ASSERT_TRUE(reader.failed());
  EXPECT_NE(std::string(reader.failure().what()).find("--record-max"), std::string::npos) << reader.failure().what();
}

TEST(JournalReader, AnEmptyOrMissingFolderIsAStatedFailure) {
  const TempFolder temp;
  std::filesystem::create_directory(temp.path("lane"));
  test::failure_of("JOURNAL_OPEN", [&] { JournalReader r(reading(temp.path("lane"))); });
  test::failure_of("JOURNAL_OPEN", [&] { JournalReader r(reading(temp.path("none"))); });
}

TEST(JournalReader, FollowsAWriterWithoutEverSeeingHalfARecord) {
  const test::Watchdog watchdog(std::chrono::seconds(60));
  constexpr std::uint64_t kRecords = 20'000;
  const TempFolder temp;
  const auto writer = journal_of_segments(temp.path("lane"), 1);
  std::atomic<bool> failed{false};
  std::thread thread([&] {
    while (writer->next_sequence() < kRecords && !failed)
      if (!append_records(*writer, 13, 5)) failed = true;
  });
  JournalReader reader(reading(temp.path("lane")));
  std::uint64_t count = 0;
  while (count < kRecords && !reader.failed() && !failed) count += read_records(reader);
  if (reader.failed()) failed = true;
  thread.join();
  EXPECT_FALSE(reader.failed()) << reader.failure().what();
  EXPECT_FALSE(writer->failed()) << writer->failure();
}

}  // namespace
}  // namespace byteor::journal

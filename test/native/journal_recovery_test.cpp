// What a journal looks like after a crash or an accident, and what opening it again makes of that.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/coded_error.hpp"
#include "support/faulty_disk.hpp"
#include "support/journal_folder.hpp"
#include "support/memory_disk.hpp"

namespace byteor::journal {
namespace {

using test::append_record;
using test::append_records;
using test::append_text;
using test::FaultyDisk;
using test::journal_in;
using test::journal_on;
using test::overwrite;
using test::read_records;
using test::segment_names;
using test::slurp;
using test::TempFolder;

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// A journal of `count` records, closed; returns the path of its last segment.
std::string make_journal(const std::string& folder, std::uint64_t count, std::uint64_t batch = 1,
                         std::uint64_t segment_bytes = 0) {
  JournalOptions options = journal_in(folder);
  options.segment_bytes = segment_bytes;
  const auto files = JournalFiles::open(options);
  EXPECT_TRUE(append_records(*files, count, batch));
  return folder + "/" + segment_names(folder).back();
}

// Where the frame of `sequence` begins, in a segment that begins with sequence 0.
std::size_t offset_of(std::uint64_t sequence) {
  std::size_t offset = sizeof(SegmentHeader);
  for (std::uint64_t s = 0; s < sequence; ++s)
    offset += static_cast<std::size_t>(frame_bytes(test::record_text(s).size()));
  return offset;
}

TEST(JournalRecovery, ATailTornAtAnyByteOfTheLastRecordIsCut) {
  const TempFolder temp;
  make_journal(temp.path("lane"), 29);
  const test::EarlierWord before(temp.path("lane"));
  const std::string path = make_journal(temp.path("lane"), 1);
  const std::string whole = slurp(path);
  const std::size_t last = offset_of(29);
  for (std::size_t bytes = last; bytes < whole.size(); ++bytes) {
    overwrite(path, whole.substr(0, bytes));
    before.put_back();
    {
      const auto files = JournalFiles::open(journal_in(temp.path("lane")));
      ASSERT_EQ(files->opened_at(), 29u) << bytes;
      ASSERT_EQ(files->recovered().cut_bytes, bytes - last);
      ASSERT_EQ(files->status().cut_bytes, bytes - last);
      if (bytes != last) {
        ASSERT_EQ(files->recovered().cut_file, path);
        ASSERT_EQ(files->recovered().cut_offset, last);
      }
      ASSERT_EQ(std::filesystem::file_size(path), last);
      ASSERT_TRUE(append_records(*files, 3, 3));
    }
    ASSERT_EQ(read_records(temp.path("lane")), 32u) << bytes;
  }
}

TEST(JournalRecovery, ATailOfWhichAByteIsMissingThatWasPromisedIsAStatedFailure) {
  const TempFolder temp;
  const std::string path = make_journal(temp.path("lane"), 30);
  const std::string whole = slurp(path);
  const auto before = test::contents_of(temp.path("lane"));
  for (std::size_t bytes = 0; bytes < whole.size(); bytes += bytes < offset_of(28) ? 17 : 1) {
    overwrite(path, whole.substr(0, bytes));
    const bool whole_frames = bytes <= sizeof(SegmentHeader) || [&] {
      for (std::uint64_t s = 0; s < 30; ++s)
        if (offset_of(s) == bytes) return true;
      return false;
    }();
    const std::string text = test::failure_of(whole_frames ? "JOURNAL_GAP" : "JOURNAL_DAMAGED",
                                              [&] { JournalFiles::open(journal_in(temp.path("lane"))); });
    EXPECT_TRUE(mentions(text, "before sequence 30 were promised")) << bytes << ": " << text;
    EXPECT_EQ(std::filesystem::file_size(path), bytes);
    ReaderOptions reading;
    reading.folder = temp.path("lane");
    JournalReader reader(reading);
    EXPECT_LT(read_records(reader), 30u);
    EXPECT_TRUE(reader.failed()) << bytes;
  }
  overwrite(path, whole);
  EXPECT_EQ(test::contents_of(temp.path("lane")), before);
}

TEST(JournalRecovery, AnyByteThatFlipsInTheLastRecordIsDamageOnceItWasPromised) {
  const TempFolder temp;
  const std::string path = make_journal(temp.path("lane"), 30);
  const std::string whole = slurp(path);
  for (std::size_t at = offset_of(29); at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] ^= 1;
    overwrite(path, flipped);
    const std::string text =
        test::failure_of("JOURNAL_DAMAGED", [&] { JournalFiles::open(journal_in(temp.path("lane"))); });
    EXPECT_TRUE(mentions(text, "sequence 29")) << text;
  }
  // The reader's cursor says it as well.
  overwrite(path, whole);
  {
    const auto files = JournalFiles::open(journal_in(temp.path("lane")));
    ASSERT_EQ(files->cursor().store(30), 0);
  }
  std::filesystem::remove(temp.path("lane/writer.mark"));
  std::string flipped = whole;
  flipped.back() ^= 1;
  overwrite(path, flipped);
  test::failure_of("JOURNAL_DAMAGED", [&] { JournalFiles::open(journal_in(temp.path("lane"))); });
}

TEST(JournalRecovery, ABlankHeaderWithRecordsBehindItIsDamageAndNothingIsRemoved) {
  for (const std::uint64_t segment_bytes : {std::uint64_t{0}, std::uint64_t{4096}}) {
    for (const std::size_t blank : {std::size_t{8}, sizeof(SegmentHeader), std::size_t{512}}) {
      const TempFolder temp;
      const std::string path = make_journal(temp.path("lane"), 300, 10, segment_bytes);
      std::string content = slurp(path);
      std::fill_n(content.begin(), std::min(blank, content.size() - 1), '\0');
      overwrite(path, content);
      const auto before = test::contents_of(temp.path("lane"));
      const std::string text =
          test::failure_of("JOURNAL_DAMAGED", [&] { JournalFiles::open(journal_in(temp.path("lane"))); });
      EXPECT_TRUE(mentions(text, path)) << text;
      EXPECT_EQ(test::contents_of(temp.path("lane")), before);
      ReaderOptions reading;
      reading.folder = temp.path("lane");
      const std::string read = test::failure_of("JOURNAL_DAMAGED", [&] {
        JournalReader reader(reading);
        read_records(reader);
        if (reader.failed()) throw reader.failure();
      });
      EXPECT_TRUE(mentions(read, path)) << read;
    }
  }
}

TEST(JournalRecovery, LastSegmentsThatAreMissingAreAStatedFailureAndNoSequenceIsGivenAgain) {
  for (const bool delivered : {true, false}) {
    for (std::size_t missing = 1;; ++missing) {
      const TempFolder temp;
      make_journal(temp.path("lane"), 300, 10, 4096);
      if (delivered) {
        ASSERT_EQ(JournalFiles::open(journal_in(temp.path("lane")))->cursor().store(300), 0);
      }
      const std::vector<std::string> names = segment_names(temp.path("lane"));
      ASSERT_GE(names.size(), 4u);
      for (std::size_t i = 0; i < missing; ++i)
        std::filesystem::remove(temp.path("lane/" + names[names.size() - 1 - i]));
      if (missing == names.size() && delivered) {
        // The reader had everything: they were tidied away.
        EXPECT_EQ(JournalFiles::open(journal_in(temp.path("lane")))->opened_at(), 300u);
        break;
      }
      const std::string text =
          test::failure_of("JOURNAL_GAP", [&] { JournalFiles::open(journal_in(temp.path("lane"))); });
      EXPECT_TRUE(mentions(text, "before sequence 300 were promised")) << text;
      if (missing == names.size()) break;
      ReaderOptions reading;
      reading.folder = temp.path("lane");
      JournalReader reader(reading);
      read_records(reader);
      ASSERT_TRUE(reader.failed());
      EXPECT_EQ(reader.failure().code(), abi::ErrorCode::kJournalGap);
    }
  }
}

TEST(JournalRecovery, AnEmptySegmentThatIsNotWhereTheOneBeforeEndsProvesALoss) {
  const TempFolder temp;
  make_journal(temp.path("lane"), 40);
  std::filesystem::remove(temp.path("lane/writer.mark"));
  std::filesystem::remove(temp.path("lane/reader.cursor"));
  overwrite(temp.path(std::string("lane/") + SegmentName(41).text), "");
  const auto before = test::contents_of(temp.path("lane"));
  const std::string text = test::failure_of("JOURNAL_GAP", [&] { JournalFiles::open(journal_in(temp.path("lane"))); });
  EXPECT_TRUE(mentions(text, "41")) << text;
  EXPECT_EQ(test::contents_of(temp.path("lane")), before);
}

TEST(JournalRecovery, AnOpeningThatFailsChangesNothingAndTheNextOneAfterAPowerFailureStillCuts) {
  const TempFolder temp;
  FaultyDisk disk;
  JournalOptions options = journal_on(disk, temp, abi::FsyncCode::kNone);
  {
    const auto files = JournalFiles::open(options);
    ASSERT_TRUE(append_records(*files, 30, 10));
  }
  const std::string path = temp.path("lane/" + segment_names(temp.path("lane"))[0]);
  std::string holed = slurp(path);
  for (std::size_t at = offset_of(15); at < offset_of(20); ++at) holed[at] = '\0';
  overwrite(path, holed);
  disk.boot_id = "the boot after that";
  const auto before = test::contents_of(temp.path("lane"));
  JournalOptions wrong = options;
  wrong.type.codec = abi::CodecCode::kJson;
  const std::string refused = test::failure_of("JOURNAL_CODEC", [&] { JournalFiles::open(wrong); });
  EXPECT_TRUE(mentions(refused, "the plan's are of codec json")) << refused;
  EXPECT_EQ(test::contents_of(temp.path("lane")), before);
  const auto files = JournalFiles::open(options);
  EXPECT_EQ(files->recovered().end, 15u);
  // What was acknowledged is not given again, and a reader passes over what is gone.
  EXPECT_EQ(files->opened_at(), 30u);
  ASSERT_TRUE(append_records(*files, 5));
  ReaderOptions reading;
  reading.folder = temp.path("lane");
  JournalReader reader(reading);
  EXPECT_EQ(read_records(reader), 20u);
  EXPECT_FALSE(reader.failed()) << reader.failure().what();
  EXPECT_EQ(reader.next(), 35u);
  const std::string text = test::failure_of("JOURNAL_GAP", [&] { reader.seek(20); });
  EXPECT_TRUE(mentions(text, "begin with 30")) << text;
}

TEST(JournalRecovery, NoneInTwoRunsAndAPowerFailureIsCutInWhateverSegmentThePageWas) {
  for (const std::uint64_t segment_bytes : {std::uint64_t{0}, std::uint64_t{4096}}) {
    const TempFolder temp;
    FaultyDisk disk;
    JournalOptions options = journal_on(disk, temp, abi::FsyncCode::kNone);
    options.segment_bytes = segment_bytes;
    for (int run = 0; run < 2; ++run) ASSERT_TRUE(append_records(*JournalFiles::open(options), 100, 10));
    const std::vector<std::string> names = segment_names(temp.path("lane"));
    const std::string path = temp.path("lane/" + names[0]);
    std::string holed = slurp(path);
    for (std::size_t at = offset_of(15); at < offset_of(20); ++at) holed[at] = '\0';
    overwrite(path, holed);
    disk.boot_id = "the boot after that";
    const auto files = JournalFiles::open(options);
    EXPECT_EQ(files->recovered().end, 15u);
    EXPECT_EQ(files->opened_at(), 200u);
    EXPECT_GT(files->recovered().cut_bytes, 0u);
    // Segments that cannot be reached any more have another name, and all their bytes.
    std::size_t aside = 0;
    for (const auto& [name, content] : test::contents_of(temp.path("lane")))
      if (name.ends_with(".cut")) ++aside;
    EXPECT_EQ(aside, names.size() - 1);
  }
}

TEST(JournalRecovery, NoneProvesWhatItFindsOnceForEachStartOfTheMachine) {
  const TempFolder temp;
  FaultyDisk disk;
  JournalOptions options = journal_on(disk, temp, abi::FsyncCode::kNone);
  for (const std::uint64_t synced : {0u, 0u}) {
    const auto files = JournalFiles::open(options);
    EXPECT_EQ(files->status().synced, synced);
    ASSERT_TRUE(append_records(*files, 10));
  }
  disk.boot_id = "the boot after that";
  EXPECT_EQ(JournalFiles::open(options)->status().synced, 20u);
  const std::uint64_t syncs = disk.syncs;
  EXPECT_EQ(JournalFiles::open(options)->status().synced, 20u);
  EXPECT_EQ(disk.syncs, syncs);
  // So a loss of what was proven is noticed, whatever start of the machine comes next.
  disk.boot_id = "the boot after both";
  const std::string path = temp.path("lane/" + segment_names(temp.path("lane"))[0]);
  overwrite(path, slurp(path).substr(0, offset_of(19)));
  test::failure_of("JOURNAL_GAP", [&] { JournalFiles::open(options); });
}

TEST(JournalRecovery, AReadThatFailsInAnOpeningIsNoSyncThatFailed) {
  const TempFolder temp;
  FaultyDisk disk;
  JournalOptions options = journal_on(disk, temp, abi::FsyncCode::kNone);
  ASSERT_TRUE(append_records(*JournalFiles::open(options), 10));
  const auto before = test::contents_of(temp.path("lane"));
  options.fsync = abi::FsyncCode::kEachBatch;
  int opens = 0;
  // Recovery reads the segment, and the repair reads it again.
  disk.on_open = [&](const char* name, platform::FileAccess access) {
    const bool segment = std::string(name).ends_with(".journal") && access == platform::FileAccess::kUpdate;
    return segment && ++opens == 1 ? -EIO : 0;
  };
  test::failure_of("JOURNAL_OPEN", [&] { JournalFiles::open(options); });
  EXPECT_EQ(test::contents_of(temp.path("lane")), before);
}

TEST(JournalRecovery, AJournalWithoutAMarkOpensAsBefore) {
  const TempFolder temp;
  make_journal(temp.path("lane"), 300, 10, 4096);
  std::filesystem::remove(temp.path("lane/writer.mark"));
  {
    const auto files = JournalFiles::open(journal_in(temp.path("lane")));
    EXPECT_EQ(files->opened_at(), 300u);
    ASSERT_TRUE(append_records(*files, 10));
  }
  EXPECT_EQ(read_records(temp.path("lane")), 310u);
  EXPECT_TRUE(std::filesystem::exists(temp.path("lane/writer.mark")));
}

TEST(JournalRecovery, AMarkThatCannotBeBelievedOrIsAnotherJournalsIsAStatedFailure) {
  const TempFolder temp;
  make_journal(temp.path("lane"), 30);
  make_journal(temp.path("other"), 30);
  const std::string mark = slurp(temp.path("lane/writer.mark"));
  overwrite(temp.path("lane/writer.mark"), std::string(8192, 'x'));
  std::string text = test::failure_of("JOURNAL_DAMAGED", [&] { JournalFiles::open(journal_in(temp.path("lane"))); });
  EXPECT_TRUE(mentions(text, "writer.mark")) << text;
  overwrite(temp.path("lane/writer.mark"), slurp(temp.path("other/writer.mark")));
  test::failure_of("JOURNAL_FOREIGN", [&] { JournalFiles::open(journal_in(temp.path("lane"))); });
  overwrite(temp.path("lane/writer.mark"), mark);
  EXPECT_EQ(JournalFiles::open(journal_in(temp.path("lane")))->opened_at(), 30u);
}

TEST(JournalRecovery, ZerosAndGarbageBehindTheLastRecordAreCut) {
  const TempFolder temp;
  const std::string path = make_journal(temp.path("lane"), 30);
  const std::string whole = slurp(path);
  for (const std::string& tail :
       {std::string(4096, '\0'), std::string(100, '\xff'), whole.substr(offset_of(3), 500), std::string(7, 'x')}) {
    overwrite(path, whole + tail);
    const auto files = JournalFiles::open(journal_in(temp.path("lane")));
    EXPECT_EQ(files->opened_at(), 30u);
    EXPECT_EQ(files->recovered().cut_bytes, tail.size());
  }
  EXPECT_EQ(slurp(path), whole);
}

TEST(JournalRecovery, AnyByteThatFlipsInTheMiddleIsAStatedFailureAndIsNotServed) {
  const TempFolder temp;
  const std::string path = make_journal(temp.path("lane"), 8);
  const std::string whole = slurp(path);
  for (std::size_t at = offset_of(4); at < offset_of(5); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    overwrite(path, flipped);
    const std::string text =
        test::failure_of("JOURNAL_DAMAGED", [&] { JournalFiles::open(journal_in(temp.path("lane"))); });
    EXPECT_TRUE(mentions(text, path)) << text;
    EXPECT_TRUE(mentions(text, "at offset " + std::to_string(offset_of(4)))) << text;
    EXPECT_TRUE(mentions(text, "sequence 4")) << text;
    EXPECT_EQ(slurp(path), flipped);
    ReaderOptions reading;
    reading.folder = temp.path("lane");
    JournalReader reader(reading);
    EXPECT_EQ(read_records(reader), 4u);
    ASSERT_TRUE(reader.failed());
    EXPECT_EQ(reader.failure().code(), abi::ErrorCode::kJournalDamaged);
    EXPECT_EQ(std::string(reader.failure().what()), text);
  }
}

TEST(JournalRecovery, AnyByteThatFlipsInTheHeaderIsAStatedFailure) {
  const TempFolder temp;
  const std::string path = make_journal(temp.path("lane"), 8);
  const std::string whole = slurp(path);
  for (std::size_t at = 0; at < sizeof(SegmentHeader); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    overwrite(path, flipped);
    const char* const code = at < 4 ? "JOURNAL_FOREIGN" : at < 8 ? "JOURNAL_FORMAT" : "JOURNAL_DAMAGED";
    test::failure_of(code, [&] { JournalFiles::open(journal_in(temp.path("lane"))); });
  }
}

TEST(JournalRecovery, DamageInAnOlderSegmentIsFoundWhenItIsRead) {
  const TempFolder temp;
  make_journal(temp.path("lane"), 300, 10, 4096);
  const std::string path = temp.path("lane/" + segment_names(temp.path("lane"))[0]);
  std::string flipped = slurp(path);
  flipped[offset_of(10) + 30] ^= 1;
  overwrite(path, flipped);
  EXPECT_EQ(JournalFiles::open(journal_in(temp.path("lane")))->opened_at(), 300u);
  ReaderOptions reading;
  reading.folder = temp.path("lane");
  JournalReader reader(reading);
  EXPECT_EQ(read_records(reader), 10u);
  ASSERT_TRUE(reader.failed());
  EXPECT_TRUE(mentions(reader.failure().what(), path + " is damaged at offset " + std::to_string(offset_of(10))))
      << reader.failure().what();
}

TEST(JournalRecovery, AfterARestartAHoleAmongRecordsThatWereNotSyncedIsCut) {
  const TempFolder temp;
  FaultyDisk disk;
  JournalOptions options = journal_on(disk, temp);
  { ASSERT_TRUE(append_records(*JournalFiles::open(options), 10, 10)); }
  // The second group was written when the power failed, and its word was not.
  const test::EarlierWord before(temp.path("lane"));
  ASSERT_TRUE(append_records(*JournalFiles::open(options), 20, 20));
  const std::string path = temp.path("lane/" + segment_names(temp.path("lane"))[0]);
  std::string holed = slurp(path);
  for (std::size_t at = offset_of(15); at < offset_of(20); ++at) holed[at] = '\0';
  overwrite(path, holed);
  // The machine has run all the time: nothing can have taken bytes out of the middle.
  test::failure_of("JOURNAL_DAMAGED", [&] { JournalFiles::open(options); });
  before.put_back();
  disk.boot_id = "the boot after that";
  const auto files = JournalFiles::open(options);
  EXPECT_EQ(files->opened_at(), 15u);
  EXPECT_EQ(files->recovered().cut_bytes, holed.size() - offset_of(15));
}

TEST(JournalRecovery, AfterARestartAHoleAmongRecordsThatWereSyncedIsDamage) {
  const TempFolder temp;
  FaultyDisk disk;
  JournalOptions options = journal_on(disk, temp);
  {
    const auto files = JournalFiles::open(options);
    ASSERT_TRUE(append_records(*files, 10, 10));
    ASSERT_TRUE(append_records(*files, 20, 20));
  }
  const std::string path = temp.path("lane/" + segment_names(temp.path("lane"))[0]);
  std::string holed = slurp(path);
  holed[offset_of(9) + 8] ^= 1;
  overwrite(path, holed);
  disk.boot_id = "the boot after that";
  const std::string text = test::failure_of("JOURNAL_DAMAGED", [&] { JournalFiles::open(options); });
  EXPECT_TRUE(mentions(text, "sequence 9")) << text;
}

TEST(JournalRecovery, AnUnfinishedLastSegmentGoesAndItsSequenceStays) {
  for (const std::size_t bytes : {0u, 1u, 71u, 72u}) {
    const TempFolder temp;
    make_journal(temp.path("lane"), 40);
    const std::string name = SegmentName(40).text;
    overwrite(temp.path("lane/" + name), std::string(bytes, '\0'));
    const auto files = JournalFiles::open(journal_in(temp.path("lane")));
    EXPECT_EQ(files->opened_at(), 40u);
    EXPECT_EQ(files->recovered().cut_bytes, bytes);
    EXPECT_EQ(segment_names(temp.path("lane")).size(), 1u);
    ASSERT_TRUE(append_records(*files, 2));
    EXPECT_EQ(read_records(temp.path("lane")), 42u);
  }
}

// A run on a full disk begins a segment and removes it again, and the next run does so at a later sequence.
TEST(JournalRecovery, EmptySegmentsWhoseRemovalAPowerFailureTookBackGoTogether) {
  for (const bool restarted : {true, false}) {
    const TempFolder temp;
    FaultyDisk disk;
    JournalOptions options = journal_on(disk, temp);
    ASSERT_TRUE(append_records(*JournalFiles::open(options), 42));
    for (const std::uint64_t first : {41u, 42u})
      overwrite(temp.path("lane/" + std::string(SegmentName(first).text)), "");
    if (!restarted) {
      test::failure_of("JOURNAL_DAMAGED", [&] { JournalFiles::open(options); });
      continue;
    }
    disk.boot_id = "the boot after that";
    const auto files = JournalFiles::open(options);
    EXPECT_EQ(files->opened_at(), 42u);
    EXPECT_EQ(segment_names(temp.path("lane")).size(), 1u);
    ASSERT_TRUE(append_records(*files, 2));
    EXPECT_EQ(read_records(temp.path("lane")), 44u);
  }
}

// The system keeps the pages of a sync that failed as if they were on the device: also those of the mark and the
// cursor.
TEST(JournalRecovery, AnyOpeningSyncThatFailsLetsTheNextOpeningProveAgain) {
  int failed = 0;
  for (int which = 1; which < 20; ++which) {
    const TempFolder temp;
    FaultyDisk disk;
    JournalOptions options = journal_on(disk, temp, abi::FsyncCode::kNone);
    ASSERT_TRUE(append_records(*JournalFiles::open(options), 10));
    disk.boot_id = "the boot after that";
    int sync = 0;
    disk.on_sync_data = [&] { return ++sync == which ? -EIO : 0; };
    try {
      JournalFiles::open(options);
      EXPECT_LT(sync, which);
      break;
    } catch (const core::CodedError& error) {
      ++failed;
      // Of the machine's start, noted last: after a power failure it is another one, whatever the device has.
      if (std::string_view(error.what()).find("writer.lock") != std::string_view::npos) continue;
    }
    const std::uint64_t before = disk.syncs;
    EXPECT_EQ(JournalFiles::open(options)->status().synced, 10u);
    // The segment, the cursor and the mark.
    EXPECT_GE(disk.syncs - before, 3u) << "after a failure of sync " << which;
  }
  EXPECT_GE(failed, 3);
}

// The first opening of this journal was killed, or it was made by a version that kept no mark: there is none yet that
// could say that the sync failed.
TEST(JournalRecovery, AFailedSyncIsRememberedWhereThereWasNoMark) {
  for (const bool has_file : {true, false}) {
    const TempFolder temp;
    FaultyDisk disk;
    JournalOptions options = journal_on(disk, temp, abi::FsyncCode::kNone);
    ASSERT_TRUE(append_records(*JournalFiles::open(options), 10));
    if (has_file)
      overwrite(temp.path("lane/writer.mark"), std::string(kSlotStride + sizeof(MarkSlot), '\0'));
    else
      std::filesystem::remove(temp.path("lane/writer.mark"));
    disk.boot_id = "the boot after that";
    disk.on_sync_data = [] { return -EIO; };
    test::failure_of("JOURNAL_OPEN", [&] { JournalFiles::open(options); });
    disk.on_sync_data = nullptr;
    std::uint64_t again = 0;
    disk.on_write_at = [&](std::uint64_t offset, std::size_t bytes) {
      if (offset != 0 && offset != kSlotStride) again += bytes;
    };
    EXPECT_EQ(JournalFiles::open(options)->status().synced, 10u);
    EXPECT_GE(again, offset_of(10) - offset_of(0)) << "what lies in the system's memory was believed";
  }
}

// A writer that was closed cuts the begin of a record that it gave up, and syncs nothing: a power failure may bring it
// back, under a successor that was begun behind the cut.
TEST(JournalRecovery, ASegmentWhoseEndWasCutIsSyncedBeforeItGetsASuccessor) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    test::MemoryDisk disk(seed);
    JournalOptions options = test::in_small_blocks("/lane", abi::FsyncCode::kEachBatch);
    options.disk = &disk;
    options.segment_bytes = 9000;
    std::uint64_t durable = 0;
    {
      const auto files = JournalFiles::open(options);
      while (!files->reaches_block_end() || files->records_behind_block() == 0) ASSERT_TRUE(append_record(*files));
      ASSERT_TRUE(files->commit_blocks());
      durable = files->durable();
      ASSERT_LT(durable, files->next_sequence());
      files->close();
    }
    {
      const auto files = JournalFiles::open(options);
      ASSERT_EQ(files->opened_at(), durable);
      ASSERT_TRUE(append_text(*files, std::string(8000, 'x')) && files->commit());
      ASSERT_EQ(files->status().segments, 2u);
      durable = files->durable();
    }
    disk.power_failure();
    EXPECT_EQ(JournalFiles::open(options)->opened_at(), durable);
  }
}

TEST(JournalRecovery, AnUnfinishedFirstSegmentIsMadeAgain) {
  const TempFolder temp;
  std::filesystem::create_directory(temp.path("lane"));
  overwrite(temp.path(std::string("lane/") + SegmentName(7).text), "BTRJ");
  const auto files = JournalFiles::open(journal_in(temp.path("lane")));
  EXPECT_EQ(files->opened_at(), 7u);
  ASSERT_TRUE(append_records(*files, 2));
  EXPECT_EQ(read_records(temp.path("lane")), 2u);
}

TEST(JournalRecovery, AMissingSegmentIsAStatedFailure) {
  const TempFolder temp;
  make_journal(temp.path("lane"), 300, 10, 4096);
  const std::vector<std::string> names = segment_names(temp.path("lane"));
  ASSERT_GE(names.size(), 4u);
  std::filesystem::remove(temp.path("lane/" + names[1]));
  std::string text = test::failure_of("JOURNAL_GAP", [&] { JournalFiles::open(journal_in(temp.path("lane"))); });
  EXPECT_TRUE(mentions(text, names[0])) << text;
  EXPECT_TRUE(mentions(text, names[2])) << text;
  ReaderOptions reading;
  reading.folder = temp.path("lane");
  JournalReader reader(reading);
  read_records(reader);
  ASSERT_TRUE(reader.failed());
  EXPECT_EQ(reader.failure().code(), abi::ErrorCode::kJournalGap);
  // The oldest may be missing when the reader has read it, and only then.
  std::filesystem::remove(temp.path("lane/" + names[0]));
  text = test::failure_of("JOURNAL_GAP", [&] { JournalFiles::open(journal_in(temp.path("lane"))); });
  EXPECT_TRUE(mentions(text, "its reader wants 0")) << text;
  std::filesystem::remove(temp.path("lane/reader.cursor"));
  EXPECT_EQ(JournalFiles::open(journal_in(temp.path("lane")))->opened_at(), 300u);
}

TEST(JournalRecovery, ASegmentThatBecameShorterIsAStatedFailure) {
  const TempFolder temp;
  make_journal(temp.path("lane"), 300, 10, 4096);
  const std::string path = temp.path("lane/" + segment_names(temp.path("lane"))[1]);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 8);
  const std::string text =
      test::failure_of("JOURNAL_DAMAGED", [&] { JournalFiles::open(journal_in(temp.path("lane"))); });
  EXPECT_TRUE(mentions(text, path)) << text;
}

TEST(JournalRecovery, ForeignFilesAreAStatedFailure) {
  const TempFolder temp;
  make_journal(temp.path("lane"), 10);
  make_journal(temp.path("other"), 10);
  temp.write("lane/notes.txt", "these do no harm");
  const std::string open = temp.path("lane");
  const auto expect_foreign = [&](const std::string& name) {
    const std::string text = test::failure_of("JOURNAL_FOREIGN", [&] { JournalFiles::open(journal_in(open)); });
    EXPECT_TRUE(mentions(text, name)) << text;
    std::filesystem::remove(temp.path("lane/" + name));
  };
  temp.write("lane/notes.journal", "dear diary");
  expect_foreign("notes.journal");
  const std::string next = SegmentName(10).text;
  temp.write("lane/" + next, std::string(200, 'x'));
  expect_foreign(next);
  std::filesystem::copy_file(temp.path(std::string("other/") + SegmentName(0).text), temp.path("lane/" + next));
  expect_foreign(next);
  EXPECT_EQ(JournalFiles::open(journal_in(open))->opened_at(), 10u);
}

TEST(JournalRecovery, ASegmentOfAnotherJournalIsAStatedFailure) {
  const TempFolder temp;
  make_journal(temp.path("lane"), 300, 10, 4096);
  make_journal(temp.path("other"), 300, 10, 4096);
  const std::string name = segment_names(temp.path("lane"))[1];
  std::filesystem::copy_file(temp.path("other/" + name), temp.path("lane/" + name),
                             std::filesystem::copy_options::overwrite_existing);
  const std::string text =
      test::failure_of("JOURNAL_FOREIGN", [&] { JournalFiles::open(journal_in(temp.path("lane"))); });
  EXPECT_TRUE(mentions(text, "another journal")) << text;
}

TEST(JournalRecovery, AnotherCodecOrLayoutIsAStatedFailure) {
  const TempFolder temp;
  JournalOptions options = journal_in(temp.path("lane"));
  options.type = {abi::CodecCode::kStruct, 0x1234};
  JournalFiles::open(options);
  options.type.layout_hash = 0x1235;
  std::string text = test::failure_of("JOURNAL_CODEC", [&] { JournalFiles::open(options); });
  EXPECT_TRUE(mentions(text, "struct (layout 0000000000001234)")) << text;
  EXPECT_TRUE(mentions(text, "struct (layout 0000000000001235)")) << text;
  options.type = {abi::CodecCode::kUtf8, 0};
  text = test::failure_of("JOURNAL_CODEC", [&] { JournalFiles::open(options); });
  EXPECT_TRUE(mentions(text, "codec utf8")) << text;
}

TEST(JournalRecovery, AnotherFormatVersionIsAStatedFailure) {
  const TempFolder temp;
  const std::string path = make_journal(temp.path("lane"), 3);
  std::string content = slurp(path);
  SegmentHeader header;
  std::memcpy(&header, content.data(), sizeof header);
  header.format = 2;
  header.crc = header_crc(op::Crc32c(), header);
  content.replace(0, sizeof header, reinterpret_cast<const char*>(&header), sizeof header);
  overwrite(path, content);
  const std::string text =
      test::failure_of("JOURNAL_FORMAT", [&] { JournalFiles::open(journal_in(temp.path("lane"))); });
  EXPECT_TRUE(mentions(text, "version 2")) << text;
  EXPECT_TRUE(mentions(text, "use the byteor that wrote it")) << text;
}

TEST(JournalCursor, IsKeptAndEitherSlotMayBeLost) {
  const TempFolder temp;
  make_journal(temp.path("lane"), 50);
  const std::string path = temp.path("lane/reader.cursor");
  for (std::uint64_t sequence = 10; sequence < 14; ++sequence) {
    {
      const auto files = JournalFiles::open(journal_in(temp.path("lane")));
      ASSERT_EQ(files->cursor().store(sequence), 0);
    }
    EXPECT_EQ(JournalFiles::open(journal_in(temp.path("lane")))->recovered().cursor, sequence);
  }
  // The slot written last is torn: the one before counts.
  {
    const auto files = JournalFiles::open(journal_in(temp.path("lane")));
    ASSERT_EQ(files->cursor().store(20), 0);
    ASSERT_EQ(files->cursor().store(21), 0);
  }
  std::string content = slurp(path);
  CursorSlot slots[2];
  std::memcpy(&slots[0], content.data(), sizeof slots[0]);
  std::memcpy(&slots[1], content.data() + kSlotStride, sizeof slots[1]);
  const int newer = slots[0].turn > slots[1].turn ? 0 : 1;
  EXPECT_EQ(slots[newer].sequence, 21u);
  content[newer * kSlotStride + 25] ^= 1;
  overwrite(path, content);
  EXPECT_EQ(JournalFiles::open(journal_in(temp.path("lane")))->recovered().cursor, 20u);
  // Neither of the two: somebody wrote into the file.
  overwrite(path, std::string(8192, 'x'));
  const std::string text =
      test::failure_of("JOURNAL_CURSOR", [&] { JournalFiles::open(journal_in(temp.path("lane"))); });
  EXPECT_TRUE(mentions(text, path)) << text;
  // It was about to be made.
  overwrite(path, "");
  EXPECT_EQ(JournalFiles::open(journal_in(temp.path("lane")))->recovered().cursor, 0u);
}

TEST(JournalCursor, NoSequenceThatItHasPassedIsGivenAgainAfterAPowerFailure) {
  const TempFolder temp;
  FaultyDisk disk;
  JournalOptions options = journal_on(disk, temp, abi::FsyncCode::kInterval);
  options.fsync_interval_ms = 60'000;
  std::string path;
  {
    const auto files = JournalFiles::open(options);
    ASSERT_TRUE(append_records(*files, 30));
    ASSERT_EQ(files->cursor().store(30), 0);
  }
  path = temp.path("lane/" + segment_names(temp.path("lane"))[0]);
  std::filesystem::resize_file(path, offset_of(29) + 1);
  // A process that ended could not have taken it.
  test::failure_of("JOURNAL_DAMAGED", [&] { JournalFiles::open(options); });
  disk.boot_id = "the boot after that";
  const auto files = JournalFiles::open(options);
  EXPECT_EQ(files->recovered().end, 29u);
  EXPECT_EQ(files->opened_at(), 30u);
  EXPECT_EQ(files->cursor().stored(), 30u);
}

TEST(JournalCursor, OfAnotherJournalIsAStatedFailure) {
  const TempFolder temp;
  make_journal(temp.path("lane"), 30);
  make_journal(temp.path("other"), 30);
  std::filesystem::copy_file(temp.path("other/reader.cursor"), temp.path("lane/reader.cursor"),
                             std::filesystem::copy_options::overwrite_existing);
  test::failure_of("JOURNAL_CURSOR", [&] { JournalFiles::open(journal_in(temp.path("lane"))); });
}

}  // namespace
}  // namespace byteor::journal

// The files of one journal lane, as its one writer has them: appends records to segments, syncs as the policy says,
// begins new segments and removes old ones.
//
//   append() … append() ──▶ buffer ──commit()──▶ write ──▶ fdatasync ──▶ durable()
//
// A commit is a group: however many records were appended since the last one, they are written together and synced
// once. Whatever goes wrong is final: the cause is kept, and nothing more is appended. What was written by then counts
// as far as it is whole; it is promised only if a sync of it still succeeds, and never after one that failed, because
// then nothing says which pages the kernel has given up.
//
// open() belongs to the control path and throws. The rest belongs to the journal's thread, waits for the device, throws
// nothing, and allocates nothing but room in a list when a segment begins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "abi/abi_generated.hpp"
#include "journal/cursor.hpp"
#include "journal/folder.hpp"
#include "journal/mark.hpp"
#include "journal/recovery.hpp"
#include "journal/writer_lock.hpp"
#include "lane/endpoint.hpp"
#include "platform/disk.hpp"
#include "platform/memory.hpp"

namespace byteor::journal {

struct JournalOptions {
  std::string folder;
  RecordType type;
  abi::FsyncCode fsync = abi::FsyncCode::kEachBatch;
  std::uint32_t fsync_interval_ms = 0;
  std::uint64_t segment_bytes = abi::kJournalSegmentBytesDefault;  // 0: default
  std::uint64_t retain_bytes = 0;                                  // 0: no limit
  std::uint64_t retain_ms = 0;                                     // 0: no limit
  std::uint32_t record_max = abi::kRecordMaxDefault;
  // Bytes of one write, and of the blocks of a file that are written at once; not 0. Fits a core's second cache, and
  // more measured no faster (docs/lab/journal-files.md).
  std::size_t buffer_bytes = 256 * 1024;
  platform::Disk* disk = nullptr;  // nullptr: this machine's
};

struct JournalStatus {
  std::uint64_t next;              // sequence of the next record to be appended
  std::uint64_t durable;           // records before it are as durable as the policy promises
  std::uint64_t synced;            // records before it are on the device
  std::uint64_t first;             // oldest record in the files
  std::uint64_t opened_at;         // first record of this run
  std::uint64_t syncs;             // group commits that reached the device
  std::uint64_t bytes;             // of all segments
  std::uint64_t cut_bytes;         // that recovery cut
  std::uint64_t over_limit_bytes;  // of segments that retention would remove, had the reader read them
  std::uint64_t removed_segments;  // by retention in this run
  std::uint32_t segments;
};

class JournalFiles {
 public:
  // Makes the folder when it is missing, takes the lock, recovers, and proves what is there. One that fails has changed
  // nothing, but for a repair that the device broke off. Throws CodedError.
  static std::unique_ptr<JournalFiles> open(const JournalOptions& options);
  ~JournalFiles();

  JournalFiles(const JournalFiles&) = delete;
  JournalFiles& operator=(const JournalFiles&) = delete;

  // Gives the journal back: another writer may open it, while this object lives on for readers of its counters.
  // Nothing but what open() has fixed may be called afterwards. When the journal's and the reader's threads have ended.
  void close() noexcept;

  // The pipeline that this was opened for could not start: removes the files and folders that open() made. Nothing has
  // been appended, and nothing may be called afterwards.
  void take_back() noexcept;

  // Any thread; fixed by open().
  const std::string& folder() const noexcept { return folder_.path(); }
  const Recovered& recovered() const noexcept { return recovered_; }
  std::uint64_t opened_at() const noexcept { return opened_at_; }
  const JournalOptions& options() const noexcept { return options_; }
  // The reader's thread stores it.
  ReaderCursor& cursor() noexcept { return *cursor_; }

  // --- The journal's thread ---------------------------------------------------------------------------------------

  // Takes copies of the first of `records`, of which there is one at least: as many as there is room for before a block
  // ends. How many: 0 when the journal has failed.
  std::size_t append(std::span<const lane::LaneRecord> records) noexcept;
  // Writes what was appended, and syncs it when the policy wants that now. False: the journal has failed.
  bool commit() noexcept;
  // The same up to the end of the last block in the file that has been reached. Ends with a block are the cheapest to
  // go on from; a record behind it, or across it, counts when the next commit has written the rest.
  bool commit_blocks() noexcept;
  // What was appended since the last write reaches a block's end, and how many records are not complete there: 0 or 1,
  // as long as append() is not called again.
  bool reaches_block_end() const noexcept { return behind_block() < used_; }
  std::uint32_t records_behind_block() const noexcept { return behind_block() == 0 ? 0 : 1; }
  // Removes records before `sequence`, as whole segments from the oldest on. Where that is all there is, another
  // segment begins first, so that sequences go on. For a journal without a reader, whose cursor moves along. False: the
  // journal has failed.
  bool remove_before(std::uint64_t sequence) noexcept;
  // Syncs everything that was committed, whatever the policy.
  bool sync() noexcept;
  // For the interval policy: milliseconds until a commit or sync() is due; kNoSequence: nothing waits for one.
  std::uint64_t sync_due_ms() const noexcept;

  std::uint64_t next_sequence() const noexcept { return next_; }
  bool has_unwritten() const noexcept { return written_ != next_; }
  // Of all segments, with what has been appended and not committed.
  std::uint64_t bytes() const noexcept { return bytes_ + used_; }
  std::uint64_t durable() const noexcept { return options_.fsync == abi::FsyncCode::kNone ? written_ : synced_; }
  // Records before it may be given to the reader.
  std::uint64_t readable() const noexcept { return options_.fsync == abi::FsyncCode::kEachBatch ? synced_ : written_; }
  JournalStatus status() const noexcept;

  bool failed() const noexcept { return failed_; }
  // A sentence with the file and a remedy, of code JOURNAL_WRITE; empty until it failed.
  const std::string& failure() const noexcept { return failure_; }

 private:
  JournalFiles(const JournalOptions& options, WriterLock lock, Made made, Folder folder, Recovered recovered);

  bool syncs() const noexcept { return options_.fsync != abi::FsyncCode::kNone; }
  // What the opening finds is brought to the device and known to be there from then on. With `none` only where the
  // machine may have gone down or a sync has failed: otherwise what an earlier run had synced could not be told from
  // what was never synced.
  bool proves() const noexcept { return syncs() || lock_.restarted() || recovered_.sync_failed(); }
  SegmentState& active() noexcept { return segments_.back(); }
  std::uint64_t behind_block() const noexcept { return (segments_.back().bytes + used_) % options_.buffer_bytes; }
  bool is_proven() const noexcept;
  void repair();
  void go_on();
  std::size_t put_frames(std::span<const lane::LaneRecord> records) noexcept;
  bool make_room(std::size_t bytes) noexcept;
  bool end_commit() noexcept;
  bool promise(std::uint64_t synced) noexcept;
  bool write_out() noexcept;
  bool write_blocks() noexcept;
  bool write_buffered(std::size_t bytes) noexcept;
  bool wants_new_segment(std::uint64_t frame) noexcept;
  bool too_old() const noexcept;
  bool roll() noexcept;
  bool begin_segment(std::uint64_t skipped) noexcept;
  const char* wrong_with_active() noexcept;
  bool check_active() noexcept;
  int sync_device() noexcept;
  int store_mark(std::uint64_t synced) noexcept;
  bool retire() noexcept;
  bool remove_oldest(bool& cursor_synced) noexcept;
  bool over_limit(const SegmentState& segment, std::uint64_t bytes) const noexcept;
  void count_over_limit() noexcept;
  // What was appended counts as far as it is whole in the file, of which a write that failed has moved so many bytes.
  void settle_write(std::size_t moved) noexcept;
  // Ways to fail, each final.
  bool fail_write(int error, std::size_t moved) noexcept;
  bool fail_sync(const char* what, const std::string& path, int error) noexcept;
  bool fail_sync_data(int error) noexcept;
  void remember_failed_sync() noexcept;
  bool fail(const char* what, const std::string& path, int error) noexcept;
  bool fail_with(const char* what, const std::string& path, std::string_view why, const char* remedy) noexcept;
  void throw_failure() const;

  const JournalOptions options_;
  platform::Disk& disk_;
  WriterLock lock_;
  Made made_;
  Folder folder_;
  const Recovered recovered_;
  const std::uint64_t opened_at_;
  const std::uint64_t journal_;  // SegmentHeader.journal
  const FrameCrc crc_;
  const std::uint64_t roll_after_ms_;
  std::unique_ptr<ReaderCursor> cursor_;
  std::unique_ptr<WriterMark> mark_;
  const std::size_t frame_bytes_max_;
  platform::Mapping buffer_;  // for what does not fill a block yet, and one more frame

  std::vector<SegmentState> segments_;  // never empty once open; the last is being written
  OpenFile file_;                       // of the last
  std::string path_;                    // of the last
  platform::FileFacts identity_;        // of the last
  std::size_t used_ = 0;                // of the buffer
  // Of a frame of which only a part is in the file: that part, and the rest, with which the buffer begins.
  std::size_t begun_bytes_ = 0;
  std::size_t rest_bytes_ = 0;
  std::size_t last_frame_bytes_ = 0;  // of the frame that was put last
  std::size_t room_ = 0;              // bytes that can be appended before make_room() has to look
  std::uint32_t time_ms_ = 0;         // FrameHeader.time_ms of the next record, while there is room
  std::uint64_t next_;
  std::uint64_t written_;
  std::uint64_t synced_;
  std::uint64_t now_ms_ = 0;
  bool clock_read_ = false;      // since the last commit
  bool checked_ = false;         // since the last commit: the file is as it was left
  bool names_unsynced_ = false;  // a segment was made whose name may not be on the device
  double written_since_ns_ = 0;  // when the oldest record that is not synced was written
  std::uint64_t bytes_ = 0;
  std::uint64_t syncs_ = 0;
  std::uint64_t over_limit_bytes_ = 0;
  std::uint64_t removed_segments_ = 0;
  bool opened_ = false;
  bool sync_failed_ = false;  // in this run
  bool failed_ = false;
  std::string failure_;
};

}  // namespace byteor::journal

// Reads the records of a journal in order, from a sequence on, and checks every one. Takes no lock and writes nothing,
// so it also reads a journal that is being written (it stops at the last whole record, and goes on from there when
// asked again) and a folder that may not be written to.
//
// A record that does not check ends the reading with a stated failure, unless it is the torn end of the last segment:
// there the journal ends, unless more was promised by then. Nothing is skipped but sequences that a header says no
// record has.
//
// open() and seeking belong to the control path and throw CodedError. read() throws nothing; it allocates only when a
// record is longer than the buffer it was opened with. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/coded_error.hpp"
#include "journal/folder.hpp"
#include "journal/segment.hpp"

namespace byteor::journal {

struct JournalRecord {
  const std::byte* data;
  std::uint32_t length;  // bytes
  std::uint32_t flags;   // abi::TerminatorCode in the low bits
  std::uint64_t sequence;
  std::uint64_t time_ms;  // when it was appended, since 1970
};

struct ReaderOptions {
  std::string folder;
  std::optional<RecordType> type;                   // nothing: whatever the journal holds
  std::uint64_t record_max = abi::kRecordBytesMax;  // longer ones are a stated failure
  std::size_t buffer_bytes = 256 * 1024;
  platform::Disk* disk = nullptr;  // nullptr: this machine's
};

class JournalReader {
 public:
  // Before the first record. Throws CodedError; JOURNAL_OPEN also for a folder without a segment.
  explicit JournalReader(const ReaderOptions& options);

  JournalReader(const JournalReader&) = delete;
  JournalReader& operator=(const JournalReader&) = delete;

  // Sequence of the oldest record in the folder as it was opened.
  std::uint64_t first() const noexcept { return first_; }
  // Of the record that read() gives next.
  std::uint64_t next() const noexcept { return next_; }
  // What the journal's records are.
  RecordType type() const noexcept;

  // The next record is the one of `sequence`, or the journal's end when it is not there yet. Throws CodedError:
  // JOURNAL_GAP for a sequence before the first, and for one that no record has.
  void seek(std::uint64_t sequence);
  // Reads to the end, so that `count` records are left (all when there are fewer). Throws CodedError.
  void seek_last(std::uint64_t count);
  // read() gives no record from `sequence` on.
  void stop_before(std::uint64_t sequence) noexcept { stop_before_ = sequence; }

  // Describes at most `limit` next records; 0: the end, for now, or failed(). Valid until the next call.
  std::uint32_t read(JournalRecord* records, std::uint32_t limit) noexcept;

  bool failed() const noexcept { return failure_.has_value(); }
  // Bytes behind the last whole record, once read() has come to the end.
  std::uint64_t torn_bytes() const noexcept { return torn_bytes_; }
  const core::CodedError& failure() const noexcept { return *failure_; }

 private:
  std::uint32_t read_or_throw(JournalRecord* records, std::uint32_t limit);
  void place(std::uint64_t sequence);
  bool open_segment(std::uint64_t first);
  bool open_successor(std::uint64_t first);
  bool at_end_of_segment();
  void look_at_promises();
  void check_end(std::uint64_t rest) const;
  std::optional<std::uint64_t> later_segment() const;

  Folder folder_;
  const std::optional<RecordType> type_;
  SegmentReader segment_;
  std::uint64_t first_ = 0;
  std::uint64_t next_ = 0;
  std::uint64_t floor_ = 0;  // records before it were promised when the journal was opened
  bool safe_ = true;         // nothing can have taken what was only written
  std::uint64_t stop_before_ = kNoSequence;
  std::uint64_t torn_bytes_ = 0;
  // How the segment ended when next_ was not found in it for the first time.
  struct End {
    std::uint64_t bytes;
    std::optional<std::uint64_t> later;
  };
  std::optional<End> end_;
  std::optional<core::CodedError> failure_;
};

}  // namespace byteor::journal

// What a folder holds when a writer opens it, and what has to be done before it can go on. docs/journal.md states the
// rules. recover() only looks; repair.hpp does. Control path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "journal/cursor.hpp"
#include "journal/folder.hpp"
#include "journal/mark.hpp"
#include "journal/segment.hpp"

namespace byteor::journal {

// What a look at a whole segment reads at a time.
inline constexpr std::size_t kRecoveryBufferBytes = std::size_t{1} << 20;

struct SegmentState {
  std::uint64_t first = 0;
  std::uint64_t bytes = 0;
  std::uint64_t created_ms = 0;
  std::uint64_t last_ms = 0;  // when its last record was appended; of an older one: when its successor was made
};

// Sequences that no record has: a power failure took records that they had been given to.
struct Gap {
  std::uint64_t first;
  std::uint64_t end;
};

// Records in [from, to).
std::uint64_t records_between(const std::vector<Gap>& gaps, std::uint64_t from, std::uint64_t to);
// The sequence that `count` records from `from` on end before.
std::uint64_t sequence_behind(const std::vector<Gap>& gaps, std::uint64_t from, std::uint64_t count);

// What to do with a file of the folder.
struct Aside {
  std::uint64_t first;  // names it
  bool has_records;     // bytes behind its header: it gets another name; otherwise it is removed
};

struct Recovered {
  std::uint64_t journal = 0;           // SegmentHeader.journal; 0 for a new one
  std::vector<SegmentState> segments;  // oldest first, as they are once the repair is done
  std::vector<Gap> gaps;               // between and behind them
  std::uint64_t next = 0;              // sequence of the next record
  std::uint64_t cursor = 0;            // of the reader
  // What the files say of themselves.
  ReaderCursor::Content cursor_file;
  WriterMark::Content mark_file;
  std::uint64_t end = 0;     // behind the last whole record
  std::uint64_t synced = 0;  // records before it are known to be on the device
  // The repair.
  bool cut = false;           // the last segment is longer than it is to be
  std::vector<Aside> asides;  // in order
  // For the report.
  std::uint64_t cut_bytes = 0;
  std::string cut_file;  // the first place
  std::uint64_t cut_offset = 0;

  bool is_new() const noexcept { return journal == 0; }
  // A sync had failed, and nothing has proven since what lies behind `synced`.
  bool sync_failed() const noexcept { return mark_file.newest.has_value() && mark_file.newest->sync_failed != 0; }
};

struct RecoveryOptions {
  RecordType type;
  // The machine may have gone down since the last writer: what was not synced may be missing in any place.
  bool restarted = false;
  // The caller promises the device (any policy but `none`), so everything that is not known to be there is looked at,
  // as it is after a restart or a failed sync.
  bool proves = true;
};

// Throws CodedError. Changes nothing.
Recovered recover(const Folder& folder, const RecoveryOptions& options);

// The sequence before which a journal must hold every record that retention has not removed, as far as its mark and its
// cursor tell; `safe`: nothing can have taken what was only written.
std::uint64_t promised_floor(const ReaderCursor::Content& cursor, const WriterMark::Content& mark, bool safe);

// Checks that the segment with `header` continues the one before it. Throws CodedError: JOURNAL_GAP, JOURNAL_FOREIGN,
// JOURNAL_DAMAGED.
void check_chain(const Folder& folder, const SegmentHeader& before, std::uint64_t before_bytes,
                 const SegmentHeader& header);

// Says that `path`, which ends at `offset` behind `bytes` that are no record, holds nothing from `sequence` on,
// although the records before `floor` were promised. Throws CodedError: JOURNAL_DAMAGED, or JOURNAL_GAP when there is
// nothing.
[[noreturn]] void fail_lost(const std::string& path, std::uint64_t offset, std::uint64_t rest, std::uint64_t sequence,
                            std::uint64_t floor);

}  // namespace byteor::journal

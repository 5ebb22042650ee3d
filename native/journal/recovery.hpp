// What a folder holds when a writer opens it, and what it must cut to go on. Only the last segment can be torn: every
// other one was complete before its successor was made, and the successor says how long it was. Control path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "journal/cursor.hpp"
#include "journal/folder.hpp"
#include "journal/segment.hpp"

namespace byteor::journal {

struct SegmentState {
  std::uint64_t first = 0;
  std::uint64_t bytes = 0;
  std::uint64_t created_ms = 0;
  std::uint64_t last_ms = 0;  // when its last record was appended; of an older one: when its successor was made
};

struct Recovered {
  std::uint64_t journal = 0;           // SegmentHeader.journal; 0 when there is no segment
  std::vector<SegmentState> segments;  // oldest first
  std::uint64_t next = 0;              // sequence of the next record
  std::uint64_t cursor = 0;            // of the reader
  // What was done, for the report.
  std::uint64_t cut_bytes = 0;  // of a torn tail, or of a segment that was about to be made
  std::string cut_file;
  std::uint64_t cut_offset = 0;
  std::uint64_t cursor_moved_back = 0;  // records that the reader had seen and that the torn tail took
};

// `restarted`: the machine may have gone down since the last writer, so that bytes that were not synced may be missing
// in any place and not only at the end. Throws JournalError.
Recovered recover(const Folder& folder, const RecordType& type, bool restarted);

// Checks that the segment with `header` continues the one before it. Throws JournalError: JOURNAL_GAP, JOURNAL_FOREIGN,
// JOURNAL_DAMAGED.
void check_chain(const Folder& folder, const SegmentHeader& before, std::uint64_t before_bytes,
                 const SegmentHeader& header);

}  // namespace byteor::journal

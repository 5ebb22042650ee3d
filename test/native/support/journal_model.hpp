// What a journal owes, said without looking at how it keeps it. The history tells the model what was appended, what was
// promised, and what happened to the process, the machine and the device; the model says of what the next open answers
// whether that is allowed.
//
//   records appended in this journal's life, by sequence
//   0 ────────────── synced ────────── written ────────── appended
//   │  any crash      │  of the process │  may be there    │
//   │  leaves these   │  leaves these   │  or not          │
//
// A record that an open has once left out must not come back: its sequence belongs to another one from then on.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "journal/journal_reader.hpp"

namespace byteor::test {

// A fault that was found: what kind, for shrinking, and the sentence.
struct Violation : std::runtime_error {
  Violation(std::string kind, const std::string& text)
      : std::runtime_error(kind + ": " + text), kind(std::move(kind)) {}
  std::string kind;
};

// The record with a number of its own: from nothing to some KiB, told from any other by its content.
std::string record_content(std::uint64_t id);
inline std::uint32_t record_content_flags(std::uint64_t id) { return static_cast<std::uint32_t>(id % 3); }

// What an open that succeeded says.
struct Opened {
  std::uint64_t first;
  std::uint64_t next;
  std::uint64_t cursor;
  std::uint64_t synced;
  std::uint64_t cursor_on_disk;  // what the files said before: 0 when nothing
};

class JournalModel {
 public:
  static constexpr std::uint64_t kNoRecord = 0;  // ids begin with 1

  // --- What happened ------------------------------------------------------------------------------------------------

  // Handed to the journal; it has the next sequence.
  void appended(std::uint64_t id) { ids_.push_back(id); }
  // The journal has said that records before `sequence` outlive the process, or any crash.
  void promise_written(std::uint64_t sequence);
  void promise_synced(std::uint64_t sequence);
  // The cursor was stored, or perhaps not.
  void cursor_stored(std::uint64_t sequence, bool stored);
  void power_failed() { lossy_ = cursor_lossy_ = true; }
  // Pages that a failed sync had not brought to the device are gone from the cache.
  void pages_lost() { lossy_ = cursor_lossy_ = true; }
  void sync_failed() { sync_failed_ = true; }
  // A device has said that something is on it, and it is not.
  void device_lied() { lied_ = true; }
  // The files are as they were in a moment when `count` records had been appended.
  void restored(std::uint64_t count);

  // --- What is allowed ----------------------------------------------------------------------------------------------

  // An open that nothing outside the journal has kept from being right, and the sequences of the records that a reader
  // gets from it, each of them checked; sets the model to what they say. Throws Violation.
  void check_opened(const Opened& opened, const std::vector<std::uint64_t>& served);
  // A record that a reader was given. Throws Violation.
  void check_record(std::uint64_t sequence, std::string_view content, std::uint32_t flags) const;
  // The same of one whose reader was promised that no crash takes it.
  void check_safe(std::uint64_t sequence) const;

  // Below it everything must be served, as far as retention has not removed it.
  std::uint64_t floor() const { return lossy_ ? synced_ : written_; }
  std::uint64_t appended() const { return ids_.size(); }
  // Behind the last record, of those before a sequence; what is left up to appended() nothing has.
  std::uint64_t records_end(std::uint64_t before = UINT64_MAX) const;
  bool has_record(std::uint64_t sequence) const { return ids_.at(sequence) != kNoRecord; }
  std::uint64_t written() const { return written_; }
  std::uint64_t synced() const { return synced_; }
  std::uint64_t cursor() const { return cursor_; }
  bool lied() const { return lied_; }
  bool lossy() const { return lossy_; }
  std::uint64_t record_bytes(std::uint64_t sequence) const { return record_content(ids_.at(sequence)).size(); }

 private:
  std::vector<std::uint64_t> ids_;  // by sequence; kNoRecord: none may have this one
  std::uint64_t written_ = 0;
  std::uint64_t synced_ = 0;
  std::uint64_t cursor_ = 0;
  bool lossy_ = false;
  bool cursor_lossy_ = false;
  bool lied_ = false;
  bool sync_failed_ = false;
};

}  // namespace byteor::test

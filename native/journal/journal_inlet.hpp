// The reading end of a journal lane as its reader sees it: first the records of earlier runs that had not arrived, from
// the files, then the lane itself. What the reader has released, and what has arrived where it went from there
// (Delivery), is kept in the cursor's file, in batches: after a crash the reader gets some records again, and misses
// none.
//
//   files ──[ cursor, opened_at )──▶ ┐
//                                    JournalInlet ──▶ stage or egress
//   lane  ──[ opened_at, … )───────▶ ┘
//
// Construction on the control path, throws CodedError. The rest belongs to the reader's thread. While it serves from
// the files it reads them, which may wait for the device; a record that does not check is reported as a failure and
// ends the inlet before it. Device calls (core/device_call.hpp) happen only where all that was consumed is released, so
// that a reader which is cut off in one has nothing half done.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/agent.hpp"
#include "journal/delivery.hpp"
#include "journal/journal_files.hpp"
#include "journal/journal_reader.hpp"
#include "lane/endpoint.hpp"

namespace byteor::journal {

struct JournalInletOptions {
  std::uint32_t agent = 0;  // index into AgentEntry of the reader, for failures
  // Records of earlier runs get ordinals of this run: first_ordinal and up by one, shifted as those of ingresses are.
  // The graph lets its ingresses begin behind them.
  std::uint64_t first_ordinal = 0;
  std::uint32_t ordinal_shift = 0;
  // The reader's counters: its records are those of the lane and those of the files. nullptr: another agent counts.
  abi::ConsumerBlock* counts = nullptr;
  // Records that arrive between two writes of the cursor; it is also written when all have.
  std::uint64_t cursor_records = 4096;
  // Where the records go from the reader; outlives the inlet. nullptr: what is released has arrived.
  Delivery* delivery = nullptr;
};

class JournalInlet final : public lane::Inlet {
 public:
  // `lane`: the reader's end of the lane; with the others it outlives the inlet.
  JournalInlet(lane::Inlet& lane, JournalFiles& files, abi::JournalBlock& block, core::FailureReporter& failures,
               const JournalInletOptions& options);
  // Without a Delivery, stores the cursor. The reader's thread has ended.
  ~JournalInlet() override;

  std::uint32_t peek(lane::LaneRecord* records, std::uint32_t limit) noexcept override;
  void consume(std::uint32_t count) noexcept override;
  bool release() noexcept override;
  std::uint64_t lower_bound() noexcept override;
  bool ended() noexcept override;
  bool damaged() const noexcept override { return !serves_files() && lane_.damaged(); }

  // Finds out how far records have arrived, for finish(). Once, when the reader's thread has ended or has been cut off.
  void settle() noexcept { settled_ = reached(1); }
  // Stores the cursor there. When all threads have ended and before the files are closed; may wait for the device.
  void finish() noexcept {
    if (settled_ != stored_) store_cursor(settled_);
    reader_.reset();
  }

 private:
  bool serves_files() const noexcept { return consumed_ < files_.opened_at(); }
  std::uint64_t records_from_begin(std::uint64_t sequence) const noexcept {
    return records_between(files_.recovered().gaps, began_at_, sequence);
  }
  void read_on() noexcept;
  std::uint64_t reached(std::uint64_t at_least) noexcept;
  void follow(std::uint64_t at_least) noexcept;
  void store_cursor(std::uint64_t sequence) noexcept;
  void fail(const char* cause) noexcept;
  std::uint64_t earlier_ordinal(std::uint64_t sequence) const noexcept {
    return (options_.first_ordinal + (sequence - began_at_)) << options_.ordinal_shift;
  }

  lane::Inlet& lane_;
  JournalFiles& files_;
  abi::JournalBlock& block_;
  core::FailureReporter& failures_;
  const JournalInletOptions options_;
  const std::uint64_t began_at_;
  std::unique_ptr<JournalReader> reader_;  // nullptr when there is nothing to be read from the files
  std::vector<JournalRecord> batch_;       // what the reader described last
  std::uint32_t batch_at_ = 0;
  std::uint32_t batch_end_ = 0;
  bool holds_batch_ = false;  // records of the batch are consumed and not released
  std::uint64_t consumed_;    // journal sequence of the next record
  std::uint64_t released_;
  std::uint64_t stored_;
  std::uint64_t settled_;
  bool failed_ = false;
};

}  // namespace byteor::journal

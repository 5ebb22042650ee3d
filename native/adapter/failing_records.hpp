// What becomes of a record that an adapter cannot take or write, by the policy (`on_error`) of its boundary:
//
//   ingress   longer than its shard or lane takes, or not of the plan's struct
//   egress    what the outside cannot hold, as a line feed in a line
//
// Under `stop` the adapter reports the record, and the pipeline stops as at any failure of an end; its counters say
// nothing of it. A letter has as much of the record as its lane takes, and says what is missing. Cold: called when a
// record has failed. The adapter's own thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "abi/abi_generated.hpp"
#include "core/cpu.hpp"
#include "lane/failed_records.hpp"

namespace byteor::adapter {

class FailingRecords {
 public:
  using Fate = lane::FailedRecords::Fate;

  // `on_error` outlives this; nullptr: stop.
  FailingRecords(lane::OnError* on_error, std::uint32_t agent) noexcept : on_error_(on_error), agent_(agent) {}

  bool stops() const noexcept { return on_error_ == nullptr || on_error_->code == abi::OnErrorCode::kStop; }

  // kGone: the record is done with, and counted at `end`, which is its producer or its consumer. kWait: its letter has
  // no room now. kStop: the pipeline stops at it. `message() -> std::string`: why it failed, and what to do.
  template <class End, class Message>
  BYTEOR_NEVER_INLINE Fate judge(End& end, lane::FailedRecord record, const Message& message) noexcept {
    if (stops()) return Fate::kStop;
    const std::uint32_t length = record.length;
    const bool cut = has_letters() && length > on_error_->letter_record_max();
    if (cut) {
      record.length = on_error_->letter_record_max();
      record.flags |= abi::kLetterCut;
    }
    lane::FailedRecords records(*on_error_, end.block(), agent_);
    return records.judge(record, [&] {
      if (!cut) return message();
      return message() + "; of the " + std::to_string(length) + " bytes that were read this letter has the first " +
             std::to_string(record.length);
    });
  }

  // Behind kWait: it will never have any.
  bool gives_up() const noexcept {
    // SYNC POINT S4: who failed the letters has set it before it stops what waits for them.
    return on_error_->letters_failed != nullptr && on_error_->letters_failed->load(std::memory_order_seq_cst);
  }

  // Nothing fails any more.
  void close() noexcept {
    if (on_error_ != nullptr) on_error_->close();
  }

 private:
  bool has_letters() const noexcept { return on_error_->letters != nullptr; }

  lane::OnError* const on_error_;
  const std::uint32_t agent_;
};

}  // namespace byteor::adapter

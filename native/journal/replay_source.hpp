// Feeds the records of a journal into a producer: an ingress without an adapter. As fast as the producer takes them, or
// at the pace at which they were recorded (to a millisecond: docs/journal.md). Reads without a lock, so the journal may
// be one that is being written; the source ends at the last record that is whole when it gets there.
//
// Nothing here waits. A full producer leaves the record for the next turn; between two records at recorded pace
// do_work() answers 0 and wait_descriptor() is an alarm. Construction on the control path; the agent's functions on its
// own thread; the counter from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "abi/abi_generated.hpp"
#include "core/agent.hpp"
#include "core/clock.hpp"
#include "journal/journal_reader.hpp"
#include "platform/alarm.hpp"

namespace byteor::journal {

enum class Pace { kFast, kRecorded };

struct ReplayOptions {
  std::uint32_t agent = 0;            // index into AgentEntry, for failures
  std::uint32_t batch_records = 256;  // most records in one turn
  Pace pace = Pace::kFast;
  std::uint64_t records_max = kNoSequence;  // the source ends after so many
};

// `Producer`: core::RecordProducer or a class with its record_max, record_bytes, try_claim, commit, publish,
// count_too_large and close.
template <class Producer>
class ReplaySource final : public core::Agent {
 public:
  // `reader` stands where the replay begins. The others outlive the source; `region_state` (abi::RegionState): from
  // Closing on, the source stops. Throws JournalError where there are no alarms to keep a pace with.
  ReplaySource(std::unique_ptr<JournalReader> reader, Producer& producer, core::FailureReporter& failures,
               const std::atomic<std::uint32_t>& region_state, const ReplayOptions& options)
      : reader_(std::move(reader)),
        producer_(producer),
        failures_(failures),
        region_state_(region_state),
        options_(options) {
    if (options_.pace == Pace::kRecorded && alarm_.descriptor() < 0)
      throw JournalError("JOURNAL_OPEN",
                         "records cannot be replayed at their recorded pace on this system; replay them "
                         "as fast as possible");
  }

  std::uint32_t do_work() noexcept override {
    if (ended_) return 0;
    waits_for_time_ = false;
    // SYNC POINT S9: also the look after arming.
    if (region_state_.load(std::memory_order_seq_cst) >= static_cast<std::uint32_t>(abi::RegionState::kClosing)) {
      finish();
      return 1;
    }
    std::uint32_t moved = 0;
    while (moved < options_.batch_records && !ended_ && take()) ++moved;
    producer_.publish();
    replayed_shown_.store(replayed_, std::memory_order_relaxed);
    // The end is work too: whoever sleeps must hear of the closed producer.
    return ended_ && moved == 0 ? 1 : moved;
  }

  bool done() noexcept override { return ended_; }

  core::WaitDescriptor wait_descriptor() const noexcept override {
    return waits_for_time_ ? alarm_.wait() : core::WaitDescriptor{};
  }

  // Records published.
  std::uint64_t records() const noexcept { return replayed_shown_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::uint32_t kBatch = 64;

  // Publishes the next record. False: not now, or the end.
  bool take() noexcept {
    if (at_ == end_ && !read_on()) return false;
    const JournalRecord& record = batch_[at_];
    if (options_.pace == Pace::kRecorded && !due(record.time_ms)) return false;
    if (record.length > producer_.record_max() ||
        (producer_.record_bytes() != 0 && record.length != producer_.record_bytes())) {
      refuse(record);
      return false;
    }
    std::byte* const to = producer_.try_claim(record.length);
    if (to == nullptr) return false;
    std::memcpy(to, record.data, record.length);
    producer_.commit(record.length, record.flags);
    ++at_;
    ++replayed_;
    return true;
  }

  bool read_on() noexcept {
    at_ = end_ = 0;
    const std::uint64_t left = options_.records_max - replayed_;
    if (left != 0) end_ = reader_->read(batch_, left < kBatch ? static_cast<std::uint32_t>(left) : kBatch);
    if (end_ != 0) return true;
    if (reader_->failed()) failures_.report_failure(options_.agent, reader_->next(), reader_->failure().what());
    finish();
    return false;
  }

  // True when as much time has passed since the first record as did when it was recorded.
  bool due(std::uint64_t time_ms) noexcept {
    const double now = core::now_ns();
    if (replayed_ == 0) {
      began_ns_ = now;
      began_ms_ = time_ms;
    }
    const double left_ns = began_ns_ + 1e6 * static_cast<double>(time_ms - began_ms_) - now;
    if (left_ns <= 0) return true;
    alarm_.set(static_cast<std::uint64_t>(left_ns / 1e6) + 1);
    waits_for_time_ = true;
    return false;
  }

  void refuse(const JournalRecord& record) noexcept {
    producer_.count_too_large();
    try {
      const bool fixed = producer_.record_bytes() != 0;
      const std::string cause =
          "the record with sequence " + std::to_string(record.sequence) + " of the journal has " +
          std::to_string(record.length) + " bytes, " +
          (fixed ? "but every record of this plan has " + std::to_string(producer_.record_bytes()) +
                       " (struct codec); replay it through the plan that wrote it"
                 : "more than the record maximum of " + std::to_string(producer_.record_max()) +
                       "; raise it with --record-max");
      failures_.report_failure(options_.agent, record.sequence, cause);
    } catch (const std::exception&) {
      failures_.report_failure(options_.agent, record.sequence, "a record does not have a length that this plan takes");
    }
    finish();
  }

  void finish() noexcept {
    replayed_shown_.store(replayed_, std::memory_order_relaxed);
    producer_.close();
    ended_ = true;
  }

  const std::unique_ptr<JournalReader> reader_;
  Producer& producer_;
  core::FailureReporter& failures_;
  const std::atomic<std::uint32_t>& region_state_;
  const ReplayOptions options_;
  platform::Alarm alarm_;
  JournalRecord batch_[kBatch];
  std::uint32_t at_ = 0;
  std::uint32_t end_ = 0;
  std::uint64_t replayed_ = 0;
  double began_ns_ = 0;
  std::uint64_t began_ms_ = 0;
  bool waits_for_time_ = false;
  bool ended_ = false;
  std::atomic<std::uint64_t> replayed_shown_{0};
};

}  // namespace byteor::journal

// Feeds the records of a journal into a producer: an ingress without an adapter. As fast as the producer takes them, or
// at the pace at which they were recorded (to a millisecond: docs/journal.md). Reads without a lock, so the journal may
// be one that is being written; the source ends at the last record that is whole when it gets there.
//
// A ring with several shards gets every record in the shard of its key. Nothing here waits. A full producer leaves the
// record for the next turn (a lane that drops takes it, and counts it); between two records at recorded pace do_work()
// answers 0 and wait_descriptor() is an alarm. Construction on the control path; the agent's functions on its own
// thread; the counters from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/clock.hpp"
#include "core/coded_error.hpp"
#include "core/device_call.hpp"
#include "core/source.hpp"
#include "journal/journal_reader.hpp"
#include "op/hash.hpp"
#include "op/key.hpp"
#include "platform/alarm.hpp"

namespace byteor::journal {

enum class Pace { kFast, kRecorded };

struct ReplayOptions {
  std::uint32_t agent = 0;            // index into AgentEntry, for failures
  std::uint32_t batch_records = 256;  // most records in one turn
  Pace pace = Pace::kFast;
  std::uint64_t records_max = kNoSequence;  // the source ends after so many
};

// `Producer`: core::RecordProducer, or the writing end of a lane with the same calls (and drops(), count_dropped()).
template <class Producer>
class ReplaySource final : public core::Source {
 public:
  // `reader` stands where the replay begins. `shards`: one producer each. They and the others outlive the source;
  // `key` may be nullptr with one shard; `region_state` (abi::RegionState): from Closing on, the source stops. Throws
  // CodedError where there are no alarms to keep a pace with.
  ReplaySource(std::unique_ptr<JournalReader> reader, std::vector<Producer*> shards, const op::KeyReader* key,
               core::FailureReporter& failures, const std::atomic<std::uint32_t>& region_state,
               const ReplayOptions& options)
      : reader_(std::move(reader)),
        shards_(std::move(shards)),
        key_(key),
        failures_(failures),
        region_state_(region_state),
        options_(options) {
    if (options_.pace == Pace::kRecorded && alarm_.descriptor() < 0)
      throw core::CodedError(abi::ErrorCode::kJournalOpen,
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
    if (core::cut_off()) return 0;
    for (Producer* shard : shards_) shard->publish();
    show();
    // The end is work too: a sleeping reader must hear of the closed producer.
    return ended_ && moved == 0 ? 1 : moved;
  }

  bool done() noexcept override { return ended_; }

  core::WaitDescriptor wait_descriptor() const noexcept override {
    return waits_for_time_ ? alarm_.wait() : core::WaitDescriptor{};
  }
  void close_files() noexcept override {
    reader_.reset();
    alarm_.close();
  }

  std::uint64_t records() const noexcept override { return records_shown_.load(std::memory_order_relaxed); }
  std::uint64_t bytes_read() const noexcept override { return bytes_shown_.load(std::memory_order_relaxed); }
  const std::optional<std::uint64_t>& input_bytes() const noexcept override { return input_bytes_; }
  std::uint64_t torn_bytes() const noexcept override { return torn_shown_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::uint32_t kBatch = 64;

  static bool may_drop(const Producer& producer) noexcept {
    if constexpr (requires { producer.drops(); }) return producer.drops();
    return false;
  }
  static void count_dropped(Producer& producer, bool too_large) noexcept {
    if constexpr (requires { producer.count_dropped(too_large); }) producer.count_dropped(too_large);
  }

  // Publishes the next record. False: not now, or the end.
  bool take() noexcept {
    if (at_ == end_ && !read_on()) return false;
    const JournalRecord& record = batch_[at_];
    if (options_.pace == Pace::kRecorded && !due(record.time_ms)) return false;
    if (!routed_) route(record);
    Producer& shard = *shards_[shard_];
    const bool fits =
        record.length <= shard.record_max() && (shard.record_bytes() == 0 || record.length == shard.record_bytes());
    if (!fits && !may_drop(shard)) {
      refuse(record, shard);
      return false;
    }
    std::byte* const to = fits ? shard.try_claim(record.length) : nullptr;
    if (to == nullptr) {
      if (!may_drop(shard)) return false;
      count_dropped(shard, !fits);
    } else {
      std::memcpy(to, record.data, record.length);
      shard.commit(record.length, record.flags);
    }
    if (keyless_) shard.count_keyless();
    routed_ = false;
    bytes_ += record.length;
    ++at_;
    ++replayed_;
    return true;
  }

  void route(const JournalRecord& record) noexcept {
    routed_ = true;
    if (shards_.size() == 1) return;
    const auto hash = key_->find_hash({reinterpret_cast<const char*>(record.data), record.length});
    keyless_ = !hash.has_value();
    shard_ = keyless_ ? 0 : op::shard_of(*hash, static_cast<std::uint32_t>(shards_.size()));
  }

  bool read_on() noexcept {
    at_ = end_ = 0;
    const std::uint64_t left = options_.records_max - replayed_;
    if (left != 0) {
      const core::DeviceCall call;
      end_ = reader_->read(batch_, left < kBatch ? static_cast<std::uint32_t>(left) : kBatch);
    }
    if (core::cut_off()) {
      end_ = 0;
      return false;
    }
    if (end_ != 0) return true;
    if (reader_->failed()) fail(reader_->failure().what());
    torn_shown_.store(reader_->torn_bytes(), std::memory_order_relaxed);
    finish();
    return false;
  }

  // True when as much time has passed since the first record as did when it was recorded.
  bool due(std::uint64_t time_ms) noexcept {
    const double now = core::now_ns();
    if (!began_) {
      began_ = true;
      began_ns_ = now;
      began_ms_ = time_ms;
    }
    const double left_ns = began_ns_ + 1e6 * static_cast<double>(time_ms - began_ms_) - now;
    if (left_ns <= 0) return true;
    alarm_.set(static_cast<std::uint64_t>(left_ns / 1e6) + 1);
    waits_for_time_ = true;
    return false;
  }

  void refuse(const JournalRecord& record, Producer& shard) noexcept {
    shard.count_too_large();
    try {
      const bool fixed = shard.record_bytes() != 0;
      const std::string cause = "the record with sequence " + std::to_string(record.sequence) + " of the journal has " +
                                std::to_string(record.length) + " bytes, " +
                                (fixed ? "but every record of this plan has " + std::to_string(shard.record_bytes()) +
                                             " (struct codec); replay it through the plan that wrote it"
                                       : "more than the record maximum of " + std::to_string(shard.record_max()) +
                                             "; raise it with --record-max");
      fail(cause);
    } catch (const std::exception&) {
      fail("a record does not have a length that this plan takes");
    }
    finish();
  }

  // At the sequence that the record would have had in the pipeline, as every ingress does: failures of one pipeline are
  // compared by it. The sequence in the journal stands in the cause.
  void fail(std::string_view cause) noexcept {
    const Producer& shard = *shards_[shard_];
    failures_.report_failure(options_.agent, shard.published() + shard.unpublished(), cause);
  }

  void show() noexcept {
    records_shown_.store(replayed_, std::memory_order_relaxed);
    bytes_shown_.store(bytes_, std::memory_order_relaxed);
  }

  void finish() noexcept {
    show();
    for (Producer* shard : shards_) shard->close();
    ended_ = true;
  }

  std::unique_ptr<JournalReader> reader_;  // gone once the descriptors have been given back
  const std::vector<Producer*> shards_;
  const op::KeyReader* const key_;
  core::FailureReporter& failures_;
  const std::atomic<std::uint32_t>& region_state_;
  const ReplayOptions options_;
  platform::Alarm alarm_;
  JournalRecord batch_[kBatch];
  std::uint32_t at_ = 0;
  std::uint32_t end_ = 0;
  std::uint32_t shard_ = 0;  // of the next record, once it is routed
  bool routed_ = false;
  bool keyless_ = false;
  std::uint64_t replayed_ = 0;
  std::uint64_t bytes_ = 0;
  bool began_ = false;
  double began_ns_ = 0;
  std::uint64_t began_ms_ = 0;
  bool waits_for_time_ = false;
  bool ended_ = false;
  // Not known: a record is shorter than what it takes in the files.
  const std::optional<std::uint64_t> input_bytes_ = std::nullopt;
  std::atomic<std::uint64_t> records_shown_{0};
  std::atomic<std::uint64_t> bytes_shown_{0};
  std::atomic<std::uint64_t> torn_shown_{0};
};

}  // namespace byteor::journal

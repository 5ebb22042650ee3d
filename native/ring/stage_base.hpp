// What the agents of a ring's stages have in common, whichever contract their op has: where a stage stands, what it
// shows, and how it goes on, or not, behind a record that failed. Hot code: no allocation after construction, no
// exception; the cause of a failure may allocate.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/agent.hpp"
#include "core/clock.hpp"
#include "core/cpu.hpp"
#include "core/histogram.hpp"
#include "core/paced_barrier.hpp"
#include "core/record.hpp"
#include "core/shard_end.hpp"
#include "core/stamps.hpp"
#include "lane/failed_records.hpp"

namespace byteor::ring {

struct StageContext {
  core::RingMemory ring;
  core::PacedBarrier barrier;
  core::ShardEnd end;
  std::atomic<std::uint64_t>* stop_before = nullptr;
  abi::ConsumerBlock* block = nullptr;
  abi::AgentEntry* entry = nullptr;
  std::uint32_t agent_index = 0;
  std::uint32_t upstream_agent = 0;             // whom it waits for, in words for an observer: its first dependency
  std::vector<const std::uint8_t*> marks = {};  // planes of the nearest marking ancestors
  std::uint8_t* own_marks = nullptr;            // of an op that filters, or goes on without records that fail
  lane::OnError on_error = {};
  core::StampTable stamps = {};
  std::vector<core::StampTable> upstream_stamps = {};
  core::Histogram histogram = {};
  core::FailureReporter* failures = nullptr;
  bool checks_slots = false;  // it is the first to look at what JavaScript wrote; such a stage reads no marks
  core::Room room = {};       // what its op may write around a record
  std::uint32_t batch_records = 0;
  std::uint64_t first = 0;
};

// One stage in one shard: it waits for its dependencies' sequences, works in place on a batch, and moves its own
// sequence on.
class StageBase : public core::Agent {
 public:
  explicit StageBase(StageContext context)
      : context_(std::move(context)),
        next_(context_.first),
        limit_(context_.batch_records),
        shown_from_(context_.first),
        failed_records_(context_.on_error, *context_.block, context_.agent_index) {}

  void end_backoff() noexcept override { context_.barrier.end_backoff(); }

  void give_up(std::string_view cause) noexcept override {
    if (failed_) return;
    halt_ = Halt::kFailed;
    halt([&] { return std::string(cause); });
  }

  // Sequence of the next record. To be read when its thread has ended.
  const std::uint64_t& next() const noexcept { return next_; }

  bool done() noexcept override {
    if (!ended() || owes_end_of_letters()) return false;
    if (!failed_) observe(abi::AgentState::kDone, abi::kNone);
    return true;
  }

 protected:
  using Fate = lane::FailedRecords::Fate;
  // What keeps it at the record at next_: it has failed, or waits for room for its letter.
  enum class Halt : std::uint8_t { kNot, kFailed, kLetter };

  // There is nothing to read.
  std::uint32_t rest() noexcept {
    if (failed_) return 0;
    observe(abi::AgentState::kWaiting, context_.upstream_agent);
    return owes_end_of_letters() && ended() ? close_letters() : 0;
  }

  // The record at next_ has failed, and this becomes of it.
  void settle_failed(Fate fate) noexcept {
    halt_ = Halt::kNot;
    switch (fate) {
      case Fate::kPass:
        mark(0);
        break;
      case Fate::kGone:
        mark(1);
        ++gone_;
        ++failed_gone_;
        break;
      case Fate::kWait:
        halt_ = Halt::kLetter;
        return;
      case Fate::kStop:
        halt_ = Halt::kFailed;
        ++gone_;
        ++failed_gone_;
        --shown_from_;
        return;
    }
    ++next_;
  }

  bool waits_for_letter() const noexcept { return halt_ == Halt::kLetter; }
  // Unless its shard was stopped before the record: its letter will not be written any more.
  bool stays_for_letter() const noexcept { return waits_for_letter() && !ended(); }

  // Ends a turn that began at `begin`.
  template <bool kFilters>
  BYTEOR_ALWAYS_INLINE std::uint32_t end_turn(std::uint64_t begin) noexcept {
    if (const std::uint64_t sampled = core::first_sampled(begin, next_); sampled != next_) stamp(sampled);
    store_counters<kFilters>();
    // SYNC POINT S1: publishes what this stage wrote (bytes, slots, marks, stamps) to the stages after it, and to a
    // producer that may reuse the slots.
    core::publish_to(context_.block->sequence, next_, context_.ring.may_sleep);
    return static_cast<std::uint32_t>(next_ - begin);
  }

  // Likewise, where the record at next_ has failed: the batch ends with it, so that the loop over records knows nothing
  // of failures. `cause() -> std::string`: why it did, where the stage stays at it.
  template <bool kFilters, class Cause>
  std::uint32_t end_turn_at_failed(std::uint64_t begin, Fate fate, const Cause& cause) noexcept {
    settle_failed(fate);
    limit_ = waits_for_letter() ? 0 : context_.batch_records;
    const std::uint32_t moved = end_turn<kFilters>(begin);
    if (halt_ != Halt::kNot) return moved + halt(cause);
    observe(abi::AgentState::kWorking, abi::kNone);
    return moved;
  }

  bool marked(std::uint32_t index) const noexcept {
    for (const std::uint8_t* plane : context_.marks)
      if (plane[index] != 0) return true;
    return false;
  }

  void mark(std::uint8_t value) noexcept {
    if (context_.own_marks != nullptr)
      context_.own_marks[static_cast<std::uint32_t>(next_) & context_.ring.slot_mask] = value;
  }

  void observe(abi::AgentState state, std::uint32_t waits_for) noexcept {
    if (state == observed_) return;
    observed_ = state;
    context_.entry->state.store(static_cast<std::uint32_t>(state), std::memory_order_relaxed);
    context_.entry->waits_for.store(waits_for, std::memory_order_relaxed);
  }

  StageContext context_;
  std::uint64_t next_;
  std::uint32_t limit_;       // records that a turn looks at: none while one waits for room for its letter
  std::uint64_t shown_from_;  // what the op has been shown is from here to next_, but for skipped_
  std::uint64_t skipped_ = 0;
  std::uint64_t gone_ = 0;         // filtered, or failed and not passed on
  std::uint64_t failed_gone_ = 0;  // the latter
  lane::FailedRecords failed_records_;
  abi::AgentState observed_ = abi::AgentState::kIdle;
  Halt halt_ = Halt::kNot;
  bool failed_ = false;
  bool damaged_ = false;
  bool letters_closed_ = false;

 private:
  void stamp(std::uint64_t sampled) noexcept {
    const double now = core::now_ns();
    for (std::uint64_t s = sampled; s < next_; s += std::uint64_t{1} << abi::kSampleShift) {
      double ready = 0;
      for (const core::StampTable& table : context_.upstream_stamps) ready = std::max(ready, table.at(s));
      context_.stamps.at(s) = now;
      context_.histogram.record(now - ready);
    }
  }

  template <bool kFilters>
  BYTEOR_ALWAYS_INLINE void store_counters() noexcept {
    const auto put = [](std::atomic<double>& cell, std::uint64_t value) {
      cell.store(static_cast<double>(value), std::memory_order_relaxed);
    };
    const std::uint64_t shown = next_ - shown_from_ - skipped_;
    put(context_.block->in, shown);
    put(context_.block->skipped, skipped_);
    if constexpr (kFilters) put(context_.block->filtered, gone_ - failed_gone_);
    put(context_.block->out, shown - gone_);
  }

  bool ended() const noexcept { return !context_.barrier.backs_off() && context_.end.reached(next_); }
  bool owes_end_of_letters() const noexcept { return context_.on_error.letters != nullptr && !letters_closed_; }

  // A reader that sleeps must hear of it: it is work.
  std::uint32_t close_letters() noexcept {
    context_.on_error.close();
    letters_closed_ = true;
    return 1;
  }

  // It stays at the record at next_, and everything before it is on its way. What has moved beyond the records.
  template <class Cause>
  std::uint32_t halt(const Cause& cause) noexcept {
    if (halt_ == Halt::kLetter) {
      observe(abi::AgentState::kStalled, failed_records_.letters_agent());
      return 0;
    }
    failed_ = true;
    halt_ = Halt::kNot;
    // What it knew of does not go any further: S4.
    context_.barrier.forget(next_);
    core::stop_shard_before(*context_.stop_before, next_);
    context_.failures->report_failure(context_.agent_index, next_,
                                      damaged_ ? std::string(core::kDamagedRecord) : failed_records_.told(cause()));
    close_letters();
    observe(abi::AgentState::kFailed, abi::kNone);
    return 1;
  }
};

}  // namespace byteor::ring

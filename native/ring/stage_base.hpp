// What the agents of a ring's stages have in common, whichever contract their op has: where a stage stands, what it
// shows, and how it fails. Hot code: no allocation after construction, no exception; a cause may allocate.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
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
  std::vector<const std::uint8_t*> marks = {};  // planes of the nearest filtering ancestors
  std::uint8_t* own_marks = nullptr;
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
  explicit StageBase(StageContext context) : context_(std::move(context)), next_(context_.first) {}

  void end_backoff() noexcept override { context_.barrier.end_backoff(); }

  // Sequence of the next record. To be read when its thread has ended.
  const std::uint64_t& next() const noexcept { return next_; }

  bool done() noexcept override {
    if (context_.barrier.backs_off() || !context_.end.reached(next_)) return false;
    if (!failed_) observe(abi::AgentState::kDone, abi::kNone);
    return true;
  }

 protected:
  // Nothing to read: 0.
  std::uint32_t rest() noexcept {
    if (!failed_) observe(abi::AgentState::kWaiting, context_.upstream_agent);
    return 0;
  }

  // Ends a turn that began at `begin`; the record at next_ has failed where `failed`.
  template <bool kFilters, class Cause>
  BYTEOR_ALWAYS_INLINE std::uint32_t finish_turn(std::uint64_t begin, bool failed, const Cause& cause) noexcept {
    if (const std::uint64_t sampled = core::first_sampled(begin, next_); sampled != next_) stamp(sampled);
    store_counters<kFilters>();
    // SYNC POINT S1: publishes what this stage wrote (bytes, slots, marks, stamps) to the stages after it, and to a
    // producer that may reuse the slots.
    core::publish_to(context_.block->sequence, next_, context_.ring.may_sleep);
    if (failed) [[unlikely]] {
      if (damaged_)
        fail(core::kDamagedRecord);
      else
        fail(cause());
    }
    observe(failed ? abi::AgentState::kFailed : abi::AgentState::kWorking, abi::kNone);
    return static_cast<std::uint32_t>(next_ - begin) + (failed ? 1 : 0);
  }

  bool marked(std::uint32_t index) const noexcept {
    for (const std::uint8_t* plane : context_.marks)
      if (plane[index] != 0) return true;
    return false;
  }

  void observe(abi::AgentState state, std::uint32_t waits_for) noexcept {
    if (state == observed_) return;
    observed_ = state;
    context_.entry->state.store(static_cast<std::uint32_t>(state), std::memory_order_relaxed);
    context_.entry->waits_for.store(waits_for, std::memory_order_relaxed);
  }

  StageContext context_;
  std::uint64_t next_;
  std::uint64_t in_ = 0;
  std::uint64_t skipped_ = 0;
  std::uint64_t filtered_ = 0;
  abi::AgentState observed_ = abi::AgentState::kIdle;
  bool failed_ = false;
  bool damaged_ = false;

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
    put(context_.block->in, in_);
    put(context_.block->skipped, skipped_);
    if constexpr (kFilters) put(context_.block->filtered, filtered_);
    put(context_.block->out, in_ - filtered_);
  }

  void fail(std::string_view cause) noexcept {
    failed_ = true;
    // What it knew of does not go any further: S4.
    context_.barrier.forget(next_);
    context_.block->failed.store(1, std::memory_order_relaxed);
    context_.block->out.store(static_cast<double>(in_ - filtered_ - 1), std::memory_order_relaxed);
    core::stop_shard_before(*context_.stop_before, next_);
    context_.failures->report_failure(context_.agent_index, next_, cause);
  }
};

}  // namespace byteor::ring

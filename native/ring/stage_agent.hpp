// A stage of a ring at work on one shard: it waits for its dependencies' sequences, works in place on a batch, and
// moves its own sequence on. One virtual call a batch, none a record: op and layout are template arguments. Hot code:
// no allocation after construction, no exception.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>
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
#include "op/apply.hpp"
#include "op/op.hpp"

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

template <class Layout, class Op>
class alignas(core::kCacheBlock) StageAgent final : public core::Agent {
 public:
  StageAgent(StageContext context, Op& op)
      : context_(std::move(context)),
        op_(op),
        next_(context_.first),
        failed_records_(context_.on_error, *context_.block, context_.agent_index) {}

  std::uint32_t do_work() noexcept override {
    const std::uint64_t end = context_.barrier.available(next_, context_.batch_records, true);
    if (end == next_) return rest();
    const std::uint64_t begin = next_;
    // A record whose letter waits for room has been shown to the op.
    while ((halt_ != Halt::kNot || work(end)) && goes_on(end)) {
    }
    if (const std::uint64_t sampled = core::first_sampled(begin, next_); sampled != next_) stamp(sampled);
    store_counters();
    // SYNC POINT S1: publishes what this stage wrote (bytes, slots, marks, stamps) to the stages after it, and to a
    // producer that may reuse the slots.
    core::publish_to(context_.block->sequence, next_, context_.ring.may_sleep);
    const auto moved = static_cast<std::uint32_t>(next_ - begin);
    if (halt_ != Halt::kNot) [[unlikely]]
      return moved + halt();
    observe(abi::AgentState::kWorking, abi::kNone);
    return moved;
  }

  void end_backoff() noexcept override { context_.barrier.end_backoff(); }

  // Sequence of the next record. To be read when its thread has ended.
  const std::uint64_t& next() const noexcept { return next_; }

  bool done() noexcept override {
    if (!ended() || owes_end_of_letters()) return false;
    if (!failed_) observe(abi::AgentState::kDone, abi::kNone);
    return true;
  }

 private:
  // What keeps it at the record at next_: it has failed, or waits for room for its letter.
  enum class Halt : std::uint8_t { kNot, kFailed, kLetter };

  // Moves next_ to `end`, or to the record that failed; true when one did.
  bool work(std::uint64_t end) noexcept {
    if constexpr (Op::kFails && !Op::kFilters)
      if (context_.own_marks != nullptr) [[unlikely]]
        prepare_marks(end);
    if constexpr (Layout::kHasSlots)
      if (context_.checks_slots) return work_each<false, true>(end);
    if (!context_.marks.empty()) return work_each<true, false>(end);
    if constexpr (op::kPassive<Op>) {
      in_ += end - next_;
      next_ = end;
      return false;
    }
    if constexpr (op::PassesStructs<Op> && !Layout::kHasSlots) {
      work_by_spans(end);
      return false;
    }
    return work_each<false, false>(end);
  }

  // Structs that lie side by side, up to the wrap and behind it.
  void work_by_spans(std::uint64_t end) noexcept {
    const core::RingMemory& ring = context_.ring;
    while (next_ != end) {
      const std::uint32_t to_wrap = core::FixedLayout::to_wrap(ring, next_);
      const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(end - next_, to_wrap));
      op::apply_to_span(op_, {core::FixedLayout::at(ring, next_), count, ring.slot_stride}, ring.record_bytes);
      in_ += count;
      next_ += count;
    }
  }

  template <bool kReadsMarks, bool kChecksSlots>
  bool work_each(std::uint64_t end) noexcept {
    // In registers: a compiler does not keep members there over the loads of a slot.
    const core::RingMemory ring = context_.ring;
    const core::Room room = Op::kWrites ? context_.room : core::Room{};
    for (; next_ != end; ++next_) {
      const std::uint32_t index = static_cast<std::uint32_t>(next_) & ring.slot_mask;
      if constexpr (kReadsMarks) {
        if (marked(index)) {
          if constexpr (Op::kFilters) context_.own_marks[index] = 1;
          ++skipped_;
          continue;
        }
      }
      ++in_;
      typename Layout::Slot slot;
      core::RecordRef record;
      const bool sound = kChecksSlots ? Layout::load_written(ring, next_, slot, record)
                                      : Layout::load(ring, next_, room, slot, record);
      if (!sound) [[unlikely]]
        return damaged_ = true;
      const op::Outcome outcome = op_.apply(record);
      if constexpr (Op::kFails) {
        if (outcome == op::Outcome::kFail) [[unlikely]]
          return true;
      }
      if constexpr (Op::kWrites) Layout::store(ring, next_, slot, record);
      if constexpr (Op::kFilters) {
        const bool filtered = outcome == op::Outcome::kFilter;
        context_.own_marks[index] = filtered ? 1 : 0;
        gone_ += filtered ? 1 : 0;
      }
    }
    return false;
  }

  bool marked(std::uint32_t index) const noexcept {
    for (const std::uint8_t* plane : context_.marks)
      if (plane[index] != 0) return true;
    return false;
  }

  // Of an op that does not filter, so that the loop over records has no mark to write: its plane says before the work
  // what the marks before it say, and gets a mark for each record that fails.
  BYTEOR_NEVER_INLINE void prepare_marks(std::uint64_t end) noexcept {
    for (std::uint64_t s = next_; s != end; ++s) {
      const std::uint32_t index = static_cast<std::uint32_t>(s) & context_.ring.slot_mask;
      context_.own_marks[index] = marked(index) ? 1 : 0;
    }
  }

  // The record at next_ has failed. True when the stage goes on behind it, and the batch is not at its end.
  BYTEOR_NEVER_INLINE bool goes_on(std::uint64_t end) noexcept {
    using Fate = lane::FailedRecords::Fate;
    if (halt_ == Halt::kLetter) ++in_;
    halt_ = Halt::kNot;
    switch (fate()) {
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
        --in_;
        return false;
      case Fate::kStop:
        halt_ = Halt::kFailed;
        ++gone_;
        ++failed_gone_;
        return false;
    }
    return ++next_ != end;
  }

  lane::FailedRecords::Fate fate() noexcept {
    core::RecordRef record{};
    typename Layout::Slot slot;
    // Built-ins decide before they write, so the slot has the record as it came.
    damaged_ = damaged_ || !Layout::load(context_.ring, next_, Op::kWrites ? context_.room : core::Room{}, slot, record);
    if (damaged_) {
      failed_records_.stop(abi::FailureCause::kDamaged);
      return lane::FailedRecords::Fate::kStop;
    }
    return failed_records_.judge({record.data, record.length, record.flags, next_, abi::FailureCause::kRejected},
                                 [this] { return op_.cause(); });
  }

  void mark(std::uint8_t value) noexcept {
    if (context_.own_marks != nullptr)
      context_.own_marks[static_cast<std::uint32_t>(next_) & context_.ring.slot_mask] = value;
  }

  void stamp(std::uint64_t sampled) noexcept {
    const double now = core::now_ns();
    for (std::uint64_t s = sampled; s < next_; s += std::uint64_t{1} << abi::kSampleShift) {
      double ready = 0;
      for (const core::StampTable& table : context_.upstream_stamps) ready = std::max(ready, table.at(s));
      context_.stamps.at(s) = now;
      context_.histogram.record(now - ready);
    }
  }

  void store_counters() noexcept {
    const auto put = [](std::atomic<double>& cell, std::uint64_t value) {
      cell.store(static_cast<double>(value), std::memory_order_relaxed);
    };
    put(context_.block->in, in_);
    put(context_.block->skipped, skipped_);
    if constexpr (Op::kFilters) put(context_.block->filtered, gone_ - failed_gone_);
    put(context_.block->out, in_ - gone_);
  }

  // There is nothing to read.
  std::uint32_t rest() noexcept {
    if (failed_) return 0;
    observe(abi::AgentState::kWaiting, context_.upstream_agent);
    return owes_end_of_letters() && ended() ? close_letters() : 0;
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
  BYTEOR_NEVER_INLINE std::uint32_t halt() noexcept {
    if (halt_ == Halt::kLetter) {
      observe(abi::AgentState::kStalled, failed_records_.letters_agent());
      return 0;
    }
    failed_ = true;
    halt_ = Halt::kNot;
    // What it knew of does not go any further: S4.
    context_.barrier.forget(next_);
    core::stop_shard_before(*context_.stop_before, next_);
    context_.failures->report_failure(
        context_.agent_index, next_,
        damaged_ ? std::string(core::kDamagedRecord) : failed_records_.told(op_.cause()));
    close_letters();
    observe(abi::AgentState::kFailed, abi::kNone);
    return 1;
  }

  void observe(abi::AgentState state, std::uint32_t waits_for) noexcept {
    if (state == observed_) return;
    observed_ = state;
    context_.entry->state.store(static_cast<std::uint32_t>(state), std::memory_order_relaxed);
    context_.entry->waits_for.store(waits_for, std::memory_order_relaxed);
  }

  StageContext context_;
  Op& op_;
  std::uint64_t next_;
  std::uint64_t in_ = 0;
  std::uint64_t skipped_ = 0;
  std::uint64_t gone_ = 0;         // filtered, or failed and not passed on
  std::uint64_t failed_gone_ = 0;  // the latter
  lane::FailedRecords failed_records_;
  abi::AgentState observed_ = abi::AgentState::kIdle;
  Halt halt_ = Halt::kNot;
  bool failed_ = false;
  bool damaged_ = false;
  bool letters_closed_ = false;
};

}  // namespace byteor::ring

// Structs of a lane published one by one, each with two stores: itself, and the cursor. Room, counters and prefetching
// are seen to once in eight lines. A rejected way, kept compiling (docs/decisions/116): four times as fast as a claim,
// a commit and a publication a record, and no plan pushes structs from a native end one at a time.
//
// In place of a lane::SlotsWriter, on memory without ordinals. Hot code: no allocation after construction, no
// exception.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "abi/abi_generated.hpp"
#include "core/clock.hpp"
#include "core/cpu.hpp"
#include "core/gates.hpp"
#include "core/record.hpp"
#include "core/stamps.hpp"

namespace byteor::bench {

class StructPushes {
 public:
  // `cross_thread`: a reader runs on another CPU.
  StructPushes(const core::RingMemory& ring, abi::ProducerBlock& block, core::Gates gates, core::StampTable stamps,
               std::uint64_t first, bool cross_thread)
      : ring_(ring),
        block_(block),
        gates_(std::move(gates)),
        stamps_(stamps),
        first_(first),
        slots_a_line_(std::max(1u, static_cast<std::uint32_t>(core::kCacheLine) / ring.slot_stride)),
        pushed_slots_(slots_a_line_ == 1 && ring.may_sleep ? 1 : kPushedLines * slots_a_line_),
        ahead_(core::kFetchAheadBytes / ring.slot_stride),
        cross_thread_(cross_thread),
        next_(first),
        easy_until_(first),
        gate_(first),
        fetched_(first) {}
  ~StructPushes() { count_until(next_); }

  StructPushes(const StructPushes&) = delete;
  StructPushes& operator=(const StructPushes&) = delete;

  // Where to make the next record, or nullptr while the lane is full. Making it elsewhere and copying it costs more
  // than the copy: a load that spans several of the stores before it waits until they have left the core, one after
  // the other with all that lie before them.
  BYTEOR_ALWAYS_INLINE std::byte* try_claim() noexcept {
    if (next_ == easy_until_) [[unlikely]] {
      easy_until_ = resume();
      if (next_ == easy_until_) return nullptr;
    }
    return core::FixedLayout::at(ring_, next_);
  }

  // The claimed record is complete, and readers may have it.
  BYTEOR_ALWAYS_INLINE void push() noexcept {
    ++next_;
    // As SYNC POINT S1: publishes the slot and the stamp to every reader.
    core::publish_to(block_.cursor, next_, ring_.may_sleep);
  }

  void close() noexcept {
    count_until(next_);
    block_.closed.store(1, std::memory_order_seq_cst);
  }

 private:
  static constexpr std::uint32_t kFetchAgainLines = 3;
  // What is published without looking up: with four lines, records of 64 bytes came a quarter slower on the same core;
  // with sixteen, those of 8 a tenth slower cross-core. But where readers may sleep, each store is waited for, and so
  // the nearest lines have to be asked for again at each: a third of the 64-byte records came through otherwise.
  static constexpr std::uint32_t kPushedLines = 8;

  // The end of what may be published before the next call, counted as published; next_ while the lane is full. A
  // sampled record is stamped here, and ends such a range.
  BYTEOR_NEVER_INLINE std::uint64_t resume() noexcept {
    if (next_ - gate_ >= ring_.capacity) gate_ = gates_.look(gate_, next_);
    if (next_ - gate_ >= ring_.capacity) return next_;
    if (core::first_sampled(next_, next_ + 1) == next_) stamps_.at(next_) = core::now_ns();
    const std::uint64_t room = gate_ + ring_.capacity;
    const std::uint64_t until = std::min({room, core::first_sampled(next_ + 1, core::kNoLimit), next_ + pushed_slots_});
    count_until(until);
    // From a same-core reader, lines that are a record each came a third faster unasked.
    if (cross_thread_ && (slots_a_line_ > 1 || gates_.cross_core())) fetch_ahead(std::min(until + ahead_, room));
    return until;
  }

  void count_until(std::uint64_t sequence) noexcept {
    const auto records = static_cast<double>(static_cast<std::int64_t>(sequence - first_));
    block_.published.store(records, std::memory_order_relaxed);
    block_.bytes.store(records * ring_.record_bytes, std::memory_order_relaxed);
  }

  void fetch_ahead(std::uint64_t end) noexcept {
    if (fetched_ >= end) return;
    for (fetched_ = std::max(fetched_, next_); fetched_ < end; fetched_ += slots_a_line_) fetch(fetched_);
    for (std::uint32_t line = 1; line <= kFetchAgainLines; ++line) fetch(next_ + line * slots_a_line_);
  }

  void fetch(std::uint64_t sequence) const noexcept {
    core::prefetch_lines_for_write(core::FixedLayout::at(ring_, sequence), ring_.slot_stride);
  }

  const core::RingMemory ring_;
  abi::ProducerBlock& block_;
  core::Gates gates_;
  const core::StampTable stamps_;
  const std::uint64_t first_;
  const std::uint32_t slots_a_line_;
  const std::uint32_t pushed_slots_;
  const std::uint32_t ahead_;  // slots
  const bool cross_thread_;
  std::uint64_t next_;
  std::uint64_t easy_until_;  // before it, nothing is to be seen to but the record and the cursor
  std::uint64_t gate_;
  std::uint64_t fetched_;
};

}  // namespace byteor::bench

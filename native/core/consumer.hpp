// The reading end of one shard for a native egress: records that no stage filtered, in order, in place. One reader.
// Hot code: no allocation after construction, no exception.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/clock.hpp"
#include "core/cpu.hpp"
#include "core/histogram.hpp"
#include "core/paced_barrier.hpp"
#include "core/record.hpp"
#include "core/sequence.hpp"
#include "core/shard_end.hpp"
#include "core/stamps.hpp"

namespace byteor::core {

// On blocks of its own, for the reason given at RecordProducer.
class alignas(kCacheBlock) RecordConsumer {
 public:
  // `stamps` and `histogram` measure the last hop; without them nothing is measured.
  RecordConsumer(const RingMemory& ring, abi::ConsumerBlock& block, ShardEnd end, PacedBarrier barrier,
                 std::vector<const std::uint8_t*> marks, std::uint64_t first, std::vector<StampTable> stamps = {},
                 Histogram histogram = {})
      : ring_(ring),
        block_(block),
        end_(end),
        barrier_(std::move(barrier)),
        marks_(std::move(marks)),
        stamps_(std::move(stamps)),
        histogram_(histogram),
        next_(first),
        released_(first) {}

  RecordConsumer(const RecordConsumer&) = delete;
  RecordConsumer& operator=(const RecordConsumer&) = delete;

  // Hands at most `limit` records to `take(sequence, record) -> bool` (false: not this one, stop here) and returns how
  // many sequences it moved over, filtered ones included. Records stay readable until release().
  template <class Take>
  std::uint32_t consume(std::uint32_t limit, Take&& take) noexcept {
    const std::uint64_t end = barrier_.available(next_, limit, next_ == released_);
    const std::uint64_t begin = next_;
    // In registers: a compiler does not keep members there over the loads of a slot.
    const RingMemory ring = ring_;
    for (; next_ != end; ++next_) {
      if (filtered(next_)) {
        ++skipped_;
        continue;
      }
      RecordRef record;
      if (!load_record(ring, next_, record)) [[unlikely]] {
        damaged_ = true;
        break;
      }
      if (!take(next_, record)) break;
      ++in_;
      bytes_ += record.length;
    }
    return static_cast<std::uint32_t>(next_ - begin);
  }

  // Everything consumed so far may be overwritten. True when there was something to release.
  bool release() noexcept {
    if (released_ == next_) return false;
    if (!stamps_.empty()) measure();
    released_ = next_;
    block_.in.store(static_cast<double>(in_), std::memory_order_relaxed);
    block_.out.store(static_cast<double>(in_ - failed_), std::memory_order_relaxed);
    block_.skipped.store(static_cast<double>(skipped_), std::memory_order_relaxed);
    block_.bytes.store(bytes_, std::memory_order_relaxed);
    // SYNC POINT S2: gives slots and arena bytes back to the producer.
    publish_to(block_.sequence, released_, ring_.may_sleep);
    return true;
  }

  // Of a record that `take` is shown: its place in the order of its ingress.
  static std::uint64_t place_of(std::uint64_t sequence, const RecordRef&) noexcept { return sequence; }
  // A record that `take` took has failed at the egress: it is not passed on. Counted at `block()` by its adapter.
  void count_failed() noexcept { ++failed_; }
  abi::ConsumerBlock& block() noexcept { return block_; }

  // For its agent's end_backoff().
  void end_backoff() noexcept { barrier_.end_backoff(); }

  // What stands in the slot of the next record is not a record: it was overwritten. Nothing more can be read; the
  // egress must end the shard there (graph::ObservedEnd does).
  bool damaged() const noexcept { return damaged_; }

  // Nothing will ever come again: the shard has ended and everything has been consumed.
  bool drained() const noexcept { return !barrier_.backs_off() && end_.reached(next_); }

  std::uint64_t next() const noexcept { return next_; }

 private:
  bool filtered(std::uint64_t sequence) const noexcept {
    for (const std::uint8_t* plane : marks_)
      if (plane[sequence & ring_.slot_mask] != 0) return true;
    return false;
  }

  void measure() noexcept {
    const std::uint64_t sampled = first_sampled(released_, next_);
    if (sampled == next_) return;
    const double now = now_ns();
    for (std::uint64_t s = sampled; s < next_; s += std::uint64_t{1} << abi::kSampleShift) {
      double ready = 0;
      for (const StampTable& table : stamps_) ready = std::max(ready, table.at(s));
      histogram_.record(now - ready);
    }
  }

  const RingMemory ring_;
  abi::ConsumerBlock& block_;
  const ShardEnd end_;
  PacedBarrier barrier_;
  std::vector<const std::uint8_t*> marks_;
  std::vector<StampTable> stamps_;
  Histogram histogram_;
  std::uint64_t next_;
  std::uint64_t released_;
  std::uint64_t in_ = 0;
  std::uint64_t skipped_ = 0;
  std::uint64_t failed_ = 0;  // of in_
  double bytes_ = 0;
  bool damaged_ = false;
};

}  // namespace byteor::core

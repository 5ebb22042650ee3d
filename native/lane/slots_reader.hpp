// One reading end of a lane of slots (slots_writer.hpp) for a native thread. Roles use it as an Inlet; a native egress
// calls the class itself, as it calls a core::RecordConsumer. Records are read in place. Hot code: no allocation after
// construction, no exception.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "abi/abi_generated.hpp"
#include "core/barrier.hpp"
#include "core/cpu.hpp"
#include "core/histogram.hpp"
#include "core/paced_barrier.hpp"
#include "core/record.hpp"
#include "core/sequence.hpp"
#include "core/shard_end.hpp"
#include "core/stamps.hpp"
#include "lane/endpoint.hpp"
#include "lane/reading_end.hpp"

namespace byteor::lane {

// On blocks of its own, for the reason given at FramedWriter.
class alignas(core::kCacheBlock) SlotsReader final : public Inlet {
 public:
  // `ordinals`: as at SlotsWriter; without them, and where they are not counted either, a record's ordinal is its place
  // in the lane.
  SlotsReader(const core::RingMemory& ring, const std::uint64_t* ordinals, const abi::ProducerBlock& producer,
              abi::ConsumerBlock& block, core::Barrier barrier, core::ShardEnd end, core::StampTable stamps,
              core::Histogram histogram, const ReaderOptions& options)
      : ring_(ring),
        ordinals_(options.counts_ordinals ? nullptr : ordinals),
        producer_(producer),
        block_(block),
        barrier_(std::move(barrier), ring, options.paces, options.first),
        end_(end),
        options_(options),
        counts_(block, stamps, histogram, options.delivers, options.first),
        next_(options.first),
        released_(options.first),
        peeked_(options.batch_records) {}

  SlotsReader(const SlotsReader&) = delete;
  SlotsReader& operator=(const SlotsReader&) = delete;

  // ---- as an Inlet ----

  EndKind kind() const noexcept override { return EndKind::kSlots; }

  std::uint32_t peek(LaneRecord* records, std::uint32_t limit) noexcept override {
    if (barrier_.known() - next_ < limit) look();
    const std::uint32_t most = std::min(limit, peeked_.most());
    std::uint32_t count = 0;
    std::uint32_t bytes = 0;
    core::RecordRef record;
    peeked_.clear();
    while (count != most && next_ + count != barrier_.known() && load(next_ + count, record)) {
      records[count] = {record.data, record.length, record.flags, ordinal_at(next_ + count)};
      ++count;
      bytes += record.length;
      peeked_.add(count, bytes);
    }
    return count;
  }

  void consume(std::uint32_t count) noexcept override {
    const std::uint32_t described = std::min(count, peeked_.left());
    std::uint64_t bytes = peeked_.take(described).bytes;
    // The others were shown by span(), or by take(), whose caller did not take them then.
    if (ring_.fixed) {
      bytes += std::uint64_t{count - described} * ring_.record_bytes;
    } else {
      core::RecordRef record;
      for (std::uint32_t i = described; i != count; ++i) bytes += load(next_ + i, record) ? record.length : 0;
    }
    next_ += count;
    counts_.add(count, bytes);
  }

  template <class Fn>
  BYTEOR_ALWAYS_INLINE std::uint32_t take(std::uint32_t limit, Fn&& fn) noexcept {
    return take_slots(limit, [&](std::uint64_t sequence, const core::RecordRef& record) BYTEOR_INLINED_LAMBDA {
      return fn(LaneRecord{record.data, record.length, record.flags, ordinal_at(sequence)});
    });
  }

  bool release() noexcept override {
    if (released_ == next_) return false;
    counts_.settle_batch();
    released_ = next_;
    // SYNC POINT S2: gives slots and arena bytes back to the writer.
    core::publish_to(block_.sequence, released_, ring_.may_sleep);
    return true;
  }

  std::uint64_t lower_bound() noexcept override {
    if (next_ != barrier_.known()) return ordinal_at(next_);
    if (options_.counts_ordinals) return ended() ? core::kNoLimit : ordinal_at(next_);
    // SYNC POINT L1: the watermark first, for the reason given at FramedReader.
    const std::uint64_t watermark = producer_.watermark.load(std::memory_order_seq_cst);
    if (ended()) return core::kNoLimit;
    if (end_.cursor.load_seq_cst(next_) != next_) return ordinal_at(next_);
    // Only its end ends a lane.
    return std::min(watermark, core::kNoLimit - 1);
  }

  bool ended() noexcept override { return !damaged_ && !barrier_.backs_off() && end_.reached(next_); }

  bool damaged() const noexcept override { return damaged_; }

  void end_backoff() noexcept override { barrier_.end_backoff(); }

  std::uint32_t struct_stride() const noexcept override {
    return ring_.fixed && ordinals_ == nullptr ? ring_.slot_stride : 0;
  }

  std::uint32_t struct_bytes() const noexcept override { return ring_.record_bytes; }

  // None past the wrap.
  core::FixedSpan span(std::uint32_t skip, std::uint32_t limit) noexcept override {
    if (next_ == barrier_.known() && next_ == released_) look();
    const std::uint64_t first = next_ + skip;
    const std::uint64_t ready = std::max(barrier_.known(), first) - first;
    const std::uint32_t to_wrap = core::FixedLayout::to_wrap(ring_, first);
    return {core::FixedLayout::at(ring_, first),
            static_cast<std::uint32_t>(std::min<std::uint64_t>({limit, to_wrap, ready})), ring_.slot_stride};
  }

  // ---- as a native egress reads ----

  // As FramedReader's.
  template <class Take>
  std::uint32_t consume(std::uint32_t limit, Take&& take) noexcept {
    const std::uint64_t first = next_ - counts_.read();
    return take_slots(limit, [&](std::uint64_t sequence, const core::RecordRef& record)
                                 BYTEOR_INLINED_LAMBDA { return take(sequence - first, record); });
  }

  bool drained() const noexcept { return damaged_ || (!barrier_.backs_off() && end_.reached(next_)); }

  std::uint64_t next() const noexcept { return counts_.read(); }

  // As core::RecordConsumer's.
  std::uint64_t place_of(std::uint64_t sequence, const core::RecordRef&) const noexcept {
    return ordinal_at(sequence + (next_ - counts_.read())) >> options_.ordinal_shift;
  }
  void count_failed() noexcept { counts_.count_failed(); }
  abi::ConsumerBlock& block() noexcept { return block_; }

 private:
  template <class Take>
  BYTEOR_ALWAYS_INLINE std::uint32_t take_slots(std::uint32_t limit, const Take& take) noexcept {
    const std::uint64_t end = barrier_.available(next_, limit, next_ == released_);
    peeked_.clear();
    return ring_.fixed ? take_structs(end, take) : take_records(end, take);
  }

  template <class Take>
  BYTEOR_ALWAYS_INLINE std::uint32_t take_records(std::uint64_t end, const Take& take) noexcept {
    const std::uint64_t begin = next_;
    // In registers: members are not kept there over the loads of a slot.
    const core::RingMemory ring = ring_;
    core::VariableLayout::Slot slot;
    core::RecordRef record;
    for (; next_ != end; ++next_) {
      if (!core::VariableLayout::load_written(ring, next_, slot, record)) [[unlikely]] {
        damaged_ = true;
        break;
      }
      if (!take(next_, record)) break;
      counts_.add(1, record.length);
    }
    return static_cast<std::uint32_t>(next_ - begin);
  }

  // What the loop needs stays in registers, for the reason given at FramedWriter::Batch.
  template <class Take>
  BYTEOR_ALWAYS_INLINE std::uint32_t take_structs(std::uint64_t end, const Take& take) noexcept {
    const core::RingMemory ring = ring_;
    std::uint64_t next = next_;
    while (next != end && take(next, core::FixedLayout::load(ring, next))) ++next;
    const auto taken = static_cast<std::uint32_t>(next - next_);
    next_ = next;
    counts_.add(taken, std::uint64_t{taken} * ring.record_bytes);
    return taken;
  }

  void look() noexcept { barrier_.look(next_, ring_.slot_mask + 1, next_ == released_); }

  // False, and the lane is damaged, when the slot describes no record inside the arena.
  bool load(std::uint64_t sequence, core::RecordRef& record) noexcept {
    if (ring_.fixed) {
      record = core::FixedLayout::load(ring_, sequence);
      return true;
    }
    core::VariableLayout::Slot slot;
    if (core::VariableLayout::load_written(ring_, sequence, slot, record)) [[likely]]
      return true;
    damaged_ = true;
    return false;
  }

  std::uint64_t ordinal_at(std::uint64_t sequence) const noexcept {
    if (ordinals_ != nullptr) return ordinals_[sequence & ring_.slot_mask];
    return (options_.first_ordinal + (sequence - options_.first)) << options_.ordinal_shift;
  }

  const core::RingMemory ring_;
  const std::uint64_t* const ordinals_;
  const abi::ProducerBlock& producer_;
  abi::ConsumerBlock& block_;
  core::PacedBarrier barrier_;
  const core::ShardEnd end_;
  const ReaderOptions options_;
  ReadingEnd counts_;
  std::uint64_t next_;  // sequence
  std::uint64_t released_;
  PeekedRecords peeked_;
  bool damaged_ = false;
};

}  // namespace byteor::lane

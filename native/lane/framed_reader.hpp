// One reading end of a Framed lane (Events, FanoutBroadcast, Journal) for a native thread. Roles use it as an Inlet; a
// native egress calls the class itself, as it calls a core::RecordConsumer. Records are read in place.
//
// What may be read is what the barrier says: the writer's position, or that of a journal's files, whose records are
// handed on only when they are as durable as promised. Hot code: no allocation after construction, no exception.
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
#include "core/pace.hpp"
#include "core/record.hpp"
#include "core/sequence.hpp"
#include "core/shard_end.hpp"
#include "core/stamps.hpp"
#include "lane/endpoint.hpp"
#include "lane/framed_memory.hpp"
#include "lane/reading_end.hpp"

namespace byteor::lane {

// On blocks of its own, for the reason given at FramedWriter.
class alignas(core::kCacheBlock) FramedReader final : public Inlet {
 public:
  // `producer`: of the lane's writer. `barrier`: what may be read; `end`: the writer's position and how it ends.
  // `stamps` without cells: nothing is measured.
  FramedReader(const FramedMemory& memory, const abi::ProducerBlock& producer, abi::ConsumerBlock& block,
               core::Barrier barrier, core::ShardEnd end, core::StampTable stamps, core::Histogram histogram,
               const ReaderOptions& options)
      : memory_(memory),
        producer_(producer),
        block_(block),
        barrier_(std::move(barrier)),
        pace_(kFewBytes, memory.capacity_bytes),
        end_(end),
        options_(options),
        counts_(block, stamps, histogram, options.delivers, 0),
        next_(options.first),
        available_(options.first),
        released_(options.first),
        peeked_(options.batch_records) {}

  FramedReader(const FramedReader&) = delete;
  FramedReader& operator=(const FramedReader&) = delete;

  // ---- as an Inlet ----

  EndKind kind() const noexcept override { return EndKind::kFramed; }

  std::uint32_t peek(LaneRecord* records, std::uint32_t limit) noexcept override {
    const std::uint64_t sequence = counts_.read();
    const std::uint32_t most = std::min(limit, peeked_.most());
    std::uint64_t position = next_;
    std::uint64_t piece = piece_at(position);
    std::uint32_t bytes = 0;
    std::uint32_t count = 0;
    bool fresh = false;
    FrameStart start;
    peeked_.clear();
    while (count != most && find(position, piece, start, fresh)) {
      records[count] = {FramedLayout::record_at(memory_, position), start.length, start.flags,
                        ordinal_at(sequence + count, position)};
      ++count;
      bytes += start.length;
      position += frame_bytes(start.length);
      peeked_.add(static_cast<std::uint32_t>(position - next_), bytes);
    }
    return count;
  }

  void consume(std::uint32_t count) noexcept override {
    const std::uint32_t described = std::min(count, peeked_.left());
    const PeekedRecords::Extent taken = peeked_.take(described);
    next_ += taken.units;
    counts_.add(described, taken.bytes);
    if (described != count) consume_undescribed(count - described);
  }

  template <class Fn>
  BYTEOR_ALWAYS_INLINE std::uint32_t take(std::uint32_t limit, Fn&& fn) noexcept {
    return take_frames(limit, [&](std::uint64_t sequence, std::uint64_t position,
                                  const core::RecordRef& record) BYTEOR_INLINED_LAMBDA {
      return fn(LaneRecord{record.data, record.length, record.flags, ordinal_at(sequence, position)});
    });
  }

  bool rewind() noexcept override {
    uncount_frames();
    next_ = released_;
    peeked_.clear();
    return true;
  }

  bool release() noexcept override {
    if (released_ == next_) return false;
    counts_.settle_batch();
    released_ = next_;
    // SYNC POINT S2: gives the frames back to the writer.
    core::publish_to(block_.sequence, released_, memory_.may_sleep);
    return true;
  }

  std::uint64_t lower_bound() noexcept override {
    if (options_.counts_ordinals)
      return next_ == available_ && ended() ? core::kNoLimit : dense_ordinal(counts_.read());
    if (next_ != available_) return ordinal_behind(next_);
    // SYNC POINT L1: the watermark first. What the writer published before it moved it is then in its cursor, and a
    // record that is there is a better bound than the watermark, which may be past it.
    const std::uint64_t watermark = producer_.watermark.load(std::memory_order_seq_cst);
    if (ended()) return core::kNoLimit;
    // A journal's record that has not been written yet may not be read; its ordinal may.
    if (end_.cursor.load_seq_cst(next_) != next_) return ordinal_behind(next_);
    // Only its end ends a lane.
    return std::min(watermark, core::kNoLimit - 1);
  }

  // While the last look was put off, the writer's line is left alone: as PacedBarrier::backs_off().
  bool ended() noexcept override { return !damaged_ && !backs_off_ && end_.reached(next_); }

  bool damaged() const noexcept override { return damaged_; }

  void end_backoff() noexcept override {
    pace_.end();
    backs_off_ = false;
  }

  // ---- as a native egress reads ----

  // Hands at most `limit` records to `take(sequence, record) -> bool` (false: not this one, stop here) and returns how
  // many it moved over. Records stay readable until release(). Sequences count the lane's records.
  template <class Take>
  std::uint32_t consume(std::uint32_t limit, Take&& take) noexcept {
    return take_frames(limit, [&](std::uint64_t sequence, std::uint64_t, const core::RecordRef& record)
                                  BYTEOR_INLINED_LAMBDA { return take(sequence, record); });
  }

  // Nothing will ever come again: the lane has ended and everything has been consumed, or it is damaged.
  bool drained() const noexcept { return damaged_ || (!backs_off_ && end_.reached(next_)); }

  // Sequence of the next record.
  std::uint64_t next() const noexcept { return counts_.read(); }

  // As core::RecordConsumer's.
  std::uint64_t place_of(std::uint64_t sequence, const core::RecordRef& record) const noexcept {
    if (options_.counts_ordinals) return dense_ordinal(sequence) >> options_.ordinal_shift;
    return FramedLayout::ordinal_in(record.data - abi::kFrameHeaderBytes) >> options_.ordinal_shift;
  }
  void count_failed() noexcept { counts_.count_failed(); }
  abi::ConsumerBlock& block() noexcept { return block_; }

 private:
  static constexpr std::uint64_t kFewBytes = 256;  // some short records

  // What the loop needs stays in registers, for the reason given at FramedWriter::Batch.
  template <class Take>
  BYTEOR_ALWAYS_INLINE std::uint32_t take_frames(std::uint32_t limit, const Take& take) noexcept {
    const FramedMemory memory = memory_;
    const std::uint64_t sequence = counts_.read();
    std::uint64_t position = next_;
    std::uint64_t piece = piece_at(position);
    std::uint64_t end = next_;
    std::uint64_t bytes = 0;
    std::uint32_t taken = 0;
    // What is known is worked off before the writer is disturbed again.
    bool fresh = position != available_;
    FrameStart start;
    while (taken != limit && find(position, piece, start, fresh)) {
      const core::RecordRef record{FramedLayout::record_at(memory, position), start.length, start.flags};
      if (!take(sequence + taken, position, record)) break;
      end = position += frame_bytes(start.length);
      bytes += start.length;
      ++taken;
    }
    next_ = end;
    counts_.add(taken, bytes);
    peeked_.clear();
    return taken;
  }

  // Of a record that take() showed and its caller did not take: its header is read anew.
  BYTEOR_NEVER_INLINE void consume_undescribed(std::uint32_t count) noexcept {
    std::uint64_t piece = piece_at(next_);
    bool fresh = true;
    FrameStart start;
    peeked_.clear();
    for (; count != 0 && find(next_, piece, start, fresh); --count) {
      counts_.add(1, start.length);
      next_ += frame_bytes(start.length);
    }
  }

  // Takes the frames behind what was released out of the counts again.
  void uncount_frames() noexcept {
    std::uint64_t position = released_;
    std::uint64_t piece = piece_at(position);
    bool fresh = true;
    FrameStart start;
    while (position < next_ && find(position, piece, start, fresh)) {
      counts_.take_back(1, start.length);
      position += frame_bytes(start.length);
    }
  }

  // The frame at or after `position` in the readable range; moves `position` past padding. `piece`: how far the range
  // reaches without a wrap; `fresh`: it has been asked for already in this turn. False when there is none, and when
  // what stands there is no frame: JavaScript can write anything anywhere, so each is judged, and by what was read
  // once.
  BYTEOR_ALWAYS_INLINE bool find(std::uint64_t& position, std::uint64_t& piece, FrameStart& start,
                                 bool& fresh) noexcept {
    if (position == piece) [[unlikely]] {
      if (position == available_) {
        if (fresh) return false;
        fresh = true;
        available_ = look(position);
        if (position == available_) return false;
      }
      piece = piece_at(position);
    }
    start = FramedLayout::start_of(memory_, position);
    if ((start.flags & ~abi::kTerminatorMask) != 0) [[unlikely]] {
      if (start.flags != abi::kFramePadding || start.length != FramedLayout::to_wrap(memory_, position) ||
          start.length > piece - position)
        return damage();
      position += start.length;
      if (position == available_) return false;
      piece = piece_at(position);
      start = FramedLayout::start_of(memory_, position);
      if ((start.flags & ~abi::kTerminatorMask) != 0) return damage();
    }
    if (start.length > memory_.record_max || frame_bytes(start.length) > piece - position) [[unlikely]]
      return damage();
    return true;
  }

  // How far the readable range reaches from `position` on without a wrap.
  std::uint64_t piece_at(std::uint64_t position) const noexcept {
    return std::min(available_, position + FramedLayout::to_wrap(memory_, position));
  }

  // The end of what may be read from `position` on.
  BYTEOR_NEVER_INLINE std::uint64_t look(std::uint64_t position) noexcept {
    // In the middle of a turn, the writer may wait for what has been read to be given back.
    const bool paces = options_.paces && position == released_;
    backs_off_ = paces && pace_.is_early();
    if (backs_off_) return position;
    const std::uint64_t end = barrier_.available(position, memory_.memory_bytes);
    if (paces) pace_.found(end - position);
    return end;
  }

  bool damage() noexcept {
    damaged_ = true;
    return false;
  }

  // Of the frame behind `position`, unjudged: any number, and from within the lane.
  std::uint64_t ordinal_behind(std::uint64_t position) const noexcept {
    const bool padding = (FramedLayout::start_of(memory_, position).flags & abi::kFramePadding) != 0;
    return FramedLayout::ordinal_within(memory_,
                                        padding ? position + FramedLayout::to_wrap(memory_, position) : position);
  }

  // Of the lane's record `sequence`, whose frame stands at `position`.
  std::uint64_t ordinal_at(std::uint64_t sequence, std::uint64_t position) const noexcept {
    return options_.counts_ordinals ? dense_ordinal(sequence) : FramedLayout::ordinal_of(memory_, position);
  }

  std::uint64_t dense_ordinal(std::uint64_t record) const noexcept {
    return (options_.first_ordinal + record) << options_.ordinal_shift;
  }

  const FramedMemory memory_;
  const abi::ProducerBlock& producer_;
  abi::ConsumerBlock& block_;
  core::Barrier barrier_;
  core::Pace pace_;
  bool backs_off_ = false;
  const core::ShardEnd end_;
  const ReaderOptions options_;
  ReadingEnd counts_;
  std::uint64_t next_;       // position of the first frame that has not been consumed, or of padding before it
  std::uint64_t available_;  // end of the range that may be read, as far as we know
  std::uint64_t released_;
  PeekedRecords peeked_;
  bool damaged_ = false;
};

}  // namespace byteor::lane

// The writing end of one shard, for a native thread (a JS thread does the same in lib/handle/push.ts). One writer:
// exactly one thread owns a producer at a time. Claim, fill, commit; records become visible with publish().
// Nothing here waits: try_claim answers nullptr and the caller's agent reports "stalled".
// Hot code: no allocation after construction, no exception.
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
#include "core/sequence.hpp"
#include "core/stamps.hpp"

namespace byteor::core {

// On blocks of its own: what its thread writes at every record must not share a line with what another thread reads.
class alignas(kCacheBlock) RecordProducer {
 public:
  // `fetches`: records are read on another thread, so the slots of a Fixed ring that are written next are asked for
  // ahead (docs/decisions/122). A lane's writer does that itself.
  RecordProducer(const RingMemory& ring, abi::ProducerBlock& block, Gates gates, StampTable stamps, std::uint64_t first,
                 bool fetches = false)
      : ring_(ring),
        block_(block),
        gates_(std::move(gates)),
        stamps_(stamps),
        first_(first),
        fetches_(fetches && ring.fixed),
        slots_a_line_(std::max(1u, static_cast<std::uint32_t>(kCacheLine) / ring.slot_stride)),
        next_(first),
        easy_until_(first),
        gate_(first),
        fetched_(first),
        published_(first) {}

  RecordProducer(const RecordProducer&) = delete;
  RecordProducer& operator=(const RecordProducer&) = delete;

  // Largest record this shard takes, bytes. A longer one is a stated failure of the caller's, never a wait.
  std::uint32_t record_max() const noexcept { return ring_.record_max; }
  // Bytes every record must have, or 0 when records may have any length up to record_max().
  std::uint32_t record_bytes() const noexcept { return ring_.record_bytes; }

  // Room for one record of up to `length` ≤ record_max() bytes: where to write it, or nullptr while the shard is full.
  // A claim that is not committed costs nothing and is replaced by the next claim.
  std::byte* try_claim(std::uint32_t length) noexcept {
    if (next_ >= easy_until_ && !resume()) return nullptr;
    if (ring_.fixed) return FixedLayout::at(ring_, next_);
    const std::uint32_t need = reserve_bytes(length);
    if (!fits(need)) {
      refresh();
      if (!fits(need)) return nullptr;
    }
    return ring_.arena + (claimed_ & (ring_.arena_bytes - 1)) + ring_.headroom;
  }

  // The claimed record is complete: `length` bytes, at most what was claimed. Not visible yet.
  void commit(std::uint32_t length, std::uint32_t flags) noexcept {
    if (!ring_.fixed) {
      bytes_ += length;
      abi::Slot& slot = VariableLayout::slot(ring_, next_);
      slot.position = claimed_;
      slot.start = claimed_ + ring_.headroom;
      slot.length = length;
      slot.flags = flags;
      head_ = claimed_ + reserve_bytes(length);
    }
    if (ring_.word_bytes != 0) publish_word();
    ++next_;
  }

  // Fixed, without sequence words (a lane of structs): adjacent free slots, at most `limit` of them and none past the
  // wrap; count 0 while there is no room.
  FixedSpan try_claim_span(std::uint32_t limit) noexcept {
    if (next_ - gate_ >= ring_.capacity) refresh();
    const auto room = static_cast<std::uint32_t>(ring_.capacity - (next_ - gate_));
    return {FixedLayout::at(ring_, next_), std::min({limit, room, FixedLayout::to_wrap(ring_, next_)}),
            ring_.slot_stride};
  }

  // The first `count` records of the claimed span are complete.
  void commit_span(std::uint32_t count) noexcept { next_ += count; }

  // Makes every committed record visible to the stages. True when there was one.
  bool publish() noexcept {
    if (next_ == published_) return false;
    if (ring_.word_bytes == 0) stamp(published_, next_);
    published_ = next_;
    // Signed, because an unsigned number takes longer to convert.
    const auto records = static_cast<double>(static_cast<std::int64_t>(published_ - first_));
    block_.published.store(records, std::memory_order_relaxed);
    block_.bytes.store(ring_.fixed ? records * ring_.record_bytes : bytes_, std::memory_order_relaxed);
    // SYNC POINT S1: publishes slots, arena bytes and stamps to every stage.
    publish_to(block_.cursor, published_, ring_.may_sleep);
    return true;
  }

  // Sequence of the next record, and the first one whose slot may still be read, as far as is known.
  std::uint64_t next() const noexcept { return next_; }
  std::uint64_t free_until() const noexcept { return gate_ + ring_.capacity; }

  // Whether a stage that holds this end back runs cross-core.
  bool reader_is_cross_core() const noexcept { return gates_.cross_core(); }

  std::uint32_t unpublished() const noexcept { return static_cast<std::uint32_t>(next_ - published_); }
  std::uint64_t published() const noexcept { return published_; }

  void count_keyless() noexcept {
    block_.keyless.store(block_.keyless.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  void count_too_large() noexcept {
    block_.too_large.store(block_.too_large.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  // For an adapter's failed records.
  abi::ProducerBlock& block() noexcept { return block_; }

  // Nothing more will come. Publishes what is committed first.
  void close() noexcept {
    publish();
    // SYNC POINT S3: a thread that sees closed sees the final cursor.
    block_.closed.store(1, std::memory_order_seq_cst);
  }
  // SYNC POINT S3.
  bool closed() const noexcept { return block_.closed.load(std::memory_order_seq_cst) != 0; }

 private:
  std::uint32_t reserve_bytes(std::uint32_t length) const noexcept {
    return (ring_.headroom + length + ring_.tailroom + 7u) & ~7u;
  }

  // Where a reservation of `need` bytes would begin (padding over the wrap), and whether it is free.
  bool fits(std::uint32_t need) noexcept {
    const std::uint32_t offset = head_ & (ring_.arena_bytes - 1);
    claimed_ = offset + need > ring_.arena_bytes ? head_ + (ring_.arena_bytes - offset) : head_;
    return claimed_ + need - tail_ <= ring_.arena_bytes;
  }

  void stamp(std::uint64_t begin, std::uint64_t end) noexcept {
    const std::uint64_t sampled = first_sampled(begin, end);
    if (sampled == end) return;
    const double now = now_ns();
    for (std::uint64_t s = sampled; s < end; s += std::uint64_t{1} << abi::kSampleShift) stamps_.at(s) = now;
  }

  // SYNC POINT S1: a sequence word publishes its record, and the stamp, at once; publish() then only moves the cursor
  // that observers and the end of the shard are read from.
  void publish_word() noexcept {
    stamp(next_, next_ + 1);
    publish_to(FixedLayout::word(ring_, next_), static_cast<std::uint32_t>(next_ + 1), ring_.may_sleep);
  }

  // Lines that are asked for at a time: the call is made for so many lines, not for each record.
  static constexpr std::uint32_t kFetchStepLines = 4;

  // Sets how far records can be claimed without a look at anything. False while the shard is full.
  BYTEOR_NEVER_INLINE bool resume() noexcept {
    if (next_ - gate_ >= ring_.capacity) refresh();
    // So also when the reader's sequence was overwritten with one that is still to come.
    if (next_ - gate_ >= ring_.capacity) return false;
    const std::uint64_t room = free_until();
    easy_until_ = room;
    if (fetches_) {
      easy_until_ = std::min<std::uint64_t>(room, next_ + kFetchStepLines * slots_a_line_);
      fetch_ahead(std::min(easy_until_ + kFetchAheadBytes / ring_.slot_stride, room));
    }
    return true;
  }

  void fetch_ahead(std::uint64_t end) noexcept {
    for (fetched_ = std::max(fetched_, next_); fetched_ < end; fetched_ += slots_a_line_) fetch_slot(fetched_);
    for (std::uint32_t line = 1; line <= kFetchAgainLines; ++line) fetch_slot(next_ + line * slots_a_line_);
  }

  void fetch_slot(std::uint64_t sequence) const noexcept {
    const std::size_t slot = sequence & ring_.slot_mask;
    prefetch_lines_for_write(ring_.slots + slot * ring_.slot_stride, ring_.slot_stride);
  }

  void refresh() noexcept {
    gate_ = gates_.look(gate_, next_);
    // A position that was overwritten may let records be written over records, but never beside the arena: fits() only
    // takes places that lie in it.
    if (!ring_.fixed) tail_ = gate_ == next_ ? head_ : VariableLayout::load_position(ring_, gate_);
  }

  const RingMemory ring_;
  abi::ProducerBlock& block_;
  Gates gates_;
  const StampTable stamps_;
  const std::uint64_t first_;
  const bool fetches_;
  const std::uint32_t slots_a_line_;
  std::uint64_t next_;
  std::uint64_t easy_until_;  // records before it can be claimed without a look
  // Not beside next_: both would be stored by one instruction from a vector register, and a thread that pushes one
  // record after the other would wait for next_ to come back from there.
  std::uint64_t gate_;
  std::uint64_t fetched_;  // behind the last slot whose line has been asked for
  std::uint64_t published_;
  std::uint32_t head_ = 0;
  std::uint32_t tail_ = 0;
  std::uint32_t claimed_ = 0;
  double bytes_ = 0;  // of records of any length
};

}  // namespace byteor::core

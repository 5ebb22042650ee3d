// The writing end of a lane of slots for a native thread: the slots of a SingleRing's shard, in either layout and
// without room to grow. A SequencedSlots lane has slots, whatever its records are, and is gated by exactly
// SEQUENCED_SLOTS_GATES cells: the interface promises that number, and a cell without a reader holds 2^64-1 and never
// holds the writer back. Events and FanoutBroadcast have slots where every record is the same struct, and their readers
// for gates. Hot code: no allocation after construction, no exception.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/cpu.hpp"
#include "core/producer.hpp"
#include "core/record.hpp"
#include "core/sequence.hpp"
#include "core/stamps.hpp"
#include "lane/endpoint.hpp"
#include "lane/framed_writer.hpp"

namespace byteor::lane {

class alignas(core::kCacheBlock) SlotsWriter final : public Outlet {
 public:
  // `ring`: headroom, tailroom and word_bytes are 0. `ordinals`: one cell a slot, or nullptr where the writer is an
  // ingress, whose records are counted. `stamps` has cells.
  SlotsWriter(const core::RingMemory& ring, std::uint64_t* ordinals, abi::ProducerBlock& block,
              std::vector<core::SequenceReader> gates, core::StampTable stamps, const WriterOptions& options)
      : producer_(ring, block,
                  core::Gates(std::move(gates), options.sets_structs && ring.fixed && options.cross_thread &&
                                                    ring.slot_stride >= core::kCacheLine),
                  stamps, options.first),
        block_(block),
        ordinals_(ordinals),
        fixed_(ring.fixed),
        cross_thread_(ring.fixed && options.cross_thread),
        slots_(ring.slots),
        slot_stride_(ring.slot_stride),
        slot_mask_(ring.slot_mask),
        slots_a_line_(std::max(1u, static_cast<std::uint32_t>(core::kCacheLine) / ring.slot_stride)),
        ahead_(core::kFetchAheadBytes / ring.slot_stride),
        room_(std::max(1u, core::kStagingBytes / ring.slot_stride)),
        is_long_(std::size_t{ring.slot_mask + 1} * ring.slot_stride > kFetchLaneBytes),
        fetched_(options.first),
        staging_(cross_thread_ ? std::make_unique<std::byte[]>(std::size_t{room_} * slot_stride_) : nullptr),
        options_(options) {}

  SlotsWriter(const SlotsWriter&) = delete;
  SlotsWriter& operator=(const SlotsWriter&) = delete;

  // ---- as an Outlet ----

  EndKind kind() const noexcept override { return EndKind::kSlots; }
  std::uint32_t record_max() const noexcept override { return producer_.record_max(); }
  bool drops() const noexcept override { return options_.drops; }

  std::uint32_t put(const LaneRecord* records, std::uint32_t count) noexcept override {
    return put_records(*this, records, count);
  }

  Sorted put_unfiltered(const LaneRecord* records, const std::uint8_t* filtered,
                        std::uint32_t count) noexcept override {
    return put_unfiltered_records(*this, records, filtered, count);
  }

  std::uint32_t struct_stride() const noexcept override { return fixed_ && ordinals_ == nullptr ? slot_stride_ : 0; }

  std::uint32_t put_span(const core::FixedSpan& records) noexcept override {
    std::uint32_t done = 0;
    while (done != records.count) {
      const core::FixedSpan free = try_claim_span_for_copy(records.count - done);
      if (free.count == 0) break;
      std::memcpy(free.data, records.data + std::size_t{done} * slot_stride_, std::size_t{free.count} * slot_stride_);
      commit_span(free.count);
      done += free.count;
    }
    if (!options_.drops) return done;
    for (; done != records.count; ++done) count_dropped(false);
    return done;
  }

  std::byte* try_claim(std::uint32_t length) noexcept override {
    std::byte* const to = producer_.try_claim(length);
    if (cross_thread_) fetch_ahead(producer_.next() + 1);
    return to;
  }

  void commit(std::uint32_t length, std::uint32_t flags, std::uint64_t ordinal) noexcept override {
    if (ordinals_ != nullptr) ordinals_[producer_.next() & slot_mask_] = ordinal;
    producer_.commit(length, flags);
  }

  void count_dropped(bool too_large) noexcept override {
    std::atomic<double>& cell = too_large ? block_.too_large : block_.dropped;
    cell.store(cell.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  bool publish() noexcept override { return producer_.publish(); }

  bool advance(std::uint64_t ordinal) noexcept override {
    if (!options_.watermarked || ordinal <= watermark_) return false;
    watermark_ = ordinal;
    // SYNC POINT L1: after the records that come before it have been published.
    block_.watermark.store(ordinal, std::memory_order_seq_cst);
    return true;
  }

  void close() noexcept override { producer_.close(); }

  // Of structs: adjacent slots at a time, made in a staging buffer where a reader runs on another CPU, for the reasons
  // given at FramedWriter::Batch.
  class Batch {
   public:
    explicit Batch(SlotsWriter& writer) noexcept
        : writer_(writer),
          ordinals_(writer.ordinals_),
          stride_(writer.slot_stride_),
          mask_(writer.slot_mask_),
          fixed_(writer.fixed_) {}
    ~Batch() { commit_slots(); }
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;

    BYTEOR_ALWAYS_INLINE std::byte* try_claim(std::uint32_t length) noexcept {
      if (!fixed_) return writer_.try_claim(length);
      if (used_ == claimed_) [[unlikely]]
        claim_slots();
      return used_ == claimed_ ? nullptr : next_;
    }

    BYTEOR_ALWAYS_INLINE void commit(std::uint32_t length, std::uint32_t flags, std::uint64_t ordinal) noexcept {
      if (!fixed_) {
        writer_.commit(length, flags, ordinal);
        return;
      }
      if (ordinals_ != nullptr) ordinals_[(writer_.producer_.next() + used_) & mask_] = ordinal;
      next_ += stride_;
      ++used_;
    }

   private:
    void claim_slots() noexcept {
      commit_slots();
      const bool staged = writer_.staging_ != nullptr;
      const core::FixedSpan span = writer_.try_claim_span_for_copy(staged ? writer_.room_ : mask_ + 1);
      claimed_ = span.count;
      slots_ = span.data;
      next_ = staged ? writer_.staging_.get() : slots_;
      if (staged && writer_.slots_a_line_ == 1) fetch_room(span);
    }
    void commit_slots() noexcept {
      if (used_ != 0) {
        if (writer_.staging_ != nullptr) std::memcpy(slots_, writer_.staging_.get(), std::size_t{used_} * stride_);
        writer_.commit_span(used_);
      }
      used_ = claimed_ = 0;
    }

    SlotsWriter& writer_;
    std::uint64_t* const ordinals_;
    const std::uint32_t stride_;
    const std::uint32_t mask_;
    const bool fixed_;
    std::byte* slots_ = nullptr;  // the first of those that were claimed
    std::byte* next_ = nullptr;   // where the next record is made
    std::uint32_t used_ = 0;      // of them
    std::uint32_t claimed_ = 0;
  };

  // ---- as a native ingress writes ----

  std::uint32_t record_bytes() const noexcept { return options_.record_bytes; }
  // A record's ordinal is its place among those that this writer committed.
  void commit(std::uint32_t length, std::uint32_t flags) noexcept {
    commit(length, flags, (options_.first_ordinal + (producer_.next() - options_.first)) << options_.ordinal_shift);
  }
  // Structs alone: adjacent free slots, as core::RecordProducer has them, to be written in place.
  core::FixedSpan try_claim_span(std::uint32_t limit) noexcept {
    const core::FixedSpan span = try_claim_span_for_copy(limit);
    if (cross_thread_ && (!is_long_ || span.count <= ahead_))
      fetch_ahead(producer_.next() + std::min(span.count, room_));
    return span;
  }
  // The same, to be filled by a copy. A copy of whole lines takes them over without having them first, but one into
  // smaller slots waits for line after line, so those are asked for before it begins.
  core::FixedSpan try_claim_span_for_copy(std::uint32_t limit) noexcept {
    const core::FixedSpan span = producer_.try_claim_span(limit);
    if (cross_thread_ && slots_a_line_ > 1) fetch_room(span);
    return span;
  }
  void commit_span(std::uint32_t count) noexcept { producer_.commit_span(count); }
  // Whether a reader runs on another CPU.
  bool reader_is_cross_thread() const noexcept { return cross_thread_; }
  // Whether so many records are better staged and copied in, as far as is known now: whole lines only for a cross-core
  // reader, or many at a time on a lane that is not long.
  bool prefers_copies(std::uint32_t count) const noexcept {
    if (!cross_thread_ || slots_a_line_ > 1) return cross_thread_;
    return producer_.reader_is_cross_core() || (!is_long_ && std::size_t{count} * slot_stride_ >= kCopiedSameCoreBytes);
  }
  std::uint32_t unpublished() const noexcept { return producer_.unpublished(); }
  std::uint64_t published() const noexcept { return options_.first_ordinal + (producer_.published() - options_.first); }
  void count_keyless() noexcept { producer_.count_keyless(); }
  void count_too_large() noexcept { producer_.count_too_large(); }
  abi::ProducerBlock& block() noexcept { return producer_.block(); }
  bool closed() const noexcept { return producer_.closed(); }

 private:
  // A longer lane is in no cache of the reader, and lines of it that are written as a whole come sooner unasked.
  static constexpr std::size_t kFetchLaneBytes = std::size_t{1} << 20;
  // A long copy takes lines over without fetching them, but begins slowly. Near, 64 structs of 64 bytes at a time came
  // a third faster in place; 256 at a time a quarter faster copied, but on a long lane a tenth faster in place.
  static constexpr std::size_t kCopiedSameCoreBytes = 8192;

  static void fetch_room(const core::FixedSpan& span) noexcept {
    const std::size_t bytes = std::size_t{span.count} * span.stride;
    core::prefetch_lines_for_write(span.data, std::min<std::size_t>(bytes, core::kFetchRoomBytes));
  }

  // Asks for the lines of what was just claimed, up to the slot `until`, and of some behind it.
  BYTEOR_ALWAYS_INLINE void fetch_ahead(std::uint64_t until) noexcept {
    const std::uint64_t end = std::min(until + ahead_, producer_.free_until());
    if (fetched_ < end) fetch_lines(end);
  }

  // Cold enough to be called: once a line.
  void fetch_lines(std::uint64_t end) noexcept {
    const std::uint64_t next = producer_.next();
    for (fetched_ = std::max(fetched_, next); fetched_ < end; fetched_ += slots_a_line_) fetch_slot(fetched_);
    for (std::uint32_t line = 1; line <= core::kFetchAgainLines; ++line) fetch_slot(next + line * slots_a_line_);
  }

  void fetch_slot(std::uint64_t sequence) const noexcept {
    core::prefetch_lines_for_write(slots_ + (sequence & slot_mask_) * slot_stride_, slot_stride_);
  }

  core::RecordProducer producer_;
  abi::ProducerBlock& block_;
  std::uint64_t* const ordinals_;
  const bool fixed_;
  const bool cross_thread_;
  std::byte* const slots_;
  const std::uint32_t slot_stride_;
  const std::uint32_t slot_mask_;
  const std::uint32_t slots_a_line_;
  const std::uint32_t ahead_;  // slots
  const std::uint32_t room_;   // slots that the staging buffer holds
  const bool is_long_;
  std::uint64_t fetched_;  // sequence behind the last slot whose lines have been asked for
  const std::unique_ptr<std::byte[]> staging_;
  std::uint64_t watermark_ = 0;
  const WriterOptions options_;
};

}  // namespace byteor::lane

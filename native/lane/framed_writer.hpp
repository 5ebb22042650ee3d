// The writing end of a Framed lane (Events, FanoutBroadcast, Journal) for a native thread; a JS thread does the same in
// TypeScript. One writer: exactly one thread owns it at a time. The slowest of the lane's readers (and the agent of a
// journal's files) gates it. Roles use it as an Outlet; native adapters call the class itself, as they call a
// core::RecordProducer. Hot code: no allocation after construction, no exception.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/clock.hpp"
#include "core/cpu.hpp"
#include "core/record.hpp"
#include "core/sequence.hpp"
#include "core/stamps.hpp"
#include "lane/endpoint.hpp"
#include "lane/framed_memory.hpp"

namespace byteor::lane {

struct WriterOptions {
  bool drops = false;  // what does not fit is counted and gone
  bool watermarked = false;
  bool fetches_ahead = false;       // a reader runs on another CPU: its lines are asked for before they are written
  std::uint64_t first = 0;          // position (Framed) or sequence (slots) at which the lane begins; a position is a
                                    // multiple of 8
  std::uint32_t record_bytes = 0;   // of an ingress of structs: what every record has
  std::uint64_t first_ordinal = 0;  // of an ingress: the first record's place in its order
  std::uint32_t ordinal_shift = 0;
};

// On blocks of its own: what its thread writes at every record must not share a line with what another thread reads.
class alignas(core::kCacheBlock) FramedWriter final : public Outlet {
 public:
  // `stamps` without cells: nothing is measured.
  FramedWriter(const FramedMemory& memory, abi::ProducerBlock& block, std::vector<core::SequenceReader> gates,
               core::StampTable stamps, const WriterOptions& options)
      : memory_(memory),
        block_(block),
        gates_(std::move(gates)),
        stamps_(stamps),
        options_(options),
        next_(options.first),
        limit_(options.first + memory.capacity_bytes),
        gate_(options.first),
        published_position_(options.first),
        asked_(options.first) {}

  FramedWriter(const FramedWriter&) = delete;
  FramedWriter& operator=(const FramedWriter&) = delete;

  // ---- as an Outlet ----

  EndKind kind() const noexcept override { return EndKind::kFramed; }
  std::uint32_t record_max() const noexcept override { return memory_.record_max; }
  bool drops() const noexcept override { return options_.drops; }

  std::uint32_t put(const LaneRecord* records, std::uint32_t count) noexcept override {
    return put_records(*this, records, count);
  }

  std::byte* try_claim(std::uint32_t length) noexcept override {
    const std::uint32_t need = frame_bytes(length);
    const std::uint32_t to_wrap = FramedLayout::to_wrap(memory_, next_);
    const std::uint32_t padding = need > to_wrap ? to_wrap : 0;
    // Every store counts: until a line is here, all those behind it wait in the core's store buffer.
    if (padding != padding_) [[unlikely]]
      padding_ = padding;
    if (next_ + padding + need > limit_) [[unlikely]] {
      refresh();
      if (next_ + padding + need > limit_) return nullptr;
    }
    return FramedLayout::record_at(memory_, next_ + padding);
  }

  void commit(std::uint32_t length, std::uint32_t flags, std::uint64_t ordinal) noexcept override {
    pad();
    std::byte* const frame = FramedLayout::at(memory_, next_);
    FramedLayout::write_start(frame, length, flags);
    FramedLayout::write_ordinal(frame, ordinal);
    next_ += frame_bytes(length);
    bytes_ += length;
    ++count_;
    if (options_.fetches_ahead) {
      const std::uint64_t asked = fetch_ahead(memory_, next_, limit_, asked_);
      if (asked != asked_) asked_ = asked;
    }
  }

  void count_dropped(bool too_large) noexcept override {
    std::atomic<double>& cell = too_large ? block_.too_large : block_.dropped;
    cell.store(cell.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  bool publish() noexcept override {
    if (next_ == published_position_) return false;
    if (stamps_.cells != nullptr) stamp();
    published_ = count_;
    published_position_ = next_;
    block_.published.store(static_cast<double>(published_), std::memory_order_relaxed);
    block_.bytes.store(static_cast<double>(bytes_), std::memory_order_relaxed);
    // SYNC POINT S1: publishes frames and stamps to every reader.
    core::publish_to(block_.cursor, published_position_, memory_.may_sleep);
    return true;
  }

  bool advance(std::uint64_t ordinal) noexcept override {
    if (!options_.watermarked || ordinal <= watermark_) return false;
    watermark_ = ordinal;
    // SYNC POINT L1: after the records that come before it have been published.
    block_.watermark.store(ordinal, std::memory_order_seq_cst);
    return true;
  }

  void close() noexcept override {
    publish();
    // SYNC POINT S3: whoever sees closed sees the final cursor.
    block_.closed.store(1, std::memory_order_seq_cst);
  }

  // Nearly every record goes the short way: no padding, room as far as we know. What it needs stays in registers, which
  // the compiler cannot do with members, because any byte it writes might be one of them.
  class Batch {
   public:
    explicit Batch(FramedWriter& writer) noexcept
        : writer_(writer),
          memory_(writer.memory_),
          fetches_(writer.options_.fetches_ahead),
          next_(writer.next_),
          limit_(writer.limit_),
          asked_(writer.asked_) {}
    ~Batch() { write_back(); }
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;

    BYTEOR_ALWAYS_INLINE std::byte* try_claim(std::uint32_t length) noexcept {
      const std::uint32_t need = frame_bytes(length);
      padded_ = need > FramedLayout::to_wrap(memory_, next_) || next_ + need > limit_;
      if (padded_) [[unlikely]] {
        writer_.next_ = next_;
        std::byte* const to = writer_.try_claim(length);
        limit_ = writer_.limit_;
        return to;
      }
      return FramedLayout::record_at(memory_, next_);
    }

    BYTEOR_ALWAYS_INLINE void commit(std::uint32_t length, std::uint32_t flags, std::uint64_t ordinal) noexcept {
      if (padded_) [[unlikely]] {
        writer_.pad();
        next_ = writer_.next_;
      }
      std::byte* const frame = FramedLayout::at(memory_, next_);
      FramedLayout::write_start(frame, length, flags);
      FramedLayout::write_ordinal(frame, ordinal);
      next_ += frame_bytes(length);
      if (fetches_) asked_ = fetch_ahead(memory_, next_, limit_, asked_);
      bytes_ += length;
      ++count_;
    }

   private:
    void write_back() noexcept {
      writer_.next_ = next_;
      writer_.asked_ = asked_;
      writer_.bytes_ += bytes_;
      writer_.count_ += count_;
    }

    FramedWriter& writer_;
    const FramedMemory memory_;
    const bool fetches_;
    bool padded_ = false;  // the record at hand went the long way, and there may be padding before it
    std::uint64_t next_;
    std::uint64_t limit_;
    std::uint64_t asked_;
    std::uint64_t bytes_ = 0;
    std::uint64_t count_ = 0;
  };

  // ---- as a native ingress writes ----

  // 0: records may have any length up to record_max().
  std::uint32_t record_bytes() const noexcept { return options_.record_bytes; }
  // A record's ordinal is its place among those that this writer committed.
  void commit(std::uint32_t length, std::uint32_t flags) noexcept {
    commit(length, flags, (options_.first_ordinal + count_) << options_.ordinal_shift);
  }
  // Records, as everywhere where an ingress speaks of itself.
  std::uint32_t unpublished() const noexcept { return static_cast<std::uint32_t>(count_ - published_); }
  std::uint64_t published() const noexcept { return options_.first_ordinal + published_; }
  void count_keyless() noexcept {
    block_.keyless.store(block_.keyless.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  void count_too_large() noexcept { count_dropped(true); }
  // SYNC POINT S3.
  bool closed() const noexcept { return block_.closed.load(std::memory_order_seq_cst) != 0; }

 private:
  // Asks for the lines up to kFetchAheadBytes past `next`, as far as there is room and they have not been asked for;
  // returns how far that is now.
  static std::uint64_t fetch_ahead(const FramedMemory& memory, std::uint64_t next, std::uint64_t limit,
                                   std::uint64_t asked) noexcept {
    const std::uint64_t end = std::min(next + core::kFetchAheadBytes, limit);
    asked = std::max(asked, next);
    for (; asked + core::kCacheLine <= end; asked += core::kCacheLine)
      core::prefetch_for_write(FramedLayout::at(memory, asked));
    return asked;
  }

  // Writes the padding before the frame that is claimed, if there is any.
  void pad() noexcept {
    if (padding_ == 0) return;
    FramedLayout::write_start(FramedLayout::at(memory_, next_), padding_, abi::kFramePadding);
    next_ += padding_;
    padding_ = 0;
  }

  void refresh() noexcept {
    std::uint64_t least = core::kNoLimit;
    // SYNC POINT S2: what the slowest reader released may be overwritten.
    for (const core::SequenceReader& gate : gates_) least = std::min(least, gate.load_seq_cst(gate_));
    gate_ = least;
    limit_ = gate_ + memory_.capacity_bytes;
  }

  void stamp() noexcept {
    const std::uint64_t sampled = core::first_sampled(published_, count_);
    if (sampled == count_) return;
    const double now = core::now_ns();
    for (std::uint64_t s = sampled; s < count_; s += std::uint64_t{1} << abi::kSampleShift) stamps_.at(s) = now;
  }

  const FramedMemory memory_;
  abi::ProducerBlock& block_;
  const std::vector<core::SequenceReader> gates_;
  const core::StampTable stamps_;
  const WriterOptions options_;
  std::uint64_t next_;                // position of the next frame
  std::uint64_t limit_;               // no frame may reach past this position
  std::uint64_t gate_;                // position that the slowest reader had released when we last looked
  std::uint64_t published_position_;  // position
  std::uint64_t asked_;               // end of the lines that have been asked for
  std::uint64_t count_ = 0;           // records committed
  std::uint64_t published_ = 0;       // records published
  std::uint64_t bytes_ = 0;
  std::uint64_t watermark_ = 0;
  std::uint32_t padding_ = 0;  // bytes before the frame that is claimed
};

}  // namespace byteor::lane

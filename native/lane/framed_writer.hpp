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
#include <memory>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/clock.hpp"
#include "core/cpu.hpp"
#include "core/gates.hpp"
#include "core/record.hpp"
#include "core/sequence.hpp"
#include "core/stamps.hpp"
#include "lane/endpoint.hpp"
#include "lane/framed_memory.hpp"

namespace byteor::lane {

struct WriterOptions {
  bool drops = false;  // what does not fit is counted and gone
  bool watermarked = false;
  bool cross_thread = false;        // a reader runs on another CPU
  bool sets_structs = false;        // its role changes structs in place: it asks how far away the readers are
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
        asked_(options.first),
        staging_(options.cross_thread ? std::make_unique<std::byte[]>(core::kStagingBytes) : nullptr) {}

  FramedWriter(const FramedWriter&) = delete;
  FramedWriter& operator=(const FramedWriter&) = delete;

  // ---- as an Outlet ----

  EndKind kind() const noexcept override { return EndKind::kFramed; }
  std::uint32_t record_max() const noexcept override { return memory_.record_max; }
  bool drops() const noexcept override { return options_.drops; }

  std::uint32_t put(const LaneRecord* records, std::uint32_t count) noexcept override {
    return put_records(*this, records, count);
  }

  Sorted put_unfiltered(const LaneRecord* records, const std::uint8_t* filtered,
                        std::uint32_t count) noexcept override {
    return put_unfiltered_records(*this, records, filtered, count);
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
    if (options_.cross_thread) {
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
    // SYNC POINT S3: a thread that sees closed sees the final cursor.
    block_.closed.store(1, std::memory_order_seq_cst);
  }

  // Writes many frames. Where a reader runs on another CPU they are made in a staging buffer, which stays in its own
  // caches, and copied to the lane some KiB at a time: a copy of whole lines need not wait for what the other CPU has
  // in them.
  //
  //   staging  │ frame │ frame │ frame │      begin_ … next_, copied by flush()
  //   lane   ───────▲────────────────▶      up to end_ there is room and no wrap, neither here nor there
  //
  // What the short way needs stays in registers, which the compiler cannot do with a writer's members, because any byte
  // it writes might be one of them.
  class Batch {
   public:
    explicit Batch(FramedWriter& writer) noexcept
        : writer_(writer), next_(writer.next_), end_(writer.next_), begin_(writer.next_) {}
    ~Batch() { flush(); }
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;

    BYTEOR_ALWAYS_INLINE std::byte* try_claim(std::uint32_t length) noexcept {
      if (next_ + frame_bytes(length) > end_) [[unlikely]]
        return claim_at_end(length);
      direct_ = false;
      return place_ + abi::kFrameHeaderBytes;
    }

    BYTEOR_ALWAYS_INLINE void commit(std::uint32_t length, std::uint32_t flags, std::uint64_t ordinal) noexcept {
      if (direct_) [[unlikely]]
        return commit_direct(length, flags, ordinal);
      const std::uint32_t bytes = frame_bytes(length);
      FramedLayout::write_start(place_, length, flags);
      FramedLayout::write_ordinal(place_, ordinal);
      place_ += bytes;
      next_ += bytes;
      bytes_ += length;
      ++count_;
    }

   private:
    // A new room behind what there is; or, where a record cannot be staged (it is long, or comes behind padding), a
    // place in the lane.
    BYTEOR_NEVER_INLINE std::byte* claim_at_end(std::uint32_t length) noexcept {
      flush();
      std::byte* const to = writer_.try_claim(length);
      if (to == nullptr) return nullptr;
      begin_at_next();
      direct_ = next_ + frame_bytes(length) > end_;
      return direct_ ? to : place_ + abi::kFrameHeaderBytes;
    }

    BYTEOR_NEVER_INLINE void commit_direct(std::uint32_t length, std::uint32_t flags, std::uint64_t ordinal) noexcept {
      writer_.commit(length, flags, ordinal);
      next_ = end_ = begin_ = writer_.next_;
      direct_ = false;
    }

    void begin_at_next() noexcept {
      end_ = std::min(writer_.limit_, next_ + FramedLayout::to_wrap(writer_.memory_, next_));
      place_ = FramedLayout::at(writer_.memory_, next_);
      if (writer_.staging_ == nullptr) return;
      end_ = std::min(end_, next_ + core::kStagingBytes);
      core::prefetch_lines_for_write(place_, std::min<std::uint64_t>(end_ - next_, core::kFetchRoomBytes));
      place_ = writer_.staging_.get();
    }

    void flush() noexcept {
      if (writer_.staging_ != nullptr && next_ != begin_)
        std::memcpy(FramedLayout::at(writer_.memory_, begin_), writer_.staging_.get(), next_ - begin_);
      writer_.next_ = next_;
      writer_.bytes_ += std::exchange(bytes_, 0);
      writer_.count_ += std::exchange(count_, 0);
      begin_ = end_ = next_;
    }

    FramedWriter& writer_;
    std::byte* place_ = nullptr;  // of the next frame
    std::uint64_t next_;          // its position
    std::uint64_t end_;           // no frame may reach past this position; at first, and behind a full room, `next_`
    std::uint64_t begin_;         // position of the first frame that has not been copied
    std::uint64_t bytes_ = 0;
    std::uint64_t count_ = 0;
    bool direct_ = false;  // the record at hand is written in the lane
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
  // For an adapter's failed records.
  abi::ProducerBlock& block() noexcept { return block_; }
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
    gate_ = gates_.look(gate_, next_);
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
  core::Gates gates_;
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
  std::uint32_t padding_ = 0;                   // bytes before the frame that is claimed
  const std::unique_ptr<std::byte[]> staging_;  // where a Batch makes frames for a reader on another CPU
};

}  // namespace byteor::lane

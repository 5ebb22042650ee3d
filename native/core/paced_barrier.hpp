// What a reader of slots may read, as far as it knows, and when it asks for more: when it has read all of that, and,
// if what it waits for comes from another CPU, no more often than pays (pace.hpp).
//
//   │ released │ read │ known │ … the writer is somewhere here        known: what the last look found
//
// Hot code: no allocation after construction, no exception.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "core/barrier.hpp"
#include "core/cpu.hpp"
#include "core/pace.hpp"
#include "core/record.hpp"

namespace byteor::core {

class PacedBarrier {
 public:
  // `paces`: an agent that the reader depends on runs on another thread. A slot that is one line with its word is read
  // at once all the same: a look takes no more away than the record itself, and waiting made 8-byte ones half as fast.
  PacedBarrier(Barrier barrier, const RingMemory& ring, bool paces, std::uint64_t first)
      : barrier_(std::move(barrier)),
        ring_(ring),
        paces_(paces && (!barrier_.reads_words() || ring.slot_stride > kCacheLine)),
        fetches_(ring.fixed && lane_bytes(ring) > kFetchLaneBytes),
        pace_(kFewRecords * ring.slot_stride, lane_bytes(ring),
              barrier_.reads_words() ? kMostForWordsNs : Pace::kMostNs),
        known_(first) {}

  // End of what may be read, as far as is known. Never less than what the reader has read.
  std::uint64_t known() const noexcept { return known_; }

  // End of the range from `next` on that may be read: a value in [next, next + limit]. Asks if it knows of nothing.
  // `gave_back`: as at look().
  std::uint64_t available(std::uint64_t next, std::uint32_t limit, bool gave_back) noexcept {
    if (next == known_) look(next, limit, gave_back);
    return std::min(next + limit, known_);
  }

  // Asks how far what may be read reaches; where that is told by words in the slots, no further than `limit` records
  // from `next`. `gave_back`: what has been read has been given back. Otherwise a producer may wait for that, and the
  // look is not put off; nor is it where there is something left to read.
  void look(std::uint64_t next, std::uint32_t limit, bool gave_back) noexcept {
    const bool paces = paces_ && gave_back && next == known_;
    backs_off_ = paces && pace_.is_early();
    if (backs_off_) return;
    known_ = barrier_.available(next, barrier_.reads_words() ? limit : ring_.slot_mask + 1);
    if (!paces) return;
    pace_.found((known_ - next) * ring_.slot_stride);
    if (fetches_) fetch(next);
  }

  // The next look is not put off: Agent::end_backoff().
  void end_backoff() noexcept {
    pace_.end();
    backs_off_ = false;
  }

  // The last look was put off, so all that is known of what may be read is that it may be more. Whether the writer has
  // ended stands in the line that is left alone.
  bool backs_off() const noexcept { return backs_off_; }

  // How long it puts its next look at another thread off.
  double pause_ns() const noexcept { return pace_.pause_ns(); }

  // The reader stands still at `next`, and what it knew is void.
  void forget(std::uint64_t next) noexcept { known_ = next; }

 private:
  static constexpr std::uint64_t kFewRecords = 4;
  // A look at words brings the slots themselves, and what was made meanwhile is still to come, line by line: with twice
  // as long, 64-byte records came at 30 instead of 50 million a second between cores.
  static constexpr double kMostForWordsNs = Pace::kMostNs / 2;
  // In shorter lanes, single readers lost some 5 % by asking. Sixty-four lines: half and twice as many brought less.
  static constexpr std::uint64_t kFetchLaneBytes = std::uint64_t{64} << 10;
  static constexpr std::uint64_t kFetchBytes = 4096;

  static std::uint64_t lane_bytes(const RingMemory& ring) noexcept {
    return std::uint64_t{ring.capacity} * ring.slot_stride;
  }

  // What was found lies with the writer's CPU, and its lines come sooner when they are all asked for at once.
  void fetch(std::uint64_t next) const noexcept {
    const std::uint64_t side_by_side = std::min<std::uint64_t>(known_ - next, FixedLayout::to_wrap(ring_, next));
    const std::uint64_t bytes = side_by_side * ring_.slot_stride;
    prefetch_lines_for_read(FixedLayout::at(ring_, next), std::min(bytes, kFetchBytes));
  }

  Barrier barrier_;
  const RingMemory ring_;
  const bool paces_;
  const bool fetches_;
  bool backs_off_ = false;
  Pace pace_;
  std::uint64_t known_;
};

}  // namespace byteor::core

// The readers that hold a writer back: how far the slowest of them is, and whether their CPUs are on another core.
//
// A line that another CPU has written comes in some 30 ns from one that shares a cache with this one, and in 150 or
// more from others. There a writer writes best where records stay; cross-core, in whole lines that it need not have.
// The host of a virtual machine moves CPUs about without a word, so a writer finds out by itself: it times looks at its
// readers' sequences, which are rare, and of which each that finds something new waits for a line.
//
// Hot code: no allocation after construction, no exception.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/sequence.hpp"

namespace byteor::core {

// Whether another CPU shares no cache with this one (cross-core), after how long the lines that came from there were on
// their way. Until one came sooner, it is.
class Distance {
 public:
  // `ns`: that a line took, with the clock's own time.
  void took(double ns) noexcept {
    surely_ = ns < kCrossCoreNs ? std::max(surely_ - 1, 0) : std::min(surely_ + 1, kSurely);
    if (surely_ == 0) cross_core_ = false;
    if (surely_ == kSurely) cross_core_ = true;
  }

  bool cross_core() const noexcept { return cross_core_; }

  static constexpr double kCrossCoreNs = 125;
  // A line may have come by itself, and a thread may have been interrupted, so what is known is not given up for one
  // look. The first one decides, because nothing is known yet.
  static constexpr int kSurely = 4;

 private:
  int surely_ = 1;
  bool cross_core_ = true;
};

class Gates {
 public:
  // `cross_thread`: one of them may run on another CPU, and cross_core() is asked for. Other writers time nothing.
  explicit Gates(std::vector<SequenceReader> sequences, bool cross_thread = false)
      : sequences_(std::move(sequences)), cross_thread_(cross_thread) {}

  // The least sequence (or position); `known` is what the last look found, `next` the writer's own.
  std::uint64_t look(std::uint64_t known, std::uint64_t next) noexcept {
    if (!cross_thread_ || known < timed_from_) return least(known, next);
    const double before = now_ns();
    const std::uint64_t found = least(known, next);
    if (found == known) return found;
    distance_.took(now_ns() - before);
    timed_from_ = found + kTimedEach;
    return found;
  }

  // Whether one of them runs cross-core.
  bool cross_core() const noexcept { return cross_thread_ && distance_.cross_core(); }

 private:
  // Records (or bytes) from one look that is timed to the next: the clock takes as long as a few records, and lets no
  // load begin early.
  static constexpr std::uint64_t kTimedEach = 16384;

  std::uint64_t least(std::uint64_t known, std::uint64_t next) const noexcept {
    std::uint64_t least = kNoLimit;
    // SYNC POINT S2: what the slowest reader released may be overwritten.
    for (const SequenceReader& sequence : sequences_) least = std::min(least, sequence.load_seq_cst(known));
    // No reader goes back, or gets further than the writer: such a sequence was overwritten, and says nothing.
    return least - known <= next - known ? least : known;
  }

  const std::vector<SequenceReader> sequences_;
  const bool cross_thread_;
  std::uint64_t timed_from_ = 0;  // looks from there on are timed
  Distance distance_;
};

}  // namespace byteor::core

// The backoff of a reader between two polls of the cursor of a writer on another CPU.
//
//   writer ──stores──▶ | cursor | ◀──looks── reader        a look takes the line away; stores behind it wait
//
// Stores become visible in order, so a writer whose cursor has been looked at stands still until the line is back, and
// a reader that has caught up and looks again at once gets a few records a look and lets no more be made. So after a
// look that found some, a reader puts off the next for a little, as long as that brings it more. It stops when records
// come slowly, when enough lies ready to be worth the look, and when the lane fills up. What was found is read at once,
// always, so this delays nothing but the next look, and that by at most kMostNs.
//
// The reader itself never waits: it has nothing to do, and its thread does what its wait strategy says. A thread that
// is about to sleep ends the backoff first (Agent::end_backoff).
//
// Hot code: no allocation, no exception.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/clock.hpp"

namespace byteor::core {

class Pace {
 public:
  // `few`: so much, or less, is what a slow writer has written between two looks, bytes. `capacity`: of the lane,
  // bytes. `most_ns`: no pause is longer.
  Pace(std::uint64_t few, std::uint64_t capacity, double most_ns = kMostNs)
      : few_(few), enough_(std::min(kEnoughBytes, capacity / 2)), too_much_(capacity / 2), most_ns_(most_ns) {}

  // True while a reader that has read everything it knows of puts its next look off.
  bool is_early() const noexcept { return pause_ns_ != 0 && now_ns() < next_look_ns_; }

  // The next look is not put off.
  void end() noexcept { pause_ns_ = 0; }

  // After a look that found `bytes` to read.
  void found(std::uint64_t bytes) noexcept {
    if (bytes <= few_ || bytes > too_much_)
      pause_ns_ = pause_ns_ <= kLeastNs ? 0 : pause_ns_ / 2;
    else if (bytes < enough_)
      pause_ns_ = std::clamp(2 * pause_ns_, kLeastNs, most_ns_);
    if (pause_ns_ != 0) next_look_ns_ = now_ns() + pause_ns_;
  }

  double pause_ns() const noexcept { return pause_ns_; }

  static constexpr double kLeastNs = 100;
  // Some four ways of a line between cores. With half of it, single records of 64 bytes were a tenth slower, and
  // those of 8 a fifth.
  static constexpr double kMostNs = 1600;
  // As many lines as are on their way while the writer makes as many again. At half of it a reader of batches of 64
  // lines was satisfied with one batch and ran in step with its writer; it got two thirds on the same core. Twice and
  // eight times as much brought nothing.
  static constexpr std::uint64_t kEnoughBytes = 8192;

 private:
  std::uint64_t few_;
  std::uint64_t enough_;
  std::uint64_t too_much_;
  double most_ns_;
  double pause_ns_ = 0;
  double next_look_ns_ = 0;
};

}  // namespace byteor::core

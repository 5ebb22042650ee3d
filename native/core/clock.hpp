// The monotonic clock in nanoseconds as a double: exact for 104 days of uptime, and the same clock and unit that
// process.hrtime reads, so that stamps written by JS and by native threads can be subtracted.
#pragma once

#include <chrono>

namespace byteor::core {

inline double now_ns() noexcept {
  return static_cast<double>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

}  // namespace byteor::core

// A number that one thread writes and others may look at, without a locked instruction.
// Hot code: no allocation, no exception.
#pragma once

#include <atomic>
#include <cstdint>

namespace byteor::op {

// Relaxed throughout: no thread concludes anything from such a number about other memory.
class Counter {
 public:
  // The one writer only.
  void add(std::uint64_t amount) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  // Any thread.
  std::uint64_t load() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace byteor::op

// Hop latencies in HdrHistogram's layout (unit 1 ns, 2 significant digits), kept in the region and written by one
// thread. Source of the layout: Gil Tene's HdrHistogram. Hot code: no allocation, no exception.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>

#include "abi/abi_generated.hpp"

namespace byteor::core {

// Index of the counter for a value in ns; larger values count as the highest.
constexpr std::uint32_t histogram_index(std::uint64_t value_ns) noexcept {
  constexpr std::uint32_t half = abi::kHistogramSubBucketCount / 2;
  constexpr std::uint64_t mask = abi::kHistogramSubBucketCount - 1;
  const std::uint64_t value = std::min(value_ns, abi::kHistogramMaxNs);
  const auto bucket = static_cast<std::uint32_t>(std::bit_width(value | mask) - std::bit_width(mask));
  const auto sub = static_cast<std::uint32_t>(value >> bucket);
  return (bucket + 1) * half + sub - half;
}

static_assert(histogram_index(abi::kHistogramMaxNs) == abi::kHistogramCounts - 1);
static_assert(histogram_index(0) == 0 && histogram_index(255) == 255 && histogram_index(256) == 256);

class Histogram {
 public:
  Histogram() = default;
  explicit Histogram(std::atomic<std::uint32_t>* counts) noexcept : counts_(counts) {}

  // One writer; readers may look at any time.
  void record(double ns) noexcept {
    // Stamps can be written over, so this may be any number, or none.
    constexpr auto kMost = static_cast<double>(abi::kHistogramMaxNs);
    auto& cell = counts_[histogram_index(ns > 0 ? static_cast<std::uint64_t>(ns < kMost ? ns : kMost) : 0)];
    cell.store(cell.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint32_t>* counts_ = nullptr;
};

}  // namespace byteor::core

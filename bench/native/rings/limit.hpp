// What the machine allows: bare rings without headers, shutdown, counters or error paths. Not for use; the yardstick.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>

#include "core/cpu.hpp"

namespace byteor::bench {

// A sequence word in the slot, one record at a time.
template <class P>
struct LimitSingle {
  struct alignas(sizeof(P) + 8 <= 16 ? 16 : sizeof(P) + 8 <= 32 ? 32 : 64) Slot {
    std::atomic<std::uint64_t> word{0};
    P payload;
  };
  explicit LimitSingle(std::uint32_t capacity) : slots(std::make_unique<Slot[]>(capacity)), mask(capacity - 1) {}
  std::unique_ptr<Slot[]> slots;
  const std::uint64_t mask;
  alignas(128) std::atomic<std::uint64_t> read{0};
  alignas(128) std::uint64_t next = 0;
  std::uint64_t gate = 0;

  void produce(std::uint64_t n) {
    for (std::uint64_t k = 0; k < n; ++k, ++next) {
      while (next - gate > mask) {
        gate = read.load(std::memory_order_acquire);
        if (next - gate > mask) core::cpu_relax();
      }
      Slot& slot = slots[next & mask];
      slot.payload.fill(k);
      slot.word.store(next + 1, std::memory_order_release);
    }
  }
  std::uint64_t consume(std::uint64_t n) {
    std::uint64_t sum = 0;
    const std::uint64_t begin = read.load(std::memory_order_relaxed);
    for (std::uint64_t i = begin; i < begin + n; ++i) {
      Slot& slot = slots[i & mask];
      while (slot.word.load(std::memory_order_acquire) != i + 1) core::cpu_relax();
      sum += slot.payload.sum();
      if ((i & 63) == 63 || i + 1 == begin + n) read.store(i + 1, std::memory_order_release);
    }
    return sum;
  }
};

// Contiguous spans over a shared index.
template <class P, std::uint32_t Batch>
struct LimitBatch {
  explicit LimitBatch(std::uint32_t capacity)
      : slots(std::make_unique<Line[]>(capacity * sizeof(P) / 64 + 1)), mask(capacity - 1) {}
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  std::unique_ptr<Line[]> slots;
  const std::uint64_t mask;
  alignas(128) std::atomic<std::uint64_t> written{0};
  alignas(128) std::atomic<std::uint64_t> read{0};
  alignas(128) std::uint64_t next = 0;
  std::uint64_t gate = 0;

  P* records() { return reinterpret_cast<P*>(slots.get()); }

  void produce(std::uint64_t n) {
    for (std::uint64_t done = 0; done < n;) {
      const std::uint64_t want = std::min<std::uint64_t>({Batch, n - done, mask + 1 - (next & mask)});
      while (next + want - gate > mask + 1) {
        gate = read.load(std::memory_order_acquire);
        if (next + want - gate > mask + 1) core::cpu_relax();
      }
      P* const at = records() + (next & mask);
      for (std::uint64_t k = 0; k < want; ++k) at[k].fill(done + k);
      next += want;
      done += want;
      written.store(next, std::memory_order_release);
    }
  }
  std::uint64_t consume(std::uint64_t n) {
    std::uint64_t sum = 0;
    const std::uint64_t begin = read.load(std::memory_order_relaxed);
    for (std::uint64_t i = begin; i < begin + n;) {
      std::uint64_t end = written.load(std::memory_order_acquire);
      if (end == i) {
        core::cpu_relax();
        continue;
      }
      end = std::min({end, i + Batch, (i | mask) + 1});
      const P* const at = records() + (i & mask);
      for (std::uint64_t k = 0; k < end - i; ++k) sum += at[k].sum();
      i = end;
      read.store(i, std::memory_order_release);
    }
    return sum;
  }
};

}  // namespace byteor::bench

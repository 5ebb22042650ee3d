// What the machine allows: bare rings without headers, shutdown, counters or error paths. Not for use; the yardstick.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>

#include "rings/harness.hpp"

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

// Contiguous slots with a sequence a stage; what LimitBatch and LimitChain stand on.
template <class P, std::size_t Stages>
struct Spans {
  explicit Spans(std::uint32_t capacity)
      : lines(std::make_unique<Line[]>(std::size_t{capacity} * sizeof(P) / 64 + 1)), mask(capacity - 1) {}
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  struct alignas(128) Sequence {
    std::atomic<std::uint64_t> value{0};
  };
  std::unique_ptr<Line[]> lines;
  const std::uint64_t mask;
  Sequence written;
  Sequence done[Stages];

  P* at(std::uint64_t sequence) { return reinterpret_cast<P*>(lines.get()) + (sequence & mask); }

  // Fills up to `limit` records with `k`, `k + 1`, … from `next` on; how many there was room for.
  std::uint64_t fill(std::uint64_t next, std::uint64_t& gate, std::uint64_t limit, std::uint64_t k) {
    const std::uint64_t want = std::min(limit, mask + 1 - (next & mask));
    if (next + want - gate > mask + 1) {
      gate = done[Stages - 1].value.load(std::memory_order_acquire);
      if (next + want - gate > mask + 1) return 0;
    }
    P* const records = at(next);
    for (std::uint64_t i = 0; i < want; ++i) records[i].fill(k + i);
    written.value.store(next + want, std::memory_order_release);
    return want;
  }

  // Hands the records [next, …) that `before` has published to `take`, at most `limit` and none past the wrap.
  template <class Take>
  std::uint64_t drain(Sequence& before, Sequence& own, std::uint64_t next, std::uint64_t limit, Take take) {
    const std::uint64_t end =
        std::min(before.value.load(std::memory_order_acquire), std::min(next + limit, (next | mask) + 1));
    if (end == next) return 0;
    P* const records = at(next);
    for (std::uint64_t i = 0; i < end - next; ++i) take(records[i]);
    own.value.store(end, std::memory_order_release);
    return end - next;
  }
};

// Contiguous spans over a shared index.
template <class P, std::uint32_t Batch>
struct LimitBatch {
  explicit LimitBatch(std::uint32_t capacity) : spans(capacity) {}
  Spans<P, 1> spans;
  alignas(128) std::uint64_t next = 0;
  std::uint64_t gate = 0;

  void produce(std::uint64_t n) {
    for (std::uint64_t k = 0; k < n;) {
      const std::uint64_t count = spans.fill(next, gate, std::min<std::uint64_t>(Batch, n - k), k);
      if (count == 0) core::cpu_relax();
      next += count;
      k += count;
    }
  }
  std::uint64_t consume(std::uint64_t n) {
    std::uint64_t sum = 0;
    const std::uint64_t begin = spans.done[0].value.load(std::memory_order_relaxed);
    for (std::uint64_t i = begin; i < begin + n;) {
      const std::uint64_t count =
          spans.drain(spans.written, spans.done[0], i, Batch, [&sum](const P& record) { sum += record.sum(); });
      if (count == 0) core::cpu_relax();
      i += count;
    }
    return sum;
  }
};

// Producer and first stage in turn on one thread, second and third on the other; the records stay where they are.
template <class P, std::uint32_t Batch>
struct LimitChain {
  explicit LimitChain(std::uint32_t capacity) : spans(capacity) {}
  Spans<P, 3> spans;
  std::uint64_t from = 0;

  Lap lap(std::uint64_t n, std::uint64_t& sum) {
    const std::uint64_t end = from + n;
    const Lap took = run_jobs({{0, [&] { front(end, n); }}, {1, [&] { sum = back(end); }}});
    from = end;
    return took;
  }

 private:
  void front(std::uint64_t end, std::uint64_t n) {
    std::uint64_t next = from;
    std::uint64_t first = from;
    std::uint64_t gate = from;
    while (first != end) {
      const std::uint64_t limit = std::min<std::uint64_t>(Batch, end - next);
      const std::uint64_t sent = limit == 0 ? 0 : spans.fill(next, gate, limit, n - (end - next));
      next += sent;
      const std::uint64_t worked =
          spans.drain(spans.written, spans.done[0], first, Batch, [](P& record) { record.add_one(); });
      first += worked;
      if (sent + worked == 0) core::cpu_relax();
    }
  }
  std::uint64_t back(std::uint64_t end) {
    std::uint64_t sum = 0;
    std::uint64_t second = from;
    std::uint64_t third = from;
    while (third != end) {
      const std::uint64_t worked =
          spans.drain(spans.done[0], spans.done[1], second, Batch, [](P& record) { record.add_one(); });
      second += worked;
      const std::uint64_t ended = spans.drain(spans.done[1], spans.done[2], third, Batch, [&sum](P& record) {
        record.add_one();
        sum += record.sum();
      });
      third += ended;
      if (worked + ended == 0) core::cpu_relax();
    }
    return sum;
  }
};

}  // namespace byteor::bench

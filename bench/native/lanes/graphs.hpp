// What stands beside the plans of more than one path, on two pinned threads: one writer with two readers, two writers
// with one reader, bare or over a peer's queues. What has no thread of its own takes turns.
//
//   broadcast   writer │ reader, reader      merge   writer, writer │ reader      CPU 0 │ CPU 1
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/cpu.hpp"
#include "rings/harness.hpp"
#include "rings/limit.hpp"
#include "rings/peers.hpp"

namespace byteor::bench {

// Runs both turns until each has moved its number of records.
template <class Front, class Back>
Lap run_turns(std::uint64_t front_records, std::uint64_t back_records, Front front, Back back) {
  const auto until = [](std::uint64_t records, auto& turn) {
    for (std::uint64_t moved = 0; moved < records;) {
      const std::uint64_t some = turn();
      if (some == 0) core::cpu_relax();
      moved += some;
    }
  };
  return run_jobs({{0, [&] { until(front_records, front); }}, {1, [&] { until(back_records, back); }}});
}

// ---- one writer, two readers ---------------------------------------------------------------------------------------

struct TwiceExpected {
  template <class P>
  static std::uint64_t expected(std::uint64_t n) {
    return 2 * P::expected(n);
  }
};

// One span of memory that two readers look at, the second after the first.
template <class P>
struct LimitBroadcast : TwiceExpected {
  explicit LimitBroadcast(std::uint32_t capacity) : spans(capacity) {}
  Spans<P, 2> spans;
  std::uint64_t from = 0;

  Lap lap(std::uint64_t n, std::uint64_t& sum) {
    std::uint64_t next = from;
    std::uint64_t gate = from;
    std::uint64_t at[2] = {from, from};
    const Lap took = run_turns(
        n, 2 * n,
        [&] {
          const std::uint64_t k = next - from;
          const std::uint64_t count =
              k == n ? 0 : spans.fill(next, gate, std::min<std::uint64_t>(kGraphBatch, n - k), k);
          next += count;
          return count;
        },
        [&] {
          std::uint64_t read = 0;
          const auto take = [&read](const P& record) { read += record.sum(); };
          const std::uint64_t one = spans.drain(spans.written, spans.done[0], at[0], kGraphBatch, take);
          const std::uint64_t two = spans.drain(spans.done[0], spans.done[1], at[1], kGraphBatch, take);
          sum += read;
          at[0] += one;
          at[1] += two;
          return one + two;
        });
    from += n;
    return took;
  }
};

// Takes up to 64 records from a peer's queue.
template <class P, class Queue>
std::uint64_t pop_some(Queue& queue, std::uint64_t& sum) {
  P batch[64];
  const std::size_t count = queue.pop(batch, 64);
  for (std::size_t i = 0; i < count; ++i) sum += batch[i].sum();
  return count;
}

// Puts up to 64 records `next`, `next + step`, … < `end` into a peer's queue. What it does not take is made again.
template <class P, class Queue>
std::uint64_t push_some(Queue& queue, std::uint64_t& next, std::uint64_t end, std::uint64_t step = 1) {
  P batch[64];
  std::size_t count = 0;
  for (std::uint64_t k = next; count != 64 && k < end; k += step) batch[count++].fill(k);
  const std::size_t pushed = count == 0 ? 0 : queue.push(batch, count);
  next += pushed * step;
  return pushed;
}

template <class Queue, class P>
struct PeerBroadcast : TwiceExpected {
  explicit PeerBroadcast(std::uint32_t capacity) : one(capacity), two(capacity) {}
  Queue one;
  Queue two;

  Lap lap(std::uint64_t n, std::uint64_t& sum) {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    return run_turns(
        2 * n, 2 * n, [&] { return push_some<P>(one, first, n) + push_some<P>(two, second, n); },
        [&] { return pop_some<P>(one, sum) + pop_some<P>(two, sum); });
  }
};

// ---- two writers, one reader ---------------------------------------------------------------------------------------

struct OnceExpected {
  template <class P>
  static std::uint64_t expected(std::uint64_t n) {
    return P::expected(n);
  }
};

// Two spans of memory that the reader looks at in turn: it needs no third.
template <class P>
struct LimitMerge : OnceExpected {
  explicit LimitMerge(std::uint32_t capacity) : one(capacity), two(capacity) {}
  Spans<P, 1> one;
  Spans<P, 1> two;
  std::uint64_t from[2] = {0, 0};

  Lap lap(std::uint64_t n, std::uint64_t& sum) {
    Spans<P, 1>* const spans[2] = {&one, &two};
    const std::uint64_t half[2] = {n / 2, n - n / 2};
    std::uint64_t next[2] = {from[0], from[1]};
    std::uint64_t gate[2] = {from[0], from[1]};
    std::uint64_t at[2] = {from[0], from[1]};
    const Lap took = run_turns(
        n, n,
        [&] {
          std::uint64_t moved = 0;
          for (int i = 0; i < 2; ++i) {
            const std::uint64_t k = next[i] - from[i];
            if (k == half[i]) continue;
            // The first half of the numbers, then the rest: the sum is that of all.
            const std::uint64_t count = spans[i]->fill(
                next[i], gate[i], std::min<std::uint64_t>(kGraphBatch, half[i] - k), k + (i == 0 ? 0 : half[0]));
            next[i] += count;
            moved += count;
          }
          return moved;
        },
        [&] {
          std::uint64_t moved = 0;
          for (int i = 0; i < 2; ++i) {
            std::uint64_t read = 0;
            const std::uint64_t count = spans[i]->drain(spans[i]->written, spans[i]->done[0], at[i], kGraphBatch,
                                                        [&read](const P& record) { read += record.sum(); });
            sum += read;
            at[i] += count;
            moved += count;
          }
          return moved;
        });
    for (int i = 0; i < 2; ++i) from[i] = next[i];
    return took;
  }
};

// The same with a peer's queues.
template <class Queue, class P>
struct PeerMerge : OnceExpected {
  explicit PeerMerge(std::uint32_t capacity) : one(capacity), two(capacity) {}
  Queue one;
  Queue two;

  Lap lap(std::uint64_t n, std::uint64_t& sum) {
    std::uint64_t even = 0;
    std::uint64_t odd = 1;
    return run_turns(
        n, n, [&] { return push_some<P>(one, even, n, 2) + push_some<P>(two, odd, n, 2); },
        [&] { return pop_some<P>(one, sum) + pop_some<P>(two, sum); });
  }
};

}  // namespace byteor::bench

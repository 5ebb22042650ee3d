// Peers from Debian's packages, as far as they are installed: boost.lockfree, moodycamel's ReaderWriterQueue, DPDK's
// rte_ring. Each through its own bulk call where it has one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/cpu.hpp"

#if __has_include(<boost/lockfree/spsc_queue.hpp>)
#define BYTEOR_BENCH_BOOST 1
#include <boost/lockfree/spsc_queue.hpp>
#endif
#if __has_include(<readerwriterqueue/readerwriterqueue.h>)
#define BYTEOR_BENCH_MOODYCAMEL 1
#include <readerwriterqueue/readerwriterqueue.h>
#endif

namespace byteor::bench {

#ifdef BYTEOR_BENCH_BOOST
template <class P, std::uint32_t Batch>
struct Boost {
  explicit Boost(std::uint32_t capacity) : queue(capacity) {}
  boost::lockfree::spsc_queue<P> queue;

  void produce(std::uint64_t n) {
    P batch[Batch];
    for (std::uint64_t i = 0; i < n;) {
      const std::uint32_t want = static_cast<std::uint32_t>(std::min<std::uint64_t>(Batch, n - i));
      for (std::uint32_t k = 0; k < want; ++k) batch[k].fill(i + k);
      if constexpr (Batch == 1) {
        while (!queue.push(batch[0])) core::cpu_relax();
      } else {
        for (std::uint32_t done = 0; done < want;) {
          const auto pushed = static_cast<std::uint32_t>(queue.push(batch + done, want - done));
          if (pushed == 0) core::cpu_relax();
          done += pushed;
        }
      }
      i += want;
    }
  }
  std::uint64_t consume(std::uint64_t n) {
    P batch[Batch];
    std::uint64_t sum = 0;
    for (std::uint64_t got = 0; got < n;) {
      std::size_t count = 0;
      if constexpr (Batch == 1)
        count = queue.pop(batch[0]) ? 1 : 0;
      else
        count = queue.pop(batch, Batch);
      if (count == 0) core::cpu_relax();
      for (std::size_t k = 0; k < count; ++k) sum += batch[k].sum();
      got += count;
    }
    return sum;
  }
};
#endif

#ifdef BYTEOR_BENCH_MOODYCAMEL
template <class P>
struct Moodycamel {
  explicit Moodycamel(std::uint32_t capacity) : queue(capacity) {}
  moodycamel::ReaderWriterQueue<P> queue;

  void produce(std::uint64_t n) {
    P payload;
    for (std::uint64_t i = 0; i < n; ++i) {
      payload.fill(i);
      while (!queue.try_enqueue(payload)) core::cpu_relax();
    }
  }
  std::uint64_t consume(std::uint64_t n) {
    P payload;
    std::uint64_t sum = 0;
    for (std::uint64_t got = 0; got < n;) {
      if (!queue.try_dequeue(payload)) {
        core::cpu_relax();
        continue;
      }
      sum += payload.sum();
      ++got;
    }
    return sum;
  }
};
#endif

}  // namespace byteor::bench

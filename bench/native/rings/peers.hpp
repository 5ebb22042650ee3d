// Peers from Debian's packages, as far as they are installed, behind one shape: `push` and `pop` move up to `count`
// records and answer how many. Each uses its own bulk call where it has one, and its own way of looking at a record in
// place where that is faster.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "rings/harness.hpp"

#if __has_include(<boost/lockfree/spsc_queue.hpp>)
#define BYTEOR_BENCH_BOOST 1
#include <boost/lockfree/spsc_queue.hpp>
#endif
#if __has_include(<readerwriterqueue/readerwriterqueue.h>)
#define BYTEOR_BENCH_READERWRITER 1
#include <readerwriterqueue/readerwriterqueue.h>
#endif
#if __has_include(<concurrentqueue/concurrentqueue.h>)
#define BYTEOR_BENCH_CONCURRENT 1
#include <concurrentqueue/concurrentqueue.h>
#endif
#if __has_include(<atomic_queue/atomic_queue.h>)
#define BYTEOR_BENCH_ATOMIC_QUEUE 1
#include <atomic_queue/atomic_queue.h>
#endif
#ifdef BYTEOR_BENCH_DPDK  // Set by the build, which also links it.
#include <rte_config.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>
#endif

namespace byteor::bench {

#ifdef BYTEOR_BENCH_BOOST
template <class P>
struct BoostQueue {
  explicit BoostQueue(std::uint32_t capacity) : queue(capacity) {}
  boost::lockfree::spsc_queue<P> queue;

  std::size_t push(const P* records, std::size_t count) {
    return count == 1 ? queue.push(*records) : queue.push(records, count);
  }
  std::size_t pop(P* records, std::size_t count) {
    return count == 1 ? queue.pop(*records) : queue.pop(records, count);
  }
};

// The same with the consumer's in-place call.
template <class P>
struct BoostInPlace : BoostQueue<P> {
  using BoostQueue<P>::BoostQueue;
  template <class Take>
  std::size_t take(Take take) {
    return this->queue.consume_all(take);
  }
};
#endif

#ifdef BYTEOR_BENCH_READERWRITER
template <class P>
struct ReaderWriter {
  explicit ReaderWriter(std::uint32_t capacity) : queue(capacity) {}
  moodycamel::ReaderWriterQueue<P> queue;

  std::size_t push(const P* records, std::size_t) { return queue.try_enqueue(*records); }
  std::size_t pop(P* records, std::size_t) { return queue.try_dequeue(*records); }
};
#endif

#ifdef BYTEOR_BENCH_CONCURRENT
template <class P>
struct Concurrent {
  explicit Concurrent(std::uint32_t capacity) : queue(capacity, 1, 0), in(queue), out(queue) {}
  moodycamel::ConcurrentQueue<P> queue;
  moodycamel::ProducerToken in;
  moodycamel::ConsumerToken out;

  std::size_t push(const P* records, std::size_t count) {
    return queue.try_enqueue_bulk(in, records, count) ? count : 0;
  }
  std::size_t pop(P* records, std::size_t count) { return queue.try_dequeue_bulk(out, records, count); }
};
#endif

#ifdef BYTEOR_BENCH_DPDK
// Without DPDK's own environment: the ring is initialised in memory of ours, which its documentation allows.
template <class P>
struct Dpdk {
  explicit Dpdk(std::uint32_t capacity) {
    const auto bytes = static_cast<std::size_t>(rte_ring_get_memsize_elem(sizeof(P), capacity));
    ring = static_cast<rte_ring*>(std::aligned_alloc(128, (bytes + 127) / 128 * 128));
    check(ring != nullptr && rte_ring_init(ring, "bench", capacity, RING_F_SP_ENQ | RING_F_SC_DEQ) == 0,
          "rte_ring_init");
  }
  ~Dpdk() { std::free(ring); }
  Dpdk(const Dpdk&) = delete;
  Dpdk& operator=(const Dpdk&) = delete;
  rte_ring* ring = nullptr;

  std::size_t push(const P* records, std::size_t count) {
    return rte_ring_sp_enqueue_burst_elem(ring, records, sizeof(P), static_cast<unsigned>(count), nullptr);
  }
  std::size_t pop(P* records, std::size_t count) {
    return rte_ring_sc_dequeue_burst_elem(ring, records, sizeof(P), static_cast<unsigned>(count), nullptr);
  }
};
#endif

// One producer and one consumer thread over a queue of the shape above.
template <class Queue, class P, std::uint32_t Batch>
struct Peer {
  explicit Peer(std::uint32_t capacity) : queue(capacity) {}
  Queue queue;

  void produce(std::uint64_t n) {
    P batch[Batch];
    for (std::uint64_t i = 0; i < n;) {
      const std::size_t want = std::min<std::uint64_t>(Batch, n - i);
      for (std::size_t k = 0; k < want; ++k) batch[k].fill(i + k);
      for (std::size_t done = 0; done < want;) {
        const std::size_t pushed = queue.push(batch + done, want - done);
        if (pushed == 0) core::cpu_relax();
        done += pushed;
      }
      i += want;
    }
  }
  std::uint64_t consume(std::uint64_t n) {
    std::uint64_t sum = 0;
    for (std::uint64_t got = 0; got < n;) {
      const std::size_t count = take_some(sum);
      if (count == 0) core::cpu_relax();
      got += count;
    }
    return sum;
  }

 private:
  std::size_t take_some(std::uint64_t& sum) {
    if constexpr (requires { queue.take([](const P&) {}); }) {
      std::uint64_t taken = 0;  // no reference: what is read might change it
      const std::size_t count = queue.take([&taken](const P& record) { taken += record.sum(); });
      sum += taken;
      return count;
    } else {
      P batch[Batch];
      const std::size_t count = queue.pop(batch, Batch);
      for (std::size_t k = 0; k < count; ++k) sum += batch[k].sum();
      return count;
    }
  }
};

#ifdef BYTEOR_BENCH_ATOMIC_QUEUE
// Its fastest form for one producer and one consumer: push and pop that wait inside. Elements of one word are atomic
// themselves and need a value that is never pushed; larger ones have a state byte each.
template <class P>
struct AtomicQueue {
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};
  using Word = atomic_queue::AtomicQueueB<std::uint64_t, std::allocator<std::uint64_t>, kNever, true, false, true>;
  using Large = atomic_queue::AtomicQueueB2<P, std::allocator<P>, true, false, true>;
  using Queue = std::conditional_t<sizeof(P) == 8, Word, Large>;

  explicit AtomicQueue(std::uint32_t capacity) : queue(capacity) {}
  Queue queue;

  void produce(std::uint64_t n) {
    P record;
    for (std::uint64_t i = 0; i < n; ++i) {
      record.fill(i);
      if constexpr (sizeof(P) == 8)
        queue.push(record.words[0]);
      else
        queue.push(record);
    }
  }
  std::uint64_t consume(std::uint64_t n) {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < n; ++i) {
      if constexpr (sizeof(P) == 8)
        sum += queue.pop();
      else
        sum += queue.pop().sum();
    }
    return sum;
  }
};
#endif

// A chain of three queues, a thread a stage: producer and first stage on CPU 0, the others on CPU 1.
template <class Queue, class P, std::size_t Batch>
struct PeerChain {
  explicit PeerChain(std::uint32_t capacity) : first(capacity), second(capacity), third(capacity) {}
  Queue first, second, third;

  Lap lap(std::uint64_t n, std::uint64_t& sum) {
    return run_jobs({{0, [&] { produce(n); }},
                     {0, [&] { move(n, first, second); }},
                     {1, [&] { move(n, second, third); }},
                     {1, [&] { sum = finish(n); }}});
  }

 private:
  static void push_all(Queue& queue, const P* batch, std::size_t count) {
    SpinThenYield wait;
    for (std::size_t done = 0; done < count;) {
      const std::size_t pushed = queue.push(batch + done, count - done);
      pushed == 0 ? wait.idle() : wait.worked();
      done += pushed;
    }
  }
  void produce(std::uint64_t n) {
    P batch[Batch];
    for (std::uint64_t i = 0; i < n; i += Batch) {
      const std::size_t count = std::min<std::uint64_t>(Batch, n - i);
      for (std::size_t k = 0; k < count; ++k) batch[k].fill(i + k);
      push_all(first, batch, count);
    }
  }
  template <class Take>
  static void pop_all(Queue& queue, std::uint64_t n, Take take) {
    P batch[Batch];
    SpinThenYield wait;
    for (std::uint64_t got = 0; got < n;) {
      const std::size_t count = queue.pop(batch, Batch);
      if (count == 0) {
        wait.idle();
        continue;
      }
      wait.worked();
      for (std::size_t k = 0; k < count; ++k) batch[k].add_one();
      take(batch, count);
      got += count;
    }
  }
  static void move(std::uint64_t n, Queue& in, Queue& out) {
    pop_all(in, n, [&out](const P* batch, std::size_t count) { push_all(out, batch, count); });
  }
  std::uint64_t finish(std::uint64_t n) {
    std::uint64_t sum = 0;
    pop_all(third, n, [&sum](const P* batch, std::size_t count) {
      for (std::size_t k = 0; k < count; ++k) sum += batch[k].sum();
    });
    return sum;
  }
};

}  // namespace byteor::bench

// What all ring contestants share: payloads whose every byte is written and read, two pinned threads, a start line, a
// placement probe, and a checksum that aborts the run when a record was lost or torn.
#pragma once

#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>

#include "core/cpu.hpp"

namespace byteor::bench {

template <std::size_t Words>
struct Payload {
  std::uint64_t words[Words];

  void fill(std::uint64_t i) noexcept {
    for (std::size_t w = 0; w < Words; ++w) words[w] = i + w;
  }
  std::uint64_t sum() const noexcept {
    std::uint64_t total = 0;
    for (std::size_t w = 0; w < Words; ++w) total += words[w];
    return total;
  }
  // Sum over the records 0…n-1.
  static std::uint64_t expected(std::uint64_t n) noexcept {
    return Words * (n * (n - 1) / 2) + n * (Words * (Words - 1) / 2);
  }
};

inline void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set) != 0) {
    std::fprintf(stderr, "cannot pin to CPU %d; this bench needs CPUs 0 and 1\n", cpu);
    std::exit(5);
  }
}

inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "wrong result: %s\n", what);
  std::abort();
}

// Runs `first` on CPU 0 and `second` on CPU 1 from one start line; seconds until both are done.
template <class First, class Second>
double run_pair(First first, Second second) {
  std::atomic<int> ready{0};
  double begin = 0;
  std::thread other([&] {
    pin(1);
    ready.fetch_add(1);
    while (ready.load() < 2) core::cpu_relax();
    second();
  });
  std::thread mine([&] {
    pin(0);
    while (ready.load() < 1) core::cpu_relax();
    begin = seconds();
    ready.fetch_add(1);
    first();
  });
  mine.join();
  other.join();
  return seconds() - begin;
}

// Round trip of one flag between CPU 0 and CPU 1, ns: about 100 when the two are near, 350 and more when far apart.
inline double flag_round_trip_ns() {
  constexpr int kRounds = 3000;
  alignas(128) std::atomic<int> ping{0};
  alignas(128) std::atomic<int> pong{0};
  const double took = run_pair(
      [&] {
        for (int i = 1; i <= kRounds; ++i) {
          ping.store(i, std::memory_order_release);
          while (pong.load(std::memory_order_acquire) != i) core::cpu_relax();
        }
      },
      [&] {
        for (int i = 1; i <= kRounds; ++i) {
          while (ping.load(std::memory_order_acquire) != i) core::cpu_relax();
          pong.store(i, std::memory_order_release);
        }
      });
  return took / kRounds * 1e9;
}

}  // namespace byteor::bench

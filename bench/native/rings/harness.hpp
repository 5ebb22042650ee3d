// What all ring contestants share: payloads whose every byte is written and read, pinned threads, a start line, a
// placement probe, and a checksum that aborts the program when a record was lost or torn.
#pragma once

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "core/cpu.hpp"

namespace byteor::bench {

// Records are filled and summed by pairs of words. Of plain loops g++ makes sums of several records at once, and to
// shuffle their words takes longer than a queue takes to hand the record on: 64 bytes were bound at 300 million a
// second.
template <std::size_t Words>
struct Payload {
  using Pair = std::uint64_t __attribute__((vector_size(16)));

  std::uint64_t words[Words];

  void fill(std::uint64_t i) noexcept {
    Pair pair{i, i + 1};
    for (std::size_t w = 0; w < kPaired; w += 2, pair += 2) std::memcpy(words + w, &pair, sizeof(pair));
    if constexpr (kPaired != Words) words[kPaired] = i + kPaired;
  }
  std::uint64_t sum() const noexcept {
    Pair total{};
    for (std::size_t w = 0; w < kPaired; w += 2) {
      Pair pair;
      std::memcpy(&pair, words + w, sizeof(pair));
      total += pair;
    }
    const std::uint64_t paired = total[0] + total[1];
    if constexpr (kPaired == Words)
      return paired;
    else
      return paired + words[kPaired];
  }
  // What a stage of a chain does, as `set_field` of a plan: one field.
  void add_one() noexcept { ++words[0]; }
  // Sum over the records 0…n-1.
  static std::uint64_t expected(std::uint64_t n) noexcept {
    return Words * (n * (n - 1) / 2) + n * (Words * (Words - 1) / 2);
  }

 private:
  static constexpr std::size_t kPaired = Words / 2 * 2;
};

// Records of a batch: between one writer and one reader, and where more than one hop is made.
inline constexpr std::uint32_t kBatch = 64;
inline constexpr std::uint32_t kGraphBatch = 256;

inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "wrong result: %s\n", what);
  std::abort();
}

// One thread of a contestant.
struct Job {
  int cpu;
  std::function<void()> work;
};

// What a lap took, how often the kernel took a CPU away from one of its threads meanwhile, and the greatest share of
// its time that a thread was without one.
struct Lap {
  double seconds;
  long preempted;
  double off_cpu;
};

inline void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set) == 0) return;
  std::fprintf(stderr, "cannot pin to CPU %d; this benchmark needs CPUs 0 and 1\n", cpu);
  std::exit(5);
}

inline long preemptions() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nivcsw;
}

inline double thread_cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Runs all jobs from one start line, each on its own pinned thread. Each thread takes its own times, so that making and
// joining threads is not measured.
inline Lap run_jobs(const std::vector<Job>& jobs) {
  struct alignas(128) Times {
    double begin = 0;
    double end = 0;
    double on_cpu = 0;
    long preempted = 0;
  };
  std::vector<Times> times(jobs.size());
  std::atomic<std::size_t> ready{0};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < jobs.size(); ++i)
    threads.emplace_back([&, i] {
      pin(jobs[i].cpu);
      ready.fetch_add(1);
      // Several threads may share a CPU, and then a spinning one would keep the last one from arriving.
      while (ready.load() < jobs.size()) {
        if (jobs.size() > 2)
          std::this_thread::yield();
        else
          core::cpu_relax();
      }
      const long before = preemptions();
      const double cpu_before = thread_cpu_seconds();
      times[i].begin = seconds();
      jobs[i].work();
      times[i].end = seconds();
      times[i].on_cpu = thread_cpu_seconds() - cpu_before;
      times[i].preempted = preemptions() - before;
    });
  for (std::thread& thread : threads) thread.join();
  double begin = times[0].begin;
  double end = times[0].end;
  long preempted = 0;
  double off_cpu = 0;
  for (const Times& one : times) {
    begin = std::min(begin, one.begin);
    end = std::max(end, one.end);
    preempted += one.preempted;
    off_cpu = std::max(off_cpu, 1 - one.on_cpu / (one.end - one.begin));
  }
  return {end - begin, preempted, off_cpu};
}

// Round trip of one flag between CPU 0 and CPU 1, ns: about 100 when the two are near, 350 and more when far apart.
inline double flag_round_trip_ns() {
  constexpr int kRounds = 1000;
  alignas(128) std::atomic<int> ping{0};
  alignas(128) std::atomic<int> pong{0};
  const Lap lap = run_jobs({{0,
                             [&] {
                               for (int i = 1; i <= kRounds; ++i) {
                                 ping.store(i, std::memory_order_release);
                                 while (pong.load(std::memory_order_acquire) != i) core::cpu_relax();
                               }
                             }},
                            {1, [&] {
                               for (int i = 1; i <= kRounds; ++i) {
                                 while (ping.load(std::memory_order_acquire) != i) core::cpu_relax();
                                 pong.store(i, std::memory_order_release);
                               }
                             }}});
  return lap.seconds / kRounds * 1e9;
}

// What a thread does when it finds nothing to do. With a CPU of its own it spins; where threads share CPUs it lets the
// others in after 64 pauses, as every peer's documentation asks for.
struct Spin {
  void idle() noexcept { core::cpu_relax(); }
  void worked() noexcept {}
};
struct SpinThenYield {
  int spins = 0;
  void idle() noexcept {
    if (++spins < 64) return core::cpu_relax();
    std::this_thread::yield();
  }
  void worked() noexcept { spins = 0; }
};

}  // namespace byteor::bench

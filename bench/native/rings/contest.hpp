// A contestant of one cell, the peers of each topology, one line of JSON for all that ran, and the program around them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "plan/plan_graph.hpp"
#include "rings/harness.hpp"
#include "rings/peers.hpp"

namespace byteor::bench {

struct Contestant {
  std::string name;
  std::function<Lap()> run;
};

// What a program is called with, but for the seed.
struct Cell {
  std::string topology;
  std::string form;
  std::string bytes;
  std::uint32_t capacity;
  std::uint64_t records;
  std::vector<PlanCase> plans;
};

// The first lap touches the memory; only the second is timed. The laps are checked alike.
template <class Ring, class P>
Contestant one_to_one(std::string name, std::uint32_t capacity, std::uint64_t records) {
  const auto lap = [](Ring& ring, std::uint64_t n) {
    std::uint64_t sum = 0;
    const Lap took = run_jobs({{0, [&] { ring.produce(n); }}, {1, [&] { sum = ring.consume(n); }}});
    check(sum == P::expected(n), "checksum");
    return took;
  };
  return {std::move(name), [=] {
            const auto ring = std::make_unique<Ring>(capacity);
            lap(*ring, capacity);
            return lap(*ring, records);
          }};
}

template <class Chain, class P>
Contestant chain(std::string name, std::uint32_t capacity, std::uint64_t records) {
  const auto lap = [](Chain& chain, std::uint64_t n) {
    std::uint64_t sum = 0;
    const Lap took = chain.lap(n, sum);
    check(sum == P::expected(n) + 3 * n, "checksum of the chain");
    return took;
  };
  return {std::move(name), [=] {
            const auto chain = std::make_unique<Chain>(capacity);
            lap(*chain, capacity);
            return lap(*chain, records);
          }};
}

// `expected`: of so many records, what one sink adds up to.
template <class Records, class Expected>
Contestant of_plan(const PlanCase& plan, const Records& records, std::uint32_t capacity, std::uint64_t count,
                   Expected expected) {
  return {plan.name, [=] {
            const auto graph = std::make_unique<PlanGraph<Records>>(plan, records);
            const auto lap = [&](std::uint64_t n) {
              std::uint64_t sum = 0;
              const Lap took = graph->lap(n, sum);
              check(sum == graph->sinks() * expected(n), "checksum of the plan");
              return took;
            };
            lap(capacity);
            return lap(count);
          }};
}

// Plans of structs. Each of `changes` stages adds one to a record.
template <class P>
void add_plans(std::vector<Contestant>& all, const Cell& cell, std::uint64_t changes = 0) {
  for (const PlanCase& plan : cell.plans)
    all.push_back(of_plan(plan, Structs<P>{}, cell.capacity, cell.records,
                          [=](std::uint64_t n) { return P::expected(n) + changes * n; }));
}

template <class P>
void add_single_peers(std::vector<Contestant>& all, std::uint32_t capacity, std::uint64_t records) {
#ifdef BYTEOR_BENCH_BOOST
  all.push_back(one_to_one<Peer<BoostQueue<P>, P, 1>, P>("boost spsc_queue", capacity, records));
  all.push_back(one_to_one<Peer<BoostInPlace<P>, P, 1>, P>("boost spsc_queue, consume_all", capacity, records));
#endif
#ifdef BYTEOR_BENCH_READERWRITER
  all.push_back(one_to_one<Peer<ReaderWriter<P>, P, 1>, P>("moodycamel ReaderWriterQueue", capacity, records));
#endif
#ifdef BYTEOR_BENCH_ATOMIC_QUEUE
  all.push_back(one_to_one<AtomicQueue<P>, P>("atomic_queue SPSC", capacity, records));
#endif
#ifdef BYTEOR_BENCH_DPDK
  all.push_back(one_to_one<Peer<Dpdk<P>, P, 1>, P>("DPDK rte_ring", capacity, records));
#endif
}

template <class P>
void add_batch_peers(std::vector<Contestant>& all, std::uint32_t capacity, std::uint64_t records) {
#ifdef BYTEOR_BENCH_BOOST
  all.push_back(one_to_one<Peer<BoostQueue<P>, P, 64>, P>("boost spsc_queue", capacity, records));
  all.push_back(one_to_one<Peer<BoostInPlace<P>, P, 64>, P>("boost spsc_queue, consume_all", capacity, records));
#endif
#ifdef BYTEOR_BENCH_CONCURRENT
  all.push_back(one_to_one<Peer<Concurrent<P>, P, 64>, P>("moodycamel ConcurrentQueue", capacity, records));
#endif
#ifdef BYTEOR_BENCH_DPDK
  all.push_back(one_to_one<Peer<Dpdk<P>, P, 64>, P>("DPDK rte_ring", capacity, records));
#endif
}

template <class P>
void add_chain_peers(std::vector<Contestant>& all, std::uint32_t capacity, std::uint64_t records) {
#ifdef BYTEOR_BENCH_BOOST
  all.push_back(chain<PeerChain<BoostQueue<P>, P, 64>, P>("boost spsc_queue, 64 a call", capacity, records));
  all.push_back(chain<PeerChain<BoostQueue<P>, P, 256>, P>("boost spsc_queue, 256 a call", capacity, records));
#endif
#ifdef BYTEOR_BENCH_DPDK
  all.push_back(chain<PeerChain<Dpdk<P>, P, 64>, P>("DPDK rte_ring, 64 a call", capacity, records));
  all.push_back(chain<PeerChain<Dpdk<P>, P, 256>, P>("DPDK rte_ring, 256 a call", capacity, records));
#endif
}

inline std::vector<std::string> left_out() {
  std::vector<std::string> names;
#ifndef BYTEOR_BENCH_BOOST
  names.emplace_back("boost spsc_queue (libboost-dev)");
#endif
#ifndef BYTEOR_BENCH_READERWRITER
  names.emplace_back("moodycamel ReaderWriterQueue (libreaderwriterqueue-dev)");
#endif
#ifndef BYTEOR_BENCH_CONCURRENT
  names.emplace_back("moodycamel ConcurrentQueue (libconcurrentqueue-dev)");
#endif
#ifndef BYTEOR_BENCH_ATOMIC_QUEUE
  names.emplace_back("atomic_queue (libatomic-queue-dev)");
#endif
#ifndef BYTEOR_BENCH_DPDK
  names.emplace_back("DPDK rte_ring (libdpdk-dev)");
#endif
  return names;
}

inline void run_all(const std::vector<Contestant>& all) {
  std::printf("{\"runs\":[");
  for (const Contestant& one : all) {
    const double before = flag_round_trip_ns();
    const Lap lap = one.run();
    const double after = flag_round_trip_ns();
    std::printf(
        "%s{\"name\":\"%s\",\"seconds\":%.9f,\"preempted\":%ld,\"off_cpu\":%.4f,\"flag_before_ns\":%.0f,"
        "\"flag_after_ns\":%.0f}",
        &one == &all.front() ? "" : ",", one.name.c_str(), lap.seconds, lap.preempted, lap.off_cpu, before, after);
  }
  std::printf("],\"left_out\":[");
  const char* between = "";
  for (const std::string& name : left_out()) {
    std::printf("%s\"%s\"", between, name.c_str());
    between = ",";
  }
  std::printf("]}\n");
}

inline bool is_cell(const Cell& cell) {
  return cell.capacity >= kBatch && (cell.capacity & (cell.capacity - 1)) == 0 && cell.records >= cell.capacity;
}

inline int run_cell(int argc, char** argv, const char* usage,
                    const std::function<std::vector<Contestant>(const Cell&)>& contestants) {
  Cell cell{argv[1],
            argv[2],
            argv[3],
            static_cast<std::uint32_t>(std::strtoul(argv[4], nullptr, 10)),
            std::strtoull(argv[5], nullptr, 10),
            {}};
  for (int i = 7; i < argc; i += 3) cell.plans.push_back(plan_case(argv[i], argv[i + 1], argv[i + 2]));
  std::vector<Contestant> all = is_cell(cell) ? contestants(cell) : std::vector<Contestant>{};
  if (all.empty()) {
    std::fputs(usage, stderr);
    return 2;
  }
  std::mt19937 random(static_cast<unsigned>(std::strtoul(argv[6], nullptr, 10)));
  std::shuffle(all.begin(), all.end(), random);
  run_all(all);
  return 0;
}

// A program of such a benchmark: `distance` prints the round trip of a flag between the two CPUs, ns; otherwise
//
//   TOPOLOGY FORM BYTES CAPACITY RECORDS SEED [NAME SPEC OPTIONS] …        the plans that run: plan/plan_case.hpp
//
// `contestants` gives those of a cell, or none where there is no such cell.
inline int run_program(int argc, char** argv, const char* usage,
                       const std::function<std::vector<Contestant>(const Cell&)>& contestants) {
  if (argc == 2 && std::strcmp(argv[1], "distance") == 0) {
    std::printf("%.0f\n", flag_round_trip_ns());
    return 0;
  }
  if (argc < 7 || (argc - 7) % 3 != 0) {
    std::fputs(usage, stderr);
    return 2;
  }
  return guarded(argv[0], [&] { return run_cell(argc, argv, usage, contestants); });
}

}  // namespace byteor::bench

// A contestant of one cell, the peers of each topology, and one line of JSON for all that ran.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rings/harness.hpp"
#include "rings/peers.hpp"

namespace byteor::bench {

struct Contestant {
  std::string name;
  std::function<Lap()> run;
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
    check(sum == P::expected(n) + 3 * n * (sizeof(P) / 8), "checksum of the chain");
    return took;
  };
  return {std::move(name), [=] {
            const auto chain = std::make_unique<Chain>(capacity);
            lap(*chain, capacity);
            return lap(*chain, records);
          }};
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

}  // namespace byteor::bench

// One trial of the ring benchmark, in a process of its own: every contestant of one cell once, in an order given by the
// seed, between two looks at where the host has put the two CPUs. Prints one line of JSON; bench/rings.mjs starts many
// trials and reports medians of paired ratios.
//
//   byteor_rings one-to-one|chain single|batch 8|56|64 CAPACITY RECORDS SEED
//   byteor_rings layouts batch 8|64|256|1500|logs CAPACITY RECORDS SEED
#include <algorithm>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "rings/chain.hpp"
#include "rings/harness.hpp"
#include "rings/layouts.hpp"
#include "rings/limit.hpp"
#include "rings/ours.hpp"
#include "rings/peers.hpp"

namespace byteor::bench {
namespace {

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
std::vector<Contestant> singles(std::uint32_t capacity, std::uint64_t records) {
  std::vector<Contestant> all;
  all.push_back(one_to_one<LimitSingle<P>, P>("limit", capacity, records));
  all.push_back(one_to_one<OursSingle<P, Profile::kLowLatency>, P>("byteor", capacity, records));
  all.push_back(one_to_one<OursSingle<P, Profile::kDefault>, P>("byteor, default profile", capacity, records));
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
  return all;
}

template <class P>
std::vector<Contestant> batches(std::uint32_t capacity, std::uint64_t records) {
  std::vector<Contestant> all;
  all.push_back(one_to_one<LimitBatch<P, 64>, P>("limit", capacity, records));
  all.push_back(one_to_one<OursBatch<P, 64, Profile::kLowLatency>, P>("byteor", capacity, records));
  all.push_back(one_to_one<OursBatch<P, 64, Profile::kDefault>, P>("byteor, default profile", capacity, records));
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
  return all;
}

template <class P>
std::vector<Contestant> chains(std::uint32_t capacity, std::uint64_t records) {
  std::vector<Contestant> all;
  all.push_back(chain<LimitChain<P, OurChain<P>::kBatch>, P>("limit", capacity, records));
  all.push_back(chain<OurChain<P>, P>("byteor", capacity, records));
#ifdef BYTEOR_BENCH_BOOST
  all.push_back(chain<PeerChain<BoostQueue<P>, P, 64>, P>("boost spsc_queue, 64 a call", capacity, records));
  all.push_back(chain<PeerChain<BoostQueue<P>, P, 256>, P>("boost spsc_queue, 256 a call", capacity, records));
#endif
#ifdef BYTEOR_BENCH_DPDK
  all.push_back(chain<PeerChain<Dpdk<P>, P, 64>, P>("DPDK rte_ring, 64 a call", capacity, records));
  all.push_back(chain<PeerChain<Dpdk<P>, P, 256>, P>("DPDK rte_ring, 256 a call", capacity, records));
#endif
  return all;
}

template <class Layout>
Contestant layout(std::string name, std::uint32_t bytes, std::uint32_t capacity, std::uint64_t records) {
  return {std::move(name), [=] {
            const Lengths lengths(bytes);
            const Text text;
            const auto ring = std::make_unique<Layout>(capacity, lengths);
            const auto lap = [&](std::uint64_t n) {
              std::uint64_t sum = 0;
              const Lap took = run_jobs({{0, [&] { ring->produce(n); }}, {1, [&] { sum = ring->consume(n); }}});
              check(sum == text.expected(lengths, n), "checksum of the layout");
              return took;
            };
            lap(capacity);
            return lap(records);
          }};
}

std::vector<Contestant> layouts(const std::string& bytes, std::uint32_t capacity, std::uint64_t records) {
  const auto length = bytes == "logs" ? 0u : static_cast<std::uint32_t>(std::strtoul(bytes.c_str(), nullptr, 10));
  if (length > 2500 || (length == 0 && bytes != "logs")) return {};
  return {layout<SlotsAndArena>("byteor", length, capacity, records),
          layout<LongestInline>("longest inline", length, capacity, records),
          layout<Frames>("frames", length, capacity, records)};
}

std::vector<std::string> left_out() {
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

template <class P>
std::vector<Contestant> cell(const std::string& topology, const std::string& form, std::uint32_t capacity,
                             std::uint64_t records) {
  if (topology == "chain" && form == "batch") return chains<P>(capacity, records);
  if (topology == "one-to-one" && form == "batch") return batches<P>(capacity, records);
  if (topology == "one-to-one" && form == "single") return singles<P>(capacity, records);
  return {};
}

std::vector<Contestant> cell(const std::string& topology, const std::string& form, const std::string& bytes,
                             std::uint32_t capacity, std::uint64_t records) {
  const bool power_of_two = capacity >= 64 && (capacity & (capacity - 1)) == 0;
  if (!power_of_two || records < capacity) return {};
  if (topology == "layouts" && form == "batch") return layouts(bytes, capacity, records);
  if (bytes == "8") return cell<Payload<1>>(topology, form, capacity, records);
  if (bytes == "56") return cell<Payload<7>>(topology, form, capacity, records);
  if (bytes == "64") return cell<Payload<8>>(topology, form, capacity, records);
  return {};
}

void run_all(const std::vector<Contestant>& all) {
  std::printf("{\"runs\":[");
  for (const Contestant& one : all) {
    const double before = flag_round_trip_ns();
    const Lap lap = one.run();
    const double after = flag_round_trip_ns();
    std::printf("%s{\"name\":\"%s\",\"seconds\":%.9f,\"preempted\":%ld,\"flag_before_ns\":%.0f,\"flag_after_ns\":%.0f}",
                &one == &all.front() ? "" : ",", one.name.c_str(), lap.seconds, lap.preempted, before, after);
  }
  std::printf("],\"left_out\":[");
  const char* between = "";
  for (const std::string& name : left_out()) {
    std::printf("%s\"%s\"", between, name.c_str());
    between = ",";
  }
  std::printf("]}\n");
}

int main_with(int argc, char** argv) {
  std::vector<Contestant> all;
  if (argc == 7)
    all = cell(argv[1], argv[2], argv[3], static_cast<std::uint32_t>(std::strtoul(argv[4], nullptr, 10)),
               std::strtoull(argv[5], nullptr, 10));
  if (all.empty()) {
    std::fprintf(stderr,
                 "usage: byteor_rings one-to-one|chain single|batch 8|56|64 CAPACITY RECORDS SEED\n"
                 "       byteor_rings layouts batch 8|64|256|1500|logs CAPACITY RECORDS SEED\n"
                 "CAPACITY is a power of two from 64 on, RECORDS no less; chains have batches only\n");
    return 2;
  }
  std::mt19937 random(static_cast<unsigned>(std::strtoul(argv[6], nullptr, 10)));
  std::shuffle(all.begin(), all.end(), random);
  run_all(all);
  return 0;
}

}  // namespace
}  // namespace byteor::bench

int main(int argc, char** argv) { return byteor::bench::main_with(argc, argv); }

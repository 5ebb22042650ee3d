// One trial of the lane benchmark, in a process of its own: every contestant of one cell once, in an order given by the
// seed. Prints one line of JSON; bench/lanes.mjs starts many trials and reports medians of paired ratios.
//
//   byteor_lanes one-to-one|broadcast|merge|chain batch 8|64 CAPACITY RECORDS SEED [NAME SPEC OPTIONS] …
//   byteor_lanes layouts batch 8|64|256|1500|logs CAPACITY RECORDS SEED [NAME SPEC OPTIONS] …
//   byteor_lanes distance
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lanes/graphs.hpp"
#include "rings/contest.hpp"
#include "rings/limit.hpp"
#include "rings/texts.hpp"

namespace byteor::bench {
namespace {

template <class P>
std::vector<Contestant> batches(const Cell& cell) {
  std::vector<Contestant> all{one_to_one<LimitBatch<P, kBatch>, P>("limit", cell.capacity, cell.records)};
  add_plans<P>(all, cell);
  add_batch_peers<P>(all, cell.capacity, cell.records);
  return all;
}

template <class P>
std::vector<Contestant> chains(const Cell& cell) {
  std::vector<Contestant> all{chain<LimitChain<P, kGraphBatch>, P>("limit", cell.capacity, cell.records)};
  add_plans<P>(all, cell, 3);
  add_chain_peers<P>(all, cell.capacity, cell.records);
  return all;
}

// A topology with more than one path, but not a plan: `lap` answers with the sum that all readers made.
template <class Graph, class P>
Contestant spread(std::string name, std::uint32_t capacity, std::uint64_t records) {
  return {std::move(name), [=] {
            const auto graph = std::make_unique<Graph>(capacity);
            const auto lap = [&](std::uint64_t n) {
              std::uint64_t sum = 0;
              const Lap took = graph->lap(n, sum);
              check(sum == Graph::template expected<P>(n), "checksum of the graph");
              return took;
            };
            lap(capacity);
            return lap(records);
          }};
}

template <class P>
std::vector<Contestant> broadcasts(const Cell& cell) {
  std::vector<Contestant> all{spread<LimitBroadcast<P>, P>("limit", cell.capacity, cell.records)};
  add_plans<P>(all, cell);
#ifdef BYTEOR_BENCH_BOOST
  all.push_back(spread<PeerBroadcast<BoostQueue<P>, P>, P>("boost spsc_queue, two", cell.capacity, cell.records));
#endif
#ifdef BYTEOR_BENCH_DPDK
  all.push_back(spread<PeerBroadcast<Dpdk<P>, P>, P>("DPDK rte_ring, two", cell.capacity, cell.records));
#endif
  return all;
}

template <class P>
std::vector<Contestant> merges(const Cell& cell) {
  std::vector<Contestant> all{spread<LimitMerge<P>, P>("limit", cell.capacity, cell.records)};
  add_plans<P>(all, cell);
#ifdef BYTEOR_BENCH_BOOST
  all.push_back(spread<PeerMerge<BoostQueue<P>, P>, P>("boost spsc_queue, two", cell.capacity, cell.records));
#endif
#ifdef BYTEOR_BENCH_DPDK
  all.push_back(spread<PeerMerge<Dpdk<P>, P>, P>("DPDK rte_ring, two", cell.capacity, cell.records));
#endif
  return all;
}

template <class P>
std::vector<Contestant> structs(const Cell& cell) {
  if (cell.topology == "one-to-one") return batches<P>(cell);
  if (cell.topology == "broadcast") return broadcasts<P>(cell);
  if (cell.topology == "merge") return merges<P>(cell);
  if (cell.topology == "chain") return chains<P>(cell);
  return {};
}

std::vector<Contestant> contestants(const Cell& cell) {
  if (cell.form != "batch") return {};
  if (cell.topology == "layouts") return texts(cell);
  if (cell.bytes == "8") return structs<Payload<1>>(cell);
  if (cell.bytes == "64") return structs<Payload<8>>(cell);
  return {};
}

constexpr const char* kUsage =
    "usage: byteor_lanes one-to-one|broadcast|merge|chain batch 8|64 CAPACITY RECORDS SEED [NAME SPEC OPTIONS] …\n"
    "       byteor_lanes layouts batch 8|64|256|1500|logs CAPACITY RECORDS SEED [NAME SPEC OPTIONS] …\n"
    "       byteor_lanes distance\n"
    "CAPACITY, in records, is a power of two from 64 on, RECORDS no less. SPEC is a file with the spec of a plan,\n"
    "OPTIONS are those of `open`, as laneBytes=65536,profile=default\n";

}  // namespace
}  // namespace byteor::bench

int main(int argc, char** argv) {
  return byteor::bench::run_program(argc, argv, byteor::bench::kUsage, byteor::bench::contestants);
}

// One trial of the lane benchmark, in a process of its own: every contestant of one cell once, in an order given by the
// seed. Prints one line of JSON; bench/lanes.mjs starts many trials and reports medians of paired ratios.
//
//   byteor_lanes one-to-one single|batch 8|64 CAPACITY RECORDS SEED
//   byteor_lanes broadcast|merge|chain batch 8|64 CAPACITY RECORDS SEED
//   byteor_lanes layouts batch 8|64|256|1500|logs CAPACITY RECORDS SEED
//   byteor_lanes distance
#include <cstdlib>
#include <string>
#include <vector>

#include "lanes/graphs.hpp"
#include "lanes/layouts.hpp"
#include "lanes/ours.hpp"
#include "rings/contest.hpp"
#include "rings/limit.hpp"

namespace byteor::bench {
namespace {

// Records are structs of one length, so "byteor" is a lane of structs; "frames" and "slots and an arena" are lanes for
// records of any length.
template <class P, std::uint32_t Batch>
void add_lanes(std::vector<Contestant>& all, std::uint32_t capacity, std::uint64_t records) {
  constexpr LaneProfile kLow = LaneProfile::kLowLatency;
  constexpr LaneProfile kDefault = LaneProfile::kDefault;
  // No plan pushes structs from a native end one by one: that is the alternative.
  const std::string structs = Batch == 1 ? "alternative, struct pushes" : "byteor";
  all.push_back(one_to_one<OneStructLane<P, Batch, kLow>, P>(structs, capacity, records));
  all.push_back(one_to_one<OneStructLane<P, Batch, kDefault>, P>(structs + ", default profile", capacity, records));
  all.push_back(one_to_one<OneLane<P, FramedLane, Batch, kLow>, P>("byteor, frames", capacity, records));
  all.push_back(
      one_to_one<OneLane<P, FramedLane, Batch, kDefault>, P>("byteor, frames, default profile", capacity, records));
  all.push_back(one_to_one<OneLane<P, SlotsLane, Batch, kLow>, P>("byteor, slots and an arena", capacity, records));
}

template <class P>
std::vector<Contestant> singles(std::uint32_t capacity, std::uint64_t records) {
  std::vector<Contestant> all;
  all.push_back(one_to_one<LimitSingle<P>, P>("limit", capacity, records));
  add_lanes<P, 1>(all, capacity, records);
  add_single_peers<P>(all, capacity, records);
  return all;
}

template <class P>
std::vector<Contestant> batches(std::uint32_t capacity, std::uint64_t records) {
  std::vector<Contestant> all;
  all.push_back(one_to_one<LimitBatch<P, 64>, P>("limit", capacity, records));
  add_lanes<P, 64>(all, capacity, records);
  add_batch_peers<P>(all, capacity, records);
  return all;
}

template <class P>
std::vector<Contestant> chains(std::uint32_t capacity, std::uint64_t records) {
  std::vector<Contestant> all;
  all.push_back(chain<LimitChain<P, kGraphBatch>, P>("limit", capacity, records));
  all.push_back(chain<LaneChain<P, FramedLane>, P>("byteor, frames", capacity, records));
  all.push_back(chain<LaneChain<P, StructLane>, P>("byteor", capacity, records));
  add_chain_peers<P>(all, capacity, records);
  return all;
}

// A topology with more than one path: `lap` answers with the sum that all readers made.
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
std::vector<Contestant> broadcasts(std::uint32_t capacity, std::uint64_t records) {
  std::vector<Contestant> all;
  all.push_back(spread<LimitBroadcast<P>, P>("limit", capacity, records));
  all.push_back(spread<LaneBroadcast<P, FramedLane>, P>("byteor, frames", capacity, records));
  all.push_back(spread<LaneBroadcast<P, StructLane>, P>("byteor", capacity, records));
  all.push_back(spread<RoutedBroadcast<P, FramedLane>, P>("byteor, router and two lanes of frames", capacity, records));
  all.push_back(spread<RoutedBroadcast<P, StructLane>, P>("byteor, router and two lanes", capacity, records));
#ifdef BYTEOR_BENCH_BOOST
  all.push_back(spread<PeerBroadcast<BoostQueue<P>, P>, P>("boost spsc_queue, two", capacity, records));
#endif
#ifdef BYTEOR_BENCH_DPDK
  all.push_back(spread<PeerBroadcast<Dpdk<P>, P>, P>("DPDK rte_ring, two", capacity, records));
#endif
  return all;
}

template <class P>
std::vector<Contestant> merges(std::uint32_t capacity, std::uint64_t records) {
  std::vector<Contestant> all;
  all.push_back(spread<LimitMerge<P>, P>("limit", capacity, records));
  all.push_back(spread<LaneMerge<P, FramedLane>, P>("byteor, frames", capacity, records));
  all.push_back(spread<LaneMerge<P, StructLane>, P>("byteor", capacity, records));
#ifdef BYTEOR_BENCH_BOOST
  all.push_back(spread<PeerMerge<BoostQueue<P>, P>, P>("boost spsc_queue, two", capacity, records));
#endif
#ifdef BYTEOR_BENCH_DPDK
  all.push_back(spread<PeerMerge<Dpdk<P>, P>, P>("DPDK rte_ring, two", capacity, records));
#endif
  return all;
}

template <class Layout>
Contestant layout(std::string name, std::uint32_t bytes, std::uint32_t capacity, std::uint64_t records) {
  return {std::move(name), [=] {
            const Lengths lengths(bytes);
            const Text text;
            const auto lane = std::make_unique<Layout>(capacity, lengths);
            const auto lap = [&](std::uint64_t n) {
              std::uint64_t sum = 0;
              const Lap took = run_jobs({{0, [&] { lane->produce(n); }}, {1, [&] { sum = lane->consume(n); }}});
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
  return {layout<LaneOfTexts<FramedLane>>("byteor", length, capacity, records),
          layout<LaneOfTexts<SlotsLane>>("byteor, slots and an arena", length, capacity, records),
          layout<Frames>("limit", length, capacity, records),
          layout<LongestInline>("bare slots of fixed stride", length, capacity, records)};
}

template <class P>
std::vector<Contestant> cell(const std::string& topology, const std::string& form, std::uint32_t capacity,
                             std::uint64_t records) {
  if (topology == "one-to-one" && form == "single") return singles<P>(capacity, records);
  if (form != "batch") return {};
  if (topology == "one-to-one") return batches<P>(capacity, records);
  if (topology == "broadcast") return broadcasts<P>(capacity, records);
  if (topology == "merge") return merges<P>(capacity, records);
  if (topology == "chain") return chains<P>(capacity, records);
  return {};
}

std::vector<Contestant> cell(const std::string& topology, const std::string& form, const std::string& bytes,
                             std::uint32_t capacity, std::uint64_t records) {
  const bool power_of_two = capacity >= 64 && (capacity & (capacity - 1)) == 0;
  if (!power_of_two || records < capacity) return {};
  if (topology == "layouts") return form == "batch" ? layouts(bytes, capacity, records) : std::vector<Contestant>{};
  if (bytes == "8") return cell<Payload<1>>(topology, form, capacity, records);
  if (bytes == "64") return cell<Payload<8>>(topology, form, capacity, records);
  return {};
}

constexpr const char* kUsage =
    "usage: byteor_lanes one-to-one single|batch 8|64 CAPACITY RECORDS SEED\n"
    "       byteor_lanes broadcast|merge|chain batch 8|64 CAPACITY RECORDS SEED\n"
    "       byteor_lanes layouts batch 8|64|256|1500|logs CAPACITY RECORDS SEED\n"
    "       byteor_lanes distance\n"
    "CAPACITY, in records, is a power of two from 64 on, RECORDS no less\n";

}  // namespace
}  // namespace byteor::bench

int main(int argc, char** argv) {
  using namespace byteor::bench;
  return run_program(argc, argv, kUsage, [](auto... cell_of) { return cell(cell_of...); });
}

// One trial of the ring benchmark, in a process of its own: every contestant of one cell once, in an order given by the
// seed, between two looks at where the host has put the two CPUs. Prints one line of JSON; bench/rings.mjs starts many
// trials and reports medians of paired ratios.
//
//   byteor_rings one-to-one|chain single|batch 8|56|64 CAPACITY RECORDS SEED
//   byteor_rings layouts batch 8|64|256|1500|logs CAPACITY RECORDS SEED
//   byteor_rings distance
#include <cstdlib>
#include <string>
#include <vector>

#include "rings/chain.hpp"
#include "rings/contest.hpp"
#include "rings/harness.hpp"
#include "rings/layouts.hpp"
#include "rings/limit.hpp"
#include "rings/ours.hpp"

namespace byteor::bench {
namespace {

template <class P>
std::vector<Contestant> singles(std::uint32_t capacity, std::uint64_t records) {
  std::vector<Contestant> all;
  all.push_back(one_to_one<LimitSingle<P>, P>("limit", capacity, records));
  all.push_back(one_to_one<OursSingle<P, Profile::kLowLatency>, P>("byteor", capacity, records));
  all.push_back(one_to_one<OursSingle<P, Profile::kDefault>, P>("byteor, default profile", capacity, records));
  add_single_peers<P>(all, capacity, records);
  return all;
}

template <class P>
std::vector<Contestant> batches(std::uint32_t capacity, std::uint64_t records) {
  std::vector<Contestant> all;
  all.push_back(one_to_one<LimitBatch<P, 64>, P>("limit", capacity, records));
  all.push_back(one_to_one<OursBatch<P, 64, Profile::kLowLatency>, P>("byteor", capacity, records));
  all.push_back(one_to_one<OursBatch<P, 64, Profile::kDefault>, P>("byteor, default profile", capacity, records));
  add_batch_peers<P>(all, capacity, records);
  return all;
}

template <class P>
std::vector<Contestant> chains(std::uint32_t capacity, std::uint64_t records) {
  std::vector<Contestant> all;
  all.push_back(chain<LimitChain<P, OurChain<P>::kBatch>, P>("limit", capacity, records));
  all.push_back(chain<OurChain<P>, P>("byteor", capacity, records));
  add_chain_peers<P>(all, capacity, records);
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

constexpr const char* kUsage =
    "usage: byteor_rings one-to-one|chain single|batch 8|56|64 CAPACITY RECORDS SEED\n"
    "       byteor_rings layouts batch 8|64|256|1500|logs CAPACITY RECORDS SEED\n"
    "       byteor_rings distance\n"
    "CAPACITY is a power of two from 64 on, RECORDS no less; chains have batches only\n";

}  // namespace
}  // namespace byteor::bench

int main(int argc, char** argv) {
  using namespace byteor::bench;
  return run_program(argc, argv, kUsage, [](auto... cell_of) { return cell(cell_of...); });
}

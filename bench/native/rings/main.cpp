// One trial of the ring benchmark, in a process of its own: every contestant of one cell once, in an order given by the
// seed, between two looks at where the host has put the two CPUs. Prints one line of JSON; bench/rings.mjs starts many
// trials and reports medians of paired ratios.
//
//   byteor_rings one-to-one|chain single|batch 8|56|64 CAPACITY RECORDS SEED [NAME SPEC OPTIONS] …
//   byteor_rings layouts batch 8|64|256|1500|logs CAPACITY RECORDS SEED [NAME SPEC OPTIONS] …
//   byteor_rings distance
#include <vector>

#include "rings/contest.hpp"
#include "rings/limit.hpp"
#include "rings/texts.hpp"

namespace byteor::bench {
namespace {

template <class P>
std::vector<Contestant> singles(const Cell& cell) {
  std::vector<Contestant> all{one_to_one<LimitSingle<P>, P>("limit", cell.capacity, cell.records)};
  add_plans<P>(all, cell);
  add_single_peers<P>(all, cell.capacity, cell.records);
  return all;
}

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

template <class P>
std::vector<Contestant> structs(const Cell& cell) {
  if (cell.topology == "chain" && cell.form == "batch") return chains<P>(cell);
  if (cell.topology == "one-to-one" && cell.form == "batch") return batches<P>(cell);
  if (cell.topology == "one-to-one" && cell.form == "single") return singles<P>(cell);
  return {};
}

std::vector<Contestant> contestants(const Cell& cell) {
  if (cell.topology == "layouts") return cell.form == "batch" ? texts(cell) : std::vector<Contestant>{};
  if (cell.bytes == "8") return structs<Payload<1>>(cell);
  if (cell.bytes == "56") return structs<Payload<7>>(cell);
  if (cell.bytes == "64") return structs<Payload<8>>(cell);
  return {};
}

constexpr const char* kUsage =
    "usage: byteor_rings one-to-one|chain single|batch 8|56|64 CAPACITY RECORDS SEED [NAME SPEC OPTIONS] …\n"
    "       byteor_rings layouts batch 8|64|256|1500|logs CAPACITY RECORDS SEED [NAME SPEC OPTIONS] …\n"
    "       byteor_rings distance\n"
    "CAPACITY is a power of two from 64 on, RECORDS no less; chains have batches only. SPEC is a file with the spec "
    "of\n"
    "a plan, OPTIONS are those of `open`, as capacity=1024,profile=default\n";

}  // namespace
}  // namespace byteor::bench

int main(int argc, char** argv) {
  return byteor::bench::run_program(argc, argv, byteor::bench::kUsage, byteor::bench::contestants);
}

// Records of varying length: plans beside the bare layouts of bench/alternatives/layouts.hpp.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../../alternatives/layouts.hpp"
#include "rings/contest.hpp"
#include "rings/harness.hpp"

namespace byteor::bench {

template <class Layout>
Contestant bare_layout(std::string name, std::uint32_t bytes, std::uint32_t capacity, std::uint64_t records) {
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

// None where `bytes` is no length that is measured.
inline std::vector<Contestant> texts(const Cell& cell) {
  const auto bytes =
      cell.bytes == "logs" ? 0u : static_cast<std::uint32_t>(std::strtoul(cell.bytes.c_str(), nullptr, 10));
  if (bytes > 2500 || (bytes == 0 && cell.bytes != "logs")) return {};
  std::vector<Contestant> all{bare_layout<BareFrames>("limit", bytes, cell.capacity, cell.records),
                              bare_layout<BareSlots>("bare slots of the longest", bytes, cell.capacity, cell.records)};
  const auto lengths = std::make_shared<const Lengths>(bytes);
  const auto text = std::make_shared<const Text>();
  for (const PlanCase& plan : cell.plans)
    all.push_back(of_plan(plan, Texts{lengths.get(), text.get()}, cell.capacity, cell.records,
                          [lengths, text](std::uint64_t n) { return text->expected(*lengths, n); }));
  return all;
}

}  // namespace byteor::bench

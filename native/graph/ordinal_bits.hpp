// How much of an ordinal's room for copies each lane of a graph has used up, along the flow: 0 at an ingress, the most
// of the inlets behind a role, and as much more as an Ordered merge takes, or a stage that emits (lane/ordinal.hpp),
// where an Ordered merge is behind it. Validation counts the
// same from the plan's connections (lib/plan/flow.ts); here it is counted from what was decoded. Control path.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "graph/description.hpp"
#include "lane/ordinal.hpp"

namespace byteor::graph {

// By lane. Roles stand in topological order.
inline std::vector<std::uint32_t> ordinal_bits(const LaneGraphDescription& graph) {
  std::vector<std::uint32_t> used(graph.lanes.size(), 0);
  for (const RoleDescription& role : graph.roles) {
    std::uint32_t bits = 0;
    for (const std::uint32_t inlet : role.inlets) bits = std::max(bits, used[inlet]);
    if (role.policy == abi::PolicyCode::kOrdered)
      bits += lane::merge_bits(static_cast<std::uint32_t>(role.inlets.size()));
    if (role.kind == abi::RoleCode::kStage && !role.outlets.empty() &&
        graph.lanes[role.outlets.front()].has(abi::LaneFlag::kWatermarked))
      bits += lane::merge_bits(std::max(1u, graph.stages[role.index].emits_max));
    for (const std::uint32_t outlet : role.outlets) used[outlet] = bits;
  }
  return used;
}

// What the graph reserves of every ordinal.
inline std::uint32_t ordinal_shift(const std::vector<std::uint32_t>& bits) {
  return bits.empty() ? 0 : *std::max_element(bits.begin(), bits.end());
}

}  // namespace byteor::graph

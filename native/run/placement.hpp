// Which agents run on which threads, and how many threads there are. Pure, so that it can be tested without a machine.
//
// Handing a record to another thread costs cache lines, to the next agent of the same thread nothing. So a thread runs
// a contiguous run of the line source → stages → sink, cut where the heaviest thread is lightest; shards are dealt out
// whole. With JS at an end, one CPU is left to JavaScript.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/description.hpp"
#include "graph/lane_graph.hpp"
#include "graph/ring_graph.hpp"

namespace byteor::run {

struct PlacementInput {
  abi::PortCode ingress_port = abi::PortCode::kJs;
  abi::PortCode egress_port = abi::PortCode::kJs;
  std::uint32_t threads_asked = 0;  // 0: as the budget allows
  std::uint32_t cpus = 1;           // threads that may be busy all the time
};

// At least one thread, never more than there are agents. threads_asked above that is cut, and the result says so.
graph::Placement place_agents(const graph::RingDescription& ring, const PlacementInput& input);

// Roles in the order of flow; every journal lane's files get a thread of their own, because writing and syncing block.
// `ports`: by boundary. `threads_asked` counts the threads of roles.
struct LanePlacementInput {
  std::vector<abi::PortCode> ports;
  std::uint32_t threads_asked = 0;
  std::uint32_t cpus = 1;
};
graph::LanePlacement place_agents(const graph::LaneGraphDescription& graph, const LanePlacementInput& input);

// Cuts `weights` into at most `parts` contiguous runs so that the heaviest is as light as possible; returns the part of
// each item. Exposed for tests.
std::vector<std::uint32_t> partition(const std::vector<double>& weights, std::uint32_t parts);

}  // namespace byteor::run

// The files of a plan's journal lanes: which folder each lane has, opened (and recovered) before anything runs. Control
// path.
#pragma once

#include <string>
#include <vector>

#include "graph/lane_graph.hpp"
#include "graph/lane_region_plan.hpp"
#include "run/options.hpp"
#include "run/ports.hpp"

namespace byteor::run {

// One a lane; empty for those that are not journals. Where the options name no folder, one of this run is made below
// the current directory: files that are to survive do not belong into a temporary folder. Throws OpenError.
graph::Journals open_journals(const graph::LaneGraphDescription& graph, const std::vector<graph::LaneSizes>& sizes,
                              const Options& options, const Ports& ports);

// A journal lane that an egress reads gets a relay: a bridge that reads the journal, records of earlier runs first, and
// writes a lane in memory, which the egress reads, whatever runs it. Roles read journals themselves.
graph::LaneGraphDescription with_relays(graph::LaneGraphDescription graph);

}  // namespace byteor::run

// The sizes of a LaneGraph's lanes: what the author said, what the options say, and for the rest a default that lets
// the largest record through every lane. lib/layout/graph-memory.ts states the same to the user. Control path.
#pragma once

#include <vector>

#include "graph/description.hpp"
#include "graph/lane_region_plan.hpp"
#include "run/options.hpp"

namespace byteor::run {

// One a lane. Throws CodedError.
std::vector<graph::LaneSizes> resolve_lane_sizes(const graph::LaneGraphDescription& graph, const Options& options);

}  // namespace byteor::run

// The files of a plan's journal lanes: which folder each lane has, opened (and recovered) before anything runs. Control
// path.
#pragma once

#include "graph/lane_graph.hpp"
#include "graph/layout.hpp"
#include "run/options.hpp"
#include "run/ports.hpp"

namespace byteor::run {

// One a lane; empty for those that are not journals. Where the options name no folder, one of this run is made below
// the current directory: files that are to survive do not belong into a temporary folder. Throws CodedError.
graph::Journals open_journals(const graph::LaneGraphDescription& graph, const graph::RegionLayout& layout,
                              const Options& options, const Ports& ports);

}  // namespace byteor::run

// The files of a plan's journal lanes and of its letters: which folder each has, opened (and recovered) before anything
// runs. Control path.
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

// The folder of the plan's letters, opened (and recovered); nothing where no stage has any. Throws
// CodedError: NO_DEAD_LETTERS where the options name none.
graph::Letters open_letters(const graph::RingDescription& ring, const graph::RegionLayout& layout,
                            const Options& options);
graph::Letters open_letters(const graph::LaneGraphDescription& graph, const graph::RegionLayout& layout,
                            const Options& options);

}  // namespace byteor::run

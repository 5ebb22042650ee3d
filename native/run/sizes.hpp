// Every size of a pipeline with its default, its limits and their reasons. lib/runtime/open.ts states the same limits
// to the user; this side checks again.
#pragma once

#include <cstdint>

#include "graph/description.hpp"
#include "graph/region_plan.hpp"
#include "run/options.hpp"

namespace byteor::run {

// Checks what was asked for and fills in defaults. Throws CodedError.
graph::ShardSizes resolve_sizes(const graph::RingDescription& ring, const Options& options);

}  // namespace byteor::run

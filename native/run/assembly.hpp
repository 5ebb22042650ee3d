// From a decoded plan and its layout to a graph in its region, for each target. Control path.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "core/agent.hpp"
#include "graph/description.hpp"
#include "graph/graph.hpp"
#include "graph/layout.hpp"
#include "run/options.hpp"
#include "run/ports.hpp"
#include "run/tuning.hpp"

namespace byteor::run {

// What a pipeline gives its graph.
struct AssemblyParts {
  const Options& options;
  const Ports& ports;
  const Tuning& tuning;
  core::FailureReporter& failures;
  // Zeroed memory of that many bytes, which outlives the graph. Throws CodedError.
  std::function<std::span<std::byte>(std::uint64_t bytes)> map;
};

// Records that an agent moves in one turn.
std::uint32_t batch_records(const Options& options);

const graph::CatalogDescription& catalog_of(const graph::Description& description);

// Throws CodedError.
std::unique_ptr<graph::Graph> assemble(graph::Description description, graph::RegionLayout layout,
                                       const AssemblyParts& parts);

}  // namespace byteor::run

#include "run/assembly.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include "graph/lane_graph.hpp"
#include "graph/region_plan.hpp"
#include "graph/ring_graph.hpp"
#include "journal/error.hpp"
#include "run/journals.hpp"
#include "run/lane_sizes.hpp"
#include "run/pipeline.hpp"
#include "run/placement.hpp"
#include "run/sizes.hpp"

namespace byteor::run {
namespace {

std::unique_ptr<graph::Graph> assemble_ring(graph::RingDescription ring, const AssemblyParts& parts) {
  const Options& options = parts.options;
  const graph::ShardSizes sizes = resolve_sizes(ring, options);
  graph::GraphOptions graph_options;
  graph_options.ingress_port = parts.ports.all()[ring.ingress].options.port;
  graph_options.egress_port = parts.ports.all()[ring.egress].options.port;
  graph_options.batch_records = batch_records(options);
  graph_options.first_sequence = options.first_sequence;
  graph_options.may_sleep = parts.ports.uses_js() || parts.tuning.may_sleep();
  graph::Placement placement = place_agents(
      ring, {graph_options.ingress_port, graph_options.egress_port, options.threads, parts.tuning.budget.threads});
  const graph::RegionPlan plan = graph::plan_region(ring, sizes, placement.threads);
  const std::span<std::byte> region = parts.map(plan.total_bytes);
  return std::make_unique<graph::RingGraph>(region, std::move(ring), plan, sizes, std::move(placement), graph_options,
                                            parts.failures);
}

std::unique_ptr<graph::Graph> assemble_graph(graph::LaneGraphDescription lowered, const AssemblyParts& parts) {
  const Options& options = parts.options;
  graph::LaneGraphDescription graph = with_relays(std::move(lowered));
  std::vector<graph::LaneSizes> sizes = resolve_lane_sizes(graph, options);
  graph::LaneGraphOptions graph_options;
  graph_options.ports = parts.ports.codes();
  graph_options.batch_records = batch_records(options);
  graph_options.first_sequence = options.first_sequence;
  const bool journals = std::any_of(graph.lanes.begin(), graph.lanes.end(), [](const graph::LaneDescription& lane) {
    return lane.kind == abi::LaneKindCode::kJournal;
  });
  graph_options.may_sleep = parts.ports.uses_js() || parts.tuning.may_sleep() || journals;
  graph::LanePlacement placement =
      place_agents(graph, {graph_options.ports, options.threads, parts.tuning.budget.threads});
  graph::LaneRegionPlan plan = graph::plan_region(graph, sizes, placement.threads);
  graph::Journals files = open_journals(graph, sizes, options, parts.ports);
  const std::span<std::byte> region = parts.map(plan.total_bytes);
  try {
    return std::make_unique<graph::LaneGraph>(region, std::move(graph), std::move(plan), std::move(sizes),
                                              std::move(files), std::move(placement), std::move(graph_options),
                                              parts.failures);
  } catch (const journal::JournalError& error) {
    throw OpenError(error.code(), error.what());
  }
}

}  // namespace

std::uint32_t batch_records(const Options& options) {
  return options.batch_records == 0 ? abi::kBatchRecordsDefault : options.batch_records;
}

const graph::CatalogDescription& catalog_of(const graph::Description& description) {
  return std::visit([](const auto& target) -> const graph::CatalogDescription& { return target; }, description);
}

std::unique_ptr<graph::Graph> assemble(graph::Description description, const AssemblyParts& parts) {
  try {
    if (auto* ring = std::get_if<graph::RingDescription>(&description)) return assemble_ring(std::move(*ring), parts);
    return assemble_graph(std::move(std::get<graph::LaneGraphDescription>(description)), parts);
  } catch (const std::invalid_argument& error) {
    throw OpenError("OP_UNAVAILABLE", error.what());
  }
}

}  // namespace byteor::run

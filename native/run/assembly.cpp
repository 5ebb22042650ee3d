#include "run/assembly.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "graph/lane_graph.hpp"
#include "graph/ring_graph.hpp"
#include "run/journals.hpp"

namespace byteor::run {
namespace {

std::unique_ptr<graph::Graph> assemble_ring(graph::RingDescription ring, graph::RegionLayout layout,
                                            const AssemblyParts& parts) {
  graph::GraphOptions graph_options;
  graph_options.ingress_port = parts.ports.all()[ring.ingress].options.port;
  graph_options.egress_port = parts.ports.all()[ring.egress].options.port;
  graph_options.batch_records = batch_records(parts.options);
  graph_options.first_sequence = parts.options.first_sequence;
  graph_options.may_sleep = parts.ports.uses_js() || layout.header.hosted_count != 0 || parts.tuning.may_sleep();
  const std::span<std::byte> region = parts.map(layout.header.region_bytes);
  return std::make_unique<graph::RingGraph>(region, std::move(ring), std::move(layout), graph_options, parts.failures);
}

std::unique_ptr<graph::Graph> assemble_graph(graph::LaneGraphDescription graph, graph::RegionLayout layout,
                                             const AssemblyParts& parts) {
  const Options& options = parts.options;
  graph::LaneGraphOptions graph_options;
  graph_options.ports = parts.ports.codes();
  graph_options.batch_records = batch_records(options);
  graph_options.first_sequence = options.first_sequence;
  const bool journals = std::any_of(graph.lanes.begin(), graph.lanes.end(), [](const graph::LaneDescription& lane) {
    return lane.kind == abi::LaneKindCode::kJournal;
  });
  graph_options.may_sleep =
      parts.ports.uses_js() || layout.header.hosted_count != 0 || parts.tuning.may_sleep() || journals;
  graph::Journals files = open_journals(graph, layout, options, parts.ports);
  const std::span<std::byte> region = parts.map(layout.header.region_bytes);
  return std::make_unique<graph::LaneGraph>(region, std::move(graph), std::move(layout), std::move(files),
                                            std::move(graph_options), parts.failures);
}

// Letters have no lane yet. Before files are opened and the region is mapped.
void require_on_error(const graph::CatalogDescription& catalog) {
  for (const graph::StageDescription& stage : catalog.stages) static_cast<void>(graph::on_error_of(stage));
  for (const graph::BoundaryDescription& boundary : catalog.boundaries) static_cast<void>(graph::on_error_of(boundary));
}

}  // namespace

std::uint32_t batch_records(const Options& options) {
  return options.batch_records == 0 ? abi::kBatchRecordsDefault : options.batch_records;
}

const graph::CatalogDescription& catalog_of(const graph::Description& description) {
  return std::visit([](const auto& target) -> const graph::CatalogDescription& { return target; }, description);
}

std::unique_ptr<graph::Graph> assemble(graph::Description description, graph::RegionLayout layout,
                                       const AssemblyParts& parts) {
  require_on_error(catalog_of(description));
  if (auto* ring = std::get_if<graph::RingDescription>(&description))
    return assemble_ring(std::move(*ring), std::move(layout), parts);
  return assemble_graph(std::move(std::get<graph::LaneGraphDescription>(description)), std::move(layout), parts);
}

}  // namespace byteor::run

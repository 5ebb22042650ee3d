#include "run/assembled.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "platform/memory.hpp"
#include "run/assembly.hpp"
#include "run/pipeline.hpp"

namespace byteor::run {

Assembled::Assembled(graph::Description description, std::span<const std::byte> layout, const Options& options,
                     AssembledFor whom) {
  if (options.batch_records > abi::kBatchRecordsMax)
    refuse_option("batchRecords", options.batch_records, "give 1 to " + std::to_string(abi::kBatchRecordsMax));
  ports = Ports::resolve(description, options);
  const auto map = [&](std::uint64_t bytes) { return map_region(bytes, options, whom.number); };
  graph::RegionLayout places = graph::decode_layout(layout, description, ports.codes());
  tuning = Tuning::decide(options, ports.uses_js() || places.header.hosted_count != 0);
  graph = assemble(std::move(description), std::move(places), {options, ports, tuning, whom.failures, map});
  graph->header().pipeline = whom.number;
  std::memcpy(graph->header().version_id, options.version_id.data(),
              std::min<std::size_t>(options.version_id.size(), 64));
  if (const graph::KeyDescription* shard_key = graph->shard_key()) key.emplace(shard_key->spec());
  ports.open(*graph, key.has_value() ? &*key : nullptr, whom.failures, whom.state, batch_records(options),
             std::move(whom.readers_gone));
}

std::span<std::byte> Assembled::map_region(std::uint64_t bytes, const Options& options, std::uint32_t number) {
  const bool tuned = options.profile != Profile::kDefault;
  const platform::MappingOptions mapping_options{.huge_pages = false, .prefault = tuned};
  mapping.emplace(number, bytes, options.observe, mapping_options);
  tuning.memory_locked(tuned ? platform::lock_memory(mapping->get().data(), bytes) : platform::RequestOutcome{});
  return {mapping->get().data(), mapping->get().bytes()};
}

std::vector<std::vector<core::Agent*>> Assembled::agents_by_thread() {
  std::vector<std::vector<core::Agent*>> agents(graph->thread_count());
  const auto add_adapters = [&](bool sources) {
    for (std::uint32_t i = 0; i < ports.all().size(); ++i) {
      const Port& port = ports.all()[i];
      if (port.shown != nullptr && port.is_ingress() == sources)
        agents[graph->boundary_thread(i)].push_back(port.shown.get());
    }
  };
  add_adapters(true);
  for (graph::PlacedAgent& placed : graph->agents()) agents[placed.thread].push_back(placed.agent.get());
  add_adapters(false);
  return agents;
}

std::vector<std::pair<std::uint32_t, std::uint32_t>> Assembled::neighbours() const {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;
  for (std::uint32_t i = 0; i < graph->agent_count(); ++i) {
    const std::uint32_t own = graph->agent_thread(i);
    for (const std::uint32_t on : graph->dependencies(i)) {
      const std::uint32_t other = graph->agent_thread(on);
      if (own == abi::kNone || other == abi::kNone) continue;
      pairs.emplace_back(own, other);
      pairs.emplace_back(other, own);
    }
  }
  return pairs;
}

}  // namespace byteor::run

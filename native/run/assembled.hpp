// What open makes of a plan before any thread: memory, the graph in it, its native ends, and which agents run in which
// order on which thread. Pipeline starts threads for it; a benchmark that counts runs all its agents in one loop.
// Control path.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/agent.hpp"
#include "graph/description.hpp"
#include "graph/graph.hpp"
#include "op/key.hpp"
#include "run/options.hpp"
#include "run/ports.hpp"
#include "run/region_mapping.hpp"
#include "run/tuning.hpp"

namespace byteor::run {

// What it tells of failures and of the end, and whom; all of it outlives it.
struct AssembledFor {
  std::uint32_t number;  // of the pipeline in this process
  core::FailureReporter& failures;
  const std::atomic<std::uint32_t>& state;  // abi::RegionState, which sources look at
  std::function<void()> readers_gone;       // no output has a reader any more; on a sink's thread
};

class Assembled {
 public:
  // `layout`: made for this plan, its ports and these threads (graph/layout.hpp). `options` outlive it. Throws
  // CodedError.
  Assembled(graph::Description description, std::span<const std::byte> layout, const Options& options,
            AssembledFor whom);

  Assembled(const Assembled&) = delete;
  Assembled& operator=(const Assembled&) = delete;

  // By thread: sources first, then the graph's agents in the order of flow, sinks last.
  std::vector<std::vector<core::Agent*>> agents_by_thread();
  // Threads of which either may sleep on the other's work: both ends of every dependency, in both directions, since
  // room travels upstream. A pair may come more than once.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> neighbours() const;

  // Destruction runs upwards: the adapters go before the graph they use, the memory last.
  std::optional<RegionMapping> mapping;
  Tuning tuning;
  std::unique_ptr<graph::Graph> graph;
  std::optional<op::KeyReader> key;
  Ports ports;

 private:
  std::span<std::byte> map_region(std::uint64_t bytes, const Options& options, std::uint32_t number);
};

}  // namespace byteor::run

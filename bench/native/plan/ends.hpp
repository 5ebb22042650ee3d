// Agents of a benchmark's own at the ends of a graph, in the place of its adapters and through the same calls.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/agent.hpp"
#include "graph/graph.hpp"
#include "run/ports.hpp"

namespace byteor::bench {

// What `make` answers for the ends of a boundary: called with a std::vector<End*>, one a shard, where End is
// core::RecordProducer, core::RecordConsumer, or the end of a lane with the same calls.
template <class Agent, class Ends, class Make>
std::unique_ptr<Agent> agent_at(Ends boundary, Make&& make) {
  return std::visit(
      [&](auto end) -> std::unique_ptr<Agent> {
        auto ends = graph::as_vector(std::move(end));
        using End = std::remove_pointer_t<typename decltype(ends)::value_type>;
        return make.template operator()<End>(std::move(ends));
      },
      std::move(boundary));
}

// Lets `agent` run where the port's adapter would.
inline void replace_adapter(std::vector<core::Agent*>& agents, const run::Port& port, core::Agent& agent) {
  std::replace(agents.begin(), agents.end(), port.shown.get(), &agent);
}

}  // namespace byteor::bench

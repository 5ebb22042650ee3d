// The two ends of a pipeline: who runs them, and the native adapters where it is not JavaScript. Control path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/agent.hpp"
#include "graph/ring_graph.hpp"
#include "op/key.hpp"
#include "run/options.hpp"

namespace byteor::run {

class Ports {
 public:
  Ports();
  ~Ports();
  Ports(Ports&&) noexcept;
  Ports& operator=(Ports&&) noexcept;

  // Matches the options with the plan's boundaries. Throws OpenError when an id or a port does not fit.
  static Ports resolve(const graph::RingDescription& ring, const Options& options);

  PortOptions ingress;
  PortOptions egress;

  bool uses_js() const noexcept { return ingress.port == abi::PortCode::kJs || egress.port == abi::PortCode::kJs; }
  bool is_js(const std::string& id) const noexcept;

  // Opens the native adapters. Throws OpenError naming the path.
  void open(graph::RingGraph& graph, const op::KeyReader* key, core::FailureReporter& failures);

  core::Agent* source() noexcept;
  core::Agent* sink() noexcept;
  // How many descriptors the agents of a thread may wait for.
  std::size_t descriptors_on(const graph::Placement& placement, std::uint32_t thread) const noexcept;

  // After all threads have been joined: closes files.
  void finish() noexcept;
  // {boundary id: {…}}: bytes, records and whatever else an adapter has to say.
  void describe(std::string& text) const;

 private:
  std::unique_ptr<core::Agent> source_;
  std::unique_ptr<core::Agent> sink_;
};

}  // namespace byteor::run

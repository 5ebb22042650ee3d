// The two ends of a pipeline: who runs them, and the native adapters where it is not JavaScript. Control path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "adapter/line_sink.hpp"
#include "adapter/line_source.hpp"
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

  // Opens the native adapters. `reader_gone` is called on the sink's thread when nobody reads its output any more.
  // Throws OpenError naming the path.
  void open(graph::RingGraph& graph, const op::KeyReader* key, core::FailureReporter& failures,
            std::uint32_t batch_records, std::function<void()> reader_gone);

  core::Agent* source() noexcept;
  core::Agent* sink() noexcept;
  // How many descriptors the agents of a thread may wait for.
  std::size_t descriptors_on(const graph::Placement& placement, std::uint32_t thread) const noexcept;

  // After all threads have been joined, and after the graph settled: records that the sink took but could not write are
  // counted as abandoned at the egress.
  void settle(graph::RingGraph& graph) noexcept;
  // {boundary id: {…}}: bytes, records and whatever else an adapter has to say.
  void describe(std::string& text) const;

 private:
  std::unique_ptr<adapter::LineSource> source_;
  std::unique_ptr<adapter::LineSink> sink_;
};

}  // namespace byteor::run

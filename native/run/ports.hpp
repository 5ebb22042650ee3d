// The boundaries of a pipeline: who runs each, and the native ends where it is not JavaScript. Knows the phases of ends
// (adapter/end.hpp) and no adapter. Control path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "adapter/end.hpp"
#include "core/agent.hpp"
#include "graph/graph.hpp"
#include "lane/failed_records.hpp"
#include "op/key.hpp"
#include "run/options.hpp"

namespace byteor::run {

// One boundary, at its index in the description.
struct Port {
  PortOptions options;
  abi::BoundaryCode kind = abi::BoundaryCode::kIngress;
  lane::OnError on_error = {};
  std::unique_ptr<adapter::SourceEnd> source_end = nullptr;
  std::unique_ptr<adapter::SinkEnd> sink_end = nullptr;
  std::unique_ptr<adapter::Source> source = nullptr;
  std::unique_ptr<adapter::Sink> sink = nullptr;
  std::unique_ptr<core::Agent> shown = nullptr;  // the adapter's agent, as its thread runs it
  bool taken = false;                            // some JS thread owns the handle
  bool closed = false;                           // ingress: nothing more comes in

  bool is_ingress() const noexcept { return kind == abi::BoundaryCode::kIngress; }
  bool is_js() const noexcept { return options.port == abi::PortCode::kJs; }
  // Of a native port; nullptr for the others.
  adapter::End* end() const noexcept {
    if (source_end != nullptr) return source_end.get();
    return sink_end.get();
  }
};

class Ports {
 public:
  // Matches the options with the plan's boundaries, and makes the native ends: nothing outside is touched. Throws
  // CodedError when an id, a port or its configuration does not fit.
  static Ports resolve(const graph::Description& description, const Options& options);

  std::vector<Port>& all() noexcept { return ports_; }
  const std::vector<Port>& all() const noexcept { return ports_; }
  Port* find(const std::string& id) noexcept;
  bool uses_js() const noexcept;
  std::vector<abi::PortCode> codes() const;

  // Opens, begins and starts the native ends. `readers_gone` is called on a sink's thread when no output has a reader
  // any more. Throws CodedError.
  void open(graph::Graph& graph, const op::KeyReader* key, core::FailureReporter& failures,
            const std::atomic<std::uint32_t>& state, std::uint32_t batch_records, std::function<void()> readers_gone);

  // After all threads have been joined or cut off, and after the graph settled: records that a sink took but could not
  // write are counted as abandoned at its egress.
  void settle(graph::Graph& graph) noexcept;
  // Adapters, whose closing may wait for the device.
  bool has_files() const noexcept;
  // {boundary id: {…}}: bytes, records and whatever else an adapter has to say.
  void describe(std::string& text) const;

 private:
  void open_ends();
  bool all_readers_gone() const noexcept;

  std::vector<Port> ports_;
  bool lines_only_ = false;  // no record can hold a line feed
};

// What the adapter of an ingress would feed, without a pipeline: JSON of the adapter's own. Needs the plan for the
// boundary only. Throws CodedError.
std::string source_facts(std::span<const std::byte> spec, const PortOptions& port);

}  // namespace byteor::run

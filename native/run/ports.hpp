// The boundaries of a pipeline: who runs each, and the native adapters where it is not JavaScript. Control path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapter/lines/line_sink.hpp"
#include "adapter/lines/line_source.hpp"
#include "core/agent.hpp"
#include "core/source.hpp"
#include "graph/graph.hpp"
#include "journal/segment.hpp"
#include "op/key.hpp"
#include "run/options.hpp"

namespace byteor::run {

// One boundary, at its index in the description.
struct Port {
  PortOptions options;
  abi::BoundaryCode kind = abi::BoundaryCode::kIngress;
  journal::RecordType records = {};  // what a journal must hold to be replayed here
  std::unique_ptr<core::Source> source = nullptr;
  std::unique_ptr<adapter::Sink> sink = nullptr;
  std::unique_ptr<core::Agent> shown = nullptr;  // the adapter, as its thread runs it
  bool taken = false;                            // some JS thread owns the handle
  bool closed = false;                           // ingress: nothing more comes in

  bool is_ingress() const noexcept { return kind == abi::BoundaryCode::kIngress; }
  bool is_js() const noexcept { return options.port == abi::PortCode::kJs; }
  bool is_lines() const noexcept {
    return options.port == abi::PortCode::kNative && options.adapter == Adapter::kLines;
  }
  bool is_replay() const noexcept {
    return options.port == abi::PortCode::kNative && options.adapter == Adapter::kReplay;
  }
};

class Ports {
 public:
  // Matches the options with the plan's boundaries. Throws OpenError when an id or a port does not fit.
  static Ports resolve(const graph::Description& description, const Options& options);

  std::vector<Port>& all() noexcept { return ports_; }
  const std::vector<Port>& all() const noexcept { return ports_; }
  Port* find(const std::string& id) noexcept;
  bool uses_js() const noexcept;
  std::vector<abi::PortCode> codes() const;

  // Opens the native adapters. `readers_gone` is called on a sink's thread when no output has a reader any more.
  // Throws OpenError naming the path.
  void open(graph::Graph& graph, const op::KeyReader* key, core::FailureReporter& failures,
            const std::atomic<std::uint32_t>& state, std::uint32_t batch_records, std::function<void()> readers_gone);

  // After all threads have been joined or cut off, and after the graph settled: records that a sink took but could not
  // write are counted as abandoned at its egress.
  void settle(graph::Graph& graph) noexcept;
  // Adapters with files, whose closing may wait for the device.
  bool has_files() const noexcept;
  // {boundary id: {…}}: bytes, records and whatever else an adapter has to say.
  void describe(std::string& text) const;

 private:
  struct Opened;
  std::vector<Opened> open_files() const;
  bool all_readers_gone() const noexcept;

  std::vector<Port> ports_;
  bool lines_only_ = false;  // no record can hold a line feed
};

}  // namespace byteor::run

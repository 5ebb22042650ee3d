#include "run/ports.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "adapter/opened_file.hpp"
#include "adapter/registry.hpp"
#include "core/coded_error.hpp"
#include "op/text.hpp"
#include "run/assembly.hpp"

namespace byteor::run {
namespace {

// `"in" (ingress), "out" (egress)`, for messages.
std::string names_of(const std::vector<Port>& ports) {
  std::string names;
  for (const Port& port : ports) {
    if (!names.empty()) names += ", ";
    names += port.options.id + (port.is_ingress() ? " (ingress)" : " (egress)");
  }
  return names;
}

// The row of a native port, and one that has its side.
const adapter::Adapter& adapter_of(const PortOptions& asked, abi::BoundaryCode kind) {
  const adapter::Adapter* const found = adapter::find_adapter(asked.adapter);
  if (found == nullptr)
    throw core::CodedError(abi::ErrorCode::kNativeError, "the addon has no adapter " + asked.adapter + " for " +
                                                             asked.id +
                                                             ", so it does not fit the package; reinstall byteor");
  const bool ingress = kind == abi::BoundaryCode::kIngress;
  if (ingress ? found->source == nullptr : found->sink == nullptr)
    throw core::CodedError(abi::ErrorCode::kPortKind, (ingress ? "ingress " : "egress ") + asked.id +
                                                          " cannot have the adapter " + asked.adapter +
                                                          ", which only " + (ingress ? "writes" : "reads") +
                                                          "; `byteor capabilities` lists the adapters of each side");
  return *found;
}

void make_end(Port& port, const graph::BoundaryDescription& boundary) {
  const adapter::Adapter& adapter = adapter_of(port.options, boundary.kind);
  if (port.is_ingress())
    port.source_end = adapter.source(port.options.config, boundary);
  else
    port.sink_end = adapter.sink(port.options.config, boundary);
}

// Records that were lines are lines at every egress. A journal may hold records of a run that had other ingresses.
bool keeps_lines(const graph::Description& description) {
  const auto& stages = catalog_of(description).stages;
  const bool adds = std::any_of(stages.begin(), stages.end(),
                                [](const graph::StageDescription& stage) { return stage.facts.line_feed; });
  const auto* graph = std::get_if<graph::LaneGraphDescription>(&description);
  const bool journals = graph != nullptr && std::any_of(graph->lanes.begin(), graph->lanes.end(), [](const auto& lane) {
                          return lane.kind == abi::LaneKindCode::kJournal;
                        });
  return !adds && !journals;
}

}  // namespace

Ports Ports::resolve(const graph::Description& description, const Options& options) {
  const graph::CatalogDescription& catalog = catalog_of(description);
  Ports ports;
  for (const graph::BoundaryDescription& boundary : catalog.boundaries)
    ports.ports_.push_back(
        {.options = {.id = boundary.id}, .kind = boundary.kind, .on_error = {.code = boundary.on_error}});
  for (const PortOptions& asked : options.ports) {
    Port* const port = ports.find(asked.id);
    if (port == nullptr)
      throw core::CodedError(abi::ErrorCode::kPortUnknown,
                             "the plan has no boundary " + asked.id + "; it has " + names_of(ports.ports_));
    if (port->is_ingress() && asked.port == abi::PortCode::kDiscard)
      throw core::CodedError(abi::ErrorCode::kPortKind,
                             "ingress " + asked.id + " cannot be discarded; only an egress can");
    port->options = asked;
    if (asked.port == abi::PortCode::kNative)
      make_end(*port, catalog.boundaries[static_cast<std::size_t>(port - ports.ports_.data())]);
  }
  ports.lines_only_ =
      keeps_lines(description) && std::all_of(ports.ports_.begin(), ports.ports_.end(), [](const Port& port) {
        return !port.is_ingress() || (port.source_end != nullptr && port.source_end->gives_lines());
      });
  return ports;
}

Port* Ports::find(const std::string& id) noexcept {
  const auto found =
      std::find_if(ports_.begin(), ports_.end(), [&](const Port& port) { return port.options.id == id; });
  return found == ports_.end() ? nullptr : &*found;
}

bool Ports::uses_js() const noexcept {
  return std::any_of(ports_.begin(), ports_.end(), [](const Port& port) { return port.is_js(); });
}

std::vector<abi::PortCode> Ports::codes() const {
  std::vector<abi::PortCode> codes;
  for (const Port& port : ports_) codes.push_back(port.options.port);
  return codes;
}

// All of them are open, and compared with each other, before any begins, and all have begun before any output may be
// emptied.
void Ports::open_ends() {
  for (Port& port : ports_)
    if (adapter::End* const end = port.end()) end->open();
  for (const Port& from : ports_)
    for (const Port& to : ports_) {
      if (from.source_end == nullptr || to.sink_end == nullptr) continue;
      const std::optional<adapter::OpenedFile> input = from.source_end->file();
      const std::optional<adapter::OpenedFile> output = to.sink_end->file();
      if (input.has_value() && output.has_value()) adapter::refuse_same_file(*input, *output);
    }
  for (Port& port : ports_)
    if (adapter::End* const end = port.end()) end->begin();
}

void Ports::open(graph::Graph& graph, const op::KeyReader* key, core::FailureReporter& failures,
                 const std::atomic<std::uint32_t>& state, std::uint32_t batch_records,
                 std::function<void()> readers_gone) {
  open_ends();
  for (std::uint32_t i = 0; i < ports_.size(); ++i) {
    Port& port = ports_[i];
    const std::uint32_t agent = graph.boundary_agent(i);
    port.on_error = graph.on_error_at(port.on_error.code, agent);
    // What JavaScript pushes is answered, and what it polls does not fail.
    if (port.end() == nullptr) port.on_error.close();
    if (port.source_end != nullptr) {
      port.source =
          port.source_end->start(graph.writing_end(i), {agent, batch_records, key, failures, state, &port.on_error});
      port.shown = graph.observe_end(*port.source, i);
    }
    if (port.sink_end != nullptr) {
      port.sink = port.sink_end->start(graph.reading_end(i), {agent, batch_records, failures, lines_only_,
                                                              [this, readers_gone] {
                                                                if (all_readers_gone()) readers_gone();
                                                              },
                                                              &port.on_error});
      port.shown = graph.observe_end(*port.sink, i);
      graph.follow_written(i, port.sink->written());
    }
  }
}

// With several outputs, one whose reader went away counts what it could not write, and the others go on.
bool Ports::all_readers_gone() const noexcept {
  return std::all_of(ports_.begin(), ports_.end(), [](const Port& port) {
    return port.is_ingress() || (port.sink != nullptr && port.sink->reader_gone());
  });
}

void Ports::settle(graph::Graph& graph) noexcept {
  for (std::uint32_t i = 0; i < ports_.size(); ++i)
    if (ports_[i].sink != nullptr) graph.count_undelivered(i, static_cast<double>(ports_[i].sink->records_unwritten()));
}

bool Ports::has_files() const noexcept {
  return std::any_of(ports_.begin(), ports_.end(), [](const Port& port) { return port.shown != nullptr; });
}

void Ports::describe(std::string& text) const {
  text += '{';
  bool first = true;
  for (const Port& port : ports_) {
    if (port.shown == nullptr) continue;
    if (!first) text += ',';
    first = false;
    op::append_json_string(text, port.options.id);
    text += ":{\"kind\":";
    op::append_json_string(text, port.options.adapter);
    port.end()->describe(text);
    if (port.source != nullptr)
      port.source->describe(text);
    else
      port.sink->describe(text);
    text += '}';
  }
  text += '}';
}

std::string source_facts(std::span<const std::byte> spec, const PortOptions& asked) {
  const graph::Description description = graph::decode(spec);
  for (const graph::BoundaryDescription& boundary : catalog_of(description).boundaries) {
    if (boundary.id != asked.id || boundary.kind != abi::BoundaryCode::kIngress) continue;
    const std::string facts = adapter_of(asked, boundary.kind).source(asked.config, boundary)->facts();
    if (!facts.empty()) return facts;
    throw core::CodedError(abi::ErrorCode::kPortKind, "the adapter " + asked.adapter + " of ingress " + asked.id +
                                                          " cannot tell what it would feed; run the plan");
  }
  throw core::CodedError(abi::ErrorCode::kPortUnknown, "the plan has no ingress " + asked.id);
}

}  // namespace byteor::run

#include "run/ports.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "adapter/error.hpp"
#include "op/text.hpp"
#include "run/pipeline.hpp"

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

// A lane is a vector of one end, a ring one of its shards' ends.
template <class End>
std::vector<End*> as_vector(std::vector<End*> ends) {
  return ends;
}
template <class End>
std::vector<End*> as_vector(End* end) {
  return {end};
}

std::unique_ptr<adapter::Source> make_source(adapter::InputFile file, graph::WritingEnd end, const op::KeyReader* key,
                                             core::FailureReporter& failures,
                                             const std::atomic<std::uint32_t>& region_state,
                                             const adapter::LineSourceOptions& options) {
  return std::visit(
      [&](auto ends) -> std::unique_ptr<adapter::Source> {
        auto all = as_vector(ends);
        using Producer = std::remove_pointer_t<typename decltype(all)::value_type>;
        return std::make_unique<adapter::BasicLineSource<Producer>>(std::move(file), std::move(all), key, failures,
                                                                    region_state, options);
      },
      std::move(end));
}

std::unique_ptr<adapter::Sink> make_sink(adapter::OutputFile file, graph::ReadingEnd end,
                                         core::FailureReporter& failures, adapter::LineSinkOptions options) {
  return std::visit(
      [&](auto ends) -> std::unique_ptr<adapter::Sink> {
        auto all = as_vector(ends);
        using Consumer = std::remove_pointer_t<typename decltype(all)::value_type>;
        return std::make_unique<adapter::BasicLineSink<Consumer>>(std::move(file), std::move(all), failures,
                                                                  std::move(options));
      },
      std::move(end));
}

}  // namespace

Ports Ports::resolve(const graph::CatalogDescription& catalog, const Options& options) {
  Ports ports;
  for (const graph::BoundaryDescription& boundary : catalog.boundaries)
    ports.ports_.push_back({.options = {.id = boundary.id}, .kind = boundary.kind});
  for (const PortOptions& asked : options.ports) {
    Port* const port = ports.find(asked.id);
    if (port == nullptr)
      throw OpenError("PORT_UNKNOWN", "the plan has no boundary " + asked.id + "; it has " + names_of(ports.ports_));
    if (port->is_ingress() && asked.port == abi::PortCode::kDiscard)
      throw OpenError("PORT_KIND", "ingress " + asked.id + " cannot be discarded; only an egress can");
    port->options = asked;
  }
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

// All of them before any sink empties its file.
void Ports::open_files(std::vector<std::optional<adapter::InputFile>>& inputs,
                       std::vector<std::optional<adapter::OutputFile>>& outputs) const {
  for (const Port& port : ports_) {
    std::optional<adapter::InputFile>& input = inputs.emplace_back();
    std::optional<adapter::OutputFile>& output = outputs.emplace_back();
    if (port.options.port != abi::PortCode::kNative) continue;
    const bool standard = port.options.path == "-";
    if (port.is_ingress())
      input = standard ? adapter::InputFile::lend(0, "standard input") : adapter::InputFile::open(port.options.path);
    else
      output = standard ? adapter::OutputFile::lend(1, "standard output")
                        : adapter::OutputFile::open(port.options.path, port.options.append);
  }
  for (const auto& input : inputs)
    for (const auto& output : outputs)
      if (input.has_value() && output.has_value()) adapter::refuse_same_file(*input, *output);
}

void Ports::open(graph::Graph& graph, const op::KeyReader* key, core::FailureReporter& failures,
                 std::uint32_t batch_records, std::function<void()> readers_gone) {
  try {
    std::vector<std::optional<adapter::InputFile>> inputs;
    std::vector<std::optional<adapter::OutputFile>> outputs;
    open_files(inputs, outputs);
    for (std::uint32_t i = 0; i < ports_.size(); ++i) {
      Port& port = ports_[i];
      if (inputs[i].has_value()) {
        adapter::LineSourceOptions options;
        options.agent = graph.boundary_agent(i);
        options.batch_records = batch_records;
        port.source =
            make_source(std::move(*inputs[i]), graph.writing_end(i), key, failures, graph.header().state, options);
        port.shown = graph.observe_end(*port.source, i);
      } else if (outputs[i].has_value()) {
        adapter::LineSinkOptions options;
        options.agent = graph.boundary_agent(i);
        options.batch_records = batch_records;
        options.on_reader_gone = [this, readers_gone] {
          if (all_readers_gone()) readers_gone();
        };
        port.sink = make_sink(std::move(*outputs[i]), graph.reading_end(i), failures, std::move(options));
        port.shown = graph.observe_end(*port.sink, i);
      }
    }
  } catch (const adapter::AdapterError& error) {
    throw OpenError(error.code(), error.what());
  }
}

// With several outputs, one whose reader went away counts what it could not write, and the others go on.
bool Ports::all_readers_gone() const noexcept {
  return std::all_of(ports_.begin(), ports_.end(), [](const Port& port) {
    return port.is_ingress() || (port.sink != nullptr && port.sink->reader_gone());
  });
}

std::size_t Ports::descriptors_on(const graph::Graph& graph, std::uint32_t thread) const noexcept {
  std::size_t count = 0;
  for (std::uint32_t i = 0; i < ports_.size(); ++i)
    if (ports_[i].shown != nullptr && graph.boundary_thread(i) == thread) ++count;
  return count;
}

void Ports::settle(graph::Graph& graph) noexcept {
  for (std::uint32_t i = 0; i < ports_.size(); ++i)
    if (ports_[i].sink != nullptr) graph.count_undelivered(i, static_cast<double>(ports_[i].sink->records_unwritten()));
}

void Ports::describe(std::string& text) const {
  text += '{';
  bool first = true;
  for (const Port& port : ports_) {
    if (port.shown == nullptr) continue;
    if (!first) text += ',';
    first = false;
    op::append_json_string(text, port.options.id);
    text += ":{\"kind\":\"lines\",\"path\":";
    op::append_json_string(text, port.options.path);
    if (port.source != nullptr) {
      const std::optional<std::uint64_t>& size = port.source->input_bytes();
      text += ",\"bytes\":" + std::to_string(port.source->bytes_read()) +
              ",\"records\":" + std::to_string(port.source->lines()) +
              ",\"input_bytes\":" + (size.has_value() ? std::to_string(*size) : std::string("null")) + '}';
    } else {
      text += ",\"bytes\":" + std::to_string(port.sink->bytes_written()) +
              ",\"records\":" + std::to_string(port.sink->records_written()) +
              ",\"unwritten\":" + std::to_string(port.sink->records_unwritten()) +
              ",\"reader_gone\":" + (port.sink->reader_gone() ? "true" : "false") + '}';
    }
  }
  text += '}';
}

}  // namespace byteor::run

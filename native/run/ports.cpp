#include "run/ports.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/coded_error.hpp"
#include "op/text.hpp"
#include "run/assembly.hpp"
#include "run/replay.hpp"

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

std::unique_ptr<core::Source> make_source(adapter::InputFile file, graph::WritingEnd end, const op::KeyReader* key,
                                          core::FailureReporter& failures,
                                          const std::atomic<std::uint32_t>& region_state,
                                          const adapter::LineSourceOptions& options) {
  return std::visit(
      [&](auto ends) -> std::unique_ptr<core::Source> {
        auto all = graph::as_vector(ends);
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
        auto all = graph::as_vector(ends);
        using Consumer = std::remove_pointer_t<typename decltype(all)::value_type>;
        return std::make_unique<adapter::BasicLineSink<Consumer>>(std::move(file), std::move(all), failures,
                                                                  std::move(options));
      },
      std::move(end));
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
        {.options = {.id = boundary.id}, .kind = boundary.kind, .records = {boundary.codec, boundary.layout_hash}});
  for (const PortOptions& asked : options.ports) {
    Port* const port = ports.find(asked.id);
    if (port == nullptr)
      throw core::CodedError(abi::ErrorCode::kPortUnknown, "the plan has no boundary " + asked.id + "; it has " + names_of(ports.ports_));
    if (port->is_ingress() && asked.port == abi::PortCode::kDiscard)
      throw core::CodedError(abi::ErrorCode::kPortKind, "ingress " + asked.id + " cannot be discarded; only an egress can");
    port->options = asked;
    if (port->is_replay() && !port->is_ingress())
      throw core::CodedError(abi::ErrorCode::kPortKind, "egress " + asked.id + " cannot be fed by a journal; only an ingress can");
  }
  ports.lines_only_ =
      keeps_lines(description) && std::all_of(ports.ports_.begin(), ports.ports_.end(),
                                              [](const Port& port) { return !port.is_ingress() || port.is_lines(); });
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

// What a native port reads or writes; nothing for the others.
struct Ports::Opened {
  std::optional<adapter::InputFile> input = {};
  std::optional<adapter::OutputFile> output = {};
  std::unique_ptr<journal::JournalReader> journal = nullptr;
};

// All of them before any sink empties its file.
std::vector<Ports::Opened> Ports::open_files() const {
  std::vector<Opened> all;
  for (const Port& port : ports_) {
    Opened& opened = all.emplace_back();
    if (port.is_replay()) opened.journal = open_replay(port.options, port.records);
    if (!port.is_lines()) continue;
    const bool standard = port.options.path == "-";
    if (port.is_ingress())
      opened.input =
          standard ? adapter::InputFile::lend(0, "standard input") : adapter::InputFile::open(port.options.path);
    else
      opened.output = standard ? adapter::OutputFile::lend(1, "standard output")
                               : adapter::OutputFile::open(port.options.path, port.options.append);
  }
  for (const Opened& from : all)
    for (const Opened& to : all)
      if (from.input.has_value() && to.output.has_value()) adapter::refuse_same_file(*from.input, *to.output);
  for (Opened& opened : all) {
    if (opened.input.has_value()) opened.input->begin_use();
    if (opened.output.has_value()) opened.output->begin_use();
  }
  return all;
}

void Ports::open(graph::Graph& graph, const op::KeyReader* key, core::FailureReporter& failures,
                 const std::atomic<std::uint32_t>& state, std::uint32_t batch_records,
                 std::function<void()> readers_gone) {
  std::vector<Opened> opened = open_files();
  for (std::uint32_t i = 0; i < ports_.size(); ++i) {
    Port& port = ports_[i];
    const std::uint32_t agent = graph.boundary_agent(i);
    if (opened[i].journal != nullptr) {
      port.source = make_replay(std::move(opened[i].journal), graph.writing_end(i),
                                {port.options, key, failures, state, agent, batch_records});
    } else if (opened[i].input.has_value()) {
      adapter::LineSourceOptions options;
      options.agent = agent;
      options.batch_records = batch_records;
      port.source = make_source(std::move(*opened[i].input), graph.writing_end(i), key, failures, state, options);
    } else if (opened[i].output.has_value()) {
      adapter::LineSinkOptions options;
      options.agent = agent;
      options.batch_records = batch_records;
      options.lines_only = lines_only_;
      options.on_reader_gone = [this, readers_gone] {
        if (all_readers_gone()) readers_gone();
      };
      port.sink = make_sink(std::move(*opened[i].output), graph.reading_end(i), failures, std::move(options));
    }
    if (port.source != nullptr) port.shown = graph.observe_end(*port.source, i);
    if (port.sink != nullptr) {
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
    text += std::string(":{\"kind\":\"") + (port.is_replay() ? "replay" : "lines") + "\",\"path\":";
    op::append_json_string(text, port.options.path);
    if (port.source != nullptr) {
      const std::optional<std::uint64_t>& size = port.source->input_bytes();
      text += ",\"bytes\":" + std::to_string(port.source->bytes_read()) +
              ",\"records\":" + std::to_string(port.source->records()) +
              ",\"input_bytes\":" + (size.has_value() ? std::to_string(*size) : std::string("null"));
      if (port.is_replay()) {
        text += ",\"replay\":{\"journal\":";
        op::append_json_string(text, port.options.path);
        text += ",\"torn_bytes\":" + std::to_string(port.source->torn_bytes()) + '}';
      }
      text += '}';
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

#include "run/ports.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "adapter/error.hpp"
#include "op/text.hpp"
#include "run/pipeline.hpp"

namespace byteor::run {

Ports::Ports() = default;
Ports::~Ports() = default;
Ports::Ports(Ports&&) noexcept = default;
Ports& Ports::operator=(Ports&&) noexcept = default;

Ports Ports::resolve(const graph::RingDescription& ring, const Options& options) {
  Ports ports;
  ports.ingress.id = ring.boundaries[ring.ingress].id;
  ports.egress.id = ring.boundaries[ring.egress].id;
  for (const PortOptions& asked : options.ports) {
    if (asked.id == ports.ingress.id) {
      if (asked.port == abi::PortCode::kDiscard)
        throw OpenError("PORT_KIND", "ingress " + asked.id + " cannot be discarded; only an egress can");
      ports.ingress = asked;
    } else if (asked.id == ports.egress.id) {
      ports.egress = asked;
    } else {
      throw OpenError("PORT_UNKNOWN", "the plan has no boundary " + asked.id + "; it has " + ports.ingress.id +
                                          " (ingress) and " + ports.egress.id + " (egress)");
    }
  }
  return ports;
}

bool Ports::is_js(const std::string& id) const noexcept {
  return (id == ingress.id && ingress.port == abi::PortCode::kJs) ||
         (id == egress.id && egress.port == abi::PortCode::kJs);
}

void Ports::open(graph::RingGraph& graph, const op::KeyReader* key, core::FailureReporter& failures,
                 std::uint32_t batch_records, std::function<void()> reader_gone) {
  try {
    std::optional<adapter::InputFile> input;
    std::optional<adapter::OutputFile> output;
    if (ingress.port == abi::PortCode::kNative) {
      input =
          ingress.path == "-" ? adapter::InputFile::lend(0, "standard input") : adapter::InputFile::open(ingress.path);
    }
    if (egress.port == abi::PortCode::kNative) {
      output = egress.path == "-" ? adapter::OutputFile::lend(1, "standard output")
                                  : adapter::OutputFile::open(egress.path, egress.append);
    }
    // Before the sink empties its file.
    if (input.has_value() && output.has_value()) adapter::refuse_same_file(*input, *output);
    if (input.has_value()) {
      adapter::LineSourceOptions options;
      options.agent = graph.ingress_agent();
      options.batch_records = batch_records;
      source_ = std::make_unique<adapter::LineSource>(std::move(*input), graph.producers(), key, failures,
                                                      graph.header().state, options);
    }
    if (output.has_value()) {
      adapter::LineSinkOptions options;
      options.agent = graph.egress_agent();
      options.batch_records = batch_records;
      options.on_reader_gone = std::move(reader_gone);
      sink_ = std::make_unique<adapter::LineSink>(std::move(*output), graph.consumers(), failures, std::move(options));
    }
  } catch (const adapter::AdapterError& error) {
    throw OpenError(error.code(), error.what());
  }
}

core::Agent* Ports::source() noexcept { return source_.get(); }
core::Agent* Ports::sink() noexcept { return sink_.get(); }

std::size_t Ports::descriptors_on(const graph::Placement& placement, std::uint32_t thread) const noexcept {
  std::size_t count = 0;
  if (source_ != nullptr && placement.ingress_thread == thread) ++count;
  if (sink_ != nullptr && placement.egress_thread == thread) ++count;
  return count;
}

void Ports::settle(graph::RingGraph& graph) noexcept {
  if (sink_ == nullptr) return;
  // The sink counts over all shards; which shard a lost record came from is not known, so they are taken in turn.
  auto unwritten = static_cast<double>(sink_->records_unwritten());
  const auto egress_entry = static_cast<std::uint32_t>(graph.description().entries.size());
  for (std::uint32_t shard = 0; shard < graph.description().shards && unwritten > 0; ++shard) {
    abi::ConsumerBlock& block = graph.consumer_block(shard, egress_entry);
    const double out = block.out.load(std::memory_order_relaxed);
    const double here = std::min(out, unwritten);
    block.out.store(out - here, std::memory_order_relaxed);
    block.abandoned.store(block.abandoned.load(std::memory_order_relaxed) + here, std::memory_order_relaxed);
    unwritten -= here;
  }
}

void Ports::describe(std::string& text) const {
  text += '{';
  if (source_ != nullptr) {
    op::append_json_string(text, ingress.id);
    text += ":{\"kind\":\"lines\",\"path\":";
    op::append_json_string(text, ingress.path);
    text += ",\"bytes\":" + std::to_string(source_->bytes_read()) + ",\"records\":" + std::to_string(source_->lines()) +
            ",\"input_bytes\":" +
            (source_->input_bytes().has_value() ? std::to_string(*source_->input_bytes()) : std::string("null")) + '}';
  }
  if (sink_ != nullptr) {
    if (source_ != nullptr) text += ',';
    op::append_json_string(text, egress.id);
    text += ":{\"kind\":\"lines\",\"path\":";
    op::append_json_string(text, egress.path);
    text += ",\"bytes\":" + std::to_string(sink_->bytes_written()) +
            ",\"records\":" + std::to_string(sink_->records_written()) +
            ",\"unwritten\":" + std::to_string(sink_->records_unwritten()) +
            ",\"reader_gone\":" + (sink_->reader_gone() ? "true" : "false") + '}';
  }
  text += '}';
}

}  // namespace byteor::run

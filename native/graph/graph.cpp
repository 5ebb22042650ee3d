#include "graph/graph.hpp"

#include <unistd.h>

#include <cstring>
#include <utility>

#include "core/coded_error.hpp"
#include "core/cpu.hpp"
#include "graph/spec_reader.hpp"
#include "plugin/plugin_op.hpp"

namespace byteor::graph {

Graph::Graph(std::span<std::byte> region, RegionLayout layout, Letters letters)
    : region_(region),
      layout_(std::move(layout)),
      agent_facts_(layout_.header.agent_count),
      list_cursor_(layout_.header.lists),
      text_cursor_(layout_.header.texts),
      hosted_stages_(layout_.header.hosted_count),
      letters_(std::move(letters)) {}

Graph::~Graph() = default;

void Graph::close_files() noexcept {
  if (letters_.files != nullptr) letters_.files->close();
}

abi::RegionHeader& Graph::write_tables(abi::TargetCode target, const std::string& name) {
  abi::RegionHeader& h = header();
  h.magic = abi::kRegionMagic;
  h.layout_version = abi::kRegionLayoutVersion;
  h.total_bytes = region_.size();
  h.observable_bytes = layout_.header.observable_bytes;
  h.pid = static_cast<std::uint32_t>(::getpid());
  h.target = static_cast<std::uint32_t>(target);
  h.agent_count = layout_.header.agent_count;
  h.thread_count = layout_.header.thread_count;
  h.agents_offset = layout_.header.agents;
  h.threads_offset = layout_.header.threads;
  if (!letters_.lanes.empty()) {
    h.lane_count = static_cast<std::uint32_t>(letters_.lanes.size());
    h.lanes_offset = layout_.header.letters;
  }
  h.name_offset = write_text(name);
  h.name_length = static_cast<std::uint32_t>(name.size());
  for (std::uint32_t i = 0; i < layout_.header.thread_count; ++i) thread_block(i).cpu = -1;
  return h;
}

abi::AgentEntry& Graph::write_agent(std::uint32_t agent, abi::AgentKind kind, std::uint64_t id_offset,
                                    AgentFacts facts) {
  abi::AgentEntry& entry = agent_entry(agent);
  entry.kind = static_cast<std::uint32_t>(kind);
  entry.entry = abi::kNone;
  entry.thread = agent_thread(agent);
  entry.id_offset = id_offset;
  entry.id_length = static_cast<std::uint32_t>(facts.id.size());
  entry.dependency_count = static_cast<std::uint32_t>(facts.dependencies.size());
  entry.dependencies_offset = write_indices(facts.dependencies);
  entry.waits_for.store(abi::kNone, std::memory_order_relaxed);
  agent_facts_[agent] = std::move(facts);
  return entry;
}

std::uint64_t Graph::write_text(const std::string& text) {
  const std::uint64_t place = text_cursor_;
  require(layout_.header.texts + layout_.header.text_bytes - place >= text.size(), "the layout has no room for a text",
          text.size());
  std::memcpy(region_.data() + place, text.data(), text.size());
  text_cursor_ += text.size();
  return place;
}

std::uint64_t Graph::put_list(const void* values, std::uint64_t bytes) {
  const std::uint64_t place = list_cursor_;
  const std::uint64_t end = layout_.header.lists + layout_.header.list_bytes;
  require(place <= end && end - place >= bytes, "the layout has no room for a list", bytes);
  // The address of an empty list may be null, which memcpy must not be given.
  if (bytes != 0) std::memcpy(region_.data() + place, values, bytes);
  list_cursor_ += bytes;
  return place;
}

std::uint64_t Graph::write_list(const std::vector<std::uint64_t>& values) {
  list_cursor_ = core::round_up(list_cursor_, 8);
  return put_list(values.data(), values.size() * sizeof(std::uint64_t));
}

std::uint64_t Graph::write_indices(const std::vector<std::uint32_t>& values) {
  return put_list(values.data(), values.size() * sizeof(std::uint32_t));
}

op::HostedOp& Graph::make_hosted_op(const StageDescription& stage, std::uint32_t thread, std::uint32_t batch_records,
                                    std::uint32_t elements_max, op::HostedOp::Site site) {
  HostedStage& hosted = hosted_stages_[thread - native_threads()];
  hosted.id = stage.id;
  hosted.thread = thread;
  hosted.ops.push_back(std::make_unique<op::HostedOp>(stage.tailroom, batch_records, elements_max));
  site.entry = &agent_entry(site.agent);
  hosted.ops.back()->stand_at(site);
  return *hosted.ops.back();
}

std::string OpReports::text() const {
  std::string text = "{";
  for (const Stage& stage : stages_) {
    if (text.size() > 1) text += ',';
    text += '"' + stage.id + "\":" + stage.report();
  }
  return text + '}';
}

}  // namespace byteor::graph

#include "graph/graph.hpp"

#include <unistd.h>

#include <cstring>
#include <utility>

#include "core/cpu.hpp"

namespace byteor::graph {

abi::RegionHeader& Graph::write_tables(abi::TargetCode target, const std::string& name) {
  abi::RegionHeader& h = header();
  h.magic = abi::kRegionMagic;
  h.layout_version = abi::kRegionLayoutVersion;
  h.total_bytes = region_.size();
  h.observable_bytes = tables_.observable_bytes;
  h.pid = static_cast<std::uint32_t>(::getpid());
  h.target = static_cast<std::uint32_t>(target);
  h.agent_count = tables_.agent_count;
  h.thread_count = tables_.thread_count;
  h.agents_offset = tables_.agents;
  h.threads_offset = tables_.threads;
  h.name_offset = write_text(name);
  h.name_length = static_cast<std::uint32_t>(name.size());
  for (std::uint32_t i = 0; i < tables_.thread_count; ++i) thread_block(i).cpu = -1;
  return h;
}

abi::AgentEntry& Graph::write_agent(std::uint32_t agent, abi::AgentKind kind, std::uint64_t id_offset,
                                    AgentFacts facts) {
  abi::AgentEntry& entry = agent_entry(agent);
  entry.kind = static_cast<std::uint32_t>(kind);
  entry.entry = abi::kNone;
  entry.thread = facts.thread;
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
  std::memcpy(region_.data() + place, text.data(), text.size());
  text_cursor_ += text.size();
  return place;
}

std::uint64_t Graph::write_list(const std::vector<std::uint64_t>& values) {
  list_cursor_ = core::round_up(list_cursor_, 8);
  const std::uint64_t place = list_cursor_;
  // The address of an empty list may be null, which memcpy must not be given.
  if (!values.empty()) std::memcpy(region_.data() + place, values.data(), values.size() * 8);
  list_cursor_ += values.size() * 8;
  return place;
}

std::uint64_t Graph::write_indices(const std::vector<std::uint32_t>& values) {
  const std::uint64_t place = list_cursor_;
  if (!values.empty()) std::memcpy(region_.data() + place, values.data(), values.size() * 4);
  list_cursor_ += values.size() * 4;
  return place;
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

#include "graph/graph.hpp"

#include <cstring>

#include "core/cpu.hpp"

namespace byteor::graph {

std::span<const std::uint32_t> Graph::dependencies(std::uint32_t agent) const noexcept {
  const abi::AgentEntry& entry = agent_entry(agent);
  return {&at<const std::uint32_t>(entry.dependencies_offset), entry.dependency_count};
}

std::string Graph::agent_id(std::uint32_t agent) const {
  const abi::AgentEntry& entry = agent_entry(agent);
  return {&at<const char>(entry.id_offset), entry.id_length};
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

op::OpConfig op_config(const CatalogDescription& catalog, const StageDescription& stage) {
  op::OpConfig config{stage.op, stage.text, stage.match, stage.invert, std::nullopt};
  if (stage.key.has_value()) {
    const KeyDescription& key = catalog.keys[*stage.key];
    config.key = op::KeySpec{key.kind, key.offset, key.length, key.index, key.text};
  }
  return config;
}

}  // namespace byteor::graph

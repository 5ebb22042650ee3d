#include "graph/graph.hpp"

namespace byteor::graph {

std::span<const std::uint32_t> Graph::dependencies(std::uint32_t agent) const noexcept {
  const abi::AgentEntry& entry = agent_entry(agent);
  return {&at<const std::uint32_t>(entry.dependencies_offset), entry.dependency_count};
}

std::string Graph::agent_id(std::uint32_t agent) const {
  const abi::AgentEntry& entry = agent_entry(agent);
  return {&at<const char>(entry.id_offset), entry.id_length};
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

#include "addon/capabilities.hpp"

#include <utility>

#include "abi/abi_generated.hpp"
#include "adapter/registry.hpp"
#include "json/stage1.hpp"
#include "op/text.hpp"
#include "platform/affinity.hpp"
#include "platform/cgroup.hpp"

namespace byteor::addon {
namespace {

std::string list(const platform::CpuList& cpus) {
  std::string text = "[";
  for (const std::uint32_t cpu : cpus) {
    if (text.size() > 1) text += ',';
    text += std::to_string(cpu);
  }
  return text + "]";
}

void append_cpus(std::string& text) {
  const platform::CpuBudget budget = platform::cpu_budget();
  text += "\"cpus\":{\"allowed\":" + list(budget.allowed) + ",\"isolated\":" + list(platform::isolated_cpus());
  text +=
      ",\"share\":" + std::to_string(budget.cpus) + ",\"threads\":" + std::to_string(budget.threads) + ",\"quota\":";
  if (budget.quota.has_value()) {
    text += "{\"cpus\":" + std::to_string(budget.quota->cpus) + ",\"group\":";
    op::append_json_string(text, budget.quota->group);
    text += '}';
  } else {
    text += "null";
  }
  text += '}';
}

void append_memory(std::string& text) {
  const std::optional<platform::MemoryLimit> limit = platform::memory_limit();
  text += "\"memory\":";
  if (!limit.has_value()) {
    text += "null";
    return;
  }
  text += "{\"limit_bytes\":" + std::to_string(limit->limit_bytes) +
          ",\"used_bytes\":" + std::to_string(limit->used_bytes) +
          ",\"room_bytes\":" + std::to_string(limit->room_bytes()) + ",\"group\":";
  op::append_json_string(text, limit->group);
  text += '}';
}

// The adapters that this build has, by name: what each takes, the package knows.
void append_adapters(std::string& text) {
  text += "\"adapters\":[";
  bool first = true;
  for (const adapter::Adapter& adapter : adapter::adapters()) {
    if (!std::exchange(first, false)) text += ',';
    text += "{\"adapter\":";
    op::append_json_string(text, adapter.name);
    text += std::string(",\"ingress\":") + (adapter.source == nullptr ? "false" : "true") +
            ",\"egress\":" + (adapter.sink == nullptr ? "false" : "true") + '}';
  }
  text += ']';
}

}  // namespace

std::string capabilities() {
  std::string text = "{\"spec_layout_version\":" + std::to_string(abi::kSpecLayoutVersion) +
                     ",\"region_layout_version\":" + std::to_string(abi::kRegionLayoutVersion) + ',';
  append_cpus(text);
  text += ',';
  append_memory(text);
  text += ',';
  append_adapters(text);
  // Features are the words that this build's plans may use; targets are what it can run.
  text += std::string(",\"features\":{\"lane_graph_journal\":true,\"lane_graph_fanout\":true,\"json_expressions\":") +
          (json::has_stage1() ? "true" : "false") + "},\"targets\":[\"SingleRing\",\"LaneGraph\"]}";
  return text;
}

}  // namespace byteor::addon

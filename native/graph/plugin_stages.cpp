// Stages that plug-ins do, in both targets: an instance a shard, as the op of a role or an agent that works on batches.
#include <algorithm>
#include <utility>

#include "core/coded_error.hpp"
#include "graph/lane_graph.hpp"
#include "graph/ring_graph.hpp"
#include "lane/batch_role.hpp"
#include "plugin/plugin_op.hpp"

namespace byteor::graph {

plugin::PluginOp& Graph::make_plugin_op(const StageDescription& stage, const std::vector<plugin::StagePlugin>& plugins,
                                        const PluginPlace& place) {
  const decode::Buffer config(stage.config);
  const auto row = config.at<abi::CallerConfig>(0);
  const std::string name(config.text(row.name_offset, row.name_length));
  const auto found = std::ranges::find(plugins, stage.id, &plugin::StagePlugin::stage);
  if (found == plugins.end())
    throw core::CodedError(abi::ErrorCode::kOpUnavailable,
                           "stage " + stage.id + ": op native:" + name + " has no library; give its path at open");
  plugin_ops_.push_back(std::make_unique<plugin::PluginOp>(
      plugin::load_library(found->path), plugin::StageFacts{.stage = stage.id,
                                                            .name = name,
                                                            .config = found->config,
                                                            .shard = place.shard,
                                                            .writes = stage.has(abi::StageFlag::kWrites),
                                                            .filters = stage.has(abi::StageFlag::kFilters),
                                                            .emits = found->emits,
                                                            .keeps_layout = stage.has(abi::StageFlag::kKeepsLayout),
                                                            .has_readers = place.has_readers,
                                                            .room = stage.tailroom,
                                                            .emits_max = stage.emits_max,
                                                            .in_slot = place.in_slot,
                                                            .elements_max = place.elements_max,
                                                            .struct_bytes = place.struct_bytes,
                                                            .batch_records = place.batch_records}));
  return *plugin_ops_.back();
}

std::unique_ptr<lane::Role> LaneGraph::make_plugin_stage(std::uint32_t index, lane::RoleContext context) {
  const StageDescription& stage = description_.stages[role(index).index];
  const std::vector<std::uint32_t>& outlets = role(index).outlets;
  const bool structs = !outlets.empty() && layout_of(part(outlets.front())) == abi::LayoutCode::kFixed;
  plugin::PluginOp& op = make_plugin_op(stage, options_.plugins,
                                        {.has_readers = !outlets.empty(),
                                         .elements_max = elements_max(index),
                                         .struct_bytes = structs ? part(outlets.front()).record_max : 0,
                                         .batch_records = options_.batch_records});
  reports_.add_shards<plugin::PluginOp>(stage.id, {&op});
  return std::make_unique<lane::BatchRole<plugin::PluginOp>>(std::move(context), op);
}

void RingGraph::make_plugin_stage(std::uint32_t entry) {
  const StageDescription& stage = description_.stage_of(entry);
  std::vector<const plugin::PluginOp*> shards;
  for (std::uint32_t shard = 0; shard < description_.shards; ++shard) {
    plugin::PluginOp& op =
        make_plugin_op(stage, options_.plugins,
                       {.shard = shard, .in_slot = true, .elements_max = 1, .batch_records = options_.batch_records});
    add_batch_stage(shard, entry, op);
    shards.push_back(&op);
  }
  reports_.add_shards(stage.id, std::move(shards));
}

}  // namespace byteor::graph

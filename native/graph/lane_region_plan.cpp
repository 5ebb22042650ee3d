#include "graph/lane_region_plan.hpp"

#include <algorithm>

#include "graph/region_cursor.hpp"

namespace byteor::graph {
namespace {

// Lists with room for whatever the builder writes: of a lane its readers' blocks (u64) and agents (u32) and two lists
// of threads; of an agent its neighbours (a lane's writer and journal) and its lanes.
std::uint64_t list_bytes(const LaneGraphDescription& graph) {
  std::uint64_t bytes = 0;
  for (const LaneDescription& lane : graph.lanes) bytes += 8 * (3 * lane.readers.size() + 4) + 4 * lane.readers.size();
  for (const RoleDescription& role : graph.roles)
    bytes += 4 * (3 * role.inlets.size() + role.outlets.size() + abi::kLaneReadersMax + 2);
  return core::round_up(bytes + 16 * graph.lanes.size(), 8);
}

std::uint64_t text_bytes(const LaneGraphDescription& graph) {
  std::uint64_t bytes = graph.name.size();
  for (const RoleDescription& role : graph.roles) bytes += role.id.size();
  for (const LaneDescription& lane : graph.lanes) bytes += lane.id.size();
  return bytes;
}

void plan_blocks(RegionCursor& cursor, const LaneDescription& lane, LanePlan& plan) {
  plan.producer = cursor.take(sizeof(abi::ProducerBlock));
  for (std::size_t i = 0; i < lane.readers.size(); ++i) plan.readers.push_back(cursor.take(sizeof(abi::ConsumerBlock)));
  if (lane.kind != abi::LaneKindCode::kJournal) return;
  plan.journal = cursor.take(sizeof(abi::JournalBlock));
  plan.files = cursor.take(sizeof(abi::ConsumerBlock));
}

// Which lanes' ordinals are used: an Ordered merge behind them goes by them, and a role there names by one a
// record that failed. A stage may fail one, and any role one that is too long for its outlet, which only slots that are
// the struct itself never find.
std::vector<bool> asked_ordinals(const LaneGraphDescription& graph, const std::vector<LaneSizes>& sizes) {
  std::vector<bool> asked(graph.lanes.size(), false);
  for (auto role = graph.roles.rbegin(); role != graph.roles.rend(); ++role) {
    const bool asks = role->policy == abi::PolicyCode::kOrdered ||
                      (role->kind == abi::RoleCode::kStage && graph.stages[role->index].has(abi::StageFlag::kFails));
    const bool behind = std::ranges::any_of(role->outlets, [&](std::uint32_t outlet) {
      return asked[outlet] || sizes[outlet].layout != abi::LayoutCode::kFixed;
    });
    for (const std::uint32_t inlet : role->inlets)
      if (asks || behind) asked[inlet] = true;
  }
  return asked;
}

// Slots keep ordinals beside the records, but not those of an ingress, which readers count.
bool keeps_ordinals(const LaneGraphDescription& graph, const LaneDescription& lane, bool asked) {
  return asked && graph.roles[lane.writer].kind != abi::RoleCode::kIngress;
}

void plan_records(RegionCursor& cursor, bool ordinals, const LaneSizes& sizes, LanePlan& plan) {
  if (sizes.layout == abi::LayoutCode::kVariable)
    plan.slots = cursor.take(std::uint64_t{sizes.slot_count} * sizeof(abi::Slot), kPage);
  if (sizes.layout != abi::LayoutCode::kFramed && ordinals)
    plan.ordinals = cursor.take(std::uint64_t{sizes.slot_count} * 8, kPage);
  plan.data = cursor.take(sizes.memory_bytes, kPage);
}

}  // namespace

std::uint32_t agent_count(const LaneGraphDescription& graph) {
  std::size_t count = graph.roles.size();
  for (const LaneDescription& lane : graph.lanes) count += lane.kind == abi::LaneKindCode::kJournal ? 1 : 0;
  return static_cast<std::uint32_t>(count);
}

LaneRegionPlan plan_region(const LaneGraphDescription& graph, const std::vector<LaneSizes>& sizes,
                           std::uint32_t thread_count) {
  RegionCursor cursor;
  LaneRegionPlan plan{};
  cursor.take(sizeof(abi::RegionHeader));
  plan.agents = cursor.take(std::uint64_t{agent_count(graph)} * sizeof(abi::AgentEntry));
  plan.threads = cursor.take(std::uint64_t{thread_count} * sizeof(abi::ThreadBlock));
  plan.lane_blocks = cursor.take(std::uint64_t{graph.lanes.size()} * sizeof(abi::LaneBlock));
  plan.lanes.resize(graph.lanes.size());
  for (std::size_t i = 0; i < graph.lanes.size(); ++i) plan_blocks(cursor, graph.lanes[i], plan.lanes[i]);
  plan.lists = cursor.take(list_bytes(graph));
  plan.texts = cursor.take(text_bytes(graph));
  for (std::size_t i = 0; i < graph.lanes.size(); ++i) {
    plan.lanes[i].stamps = cursor.take(sizeof(double) * sizes[i].stamp_count);
    plan.lanes[i].histograms =
        cursor.take(sizeof(std::uint32_t) * abi::kHistogramCounts * graph.lanes[i].readers.size());
  }
  plan.observable_bytes = cursor.end(kPage);
  const std::vector<bool> asked = asked_ordinals(graph, sizes);
  for (std::size_t i = 0; i < graph.lanes.size(); ++i)
    plan_records(cursor, keeps_ordinals(graph, graph.lanes[i], asked[i]), sizes[i], plan.lanes[i]);
  plan.total_bytes = cursor.end(kPage);
  return plan;
}

}  // namespace byteor::graph

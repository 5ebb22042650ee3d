#include "graph/region_plan.hpp"

#include "core/cpu.hpp"
#include "graph/region_cursor.hpp"

namespace byteor::graph {

std::uint64_t list_bytes(const RingDescription& ring, std::uint32_t thread_count) {
  const std::uint64_t entries = ring.entries.size();
  const std::uint64_t per_shard = 8 * (3 * (entries + 1) + ring.mark_count + 2 * std::uint64_t{thread_count});
  std::uint64_t dependencies = entries + 1;  // the egress waits for at most every entry, the ingress for one agent
  for (const EntryDescription& entry : ring.entries) dependencies += entry.dependencies.size() + 1;
  return ring.shards * core::round_up(per_shard + 4 * dependencies, 8);
}

RegionPlan plan_region(const RingDescription& ring, const ShardSizes& sizes, std::uint32_t thread_count) {
  RegionCursor cursor;
  RegionPlan plan;
  cursor.take(sizeof(abi::RegionHeader));
  plan.agents = cursor.take(std::uint64_t{ring.shards} * agents_per_shard(ring) * sizeof(abi::AgentEntry));
  plan.threads = cursor.take(std::uint64_t{thread_count} * sizeof(abi::ThreadBlock));
  plan.rings = cursor.take(std::uint64_t{ring.shards} * sizeof(abi::RingBlock));
  plan.shards.resize(ring.shards);
  const std::size_t consumers = ring.entries.size() + 1;
  for (ShardPlan& shard : plan.shards) {
    shard.producer = cursor.take(sizeof(abi::ProducerBlock));
    for (std::size_t i = 0; i < consumers; ++i) shard.consumers.push_back(cursor.take(sizeof(abi::ConsumerBlock)));
  }
  plan.lists = cursor.take(list_bytes(ring, thread_count));
  std::uint64_t text_bytes = ring.name.size();
  for (const BoundaryDescription& boundary : ring.boundaries) text_bytes += boundary.id.size();
  for (const StageDescription& stage : ring.stages) text_bytes += stage.id.size();
  plan.texts = cursor.take(text_bytes);
  for (ShardPlan& shard : plan.shards) {
    for (std::size_t i = 0; i < consumers; ++i)
      shard.histograms.push_back(cursor.take(sizeof(std::uint32_t) * abi::kHistogramCounts));
    for (std::size_t i = 0; i < consumers; ++i) shard.stamps.push_back(cursor.take(sizeof(double) * sizes.stamp_count));
  }
  plan.observable_bytes = cursor.end(kPage);
  for (ShardPlan& shard : plan.shards) {
    for (std::uint32_t i = 0; i < ring.mark_count; ++i) shard.marks.push_back(cursor.take(sizes.slot_count, kPage));
    shard.slots = cursor.take(std::uint64_t{sizes.slot_count} * sizes.slot_stride, kPage);
    shard.arena = cursor.take(sizes.arena_bytes, kPage);
  }
  plan.total_bytes = cursor.end(kPage);
  return plan;
}

}  // namespace byteor::graph

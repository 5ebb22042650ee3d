#include "run/placement.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "op/traits.hpp"

namespace byteor::run {
namespace {

// Relative costs, as those of ops (lib/abi/ops.ts): reading and splitting lines and writing them out weigh more than any
// built-in op.
constexpr double kSourceWeight = 3;
constexpr double kSinkWeight = 4;

// Moving a record from lane to lane is most of what a role does.
constexpr double kLaneWeight = 0.5;

double stage_weight(const graph::StageDescription& stage) {
  const abi::OpRow& row = *op::find_row(static_cast<std::uint32_t>(stage.op));
  return stage.config.empty() ? row.weight : row.configured_weight;
}

}  // namespace

std::vector<std::uint32_t> partition(const std::vector<double>& weights, std::uint32_t parts) {
  const std::size_t n = weights.size();
  std::vector<double> sums(n + 1, 0);
  std::partial_sum(weights.begin(), weights.end(), sums.begin() + 1);
  // best[i]: lightest possible heaviest run of the first i items in p runs; cuts[p][i]: where the last of them begins,
  // as early as that allows. The later a run begins, the lighter it is and the heavier those before it, and where the
  // two meet moves on with i: one walk over the items for each p.
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  std::vector<double> best(n + 1, kInfinite);
  std::vector<double> next(n + 1, kInfinite);
  std::vector<std::vector<std::uint32_t>> cuts(parts + 1);
  best[0] = 0;
  for (std::uint32_t p = 1; p <= parts; ++p) {
    std::fill(next.begin(), next.end(), kInfinite);
    cuts[p].assign(n + 1, 0);
    std::size_t meet = p - 1;
    std::size_t first = p - 1;
    for (std::size_t i = p; i <= n; ++i) {
      while (meet + 1 < i && best[meet] < sums[i] - sums[meet]) ++meet;
      next[i] = std::max(best[meet], sums[i] - sums[meet]);
      if (meet > p - 1) next[i] = std::min(next[i], sums[i] - sums[meet - 1]);
      while (sums[i] - sums[first] > next[i]) ++first;
      cuts[p][i] = static_cast<std::uint32_t>(first);
    }
    std::swap(best, next);
  }
  std::vector<std::uint32_t> part(n, 0);
  std::size_t end = n;
  for (std::uint32_t p = parts; p >= 1; --p) {
    const std::size_t begin = cuts[p][end];
    for (std::size_t i = begin; i < end; ++i) part[i] = p - 1;
    end = begin;
  }
  return part;
}

graph::Placement place_agents(const graph::RingDescription& ring, const PlacementInput& input) {
  const bool native_source = input.ingress_port == abi::PortCode::kNative;
  const bool native_sink = input.egress_port == abi::PortCode::kNative;
  const bool uses_js = input.ingress_port == abi::PortCode::kJs || input.egress_port == abi::PortCode::kJs;
  const auto entries = static_cast<std::uint32_t>(ring.entries.size());
  const std::uint32_t for_us = uses_js && input.cpus > 1 ? input.cpus - 1 : input.cpus;
  const std::uint32_t wanted = input.threads_asked != 0 ? input.threads_asked : for_us;

  graph::Placement placement;
  placement.stage_threads.assign(ring.shards, std::vector<std::uint32_t>(entries, 0));
  if (ring.shards > 1) {
    // Whole shards are dealt out; the source goes with the first thread and the sink with the last.
    placement.threads = std::clamp<std::uint32_t>(wanted, 1, ring.shards);
    for (std::uint32_t shard = 0; shard < ring.shards; ++shard)
      std::fill(placement.stage_threads[shard].begin(), placement.stage_threads[shard].end(),
                shard % placement.threads);
  } else {
    std::vector<double> weights;
    if (native_source) weights.push_back(kSourceWeight);
    for (std::uint32_t entry = 0; entry < entries; ++entry) weights.push_back(stage_weight(ring.stage_of(entry)));
    if (native_sink) weights.push_back(kSinkWeight);
    placement.threads = std::clamp<std::uint32_t>(wanted, 1, static_cast<std::uint32_t>(weights.size()));
    const std::vector<std::uint32_t> part = partition(weights, placement.threads);
    const std::size_t first_stage = native_source ? 1 : 0;
    for (std::uint32_t entry = 0; entry < entries; ++entry)
      placement.stage_threads[0][entry] = part[first_stage + entry];
  }
  if (native_source) placement.ingress_thread = 0;
  if (input.egress_port != abi::PortCode::kJs) placement.egress_thread = placement.threads - 1;
  return placement;
}

graph::LanePlacement place_agents(const graph::LaneGraphDescription& graph, const LanePlacementInput& input) {
  const auto port_of = [&](const graph::RoleDescription& role) {
    const bool end = role.kind == abi::RoleCode::kIngress || role.kind == abi::RoleCode::kEgress;
    return end ? input.ports[role.index] : abi::PortCode::kNative;
  };
  const auto weight_of = [&](const graph::RoleDescription& role) {
    switch (role.kind) {
      case abi::RoleCode::kIngress:
        return kSourceWeight;
      case abi::RoleCode::kEgress:
        return port_of(role) == abi::PortCode::kDiscard ? kLaneWeight : kSinkWeight;
      case abi::RoleCode::kStage:
        return kLaneWeight + stage_weight(graph.stages[role.index]);
      default:
        return kLaneWeight * static_cast<double>(std::max(role.inlets.size(), role.outlets.size()));
    }
  };
  std::vector<double> weights;
  std::vector<std::uint32_t> native;
  bool uses_js = false;
  for (std::uint32_t i = 0; i < graph.roles.size(); ++i) {
    if (port_of(graph.roles[i]) == abi::PortCode::kJs) {
      uses_js = true;
      continue;
    }
    native.push_back(i);
    weights.push_back(weight_of(graph.roles[i]));
  }
  const std::uint32_t for_us = uses_js && input.cpus > 1 ? input.cpus - 1 : input.cpus;
  const std::uint32_t wanted = input.threads_asked != 0 ? input.threads_asked : for_us;
  graph::LanePlacement placement;
  placement.threads = std::clamp<std::uint32_t>(wanted, 1, static_cast<std::uint32_t>(native.size()));
  placement.agent_threads.assign(graph::agent_count(graph), abi::kNone);
  const std::vector<std::uint32_t> part = partition(weights, placement.threads);
  for (std::size_t i = 0; i < native.size(); ++i) placement.agent_threads[native[i]] = part[i];
  for (std::size_t i = graph.roles.size(); i < placement.agent_threads.size(); ++i)
    placement.agent_threads[i] = placement.threads++;
  return placement;
}

}  // namespace byteor::run

#include "run/delivered.hpp"

#include <algorithm>
#include <utility>

namespace byteor::run {

void Delivered::keep(const graph::Graph& graph, const Ports& ports) {
  const std::lock_guard lock(mutex_);
  for (std::uint32_t i = 0; i < ports.all().size(); ++i) {
    const Port& port = ports.all()[i];
    if (!port.is_ingress()) continue;
    std::vector<Shard>& shards = ingresses_[port.options.id];
    for (std::uint32_t shard = 0; shard < graph.shards(); ++shard)
      shards.push_back({.delivery = graph.make_delivery(i, shard)});
  }
}

std::optional<std::uint64_t> Delivered::look(std::string_view ingress, std::uint32_t shard,
                                             std::uint64_t shown) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = ingresses_.find(ingress);
  if (found == ingresses_.end() || shard >= found->second.size()) return std::nullopt;
  Shard& own = found->second[shard];
  own.shown = std::max(own.shown, shown);
  if (!settled_) look_at(own);
  return own.arrived;
}

void Delivered::settle() noexcept {
  const std::lock_guard lock(mutex_);
  for (auto& [id, shards] : ingresses_)
    for (Shard& shard : shards) look_at(shard);
  settled_ = true;
}

void Delivered::look_at(Shard& shard) noexcept { shard.arrived = shard.delivery->arrived(shard.shown); }

}  // namespace byteor::run

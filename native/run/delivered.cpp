#include "run/delivered.hpp"

#include <algorithm>
#include <utility>

namespace byteor::run {

void Delivered::keep(const graph::Graph& graph, std::uint32_t boundaries) {
  const std::lock_guard lock(mutex_);
  ingresses_.resize(boundaries);
  for (std::uint32_t i = 0; i < boundaries; ++i)
    for (std::uint32_t shard = 0; shard < graph.shards(); ++shard)
      if (std::unique_ptr<journal::Delivery> made = graph.make_delivery(i, shard))
        ingresses_[i].push_back({.delivery = std::move(made)});
}

std::optional<std::uint64_t> Delivered::look(std::uint32_t boundary, std::uint32_t shard,
                                             std::uint64_t shown) noexcept {
  const std::lock_guard lock(mutex_);
  if (boundary >= ingresses_.size() || shard >= ingresses_[boundary].size()) return std::nullopt;
  Shard& own = ingresses_[boundary][shard];
  own.shown = std::max(own.shown, shown);
  if (!settled_) look_at(own);
  return own.arrived;
}

void Delivered::settle() noexcept {
  const std::lock_guard lock(mutex_);
  for (std::vector<Shard>& shards : ingresses_)
    for (Shard& shard : shards) look_at(shard);
  settled_ = true;
}

void Delivered::look_at(Shard& shard) noexcept { shard.arrived = shard.delivery->arrived(shard.shown); }

}  // namespace byteor::run

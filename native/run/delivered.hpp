// What is delivered of the records of each ingress, for the threads that ask: open({ delivered: true }). Nothing looks
// unless it is asked, and no record pays for it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.hpp"
#include "journal/delivery.hpp"
#include "run/ports.hpp"

namespace byteor::run {

class Delivered {
 public:
  // Before the threads start. The graph, and what its adapters count in, live as long as this is asked.
  void keep(const graph::Graph& graph, const Ports& ports);

  // Of that ingress's (in a ring: that shard's) records, how many are delivered, when its first `shown` are published:
  // the caller's thread has published them, or has the ingress from the one that did. A number that only grows, and the
  // last one once the pipeline has stopped. Nothing where it is not kept, or there is no such ingress. Any thread.
  std::optional<std::uint64_t> look(std::string_view ingress, std::uint32_t shard, std::uint64_t shown) noexcept;

  // What is not delivered now never will be: what is left is about to be counted as abandoned. All threads have ended.
  void settle() noexcept;

 private:
  struct Shard {
    std::unique_ptr<journal::Delivery> delivery;
    std::uint64_t shown = 0;
    std::uint64_t arrived = 0;
  };

  void look_at(Shard& shard) noexcept;

  std::mutex mutex_;  // guards what follows
  std::map<std::string, std::vector<Shard>, std::less<>> ingresses_;
  bool settled_ = false;
};

}  // namespace byteor::run

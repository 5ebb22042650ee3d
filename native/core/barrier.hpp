// What a consumer may read: the least of the sequences it depends on, and never past the record at which the shard
// stopped. Hot code: no allocation after construction, no exception.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/sequence.hpp"

namespace byteor::core {

class Barrier {
 public:
  Barrier(std::vector<SequenceReader> dependencies, const std::atomic<std::uint64_t>& stop_before)
      : dependencies_(std::move(dependencies)), stop_before_(&stop_before) {}

  // End of the readable range that begins at `next`: a value ≥ next.
  std::uint64_t available(std::uint64_t next) const noexcept {
    std::uint64_t least = kNoLimit;
    for (const SequenceReader& dependency : dependencies_) least = std::min(least, dependency.load_seq_cst(next));
    // SYNC POINT S4: read after the sequences. A record at or past the limit may still slip through a branch that does
    // not lead from the failing stage; it can never reach the egress, whose own dependencies include that stage.
    least = std::min(least, stop_before_->load(std::memory_order_acquire));
    return std::max(least, next);
  }

 private:
  std::vector<SequenceReader> dependencies_;
  const std::atomic<std::uint64_t>* stop_before_;
};

}  // namespace byteor::core

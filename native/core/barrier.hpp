// What a consumer may read: the least of the sequences it depends on, and never past the record at which the shard
// stopped. Hot code: no allocation after construction, no exception.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/record.hpp"
#include "core/sequence.hpp"

namespace byteor::core {

class Barrier {
 public:
  Barrier(std::vector<SequenceReader> dependencies, const std::atomic<std::uint64_t>& stop_before)
      : dependencies_(std::move(dependencies)), stop_before_(&stop_before) {}

  // A consumer straight from an ingress that publishes by sequence words in the slots of `ring`.
  Barrier(const RingMemory& ring, const std::atomic<std::uint64_t>& stop_before)
      : words_(ring), stop_before_(&stop_before) {}

  bool reads_words() const noexcept { return words_.word_bytes != 0; }

  // End of the readable range that begins at `next`: a value in [next, next + limit].
  std::uint64_t available(std::uint64_t next, std::uint32_t limit) const noexcept {
    std::uint64_t least = reads_words() ? published_words(next, limit) : next + limit;
    for (const SequenceReader& dependency : dependencies_) least = std::min(least, dependency.load_seq_cst(next));
    // SYNC POINT S4: a record at or past the limit may still slip through a branch that does not lead from the failing
    // stage; it can never reach the egress, whose own dependencies include that stage.
    least = std::min(least, stop_before_->load(std::memory_order_seq_cst));
    return std::max(least, next);
  }

 private:
  // SYNC POINT S1: a word is published like a cursor, one record at a time.
  std::uint64_t published_words(std::uint64_t next, std::uint32_t limit) const noexcept {
    const std::uint64_t end = next + limit;
    while (next != end &&
           FixedLayout::word(words_, next).load(std::memory_order_seq_cst) == static_cast<std::uint32_t>(next + 1))
      ++next;
    return next;
  }

  std::vector<SequenceReader> dependencies_;
  RingMemory words_;
  const std::atomic<std::uint64_t>* stop_before_;
};

}  // namespace byteor::core

// Where everything lies in a pipeline's region, decided before it is mapped. lib/layout/memory.ts computes the same
// sums for `describe`; a test compares them. Every piece begins on a 128-byte block; marks, slots and arenas on a page.
//
//   RegionHeader | AgentEntry × agents | ThreadBlock × threads | RingBlock × shards
//   | a shard: ProducerBlock, ConsumerBlock × (entries + 1)
//   | lists | texts | a shard: histograms × (entries + 1), stamps × (entries + 1)      <- observable_bytes ends here
//   | a shard: mark planes, slots, arena                                               <- total_bytes
#pragma once

#include <cstdint>
#include <vector>

#include "graph/description.hpp"

namespace byteor::graph {

// Sizes of one shard, already checked and rounded.
struct ShardSizes {
  std::uint32_t capacity;     // records, exact
  std::uint32_t slot_count;   // power of two ≥ capacity
  std::uint32_t slot_stride;  // bytes
  std::uint32_t word_bytes;   // 8 when a sequence word stands before every record of a Fixed ring, else 0
  std::uint32_t record_max;   // bytes
  std::uint32_t arena_bytes;  // power of two; 0 when Fixed
  std::uint32_t stamp_count;  // power of two
};

struct ShardPlan {
  std::uint64_t producer;
  std::vector<std::uint64_t> consumers;   // one an entry, the egress last
  std::vector<std::uint64_t> histograms;  // one an entry, the egress last
  std::vector<std::uint64_t> stamps;      // one an entry, the producer last
  std::vector<std::uint64_t> marks;       // one a filtering entry
  std::uint64_t slots;
  std::uint64_t arena;
};

struct RegionPlan {
  std::uint64_t agents;
  std::uint64_t threads;
  std::uint64_t rings;
  std::uint64_t lists;
  std::uint64_t texts;
  std::vector<ShardPlan> shards;
  std::uint64_t observable_bytes;
  std::uint64_t total_bytes;
};

// Bytes of lists a ring of this shape needs at most: for each shard three u64 lists with room for every entry (gates,
// terminals, terminal stamps), one for marks, two wake lists with room for every thread, and u32 dependency lists.
std::uint64_t list_bytes(const RingDescription& ring, std::uint32_t thread_count);

RegionPlan plan_region(const RingDescription& ring, const ShardSizes& sizes, std::uint32_t thread_count);

inline std::uint32_t agents_per_shard(const RingDescription& ring) {
  return static_cast<std::uint32_t>(ring.entries.size()) + 2;
}

}  // namespace byteor::graph

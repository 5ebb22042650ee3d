// Where everything lies in a LaneGraph's region, decided before it is mapped. lib/layout/graph-memory.ts computes the
// same sums for `describe`; a test compares them. Every piece begins on a 128-byte block; memory of records on a page.
//
//   RegionHeader | AgentEntry × agents | ThreadBlock × threads | LaneBlock × lanes
//   | a lane: ProducerBlock, ConsumerBlock × readers, and of a journal JournalBlock and ConsumerBlock of its files
//   | lists | texts | a lane: stamps, histograms × readers                             <- observable_bytes ends here
//   | a lane: frames; slots, ordinals and arena; or ordinals and records                               <- total_bytes
#pragma once

#include <cstdint>
#include <vector>

#include "graph/description.hpp"

namespace byteor::graph {

// Sizes of one lane, already checked and rounded.
struct LaneSizes {
  abi::LayoutCode layout;      // Framed; for SequencedSlots Fixed where all records are one struct, else Variable
  std::uint32_t capacity;      // Framed: bytes; else records: the gate, exact
  std::uint32_t memory_bytes;  // Framed: of the frames; Variable: of the arena; a power of two. Fixed: of the records
  std::uint32_t slot_count;    // SequencedSlots: a power of two ≥ capacity
  std::uint32_t record_max;    // bytes
  std::uint32_t stamp_count;   // a power of two
};

struct LanePlan {
  std::uint64_t producer;
  std::vector<std::uint64_t> readers;
  std::uint64_t journal;  // 0 for the other kinds, and so is files
  std::uint64_t files;
  std::uint64_t stamps;
  std::uint64_t histograms;  // one a reader, in a row
  std::uint64_t slots;       // 0 unless Variable
  std::uint64_t ordinals;    // 0 when Framed, and where an ingress writes
  std::uint64_t data;        // frames, arena or records
};

struct LaneRegionPlan {
  std::uint64_t agents;
  std::uint64_t threads;
  std::uint64_t lane_blocks;
  std::uint64_t lists;
  std::uint64_t texts;
  std::vector<LanePlan> lanes;
  std::uint64_t observable_bytes;
  std::uint64_t total_bytes;
};

// One a role, then one a journal lane.
std::uint32_t agent_count(const LaneGraphDescription& graph);

LaneRegionPlan plan_region(const LaneGraphDescription& graph, const std::vector<LaneSizes>& sizes,
                           std::uint32_t thread_count);

}  // namespace byteor::graph

// Where everything lies in the region of one opening, and which thread runs which agent: planned by lib/layout, and
// checked here before anything is mapped. Control path. Every table begins on a 128-byte block, memory of records on a
// page; a part is a shard of a ring, or a lane of a graph, or behind those a lane of letters.
//
//   RegionHeader | AgentEntry × agents | ThreadBlock × threads | RingBlock or LaneBlock × parts | LaneBlock × letters
//   | a part: ProducerBlock, ConsumerBlock × consumers, and of a journal JournalBlock and ConsumerBlock of its files
//   | lists | texts | a part: stamps, histograms                                    <- observable_bytes ends here
//   | a part: mark planes; slots, ordinals; arena, frames or records                <- region_bytes
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/cpu.hpp"
#include "graph/description.hpp"

namespace byteor::graph {

inline constexpr std::uint64_t kPage = 4096;
inline constexpr std::uint64_t kHistogramBytes = sizeof(std::uint32_t) * abi::kHistogramCounts;

struct RegionLayout {
  abi::LayoutHeader header{};
  std::vector<std::uint32_t> agent_threads;  // by agent: index into ThreadBlock, or abi::kNone (a handle of JavaScript)
  std::vector<abi::LayoutPart> parts;

  std::uint32_t native_threads() const noexcept { return header.thread_count - header.hosted_count; }
};

// Places inside a part, one behind the other.
inline std::uint64_t consumer_place(const abi::LayoutPart& part, std::uint64_t index) noexcept {
  return part.consumers + index * sizeof(abi::ConsumerBlock);
}
inline std::uint64_t histogram_place(const abi::LayoutPart& part, std::uint64_t index) noexcept {
  return part.histograms + index * kHistogramBytes;
}
inline std::uint64_t stamps_place(const abi::LayoutPart& part, std::uint64_t index) noexcept {
  return part.stamps + index * core::round_up(sizeof(double) * part.stamp_count, core::kCacheBlock);
}
inline std::uint64_t marks_place(const abi::LayoutPart& part, std::uint64_t index) noexcept {
  return part.marks + index * core::round_up(part.slot_count, kPage);
}
inline abi::LayoutCode layout_of(const abi::LayoutPart& part) noexcept {
  return static_cast<abi::LayoutCode>(part.layout);
}

// Agents of one shard: its ingress, its entries, its egress.
inline std::uint32_t agents_per_shard(const RingDescription& ring) {
  return static_cast<std::uint32_t>(ring.entries.size()) + 2;
}
// One a role, then one a journal lane, then one for letters.
std::uint32_t agent_count(const LaneGraphDescription& graph);

// Reads a layout made for this plan, opened with these ports (by boundary). Nothing in it is trusted: sizes fit the
// plan, every place is inside the region, aligned and its own, and agents stand on threads as their ends and files need
// it. Throws CodedError (SPEC_DAMAGED).
RegionLayout decode_layout(std::span<const std::byte> layout, const Description& description,
                           const std::vector<abi::PortCode>& ports);

}  // namespace byteor::graph

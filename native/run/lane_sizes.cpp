#include "run/lane_sizes.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include "core/cpu.hpp"
#include "lane/framed_memory.hpp"
#include "run/pipeline.hpp"

namespace byteor::run {
namespace {

// Bytes that ops before a lane may have added to a record of an ingress, at most.
std::vector<std::uint64_t> growth(const graph::LaneGraphDescription& graph) {
  std::vector<std::uint64_t> grown(graph.lanes.size(), 0);
  for (const graph::RoleDescription& role : graph.roles) {
    std::uint64_t bytes = 0;
    for (const std::uint32_t inlet : role.inlets) bytes = std::max(bytes, grown[inlet]);
    if (role.kind == abi::RoleCode::kStage)
      bytes += std::uint64_t{graph.stages[role.index].headroom} + graph.stages[role.index].tailroom;
    for (const std::uint32_t outlet : role.outlets) grown[outlet] = bytes;
  }
  return grown;
}

// The largest struct that an ingress takes: a record that cannot be any shorter.
std::uint64_t struct_bytes(const graph::LaneGraphDescription& graph) {
  std::uint64_t bytes = 0;
  for (const graph::BoundaryDescription& boundary : graph.boundaries)
    if (boundary.kind == abi::BoundaryCode::kIngress) bytes = std::max<std::uint64_t>(bytes, boundary.record_bytes);
  return bytes;
}

[[noreturn]] void refuse_record(std::uint64_t asked, const graph::LaneDescription& lane) {
  refuse_option("recordMax", asked,
                "with what this plan's ops add, lane " + lane.id + " would need more than " +
                    std::to_string(abi::kArenaBytesMax) + " bytes");
}

// What a framed lane must have so that a record of `record_max` bytes is at most half of it.
std::uint64_t least_capacity(std::uint64_t record_max) {
  return 2 * (core::round_up(record_max, abi::kFrameAlign) + abi::kFrameHeaderBytes);
}

std::uint32_t stamps_of_slots(std::uint32_t slots) { return std::max<std::uint32_t>(1, slots >> abi::kSampleShift); }

// Bytes of a record at its ingress, and in the lane at hand.
struct Record {
  std::uint64_t asked;
  std::uint64_t wanted;
};

graph::LaneSizes framed_sizes(const graph::LaneDescription& lane, Record record, std::uint32_t lane_bytes) {
  std::uint64_t capacity = lane.capacity_bytes;
  if (capacity == 0) {
    capacity = lane_bytes;
    if (capacity < least_capacity(record.wanted)) capacity = std::bit_ceil(least_capacity(record.wanted));
  }
  if (capacity > abi::kArenaBytesMax) refuse_record(record.asked, lane);
  graph::LaneSizes sizes{};
  sizes.layout = abi::LayoutCode::kFramed;
  sizes.capacity = static_cast<std::uint32_t>(capacity);
  sizes.memory_bytes = std::bit_ceil(sizes.capacity);
  sizes.record_max =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(record.wanted, lane::framed_record_max(sizes.capacity)));
  sizes.stamp_count = std::max<std::uint32_t>(1, (sizes.memory_bytes / abi::kFrameHeaderBytes) >> abi::kSampleShift);
  return sizes;
}

// Slots in which every record is the same struct: the records are the slots. The layout is kFramed (and nothing else is
// said) where the lane's records are not structs, or would take more than a lane may.
graph::LaneSizes struct_sizes(const graph::LaneDescription& lane, std::uint64_t records) {
  graph::LaneSizes sizes{};
  sizes.layout = abi::LayoutCode::kFramed;
  const std::uint64_t bytes = std::bit_ceil(records) * core::round_up(lane.record_bytes, abi::kFrameAlign);
  if (records == 0 || bytes == 0 || bytes > abi::kArenaBytesMax) return sizes;
  sizes.layout = abi::LayoutCode::kFixed;
  sizes.capacity = static_cast<std::uint32_t>(records);
  sizes.slot_count = std::bit_ceil(sizes.capacity);
  sizes.memory_bytes = static_cast<std::uint32_t>(bytes);
  sizes.record_max = lane.record_bytes;
  sizes.stamp_count = stamps_of_slots(sizes.slot_count);
  return sizes;
}

// Structs that a lane of so many bytes holds; one without a stated size holds two at least, as one of frames does. A
// journal's files are frames, and so is what they are written from.
std::uint64_t structs_in(const graph::LaneDescription& lane, std::uint32_t lane_bytes) {
  if (lane.record_bytes == 0 || lane.kind == abi::LaneKindCode::kJournal) return 0;
  const std::uint64_t stride = core::round_up(lane.record_bytes, abi::kFrameAlign);
  return lane.capacity_bytes != 0 ? lane.capacity_bytes / stride : std::max<std::uint64_t>(2, lane_bytes / stride);
}

graph::LaneSizes slots_sizes(const graph::LaneDescription& lane, Record record) {
  graph::LaneSizes sizes{};
  sizes.capacity = lane.capacity_records;
  sizes.slot_count = std::bit_ceil(lane.capacity_records);
  sizes.stamp_count = stamps_of_slots(sizes.slot_count);
  const std::uint64_t arena =
      std::max<std::uint64_t>(abi::kSlotsLaneArenaBytesDefault, std::bit_ceil(2 * core::round_up(record.wanted, 8)));
  if (arena > abi::kArenaBytesMax) refuse_record(record.asked, lane);
  sizes.layout = abi::LayoutCode::kVariable;
  sizes.memory_bytes = static_cast<std::uint32_t>(arena);
  sizes.record_max = static_cast<std::uint32_t>(record.wanted);
  return sizes;
}

graph::LaneSizes lane_sizes(const graph::LaneDescription& lane, Record record, std::uint32_t lane_bytes) {
  const bool slots = lane.kind == abi::LaneKindCode::kSequencedSlots;
  const graph::LaneSizes structs = struct_sizes(lane, slots ? lane.capacity_records : structs_in(lane, lane_bytes));
  if (structs.layout == abi::LayoutCode::kFixed) return structs;
  return slots ? slots_sizes(lane, record) : framed_sizes(lane, record, lane_bytes);
}

}  // namespace

std::vector<graph::LaneSizes> resolve_lane_sizes(const graph::LaneGraphDescription& graph, const Options& options) {
  const std::uint32_t lane_bytes = options.lane_bytes == 0 ? abi::kLaneBytesDefault : options.lane_bytes;
  if (lane_bytes < abi::kLaneBytesMin || lane_bytes > abi::kArenaBytesMax)
    refuse_option(
        "laneBytes", lane_bytes,
        "give " + std::to_string(abi::kLaneBytesMin) + " to " + std::to_string(abi::kArenaBytesMax) + " bytes");
  if (options.record_max > abi::kRecordBytesMax)
    refuse_option("recordMax", options.record_max, "give 1 to " + std::to_string(abi::kRecordBytesMax) + " bytes");
  const std::uint64_t least = struct_bytes(graph);
  if (options.record_max != 0 && options.record_max < least)
    refuse_option("recordMax", options.record_max, "an ingress's struct has " + std::to_string(least) + " bytes");
  const std::vector<std::uint64_t> grown = growth(graph);
  const std::uint64_t most_grown = grown.empty() ? 0 : *std::max_element(grown.begin(), grown.end());
  // Nothing asked for: the largest record that, with all that ops add to it, still passes lanes of the default size.
  const std::uint64_t whole = lane::framed_record_max(lane_bytes);
  const std::uint64_t base =
      options.record_max != 0 ? options.record_max : std::max(least, whole - std::min(whole, most_grown));
  std::vector<graph::LaneSizes> sizes;
  for (std::size_t i = 0; i < graph.lanes.size(); ++i) {
    const Record record{base, base + grown[i]};
    sizes.push_back(lane_sizes(graph.lanes[i], record, lane_bytes));
  }
  return sizes;
}

}  // namespace byteor::run

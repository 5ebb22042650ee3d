#include "run/sizes.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include "core/cpu.hpp"
#include "run/pipeline.hpp"

namespace byteor::run {
namespace {

std::uint64_t reservation(const graph::RingDescription& ring, std::uint64_t record_max) {
  return core::round_up(ring.headroom + record_max + ring.tailroom, 8);
}

// With a word, a slot that fits one line must not lie across two: the point is that one line carries both.
std::uint32_t slot_stride(std::uint32_t bytes, bool by_slot) {
  if (!by_slot) return static_cast<std::uint32_t>(core::round_up(bytes, 8));
  return bytes <= 64 ? std::bit_ceil(bytes) : static_cast<std::uint32_t>(core::round_up(bytes, 64));
}

std::uint32_t resolve_arena(const graph::RingDescription& ring, const Options& options, std::uint32_t record_max) {
  const std::uint64_t least = std::bit_ceil(2 * reservation(ring, record_max));
  if (least > abi::kArenaBytesMax)
    refuse_option("recordMax", record_max,
                  "with the room that this plan's ops add, a record may have at most " +
                      std::to_string(abi::kRecordBytesMax) + " bytes");
  if (options.arena_bytes == 0) {
    const std::uint64_t share =
        std::max<std::uint64_t>(abi::kArenaBytesDefault / std::bit_ceil(ring.shards), abi::kArenaBytesShardMin);
    return static_cast<std::uint32_t>(std::max(least, ring.shards == 1 ? abi::kArenaBytesDefault : share));
  }
  if (!std::has_single_bit(options.arena_bytes) || options.arena_bytes > abi::kArenaBytesMax)
    refuse_option("arenaBytes", options.arena_bytes, "give a power of two of at most " + std::to_string(abi::kArenaBytesMax));
  if (options.arena_bytes < least)
    refuse_option("arenaBytes", options.arena_bytes,
                  "a record of recordMax bytes needs an arena of at least " + std::to_string(least));
  return options.arena_bytes;
}

}  // namespace

graph::ShardSizes resolve_sizes(const graph::RingDescription& ring, const Options& options) {
  graph::ShardSizes sizes{};
  const bool fixed = ring.layout == abi::LayoutCode::kFixed;
  sizes.capacity = options.capacity == 0 ? abi::kCapacityDefault : options.capacity;
  if (sizes.capacity > abi::kSlotsMax) refuse_option("capacity", sizes.capacity, "give 1 to " + std::to_string(abi::kSlotsMax) + " records");
  sizes.slot_count = std::bit_ceil(sizes.capacity);
  sizes.stamp_count = std::max<std::uint32_t>(1, sizes.slot_count >> abi::kSampleShift);
  if (fixed) {
    if (options.record_max != 0 && options.record_max != ring.record_bytes)
      refuse_option(
          "recordMax", options.record_max,
          "leave it out: every record of this plan's struct has " + std::to_string(ring.record_bytes) + " bytes");
    sizes.record_max = ring.record_bytes;
    const bool by_slot = options.publication == Publication::kSlot ||
                         (options.publication == Publication::kProfile && options.profile != Profile::kDefault);
    sizes.word_bytes = by_slot ? abi::kWordBytes : 0;
    sizes.slot_stride = slot_stride(sizes.word_bytes + ring.record_bytes, by_slot);
    sizes.arena_bytes = 0;
    return sizes;
  }
  sizes.slot_stride = sizeof(abi::Slot);
  sizes.record_max = options.record_max == 0 ? abi::kRecordMaxDefault : options.record_max;
  if (sizes.record_max > abi::kRecordBytesMax)
    refuse_option("recordMax", sizes.record_max, "give 1 to " + std::to_string(abi::kRecordBytesMax) + " bytes");
  const std::uint32_t struct_bytes = ring.boundaries[ring.ingress].record_bytes;
  if (struct_bytes > sizes.record_max)
    refuse_option("recordMax", sizes.record_max, "the ingress's struct has " + std::to_string(struct_bytes) + " bytes");
  sizes.arena_bytes = resolve_arena(ring, options, sizes.record_max);
  return sizes;
}

}  // namespace byteor::run

// Every size of a pipeline with its default, its limits and their reasons. lib/runtime/open.ts states the same limits
// to the user in his own words; this side checks again.
#pragma once

#include <cstdint>

#include "graph/description.hpp"
#include "graph/region_plan.hpp"
#include "run/options.hpp"

namespace byteor::run {

// Wrapping 32-bit positions compare correctly up to half their range, with one bit to spare.
inline constexpr std::uint32_t kSlotsMax = 1u << 30;
inline constexpr std::uint32_t kArenaBytesMax = 1u << 30;
// A record and the padding it may cause must fit an empty arena, so a record has at most half of it.
inline constexpr std::uint32_t kRecordBytesMax = kArenaBytesMax / 2;

// 8192 slots of 16 bytes are 128 KiB: the slots of a batch job stay in the second-level cache.
inline constexpr std::uint32_t kCapacityDefault = 8192;
// Lines of logs and JSON events are far below this; a longer one is a stated failure that names the option.
inline constexpr std::uint32_t kRecordMaxDefault = 1u << 20;
// Measured: a larger arena gives no more speed to a file job, a smaller one stalls the source on the sink.
inline constexpr std::uint32_t kArenaBytesDefault = 4u << 20;
// Enough records to pay for a sequence, a look at the sleepers and a virtual call; few enough to stay in the first
// cache.
inline constexpr std::uint32_t kBatchRecordsDefault = 256;
inline constexpr std::uint32_t kBatchRecordsMax = 1u << 16;
inline constexpr std::uint32_t kThreadsMax = 256;

// Checks what was asked for and fills in defaults. Throws OpenError.
graph::ShardSizes resolve_sizes(const graph::RingDescription& ring, const Options& options);

}  // namespace byteor::run

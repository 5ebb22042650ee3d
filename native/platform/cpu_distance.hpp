// How far apart the host has put two CPUs, which bounds what two threads can hand each other. Control path.
#pragma once

#include <cstdint>
#include <optional>

namespace byteor::platform {

// Round trip of one flag between two threads, one on each CPU, in ns: some 50 on one core, 100 within a cache, 350 and
// more beyond. Takes a millisecond or less; nothing where a thread cannot be pinned, or where one of them gets no CPU.
std::optional<double> flag_round_trip_ns(std::uint32_t cpu, std::uint32_t other);

}  // namespace byteor::platform

// What the control groups of this process allow: CPU time and memory. A container sees all of the machine's CPUs and
// all of its memory; only its control groups say what it may use. Limits hold for a group and everything below it, so
// every level up to the root is read and the least wins. Versions 1 and 2, also both at a time (hybrid).
//
// Control path. Nothing throws for a file that is missing or strange: no file, no limit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace byteor::platform {

struct CpuQuota {
  double cpus = 0;    // CPU seconds a second; may be a fraction
  std::string group;  // folder of the control group that sets it
};

struct MemoryLimit {
  std::uint64_t limit_bytes = 0;
  std::uint64_t used_bytes = 0;  // without page cache that the kernel can drop at once
  std::string group;             // folder of the control group with the least room

  std::uint64_t room_bytes() const noexcept { return limit_bytes > used_bytes ? limit_bytes - used_bytes : 0; }
};

// `root`: where /proc and /sys are found; empty on a real machine, a folder in a test.
std::optional<CpuQuota> cpu_quota(const std::string& root = {});

// The group with the least room among all that limit memory.
std::optional<MemoryLimit> memory_limit(const std::string& root = {});

}  // namespace byteor::platform

// How far apart the CPUs of this process are.
#pragma once

#include <optional>
#include <string>

#include "platform/affinity.hpp"
#include "platform/cpu_distance.hpp"

namespace byteor::bench {

// Round trip of a flag, ns; nothing with one CPU.
inline std::optional<double> distance() {
  const platform::CpuList cpus = platform::allowed_cpus();
  if (cpus.size() < 2) return std::nullopt;
  return platform::flag_round_trip_ns(cpus[0], cpus[1]);
}

// As JSON: before and after something ran.
inline std::string distances_text(std::optional<double> before, std::optional<double> after) {
  if (!before.has_value() || !after.has_value()) return "null";
  return '[' + std::to_string(*before) + ',' + std::to_string(*after) + ']';
}

}  // namespace byteor::bench

// Time stamps of sampled records: one record in 2^kSampleShift. Each agent owns its table; sequence decides the cell.
// A stamp is written before the sequence that publishes its record, and so is ordered by that publication.
#pragma once

#include <cstdint>

#include "abi/abi_generated.hpp"

namespace byteor::core {

struct StampTable {
  double* cells = nullptr;
  std::uint32_t mask = 0;

  double& at(std::uint64_t sequence) const noexcept { return cells[(sequence >> abi::kSampleShift) & mask]; }
};

// The first sampled sequence in [first, end), or `end` when there is none.
constexpr std::uint64_t first_sampled(std::uint64_t first, std::uint64_t end) noexcept {
  constexpr std::uint64_t unit = std::uint64_t{1} << abi::kSampleShift;
  const std::uint64_t candidate = (first + unit - 1) & ~(unit - 1);
  return candidate < end ? candidate : end;
}

}  // namespace byteor::core

// What an op may do, out of the generated table: an agent leaves out what its op cannot do, and the decoder refuses a
// stage that says otherwise.
#pragma once

#include <cstdint>

#include "abi/abi_generated.hpp"

namespace byteor::op {

// The row of an op's code as it stands in a lowered plan; nullptr where no op has it.
constexpr const abi::OpRow* find_row(std::uint32_t code) noexcept {
  for (const abi::OpRow& row : abi::kOps)
    if (static_cast<std::uint32_t>(row.code) == code) return &row;
  return nullptr;
}

constexpr bool has_flag(const abi::OpRow& row, abi::StageFlag flag) noexcept {
  return (row.flags & static_cast<std::uint32_t>(flag)) != 0;
}

// The base of a built-in op's class.
template <abi::OpCode kOpCode>
struct BuiltIn {
  static constexpr const abi::OpRow& kRow = *find_row(static_cast<std::uint32_t>(kOpCode));
  static constexpr bool kWrites = has_flag(kRow, abi::StageFlag::kWrites);
  static constexpr bool kFilters = has_flag(kRow, abi::StageFlag::kFilters);
  static constexpr bool kFails = has_flag(kRow, abi::StageFlag::kFails);
  static constexpr bool kKeepsLayout = kRow.keeps_layout;  // a struct is still that struct behind it
};

}  // namespace byteor::op

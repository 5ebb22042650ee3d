// Fields of a struct, as ops that work on one know them from their config. Control path.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "abi/abi_generated.hpp"

namespace byteor::op {

// Bytes of a field of this type; 0: a type of any number of bytes.
std::uint32_t width_of(abi::FieldCode kind) noexcept;

bool is_numeric(abi::FieldCode kind) noexcept;

// Why a record failed that ends before a field does; `op`: key of the op in plans.
std::string short_record_cause(std::string_view op, std::string_view name, std::uint32_t end, std::uint32_t length);

}  // namespace byteor::op

// See field.hpp.
#include "op/field.hpp"

namespace byteor::op {

std::uint32_t width_of(abi::FieldCode kind) noexcept {
  switch (kind) {
    case abi::FieldCode::kU8:
    case abi::FieldCode::kI8:
    case abi::FieldCode::kBool:
      return 1;
    case abi::FieldCode::kU16:
    case abi::FieldCode::kI16:
      return 2;
    case abi::FieldCode::kU32:
    case abi::FieldCode::kI32:
    case abi::FieldCode::kF32:
      return 4;
    case abi::FieldCode::kU64:
    case abi::FieldCode::kI64:
    case abi::FieldCode::kF64:
      return 8;
    default:
      return 0;
  }
}

bool is_numeric(abi::FieldCode kind) noexcept { return kind >= abi::FieldCode::kU8 && kind <= abi::FieldCode::kF64; }

std::string short_record_cause(std::string_view op, std::string_view name, std::uint32_t end, std::uint32_t length) {
  return std::string(op) + ": the record has " + std::to_string(length) + (length == 1 ? " byte" : " bytes") +
         ", and the struct up to its field \"" + std::string(name) + "\" has " + std::to_string(end) +
         ". Send whole structs, or correct the codec of the ingress.";
}

}  // namespace byteor::op

// See set_field.hpp. Control path: allocates.
#include "op/set_field.hpp"

#include <algorithm>
#include <cstdio>

namespace byteor::op {

namespace {

constexpr std::string_view kKindWords[] = {"u8",  "u16", "u32", "u64",  "i8",    "i16", "i32",
                                           "i64", "f32", "f64", "bool", "bytes", "utf8"};

// Decoding has seen to it that there are two digits a byte.
unsigned hex_value(char digit) { return static_cast<unsigned>(digit <= '9' ? digit - '0' : digit - 'a' + 10); }

template <class T>
T value_of(std::uint64_t bits) {
  T value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

std::string decimal(abi::FieldCode kind, std::uint64_t bits) {
  char text[32];
  switch (kind) {
    case abi::FieldCode::kI8:
      return std::to_string(value_of<std::int8_t>(bits));
    case abi::FieldCode::kI16:
      return std::to_string(value_of<std::int16_t>(bits));
    case abi::FieldCode::kI32:
      return std::to_string(value_of<std::int32_t>(bits));
    case abi::FieldCode::kI64:
      return std::to_string(value_of<std::int64_t>(bits));
    case abi::FieldCode::kF32:
      std::snprintf(text, sizeof text, "%.9g", static_cast<double>(value_of<float>(bits)));
      return text;
    case abi::FieldCode::kF64:
      std::snprintf(text, sizeof text, "%.17g", value_of<double>(bits));
      return text;
    default:
      return std::to_string(bits);
  }
}

}  // namespace

std::string field_constant(const FieldWrite& field) {
  std::string bytes(field.length, '\0');
  if (field.write != abi::FieldWriteCode::kValue) return bytes;
  if (field.kind == abi::FieldCode::kBytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<char>(hex_value(field.text[2 * i]) << 4 | hex_value(field.text[2 * i + 1]));
  } else if (field.kind == abi::FieldCode::kUtf8) {
    std::copy(field.text.begin(), field.text.end(), bytes.begin());
  } else {
    std::memcpy(bytes.data(), &field.bits, std::min(bytes.size(), sizeof field.bits));
  }
  return bytes;
}

std::string short_record_cause(std::string_view name, std::uint32_t end, std::uint32_t length) {
  return "set_field: the record has " + std::to_string(length) + (length == 1 ? " byte" : " bytes") +
         ", and the struct up to its field \"" + std::string(name) + "\" has " + std::to_string(end) +
         ". Send whole structs, or correct the codec of the ingress.";
}

std::string sum_cause(std::string_view name, abi::FieldCode kind, std::uint64_t bits, std::uint64_t addend) {
  const std::string_view words = kKindWords[static_cast<std::uint32_t>(kind) - 1];
  const bool is_float = kind == abi::FieldCode::kF32 || kind == abi::FieldCode::kF64;
  return "set_field: the field \"" + std::string(name) + "\" is " + decimal(kind, bits) + ", and with " +
         decimal(kind, addend) + " added it is " + (is_float ? "no finite " : "beyond ") + std::string(words) +
         ". Correct the input, filter such records out before this stage, or give the field a wider type.";
}

}  // namespace byteor::op

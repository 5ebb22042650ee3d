// See set_field.hpp. Control path: allocates, and refuses a config.
#include "op/set_field.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>

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

// The constant of a write, as the op will read it.
void check_constant(const FieldWrite& field) {
  const bool has_constant = field.write != abi::FieldWriteCode::kFrom;
  const std::uint32_t fixed = width_of(field.kind);
  const std::uint64_t most = !has_constant || fixed == 0 ? 0
                             : field.kind == abi::FieldCode::kBool
                                 ? 1
                                 : std::numeric_limits<std::uint64_t>::max() >> (64 - 8 * fixed);
  decode::require(field.bits <= most, "a field's constant is not of its type", field.bits);
  const std::uint64_t text = field.text.size();
  if (has_constant && field.kind == abi::FieldCode::kBytes) {
    const bool digits = std::all_of(field.text.begin(), field.text.end(),
                                    [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
    decode::require(digits && text == 2 * std::uint64_t{field.length}, "a field's bytes are not two digits each", text);
  } else {
    const bool is_text = has_constant && field.kind == abi::FieldCode::kUtf8;
    decode::require(text <= (is_text ? field.length : 0), "a field's text does not fit it", text);
  }
}

}  // namespace

FieldWrite FieldWrite::read(const decode::Buffer& config) {
  const auto row = config.at<abi::SetFieldConfig>(0);
  const FieldWrite field{
      .write = decode::read_enum(row.write, abi::FieldWriteCode::kValue, abi::FieldWriteCode::kFrom,
                                 "unknown way to set a field"),
      .kind = decode::read_enum(row.kind, abi::FieldCode::kU8, abi::FieldCode::kUtf8, "unknown type of a field"),
      .offset = row.offset,
      .length = row.length,
      .from = row.from,
      .bits = row.bits,
      .name = decode::read_id(config.text(row.name_offset, row.name_length)),
      .text = config.text(row.text_offset, row.text_length)};
  const std::uint32_t fixed = width_of(field.kind);
  decode::require(field.length != 0 && (fixed == 0 || field.length == fixed), "a field's length does not fit its type",
                  field.length);
  decode::require(field.write == abi::FieldWriteCode::kFrom || field.from == 0, "a constant is copied from a field",
                  field.from);
  decode::require(field.write != abi::FieldWriteCode::kAdd || is_numeric(field.kind), "a sum of what is no number",
                  row.kind);
  const std::uint32_t apart = field.from > field.offset ? field.from - field.offset : field.offset - field.from;
  decode::require(field.write != abi::FieldWriteCode::kFrom || apart >= field.length, "a field is copied onto itself",
                  field.from);
  check_constant(field);
  return field;
}

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

std::string sum_cause(std::string_view name, abi::FieldCode kind, std::uint64_t bits, std::uint64_t addend) {
  const std::string_view words = kKindWords[static_cast<std::uint32_t>(kind) - 1];
  const bool is_float = kind == abi::FieldCode::kF32 || kind == abi::FieldCode::kF64;
  return "set_field: the field \"" + std::string(name) + "\" is " + decimal(kind, bits) + ", and with " +
         decimal(kind, addend) + " added it is " + (is_float ? "no finite " : "beyond ") + std::string(words) +
         ". Correct the input, filter such records out before this stage, or give the field a wider type.";
}

}  // namespace byteor::op

// A value while an expression runs: 16 bytes that own nothing. What it refers to lies in the record, in the program or
// in the scratch of the evaluation, and is valid until the next record. Hot code: no allocation, no exception.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

#include "expression/program_generated.hpp"

namespace byteor::expression {

// ExprTag in a byte, and what only registers hold. An instruction that reads one of the latter as a value finds a type
// that it does not take.
enum class Tag : std::uint8_t {
  kAbsent = static_cast<std::uint8_t>(ExprTag::kAbsent),
  kError = static_cast<std::uint8_t>(ExprTag::kError),
  kNull = static_cast<std::uint8_t>(ExprTag::kNull),
  kBool = static_cast<std::uint8_t>(ExprTag::kBool),
  kInt = static_cast<std::uint8_t>(ExprTag::kInt),
  kUint = static_cast<std::uint8_t>(ExprTag::kUint),
  kDouble = static_cast<std::uint8_t>(ExprTag::kDouble),
  kString = static_cast<std::uint8_t>(ExprTag::kString),
  kBytes = static_cast<std::uint8_t>(ExprTag::kBytes),
  kTimestamp = static_cast<std::uint8_t>(ExprTag::kTimestamp),
  kDuration = static_cast<std::uint8_t>(ExprTag::kDuration),
  kList = static_cast<std::uint8_t>(ExprTag::kList),
  kMap = static_cast<std::uint8_t>(ExprTag::kMap),
  kType = static_cast<std::uint8_t>(ExprTag::kType),
  kOptional = static_cast<std::uint8_t>(ExprTag::kOptional),
  kIterator,
  kBuilder,
  kUnread,  // of a slot: it has not been asked for
};

// Where a list or a map lies; of a string whether it may have escapes.
enum class Form : std::uint8_t {
  kPlain,
  kRaw,       // String: as a JSON text has it, between the quotes
  kJson,      // List, Map: payload is the index of its opening bracket
  kConstant,  // payload is the first constant, length the elements or pairs
  kScratch,   // the same, of scratch values
};

struct Value {
  // Bool: 0 or 1. Int, Uint, Double: bits. String, Bytes, Type: address. Timestamp: seconds, and nanoseconds in length.
  // Duration: nanoseconds. Optional: scratch value, and 1 in length where there is one. Error: ExprFault, and in length
  // the number of the instruction that made it plus one.
  std::uint64_t payload = 0;
  std::uint32_t length = 0;
  Tag tag = Tag::kAbsent;
  Form form = Form::kPlain;
  std::uint16_t of_map = 0;  // Iterator, Builder: 1 where it is one of a map

  bool is(Tag wanted) const noexcept { return tag == wanted; }
  bool as_bool() const noexcept { return payload != 0; }
  std::int64_t as_int() const noexcept { return static_cast<std::int64_t>(payload); }
  double as_double() const noexcept { return std::bit_cast<double>(payload); }
  const char* data() const noexcept { return reinterpret_cast<const char*>(static_cast<std::uintptr_t>(payload)); }
  // Of String that is plain, Bytes, Type.
  std::string_view text() const noexcept { return {data(), length}; }
  ExprFault fault() const noexcept { return static_cast<ExprFault>(payload); }
  bool is_true() const noexcept { return tag == Tag::kBool && payload != 0; }
  bool is_false() const noexcept { return tag == Tag::kBool && payload == 0; }
  bool is_number() const noexcept { return tag == Tag::kInt || tag == Tag::kUint || tag == Tag::kDouble; }
};
static_assert(sizeof(Value) == 16);

inline Value error(ExprFault fault) noexcept { return {static_cast<std::uint64_t>(fault), 0, Tag::kError}; }
inline Value no_overload() noexcept { return error(ExprFault::kNoSuchOverload); }
inline Value of_null() noexcept { return {0, 0, Tag::kNull}; }
inline Value of_bool(bool value) noexcept { return {value ? 1u : 0u, 0, Tag::kBool}; }
inline Value of_int(std::int64_t value) noexcept { return {static_cast<std::uint64_t>(value), 0, Tag::kInt}; }
inline Value of_uint(std::uint64_t value) noexcept { return {value, 0, Tag::kUint}; }
inline Value of_double(double value) noexcept { return {std::bit_cast<std::uint64_t>(value), 0, Tag::kDouble}; }
inline Value of_text(Tag tag, std::string_view text) noexcept {
  return {reinterpret_cast<std::uintptr_t>(text.data()), static_cast<std::uint32_t>(text.size()), tag};
}
inline Value of_string(std::string_view text) noexcept { return of_text(Tag::kString, text); }
inline Value of_type(std::string_view name) noexcept { return of_text(Tag::kType, name); }

// What reads a value makes of a member that is not there.
inline Value used(const Value& value) noexcept { return value.is(Tag::kAbsent) ? error(ExprFault::kNoSuchKey) : value; }
inline bool has_failed(const Value& value) noexcept { return value.tag <= Tag::kError; }
static_assert(static_cast<int>(Tag::kAbsent) == 0 && static_cast<int>(Tag::kError) == 1);

}  // namespace byteor::expression

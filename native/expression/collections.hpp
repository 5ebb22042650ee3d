// Lists and maps wherever they lie: in the record by its index, among the constants, in scratch. Of members of one name
// the first counts. Hot code: no allocation, no exception.
#pragma once

#include <cstdint>

#include "expression/context.hpp"

namespace byteor::expression {

enum class Found : std::uint8_t { kYes, kNo, kFailed };  // kFailed: why stands in Context::fault

// The value at an index of the record.
Value value_at(const json::Index& index, std::uint32_t i) noexcept;

// A place in a list or a map: a value, so that a register can hold it. `container` is a list or a map.
Value cursor_over(Context& context, const Value& container) noexcept;

// The next element and its number, or the next key and its value; kNo at the end.
Found advance(Context& context, Value& cursor, Value& key, Value& value) noexcept;

// Of a list, a map, a string (code points) or bytes; else the error.
Value size_of(Context& context, Value& value) noexcept;

// kNo: no such key, or no such element. `container` is a list or a map; another key than it can have makes it fail.
Found look_up(Context& context, const Value& container, Value& key, Value& value) noexcept;

// a == b of CEL: kYes or kNo.
Found equal(Context& context, const Value& a, const Value& b, std::uint32_t depth = 0) noexcept;

// r in list or map.
Found contains(Context& context, const Value& container, Value& element) noexcept;

// A list or map that grows: a builder, which becomes a list or a map. An error replaces it.
Value new_builder() noexcept;
void append(Context& context, Value& builder, const Value& element) noexcept;
void append_pair(Context& context, Value& builder, Value& key, const Value& value) noexcept;
Value built(const Value& builder, Tag tag) noexcept;

// Of `count` values, or pairs, that lie one behind the other.
Value make_list(Context& context, const Value* values, std::uint32_t count) noexcept;
Value make_map(Context& context, Value* values, std::uint32_t count) noexcept;

Value make_optional(Context& context, const Value& value) noexcept;
inline Value no_value() noexcept { return {0, 0, Tag::kOptional}; }
inline const Value& value_of(const Context& context, const Value& optional) noexcept {
  return context.values[optional.payload];
}

}  // namespace byteor::expression

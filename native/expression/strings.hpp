// Texts: conversions from and to other values, and the extension `strings`. Places count code points. Hot code: no
// allocation, no exception.
#pragma once

#include <cstddef>
#include <string_view>

#include "expression/context.hpp"

namespace byteor::expression {

// Bytes of a number's text at most.
inline constexpr std::size_t kNumberTextMax = 40;

// As JavaScript writes it, but `-0` for a negative zero.
std::string_view double_text(double value, char* out) noexcept;

// string() of CEL put behind a text, and of lists and maps what `format` makes of them. What has no text makes the
// writer fail.
void put_value(Context& context, TextWriter& out, const Value& value) noexcept;

// int(), uint(), double(), string(), bytes(), bool(), timestamp(), duration() of one value.
Value convert(Context& context, ExprFunction function, Value& value) noexcept;

// The functions of `strings`, contains, startsWith and endsWith; `operands` have been resolved where they are strings.
Value call_string(Context& context, ExprFunction function, const Value* operands) noexcept;

// format: `text` with what a list holds in its clauses.
Value format(Context& context, const Value& text, const Value& list) noexcept;

Value base64_encode(Context& context, const Value& bytes) noexcept;
Value base64_decode(Context& context, const Value& text) noexcept;

// The name of a value's type.
std::string_view type_name(Tag tag) noexcept;

}  // namespace byteor::expression

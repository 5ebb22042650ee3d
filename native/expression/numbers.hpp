// Numbers of CEL: comparison across types, arithmetic within one, and the extension `math`. Hot code: no allocation, no
// exception.
#pragma once

#include <cstdint>

#include "expression/value.hpp"

namespace byteor::expression {

enum class Order : std::uint8_t { kLess, kEqual, kGreater, kUnordered };

// Of two numbers. An int or uint is compared with a double as a double, an int with a uint exactly: CEL's conformance
// data has both.
Order compare_numbers(const Value& a, const Value& b) noexcept;

Value add_numbers(const Value& a, const Value& b) noexcept;
Value subtract_numbers(const Value& a, const Value& b) noexcept;
Value multiply(const Value& a, const Value& b) noexcept;
Value divide(const Value& a, const Value& b) noexcept;
Value modulo(const Value& a, const Value& b) noexcept;
Value negate(const Value& a) noexcept;

// int() and uint() of a double, truncated; the error Range where it has none.
Value int_of(double value) noexcept;
Value uint_of(double value) noexcept;

// math.ceil() … math.sqrt() of one number, and the bit functions of two.
Value math_of_one(ExprFunction function, const Value& a) noexcept;
Value math_of_two(ExprFunction function, const Value& a, const Value& b) noexcept;

}  // namespace byteor::expression

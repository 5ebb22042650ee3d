// Numbers of JSON: digits only are an int within 64 bits, or a uint; all others are doubles. Any thread. Hot code: no
// allocation, no exception.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

namespace byteor::json {

struct Number {
  enum class Kind : std::uint8_t { kInt, kUint, kDouble, kTooLarge, kNone };
  Kind kind = Kind::kNone;
  std::uint64_t bits = 0;  // of the number as its kind has it

  double as_double() const noexcept { return std::bit_cast<double>(bits); }
};

// The number that begins at `p`. It ends at the end of the text, at white space, or at a comma or a closing bracket;
// one that ends otherwise is none. kTooLarge: no double is as large.
Number read_number(const char* p, const char* end) noexcept;

// A decimal number with or without fraction and exponent, whose grammar has been checked. False where no double is as
// large; what is too small is zero.
bool read_double(std::string_view digits, double& value) noexcept;

}  // namespace byteor::json

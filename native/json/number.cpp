// See number.hpp.
#include "json/number.hpp"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "json/index.hpp"

namespace byteor::json {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

const char* skip_digits(const char* p, const char* end) noexcept {
  while (p != end && is_digit(*p)) ++p;
  return p;
}

Number of_double(std::string_view text) noexcept {
  double value = 0;
  if (!read_double(text, value)) return {Number::Kind::kTooLarge, 0};
  return {Number::Kind::kDouble, std::bit_cast<std::uint64_t>(value)};
}

Number of_digits(std::string_view text, bool negative) noexcept {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + (negative ? 1 : 0), end, value);
  if (error != std::errc() || stop != end) return of_double(text);
  constexpr std::uint64_t kLeast = std::uint64_t{1} << 63;
  if (negative) return value > kLeast ? of_double(text) : Number{Number::Kind::kInt, 0 - value};
  return {value < kLeast ? Number::Kind::kInt : Number::Kind::kUint, value};
}

// Behind the digits before it, a fraction and an exponent; nullptr where they are none.
const char* skip_fraction(const char* p, const char* end) noexcept {
  if (p != end && *p == '.') {
    const char* const digits = p + 1;
    p = skip_digits(digits, end);
    if (p == digits) return nullptr;
  }
  if (p != end && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p != end && (*p == '+' || *p == '-')) ++p;
    const char* const digits = p;
    p = skip_digits(digits, end);
    if (p == digits) return nullptr;
  }
  return p;
}

// Whether a decimal number that no double can hold is too small and not too large.
bool is_tiny(std::string_view text) noexcept {
  std::int64_t magnitude = 0;  // of the first digit that is not zero, as a power of ten
  bool significant = false;
  bool fraction = false;
  std::size_t at = 0;
  for (; at != text.size() && text[at] != 'e' && text[at] != 'E'; ++at) {
    if (text[at] == '.') fraction = true;
    if (!is_digit(text[at])) continue;
    if (text[at] != '0') significant = true;
    if (significant && !fraction) ++magnitude;
    if (!significant && fraction) --magnitude;
  }
  if (!significant) return true;
  if (at == text.size()) return magnitude <= 0;
  std::string_view exponent = text.substr(at + 1);
  const bool negative = exponent.starts_with('-');
  if (negative || exponent.starts_with('+')) exponent.remove_prefix(1);
  constexpr std::int64_t kHuge = std::int64_t{1} << 40;
  std::int64_t power = 0;
  for (const char c : exponent)
    if (power < kHuge) power = power * 10 + (c - '0');
  return magnitude + (negative ? -power : power) <= 0;
}

}  // namespace

bool read_double(std::string_view digits, double& value) noexcept {
#if defined(__cpp_lib_to_chars)
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc()) return true;
  if (!is_tiny(digits)) return false;
  value = digits.starts_with('-') ? -0.0 : 0.0;
  return true;
#else
  // A standard library without it, such as that of older macOS: a copy that ends, in the C locale of the process.
  char copy[1024];
  const std::size_t length = digits.size() < sizeof copy ? digits.size() : sizeof copy - 1;
  std::memcpy(copy, digits.data(), length);
  copy[length] = '\0';
  if (length != digits.size()) return false;
  value = std::strtod(copy, nullptr);
  return !std::isinf(value) || is_tiny(digits);
#endif
}

Number read_number(const char* p, const char* end) noexcept {
  const char* const begin = p;
  const bool negative = p != end && *p == '-';
  if (negative) ++p;
  const char* const digits = p;
  std::uint64_t value = 0;
  while (p != end && is_digit(*p)) value = value * 10 + static_cast<std::uint64_t>(*p++ - '0');
  const std::size_t length = static_cast<std::size_t>(p - digits);
  if (length == 0 || (length > 1 && *digits == '0')) return {};
  constexpr std::size_t kDigitsSure = 18;  // as many fit into an int, whatever they are
  if (ends_scalar(p, end)) {
    if (length <= kDigitsSure) return {Number::Kind::kInt, negative ? 0 - value : value};
    return of_digits({begin, static_cast<std::size_t>(p - begin)}, negative);
  }
  p = skip_fraction(p, end);
  if (p == nullptr || !ends_scalar(p, end)) return {};
  return of_double({begin, static_cast<std::size_t>(p - begin)});
}

}  // namespace byteor::json

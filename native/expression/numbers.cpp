// See numbers.hpp.
#include "expression/numbers.hpp"

#include <cmath>
#include <limits>

namespace byteor::expression {
namespace {

template <class T>
Order compare(T a, T b) noexcept {
  if (a < b) return Order::kLess;
  if (a == b) return Order::kEqual;
  return a > b ? Order::kGreater : Order::kUnordered;
}

double double_of(const Value& value) noexcept {
  if (value.is(Tag::kDouble)) return value.as_double();
  return value.is(Tag::kInt) ? static_cast<double>(value.as_int()) : static_cast<double>(value.payload);
}

// The sum, difference or product of two numbers of one type; `checked` overflows of ints, `plain` is of doubles.
template <class Checked, class Plain>
Value of_one_type(const Value& a, const Value& b, Checked&& checked, Plain&& plain) noexcept {
  if (a.tag != b.tag) return no_overload();
  switch (a.tag) {
    case Tag::kInt: {
      std::int64_t result;
      return checked(a.as_int(), b.as_int(), &result) ? error(ExprFault::kOverflow) : of_int(result);
    }
    case Tag::kUint: {
      std::uint64_t result;
      return checked(a.payload, b.payload, &result) ? error(ExprFault::kOverflow) : of_uint(result);
    }
    case Tag::kDouble:
      return of_double(plain(a.as_double(), b.as_double()));
    default:
      return no_overload();
  }
}

// The least int, divided by -1, has no int as its result.
bool overflows(const Value& a, const Value& b) noexcept {
  return a.as_int() == std::numeric_limits<std::int64_t>::min() && b.as_int() == -1;
}

Value absolute(const Value& a) noexcept {
  if (a.is(Tag::kDouble)) return of_double(std::fabs(a.as_double()));
  if (a.is(Tag::kInt)) return a.as_int() < 0 ? negate(a) : a;
  return a;
}

Value sign(const Value& a) noexcept {
  if (a.is(Tag::kInt)) return of_int((a.as_int() > 0) - (a.as_int() < 0));
  if (a.is(Tag::kUint)) return of_uint(a.payload != 0 ? 1 : 0);
  const double value = a.as_double();
  return std::isnan(value) ? a : of_double((value > 0) - (value < 0));
}

Value of_double_only(ExprFunction function, double value) noexcept {
  switch (function) {
    case ExprFunction::kCeil:
      return of_double(std::ceil(value));
    case ExprFunction::kFloor:
      return of_double(std::floor(value));
    case ExprFunction::kRound:
      return of_double(std::round(value));
    case ExprFunction::kTrunc:
      return of_double(std::trunc(value));
    case ExprFunction::kIsNaN:
      return of_bool(std::isnan(value));
    case ExprFunction::kIsInf:
      return of_bool(std::isinf(value));
    case ExprFunction::kIsFinite:
      return of_bool(std::isfinite(value));
    default:
      return no_overload();
  }
}

Value shifted(ExprFunction function, const Value& a, const Value& by) noexcept {
  if (!by.is(Tag::kInt)) return no_overload();
  if (by.as_int() < 0) return error(ExprFault::kBadArgument);
  Value result = a;
  if (by.as_int() >= 64) {
    result.payload = 0;
  } else {
    // An int is shifted as its bits, so that no sign comes in from the left.
    result.payload = function == ExprFunction::kBitShiftLeft ? a.payload << by.payload : a.payload >> by.payload;
  }
  return result;
}

}  // namespace

Order compare_numbers(const Value& a, const Value& b) noexcept {
  if (a.is(Tag::kDouble) || b.is(Tag::kDouble)) return compare(double_of(a), double_of(b));
  if (a.is(Tag::kInt) && b.is(Tag::kInt)) return compare(a.as_int(), b.as_int());
  if (a.is(Tag::kInt) && a.as_int() < 0) return Order::kLess;
  if (b.is(Tag::kInt) && b.as_int() < 0) return Order::kGreater;
  return compare(a.payload, b.payload);
}

Value add_numbers(const Value& a, const Value& b) noexcept {
  return of_one_type(
      a, b, [](auto x, auto y, auto* sum) { return __builtin_add_overflow(x, y, sum); },
      [](double x, double y) { return x + y; });
}

Value subtract_numbers(const Value& a, const Value& b) noexcept {
  return of_one_type(
      a, b, [](auto x, auto y, auto* difference) { return __builtin_sub_overflow(x, y, difference); },
      [](double x, double y) { return x - y; });
}

Value multiply(const Value& a, const Value& b) noexcept {
  return of_one_type(
      a, b, [](auto x, auto y, auto* product) { return __builtin_mul_overflow(x, y, product); },
      [](double x, double y) { return x * y; });
}

Value divide(const Value& a, const Value& b) noexcept {
  if (a.tag != b.tag || !a.is_number()) return no_overload();
  if (a.is(Tag::kDouble)) return of_double(a.as_double() / b.as_double());
  if (b.payload == 0) return error(ExprFault::kDivideByZero);
  if (a.is(Tag::kUint)) return of_uint(a.payload / b.payload);
  return overflows(a, b) ? error(ExprFault::kOverflow) : of_int(a.as_int() / b.as_int());
}

Value modulo(const Value& a, const Value& b) noexcept {
  if (a.tag != b.tag || !(a.is(Tag::kInt) || a.is(Tag::kUint))) return no_overload();
  if (b.payload == 0) return error(ExprFault::kModulusByZero);
  if (a.is(Tag::kUint)) return of_uint(a.payload % b.payload);
  return overflows(a, b) ? error(ExprFault::kOverflow) : of_int(a.as_int() % b.as_int());
}

Value negate(const Value& a) noexcept {
  if (a.is(Tag::kDouble)) return of_double(-a.as_double());
  if (!a.is(Tag::kInt)) return no_overload();
  if (a.as_int() == std::numeric_limits<std::int64_t>::min()) return error(ExprFault::kOverflow);
  return of_int(-a.as_int());
}

Value int_of(double value) noexcept {
  // The bounds themselves are refused, as CEL's conformance data has it.
  return value > -9223372036854775808.0 && value < 9223372036854775808.0 ? of_int(static_cast<std::int64_t>(value))
                                                                         : error(ExprFault::kRange);
}

Value uint_of(double value) noexcept {
  return value > -1.0 && value < 18446744073709551616.0 ? of_uint(static_cast<std::uint64_t>(value))
                                                        : error(ExprFault::kRange);
}

Value math_of_one(ExprFunction function, const Value& a) noexcept {
  if (!a.is_number()) return no_overload();
  switch (function) {
    case ExprFunction::kAbs:
      return absolute(a);
    case ExprFunction::kSign:
      return sign(a);
    case ExprFunction::kSqrt:
      return of_double(std::sqrt(double_of(a)));
    case ExprFunction::kBitNot:
      if (a.is(Tag::kDouble)) return no_overload();
      return {~a.payload, 0, a.tag};
    default:
      return a.is(Tag::kDouble) ? of_double_only(function, a.as_double()) : no_overload();
  }
}

Value math_of_two(ExprFunction function, const Value& a, const Value& b) noexcept {
  if (!(a.is(Tag::kInt) || a.is(Tag::kUint))) return no_overload();
  if (function == ExprFunction::kBitShiftLeft || function == ExprFunction::kBitShiftRight)
    return shifted(function, a, b);
  if (a.tag != b.tag) return no_overload();
  switch (function) {
    case ExprFunction::kBitOr:
      return {a.payload | b.payload, 0, a.tag};
    case ExprFunction::kBitAnd:
      return {a.payload & b.payload, 0, a.tag};
    case ExprFunction::kBitXor:
      return {a.payload ^ b.payload, 0, a.tag};
    default:
      return no_overload();
  }
}

}  // namespace byteor::expression

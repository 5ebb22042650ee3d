// See strings.hpp: the clauses of `format`: %s %d %f %e %b %o %x %X, and %% for a percent sign.
#include <charconv>
#include <cmath>
#include <cstdio>

#include "expression/collections.hpp"
#include "expression/strings.hpp"

namespace byteor::expression {
namespace {

// Digits behind the point that a clause may ask for.
constexpr int kPrecisionMax = 100;
constexpr int kPrecision = 6;

void put_integer(TextWriter& out, const Value& value, int base, bool upper) noexcept {
  char text[72];
  const auto [end, fault] = value.is(Tag::kInt) ? std::to_chars(text, text + sizeof text, value.as_int(), base)
                                                : std::to_chars(text, text + sizeof text, value.payload, base);
  for (const char* p = text; p != end; ++p) out.put(upper && *p >= 'a' ? static_cast<char>(*p - 'a' + 'A') : *p);
}

void put_hex(TextWriter& out, std::string_view bytes, bool upper) noexcept {
  const std::string_view digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  for (const char c : bytes) {
    out.put(digits[static_cast<unsigned char>(c) >> 4]);
    out.put(digits[static_cast<unsigned char>(c) & 15]);
  }
}

void put_fixed(TextWriter& out, char clause, int precision, const Value& value) noexcept {
  if (!value.is_number()) return out.fail(ExprFault::kBadArgument);
  const double number = value.is(Tag::kDouble) ? value.as_double()
                        : value.is(Tag::kInt)  ? static_cast<double>(value.as_int())
                                               : static_cast<double>(value.payload);
  char text[kNumberTextMax];
  if (!std::isfinite(number)) return out.put(double_text(number, text));
  // The longest has 309 digits before its point. Room for the zero that ends it is claimed as well.
  constexpr std::size_t kRoom = 320 + kPrecisionMax;
  char* const to = out.claim(kRoom);
  if (to == nullptr) return;
  const int length = std::snprintf(to, kRoom, clause == 'f' ? "%.*f" : "%.*e", precision, number);
  out.advance(static_cast<std::size_t>(length));
}

void put_clause(Context& context, TextWriter& out, char clause, int precision, Value& value) noexcept {
  const bool integer = value.is(Tag::kInt) || value.is(Tag::kUint);
  switch (clause) {
    case 's':
      return put_value(context, out, value);
    case 'd':
      if (value.is(Tag::kDouble)) return put_value(context, out, value);
      return integer ? put_integer(out, value, 10, false) : out.fail(ExprFault::kBadArgument);
    case 'f':
    case 'e':
      return put_fixed(out, clause, precision, value);
    case 'b':
      if (value.is(Tag::kBool)) return out.put(value.as_bool() ? '1' : '0');
      return integer ? put_integer(out, value, 2, false) : out.fail(ExprFault::kBadArgument);
    case 'o':
      return integer ? put_integer(out, value, 8, false) : out.fail(ExprFault::kBadArgument);
    case 'x':
    case 'X':
      if (integer) return put_integer(out, value, 16, clause == 'X');
      if (value.is(Tag::kString) && !resolve(context, value)) return out.fail(value.fault());
      if (value.is(Tag::kString) || value.is(Tag::kBytes)) return put_hex(out, value.text(), clause == 'X');
      return out.fail(ExprFault::kBadArgument);
    default:
      return out.fail(ExprFault::kBadArgument);
  }
}

// `.3` at the start of what stands behind a percent sign; -1 where a clause asks for too much.
int read_precision(std::string_view& text) noexcept {
  if (!text.starts_with('.')) return kPrecision;
  text.remove_prefix(1);
  int precision = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    precision = precision * 10 + (text[0] - '0');
    if (precision > kPrecisionMax) return -1;
    text.remove_prefix(1);
  }
  return precision;
}

}  // namespace

Value format(Context& context, const Value& string, const Value& list) noexcept {
  if (!string.is(Tag::kString) || !list.is(Tag::kList)) return no_overload();
  TextWriter out(context);
  std::string_view text = string.text();
  Value cursor = cursor_over(context, list);
  while (!out.failed()) {
    const std::size_t percent = text.find('%');
    out.put(text.substr(0, percent));
    if (percent == text.npos) break;
    text.remove_prefix(percent + 1);
    if (text.starts_with('%')) {
      out.put('%');
      text.remove_prefix(1);
      continue;
    }
    const int precision = read_precision(text);
    Value number;
    Value value;
    const Found more = advance(context, cursor, number, value);
    if (more == Found::kFailed || !context.charge(1)) {
      out.fail(context.fault);
    } else if (more == Found::kNo || text.empty() || precision < 0) {
      out.fail(ExprFault::kBadArgument);
    } else {
      put_clause(context, out, text[0], precision, value);
      text.remove_prefix(1);
    }
  }
  return out.finish();
}

}  // namespace byteor::expression

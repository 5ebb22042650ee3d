// See strings.hpp: values as texts, and texts as values.
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "expression/collections.hpp"
#include "expression/numbers.hpp"
#include "expression/strings.hpp"
#include "expression/time.hpp"
#include "json/number.hpp"

namespace byteor::expression {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

template <class T>
Value parse_integer(std::string_view text, Tag tag) noexcept {
  if (text.starts_with('+') && text.size() > 1 && is_digit(text[1])) text.remove_prefix(1);
  T value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault == std::errc::result_out_of_range) return error(ExprFault::kRange);
  if (fault != std::errc() || end != text.data() + text.size()) return error(ExprFault::kBadText);
  return {static_cast<std::uint64_t>(value), 0, tag};
}

// Digits with a point and an exponent, or not.
bool is_decimal(std::string_view text) noexcept {
  std::size_t i = 0;
  std::size_t digits = 0;
  const auto skip = [&] {
    for (; i != text.size() && is_digit(text[i]); ++i) ++digits;
  };
  skip();
  if (i != text.size() && text[i] == '.') {
    ++i;
    skip();
  }
  if (digits == 0) return false;
  if (i != text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i != text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    digits = 0;
    skip();
    if (digits == 0) return false;
  }
  return i == text.size();
}

Value parse_double(std::string_view text) noexcept {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  if (text == "NaN" || text == "nan") {
    value = std::nan("");
  } else if (text == "Infinity" || text == "inf" || text == "Inf") {
    value = HUGE_VAL;
  } else if (!is_decimal(text)) {
    return error(ExprFault::kBadText);
  } else if (!json::read_double(text, value)) {
    return error(ExprFault::kRange);
  }
  return of_double(negative ? -value : value);
}

Value parse_bool(std::string_view text) noexcept {
  for (const std::string_view word : {"1", "t", "T", "true", "TRUE", "True"})
    if (text == word) return of_bool(true);
  for (const std::string_view word : {"0", "f", "F", "false", "FALSE", "False"})
    if (text == word) return of_bool(false);
  return error(ExprFault::kBadText);
}

Value to_int(Value& value) noexcept {
  switch (value.tag) {
    case Tag::kInt:
      return value;
    case Tag::kUint:
      return value.as_int() < 0 ? error(ExprFault::kRange) : of_int(value.as_int());
    case Tag::kDouble:
      return int_of(value.as_double());
    case Tag::kTimestamp:
      return of_int(value.as_int());
    case Tag::kString:
      return parse_integer<std::int64_t>(value.text(), Tag::kInt);
    default:
      return no_overload();
  }
}

Value to_uint(Value& value) noexcept {
  switch (value.tag) {
    case Tag::kUint:
      return value;
    case Tag::kInt:
      return value.as_int() < 0 ? error(ExprFault::kRange) : of_uint(value.payload);
    case Tag::kDouble:
      return uint_of(value.as_double());
    case Tag::kString:
      return parse_integer<std::uint64_t>(value.text(), Tag::kUint);
    default:
      return no_overload();
  }
}

Value to_double(Value& value) noexcept {
  switch (value.tag) {
    case Tag::kDouble:
      return value;
    case Tag::kInt:
      return of_double(static_cast<double>(value.as_int()));
    case Tag::kUint:
      return of_double(static_cast<double>(value.payload));
    case Tag::kString:
      return parse_double(value.text());
    default:
      return no_overload();
  }
}

Value to_string(Context& context, const Value& value) noexcept {
  switch (value.tag) {
    case Tag::kString:
      return value;
    case Tag::kBytes:
      if (!context.charge_text(value.length)) return error(context.fault);
      return json::is_utf8(value.text()) ? of_string(value.text()) : error(ExprFault::kBadUtf8);
    case Tag::kBool:
    case Tag::kInt:
    case Tag::kUint:
    case Tag::kDouble:
    case Tag::kTimestamp:
    case Tag::kDuration: {
      TextWriter out(context);
      put_value(context, out, value);
      return out.finish();
    }
    default:
      return no_overload();
  }
}

// The shortest decimal digits of a finite number, and the power of ten of the first.
std::string_view shortest(double value, char* out, int& exponent) noexcept {
  char text[kNumberTextMax];
#if defined(__cpp_lib_to_chars)
  const char* const end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
#else
  const char* end = text;
  for (int digits = 0; digits != 17; ++digits) {
    end = text + std::snprintf(text, sizeof text, "%.*e", digits, value);
    if (std::strtod(text, nullptr) == value) break;
  }
#endif
  char* to = out;
  const char* p = text;
  for (; p != end && *p != 'e'; ++p)
    if (is_digit(*p)) *to++ = *p;
  exponent = 0;
  if (p != end) {
    const bool negative = p[1] == '-';
    std::from_chars(p + 2, end, exponent);
    if (negative) exponent = -exponent;
  }
  while (to - out > 1 && to[-1] == '0') --to;
  return {out, static_cast<std::size_t>(to - out)};
}

void put_list(Context& context, TextWriter& out, const Value& list, std::uint32_t depth) noexcept;
void put_map(Context& context, TextWriter& out, const Value& map, std::uint32_t depth) noexcept;

void put_string(TextWriter& out, const Value& string) noexcept {
  const std::string_view text = string.text();
  if (string.form != Form::kRaw || !json::has_escape(text)) return out.put(text);
  char* const to = out.claim(text.size());
  if (to == nullptr) return;
  const std::size_t length = json::unescape(text, to);
  if (length == json::kBadEscape) return out.fail(ExprFault::kBadJson);
  out.advance(length);
}

void put_any(Context& context, TextWriter& out, const Value& value, std::uint32_t depth) noexcept {
  char text[kTimeTextMax];
  switch (value.tag) {
    case Tag::kNull:
      return out.put("null");
    case Tag::kBool:
      return out.put(value.as_bool() ? "true" : "false");
    case Tag::kInt:
      return out.put(
          {text, static_cast<std::size_t>(std::to_chars(text, text + sizeof text, value.as_int()).ptr - text)});
    case Tag::kUint:
      return out.put(
          {text, static_cast<std::size_t>(std::to_chars(text, text + sizeof text, value.payload).ptr - text)});
    case Tag::kDouble:
      return out.put(double_text(value.as_double(), text));
    case Tag::kString:
      return put_string(out, value);
    case Tag::kBytes:
    case Tag::kType:
      return json::is_utf8(value.text()) ? out.put(value.text()) : out.fail(ExprFault::kBadUtf8);
    case Tag::kTimestamp:
      return out.put(timestamp_text(value, text));
    case Tag::kDuration:
      return out.put(duration_text(value, text));
    case Tag::kList:
    case Tag::kMap:
      if (depth > kExprDepthMax) return out.fail(ExprFault::kTooMuchMemory);
      return value.is(Tag::kList) ? put_list(context, out, value, depth) : put_map(context, out, value, depth);
    default:
      return out.fail(ExprFault::kBadArgument);
  }
}

void put_list(Context& context, TextWriter& out, const Value& list, std::uint32_t depth) noexcept {
  Value cursor = cursor_over(context, list);
  out.put('[');
  for (bool first = true;; first = false) {
    Value number;
    Value element;
    const Found more = advance(context, cursor, number, element);
    if (more == Found::kFailed || !context.charge(1)) return out.fail(context.fault);
    if (more == Found::kNo) break;
    if (!first) out.put(", ");
    put_any(context, out, element, depth + 1);
    if (out.failed()) return;
  }
  out.put(']');
}

// Keys as texts in ascending order, without room for them: each turn takes the least that is greater than the last.
struct KeyText {
  char text[kNumberTextMax];
  std::string_view view;

  // False of a string that has escapes and no room.
  bool read(Context& context, Value& key) noexcept {
    switch (key.tag) {
      case Tag::kString:
        if (!resolve(context, key)) return false;
        view = key.text();
        return true;
      case Tag::kBool:
        view = key.as_bool() ? "true" : "false";
        return true;
      case Tag::kInt:
        view = {text, static_cast<std::size_t>(std::to_chars(text, text + sizeof text, key.as_int()).ptr - text)};
        return true;
      default:
        view = {text, static_cast<std::size_t>(std::to_chars(text, text + sizeof text, key.payload).ptr - text)};
        return true;
    }
  }
};

// The pair with the least key text that is greater than `last`; of keys with one text the first.
Found least_after(Context& context, const Value& map, const KeyText* last, Value& key, Value& value) noexcept {
  Value cursor = cursor_over(context, map);
  Found found = Found::kNo;
  KeyText least;
  for (;;) {
    Value one;
    Value of_it;
    const Found more = advance(context, cursor, one, of_it);
    if (more == Found::kFailed || !context.charge(1)) return Found::kFailed;
    if (more == Found::kNo) return found;
    KeyText text;
    if (!text.read(context, one)) {
      context.fault = one.fault();
      return Found::kFailed;
    }
    if (last != nullptr && text.view <= last->view) continue;
    if (found == Found::kYes && text.view >= least.view) continue;
    found = Found::kYes;
    key = one;
    value = of_it;
    least.read(context, key);
  }
}

void put_map(Context& context, TextWriter& out, const Value& map, std::uint32_t depth) noexcept {
  KeyText last;
  out.put('{');
  for (bool first = true;; first = false) {
    Value key;
    Value value;
    const Found more = least_after(context, map, first ? nullptr : &last, key, value);
    if (more == Found::kFailed) return out.fail(context.fault);
    if (more == Found::kNo) break;
    if (!first) out.put(", ");
    last.read(context, key);
    out.put(last.view);
    out.put(": ");
    put_any(context, out, value, depth + 1);
    if (out.failed()) return;
  }
  out.put('}');
}

}  // namespace

std::string_view double_text(double value, char* out) noexcept {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  char* p = out;
  if (std::signbit(value)) *p++ = '-';
  if (value == 0) {
    *p++ = '0';
    return {out, static_cast<std::size_t>(p - out)};
  }
  char room[kNumberTextMax];
  int exponent = 0;
  const std::string_view digits = shortest(std::fabs(value), room, exponent);
  const int count = static_cast<int>(digits.size());
  const auto put = [&](std::string_view text) {
    std::memcpy(p, text.data(), text.size());
    p += text.size();
  };
  const auto zeros = [&](int many) {
    for (; many > 0; --many) *p++ = '0';
  };
  if (exponent >= 21 || exponent < -6) {
    put(digits.substr(0, 1));
    if (count > 1) *p++ = '.';
    put(digits.substr(1));
    put(exponent < 0 ? "e-" : "e+");
    p = std::to_chars(p, p + 8, exponent < 0 ? -exponent : exponent).ptr;
  } else if (exponent < 0) {
    put("0.");
    zeros(-exponent - 1);
    put(digits);
  } else if (count <= exponent + 1) {
    put(digits);
    zeros(exponent + 1 - count);
  } else {
    put(digits.substr(0, static_cast<std::size_t>(exponent) + 1));
    *p++ = '.';
    put(digits.substr(static_cast<std::size_t>(exponent) + 1));
  }
  return {out, static_cast<std::size_t>(p - out)};
}

void put_value(Context& context, TextWriter& out, const Value& value) noexcept { put_any(context, out, value, 0); }

std::string_view type_name(Tag tag) noexcept {
  switch (tag) {
    case Tag::kNull:
      return "null_type";
    case Tag::kBool:
      return "bool";
    case Tag::kInt:
      return "int";
    case Tag::kUint:
      return "uint";
    case Tag::kDouble:
      return "double";
    case Tag::kString:
      return "string";
    case Tag::kBytes:
      return "bytes";
    case Tag::kTimestamp:
      return "google.protobuf.Timestamp";
    case Tag::kDuration:
      return "google.protobuf.Duration";
    case Tag::kList:
      return "list";
    case Tag::kMap:
      return "map";
    case Tag::kType:
      return "type";
    case Tag::kOptional:
      return "optional_type";
    default:
      return {};
  }
}

Value convert(Context& context, ExprFunction function, Value& value) noexcept {
  if (value.is(Tag::kString) && !resolve(context, value)) return value;
  switch (function) {
    case ExprFunction::kToInt:
      return to_int(value);
    case ExprFunction::kToUint:
      return to_uint(value);
    case ExprFunction::kToDouble:
      return to_double(value);
    case ExprFunction::kToString:
      return to_string(context, value);
    case ExprFunction::kToBytes:
      if (value.is(Tag::kBytes)) return value;
      return value.is(Tag::kString) ? of_text(Tag::kBytes, value.text()) : no_overload();
    case ExprFunction::kToBool:
      if (value.is(Tag::kBool)) return value;
      return value.is(Tag::kString) ? parse_bool(value.text()) : no_overload();
    case ExprFunction::kToTimestamp:
      if (value.is(Tag::kTimestamp)) return value;
      if (value.is(Tag::kInt)) return make_timestamp(value.as_int(), 0);
      return value.is(Tag::kString) ? parse_timestamp(value.text()) : no_overload();
    case ExprFunction::kTimestampMs: {
      if (!value.is(Tag::kInt)) return no_overload();
      const std::int64_t rest = ((value.as_int() % 1000) + 1000) % 1000;
      return make_timestamp((value.as_int() - rest) / 1000, rest * 1'000'000);
    }
    case ExprFunction::kToDuration:
      if (value.is(Tag::kDuration)) return value;
      return value.is(Tag::kString) ? parse_duration(value.text()) : no_overload();
    default:
      return no_overload();
  }
}

}  // namespace byteor::expression

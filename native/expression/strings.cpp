// See strings.hpp: the extension `strings`, as cel-go has it.
#include "expression/strings.hpp"

#include <algorithm>
#include <cstring>

#include "expression/collections.hpp"

namespace byteor::expression {
namespace {

bool continues(char c) noexcept { return (c & 0xc0) == 0x80; }

std::int64_t code_points(std::string_view text) noexcept {
  return std::count_if(text.begin(), text.end(), [](char c) { return !continues(c); });
}

// The byte where the code point of this number begins; the text's size behind the last; npos further on.
std::size_t byte_of(std::string_view text, std::int64_t number) noexcept {
  if (number < 0) return text.npos;
  std::size_t at = 0;
  for (; at != text.size(); ++at) {
    if (continues(text[at])) continue;
    if (number-- == 0) return at;
  }
  return number == 0 ? at : text.npos;
}

std::size_t length_at(std::string_view text, std::size_t at) noexcept {
  std::size_t end = at + 1;
  while (end < text.size() && continues(text[end])) ++end;
  return end - at;
}

// By the two-way search of the C library, whose time is linear whatever both texts are.
std::size_t find_part(std::string_view text, std::string_view part, std::size_t from) noexcept {
  if (part.empty()) return from;
  const void* const found = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  return found == nullptr ? text.npos : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

Value char_at(std::string_view text, std::int64_t number) noexcept {
  const std::size_t at = byte_of(text, number);
  if (at == text.npos) return error(ExprFault::kBadIndex);
  return of_string(at == text.size() ? text.substr(at) : text.substr(at, length_at(text, at)));
}

Value index_from(std::string_view text, std::string_view part, std::int64_t from) noexcept {
  const std::size_t begin = byte_of(text, from);
  if (begin == text.npos) return error(ExprFault::kBadIndex);
  const std::size_t found = find_part(text, part, begin);
  return of_int(found == text.npos ? -1 : code_points(text.substr(0, found)));
}

Value last_index_to(std::string_view text, std::string_view part, std::int64_t from) noexcept {
  const std::size_t begin = byte_of(text, from);
  if (begin == text.npos) return error(ExprFault::kBadIndex);
  const std::size_t found = text.rfind(part, begin);
  return of_int(found == text.npos ? -1 : code_points(text.substr(0, found)));
}

Value last_index(std::string_view text, std::string_view part) noexcept {
  if (part.empty()) return of_int(code_points(text));
  const std::size_t found = text.rfind(part);
  return of_int(found == text.npos ? -1 : code_points(text.substr(0, found)));
}

Value substring(std::string_view text, std::int64_t from, std::int64_t to) noexcept {
  const std::size_t begin = byte_of(text, from);
  const std::size_t end = byte_of(text, to);
  if (begin == text.npos || end == text.npos || begin > end) return error(ExprFault::kBadIndex);
  return of_string(text.substr(begin, end - begin));
}

Value change_case(Context& context, std::string_view text, char least, char most, int distance) noexcept {
  TextWriter out(context);
  char* const to = out.claim(text.size());
  if (to != nullptr) {
    std::transform(text.begin(), text.end(), to,
                   [&](char c) { return c >= least && c <= most ? static_cast<char>(c + distance) : c; });
    out.advance(text.size());
  }
  return out.finish();
}

// An empty `from` stands before every code point and at the end.
Value replace(Context& context, std::string_view text, std::string_view from, std::string_view to,
              std::int64_t most) noexcept {
  TextWriter out(context);
  std::size_t at = 0;
  for (; most != 0 && !out.failed(); --most) {
    if (from.empty()) {
      out.put(to);
      if (at == text.size()) break;
      const std::size_t length = length_at(text, at);
      out.put(text.substr(at, length));
      at += length;
      continue;
    }
    const std::size_t found = find_part(text, from, at);
    if (found == text.npos) break;
    out.put(text.substr(at, found - at));
    out.put(to);
    at = found + from.size();
  }
  out.put(text.substr(at));
  return out.finish();
}

// Into `most` parts, or as many as there are where that is negative.
Value split(Context& context, std::string_view text, std::string_view by, std::int64_t most) noexcept {
  Value parts = new_builder();
  if (most == 0) return built(parts, Tag::kList);
  std::size_t at = 0;
  for (; most < 0 || most > 1; --most) {
    if (by.empty() && (text.empty() || at + length_at(text, at) >= text.size())) break;
    const std::size_t found = by.empty() ? at + length_at(text, at) : find_part(text, by, at);
    if (found == text.npos) break;
    append(context, parts, of_string(text.substr(at, found - at)));
    if (parts.is(Tag::kError)) return parts;
    if (!context.charge(1)) return error(context.fault);
    at = found + by.size();
  }
  if (!by.empty() || !text.empty()) append(context, parts, of_string(text.substr(at)));
  return built(parts, Tag::kList);
}

std::uint32_t code_point_at(std::string_view text, std::size_t at, std::size_t length) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + i])); };
  switch (length) {
    case 1:
      return byte(0);
    case 2:
      return (byte(0) & 0x1f) << 6 | (byte(1) & 0x3f);
    case 3:
      return (byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f);
    default:
      return (byte(0) & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f);
  }
}

// White space of Unicode.
bool is_space(std::uint32_t c) noexcept {
  return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

Value trim(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = length_at(text, 0);
    if (!is_space(code_point_at(text, 0, length))) break;
    text.remove_prefix(length);
  }
  while (!text.empty()) {
    std::size_t at = text.size() - 1;
    while (at != 0 && continues(text[at])) --at;
    if (!is_space(code_point_at(text, at, text.size() - at))) break;
    text.remove_suffix(text.size() - at);
  }
  return of_string(text);
}

Value join(Context& context, const Value& list, std::string_view by) noexcept {
  if (!list.is(Tag::kList)) return no_overload();
  TextWriter out(context);
  Value cursor = cursor_over(context, list);
  for (bool first = true;; first = false) {
    Value number;
    Value element;
    const Found more = advance(context, cursor, number, element);
    if (more == Found::kFailed || !context.charge(1)) out.fail(context.fault);
    if (more != Found::kYes || out.failed()) return out.finish();
    if (!element.is(Tag::kString)) out.fail(ExprFault::kNoSuchOverload);
    if (!first) out.put(by);
    put_value(context, out, element);
  }
}

Value quote(Context& context, std::string_view text) noexcept {
  constexpr std::string_view kNamed = "\a\b\f\n\r\t\v\\\"";
  constexpr std::string_view kNames = "abfnrtv\\\"";
  TextWriter out(context);
  out.put('"');
  for (const char c : text) {
    const std::size_t named = kNamed.find(c);
    if (named == kNamed.npos) {
      out.put(c);
    } else {
      out.put('\\');
      out.put(kNames[named]);
    }
  }
  out.put('"');
  return out.finish();
}

Value reverse(Context& context, std::string_view text) noexcept {
  TextWriter out(context);
  for (std::size_t end = text.size(); end != 0;) {
    std::size_t begin = end - 1;
    while (begin != 0 && continues(text[begin])) --begin;
    out.put(text.substr(begin, end - begin));
    end = begin;
  }
  return out.finish();
}

// What stands behind the text among the operands: nothing, texts, ints.
struct Signature {
  std::string_view kinds;
};

Signature signature_of(ExprFunction function) noexcept {
  switch (function) {
    case ExprFunction::kCharAt:
    case ExprFunction::kSubstring:
      return {"i"};
    case ExprFunction::kSubstringTo:
      return {"ii"};
    case ExprFunction::kContains:
    case ExprFunction::kStartsWith:
    case ExprFunction::kEndsWith:
    case ExprFunction::kIndexOf:
    case ExprFunction::kLastIndexOf:
    case ExprFunction::kSplit:
      return {"s"};
    case ExprFunction::kIndexOfFrom:
    case ExprFunction::kLastIndexOfTo:
    case ExprFunction::kSplitCount:
      return {"si"};
    case ExprFunction::kReplace:
      return {"ss"};
    case ExprFunction::kReplaceCount:
      return {"ssi"};
    default:
      return {""};
  }
}

bool fit(const Value* operands, std::string_view kinds) noexcept {
  if (!operands[0].is(Tag::kString)) return false;
  for (std::size_t i = 0; i != kinds.size(); ++i)
    if (!operands[i + 1].is(kinds[i] == 's' ? Tag::kString : Tag::kInt)) return false;
  return true;
}

Value search(ExprFunction function, std::string_view text, std::string_view part, std::int64_t number) noexcept {
  switch (function) {
    case ExprFunction::kContains:
      return of_bool(find_part(text, part, 0) != text.npos);
    case ExprFunction::kStartsWith:
      return of_bool(text.starts_with(part));
    case ExprFunction::kEndsWith:
      return of_bool(text.ends_with(part));
    case ExprFunction::kIndexOf:
      return index_from(text, part, 0);
    case ExprFunction::kIndexOfFrom:
      return index_from(text, part, number);
    case ExprFunction::kLastIndexOf:
      return last_index(text, part);
    default:
      return last_index_to(text, part, number);
  }
}

}  // namespace

Value call_string(Context& context, ExprFunction function, const Value* operands) noexcept {
  if (function == ExprFunction::kJoin) return join(context, operands[0], {});
  if (function == ExprFunction::kJoinWith)
    return operands[1].is(Tag::kString) ? join(context, operands[0], operands[1].text()) : no_overload();
  const std::string_view kinds = signature_of(function).kinds;
  if (!fit(operands, kinds)) return no_overload();
  const std::string_view text = operands[0].text();
  // The search from behind compares at every place.
  const bool last = function == ExprFunction::kLastIndexOf || function == ExprFunction::kLastIndexOfTo;
  if (!context.charge_text(text.size() * (last ? 1 + operands[1].text().size() : 1))) return error(context.fault);
  switch (function) {
    case ExprFunction::kCharAt:
      return char_at(text, operands[1].as_int());
    case ExprFunction::kSubstring:
      return substring(text, operands[1].as_int(), code_points(text));
    case ExprFunction::kSubstringTo:
      return substring(text, operands[1].as_int(), operands[2].as_int());
    case ExprFunction::kLowerAscii:
      return change_case(context, text, 'A', 'Z', 'a' - 'A');
    case ExprFunction::kUpperAscii:
      return change_case(context, text, 'a', 'z', 'A' - 'a');
    case ExprFunction::kReplace:
      return replace(context, text, operands[1].text(), operands[2].text(), -1);
    case ExprFunction::kReplaceCount:
      return replace(context, text, operands[1].text(), operands[2].text(), operands[3].as_int());
    case ExprFunction::kSplit:
      return split(context, text, operands[1].text(), -1);
    case ExprFunction::kSplitCount:
      return split(context, text, operands[1].text(), operands[2].as_int());
    case ExprFunction::kTrim:
      return trim(text);
    case ExprFunction::kQuote:
      return quote(context, text);
    case ExprFunction::kReverse:
      return reverse(context, text);
    default:
      return kinds.empty() ? no_overload()
                           : search(function, text, operands[1].text(), kinds == "si" ? operands[2].as_int() : 0);
  }
}

namespace {

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int sextet(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

}  // namespace

Value base64_encode(Context& context, const Value& bytes) noexcept {
  if (!bytes.is(Tag::kBytes)) return no_overload();
  TextWriter out(context);
  std::string_view left = bytes.text();
  while (!left.empty() && !out.failed()) {
    const std::string_view three = left.substr(0, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i != 3; ++i)
      bits = bits << 8 | (i < three.size() ? static_cast<unsigned char>(three[i]) : 0u);
    for (std::size_t i = 0; i != 4; ++i) out.put(i <= three.size() ? kBase64[bits >> (18 - 6 * i) & 63] : '=');
    left.remove_prefix(three.size());
  }
  return out.finish();
}

// With padding or without it.
Value base64_decode(Context& context, const Value& string) noexcept {
  if (!string.is(Tag::kString)) return no_overload();
  std::string_view text = string.text();
  if (text.size() % 4 == 0)
    for (int i = 0; i != 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  if (text.size() % 4 == 1) return error(ExprFault::kBadText);
  TextWriter out(context);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = sextet(c);
    if (value < 0) out.fail(ExprFault::kBadText);
    bits = bits << 6 | static_cast<std::uint32_t>(value & 63);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.put(static_cast<char>(bits >> count & 0xff));
  }
  return out.finish(Tag::kBytes);
}

}  // namespace byteor::expression

// JSON read just far enough to find one value: strict where it walks, silent about what follows the value.
//
// Every function takes [p, end) and answers where it stopped, or nullptr when the text is not JSON (RFC 8259) up to
// there, ends too early, or nests deeper than kJsonDepthMax. Bytes from 0x80 up are content and are not checked to be
// UTF-8. No recursion, no allocation, no read outside the text: any bytes are a valid input.
//
// Any thread. Hot code: no allocation, no exception.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "op/simd.hpp"

namespace byteor::op::json {

// Arrays and objects within each other. Deeper text is taken for malformed; the bound keeps the skipping stack at
// 128 bytes, and no real record comes near it.
inline constexpr std::uint32_t kJsonDepthMax = 1024;

inline const char* skip_space(const char* p, const char* end) noexcept {
  while (p != end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) ++p;
  return p;
}

inline int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The four digits of a \u escape; p has at least four bytes. Negative when one is not a hexadecimal digit.
inline std::int32_t hex_quad(const char* p) noexcept {
  const int a = hex_digit(p[0]);
  const int b = hex_digit(p[1]);
  const int c = hex_digit(p[2]);
  const int d = hex_digit(p[3]);
  return (a | b | c | d) < 0 ? -1 : (a << 12 | b << 8 | c << 4 | d);
}

// The first quote, backslash or control character at or after p, or `end`.
inline const char* find_string_special(const char* p, const char* end) noexcept {
  using V = simd::Native;
  const auto quote = V::spread(simd::repeat_byte('"'));
  const auto backslash = V::spread(simd::repeat_byte('\\'));
  for (; static_cast<std::size_t>(end - p) >= V::kWidth; p += V::kWidth) {
    const auto bytes = V::load(p);
    const auto mask = V::equal(bytes, quote) | V::equal(bytes, backslash) | V::control(bytes);
    if (mask != 0) return p + simd::first_of<V>(mask);
  }
  while (p != end && *p != '"' && *p != '\\' && static_cast<unsigned char>(*p) >= 0x20) ++p;
  return p;
}

// A string between its quotes, as written.
struct RawString {
  const char* begin = nullptr;
  const char* end = nullptr;
  bool escaped = false;
};

// `p` is at the opening quote. Answers the byte after the closing one.
inline const char* read_string(const char* p, const char* end, RawString& string) noexcept {
  string.begin = ++p;
  string.escaped = false;
  for (;;) {
    p = find_string_special(p, end);
    if (p == end) return nullptr;
    if (*p == '"') {
      string.end = p;
      return p + 1;
    }
    if (*p != '\\' || end - p < 2) return nullptr;
    string.escaped = true;
    switch (p[1]) {
      case '"':
      case '\\':
      case '/':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't':
        p += 2;
        break;
      case 'u':
        if (end - p < 6 || hex_quad(p + 2) < 0) return nullptr;
        p += 6;
        break;
      default:
        return nullptr;
    }
  }
}

inline const char* skip_digits(const char* p, const char* end) noexcept {
  while (p != end && *p >= '0' && *p <= '9') ++p;
  return p;
}

inline const char* skip_number(const char* p, const char* end) noexcept {
  if (p != end && *p == '-') ++p;
  if (p == end || *p < '0' || *p > '9') return nullptr;
  p = *p == '0' ? p + 1 : skip_digits(p, end);
  if (p != end && *p == '.') {
    const char* const fraction = p + 1;
    p = skip_digits(fraction, end);
    if (p == fraction) return nullptr;
  }
  if (p != end && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p != end && (*p == '+' || *p == '-')) ++p;
    const char* const exponent = p;
    p = skip_digits(exponent, end);
    if (p == exponent) return nullptr;
  }
  return p;
}

inline const char* skip_literal(const char* p, const char* end, std::string_view literal) noexcept {
  const bool there = std::string_view(p, static_cast<std::size_t>(end - p)).substr(0, literal.size()) == literal;
  return there ? p + literal.size() : nullptr;
}

// A number, true, false or null. It must be followed by something that ends it; the end of the text ends it only where
// `root` says that nothing has to follow, because inside an array or object the text would be cut short.
inline const char* skip_scalar(const char* p, const char* end, bool root) noexcept {
  if (p == end) return nullptr;
  const char* after = nullptr;
  if (*p == 't') {
    after = skip_literal(p, end, "true");
  } else if (*p == 'f') {
    after = skip_literal(p, end, "false");
  } else if (*p == 'n') {
    after = skip_literal(p, end, "null");
  } else {
    after = skip_number(p, end);
  }
  if (after == nullptr) return nullptr;
  if (after == end) return root ? after : nullptr;
  const char c = *after;
  if (c == ' ' || c == '\n' || c == '\r' || c == '\t') return after;
  return !root && (c == ',' || c == ']' || c == '}') ? after : nullptr;
}

// `p` is at a member's name. Answers where its value begins.
inline const char* read_member_name(const char* p, const char* end, RawString& name) noexcept {
  if (p == end || *p != '"') return nullptr;
  p = read_string(p, end, name);
  if (p == nullptr) return nullptr;
  p = skip_space(p, end);
  if (p == end || *p != ':') return nullptr;
  return skip_space(p + 1, end);
}

// Which of '[' and '{' are open, one bit each.
class OpenStack {
 public:
  explicit OpenStack(std::uint32_t depth_max) noexcept : depth_max_(depth_max) {}

  bool empty() const noexcept { return depth_ == 0; }
  bool top_is_object() const noexcept { return (bits_[(depth_ - 1) / 64] >> ((depth_ - 1) % 64) & 1) != 0; }
  bool push(bool object) noexcept {
    if (depth_ == depth_max_) return false;
    const std::uint64_t bit = std::uint64_t{1} << (depth_ % 64);
    std::uint64_t& word = bits_[depth_ / 64];
    word = object ? word | bit : word & ~bit;
    ++depth_;
    return true;
  }
  void pop() noexcept { --depth_; }

 private:
  std::array<std::uint64_t, kJsonDepthMax / 64> bits_;
  std::uint32_t depth_ = 0;
  std::uint32_t depth_max_;
};

// After a value inside open arrays and objects: closes what ends here and answers where the next value begins, or,
// when nothing is open any more, where the outermost value ended.
inline const char* skip_to_next_value(const char* p, const char* end, OpenStack& open) noexcept {
  while (!open.empty()) {
    p = skip_space(p, end);
    if (p == end) return nullptr;
    const bool object = open.top_is_object();
    if (*p == (object ? '}' : ']')) {
      open.pop();
      ++p;
      continue;
    }
    if (*p != ',') return nullptr;
    p = skip_space(p + 1, end);
    RawString name;
    return object ? read_member_name(p, end, name) : p;
  }
  return p;
}

// `p` is at the first byte of a value inside an array or object, `depth` of which are open around it.
inline const char* skip_value(const char* p, const char* end, std::uint32_t depth) noexcept {
  OpenStack open(kJsonDepthMax - depth);
  do {
    if (p == end) return nullptr;
    RawString string;
    if (*p == '"') {
      p = read_string(p, end, string);
    } else if (*p == '{' || *p == '[') {
      const bool object = *p == '{';
      if (!open.push(object)) return nullptr;
      p = skip_space(p + 1, end);
      if (p == end) return nullptr;
      if (*p != (object ? '}' : ']')) {
        if (object) p = read_member_name(p, end, string);
        if (p == nullptr) return nullptr;
        continue;
      }
      open.pop();
      ++p;
    } else {
      p = skip_scalar(p, end, false);
    }
    if (p == nullptr) return nullptr;
    p = skip_to_next_value(p, end, open);
    if (p == nullptr) return nullptr;
  } while (!open.empty());
  return p;
}

// UTF-8 of a code point that is not a surrogate; answers how many of the four bytes.
inline std::size_t encode_utf8(std::uint32_t code_point, char* out) noexcept {
  if (code_point < 0x80) {
    out[0] = static_cast<char>(code_point);
    return 1;
  }
  if (code_point < 0x800) {
    out[0] = static_cast<char>(0xc0 | code_point >> 6);
    out[1] = static_cast<char>(0x80 | (code_point & 0x3f));
    return 2;
  }
  if (code_point < 0x10000) {
    out[0] = static_cast<char>(0xe0 | code_point >> 12);
    out[1] = static_cast<char>(0x80 | (code_point >> 6 & 0x3f));
    out[2] = static_cast<char>(0x80 | (code_point & 0x3f));
    return 3;
  }
  out[0] = static_cast<char>(0xf0 | code_point >> 18);
  out[1] = static_cast<char>(0x80 | (code_point >> 12 & 0x3f));
  out[2] = static_cast<char>(0x80 | (code_point >> 6 & 0x3f));
  out[3] = static_cast<char>(0x80 | (code_point & 0x3f));
  return 4;
}

// `p` is at a backslash of a string that read_string() accepted. Writes at most four bytes, moves p past the escape
// (past both halves of a surrogate pair). A lone surrogate, which UTF-8 cannot hold, becomes U+FFFD, as in TextEncoder.
// Checks the end again: JavaScript can write into a record while it is read, and then the bytes may not be the accepted
// ones any more. The key is then any key, but nothing outside the record is read.
inline std::size_t unescape_one(const char*& p, const char* end, char* out) noexcept {
  static constexpr std::uint32_t kReplacement = 0xfffd;
  const char kind = p[1];
  if (kind != 'u') {
    p += 2;
    switch (kind) {
      case 'b':
        out[0] = '\b';
        break;
      case 'f':
        out[0] = '\f';
        break;
      case 'n':
        out[0] = '\n';
        break;
      case 'r':
        out[0] = '\r';
        break;
      case 't':
        out[0] = '\t';
        break;
      default:
        out[0] = kind;
    }
    return 1;
  }
  if (end - p < 6) {
    p = end;
    return encode_utf8(kReplacement, out);
  }
  const auto unit = static_cast<std::uint32_t>(hex_quad(p + 2));
  p += 6;
  if (unit < 0xd800 || unit > 0xdfff) return encode_utf8(unit, out);
  if (unit > 0xdbff || end - p < 6 || p[0] != '\\' || p[1] != 'u') return encode_utf8(kReplacement, out);
  const auto low = static_cast<std::uint32_t>(hex_quad(p + 2));
  if (low < 0xdc00 || low > 0xdfff) return encode_utf8(kReplacement, out);
  p += 6;
  return encode_utf8(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00), out);
}

// Hands the unescaped string to `sink(string_view) -> bool` piece by piece, until it answers false.
template <class Sink>
bool unescape(const RawString& string, Sink&& sink) noexcept {
  const char* p = string.begin;
  while (p < string.end) {
    const char* const plain = p;
    p = find_string_special(p, string.end);
    if (p != plain && !sink(std::string_view(plain, static_cast<std::size_t>(p - plain)))) return false;
    if (p == string.end) break;
    char unit[4];
    const std::size_t length = unescape_one(p, string.end, unit);
    if (!sink(std::string_view(unit, length))) return false;
  }
  return true;
}

}  // namespace byteor::op::json

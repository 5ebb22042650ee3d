// Strings of JSON between their quotes, as written. Escapes are read here and nowhere else: a lone surrogate is U+FFFD,
// as JavaScript's own conversion to UTF-8 has it. Hot code: no allocation, no exception.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace byteor::json {

inline constexpr std::size_t kBadEscape = ~std::size_t{0};

inline bool has_escape(std::string_view raw) noexcept {
  return !raw.empty() && std::memchr(raw.data(), '\\', raw.size()) != nullptr;
}

// UTF-8 of a code point; answers how many of the four bytes.
inline std::size_t put_utf8(std::uint32_t code_point, char* out) noexcept {
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

// `p` is at a backslash of [p, end). Moves it behind the escape and answers the bytes that it stands for, or
// kBadEscape.
std::size_t read_escape(const char*& p, const char* end, char* out) noexcept;

// The bytes that a string stands for; `out` has room for raw.size(). Answers how many, or kBadEscape.
std::size_t unescape(std::string_view raw, char* out) noexcept;

// Whether a string stands for `text`, without room for it. False where an escape is none.
bool stands_for(std::string_view raw, std::string_view text) noexcept;

// Whether two strings stand for one text. A wrong escape stands for itself alone.
bool stand_for_same(std::string_view one, std::string_view other) noexcept;

}  // namespace byteor::json

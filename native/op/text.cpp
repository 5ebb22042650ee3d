// See text.hpp.
#include "op/text.hpp"

#include <cstdint>

namespace byteor::op {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";

bool continues(std::string_view bytes, std::size_t i) noexcept {
  return i < bytes.size() && (static_cast<unsigned char>(bytes[i]) & 0xc0) == 0x80;
}

std::string hex_byte(unsigned char byte) { return {kHex[byte >> 4], kHex[byte & 15]}; }

// The letter of the two-character escape that C and JSON share, or 0.
char short_escape(char c) noexcept {
  switch (c) {
    case '"':
    case '\\':
      return c;
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

}  // namespace

std::size_t utf8_length(std::string_view bytes) noexcept {
  if (bytes.empty()) return 0;
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4 || !continues(bytes, 1)) return 0;
  if (lead < 0xe0) return 2;
  if ((lead == 0xe0 && at(1) < 0xa0) || (lead == 0xed && at(1) > 0x9f) || !continues(bytes, 2)) return 0;
  if (lead < 0xf0) return 3;
  if ((lead == 0xf0 && at(1) < 0x90) || (lead == 0xf4 && at(1) > 0x8f) || !continues(bytes, 3)) return 0;
  return 4;
}

std::string printable(std::string_view bytes, std::size_t characters_max) {
  std::string out;
  while (!bytes.empty()) {
    const std::size_t length = utf8_length(bytes);
    const auto byte = static_cast<unsigned char>(bytes[0]);
    std::string piece;
    if (const char letter = short_escape(bytes[0]); letter != 0) {
      piece = {'\\', letter};
    } else if (length == 0 || byte < 0x20 || byte == 0x7f) {
      piece = "\\x" + hex_byte(byte);
    } else {
      piece = bytes.substr(0, length);
    }
    if (out.size() + piece.size() > characters_max) return out + "…";
    out += piece;
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

void append_json_string(std::string& out, std::string_view bytes) {
  out += '"';
  while (!bytes.empty()) {
    const std::size_t length = utf8_length(bytes);
    const auto byte = static_cast<unsigned char>(bytes[0]);
    if (const char letter = short_escape(bytes[0]); letter != 0) {
      out += {'\\', letter};
    } else if (length == 0) {
      out += "\\udc" + hex_byte(byte);
    } else if (byte < 0x20) {
      out += "\\u00" + hex_byte(byte);
    } else {
      out += bytes.substr(0, length);
    }
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

}  // namespace byteor::op

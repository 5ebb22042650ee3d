// See text.hpp.
#include "json/text.hpp"

namespace byteor::json {
namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Of the `\uXXXX` at p; negative where there is none.
std::int32_t quad(const char* p, const char* end) noexcept {
  if (end - p < 6 || p[0] != '\\' || p[1] != 'u') return -1;
  const int a = hex_digit(p[2]);
  const int b = hex_digit(p[3]);
  const int c = hex_digit(p[4]);
  const int d = hex_digit(p[5]);
  return (a | b | c | d) < 0 ? -1 : (a << 12 | b << 8 | c << 4 | d);
}

constexpr std::uint32_t kReplacement = 0xfffd;

std::size_t read_code_point(const char*& p, const char* end, char* out) noexcept {
  const std::int32_t first = quad(p, end);
  if (first < 0) return kBadEscape;
  p += 6;
  if (first < 0xd800 || first > 0xdfff) return put_utf8(static_cast<std::uint32_t>(first), out);
  const std::int32_t second = first < 0xdc00 ? quad(p, end) : -1;
  if (second < 0xdc00 || second > 0xdfff) return put_utf8(kReplacement, out);
  p += 6;
  return put_utf8(
      0x10000 + (static_cast<std::uint32_t>(first - 0xd800) << 10) + static_cast<std::uint32_t>(second - 0xdc00), out);
}

}  // namespace

std::size_t read_escape(const char*& p, const char* end, char* out) noexcept {
  if (end - p < 2) return kBadEscape;
  switch (p[1]) {
    case '"':
    case '\\':
    case '/':
      out[0] = p[1];
      break;
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
    case 'u':
      return read_code_point(p, end, out);
    default:
      return kBadEscape;
  }
  p += 2;
  return 1;
}

std::size_t unescape(std::string_view raw, char* out) noexcept {
  const char* p = raw.data();
  const char* const end = p + raw.size();
  char* to = out;
  while (p != end) {
    const std::size_t left = static_cast<std::size_t>(end - p);
    const void* const found = std::memchr(p, '\\', left);
    const std::size_t plain = found == nullptr ? left : static_cast<std::size_t>(static_cast<const char*>(found) - p);
    std::memcpy(to, p, plain);
    to += plain;
    p += plain;
    if (p == end) break;
    char bytes[4];
    const std::size_t length = read_escape(p, end, bytes);
    if (length == kBadEscape) return kBadEscape;
    std::memcpy(to, bytes, length);
    to += length;
  }
  return static_cast<std::size_t>(to - out);
}

bool stands_for(std::string_view raw, std::string_view text) noexcept {
  const char* p = raw.data();
  const char* const end = p + raw.size();
  std::size_t at = 0;
  while (p != end) {
    if (*p != '\\') {
      if (at == text.size() || text[at] != *p) return false;
      ++p;
      ++at;
      continue;
    }
    char bytes[4];
    const std::size_t length = read_escape(p, end, bytes);
    if (length == kBadEscape || text.size() - at < length || std::memcmp(text.data() + at, bytes, length) != 0)
      return false;
    at += length;
  }
  return at == text.size();
}

namespace {

// The bytes of a string one by one, escapes read.
class Bytes {
 public:
  explicit Bytes(std::string_view raw) noexcept : p_(raw.data()), end_(raw.data() + raw.size()) {}

  bool done() const noexcept { return at_ == length_ && p_ == end_; }
  bool good() const noexcept { return good_; }
  char next() noexcept {
    if (at_ != length_) return bytes_[at_++];
    if (*p_ != '\\') return *p_++;
    const std::size_t length = read_escape(p_, end_, bytes_);
    good_ = length != kBadEscape;
    if (!good_) return *p_++;
    length_ = length;
    at_ = 1;
    return bytes_[0];
  }

 private:
  const char* p_;
  const char* end_;
  char bytes_[4];
  std::size_t at_ = 0;
  std::size_t length_ = 0;
  bool good_ = true;
};

}  // namespace

bool stand_for_same(std::string_view one, std::string_view other) noexcept {
  if (one == other) return true;
  if (!has_escape(one)) return other.size() > one.size() && has_escape(other) && stands_for(other, one);
  if (!has_escape(other)) return one.size() > other.size() && stands_for(one, other);
  Bytes left(one);
  Bytes right(other);
  while (!left.done() && !right.done())
    if (left.next() != right.next() || !left.good() || !right.good()) return false;
  return left.done() && right.done();
}

}  // namespace byteor::json

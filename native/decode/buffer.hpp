// Bounds-checked reading of what crosses from TypeScript: a lowered plan, and in it the config of each op. A hostile
// buffer is an expected input: nothing is read before its bounds have been checked. Control path; refusals throw
// core::CodedError (SPEC_DAMAGED), which names what is broken with the value received.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace byteor::decode {

[[noreturn]] void refuse(const std::string& what);
[[noreturn]] void refuse(const std::string& what, std::uint64_t received);

inline void require(bool holds, const char* what, std::uint64_t received) {
  if (!holds) refuse(what, received);
}

template <class Enum>
Enum read_enum(std::uint32_t value, Enum least, Enum most, const char* what) {
  require(value >= static_cast<std::uint32_t>(least) && value <= static_cast<std::uint32_t>(most), what, value);
  return static_cast<Enum>(value);
}

// `text`, which is an author's id (docs/plan.md). A field of a struct has such a name too.
std::string_view read_id(std::string_view text);

// Knows places and sizes, not what they mean.
class Buffer {
 public:
  explicit Buffer(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::size_t size() const noexcept { return bytes_.size(); }

  // The struct that begins at `offset`.
  template <class T>
  T at(std::uint64_t offset) const {
    static_assert(std::is_trivially_copyable_v<T>);
    require(offset <= bytes_.size() && bytes_.size() - offset >= sizeof(T), "a struct reaches past the end", offset);
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }

  std::span<const std::byte> part(std::uint64_t offset, std::uint64_t length) const {
    require(offset <= bytes_.size() && bytes_.size() - offset >= length, "a stretch reaches past the end", offset);
    return bytes_.subspan(offset, length);
  }

  // Valid as long as the bytes are.
  std::string_view text(std::uint64_t offset, std::uint64_t length) const {
    const std::span<const std::byte> bytes = part(offset, length);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace byteor::decode

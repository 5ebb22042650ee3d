// Copying one record. Hot code: no allocation, no exception.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/cpu.hpp"

namespace byteor::core {

// The first and the last `kBytes` of a record of kBytes to 2 · kBytes.
template <std::uint32_t kBytes>
BYTEOR_ALWAYS_INLINE void copy_ends(std::byte* to, const std::byte* from, std::uint32_t length) noexcept {
  std::memcpy(to, from, kBytes);
  std::memcpy(to + length - kBytes, from + length - kBytes, kBytes);
}

// As std::memcpy; the two do not overlap. Most records are a line or two long, and a call costs as much as copying
// those, so that much is copied here: in pieces of one size, of which the last one may cover part of the one before it.
BYTEOR_ALWAYS_INLINE void copy_record(std::byte* to, const std::byte* from, std::uint32_t length) noexcept {
  constexpr std::uint32_t kPiece = 16;
  constexpr std::uint32_t kInline = 8 * kPiece;
  if (length > kInline) [[unlikely]] {
    std::memcpy(to, from, length);
  } else if (length >= kPiece) {
    for (std::uint32_t at = 0; at < length - kPiece; at += kPiece) std::memcpy(to + at, from + at, kPiece);
    std::memcpy(to + length - kPiece, from + length - kPiece, kPiece);
  } else if (length == 8) {
    // One store: an op that reads the word at once would wait for two.
    std::memcpy(to, from, 8);
  } else if (length > 8) {
    copy_ends<8>(to, from, length);
  } else if (length >= 4) {
    copy_ends<4>(to, from, length);
  } else if (length != 0) {
    to[0] = from[0];
    to[length / 2] = from[length / 2];
    to[length - 1] = from[length - 1];
  }
}

}  // namespace byteor::core

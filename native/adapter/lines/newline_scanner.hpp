// Finds line feeds, many bytes at a time: one comparison of a window gives the places of all its line feeds, so that a
// line costs no search of its own and no call. Against a memchr for every line: 1.1 times the speed of the whole source
// at 100 bytes a line, equal at 20 and 1000 (docs/lab/line-adapters.md), and independent of the C library.
//
// Windows may reach past the end of what was read: the buffer has kOverreadBytes more, and bits there are dropped.
// One thread. Hot code: no allocation, no exception.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "op/simd.hpp"

namespace byteor::adapter {

template <class Simd>
class BasicNewlineScanner {
 public:
  // As many vectors as a 64-bit mask holds.
  static constexpr std::size_t kVectors = 64 / Simd::kBitsPerByte / Simd::kWidth;
  static constexpr std::size_t kWindowBytes = kVectors * Simd::kWidth;
  static constexpr std::size_t kOverreadBytes = kWindowBytes;

  // Begins anew at `begin`.
  void restart(const char* begin) noexcept {
    at_ = begin;
    mask_ = 0;
  }

  // The next line feed before `end`, or nullptr; then the bytes up to `end` are not looked at again. `end` may have
  // grown since the last call that answered nullptr, and only since then.
  const char* next(const char* end) noexcept {
    while (mask_ == 0) {
      if (at_ == end) return nullptr;
      window_ = at_;
      mask_ = compare(at_);
      const auto left = static_cast<std::size_t>(end - at_);
      if (left < kWindowBytes) {
        mask_ &= ~(~std::uint64_t{0} << (left * Simd::kBitsPerByte));
        at_ = end;
      } else {
        at_ += kWindowBytes;
      }
    }
    const auto bit = static_cast<unsigned>(std::countr_zero(mask_));
    mask_ &= ~(kByteBits << bit);
    return window_ + bit / Simd::kBitsPerByte;
  }

 private:
  // A portable mask marks a byte in its highest bit alone, the others in all of its bits or its only one.
  static constexpr std::uint64_t kByteBits = Simd::kBitsPerByte == 4 ? 0xf : 1;

  static std::uint64_t compare(const char* p) noexcept {
    const auto newline = Simd::spread(op::simd::repeat_byte('\n'));
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < kVectors; ++i) {
      const auto equal = static_cast<std::uint64_t>(Simd::equal(Simd::load(p + i * Simd::kWidth), newline));
      mask |= equal << (i * Simd::kWidth * Simd::kBitsPerByte % 64);
    }
    return mask;
  }

  const char* at_ = nullptr;
  const char* window_ = nullptr;
  std::uint64_t mask_ = 0;
};

using NewlineScanner = BasicNewlineScanner<op::simd::Native>;

}  // namespace byteor::adapter

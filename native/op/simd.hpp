// Sixteen (or eight) bytes at a time: the few vector operations that byte search and the JSON scanner share, once for
// SSE2 (the baseline of x86-64), once for NEON (the baseline of arm64), once with 64-bit words for any machine.
// BYTEOR_PORTABLE_SIMD takes the last one everywhere; tests name it directly. Nothing here reads a byte outside
// [p, p + n): records lie next to each other, and AddressSanitizer must be able to prove it.
// Hot code: no allocation, no exception.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/cpu.hpp"

#if !defined(BYTEOR_PORTABLE_SIMD)
#if defined(__SSE2__) || defined(_M_X64)
#define BYTEOR_SIMD_SSE2 1
#include <emmintrin.h>
#elif defined(__aarch64__) || defined(_M_ARM64)
#define BYTEOR_SIMD_NEON 1
#include <arm_neon.h>
#endif
#endif

namespace byteor::op::simd {

template <class Word>
BYTEOR_ALWAYS_INLINE Word load_word(const char* p) noexcept {
  Word word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

// Eight bytes with p[0] in the lowest bits, whatever the byte order of the machine.
BYTEOR_ALWAYS_INLINE std::uint64_t load_little_endian(const char* p) noexcept {
  std::uint64_t word = load_word<std::uint64_t>(p);
  if constexpr (std::endian::native == std::endian::big) {
    std::uint64_t swapped = 0;
    for (int i = 0; i < 8; ++i) swapped |= (word >> (8 * i) & 0xff) << (56 - 8 * i);
    word = swapped;
  }
  return word;
}

// The first `n` < 8 bytes, p[0] in the lowest bits, zero above. Overlapping loads, which agree where they overlap.
BYTEOR_ALWAYS_INLINE std::uint64_t load_partial_word(const char* p, std::size_t n) noexcept {
  const auto at = [p](std::size_t i) {
    return static_cast<std::uint64_t>(static_cast<unsigned char>(p[i])) << (8 * i);
  };
  if (n >= 4) {
    if constexpr (std::endian::native == std::endian::little)
      return load_word<std::uint32_t>(p) | static_cast<std::uint64_t>(load_word<std::uint32_t>(p + n - 4))
                                               << (8 * (n - 4));
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < n; ++i) word |= at(i);
    return word;
  }
  if (n == 0) return 0;
  return at(0) | at(n / 2) | at(n - 1);
}

// A byte in all eight bytes of a word. Vectors are spread from such words, prepared once: from a single byte g++ 12
// goes through the stack, with a store too narrow for the load that follows it, which doubles the cost of a short
// search.
constexpr std::uint64_t repeat_byte(char byte) noexcept {
  return 0x0101010101010101u * static_cast<unsigned char>(byte);
}

// Every implementation: Vector (kWidth bytes), and masks of kBitsPerByte bits a byte, byte 0 lowest.
struct Portable {
  using Vector = std::uint64_t;
  using Mask = std::uint64_t;
  static constexpr std::size_t kWidth = 8;
  static constexpr unsigned kBitsPerByte = 8;

  BYTEOR_ALWAYS_INLINE static Vector load(const char* p) noexcept { return load_little_endian(p); }
  BYTEOR_ALWAYS_INLINE static Vector load_partial(const char* p, std::size_t n) noexcept {
    return load_partial_word(p, n);
  }
  BYTEOR_ALWAYS_INLINE static Vector spread(std::uint64_t word) noexcept { return word; }
  BYTEOR_ALWAYS_INLINE static Mask equal(Vector a, Vector b) noexcept { return zero_bytes(a ^ b); }
  BYTEOR_ALWAYS_INLINE static Mask equal_both(Vector a, Vector b, Vector c, Vector d) noexcept {
    return zero_bytes((a ^ b) | (c ^ d));
  }
  // Bytes below 0x20.
  BYTEOR_ALWAYS_INLINE static Mask control(Vector a) noexcept { return zero_bytes(a & 0xe0e0e0e0e0e0e0e0u); }

 private:
  // 0x80 in each byte that is zero, and in no other (no carry crosses a byte).
  BYTEOR_ALWAYS_INLINE static Mask zero_bytes(Vector a) noexcept {
    constexpr std::uint64_t kLow = 0x7f7f7f7f7f7f7f7fu;
    return ~(((a & kLow) + kLow) | a | kLow);
  }
};

#if defined(BYTEOR_SIMD_SSE2)
struct Sse2 {
  using Vector = __m128i;
  using Mask = std::uint32_t;
  static constexpr std::size_t kWidth = 16;
  static constexpr unsigned kBitsPerByte = 1;

  BYTEOR_ALWAYS_INLINE static Vector load(const char* p) noexcept {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  }
  BYTEOR_ALWAYS_INLINE static Vector load_partial(const char* p, std::size_t n) noexcept {
    if (n < 8) return _mm_cvtsi64_si128(static_cast<long long>(load_partial_word(p, n)));
    const std::uint64_t high = n == 8 ? 0 : load_word<std::uint64_t>(p + n - 8) >> (8 * (16 - n));
    return _mm_set_epi64x(static_cast<long long>(high), load_word<long long>(p));
  }
  BYTEOR_ALWAYS_INLINE static Vector spread(std::uint64_t word) noexcept {
    return _mm_set1_epi64x(static_cast<long long>(word));
  }
  BYTEOR_ALWAYS_INLINE static Mask equal(Vector a, Vector b) noexcept {
    return static_cast<Mask>(_mm_movemask_epi8(_mm_cmpeq_epi8(a, b)));
  }
  BYTEOR_ALWAYS_INLINE static Mask equal_both(Vector a, Vector b, Vector c, Vector d) noexcept {
    return static_cast<Mask>(_mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(a, b), _mm_cmpeq_epi8(c, d))));
  }
  BYTEOR_ALWAYS_INLINE static Mask control(Vector a) noexcept {
    return static_cast<Mask>(_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(a, _mm_set1_epi8(0x1f)), a)));
  }
};
using Native = Sse2;
#elif defined(BYTEOR_SIMD_NEON)
struct Neon {
  using Vector = uint8x16_t;
  using Mask = std::uint64_t;
  static constexpr std::size_t kWidth = 16;
  static constexpr unsigned kBitsPerByte = 4;

  BYTEOR_ALWAYS_INLINE static Vector load(const char* p) noexcept {
    return vld1q_u8(reinterpret_cast<const std::uint8_t*>(p));
  }
  BYTEOR_ALWAYS_INLINE static Vector load_partial(const char* p, std::size_t n) noexcept {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    if (n < 8) {
      low = load_partial_word(p, n);
    } else {
      low = load_word<std::uint64_t>(p);
      high = n == 8 ? 0 : load_word<std::uint64_t>(p + n - 8) >> (8 * (16 - n));
    }
    return vcombine_u8(vcreate_u8(low), vcreate_u8(high));
  }
  BYTEOR_ALWAYS_INLINE static Vector spread(std::uint64_t word) noexcept {
    return vreinterpretq_u8_u64(vdupq_n_u64(word));
  }
  BYTEOR_ALWAYS_INLINE static Mask equal(Vector a, Vector b) noexcept { return mask(vceqq_u8(a, b)); }
  BYTEOR_ALWAYS_INLINE static Mask equal_both(Vector a, Vector b, Vector c, Vector d) noexcept {
    return mask(vandq_u8(vceqq_u8(a, b), vceqq_u8(c, d)));
  }
  BYTEOR_ALWAYS_INLINE static Mask control(Vector a) noexcept { return mask(vcltq_u8(a, vdupq_n_u8(0x20))); }

 private:
  // NEON has no movemask: narrowing each pair of bytes by four bits keeps one nibble a byte.
  BYTEOR_ALWAYS_INLINE static Mask mask(uint8x16_t a) noexcept {
    return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(a), 4)), 0);
  }
};
using Native = Neon;
#else
using Native = Portable;
#endif

// Index of the first byte in a mask that is not zero.
template <class V>
BYTEOR_ALWAYS_INLINE std::size_t first_of(typename V::Mask mask) noexcept {
  return static_cast<std::size_t>(std::countr_zero(mask)) / V::kBitsPerByte;
}

// The mask of the first `count` bytes, 0 ≤ count < kWidth.
template <class V>
BYTEOR_ALWAYS_INLINE typename V::Mask keep_first(typename V::Mask mask, std::size_t count) noexcept {
  return static_cast<typename V::Mask>(mask & ~(~typename V::Mask{0} << (count * V::kBitsPerByte)));
}

// The mask without its first byte.
template <class V>
BYTEOR_ALWAYS_INLINE typename V::Mask drop_first(typename V::Mask mask) noexcept {
  if constexpr (V::kBitsPerByte == 4) return mask & ~(typename V::Mask{0xf} << std::countr_zero(mask));
  return static_cast<typename V::Mask>(mask & (mask - 1));
}

}  // namespace byteor::op::simd

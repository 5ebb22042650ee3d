// CRC32C (Castagnoli, RFC 3720): polynomial 0x1edc6f41, reflected, initial value and final exclusive-or all ones.
// A running value is kept in its published form: crc32c(crc32c(0, a), b) is the CRC of a followed by b.
//
// x86-64 with SSE4.2 and PCLMULQDQ, and arm64 with its CRC extension, use the instruction; x86-64 with VPCLMULQDQ and
// AVX-512 folds inputs that are not short. Which of them the machine has is found out once, at run time, because the
// build's baseline has none. Other machines use tables.
// Any thread. Hot code: no allocation, no exception.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "op/simd.hpp"

#if defined(__GNUC__) && defined(__x86_64__)
#define BYTEOR_CRC32C_SSE42 1
#include <immintrin.h>
#elif defined(__GNUC__) && defined(__aarch64__)
#define BYTEOR_CRC32C_ARM 1
#if defined(__linux__)
#include <sys/auxv.h>
#endif
#endif

namespace byteor::op {

namespace crc {

// All functions below take and return the raw register: the published value with its bits turned over.

// 0x1edc6f41 with its bits in the opposite order.
inline constexpr std::uint32_t kPolynomial = 0x82f63b78;

// kTables[k][b]: what the byte b does to the register when k bytes follow it.
inline constexpr auto kTables = [] {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = value;
  }
  for (std::size_t k = 1; k < 8; ++k)
    for (std::size_t byte = 0; byte < 256; ++byte)
      tables[k][byte] = (tables[k - 1][byte] >> 8) ^ tables[0][tables[k - 1][byte] & 0xff];
  return tables;
}();

inline std::uint32_t update_tables(std::uint32_t state, const char* p, std::size_t length) noexcept {
  for (; length >= 8; p += 8, length -= 8) {
    const std::uint64_t word = simd::load_little_endian(p) ^ state;
    state = 0;
    for (std::size_t i = 0; i < 8; ++i) state ^= kTables[7 - i][word >> (8 * i) & 0xff];
  }
  for (; length != 0; ++p, --length) state = (state >> 8) ^ kTables[0][(state ^ static_cast<unsigned char>(*p)) & 0xff];
  return state;
}

#if defined(BYTEOR_CRC32C_SSE42)

// The reflected remainder of x^bits: multiplying a register by it moves the register over `bits` zero bits.
constexpr std::uint32_t power_of_x(std::uint64_t bits) noexcept {
  std::uint32_t value = 0x80000000;
  for (std::uint64_t i = 0; i < bits; ++i) value = (value >> 1) ^ ((value & 1) != 0 ? kPolynomial : 0);
  return value;
}

// Carry-less product of two reflected values, as 64 bits for the CRC instruction to reduce. The product of two
// reflected 32-bit values comes out one bit low, and reducing 64 bits multiplies by x^32: hence the 33 in kShift.
[[gnu::target("sse4.2,pclmul")]] inline std::uint64_t multiply(std::uint32_t a, std::uint32_t b) noexcept {
  const __m128i product =
      _mm_clmulepi64_si128(_mm_cvtsi32_si128(static_cast<int>(a)), _mm_cvtsi32_si128(static_cast<int>(b)), 0);
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
}

// Three registers over three neighbouring lanes of kLane bytes, because the instruction takes three cycles and one can
// start in each; then the first two are moved over what followed them and all are added.
template <std::size_t kLane>
[[gnu::target("sse4.2,pclmul")]] inline std::uint64_t update_three_lanes(std::uint64_t state, const char* p) noexcept {
  static constexpr std::uint32_t kShiftOne = power_of_x(8 * kLane - 33);
  static constexpr std::uint32_t kShiftTwo = power_of_x(16 * kLane - 33);
  std::uint64_t second = 0;
  std::uint64_t third = 0;
  for (std::size_t i = 0; i < kLane - 8; i += 8) {
    state = _mm_crc32_u64(state, simd::load_word<std::uint64_t>(p + i));
    second = _mm_crc32_u64(second, simd::load_word<std::uint64_t>(p + kLane + i));
    third = _mm_crc32_u64(third, simd::load_word<std::uint64_t>(p + 2 * kLane + i));
  }
  state = _mm_crc32_u64(state, simd::load_word<std::uint64_t>(p + kLane - 8));
  second = _mm_crc32_u64(second, simd::load_word<std::uint64_t>(p + 2 * kLane - 8));
  const std::uint64_t moved =
      multiply(static_cast<std::uint32_t>(state), kShiftTwo) ^ multiply(static_cast<std::uint32_t>(second), kShiftOne);
  return _mm_crc32_u64(third, simd::load_word<std::uint64_t>(p + 3 * kLane - 8) ^ moved);
}

[[gnu::target("sse4.2,pclmul")]] inline std::uint32_t update_sse42(std::uint32_t state, const char* p,
                                                                   std::size_t length) noexcept {
  static constexpr std::size_t kLongLane = 512;
  // Log lines and small records, which are shorter than three long lanes and longer than three short ones.
  static constexpr std::size_t kMiddleLane = 80;
  static constexpr std::size_t kShortLane = 32;
  std::uint64_t value = state;
  for (; length >= 3 * kLongLane; p += 3 * kLongLane, length -= 3 * kLongLane)
    value = update_three_lanes<kLongLane>(value, p);
  for (; length >= 3 * kMiddleLane; p += 3 * kMiddleLane, length -= 3 * kMiddleLane)
    value = update_three_lanes<kMiddleLane>(value, p);
  for (; length >= 3 * kShortLane; p += 3 * kShortLane, length -= 3 * kShortLane)
    value = update_three_lanes<kShortLane>(value, p);
  for (; length >= 8; p += 8, length -= 8) value = _mm_crc32_u64(value, simd::load_word<std::uint64_t>(p));
  auto result = static_cast<std::uint32_t>(value);
  if ((length & 4) != 0) {
    result = _mm_crc32_u32(result, simd::load_word<std::uint32_t>(p));
    p += 4;
  }
  if ((length & 2) != 0) {
    result = _mm_crc32_u16(result, simd::load_word<std::uint16_t>(p));
    p += 2;
  }
  return (length & 1) != 0 ? _mm_crc32_u8(result, static_cast<unsigned char>(*p)) : result;
}

// Folding 64 bytes at a time, after Gopal, Ozturk et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
// Instruction" (Intel, 2009). Bit i of a reflected block of 128 bits is the coefficient of x^(127 - i): its first eight
// bytes weigh x^64 more than the other eight. A block moves over `bits` bits when both halves are multiplied by what
// x^(bits + 64) and x^bits leave. A product comes out one bit low, and a factor that fills 32 of its 64 bits stands for
// itself times x^32: hence 31 and 33.
struct FoldFactors {
  std::uint64_t first;
  std::uint64_t second;
};
constexpr FoldFactors fold_factors(std::uint64_t bits) noexcept {
  return {power_of_x(bits + 31), power_of_x(bits - 33)};
}

// Four blocks moved by the same factors.
struct alignas(64) WideFactors {
  FoldFactors of[4];
};
constexpr WideFactors wide_factors(std::uint64_t bits) noexcept {
  const FoldFactors factors = fold_factors(bits);
  return {{factors, factors, factors, factors}};
}

#define BYTEOR_CRC32C_WIDE "sse4.2,pclmul,avx512f,vpclmulqdq"

// Each of the four blocks of `value` moved as `factors` say, and `next` added.
[[gnu::target(BYTEOR_CRC32C_WIDE), gnu::always_inline]] inline __m512i fold(__m512i value, __m512i factors,
                                                                            __m512i next) noexcept {
  static constexpr int kExclusiveOr = 0x96;
  return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(value, factors, 0x00),
                                   _mm512_clmulepi64_epi128(value, factors, 0x11), next, kExclusiveOr);
}

// The register after the 64 bytes of `value`: its four blocks are moved to where the last one is, and the CRC
// instruction reduces their sum.
[[gnu::target(BYTEOR_CRC32C_WIDE), gnu::always_inline]] inline std::uint32_t reduce(__m512i value) noexcept {
  static constexpr WideFactors kFactors = {{fold_factors(384), fold_factors(256), fold_factors(128), {0, 0}}};
  alignas(64) std::uint64_t words[8];
  _mm512_store_si512(words, fold(value, _mm512_load_si512(&kFactors), _mm512_setzero_si512()));
  alignas(64) std::uint64_t last[8];
  _mm512_store_si512(last, value);
  const std::uint64_t first = _mm_crc32_u64(0, words[0] ^ words[2] ^ words[4] ^ last[6]);
  return static_cast<std::uint32_t>(_mm_crc32_u64(first, words[1] ^ words[3] ^ words[5] ^ last[7]));
}

// From here on folding takes fewer instructions and no more time; shorter inputs, and what is left of longer ones, are
// the CRC instruction's.
inline constexpr std::size_t kWideMin = 256;

[[gnu::target(BYTEOR_CRC32C_WIDE)]] inline std::uint32_t update_wide(std::uint32_t state, const char* p,
                                                                     std::size_t length) noexcept {
  static constexpr std::size_t kStride = 4 * sizeof(__m512i);
  static constexpr WideFactors kNear = wide_factors(8 * sizeof(__m512i));
  static constexpr WideFactors kFar = wide_factors(8 * kStride);
  if (length < kWideMin) return update_sse42(state, p, length);
  const auto* block = reinterpret_cast<const __m512i_u*>(p);
  __m512i first =
      _mm512_xor_si512(_mm512_loadu_si512(block), _mm512_zextsi128_si512(_mm_cvtsi32_si128(static_cast<int>(state))));
  __m512i second = _mm512_loadu_si512(block + 1);
  __m512i third = _mm512_loadu_si512(block + 2);
  __m512i fourth = _mm512_loadu_si512(block + 3);
  const __m512i far = _mm512_load_si512(&kFar);
  for (block += 4, length -= kStride; length >= kStride; block += 4, length -= kStride) {
    first = fold(first, far, _mm512_loadu_si512(block));
    second = fold(second, far, _mm512_loadu_si512(block + 1));
    third = fold(third, far, _mm512_loadu_si512(block + 2));
    fourth = fold(fourth, far, _mm512_loadu_si512(block + 3));
  }
  const __m512i near = _mm512_load_si512(&kNear);
  const __m512i all = fold(fold(fold(first, near, second), near, third), near, fourth);
  return update_sse42(reduce(all), reinterpret_cast<const char*>(block), length);
}

inline bool has_sse42() noexcept { return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul"); }
inline bool has_wide() noexcept {
  return has_sse42() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("vpclmulqdq");
}

#elif defined(BYTEOR_CRC32C_ARM)

// One chain: the instruction takes two cycles on current cores, and moving lanes would need another extension.
[[gnu::target("+crc")]] inline std::uint32_t update_arm(std::uint32_t state, const char* p,
                                                        std::size_t length) noexcept {
  for (; length >= 8; p += 8, length -= 8) state = __builtin_aarch64_crc32cx(state, simd::load_word<std::uint64_t>(p));
  if ((length & 4) != 0) {
    state = __builtin_aarch64_crc32cw(state, simd::load_word<std::uint32_t>(p));
    p += 4;
  }
  if ((length & 2) != 0) {
    state = __builtin_aarch64_crc32ch(state, simd::load_word<std::uint16_t>(p));
    p += 2;
  }
  return (length & 1) != 0 ? __builtin_aarch64_crc32cb(state, static_cast<unsigned char>(*p)) : state;
}

#endif

using Update = std::uint32_t (*)(std::uint32_t state, const char* p, std::size_t length) noexcept;

// The fastest way of this machine.
inline Update best_update() noexcept {
#if defined(BYTEOR_CRC32C_SSE42)
  if (has_wide()) return update_wide;
  if (has_sse42()) return update_sse42;
#elif defined(BYTEOR_CRC32C_ARM) && defined(__linux__)
  static constexpr unsigned long kHwcapCrc32 = 1ul << 7;
  if ((getauxval(AT_HWCAP) & kHwcapCrc32) != 0) return update_arm;
#elif defined(BYTEOR_CRC32C_ARM) && defined(__ARM_FEATURE_CRC32)
  return update_arm;
#endif
  return update_tables;
}

}  // namespace crc

// A way to compute CRC32C, chosen once. Copyable; any thread.
class Crc32c {
 public:
  Crc32c() noexcept : update_(crc::best_update()) {}
  explicit Crc32c(crc::Update update) noexcept : update_(update) {}

  // The CRC of everything whose CRC is `crc`, followed by `bytes`. Begin with 0.
  std::uint32_t extend(std::uint32_t crc, std::string_view bytes) const noexcept {
    return ~update_(~crc, bytes.data(), bytes.size());
  }

 private:
  crc::Update update_;
};

}  // namespace byteor::op

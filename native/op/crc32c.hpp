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

// What stands before the bytes of a frame: their length in 32 bits and two words, little-endian. In registers, because
// what was just stored cannot always be loaded at once.
struct Head {
  std::uint32_t length;
  std::uint64_t first;
  std::uint64_t second;
};

// What the CRC is computed of. Each of its bytes is loaded once.
struct Bytes {
  const char* p;

  template <class Word>
  BYTEOR_ALWAYS_INLINE Word word(std::size_t at) const noexcept {
    return simd::load_word<Word>(p + at);
  }
  BYTEOR_ALWAYS_INLINE void skip(std::size_t bytes) noexcept { p += bytes; }
};

// Keeps the compiler from loading `value` a second time, for the store or for the CRC.
#if defined(__GNUC__)
#define BYTEOR_CRC32C_LOADED(registers, value) asm volatile("" : "+" registers(value))
#else
#define BYTEOR_CRC32C_LOADED(registers, value) (void)(value)
#endif

// The same, and what was loaded is also stored: the copy has the CRC even while another thread changes the bytes, and
// it need not be read.
struct CopiedBytes {
  const char* __restrict p;
  char* __restrict to;

  template <class Word>
  BYTEOR_ALWAYS_INLINE Word word(std::size_t at) const noexcept {
    auto word = simd::load_word<Word>(p + at);
    BYTEOR_CRC32C_LOADED("r", word);
    std::memcpy(to + at, &word, sizeof word);
    return word;
  }
  BYTEOR_ALWAYS_INLINE void skip(std::size_t bytes) noexcept {
    p += bytes;
    to += bytes;
  }
};

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

template <class In>
inline std::uint32_t update_tables(std::uint32_t state, In in, std::size_t length) noexcept {
  for (; length >= 8; in.skip(8), length -= 8) {
    const auto loaded = in.template word<std::uint64_t>(0);
    const std::uint64_t word = simd::load_little_endian(reinterpret_cast<const char*>(&loaded)) ^ state;
    state = 0;
    for (std::size_t i = 0; i < 8; ++i) state ^= kTables[7 - i][word >> (8 * i) & 0xff];
  }
  for (; length != 0; in.skip(1), --length)
    state = (state >> 8) ^ kTables[0][(state ^ in.template word<unsigned char>(0)) & 0xff];
  return state;
}

inline std::uint32_t update_tables(std::uint32_t state, const Head& head) noexcept {
  const auto add = [&state](std::uint64_t word, std::size_t bytes) {
    for (std::size_t i = 0; i != bytes; ++i) state = (state >> 8) ^ kTables[0][(state ^ word >> 8 * i) & 0xff];
  };
  add(head.length, 4);
  add(head.first, 8);
  add(head.second, 8);
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
template <std::size_t kLane, class In>
[[gnu::target("sse4.2,pclmul"), gnu::always_inline]] inline std::uint64_t update_three_lanes(std::uint64_t state,
                                                                                             In in) noexcept {
  static constexpr std::uint32_t kShiftOne = power_of_x(8 * kLane - 33);
  static constexpr std::uint32_t kShiftTwo = power_of_x(16 * kLane - 33);
  std::uint64_t second = 0;
  std::uint64_t third = 0;
  for (std::size_t i = 0; i < kLane - 8; i += 8) {
    state = _mm_crc32_u64(state, in.template word<std::uint64_t>(i));
    second = _mm_crc32_u64(second, in.template word<std::uint64_t>(kLane + i));
    third = _mm_crc32_u64(third, in.template word<std::uint64_t>(2 * kLane + i));
  }
  state = _mm_crc32_u64(state, in.template word<std::uint64_t>(kLane - 8));
  second = _mm_crc32_u64(second, in.template word<std::uint64_t>(2 * kLane - 8));
  const std::uint64_t moved =
      multiply(static_cast<std::uint32_t>(state), kShiftTwo) ^ multiply(static_cast<std::uint32_t>(second), kShiftOne);
  return _mm_crc32_u64(third, in.template word<std::uint64_t>(3 * kLane - 8) ^ moved);
}

template <class In>
[[gnu::target("sse4.2,pclmul")]] inline std::uint32_t update_sse42(std::uint32_t state, In in,
                                                                   std::size_t length) noexcept {
  static constexpr std::size_t kLongLane = 512;
  // Log lines and small records, which are shorter than three long lanes and longer than three short ones.
  static constexpr std::size_t kMiddleLane = 80;
  static constexpr std::size_t kShortLane = 32;
  std::uint64_t value = state;
  for (; length >= 3 * kLongLane; in.skip(3 * kLongLane), length -= 3 * kLongLane)
    value = update_three_lanes<kLongLane>(value, in);
  for (; length >= 3 * kMiddleLane; in.skip(3 * kMiddleLane), length -= 3 * kMiddleLane)
    value = update_three_lanes<kMiddleLane>(value, in);
  for (; length >= 3 * kShortLane; in.skip(3 * kShortLane), length -= 3 * kShortLane)
    value = update_three_lanes<kShortLane>(value, in);
  for (; length >= 8; in.skip(8), length -= 8) value = _mm_crc32_u64(value, in.template word<std::uint64_t>(0));
  auto result = static_cast<std::uint32_t>(value);
  if ((length & 4) != 0) {
    result = _mm_crc32_u32(result, in.template word<std::uint32_t>(0));
    in.skip(4);
  }
  if ((length & 2) != 0) {
    result = _mm_crc32_u16(result, in.template word<std::uint16_t>(0));
    in.skip(2);
  }
  return (length & 1) != 0 ? _mm_crc32_u8(result, in.template word<unsigned char>(0)) : result;
}

[[gnu::target("sse4.2,pclmul"), gnu::always_inline]] inline std::uint32_t update_sse42(std::uint32_t state,
                                                                                       const Head& head) noexcept {
  return static_cast<std::uint32_t>(
      _mm_crc32_u64(_mm_crc32_u64(_mm_crc32_u32(state, head.length), head.first), head.second));
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

// The sixteen blocks of 256 bytes, each moved to where the last one is. That one stays where it is.
struct LastFactors {
  WideFactors of[4];
};
constexpr LastFactors last_factors() noexcept {
  LastFactors factors{};
  for (std::size_t block = 0; block != 15; ++block)
    factors.of[block / 4].of[block % 4] = fold_factors(128 * (15 - block));
  return factors;
}

// The register after 256 bytes: no block waits for another one before all are added, and the CRC instruction reduces
// their sum.
[[gnu::target(BYTEOR_CRC32C_WIDE), gnu::always_inline]] inline std::uint32_t reduce(__m512i first, __m512i second,
                                                                                    __m512i third,
                                                                                    __m512i fourth) noexcept {
  static constexpr LastFactors kFactors = last_factors();
  const __m512i one = fold(second, _mm512_load_si512(&kFactors.of[1]),
                           fold(first, _mm512_load_si512(&kFactors.of[0]), _mm512_setzero_si512()));
  const __m512i two = fold(fourth, _mm512_load_si512(&kFactors.of[3]),
                           fold(third, _mm512_load_si512(&kFactors.of[2]), _mm512_setzero_si512()));
  alignas(64) __m128i blocks[4];
  _mm512_store_si512(blocks, _mm512_xor_si512(one, two));
  alignas(64) __m128i last[4];
  _mm512_store_si512(last, fourth);
  const __m128i sum =
      _mm_xor_si128(_mm_xor_si128(_mm_xor_si128(blocks[0], blocks[1]), _mm_xor_si128(blocks[2], blocks[3])), last[3]);
  const std::uint64_t low = _mm_crc32_u64(0, static_cast<std::uint64_t>(_mm_cvtsi128_si64(sum)));
  return static_cast<std::uint32_t>(_mm_crc32_u64(low, static_cast<std::uint64_t>(_mm_extract_epi64(sum, 1))));
}

// From here on folding takes fewer instructions and no more time; shorter inputs, and what is left of longer ones, are
// the CRC instruction's.
inline constexpr std::size_t kWideMin = 256;

[[gnu::target(BYTEOR_CRC32C_WIDE), gnu::always_inline]] inline __m512i block_of(const Bytes& in,
                                                                                std::size_t index) noexcept {
  return _mm512_loadu_si512(in.p + index * sizeof(__m512i));
}
[[gnu::target(BYTEOR_CRC32C_WIDE), gnu::always_inline]] inline __m512i block_of(const CopiedBytes& in,
                                                                                std::size_t index) noexcept {
  __m512i block = _mm512_loadu_si512(in.p + index * sizeof block);
  BYTEOR_CRC32C_LOADED("v", block);
  _mm512_storeu_si512(in.to + index * sizeof block, block);
  return block;
}

template <class In>
[[gnu::target(BYTEOR_CRC32C_WIDE)]] inline std::uint32_t update_wide(std::uint32_t state, In in,
                                                                     std::size_t length) noexcept {
  static constexpr std::size_t kStride = 4 * sizeof(__m512i);
  static constexpr WideFactors kFar = wide_factors(8 * kStride);
  if (length < kWideMin) return update_sse42(state, in, length);
  __m512i first = _mm512_xor_si512(block_of(in, 0), _mm512_zextsi128_si512(_mm_cvtsi32_si128(static_cast<int>(state))));
  __m512i second = block_of(in, 1);
  __m512i third = block_of(in, 2);
  __m512i fourth = block_of(in, 3);
  const __m512i far = _mm512_load_si512(&kFar);
  for (in.skip(kStride), length -= kStride; length >= kStride; in.skip(kStride), length -= kStride) {
    first = fold(first, far, block_of(in, 0));
    second = fold(second, far, block_of(in, 1));
    third = fold(third, far, block_of(in, 2));
    fourth = fold(fourth, far, block_of(in, 3));
  }
  return update_sse42(reduce(first, second, third, fourth), in, length);
}

inline bool has_sse42() noexcept { return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul"); }
inline bool has_wide() noexcept {
  return has_sse42() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("vpclmulqdq");
}

#elif defined(BYTEOR_CRC32C_ARM)

// One chain: the instruction takes two cycles on current cores, and moving lanes would need another extension.
template <class In>
[[gnu::target("+crc")]] inline std::uint32_t update_arm(std::uint32_t state, In in, std::size_t length) noexcept {
  for (; length >= 8; in.skip(8), length -= 8)
    state = __builtin_aarch64_crc32cx(state, in.template word<std::uint64_t>(0));
  if ((length & 4) != 0) {
    state = __builtin_aarch64_crc32cw(state, in.template word<std::uint32_t>(0));
    in.skip(4);
  }
  if ((length & 2) != 0) {
    state = __builtin_aarch64_crc32ch(state, in.template word<std::uint16_t>(0));
    in.skip(2);
  }
  return (length & 1) != 0 ? __builtin_aarch64_crc32cb(state, in.template word<unsigned char>(0)) : state;
}

[[gnu::target("+crc"), gnu::always_inline]] inline std::uint32_t update_arm(std::uint32_t state,
                                                                            const Head& head) noexcept {
  return __builtin_aarch64_crc32cx(__builtin_aarch64_crc32cx(__builtin_aarch64_crc32cw(state, head.length), head.first),
                                   head.second);
}

#endif

// One of the ways above, for bytes alone, and for a frame whose bytes are copied.
struct Way {
  std::uint32_t (*of)(std::uint32_t state, Bytes in, std::size_t length) noexcept;
  std::uint32_t (*of_frame)(std::uint32_t state, std::uint64_t first, std::uint64_t second, const char* from, char* to,
                            std::uint32_t length) noexcept;
};

inline std::uint32_t frame_tables(std::uint32_t state, std::uint64_t first, std::uint64_t second, const char* from,
                                  char* to, std::uint32_t length) noexcept {
  return update_tables(update_tables(state, Head{length, first, second}), CopiedBytes{from, to}, length);
}
inline constexpr Way kTablesWay{update_tables<Bytes>, frame_tables};

#if defined(BYTEOR_CRC32C_SSE42)
[[gnu::target("sse4.2,pclmul")]] inline std::uint32_t frame_sse42(std::uint32_t state, std::uint64_t first,
                                                                  std::uint64_t second, const char* from, char* to,
                                                                  std::uint32_t length) noexcept {
  return update_sse42(update_sse42(state, Head{length, first, second}), CopiedBytes{from, to}, length);
}
inline constexpr Way kSse42Way{update_sse42<Bytes>, frame_sse42};

[[gnu::target(BYTEOR_CRC32C_WIDE)]] inline std::uint32_t frame_wide(std::uint32_t state, std::uint64_t first,
                                                                    std::uint64_t second, const char* from, char* to,
                                                                    std::uint32_t length) noexcept {
  return update_wide(update_sse42(state, Head{length, first, second}), CopiedBytes{from, to}, length);
}
inline constexpr Way kWideWay{update_wide<Bytes>, frame_wide};
#elif defined(BYTEOR_CRC32C_ARM)
[[gnu::target("+crc")]] inline std::uint32_t frame_arm(std::uint32_t state, std::uint64_t first, std::uint64_t second,
                                                       const char* from, char* to, std::uint32_t length) noexcept {
  return update_arm(update_arm(state, Head{length, first, second}), CopiedBytes{from, to}, length);
}
inline constexpr Way kArmWay{update_arm<Bytes>, frame_arm};
#endif

// The fastest way of this machine.
inline const Way& best_way() noexcept {
#if defined(BYTEOR_CRC32C_SSE42)
  if (has_wide()) return kWideWay;
  if (has_sse42()) return kSse42Way;
#elif defined(BYTEOR_CRC32C_ARM) && defined(__linux__)
  static constexpr unsigned long kHwcapCrc32 = 1ul << 7;
  if ((getauxval(AT_HWCAP) & kHwcapCrc32) != 0) return kArmWay;
#elif defined(BYTEOR_CRC32C_ARM) && defined(__ARM_FEATURE_CRC32)
  return kArmWay;
#endif
  return kTablesWay;
}

}  // namespace crc

// A way to compute CRC32C, chosen once. Copyable; any thread.
class Crc32c {
 public:
  Crc32c() noexcept : way_(crc::best_way()) {}
  explicit Crc32c(const crc::Way& way) noexcept : way_(way) {}

  // The CRC of everything whose CRC is `crc`, followed by `bytes`. Begin with 0.
  std::uint32_t extend(std::uint32_t crc, std::string_view bytes) const noexcept {
    return ~way_.of(~crc, {bytes.data()}, bytes.size());
  }

  // The same for a frame: the length of `bytes` in 32 bits, two words, and `bytes`, which are copied to `to` and do not
  // overlap it. Every one of them is read once, so that the CRC is that of the copy, whatever is written to them
  // meanwhile.
  std::uint32_t extend_frame(std::uint32_t crc, std::uint64_t first, std::uint64_t second, std::string_view bytes,
                             char* to) const noexcept {
    return ~way_.of_frame(~crc, first, second, bytes.data(), to, static_cast<std::uint32_t>(bytes.size()));
  }

 private:
  crc::Way way_;
};

}  // namespace byteor::op

#undef BYTEOR_CRC32C_LOADED

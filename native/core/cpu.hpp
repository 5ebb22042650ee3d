// The unit of false sharing, the pause instruction, and what the compiler must inline. Hot code: no allocation,
// no exception.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

#include "abi/abi_generated.hpp"

#if defined(__GNUC__)
#define BYTEOR_ALWAYS_INLINE [[gnu::always_inline]] inline
#define BYTEOR_INLINED_LAMBDA __attribute__((always_inline))
#define BYTEOR_NEVER_INLINE [[gnu::noinline]]
#else
#define BYTEOR_ALWAYS_INLINE inline
#define BYTEOR_INLINED_LAMBDA
#define BYTEOR_NEVER_INLINE
#endif

namespace byteor::core {

// Two 64-byte lines: Intel and Apple prefetch lines in pairs, so a neighbour within 128 bytes still interferes.
inline constexpr std::size_t kCacheBlock = abi::kCacheBlock;

inline constexpr std::size_t kCacheLine = 64;

// How far ahead of its place a writer asks for lines whose last owner is a reader on another CPU. As many must be on
// their way as are written while one comes; twice as many measured no faster.
inline constexpr std::uint32_t kFetchAheadBytes = 1024;
// A reader that has caught up takes the lines behind what it reads as well (its CPU fetches ahead of it), so the
// nearest ones are asked for again and again.
inline constexpr std::uint32_t kFetchAgainLines = 3;

// Where records for a reader on another CPU are made before they are copied to it as whole lines: fits the nearest
// cache beside what they are made from. A short batch is copied line by line, so its lines are asked for when it
// begins.
inline constexpr std::uint32_t kStagingBytes = 16384;
inline constexpr std::uint32_t kFetchRoomBytes = 2048;

// Tells the core that this is a spin loop; keeps a sibling hardware thread and the memory system responsive.
inline void cpu_relax() noexcept {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield" ::: "memory");
#endif
}

// Asks for the line with `at` as its writer, so that a store to it later does not have to wait. Changes nothing else.
inline void prefetch_for_write(const void* at) noexcept {
#if defined(__GNUC__) && defined(__x86_64__)
  // The builtin becomes a prefetch for reading here, because the build's baseline does not promise the instruction;
  // where a CPU does not have it, it does nothing.
  asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(at)));
#elif defined(__GNUC__)
  __builtin_prefetch(at, 1);
#else
  (void)at;
#endif
}

// The same for all lines of `bytes` from `from` on, a multiple of a line further each.
inline void prefetch_lines_for_write(const std::byte* from, std::size_t bytes) noexcept {
  for (std::size_t at = 0; at < bytes; at += kCacheLine) prefetch_for_write(from + at);
}

inline void prefetch_lines_for_read(const std::byte* from, std::size_t bytes) noexcept {
#if defined(__GNUC__)
  for (std::size_t at = 0; at < bytes; at += kCacheLine) __builtin_prefetch(from + at);
#else
  (void)from, (void)bytes;
#endif
}

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t to) noexcept { return (value + to - 1) / to * to; }

}  // namespace byteor::core

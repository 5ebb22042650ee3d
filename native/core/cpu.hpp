// The unit of false sharing and the pause instruction. Hot code: no allocation, no exception.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace byteor::core {

// Two 64-byte lines: Intel and Apple prefetch lines in pairs, so a neighbour within 128 bytes still interferes.
inline constexpr std::size_t kCacheBlock = 128;

// Tells the core that this is a spin loop; keeps a sibling hardware thread and the memory system responsive.
inline void cpu_relax() noexcept {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield" ::: "memory");
#endif
}

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t to) noexcept { return (value + to - 1) / to * to; }

}  // namespace byteor::core

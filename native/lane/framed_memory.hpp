// What the records of a Framed lane look like in its memory: one stream of frames, each a header, the record's bytes
// and padding to 8. Positions count bytes and never wrap (64 bits; the low 32 where an end is JavaScript); the byte
// stands at position & (memory_bytes - 1).
//
//   | length flags ordinal | record … 0 | length flags ordinal | record … | length PADDING |
//   0                      16           ▲ a multiple of 8                                  ▲ the wrap
//
// A frame is contiguous. One that does not fit before the wrap is preceded by padding up to it: a header of 8 bytes
// whose length is the distance to the wrap. Padding and the frame after it are published together. Hot code: no
// allocation, no exception.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "abi/abi_generated.hpp"

namespace byteor::lane {

// Where a lane's frames lie. Resolved once, when the graph is built; read-only afterwards.
struct FramedMemory {
  std::byte* data = nullptr;         // 8-byte aligned
  std::uint32_t memory_bytes = 0;    // power of two ≥ capacity_bytes, at most 2^30
  std::uint32_t capacity_bytes = 0;  // as the author asked for: the gate, exact
  std::uint32_t record_max = 0;      // bytes; at most framed_record_max(capacity_bytes)
  // A reader may sleep, so publications are seq_cst (S5); with spinning threads release is enough.
  bool may_sleep = true;
};

// Bytes of a lane from one frame to the next.
constexpr std::uint32_t frame_bytes(std::uint32_t length) noexcept {
  return (abi::kFrameHeaderBytes + length + abi::kFrameAlign - 1) & ~(abi::kFrameAlign - 1);
}

// The longest record of a lane. A frame of half the lane always finds room once the lane is empty: the padding before
// it is shorter than it is.
constexpr std::uint32_t framed_record_max(std::uint32_t capacity_bytes) noexcept {
  const std::uint32_t half = capacity_bytes / 2 & ~(abi::kFrameAlign - 1);
  return half > abi::kFrameHeaderBytes ? half - abi::kFrameHeaderBytes : 0;
}

// The first 8 bytes of a frame or of padding. Read and written as one word: two halves that meet in the store buffer of
// one thread, which is both ends of a lane when roles share it, would stall the load.
struct FrameStart {
  std::uint32_t length;
  std::uint32_t flags;
};
static_assert(sizeof(FrameStart) == 8 && offsetof(abi::Frame, length) == offsetof(FrameStart, length) &&
              offsetof(abi::Frame, flags) == offsetof(FrameStart, flags));

struct FramedLayout {
  static std::byte* at(const FramedMemory& memory, std::uint64_t position) noexcept {
    return memory.data + (position & (memory.memory_bytes - 1));
  }
  static std::byte* record_at(const FramedMemory& memory, std::uint64_t position) noexcept {
    return at(memory, position) + abi::kFrameHeaderBytes;
  }
  // Bytes from a position to the wrap.
  static std::uint32_t to_wrap(const FramedMemory& memory, std::uint64_t position) noexcept {
    return memory.memory_bytes - (static_cast<std::uint32_t>(position) & (memory.memory_bytes - 1));
  }
  // Relaxed, and once: the order comes from the position that was published (S1), and what JavaScript overwrites while
  // we look is judged and used as one value.
  static FrameStart start_of(const FramedMemory& memory, std::uint64_t position) noexcept {
    return std::bit_cast<FrameStart>(word_at(at(memory, position)).load(std::memory_order_relaxed));
  }
  static std::uint64_t ordinal_of(const FramedMemory& memory, std::uint64_t position) noexcept {
    return ordinal_in(at(memory, position));
  }
  static std::uint64_t ordinal_in(std::byte* frame) noexcept {
    return word_at(frame + offsetof(abi::Frame, ordinal)).load(std::memory_order_relaxed);
  }
  // Wherever `position` is: of a frame that has not been judged.
  static std::uint64_t ordinal_within(const FramedMemory& memory, std::uint64_t position) noexcept {
    return word_at(at(memory, (position + offsetof(abi::Frame, ordinal)) & ~std::uint64_t{abi::kFrameAlign - 1}))
        .load(std::memory_order_relaxed);
  }
  static void write_start(std::byte* to, std::uint32_t length, std::uint32_t flags) noexcept {
    word_at(to).store(std::bit_cast<std::uint64_t>(FrameStart{length, flags}), std::memory_order_relaxed);
  }
  static void write_ordinal(std::byte* frame, std::uint64_t ordinal) noexcept {
    word_at(frame + offsetof(abi::Frame, ordinal)).store(ordinal, std::memory_order_relaxed);
  }

 private:
  static std::atomic<std::uint64_t>& word_at(std::byte* to) noexcept {
    return *reinterpret_cast<std::atomic<std::uint64_t>*>(to);
  }
};

}  // namespace byteor::lane

// Two ways to lay out records of varying length without counters, shutdown or errors, batch 64, every byte written and
// read. Neither is what a plan gets as it stands here; they are measured beside plans (docs/decisions/050, 077):
//   bare slots    slots with room for the longest record: no second place to look at, but a stride for the rare case
//   bare frames   header and bytes in one stream, found by walking: the form of lanes
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "core/cpu.hpp"
#include "core/record.hpp"

namespace byteor::bench {

// Lengths of a workload: all equal, or as in server logs (most lines 40…179 bytes, one in 100 from 1000 to 2499).
class Lengths {
 public:
  // `bytes` 0: the log-like mixture.
  explicit Lengths(std::uint32_t bytes) : lengths_(kCount, bytes) {
    if (bytes != 0) return;
    std::uint32_t state = 12345;
    const auto next = [&state](std::uint32_t below) {
      state = state * 1664525 + 1013904223;
      return (state >> 8) % below;
    };
    for (std::uint32_t& length : lengths_) length = next(100) == 0 ? 1000 + next(1500) : 40 + next(140);
  }
  std::uint32_t at(std::uint64_t i) const noexcept { return lengths_[i & (kCount - 1)]; }
  std::uint32_t longest() const { return *std::max_element(lengths_.begin(), lengths_.end()); }

 private:
  static constexpr std::size_t kCount = 4096;
  std::vector<std::uint32_t> lengths_;
};

// What every contestant writes and reads; the sum depends on each byte's word and on the length.
struct Text {
  static constexpr std::size_t kBytesMax = 4096;
  alignas(64) std::byte bytes[kBytesMax];
  Text() {
    for (std::size_t i = 0; i < kBytesMax; ++i) bytes[i] = static_cast<std::byte>(i * 7 + 3);
  }
  void write(std::byte* to, std::uint32_t length) const noexcept { std::memcpy(to, bytes, length); }
  static std::uint64_t sum(const std::byte* from, std::uint32_t length) noexcept {
    std::uint64_t total = length;
    std::uint32_t i = 0;
    for (; i + 8 <= length; i += 8) {
      std::uint64_t word;
      std::memcpy(&word, from + i, 8);
      total += word;
    }
    for (; i < length; ++i) total += static_cast<std::uint64_t>(from[i]);
    return total;
  }
  std::uint64_t expected(const Lengths& lengths, std::uint64_t n) const noexcept {
    std::uint64_t total = 0;
    for (std::uint64_t i = 0; i < n; ++i) total += sum(bytes, lengths.at(i));
    return total;
  }
};

// Such records, as the ends of a plan write and add them up. `lengths` and `text` outlive it.
struct Texts {
  const Lengths* lengths;
  const Text* text;

  std::uint32_t bytes(std::uint64_t i) const noexcept { return lengths->at(i); }
  void write(std::byte* to, std::uint64_t i) const noexcept { text->write(to, lengths->at(i)); }
  std::uint64_t sum(const core::RecordRef& record) const noexcept { return Text::sum(record.data, record.length); }
};

inline constexpr std::uint32_t kArenaBytes = 4u << 20;
inline constexpr std::uint32_t kLayoutBatch = 64;

// Two positions, in records or bytes, each on a block of its own, with the writer's and reader's private copies.
struct Positions {
  alignas(128) std::atomic<std::uint64_t> written{0};
  alignas(128) std::atomic<std::uint64_t> read{0};
  alignas(128) std::uint64_t next = 0;
  std::uint64_t gate = 0;
};

class BareSlots {
 public:
  BareSlots(std::uint32_t capacity, const Lengths& lengths)
      : lengths_(lengths),
        stride_((8 + lengths.longest() + 7) / 8 * 8),
        // The same bytes as the arena, at most the same slots.
        capacity_(std::bit_floor(std::min<std::uint32_t>(capacity, kArenaBytes / stride_))),
        slots_(std::size_t{capacity_} * stride_) {}

  void produce(std::uint64_t n) {
    Positions& at = *positions_;
    for (std::uint64_t i = 0; i < n; ++i, ++at.next) {
      while (at.next - at.gate == capacity_) {
        at.written.store(at.next, std::memory_order_release);
        at.gate = at.read.load(std::memory_order_acquire);
        if (at.next - at.gate == capacity_) core::cpu_relax();
      }
      std::byte* slot = slots_.data() + (at.next & (capacity_ - 1)) * stride_;
      const std::uint32_t length = lengths_.at(i);
      std::memcpy(slot, &length, 4);
      text_.write(slot + 8, length);
      if ((at.next & (kLayoutBatch - 1)) == kLayoutBatch - 1) at.written.store(at.next + 1, std::memory_order_release);
    }
    at.written.store(at.next, std::memory_order_release);
  }

  std::uint64_t consume(std::uint64_t n) {
    Positions& at = *positions_;
    std::uint64_t sum = 0;
    std::uint64_t i = at.read.load(std::memory_order_relaxed);
    const std::uint64_t last = i + n;
    while (i < last) {
      const std::uint64_t end = std::min(at.written.load(std::memory_order_acquire), i + kLayoutBatch);
      if (end == i) core::cpu_relax();
      for (; i < end; ++i) {
        const std::byte* slot = slots_.data() + (i & (capacity_ - 1)) * stride_;
        std::uint32_t length;
        std::memcpy(&length, slot, 4);
        sum += Text::sum(slot + 8, length);
      }
      at.read.store(i, std::memory_order_release);
    }
    return sum;
  }

 private:
  const Lengths& lengths_;
  Text text_;
  const std::uint32_t stride_;
  const std::uint32_t capacity_;
  std::vector<std::byte> slots_;
  std::unique_ptr<Positions> positions_ = std::make_unique<Positions>();
};

class BareFrames {
 public:
  BareFrames(std::uint32_t, const Lengths& lengths) : lengths_(lengths), bytes_(kArenaBytes) {}

  void produce(std::uint64_t n) {
    Positions& at = *positions_;
    for (std::uint64_t i = 0; i < n; ++i) {
      const std::uint32_t length = lengths_.at(i);
      const std::uint64_t need = (kHeader + length + 7) & ~std::uint64_t{7};
      const std::uint64_t to_wrap = kArenaBytes - (at.next & (kArenaBytes - 1));
      const std::uint64_t pad = to_wrap < need ? to_wrap : 0;
      while (at.next + pad + need - at.gate > kArenaBytes) {
        at.written.store(at.next, std::memory_order_release);
        at.gate = at.read.load(std::memory_order_acquire);
        if (at.next + pad + need - at.gate > kArenaBytes) core::cpu_relax();
      }
      if (pad != 0) {
        put(at.next, kPadding, i);
        at.next += pad;
      }
      put(at.next, length, i);
      text_.write(bytes_.data() + (at.next & (kArenaBytes - 1)) + kHeader, length);
      at.next += need;
      if ((i & (kLayoutBatch - 1)) == kLayoutBatch - 1) at.written.store(at.next, std::memory_order_release);
    }
    at.written.store(at.next, std::memory_order_release);
  }

  std::uint64_t consume(std::uint64_t n) {
    Positions& at = *positions_;
    std::uint64_t sum = 0;
    std::uint64_t position = at.read.load(std::memory_order_relaxed);
    for (std::uint64_t got = 0; got < n;) {
      const std::uint64_t end = at.written.load(std::memory_order_acquire);
      if (end == position) core::cpu_relax();
      for (std::uint32_t k = 0; k < kLayoutBatch && position != end; ++k) {
        const std::byte* frame = bytes_.data() + (position & (kArenaBytes - 1));
        std::uint32_t length;
        std::memcpy(&length, frame, 4);
        if (length == kPadding) {
          position += kArenaBytes - (position & (kArenaBytes - 1));
          continue;
        }
        sum += Text::sum(frame + kHeader, length);
        position += (kHeader + length + 7) & ~std::uint64_t{7};
        ++got;
      }
      at.read.store(position, std::memory_order_release);
    }
    return sum;
  }

 private:
  static constexpr std::uint64_t kHeader = 16;  // length, flags, 64-bit ordinal
  static constexpr std::uint32_t kPadding = 0xffffffff;

  void put(std::uint64_t position, std::uint32_t length, std::uint64_t ordinal) noexcept {
    std::byte* frame = bytes_.data() + (position & (kArenaBytes - 1));
    const std::uint32_t head[2] = {length, 0};
    std::memcpy(frame, head, 8);
    // At the very end of the arena there may be room for no more than the length that says so.
    if (length != kPadding) std::memcpy(frame + 8, &ordinal, 8);
  }

  const Lengths& lengths_;
  Text text_;
  std::vector<std::byte> bytes_;
  std::unique_ptr<Positions> positions_ = std::make_unique<Positions>();
};

}  // namespace byteor::bench

// A sequence counts records: it is the sequence of the next record, so [consumer, producer) is what may be read.
// Native threads keep 64 bits. A JS thread publishes a wrapping 32-bit cell (no BigInt on its hot path); a thread that
// reads a cell widens it against a 64-bit sequence of the same ring, which is never further away than the ring is long
// (2^30). Every order here has a SYNC POINT in ORDERING.md. Hot code: no allocation, no exception.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

namespace byteor::core {

inline constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

// The 64-bit sequence whose low half is `cell` and that lies nearest to `near` (|distance| < 2^31).
constexpr std::uint64_t widen(std::uint32_t cell, std::uint64_t near) noexcept {
  return near + static_cast<std::uint64_t>(
                    static_cast<std::int64_t>(static_cast<std::int32_t>(cell - static_cast<std::uint32_t>(near))));
}

// A counter that is kept as a double, as JavaScript reads it; whatever has been written over it, some number.
constexpr std::uint64_t whole(double counter) noexcept {
  constexpr double kMost = 9007199254740992;  // 2^53: exact below
  return counter > 0 ? static_cast<std::uint64_t>(counter < kMost ? counter : kMost) : 0;
}

// Another thread's sequence, as this thread reads it: a 64-bit cursor or a JS cell. Copyable, two pointers.
class SequenceReader {
 public:
  SequenceReader() = default;
  explicit SequenceReader(const std::atomic<std::uint64_t>& wide) noexcept : wide_(&wide) {}
  explicit SequenceReader(const std::atomic<std::uint32_t>& cell) noexcept : cell_(&cell) {}

  // SYNC POINT S1/S2: pairs with the publication of records or of room. seq_cst, because a thread that has armed its
  // sleep cell must not look at an older sequence than the one a publisher wrote before it looked at that cell.
  std::uint64_t load_seq_cst(std::uint64_t near) const noexcept {
    if (wide_ != nullptr) return wide_->load(std::memory_order_seq_cst);
    return widen(cell_->load(std::memory_order_seq_cst), near);
  }

 private:
  const std::atomic<std::uint64_t>* wide_ = nullptr;
  const std::atomic<std::uint32_t>* cell_ = nullptr;
};

}  // namespace byteor::core

// What a record looks like in a shard's memory, in the two layouts that lowering chooses between:
//
//   Variable   slots:  | position start length flags | …   16 bytes each, index = sequence & mask
//              arena:  | headroom record tailroom | …      8-byte aligned, contiguous; padding at the wrap
//   Fixed      slots:  | record | record | …               the struct itself; length and flags are the plan's, no bytes
//
// Hot code: no allocation, no exception. Who may touch a record when is decided by sequences (ORDERING.md).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "abi/abi_generated.hpp"
#include "core/cpu.hpp"

namespace byteor::core {

// One record as an op sees it. `data` may be moved down (prepend) and `length` may grow, within the reserved room.
struct RecordRef {
  std::byte* data;
  std::uint32_t length;  // bytes
  std::uint32_t flags;   // abi::TerminatorCode in the low bits
};

// Where a shard's records lie. Resolved once, when the graph is built; read-only afterwards.
struct RingMemory {
  std::byte* slots = nullptr;
  std::byte* arena = nullptr;
  std::uint32_t slot_mask = 0;
  std::uint32_t slot_stride = 0;
  std::uint32_t capacity = 0;  // records: the exact gate
  std::uint32_t record_bytes = 0;
  std::uint32_t record_max = 0;
  std::uint32_t headroom = 0;
  std::uint32_t tailroom = 0;
  std::uint32_t arena_bytes = 0;  // power of two ≤ 2^30; 0 when Fixed
  bool fixed = false;
  std::atomic<std::uint64_t>* stop_before = nullptr;
};

struct VariableLayout {
  static abi::Slot& slot(const RingMemory& ring, std::uint64_t sequence) noexcept {
    return reinterpret_cast<abi::Slot*>(ring.slots)[sequence & ring.slot_mask];
  }
  static RecordRef load(const RingMemory& ring, std::uint64_t sequence) noexcept {
    const abi::Slot& s = slot(ring, sequence);
    return {ring.arena + (s.start & (ring.arena_bytes - 1)), s.length, s.flags};
  }
  // After an op moved or resized the record. Only a stage that no other stage may race with writes.
  static void store(const RingMemory& ring, std::uint64_t sequence, const RecordRef& record) noexcept {
    abi::Slot& s = slot(ring, sequence);
    const std::byte* before = ring.arena + (s.start & (ring.arena_bytes - 1));
    s.start += static_cast<std::uint32_t>(record.data - before);
    s.length = record.length;
  }
};

struct FixedLayout {
  static RecordRef load(const RingMemory& ring, std::uint64_t sequence) noexcept {
    return {ring.slots + static_cast<std::size_t>(sequence & ring.slot_mask) * ring.slot_stride, ring.record_bytes, 0};
  }
  static void store(const RingMemory&, std::uint64_t, const RecordRef&) noexcept {}
};

inline RecordRef load_record(const RingMemory& ring, std::uint64_t sequence) noexcept {
  return ring.fixed ? FixedLayout::load(ring, sequence) : VariableLayout::load(ring, sequence);
}

}  // namespace byteor::core

// What a record looks like in a shard's memory, in the two layouts that lowering chooses between:
//
//   Variable   slots:  | position start length flags | …   16 bytes each, index = sequence & mask
//              arena:  | headroom record tailroom | …      8-byte aligned, contiguous; padding at the wrap
//   Fixed      slots:  | record | record | …               the struct itself; length and flags are the plan's, no bytes
//              slots:  | word record | word record | …     the same with a sequence word a slot (low-latency profiles)
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
  // Fixed with a sequence word in the slot: the record begins after the word, and a record is published by its word, so
  // that a consumer of single records fetches one line and not two. 0: published by the cursor.
  std::uint32_t word_bytes = 0;
  // Somebody on the other side may sleep, so publications are seq_cst (S5); with spinning threads release is enough.
  bool may_sleep = true;
  std::atomic<std::uint64_t>* stop_before = nullptr;
};

struct VariableLayout {
  static constexpr bool kHasSlots = true;

  static abi::Slot& slot(const RingMemory& ring, std::uint64_t sequence) noexcept {
    return reinterpret_cast<abi::Slot*>(ring.slots)[sequence & ring.slot_mask];
  }
  static RecordRef load(const RingMemory& ring, std::uint64_t sequence) noexcept {
    const abi::Slot& s = slot(ring, sequence);
    return {reservation(ring, s) + (s.start - s.position), s.length, s.flags};
  }
  // Whether the producer described a record that lies in the arena with all the room around it that ops may use. Native
  // producers always do; JavaScript can be made to write anywhere. Only before any stage has worked on the record.
  static bool sound(const RingMemory& ring, std::uint64_t sequence) noexcept {
    const abi::Slot& s = slot(ring, sequence);
    const std::uint64_t room = std::uint64_t{ring.headroom} + s.length + ring.tailroom;
    return s.start - s.position == ring.headroom && s.length <= ring.record_max &&
           (s.position & (ring.arena_bytes - 1)) + room <= ring.arena_bytes;
  }
  // After an op moved or resized the record. Only a stage that no other stage may race with writes.
  static void store(const RingMemory& ring, std::uint64_t sequence, const RecordRef& record) noexcept {
    abi::Slot& s = slot(ring, sequence);
    s.start = s.position + static_cast<std::uint32_t>(record.data - reservation(ring, s));
    s.length = record.length;
  }
  // A reservation is contiguous, so only its first byte is masked: an empty record may begin where the arena ends.
  static std::byte* reservation(const RingMemory& ring, const abi::Slot& s) noexcept {
    return ring.arena + (s.position & (ring.arena_bytes - 1));
  }
};

struct FixedLayout {
  static constexpr bool kHasSlots = false;

  static RecordRef load(const RingMemory& ring, std::uint64_t sequence) noexcept {
    return {at(ring, sequence), ring.record_bytes, 0};
  }
  static std::byte* at(const RingMemory& ring, std::uint64_t sequence) noexcept {
    return ring.slots + static_cast<std::size_t>(sequence & ring.slot_mask) * ring.slot_stride + ring.word_bytes;
  }
  // How many records lie side by side from that one on.
  static std::uint32_t to_wrap(const RingMemory& ring, std::uint64_t sequence) noexcept {
    return ring.slot_mask + 1 - (static_cast<std::uint32_t>(sequence) & ring.slot_mask);
  }
  // Low 32 bits of sequence + 1 once the record with that sequence stands in the slot; anything else before.
  static std::atomic<std::uint32_t>& word(const RingMemory& ring, std::uint64_t sequence) noexcept {
    return *reinterpret_cast<std::atomic<std::uint32_t>*>(
        ring.slots + static_cast<std::size_t>(sequence & ring.slot_mask) * ring.slot_stride);
  }
  static void store(const RingMemory&, std::uint64_t, const RecordRef&) noexcept {}
  static bool sound(const RingMemory&, std::uint64_t) noexcept { return true; }
};

// SYNC POINT S1/S2: publishes records, or gives room back. A loop of records without the ordered store, which waits for
// all before it, must not jump around that.
template <class T>
void publish_to(std::atomic<T>& cell, T value, bool may_sleep) noexcept {
  if (may_sleep) [[unlikely]]
    cell.store(value, std::memory_order_seq_cst);
  else
    cell.store(value, std::memory_order_release);
}

// Adjacent records of a Fixed ring, in place.
struct FixedSpan {
  std::byte* data;       // of the first record
  std::uint32_t count;   // 0: none now
  std::uint32_t stride;  // bytes from record to record
};

inline RecordRef load_record(const RingMemory& ring, std::uint64_t sequence) noexcept {
  return ring.fixed ? FixedLayout::load(ring, sequence) : VariableLayout::load(ring, sequence);
}

}  // namespace byteor::core

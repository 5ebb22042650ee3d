// What a record looks like in a shard's memory, in the two layouts that lowering chooses between:
//
//   Variable   slots:  | position start length flags | …   16 bytes each, index = sequence & mask
//              arena:  | headroom record tailroom | …      8-byte aligned, contiguous; padding at the wrap
//   Fixed      slots:  | record | record | …               the struct itself; length and flags are the plan's, no bytes
//              slots:  | word record | word record | …     the same with a sequence word a slot (low-latency profiles)
//
// A slot lies in memory that JavaScript can write to, at any moment. Its reader loads it once, judges what it
// loaded, and goes on with that; nothing is read twice.
//
// Hot code: no allocation, no exception. Who may touch a record when is decided by sequences (ORDERING.md).
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "abi/abi_generated.hpp"
#include "core/cpu.hpp"

namespace byteor::core {

// One record as an op sees it. `data` may be moved down (prepend) and `length` may grow, within the reserved room.
struct RecordRef {
  std::byte* data;
  std::uint32_t length;  // bytes
  std::uint32_t flags;   // abi::TerminatorCode in the low bits
};

// Why a record failed whose slot or frame cannot be what its writer wrote.
inline constexpr std::string_view kDamagedRecord =
    "the header of the record does not lie within what was claimed for it, so it was overwritten: write only to the "
    "bytes of the claim, and not after it has been committed";

// Bytes around a record that an op may write to.
struct Room {
  std::uint32_t before = 0;
  std::uint32_t behind = 0;
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
  // A reader may sleep, so publications are seq_cst (S5); with spinning threads release is enough.
  bool may_sleep = true;
};

struct VariableLayout {
  static constexpr bool kHasSlots = true;
  using Slot = abi::Slot;

  static Slot& slot(const RingMemory& ring, std::uint64_t sequence) noexcept {
    return reinterpret_cast<Slot*>(ring.slots)[sequence & ring.slot_mask];
  }
  // Each field once. They may be of different writes, which does not matter to who judges them together.
  BYTEOR_ALWAYS_INLINE static Slot load_slot(const RingMemory& ring, std::uint64_t sequence) noexcept {
    const auto* const fields = reinterpret_cast<const std::atomic<std::uint32_t>*>(&slot(ring, sequence));
    return {fields[0].load(std::memory_order_relaxed), fields[1].load(std::memory_order_relaxed),
            fields[2].load(std::memory_order_relaxed), fields[3].load(std::memory_order_relaxed)};
  }

  // Where a reservation begins: the one field that no stage writes, so the producer may look at it while stages work.
  static std::uint32_t load_position(const RingMemory& ring, std::uint64_t sequence) noexcept {
    return reinterpret_cast<const std::atomic<std::uint32_t>&>(slot(ring, sequence).position)
        .load(std::memory_order_relaxed);
  }

  // The record that a slot describes, and the slot as it was read. False when it does not lie in the arena with `room`
  // around it. A reservation is contiguous, so only its first byte is masked: an empty record may begin where the arena
  // ends.
  BYTEOR_ALWAYS_INLINE static bool load(const RingMemory& ring, std::uint64_t sequence, Room room, Slot& slot,
                                        RecordRef& record) noexcept {
    slot = load_slot(ring, sequence);
    const std::uint32_t offset = slot.position & (ring.arena_bytes - 1);
    const std::uint32_t moved = slot.start - slot.position;
    record = {ring.arena + offset + moved, slot.length, slot.flags};
    return moved >= room.before && std::uint64_t{offset} + moved + slot.length + room.behind <= ring.arena_bytes;
  }
  // The same of a slot as its producer wrote it, before any stage has worked on the record: with all the room around it
  // that ops may use. Tells more of what was overwritten than load() does.
  BYTEOR_ALWAYS_INLINE static bool load_written(const RingMemory& ring, std::uint64_t sequence, Slot& slot,
                                                RecordRef& record) noexcept {
    slot = load_slot(ring, sequence);
    const std::uint32_t offset = slot.position & (ring.arena_bytes - 1);
    record = {ring.arena + offset + ring.headroom, slot.length, slot.flags};
    return slot.start - slot.position == ring.headroom && slot.length <= ring.record_max &&
           slot.flags <= abi::kTerminatorMask &&
           std::uint64_t{offset} + ring.headroom + slot.length + ring.tailroom <= ring.arena_bytes;
  }
  // After an op moved or resized the record of `read`, the slot as it was loaded. Only a stage that no other stage may
  // race with writes.
  static void store(const RingMemory& ring, std::uint64_t sequence, const Slot& read,
                    const RecordRef& record) noexcept {
    const std::byte* const reservation = ring.arena + (read.position & (ring.arena_bytes - 1));
    Slot& to = slot(ring, sequence);
    to.start = read.position + static_cast<std::uint32_t>(record.data - reservation);
    to.length = record.length;
  }

 private:
  static_assert(sizeof(Slot) == 16 && offsetof(Slot, start) == 4 && offsetof(Slot, length) == 8 &&
                offsetof(Slot, flags) == 12);
};

struct FixedLayout {
  static constexpr bool kHasSlots = false;
  struct Slot {};

  static RecordRef load(const RingMemory& ring, std::uint64_t sequence) noexcept {
    return {at(ring, sequence), ring.record_bytes, 0};
  }
  BYTEOR_ALWAYS_INLINE static bool load(const RingMemory& ring, std::uint64_t sequence, Room, Slot&,
                                        RecordRef& record) noexcept {
    record = load(ring, sequence);
    return true;
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
  static void store(const RingMemory&, std::uint64_t, const Slot&, const RecordRef&) noexcept {}
  BYTEOR_ALWAYS_INLINE static bool load_written(const RingMemory& ring, std::uint64_t sequence, Slot&,
                                                RecordRef& record) noexcept {
    record = load(ring, sequence);
    return true;
  }
};

// SYNC POINT S1/S2: publishes records, or gives room back. A loop of records without the ordered store, which waits for
// all before it, must not jump around that.
template <class T>
BYTEOR_ALWAYS_INLINE void publish_to(std::atomic<T>& cell, T value, bool may_sleep) noexcept {
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

// Of a ring whose layout is known only now. False when the slot describes no record in the arena.
BYTEOR_ALWAYS_INLINE bool load_record(const RingMemory& ring, std::uint64_t sequence, RecordRef& record) noexcept {
  if (ring.fixed) {
    record = FixedLayout::load(ring, sequence);
    return true;
  }
  VariableLayout::Slot slot;
  return VariableLayout::load(ring, sequence, {}, slot, record);
}

}  // namespace byteor::core

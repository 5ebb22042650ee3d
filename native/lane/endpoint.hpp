// The two ends of a lane as roles see them, whatever kind the lane is. One thread owns an end at a time. Hot code: no
// allocation after construction, no exception; nothing here waits.
//
//   Outlet ──put / claim, commit──▶ lane ──take / peek, consume──▶ Inlet
//          ◀───────── release ─────
//
// Two ways to work. With peek() and put(), a batch of descriptions costs a few virtual calls, and a record none. With
// take() and a Batch, a role handles one record after the other, without descriptions in between: Inlet and Outlet have
// both for any lane, and the classes of lanes have their own, which a role that knows the class gets inlined
// (ends.hpp).
//
// Ordinals. Every record carries its place in the order of its ingress, so that an Ordered merge can restore it.
// Within one lane ordinals only grow (strictly, where an Ordered merge is downstream). A lane that is watermarked also
// says which ordinals can no longer come: a gap that a filter or a drop left is then known to be a gap, and no merge
// waits for it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/copy.hpp"
#include "core/cpu.hpp"
#include "core/record.hpp"

namespace byteor::lane {

// One record in a lane, in place.
struct LaneRecord {
  std::byte* data;
  std::uint32_t length;  // bytes
  std::uint32_t flags;   // abi::TerminatorCode in the low bits
  std::uint64_t ordinal;
};

// Which class an end is, for roles that call it without a virtual call.
enum class EndKind { kFramed, kSlots, kOther };

class Inlet {
 public:
  virtual ~Inlet() = default;

  virtual EndKind kind() const noexcept { return EndKind::kOther; }

  // Describes at most `limit` records that can be read now, in order, without moving on; returns how many. Calling it
  // again without consume() describes the same records, and perhaps more. They stay in place until release().
  virtual std::uint32_t peek(LaneRecord* records, std::uint32_t limit) noexcept = 0;

  // Moves over the next `count` of the records that the last peek() described; may be called several times for one
  // peek. They stay readable until release().
  virtual void consume(std::uint32_t count) noexcept = 0;

  // Hands at most `limit` records in order to `fn(const LaneRecord&) -> bool` and moves over those that it answers true
  // for; at the first other one it stops. Returns how many it moved over: 0 only when there is none, or `fn` takes
  // none.
  template <class Fn>
  std::uint32_t take(std::uint32_t limit, Fn&& fn) noexcept {
    std::array<LaneRecord, 64> records;
    std::uint32_t taken = 0;
    while (taken != limit) {
      const std::uint32_t count = peek(records.data(), std::min<std::uint32_t>(records.size(), limit - taken));
      std::uint32_t here = 0;
      while (here != count && fn(records[here])) ++here;
      consume(here);
      taken += here;
      if (here != count || count == 0) break;
    }
    return taken;
  }

  // For its role's end_backoff().
  virtual void end_backoff() noexcept {}

  // What was consumed since the last release is to be read again. False where an end does not go back.
  virtual bool rewind() noexcept { return false; }

  // Everything consumed so far may be overwritten. True when there was something to release.
  virtual bool release() noexcept = 0;

  // No record with a smaller ordinal will be read from here: the ordinal of the next record, or the writer's watermark
  // when there is none now; kNoLimit once the lane has ended. Only where the lane is watermarked.
  virtual std::uint64_t lower_bound() noexcept = 0;

  // The writer has closed the lane (or it was cut) and everything readable has been consumed.
  virtual bool ended() noexcept = 0;

  // Where every record is the same struct, and ordinals are not used: bytes from one record to the next. Elsewhere
  // 0.
  virtual std::uint32_t struct_stride() const noexcept { return 0; }
  // There alone: bytes of a record.
  virtual std::uint32_t struct_bytes() const noexcept { return 0; }

  // There alone: adjacent records in place, at most `limit` of them, beginning `skip` records behind the next one.
  // Count 0 when there is none now, and when what was known has been read but not released: a turn asks the writer for
  // more only once. Moves over nothing: consume() does.
  virtual core::FixedSpan span(std::uint32_t /*skip*/, std::uint32_t /*limit*/) noexcept { return {}; }

  // What stands where the next record should is not a record: JavaScript overwrote it. Nothing more can be read, and
  // the lane never ends by itself; the reader's role fails.
  virtual bool damaged() const noexcept { return false; }
};

class Outlet {
 public:
  virtual ~Outlet() = default;

  virtual EndKind kind() const noexcept { return EndKind::kOther; }

  // Largest record the lane takes, bytes.
  virtual std::uint32_t record_max() const noexcept = 0;

  // True where the lane drops what does not fit; then put() never stops and every record offered is done with.
  virtual bool drops() const noexcept = 0;

  // Copies as many records as there is room for and returns how many are done with: in the lane, or dropped and
  // counted by cause. Stops before a record that is longer than record_max() unless the lane drops.
  virtual std::uint32_t put(const LaneRecord* records, std::uint32_t count) noexcept = 0;

  // put() of those among the next `count` records whose byte in `filtered` is 0; the others are passed over.
  struct Sorted {
    std::uint32_t done;  // records that are done with, or passed over: all, or those before one without room
    std::uint32_t put;   // of them
  };
  virtual Sorted put_unfiltered(const LaneRecord* records, const std::uint8_t* filtered, std::uint32_t count) noexcept;

  // As an Inlet's, and the same structs from one. put_span() is a put() of them.
  virtual std::uint32_t struct_stride() const noexcept { return 0; }
  virtual std::uint32_t put_span(const core::FixedSpan& /*records*/) noexcept { return 0; }

  // Room for one record of up to `length` ≤ record_max() bytes, to be written in place; nullptr while the lane is full.
  // A claim that is not committed costs nothing.
  virtual std::byte* try_claim(std::uint32_t length) noexcept = 0;
  virtual void commit(std::uint32_t length, std::uint32_t flags, std::uint64_t ordinal) noexcept = 0;

  // For a writer that claims: the record at hand was not written, because the lane (which drops) is full or because it
  // is longer than record_max().
  virtual void count_dropped(bool too_large) noexcept = 0;

  // Makes what was put or committed visible; true when there was something.
  virtual bool publish() noexcept = 0;

  // After publish(): no record with an ordinal below `ordinal` will come any more. True when the watermark moved, which
  // readers must hear of. Does nothing where the lane is not watermarked.
  virtual bool advance(std::uint64_t ordinal) noexcept = 0;

  // Publishes, and nothing more will come.
  virtual void close() noexcept = 0;

  // Writes records one after the other. Classes of lanes have one that keeps what it needs in registers; while it
  // lives, nothing else is done with the outlet but counting drops.
  class Batch {
   public:
    explicit Batch(Outlet& outlet) noexcept : outlet_(outlet) {}
    std::byte* try_claim(std::uint32_t length) noexcept { return outlet_.try_claim(length); }
    void commit(std::uint32_t length, std::uint32_t flags, std::uint64_t ordinal) noexcept {
      outlet_.commit(length, flags, ordinal);
    }

   private:
    Outlet& outlet_;
  };
};

// Copies one record into the outlet whose batch this is. True when it is done with: in the lane, or dropped and counted
// by cause. Never where the lane does not drop and the record is longer than record_max().
template <class Out>
BYTEOR_ALWAYS_INLINE bool put_record(Out& outlet, typename Out::Batch& batch, const LaneRecord& record) noexcept {
  const bool fits = record.length <= outlet.record_max();
  std::byte* const to = fits ? batch.try_claim(record.length) : nullptr;
  if (to == nullptr) [[unlikely]] {
    if (outlet.drops()) outlet.count_dropped(!fits);
    return outlet.drops();
  }
  core::copy_record(to, record.data, record.length);
  batch.commit(record.length, record.flags, record.ordinal);
  return true;
}

// put() in terms of a batch.
template <class Out>
std::uint32_t put_records(Out& outlet, const LaneRecord* records, std::uint32_t count) noexcept {
  typename Out::Batch batch(outlet);
  std::uint32_t done = 0;
  while (done != count && put_record(outlet, batch, records[done])) ++done;
  return done;
}

// put_unfiltered() in terms of a batch.
template <class Out>
Outlet::Sorted put_unfiltered_records(Out& outlet, const LaneRecord* records, const std::uint8_t* filtered,
                                      std::uint32_t count) noexcept {
  typename Out::Batch batch(outlet);
  std::uint32_t done = 0;
  std::uint32_t passed_over = 0;
  for (; done != count; ++done) {
    if (filtered[done] != 0)
      ++passed_over;
    else if (!put_record(outlet, batch, records[done])) [[unlikely]]
      break;
  }
  return {done, done - passed_over};
}

inline Outlet::Sorted Outlet::put_unfiltered(const LaneRecord* records, const std::uint8_t* filtered,
                                             std::uint32_t count) noexcept {
  return put_unfiltered_records(*this, records, filtered, count);
}

}  // namespace byteor::lane

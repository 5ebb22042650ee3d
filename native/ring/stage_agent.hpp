// A stage whose op judges each record by itself. One virtual call a batch, none a record: op and layout are template
// arguments. Hot code: no allocation after construction, no exception.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "core/record.hpp"
#include "op/apply.hpp"
#include "op/op.hpp"
#include "ring/stage_base.hpp"

namespace byteor::ring {

template <class Layout, class Op>
class alignas(core::kCacheBlock) StageAgent final : public StageBase {
 public:
  StageAgent(StageContext context, Op& op) : StageBase(std::move(context)), op_(op) {}

  std::uint32_t do_work() noexcept override {
    const std::uint64_t end = context_.barrier.available(next_, limit_, true);
    // A record whose letter waits for room has been shown to the op.
    if (end == next_) return stays_for_letter() ? work_at_failed(next_) : rest();
    const std::uint64_t begin = next_;
    const bool failed = work(end);
    if constexpr (Op::kFails && !Op::kFilters)
      if (context_.own_marks != nullptr) [[unlikely]]
        hand_marks_on(begin);
    if (failed) [[unlikely]]
      return work_at_failed(begin);
    const std::uint32_t moved = end_turn<Op::kFilters>(begin);
    observe(abi::AgentState::kWorking, abi::kNone);
    return moved;
  }

 private:
  // Moves next_ to `end`, or to the record that failed; true when one did.
  bool work(std::uint64_t end) noexcept {
    if constexpr (Layout::kHasSlots)
      if (context_.checks_slots) return work_each<false, true>(end);
    if (!context_.marks.empty()) return work_each<true, false>(end);
    if constexpr (op::kPassive<Op>) {
      next_ = end;
      return false;
    }
    if constexpr (op::PassesStructs<Op> && !Layout::kHasSlots) {
      work_by_spans(end);
      return false;
    }
    return work_each<false, false>(end);
  }

  // Structs that lie side by side, up to the wrap and behind it.
  void work_by_spans(std::uint64_t end) noexcept {
    const core::RingMemory& ring = context_.ring;
    while (next_ != end) {
      const std::uint32_t to_wrap = core::FixedLayout::to_wrap(ring, next_);
      const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(end - next_, to_wrap));
      op::apply_to_span(op_, {core::FixedLayout::at(ring, next_), count, ring.slot_stride}, ring.record_bytes);
      next_ += count;
    }
  }

  template <bool kReadsMarks, bool kChecksSlots>
  bool work_each(std::uint64_t end) noexcept {
    // In registers: a compiler does not keep members there over the loads of a slot.
    const core::RingMemory ring = context_.ring;
    const core::Room room = Op::kWrites ? context_.room : core::Room{};
    for (; next_ != end; ++next_) {
      const std::uint32_t index = static_cast<std::uint32_t>(next_) & ring.slot_mask;
      if constexpr (kReadsMarks) {
        if (marked(index)) {
          if constexpr (Op::kFilters) context_.own_marks[index] = 1;
          ++skipped_;
          continue;
        }
      }
      typename Layout::Slot slot;
      core::RecordRef record;
      const bool sound = kChecksSlots ? Layout::load_written(ring, next_, slot, record)
                                      : Layout::load(ring, next_, room, slot, record);
      if (!sound) [[unlikely]]
        return damaged_ = true;
      const op::Outcome outcome = op_.apply(record);
      if constexpr (Op::kFails) {
        if (outcome == op::Outcome::kFail) [[unlikely]]
          return true;
      }
      if constexpr (Op::kWrites) Layout::store(ring, next_, slot, record);
      if constexpr (Op::kFilters) {
        const bool filtered = outcome == op::Outcome::kFilter;
        context_.own_marks[index] = filtered ? 1 : 0;
        gone_ += filtered ? 1 : 0;
      }
    }
    return false;
  }

  // Of an op that does not filter, so that the loop over records has no mark to write: behind it the op's own plane
  // says of the records from `begin` to next_ what the planes before it say.
  BYTEOR_NEVER_INLINE void hand_marks_on(std::uint64_t begin) noexcept {
    for (std::uint64_t s = begin; s != next_; ++s) {
      const std::uint32_t index = static_cast<std::uint32_t>(s) & context_.ring.slot_mask;
      context_.own_marks[index] = marked(index) ? 1 : 0;
    }
  }

  // Ends a turn that began at `begin`, at the record at next_, which has failed.
  BYTEOR_NEVER_INLINE std::uint32_t work_at_failed(std::uint64_t begin) noexcept {
    return end_turn_at_failed<Op::kFilters>(begin, fate(), [this] { return op_.cause(); });
  }

  Fate fate() noexcept {
    core::RecordRef record{};
    typename Layout::Slot slot;
    // Built-ins decide before they write, so the slot has the record as it came.
    damaged_ =
        damaged_ || !Layout::load(context_.ring, next_, Op::kWrites ? context_.room : core::Room{}, slot, record);
    if (damaged_) {
      failed_records_.stop(abi::FailureCause::kDamaged);
      return Fate::kStop;
    }
    return failed_records_.judge({record.data, record.length, record.flags, next_, abi::FailureCause::kRejected},
                                 [this] { return op_.cause(); });
  }

  Op& op_;
};

}  // namespace byteor::ring

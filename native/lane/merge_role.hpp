// Joins lanes into one, fairly: each inlet in its turn gives at most its part of a batch, and the inlet that was cut
// short by a full outlet goes to the end of the queue, unless nothing of its records went through. Each lane keeps its
// order; between lanes there is none. Where order has to be restored: ordered_merge_role.hpp.
//
// Hot code: no allocation after construction, no exception.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/cpu.hpp"
#include "core/record.hpp"
#include "lane/endpoint.hpp"
#include "lane/role.hpp"

namespace byteor::lane {

// What is left in the inlets of a merge. It fails no record for itself, for the reason given at RouterRole.
inline void settle_merge(std::vector<InletEnd>& inlets) noexcept {
  for (InletEnd& end : inlets) {
    settle_unread(*end.block, *end.producer, end.replayed);
    end.block->abandoned.store(
        end.block->in.load(std::memory_order_relaxed) - end.block->out.load(std::memory_order_relaxed),
        std::memory_order_relaxed);
  }
}

// `In`, `Out`: the classes of the ends, or Inlet and Outlet (ends.hpp).
template <class In, class Out>
class alignas(core::kCacheBlock) MergeRole final : public Role {
 public:
  explicit MergeRole(RoleContext context)
      : Role(std::move(context)),
        outlet_(static_cast<Out&>(*context_.outlets.front().outlet)),
        inlets_(static_cast<std::uint32_t>(context_.inlets.size())),
        part_(std::max(1u, context_.batch_records / inlets_)),
        copies_spans_(copies_spans(context_)),
        out_(inlets_) {}

  std::uint32_t do_work() noexcept override {
    if (finished()) return 0;
    if (stopping()) return finish();
    const std::uint32_t moved = copies_spans_ ? work_on_spans() : work();
    if (moved != 0) end_turn();
    if (full_ && waiting_length_ > outlet_.record_max()) [[unlikely]]
      return moved + fail_too_large(waiting_ordinal_, waiting_length_, context_.outlets.front());
    if (moved != 0)
      observe_work();
    else if (full_)
      observe_stall(context_.outlets.front());
    else
      return rest();
    return moved;
  }

  void settle() noexcept override { settle_merge(context_.inlets); }

 private:
  // A batch: a turn for each inlet, until the outlet is full.
  std::uint32_t work() noexcept {
    typename Out::Batch batch(outlet_);
    return take_turns([&](Inlet& inlet) BYTEOR_INLINED_LAMBDA {
      return static_cast<In&>(inlet).take(part_, [&](const LaneRecord& record) BYTEOR_INLINED_LAMBDA {
        if (put_record(outlet_, batch, record)) [[likely]]
          return true;
        full_ = true;
        waiting_ordinal_ = record.ordinal;
        waiting_length_ = record.length;
        return false;
      });
    });
  }

  std::uint32_t work_on_spans() noexcept {
    return take_turns([&](Inlet& inlet) {
      const Moved moved = move_spans(inlet, outlet_, part_);
      full_ = moved.full;
      return moved.records;
    });
  }

  // `take` moves one inlet's part of the batch.
  template <class Take>
  BYTEOR_ALWAYS_INLINE std::uint32_t take_turns(const Take& take) noexcept {
    std::uint32_t moved = 0;
    full_ = false;
    for (std::uint32_t i = 0; i != inlets_ && !full_; ++i) {
      const std::uint32_t put = take(*context_.inlets[turn_].inlet);
      out_[turn_] += put;
      moved += put;
      if (!full_ || put != 0) turn_ = turn_ + 1 == inlets_ ? 0 : turn_ + 1;
    }
    return moved;
  }

  // What is given back has been published before: who follows records through the graph relies on it.
  void end_turn() noexcept {
    outlet_.publish();
    for (std::uint32_t i = 0; i != inlets_; ++i) {
      const InletEnd& end = context_.inlets[i];
      if (end.inlet->release()) store(end.block->out, out_[i]);
    }
  }

  // No inlet had a record.
  std::uint32_t rest() noexcept {
    const InletEnd* waits_for = nullptr;
    for (const InletEnd& end : context_.inlets) {
      if (end.inlet->damaged()) [[unlikely]]
        return fail(end.inlet->lower_bound(), core::kDamagedRecord);
      if (waits_for == nullptr && !end.inlet->ended()) waits_for = &end;
    }
    if (waits_for == nullptr) return finish();
    observe_wait(*waits_for);
    return 0;
  }

  Out& outlet_;
  const std::uint32_t inlets_;
  const std::uint32_t part_;  // records of one inlet in a turn
  const bool copies_spans_;
  std::vector<std::uint64_t> out_;  // records passed on, by inlet
  std::uint32_t turn_ = 0;          // the inlet whose turn it is
  bool full_ = false;               // the outlet had no room for a record of that inlet:
  std::uint64_t waiting_ordinal_ = 0;
  std::uint64_t waiting_length_ = 0;
};

}  // namespace byteor::lane

// Joins lanes into one, fairly: each inlet in its turn gives at most its part of a batch, and whoever was cut short by
// a full outlet goes to the end of the queue, unless nothing of his went through. Each lane keeps its order; between
// lanes there is none. Where order has to be restored: ordered_merge_role.hpp.
//
// Hot code: no allocation after construction, no exception.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/cpu.hpp"
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

class alignas(core::kCacheBlock) MergeRole final : public Role {
 public:
  explicit MergeRole(RoleContext context)
      : Role(std::move(context)),
        outlet_(*context_.outlets.front().outlet),
        inlets_(static_cast<std::uint32_t>(context_.inlets.size())),
        part_(std::max(1u, context_.batch_records / inlets_)),
        records_(part_),
        out_(inlets_) {}

  std::uint32_t do_work() noexcept override {
    if (finished_) return 0;
    if (stopping()) return finish();
    full_ = false;
    std::uint32_t moved = 0;
    for (std::uint32_t i = 0; i != inlets_ && !full_ && !finished_; ++i) moved += take_turn();
    if (finished_) [[unlikely]]
      return moved + 1;
    if (outlet_.publish()) observe_work();
    if (moved != 0) return moved;
    if (full_)
      observe_stall(context_.outlets.front());
    else
      return rest();
    return 0;
  }

  void settle() noexcept override { settle_merge(context_.inlets); }

 private:
  // One inlet's part of the batch.
  std::uint32_t take_turn() noexcept {
    InletEnd& end = context_.inlets[turn_];
    const std::uint32_t count = end.inlet->peek(records_.data(), part_);
    const std::uint32_t put = count == 0 ? 0 : outlet_.put(records_.data(), count);
    full_ = put != count;
    if (put != 0) {
      out_[turn_] += put;
      end.inlet->consume(put);
      end.inlet->release();
      store(end.block->out, out_[turn_]);
    }
    if (full_ && records_[put].length > outlet_.record_max()) [[unlikely]] {
      fail_too_large(records_[put], context_.outlets.front());
      return put;
    }
    if (!full_ || put != 0) turn_ = turn_ + 1 == inlets_ ? 0 : turn_ + 1;
    return put;
  }

  // No inlet had a record.
  std::uint32_t rest() noexcept {
    const InletEnd* waits_for = nullptr;
    for (const InletEnd& end : context_.inlets) {
      if (end.inlet->damaged()) [[unlikely]]
        return fail(end.inlet->lower_bound(), kDamaged);
      if (waits_for == nullptr && !end.inlet->ended()) waits_for = &end;
    }
    if (waits_for == nullptr) return finish();
    observe_wait(*waits_for);
    return 0;
  }

  Outlet& outlet_;
  const std::uint32_t inlets_;
  const std::uint32_t part_;  // records of one inlet in a turn
  std::vector<LaneRecord> records_;
  std::vector<std::uint64_t> out_;  // records passed on, by inlet
  std::uint32_t turn_ = 0;          // the inlet whose turn it is
  bool full_ = false;
};

}  // namespace byteor::lane

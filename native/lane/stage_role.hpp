// A stage of a LaneGraph: one inlet, an op, one outlet, or none where the op is a sink. A bridge is a stage whose op is
// identity.
//
// An op that only reads works on the records where they lie; those that pass are put into the outlet in one go, which
// is the only copy. An op that writes gets its record copied into the outlet first, with the room it may need, and
// works there. An op sees every record once: what waits for room keeps its place in the batch.
//
//   batch  | put, filtered … | passing, waits for room … | failed or not looked at |
//          0                 consumed_                    applied_                  peeked
//
// Hot code: no allocation after construction, no exception.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/cpu.hpp"
#include "core/record.hpp"
#include "lane/endpoint.hpp"
#include "lane/role.hpp"
#include "op/op.hpp"

namespace byteor::lane {

template <class Op>
class alignas(core::kCacheBlock) StageRole final : public Role {
 public:
  // `op` outlives the role.
  StageRole(RoleContext context, Op& op)
      : Role(std::move(context)),
        op_(op),
        inlet_(*context_.inlets.front().inlet),
        block_(*context_.inlets.front().block),
        outlet_(context_.outlets.empty() ? nullptr : context_.outlets.front().outlet.get()),
        step_(context_.inlets.front().ordinal_step),
        watermarked_(outlet_ != nullptr && context_.outlets.front().watermarked),
        records_(context_.batch_records),
        places_(Op::kFilters ? context_.batch_records : 0) {}

  std::uint32_t do_work() noexcept override {
    if (finished_) return 0;
    if (stopping()) return finish();
    std::uint32_t moved = 0;
    if constexpr (Op::kWrites)
      moved = work_in_outlet();
    else
      moved = work_in_place();
    moved += end_turn();
    if (broken_) [[unlikely]]
      return moved + break_off();
    if (moved != 0)
      observe_work();
    else if (applied_ != consumed_ || stalled_)
      observe_stall(context_.outlets.front());
    else
      return rest();
    return moved;
  }

  // Of a failing stage: the failed record has been counted already; damage is no record that could be consumed.
  void settle() noexcept override {
    double left = settle_unread(block_, *context_.inlets.front().producer, context_.inlets.front().replayed);
    if (damaged_ && left > 0) left -= 1;
    add(block_.abandoned, left);
  }

 private:
  // Reads: a batch is looked at once, and put as room comes.
  std::uint32_t work_in_place() noexcept {
    if (consumed_ == applied_ && !failed_) {
      look_at(inlet_.peek(records_.data(), context_.batch_records));
    }
    const std::uint32_t put =
        kept_ == put_ || outlet_ == nullptr ? kept_ - put_ : outlet_->put(records_.data() + put_, kept_ - put_);
    put_ += put;
    out_ += put;
    const std::uint32_t done = put_ == kept_ ? applied_ : place(put_);
    const std::uint32_t moved = done - consumed_;
    if constexpr (Op::kFilters) filtered_ += moved - put;
    consumed_ = done;
    inlet_.consume(moved);
    if (moved != 0 && done == peeked_) next_ordinal_ = peeked_ordinal_ + step_;
    if (put_ == kept_)
      broken_ = failed_;
    else if (records_[put_].length > outlet_->record_max()) [[unlikely]]
      refuse(records_[put_].ordinal, records_[put_].length);
    return moved;
  }

  // Applies the op to a batch and closes the ranks of the records that pass.
  void look_at(std::uint32_t count) noexcept {
    consumed_ = put_ = 0;
    peeked_ = count;
    if (count != 0) peeked_ordinal_ = records_[count - 1].ordinal;
    std::uint32_t kept = 0;
    std::uint32_t at = 0;
    for (; at != count; ++at) {
      LaneRecord& record = records_[at];
      core::RecordRef ref{record.data, record.length, record.flags};
      const op::Outcome outcome = op_.apply(ref);
      if constexpr (Op::kFails) {
        if (outcome == op::Outcome::kFail) [[unlikely]] {
          failed_ = true;
          ordinal_ = record.ordinal;
          break;
        }
      }
      if constexpr (Op::kFilters) {
        if (outcome == op::Outcome::kFilter) continue;
        if (kept != at) records_[kept] = record;
        places_[kept] = at;
      }
      ++kept;
    }
    applied_ = at;
    kept_ = Op::kFilters ? kept : at;
  }

  // Where in the batch the `kept`-th record that passed stood.
  std::uint32_t place(std::uint32_t kept) const noexcept {
    if constexpr (Op::kFilters) return places_[kept];
    return kept;
  }

  // Writes: record by record, so that nothing is applied that has no room.
  std::uint32_t work_in_outlet() noexcept {
    const std::uint32_t count = inlet_.peek(records_.data(), context_.batch_records);
    std::uint32_t done = 0;
    stalled_ = false;
    for (; done != count; ++done) {
      const LaneRecord& record = records_[done];
      // All the room that the op asked for is what it takes: affixes know their size.
      const std::uint64_t need = std::uint64_t{context_.headroom} + record.length + context_.tailroom;
      const bool fits = need <= outlet_->record_max();
      std::byte* const to = fits ? outlet_->try_claim(static_cast<std::uint32_t>(need)) : nullptr;
      if (to == nullptr) [[unlikely]] {
        if (!outlet_->drops()) {
          stalled_ = true;
          if (!fits) refuse(record.ordinal, need);
          break;
        }
        outlet_->count_dropped(!fits);
        ++out_;
      } else if (!write(record, to)) {
        break;
      }
    }
    inlet_.consume(done);
    if (done == count && count != 0) next_ordinal_ = records_[count - 1].ordinal + step_;
    return done;
  }

  // False when the op failed the record.
  bool write(const LaneRecord& record, std::byte* to) noexcept {
    core::RecordRef ref{to + context_.headroom, record.length, record.flags};
    std::memcpy(ref.data, record.data, record.length);
    const op::Outcome outcome = op_.apply(ref);
    if (outcome == op::Outcome::kFail) [[unlikely]] {
      failed_ = broken_ = true;
      ordinal_ = record.ordinal;
      return false;
    }
    if (outcome == op::Outcome::kFilter) {
      ++filtered_;
      return true;
    }
    if (ref.data != to) std::memmove(to, ref.data, ref.length);
    outlet_->commit(ref.length, ref.flags, record.ordinal);
    ++out_;
    return true;
  }

  // Shows what has been done: records, room, counters, the watermark. What moved beyond the records themselves.
  std::uint32_t end_turn() noexcept {
    if (outlet_ != nullptr) outlet_->publish();
    if (inlet_.release()) {
      store(block_.out, out_);
      if constexpr (Op::kFilters || Op::kWrites) store(block_.filtered, filtered_);
    }
    return watermarked_ && advance(*outlet_, bound()) ? 1 : 0;
  }

  // The least ordinal that may still be put: that of the first record which is not done with; after a whole batch at
  // least the next one, because ordinals grow.
  std::uint64_t bound() noexcept { return std::max(next_ordinal_, inlet_.lower_bound()); }

  // There was nothing to read.
  std::uint32_t rest() noexcept {
    if (inlet_.damaged()) [[unlikely]] {
      damaged_ = true;
      block_.failed.store(1, std::memory_order_relaxed);
      return fail(inlet_.lower_bound(), kDamaged);
    }
    if (inlet_.ended()) return finish();
    observe_wait(context_.inlets.front());
    return 0;
  }

  void refuse(std::uint64_t ordinal, std::uint64_t length) noexcept {
    broken_ = true;
    ordinal_ = ordinal;
    refused_length_ = length;
  }

  // The next record has failed, and everything before it is on its way.
  std::uint32_t break_off() noexcept {
    inlet_.consume(1);
    inlet_.release();
    block_.failed.store(1, std::memory_order_relaxed);
    if (refused_length_ != 0) return fail_too_large(ordinal_, refused_length_, context_.outlets.front());
    return fail(ordinal_, op_.cause());
  }

  Op& op_;
  Inlet& inlet_;
  abi::ConsumerBlock& block_;
  Outlet* const outlet_;
  const std::uint64_t step_;
  const bool watermarked_;
  std::vector<LaneRecord> records_;    // the batch; the first kept_ are those that passed
  std::vector<std::uint32_t> places_;  // where in the batch they stood
  std::uint32_t applied_ = 0;          // records of the batch that the op has passed or filtered
  std::uint32_t consumed_ = 0;         // of which are done with
  std::uint32_t kept_ = 0;
  std::uint32_t put_ = 0;
  std::uint64_t out_ = 0;
  std::uint64_t filtered_ = 0;
  std::uint32_t peeked_ = 0;
  std::uint64_t peeked_ordinal_ = 0;  // of the last record of the batch
  std::uint64_t next_ordinal_ = 0;    // after the last record of the last batch that was done with
  std::uint64_t ordinal_ = 0;         // of the record that failed
  std::uint64_t refused_length_ = 0;
  bool failed_ = false;   // the op failed the record after the batch's last one
  bool broken_ = false;   // nothing stands before the failed record any more
  bool stalled_ = false;  // a writing op has a record without room
  bool damaged_ = false;
};

}  // namespace byteor::lane

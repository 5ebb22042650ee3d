// A stage of a LaneGraph: one inlet, an op, one outlet, or none where the op is a sink. A bridge is a stage whose op is
// identity.
//
// An op that only reads works on a record where it lies; if it passes, it is copied into the outlet. An op that writes
// gets its record copied into the outlet first, with the room it may need, and works there. An op sees every record
// once: one that passed and then found no room is not shown to it again.
//
// A record that fails ends the turn; failed_records.hpp says whether the stage goes on behind it.
//
// Hot code: no allocation after construction, no exception.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "abi/abi_generated.hpp"
#include "core/copy.hpp"
#include "core/cpu.hpp"
#include "core/record.hpp"
#include "lane/endpoint.hpp"
#include "lane/role.hpp"
#include "lane/slots_writer.hpp"
#include "op/apply.hpp"
#include "op/op.hpp"

namespace byteor::lane {

// `In`, `Out`: the classes of the ends, or Inlet and Outlet (ends.hpp).
template <class Op, class In, class Out>
class alignas(core::kCacheBlock) StageRole final : public Role {
 public:
  // `op` outlives the role.
  StageRole(RoleContext context, Op& op)
      : Role(std::move(context)),
        op_(op),
        inlet_(static_cast<In&>(*context_.inlets.front().inlet)),
        block_(*context_.inlets.front().block),
        outlet_(context_.outlets.empty() ? nullptr : static_cast<Out*>(context_.outlets.front().outlet.get())),
        step_(context_.inlets.front().ordinal_step),
        watermarked_(outlet_ != nullptr && context_.outlets.front().watermarked),
        by_spans_(works_by_spans()),
        stride_(inlet_.struct_stride()),
        struct_bytes_(inlet_.struct_bytes()),
        piece_(by_spans_ ? std::max(1u, core::kStagingBytes / stride_) : 0),
        staging_(uses_staging() ? std::make_unique<std::byte[]>(std::size_t{piece_} * stride_) : nullptr),
        failed_records_(context_.on_error, block_, context_.agent_index) {}

  std::uint32_t do_work() noexcept override {
    // One that failed and still waits for room has been shown to the op.
    if (phase_ != Phase::kAtWork) [[unlikely]]
      return finished() ? 0 : stopping() ? finish() : work_at_failed(0);
    if (stopping()) return finish();
    const std::uint32_t moved = work();
    if (phase_ != Phase::kAtWork) [[unlikely]]
      return work_at_failed(moved);
    return conclude(moved + end_turn());
  }

  // Of a failing stage: the failed record has been counted already; damage is not a record that could be consumed.
  void settle() noexcept override {
    double left = settle_unread(block_, *context_.inlets.front().producer, context_.inlets.front().replayed);
    if (damaged_ && left > 0) left -= 1;
    add(block_.abandoned, left);
  }

 private:
  static constexpr bool kWritesSpans = Op::kWrites && std::is_same_v<Out, SlotsWriter>;

  // Where all records are the same struct, their ordinals are not used, and each of them passes. What is changed is
  // changed in the outlet, if it has room.
  bool works_by_spans() const noexcept {
    if constexpr (!op::PassesStructs<Op> || (Op::kWrites && !kWritesSpans)) return false;
    if (Op::kWrites && (outlet_ == nullptr || outlet_->drops())) return false;
    return copies_spans(context_);
  }

  bool uses_staging() const noexcept {
    if constexpr (kWritesSpans) return by_spans_ && outlet_->reader_is_cross_thread();
    return false;
  }

  // What a turn counts, in registers.
  struct Tally {
    std::uint64_t out = 0;
    std::uint64_t filtered = 0;
    std::uint64_t ordinal;  // of the last one that is done with
  };

  // What a turn answers in which so much has moved.
  BYTEOR_ALWAYS_INLINE std::uint32_t conclude(std::uint32_t moved) noexcept {
    if (moved != 0)
      observe_work();
    else if (stalled_)
      observe_stall(context_.outlets.front());
    else
      return rest();
    return moved;
  }

  std::uint32_t work() noexcept {
    if constexpr (op::PassesStructs<Op>)
      if (by_spans_) return work_by_spans();
    return outlet_ == nullptr ? work_without_outlet() : work_with_outlet();
  }

  std::uint32_t work_by_spans() noexcept {
    const Moved moved =
        pass_spans(inlet_, context_.batch_records, [this](const core::FixedSpan& span) { return pass_span(span); });
    stalled_ = moved.full;
    out_ += moved.records;
    return moved.records;
  }

  // How many of them passed: all but those that the outlet has no room for.
  std::uint32_t pass_span(const core::FixedSpan& span) noexcept {
    if (outlet_ == nullptr) {
      op::apply_to_span(op_, span, struct_bytes_);
      return span.count;
    }
    if constexpr (kWritesSpans) {
      return write_span(span);
    } else {
      const std::uint32_t put = outlet_->put_span(span);
      op::apply_to_span(op_, {span.data, put, stride_}, struct_bytes_);
      return put;
    }
  }

  // Where the outlet prefers copies, records are changed in a staging buffer, a piece at a time, and each piece is
  // copied to the outlet in one go: lines that another CPU has are written once, as a whole.
  std::uint32_t write_span(const core::FixedSpan& span) noexcept {
    std::uint32_t done = 0;
    while (done != span.count) {
      const std::uint32_t most = std::min(piece_, span.count - done);
      const bool staged = outlet_->prefers_copies(most);
      const core::FixedSpan to = staged ? outlet_->try_claim_span_for_copy(most) : outlet_->try_claim_span(most);
      if (to.count == 0) break;
      op::apply_to_span(op_, {staged ? staging_.get() : to.data, to.count, stride_}, struct_bytes_,
                        span.data + std::size_t{done} * stride_);
      if (staged) std::memcpy(to.data, staging_.get(), std::size_t{to.count} * stride_);
      outlet_->commit_span(to.count);
      done += to.count;
    }
    return done;
  }

  std::uint32_t work_without_outlet() noexcept {
    return work_on_each([&](const LaneRecord& record, Tally& tally) BYTEOR_INLINED_LAMBDA {
      core::RecordRef ref{record.data, record.length, record.flags};
      const op::Outcome outcome = op_.apply(ref);
      if (outcome == op::Outcome::kPass) ++tally.out;
      return outcome == op::Outcome::kPass || done_without_passing(outcome, record.ordinal, tally);
    });
  }

  std::uint32_t work_with_outlet() noexcept {
    stalled_ = false;
    Out& outlet = *outlet_;
    typename Out::Batch batch(outlet);
    return work_on_each([&](const LaneRecord& record, Tally& tally) BYTEOR_INLINED_LAMBDA {
      if constexpr (Op::kWrites)
        return work_in_outlet(record, outlet, batch, tally);
      else
        return work_in_place(record, outlet, batch, tally);
    });
  }

  // Up to a batch of records, one after the other: `work_on` answers whether it is done with a record.
  template <class WorkOn>
  BYTEOR_ALWAYS_INLINE std::uint32_t work_on_each(const WorkOn& work_on) noexcept {
    Tally tally{.ordinal = next_ordinal_ - step_};
    const std::uint32_t moved =
        inlet_.take(context_.batch_records, [&](const LaneRecord& record) BYTEOR_INLINED_LAMBDA {
          if (!work_on(record, tally)) return false;
          tally.ordinal = record.ordinal;
          return true;
        });
    out_ += tally.out;
    filtered_ += tally.filtered;
    next_ordinal_ = tally.ordinal + step_;
    return moved;
  }

  BYTEOR_ALWAYS_INLINE bool work_in_place(const LaneRecord& record, Out& outlet, typename Out::Batch& batch,
                                          Tally& tally) noexcept {
    // What a passive op thinks of a record need not be remembered.
    if (op::kPassive<Op> || !passed_) {
      core::RecordRef ref{record.data, record.length, record.flags};
      const op::Outcome outcome = op_.apply(ref);
      if (outcome != op::Outcome::kPass) return done_without_passing(outcome, record.ordinal, tally);
    }
    const bool put = put_record(outlet, batch, record);
    if constexpr (!op::kPassive<Op>) passed_ = !put;
    if (!put) [[unlikely]] {
      wait_for_room(record.ordinal, record.length);
      return false;
    }
    ++tally.out;
    return true;
  }

  BYTEOR_ALWAYS_INLINE bool work_in_outlet(const LaneRecord& record, Out& outlet, typename Out::Batch& batch,
                                           Tally& tally) noexcept {
    // All the room that the op asked for is what it takes: affixes know their size.
    const std::uint64_t need = std::uint64_t{context_.headroom} + record.length + context_.tailroom;
    const bool fits = need <= outlet.record_max();
    std::byte* const to = fits ? batch.try_claim(static_cast<std::uint32_t>(need)) : nullptr;
    if (to == nullptr) [[unlikely]] {
      if (!outlet.drops()) {
        wait_for_room(record.ordinal, need);
        return false;
      }
      outlet.count_dropped(!fits);
      ++tally.out;
      return true;
    }
    core::RecordRef ref{to + context_.headroom, record.length, record.flags};
    core::copy_record(ref.data, record.data, record.length);
    const op::Outcome outcome = op_.apply(ref);
    if (outcome != op::Outcome::kPass) return done_without_passing(outcome, record.ordinal, tally);
    if (ref.data != to) std::memmove(to, ref.data, ref.length);
    batch.commit(ref.length, ref.flags, record.ordinal);
    ++tally.out;
    return true;
  }

  // A filtered record is done with; one that failed ends the turn, and everything before it is on its way.
  BYTEOR_ALWAYS_INLINE bool done_without_passing(op::Outcome outcome, std::uint64_t ordinal, Tally& tally) noexcept {
    if (outcome == op::Outcome::kFilter) {
      ++tally.filtered;
      return true;
    }
    phase_ = Phase::kAtFailed;
    ordinal_ = ordinal;
    return false;
  }

  // The record stays where it is. One that the outlet will never take has failed.
  BYTEOR_NEVER_INLINE void wait_for_room(std::uint64_t ordinal, std::uint64_t need) noexcept {
    stalled_ = true;
    if (need <= outlet_->record_max()) return;
    phase_ = Phase::kAtFailed;
    ordinal_ = ordinal;
    refused_length_ = need;
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

  // The least ordinal that may still be put: that of the first record which is not done with, and at least one more
  // than that of the last one which is, because ordinals grow.
  std::uint64_t bound() noexcept { return std::max(next_ordinal_, inlet_.lower_bound()); }

  // There was nothing to read.
  std::uint32_t rest() noexcept {
    if (inlet_.damaged()) [[unlikely]] {
      damaged_ = true;
      failed_records_.stop(abi::FailureCause::kDamaged);
      return fail(inlet_.lower_bound(), core::kDamagedRecord);
    }
    if (inlet_.ended()) return finish();
    observe_wait(context_.inlets.front());
    return 0;
  }

  // Ends a turn in which so much has moved, at the next record, which has failed: the loop over records knows nothing
  // of failures.
  BYTEOR_NEVER_INLINE std::uint32_t work_at_failed(std::uint32_t moved) noexcept {
    if (goes_on()) ++moved;
    moved += end_turn();
    return phase_ == Phase::kAtWork ? conclude(moved) : moved + halt();
  }

  // The next record has failed. True when the stage is done with it, and goes on behind it.
  bool goes_on() noexcept {
    stalled_ = false;
    bool seen = false;
    bool done = false;
    inlet_.take(1, [&](const LaneRecord& record) {
      seen = true;
      return done = settle_failed(record);
    });
    // Not seen: it has been overwritten since, and the inlet says so.
    if (done || !seen) phase_ = Phase::kAtWork;
    return done;
  }

  bool settle_failed(const LaneRecord& record) noexcept {
    using Fate = FailedRecords::Fate;
    const bool can_pass = outlet_ == nullptr || outlet_->drops() || record.length <= outlet_->record_max();
    if (context_.on_error.code == abi::OnErrorCode::kPass && can_pass && !pass_as_it_came(record)) return false;
    const Fate fate = failed_records_.judge(
        {record.data, record.length, record.flags, record.ordinal >> context_.ordinal_shift,
         refused_length_ != 0 ? abi::FailureCause::kTooLarge : abi::FailureCause::kRejected, can_pass},
        [this] { return cause(); });
    stops_ = fate == Fate::kStop;
    if (stops_ || fate == Fate::kWait) return false;
    next_ordinal_ = record.ordinal + step_;
    refused_length_ = 0;
    passed_ = false;
    return true;
  }

  // Through the base, so that what the loop over records calls has no other caller in this class, and is inlined there.
  bool pass_as_it_came(const LaneRecord& record) noexcept {
    stalled_ = outlet_ != nullptr && context_.outlets.front().outlet->put(&record, 1) == 0;
    if (!stalled_) ++out_;
    return !stalled_;
  }

  std::string cause() const {
    return refused_length_ != 0 ? too_large_cause(refused_length_, context_.outlets.front()) : op_.cause();
  }

  // It stays at the next record, which has failed, and everything before it is on its way. What has moved beyond that.
  std::uint32_t halt() noexcept {
    if (!stops_) {
      if (stalled_)
        observe_stall(context_.outlets.front());
      else
        observe_letters(failed_records_);
      return 0;
    }
    inlet_.consume(1);
    inlet_.release();
    return fail(ordinal_, failed_records_.told(cause()));
  }

  Op& op_;
  In& inlet_;
  abi::ConsumerBlock& block_;
  Out* const outlet_;
  const std::uint64_t step_;
  const bool watermarked_;
  const bool by_spans_;
  const std::uint32_t stride_;                  // there: from struct to struct, bytes
  const std::uint32_t struct_bytes_;            // there
  const std::uint32_t piece_;                   // records
  const std::unique_ptr<std::byte[]> staging_;  // room for a piece
  std::uint64_t out_ = 0;
  std::uint64_t filtered_ = 0;
  std::uint64_t next_ordinal_ = 0;    // after the last record that was done with
  std::uint64_t ordinal_ = 0;         // of the record that failed
  std::uint64_t refused_length_ = 0;  // what it needs, when the outlet can never take it
  bool passed_ = false;               // the op has passed the next record, for which there was no room
  bool stalled_ = false;              // the next record waits for room
  bool stops_ = false;                // the next record has failed, and the pipeline stops at it
  bool damaged_ = false;
  FailedRecords failed_records_;
};

}  // namespace byteor::lane

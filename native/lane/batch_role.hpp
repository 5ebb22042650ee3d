// A stage of a LaneGraph whose op works on batches (op/batch.hpp): one inlet, an op, one outlet, or none.
//
//   batch   │ done with │ the record at hand │ …            records stay in the inlet until the op is done with them
//   outlet  ── passed ── emitted ─▶
//
// An op that finds no room keeps its place: what it emitted for the record at hand is on its way, and the next batch
// begins with that record. One that passed a record for which there was no room has it put by this role in the next
// turn, and sees it no more.
//
// Where the outlet is watermarked, the records that come of one get ordinals inside its range (ordinal.hpp), of which
// there are as many as the two lanes' steps say; one more fails the record.
//
// Hot code: no allocation after construction, no exception; causes are made when the role ends.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/cpu.hpp"
#include "core/record.hpp"
#include "lane/endpoint.hpp"
#include "lane/role.hpp"
#include "op/batch.hpp"

namespace byteor::lane {

template <class Op>
class alignas(core::kCacheBlock) BatchRole final : public Role {
 public:
  // `op` outlives the role.
  BatchRole(RoleContext context, Op& op)
      : Role(std::move(context)),
        op_(op),
        inlet_(*context_.inlets.front().inlet),
        block_(*context_.inlets.front().block),
        outlet_(context_.outlets.empty() ? nullptr : context_.outlets.front().outlet.get()),
        step_(context_.inlets.front().ordinal_step),
        element_step_(context_.outlets.empty() ? step_ : context_.outlets.front().ordinal_step),
        watermarked_(outlet_ != nullptr && context_.outlets.front().watermarked),
        records_(context_.batch_records),
        failed_records_(context_.on_error, block_, context_.agent_index) {}

  std::uint32_t do_work() noexcept override {
    if (finished()) return 0;
    if (stopping()) return finish();
    const std::uint64_t before = moved_;
    stalled_ = pending_ = false;
    do {
      // One that failed and still waits for its letter has been shown to the op. What this turn has done is shown
      // before the op calls out of the core, where the pipeline may end.
      if (broken_ == Broken::kNot && put_waiting() && (moved_ == before || !calls_out())) work();
      if (cut_off_) [[unlikely]] {
        phase_ = Phase::kFinished;
        return 0;
      }
      if (broken_ == Broken::kNot) [[likely]]
        break;
      // One that goes on as it came leaves in this turn, if it can.
    } while (goes_on() && (waits_ || !calls_out()) && moved_ - before < context_.batch_records);
    const std::uint32_t moved = static_cast<std::uint32_t>(moved_ - before) + end_turn();
    if (broken_ != Broken::kNot) [[unlikely]]
      return moved + halt();
    if (moved != 0)
      observe_work();
    else if (stalled_)
      observe_stall(context_.outlets.front());
    else
      return rest();
    return moved;
  }

  void give_up(std::string_view cause) noexcept override { fail(std::max(next_ordinal_, inlet_.lower_bound()), cause); }

  // What an op had emitted of a record that it never finished has left, and the record has not.
  void settle() noexcept override {
    double left = settle_unread(block_, *context_.inlets.front().producer, context_.inlets.front().replayed);
    if (broken_ == Broken::kDamaged && left > 0) left -= 1;
    add(block_.abandoned, left);
    emitted_ += std::exchange(elements_, 0);
    store(block_.emitted, emitted_);
    store(block_.held, 0);
  }

 private:
  enum class Broken : std::uint8_t { kNot, kFailed, kTooLarge, kTooMany, kAnswer, kDamaged };

  // What the op writes to.
  class Output {
   public:
    using Record = LaneRecord;

    explicit Output(BatchRole& role) noexcept : role_(role) {}
    bool pass(std::uint32_t i) noexcept { return role_.pass(i); }
    std::uint32_t pass_or_filter(std::uint32_t i, std::span<const std::uint8_t> filtered) noexcept {
      return role_.pass_or_filter(i, filtered);
    }
    op::Claim claim(std::uint32_t i, std::uint32_t length) noexcept { return role_.claim(i, length); }
    void commit(std::uint32_t length, std::uint32_t flags) noexcept { role_.commit(length, flags); }

   private:
    BatchRole& role_;
  };

  static constexpr bool kFinishes = requires(Op & op, Output& out) { op.finish(out); };

  // The record that the op passed without room. False while there is still none.
  bool put_waiting() noexcept {
    if (!waits_) return true;
    if (!put(waiting_)) {
      stalled_ = true;
      return false;
    }
    waits_ = false;
    close();
    next_ordinal_ = waiting_.ordinal - waiting_place_ + step_;
    inlet_.consume(1);
    ++moved_;
    return true;
  }

  void work() noexcept {
    count_ = inlet_.peek(records_.data(), context_.batch_records);
    at_ = 0;
    Output out(*this);
    if (count_ != 0) {
      apply(op_.run(std::span<const LaneRecord>(records_.data(), count_), out));
    } else if (!ending_ && inlet_.ended()) {
      ending_ = true;
    }
    if constexpr (kFinishes)
      if (ending_ && !ended_) apply_end(op_.finish(out));
  }

  void apply(op::BatchAnswer answer) noexcept {
    if (answer.needs() == op::BatchAnswer::Needs::kCutOff) [[unlikely]] {
      cut_off_ = true;
      return;
    }
    // The op stops at a record that it passed without room.
    const bool stops = !waits_ || (answer.needs() == op::BatchAnswer::Needs::kRecords && answer.records() == at_ + 1);
    if (!answer.fits(count_) || !stops || answer.records() < at_) [[unlikely]] {
      refuse(answer);
      return complete(at_);
    }
    complete(answer.records() - (waits_ ? 1 : 0));
    held_ = 0;
    need(answer);
  }

  void apply_end(op::BatchAnswer answer) noexcept {
    emitted_ += std::exchange(elements_, 0);
    ended_ = answer.needs() == op::BatchAnswer::Needs::kRecords;
    if (answer.records() != 0) [[unlikely]]
      return refuse(answer);
    need(answer);
  }

  void need(op::BatchAnswer answer) noexcept {
    using Needs = op::BatchAnswer::Needs;
    // A record that failed on its way to the outlet has its cause already.
    if (broken_ != Broken::kNot) return;
    switch (answer.needs()) {
      case Needs::kRecords:
        stalled_ = waits_;
        return;
      case Needs::kTime:
        pending_ = true;
        held_ = std::min(answer.held(), count_ - answer.records());
        return;
      case Needs::kNothing:
        broken_ = Broken::kFailed;
        return;
      case Needs::kRoom:
        stalled_ = true;
        refused_length_ = answer.bytes();
        // Where nothing reads it, everything has room.
        if (outlet_ == nullptr) return refuse(answer);
        if (refused_length_ > outlet_->record_max()) broken_ = Broken::kTooLarge;
        return;
      case Needs::kCutOff:
        return;
    }
  }

  void refuse(op::BatchAnswer answer) noexcept {
    answer_ = answer;
    broken_ = Broken::kAnswer;
  }

  // The op is done with the next `count` records.
  void complete(std::uint32_t count) noexcept {
    if (count == 0) return;
    close_before(count);
    next_ordinal_ = records_[count - 1].ordinal + step_;
    inlet_.consume(count);
    moved_ += count;
  }

  void close_before(std::uint32_t end) noexcept {
    for (; at_ < end; ++at_) close();
  }

  // The record at hand is done with: one that left as itself, or as one other, has passed.
  void close() noexcept {
    const std::uint64_t elements = std::exchange(elements_, 0);
    if (elements == 1) return;
    if (elements == 0 && Op::kFilters)
      ++filtered_;
    else
      ++absorbed_;
    emitted_ += elements;
  }

  bool pass(std::uint32_t i) noexcept {
    if (waits_) return false;  // of an op that goes on where it has to stop: its answer is refused
    close_before(i);
    waiting_ = records_[i];
    waiting_place_ = element_place();
    waiting_.ordinal += waiting_place_;
    // Without room it keeps its place in the inlet, which is the first of the next turn.
    waits_ = !put(waiting_);
    return !waits_;
  }

  // By the run, so that a record costs no call.
  std::uint32_t pass_or_filter(std::uint32_t i, std::span<const std::uint8_t> filtered) noexcept {
    const auto count = static_cast<std::uint32_t>(filtered.size());
    std::uint32_t done = 0;
    while (!waits_) {
      close_before(i + done);
      const Outlet::Sorted sorted = put_unfiltered(i + done, filtered.subspan(done));
      out_ += sorted.put;
      filtered_ += sorted.done - sorted.put;
      at_ += sorted.done;
      done += sorted.done;
      // The next one is without room, as far as that lane knew.
      if (done == count || !pass(i + done)) break;
      ++done;
    }
    return done;
  }

  Outlet::Sorted put_unfiltered(std::uint32_t i, std::span<const std::uint8_t> filtered) noexcept {
    const auto count = static_cast<std::uint32_t>(filtered.size());
    if (outlet_ != nullptr) return outlet_->put_unfiltered(&records_[i], filtered.data(), count);
    return {count, static_cast<std::uint32_t>(std::ranges::count(filtered, 0))};
  }

  // Also a record that the outlet drops is done with, and one that nothing reads.
  bool put(const LaneRecord& record) noexcept {
    if (too_many()) [[unlikely]]
      return false;
    if (outlet_ != nullptr && outlet_->put(&record, 1) == 0) {
      if (record.length > outlet_->record_max()) {
        refused_length_ = record.length;
        broken_ = Broken::kTooLarge;
      }
      return false;
    }
    ++out_;
    ++elements_;
    return true;
  }

  // There is no ordinal left inside the record's range, or no record whose range it could be.
  bool too_many() noexcept {
    if (!watermarked_ || (!ending_ && elements_ * element_step_ < step_)) [[likely]]
      return false;
    broken_ = Broken::kTooMany;
    return true;
  }

  op::Claim claim(std::uint32_t i, std::uint32_t length) noexcept {
    using Status = op::Claim::Status;
    if (!ending_ && !waits_) close_before(i);
    // Without an outlet nothing reads it, and it has left like one that was passed.
    if (outlet_ == nullptr) {
      ++out_;
      ++elements_;
      return {Status::kDropped};
    }
    if (waits_ || too_many()) [[unlikely]]
      return {Status::kNone};
    const bool fits = length <= outlet_->record_max();
    std::byte* const to = fits ? outlet_->try_claim(length) : nullptr;
    if (to != nullptr) return {Status::kRoom, to};
    if (!outlet_->drops()) return {Status::kNone};
    outlet_->count_dropped(!fits);
    ++out_;
    ++elements_;
    return {Status::kDropped};
  }

  void commit(std::uint32_t length, std::uint32_t flags) noexcept {
    outlet_->commit(length, flags, ending_ ? next_ordinal_ : records_[at_].ordinal + element_place());
    ++out_;
    ++elements_;
    // A record that stays with the op for now may have readers waiting for what it emitted.
    ++moved_;
  }

  // Without watermarks nobody asks which of the records that came of one was first.
  std::uint64_t element_place() const noexcept { return watermarked_ ? elements_ * element_step_ : 0; }

  // Shows what has been done; what moved beyond the records themselves.
  std::uint32_t end_turn() noexcept {
    if (outlet_ != nullptr) outlet_->publish();
    inlet_.release();
    store(block_.out, out_);
    store(block_.filtered, filtered_);
    store(block_.emitted, emitted_);
    store(block_.absorbed, absorbed_);
    store(block_.held, held_);
    return watermarked_ && advance(*outlet_, std::max(next_ordinal_, inlet_.lower_bound())) ? 1 : 0;
  }

  // Nothing moved.
  std::uint32_t rest() noexcept {
    if (inlet_.damaged()) [[unlikely]] {
      broken_ = Broken::kDamaged;
      failed_records_.stop(abi::FailureCause::kDamaged);
      return fail(inlet_.lower_bound(), core::kDamagedRecord);
    }
    if (ending_ && (!kFinishes || ended_)) return finish();
    if (pending_)
      observe(abi::AgentState::kWaiting, abi::kNone);
    else
      observe_wait(context_.inlets.front());
    return 0;
  }

  // Whether what broke is a record's: the op may have answered for more than it was shown, or for none.
  bool has_record() const noexcept { return !ending_ && (waits_ || at_ < count_); }

  // The record at hand, as it came.
  LaneRecord failed_record() const noexcept {
    LaneRecord record = waits_ ? waiting_ : records_[at_];
    if (waits_) record.ordinal -= waiting_place_;
    return record;
  }

  // The record at hand has failed. True when the stage goes on behind it, or with it as it came.
  bool goes_on() noexcept {
    using Fate = FailedRecords::Fate;
    stalled_ = pending_ = false;
    stops_ = !has_record() || broken_ == Broken::kAnswer;
    if (stops_) {
      if (has_record()) failed_records_.stop(abi::FailureCause::kBadAnswer);
      return false;
    }
    const LaneRecord record = failed_record();
    const bool fits = outlet_ == nullptr || outlet_->drops() || record.length <= outlet_->record_max();
    const Fate fate =
        failed_records_.judge({record.data, record.length, record.flags, record.ordinal >> context_.ordinal_shift,
                               cause_code(), fits && broken_ != Broken::kTooMany},
                              [this] { return cause(); });
    stops_ = fate == Fate::kStop;
    if (stops_ || fate == Fate::kWait) return false;
    if (!waits_ && broken_ != Broken::kFailed) skip();
    broken_ = Broken::kNot;
    pass_or_close(record, fate == Fate::kPass);
    return true;
  }

  // Whether the op's next batch calls out of the core.
  bool calls_out() const noexcept {
    if constexpr (requires { op_.calls_out(); }) return op_.calls_out();
    return false;
  }

  void skip() noexcept {
    if constexpr (requires { op_.skip(); }) op_.skip();
  }

  // What the op emitted for it has left.
  void pass_or_close(const LaneRecord& record, bool passes) noexcept {
    const std::uint64_t place = element_place();
    emitted_ += std::exchange(elements_, 0);
    waits_ = passes;
    if (passes) {
      waiting_ = record;
      waiting_place_ = place;
      waiting_.ordinal += place;
      return;
    }
    next_ordinal_ = record.ordinal + step_;
    inlet_.consume(1);
    ++at_;
    ++moved_;
  }

  // It stays at the record at hand, and everything before it is on its way. What has moved beyond that.
  std::uint32_t halt() noexcept {
    if (!stops_) {
      observe_letters(failed_records_);
      return 0;
    }
    const std::uint64_t ordinal = has_record() ? failed_record().ordinal : next_ordinal_;
    if (has_record()) {
      inlet_.consume(1);
      inlet_.release();
    }
    return fail(ordinal, failed_records_.told(cause()));
  }

  abi::FailureCause cause_code() const noexcept {
    switch (broken_) {
      case Broken::kTooLarge:
        return abi::FailureCause::kTooLarge;
      case Broken::kTooMany:
        return abi::FailureCause::kTooMany;
      default:
        return op::cause_code_of(op_);
    }
  }

  std::string cause() const {
    if (broken_ == Broken::kTooLarge) return too_large_cause(refused_length_, context_.outlets.front());
    if (broken_ == Broken::kTooMany)
      return "the op emitted more than " + std::to_string(step_ / element_step_) +
             " records for one, or one of its own, and an egress restores the order behind it; raise emits_max, or let "
             "the egress interleave";
    if (broken_ == Broken::kAnswer)
      return "the op answered a batch of " + std::to_string(count_) + " records that it is done with " +
             std::to_string(answer_.records()) + ", which is no answer to it; correct the op";
    return op_.cause();
  }

  Op& op_;
  Inlet& inlet_;
  abi::ConsumerBlock& block_;
  Outlet* const outlet_;
  const std::uint64_t step_;
  const std::uint64_t element_step_;  // between records that come of one
  const bool watermarked_;
  std::vector<LaneRecord> records_;  // the batch
  LaneRecord waiting_ = {};
  std::uint64_t waiting_place_ = 0;  // of its ordinal in the range of the record that was read
  std::uint32_t count_ = 0;          // records in the batch
  std::uint32_t at_ = 0;             // the record at hand, of which elements_ are on their way
  std::uint64_t elements_ = 0;       // of the record at hand: itself, or what came of it
  std::uint64_t moved_ = 0;          // records that were done with, and emitted
  std::uint64_t out_ = 0;
  std::uint64_t filtered_ = 0;
  std::uint64_t emitted_ = 0;   // records that are not one that was read, nor stand for one alone
  std::uint64_t absorbed_ = 0;  // records of which several came, or none that left
  std::uint64_t next_ordinal_ = 0;
  std::uint64_t refused_length_ = 0;
  op::BatchAnswer answer_ = op::BatchAnswer::done(0);
  bool waits_ = false;    // `waiting_` has been passed, and has no room
  bool stalled_ = false;  // the record at hand waits for room
  bool pending_ = false;  // it is being worked on elsewhere
  bool ending_ = false;   // nothing more comes
  bool ended_ = false;    // and the op has nothing left
  bool cut_off_ = false;  // the pipeline has been settled without this role
  Broken broken_ = Broken::kNot;
  bool stops_ = false;      // at what broke
  std::uint32_t held_ = 0;  // records that are being worked on elsewhere
  FailedRecords failed_records_;
};

}  // namespace byteor::lane

// A stage whose op works on batches (op/batch.hpp), in a ring, where a record stays in its slot: what the op claims is
// the slot's own room, and a record for which nothing goes on is marked as filtered.
//
// Hot code: no allocation after construction, no exception; causes are made when the stage ends.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/record.hpp"
#include "op/batch.hpp"
#include "ring/stage_base.hpp"

namespace byteor::ring {

template <class Layout, class Op>
class alignas(core::kCacheBlock) BatchAgent final : public StageBase {
 public:
  BatchAgent(StageContext context, Op& op)
      : StageBase(std::move(context)), op_(op), records_(context_.batch_records), slots_(context_.batch_records) {}

  std::uint32_t do_work() noexcept override {
    if (cut_off_) return 0;
    const std::uint64_t end = context_.barrier.available(next_, limit_, true);
    // One whose letter waits for room has been shown to the op.
    if (end == next_) return stays_for_letter() ? work_at_failed(next_) : rest();
    const std::uint64_t begin = next_;
    if (work(end)) return work_at_failed(begin);
    if (cut_off_) return 0;
    context_.block->held.store(held_, std::memory_order_relaxed);
    if (pending_ && next_ == begin) {
      observe(abi::AgentState::kWaiting, abi::kNone);
      return 0;
    }
    const std::uint32_t moved = end_turn<true>(begin);
    observe(abi::AgentState::kWorking, abi::kNone);
    return moved;
  }

  bool done() noexcept override { return cut_off_ || StageBase::done(); }

 private:
  struct Record {
    std::byte* data;
    std::uint32_t length;
    std::uint32_t flags;
    std::uint64_t sequence;
  };

  // What the op writes to.
  class Output {
   public:
    using Record = BatchAgent::Record;

    explicit Output(BatchAgent& agent) noexcept : agent_(agent) {}
    bool pass(std::uint32_t i) noexcept { return agent_.pass(i); }
    std::uint32_t pass_or_filter(std::uint32_t i, std::span<const std::uint8_t> filtered) noexcept {
      return agent_.pass_or_filter(i, filtered);
    }
    op::Claim claim(std::uint32_t i, std::uint32_t length) noexcept { return agent_.claim(i, length); }
    void commit(std::uint32_t length, std::uint32_t flags) noexcept { agent_.commit(length); }

   private:
    BatchAgent& agent_;
  };

  enum class Refused : std::uint8_t { kNot, kSecond, kTooLong, kAnswer, kFiltered };

  // Moves next_ to `end`, to a record that waits, or to the one that failed; true when one did.
  bool work(std::uint64_t end) noexcept {
    const std::uint64_t gathered = gather(end);
    at_ = 0;
    elements_ = 0;
    pending_ = false;
    if (count_ != 0) {
      Output out(*this);
      const op::BatchAnswer answer = op_.run(std::span<const Record>(records_.data(), count_), out);
      if (answer.needs() == op::BatchAnswer::Needs::kCutOff) [[unlikely]] {
        cut_off_ = true;
        return false;
      }
      if (!answer.fits(count_) || answer.records() < at_) [[unlikely]] {
        refused_ = Refused::kAnswer;
        return fail_here();
      }
      pending_ = answer.needs() == op::BatchAnswer::Needs::kTime;
      held_ = pending_ ? std::min(answer.held(), count_ - answer.records()) : 0;
      close_before(answer.records());
      if (refused_ != Refused::kNot || answer.needs() == op::BatchAnswer::Needs::kNothing ||
          answer.needs() == op::BatchAnswer::Needs::kRoom) [[unlikely]]
        return fail_here();
      if (at_ != count_) return false;
    }
    skip_to(gathered);
    return damaged_;
  }

  // Ends a turn that began at `begin`, at the record at next_, which has failed.
  std::uint32_t work_at_failed(std::uint64_t begin) noexcept {
    return end_turn_at_failed<true>(begin, fate(), [this] { return cause(); });
  }

  // What becomes of the record at next_, which has failed.
  Fate fate() noexcept {
    if (damaged_ || refused_ == Refused::kAnswer || refused_ == Refused::kFiltered || refused_ == Refused::kSecond) {
      failed_records_.stop(damaged_ ? abi::FailureCause::kDamaged : abi::FailureCause::kBadAnswer);
      return Fate::kStop;
    }
    const Record& record = records_[at_];
    const abi::FailureCause code = refused_ == Refused::kTooLong ? abi::FailureCause::kNoRoom : op::cause_code_of(op_);
    const Fate fate = failed_records_.judge({record.data, record.length, record.flags, record.sequence, code},
                                            [this] { return cause(); });
    if (fate != Fate::kPass && fate != Fate::kGone) return fate;
    if constexpr (requires { op_.skip(); })
      if (refused_ != Refused::kNot) op_.skip();
    refused_ = Refused::kNot;
    return fate;
  }

  // The records up to `end` that no stage before has filtered; where one is damaged, those before it. Where it came to.
  std::uint64_t gather(std::uint64_t end) noexcept {
    damaged_ = false;
    if (context_.marks.empty())
      return context_.checks_slots ? gather_each<false, true>(end) : gather_each<false, false>(end);
    return context_.checks_slots ? gather_each<true, true>(end) : gather_each<true, false>(end);
  }

  template <bool kReadsMarks, bool kChecksSlots>
  std::uint64_t gather_each(std::uint64_t end) noexcept {
    // In registers: a compiler does not keep members there over the loads of a slot.
    const core::RingMemory ring = context_.ring;
    const core::Room room = context_.room;
    Record* const records = records_.data();
    typename Layout::Slot* const slots = slots_.data();
    std::uint32_t count = 0;
    std::uint64_t sequence = next_;
    for (; sequence != end; ++sequence) {
      if constexpr (kReadsMarks)
        if (marked(static_cast<std::uint32_t>(sequence) & ring.slot_mask)) continue;
      core::RecordRef ref{};
      damaged_ = kChecksSlots ? !Layout::load_written(ring, sequence, slots[count], ref)
                              : !Layout::load(ring, sequence, room, slots[count], ref);
      if (damaged_) [[unlikely]]
        break;
      records[count] = {ref.data, ref.length, ref.flags, sequence};
      ++count;
    }
    count_ = count;
    return sequence;
  }

  bool pass(std::uint32_t i) noexcept {
    close_before(i);
    if (refused_ != Refused::kNot) [[unlikely]]
      return false;
    ++elements_;
    return true;
  }

  // By the run, so that a record costs no call.
  std::uint32_t pass_or_filter(std::uint32_t i, std::span<const std::uint8_t> filtered) noexcept {
    close_before(i);
    if (refused_ != Refused::kNot) [[unlikely]]
      return 0;
    const auto count = static_cast<std::uint32_t>(filtered.size());
    const std::uint32_t gone = std::accumulate(filtered.begin(), filtered.end(), 0u);
    if (gone != 0 && context_.own_marks == nullptr) [[unlikely]] {
      refused_ = Refused::kFiltered;
      return 0;
    }
    for (std::uint32_t done = 0; done != count; done += mark_adjacent(filtered.subspan(done)))
      skip_to(records_[at_].sequence);
    gone_ += gone;
    return count;
  }

  // Those of them that follow the record at hand without a gap, up to the wrap. How many.
  std::uint32_t mark_adjacent(std::span<const std::uint8_t> filtered) noexcept {
    const std::uint32_t first = static_cast<std::uint32_t>(next_) & context_.ring.slot_mask;
    auto count = std::min(static_cast<std::uint32_t>(filtered.size()), context_.ring.slot_mask + 1 - first);
    if (records_[at_ + count - 1].sequence != next_ + count - 1) {
      count = 1;
      while (records_[at_ + count].sequence == next_ + count) ++count;
    }
    if (context_.own_marks != nullptr) std::memcpy(context_.own_marks + first, filtered.data(), count);
    next_ += count;
    at_ += count;
    return count;
  }

  op::Claim claim(std::uint32_t i, std::uint32_t length) noexcept {
    using Status = op::Claim::Status;
    close_before(i);
    if (refused_ != Refused::kNot) [[unlikely]]
      return {Status::kNone};
    const Record& record = records_[at_];
    if (elements_ != 0) [[unlikely]] {
      refused_ = Refused::kSecond;
      return {Status::kNone};
    }
    const bool fits =
        Layout::kHasSlots ? length <= std::uint64_t{record.length} + context_.room.behind : length == record.length;
    if (!fits) [[unlikely]] {
      refused_ = Refused::kTooLong;
      refused_length_ = length;
      return {Status::kNone};
    }
    return {Status::kRoom, record.data};
  }

  void commit(std::uint32_t length) noexcept {
    const Record& record = records_[at_];
    Layout::store(context_.ring, record.sequence, slots_[at_], {record.data, length, record.flags});
    ++elements_;
  }

  void close_before(std::uint32_t end) noexcept {
    while (at_ < end && close()) ++at_;
  }

  // The record at hand is done with; one for which nothing went on is filtered. False: its stage does not filter.
  bool close() noexcept {
    const Record& record = records_[at_];
    const bool filtered = elements_ == 0;
    elements_ = 0;
    if (filtered && context_.own_marks == nullptr) [[unlikely]] {
      refused_ = Refused::kFiltered;
      return false;
    }
    skip_to(record.sequence);
    mark(filtered ? 1 : 0);
    gone_ += filtered ? 1 : 0;
    ++next_;
    return true;
  }

  // Moves over records that a stage before has filtered.
  void skip_to(std::uint64_t sequence) noexcept {
    for (; next_ < sequence; ++next_) {
      mark(1);
      ++skipped_;
    }
  }

  // The record at hand has failed.
  bool fail_here() noexcept {
    damaged_ = false;
    skip_to(records_[at_].sequence);
    return true;
  }

  std::string cause() const {
    switch (refused_) {
      case Refused::kSecond:
        return "the op made more than one record of one, which a slot cannot hold; make one at most, or use a "
               "LaneGraph";
      case Refused::kTooLong:
        return "the op made a record of " + std::to_string(refused_length_) + " bytes of one of " +
               std::to_string(records_[at_].length) +
               (Layout::kHasSlots ? ", and its stage has room for " + std::to_string(context_.room.behind) +
                                        " more; raise room of the stage"
                                  : ", but every record here is a struct of that size; make records of that size");
      case Refused::kFiltered:
        return "the op filtered a record, and its stage does not say that it filters; declare filters in the plan";
      case Refused::kAnswer:
        return "the op's answer to a batch of " + std::to_string(count_) + " records is none to it; correct the op";
      default:
        return op_.cause();
    }
  }

  Op& op_;
  std::vector<Record> records_;  // the batch
  std::vector<typename Layout::Slot> slots_;
  std::uint32_t count_ = 0;     // records in it
  std::uint32_t at_ = 0;        // the record at hand
  std::uint32_t elements_ = 0;  // for which so many go on
  std::uint64_t refused_length_ = 0;
  Refused refused_ = Refused::kNot;
  std::uint32_t held_ = 0;  // records that are being worked on elsewhere
  bool pending_ = false;    // the record at hand is one of them
  bool cut_off_ = false;    // the pipeline has been settled without this stage
};

}  // namespace byteor::ring

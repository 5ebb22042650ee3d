// An op whose work is done by a host (host.hpp): the ops `js:` of plans. Its contract is that of batches (batch.hpp).
//
//   batch ──copy──▶ records, rows │ host works │ rows, elements ──judge, copy──▶ output
//
// The host never sees a record in the pipeline's own memory: what it keeps, or writes after its turn, reaches nothing,
// and a record that fails is still as it came. It is shown every record once: what it said of records that have no room
// yet is kept until they have, or until another host takes over, which is shown them again.
//
// What comes of a record is judged as a whole before the first of it leaves, and what waits for room in the middle of
// it is the op's own from then on: a record leaves whole, or fails and leaves nothing, also where its host goes away.
//
// A host may hold records and answer later, in their order. The rows are a circle, and so is the memory of records:
//
//   rows     │ at_ … answered_ │ … accepted_ │ new …      answered, being worked on, shown now
//
// Hot code: no allocation after construction, but for elements that wait for room; no exception; causes are made when a
// record has failed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/copy.hpp"
#include "core/cpu.hpp"
#include "op/batch.hpp"
#include "op/host.hpp"

namespace byteor::op {

class HostedOp {
 public:
  // Only a record of which the host says so is filtered; what a plan does not allow, its host refuses.
  static constexpr bool kFilters = true;
  static constexpr bool kFails = true;

  // `room`: bytes that a record may grow by. `batch_records`: the most that are shown at once. `elements_max`: that may
  // come of one record, where what is behind the op can take no more.
  HostedOp(std::uint32_t room, std::uint32_t batch_records, std::uint32_t elements_max);

  // Where it stands, for what is told of its records.
  struct Site {
    std::uint32_t agent = 0;
    std::uint32_t ordinal_shift = 0;   // of ordinals that are sequences above so many bits
    bool in_slot = false;              // of a ring, which holds one record
    abi::AgentEntry* entry = nullptr;  // for those who look; it outlives the op
  };
  void stand_at(Site site) noexcept {
    site_ = site;
    observe(abi::HostPhase::kUntaken);
  }
  const Site& site() const noexcept { return site_; }

  // Never while it is at work, but from inside of a call to its host. `host` outlives the op's use of it; nullptr:
  // none. What the one before said of records that are not done with went with its memory.
  void set_host(Host* host) noexcept {
    host_ = host;
    forget();
    answers_later_ = false;
    observe(host == nullptr ? abi::HostPhase::kUntaken : abi::HostPhase::kResting);
  }
  Host* host() const noexcept { return host_; }

  // What those who look see of it; of two moments where they look between two calls. `since_ns`: monotonic.
  void observe(abi::HostPhase phase, double since_ns = 0) noexcept {
    if (site_.entry == nullptr) return;
    site_.entry->host_since.store(since_ns, std::memory_order_relaxed);
    site_.entry->host_phase.store(static_cast<std::uint32_t>(phase), std::memory_order_relaxed);
  }
  // A call to its host begins.
  void observe_call(double now_ns) noexcept {
    called_ns_ = now_ns;
    observe(abi::HostPhase::kCalled, now_ns);
  }

  // Control path, before its first batch. What becomes of a host that goes is told by others (HostedRunner::fail), who
  // know why: the op waits for that, instead of failing the record that it had.
  void leave_end_to_others() noexcept { end_is_told_ = true; }

  template <class Out>
  BatchAnswer run(std::span<const typename Out::Record> batch, Out& out) noexcept {
    if (is_emitting()) return go_on_emitting(batch, out);
    if (at_ == answered_) {
      if (host_ == nullptr) return BatchAnswer::pending(0);
      if (at_ == accepted_) forget();
      const std::uint32_t held = accepted_ - at_;
      const std::uint32_t count = show(batch);
      if (held + count == 0) return fail(0, Broken::kTooLong);
      called_ = count;
      const Host::Answer answer = host_->work(row_of(accepted_), count);
      if (answer.end == Host::End::kCutOff) return BatchAnswer::cut_off();
      // It gave the stage back inside of the call: another one is shown these records.
      if (host_ == nullptr) return BatchAnswer::pending(0);
      if (answer.end == Host::End::kGone && end_is_told_) return BatchAnswer::pending(0);
      if (answer.end == Host::End::kGone) return fail(0, Broken::kGone);
      const std::uint64_t taken = std::uint64_t{answer.records} + answer.held;
      if (taken < held) return refuse(0, Wrong::kForgotten, taken, held);
      if (taken == 0 || taken > std::uint64_t{held} + count)
        return refuse(0, Wrong::kCount, taken, std::uint64_t{held} + count);
      answered_ = at_ + answer.records;
      accepted_ = at_ + static_cast<std::uint32_t>(taken);
      answers_later_ = answers_later_ || answer.held != 0;
      observe_answer(at_ + held);
      if (answer.records == 0) return BatchAnswer::pending(0, answer.held);
    }
    return carry_out(batch, 0, out);
  }

  // The role has failed the record at hand, of which nothing has left.
  void skip() noexcept {
    if (at_ != answered_) next_row();
  }

  // The next batch calls the host.
  bool calls_out() const noexcept { return at_ == answered_ && !is_emitting(); }

  // Control path, in a call to the host that was cut off: the sequence of the first record without an answer.
  std::uint64_t unanswered() const noexcept;

  // Control path. Nothing more comes: its host may say so to the function.
  void end_host() noexcept {
    if (host_ != nullptr) host_->end();
  }

  // Control path; any thread. What the host has to report: JSON.
  void tell(std::string report);
  std::string report() const;

  // Control path: why the last record failed, and the remedy.
  abi::FailureCause cause_code() const noexcept;
  std::string cause() const;

 private:
  std::string wrong_answer() const;

  enum class Broken : std::uint8_t { kNot, kTooLong, kTooMany, kGone, kAnswer, kSaid, kLate };
  // What of an answer cannot be carried out.
  enum class Wrong : std::uint8_t { kCount, kForgotten, kAction, kLength, kElement };

  // What a row said when it was shown.
  struct Shown {
    std::uint32_t at;
    std::uint32_t room;
    std::uint64_t sequence;
  };

  template <class Record>
  std::uint64_t sequence_of(const Record& record) const noexcept {
    if constexpr (requires { record.sequence; })
      return record.sequence;
    else
      return record.ordinal >> site_.ordinal_shift;
  }

  // Records that pass or are filtered, put at a time.
  static constexpr std::uint32_t kRunRecords = 64;
  static constexpr std::uint64_t kFull = ~std::uint64_t{0};

  // The host has none of its records any more.
  void forget() noexcept { at_ = answered_ = accepted_ = 0; }

  std::uint32_t row_of(std::uint32_t place) const noexcept { return place < rows_ ? place : place - rows_; }

  void next_row() noexcept { move_on(1); }

  // Not past the end of the table.
  void move_on(std::uint32_t rows) noexcept {
    at_ += rows;
    if (at_ != rows_) return;
    at_ = 0;
    answered_ -= rows_;
    accepted_ -= rows_;
  }

  // What is free of the memory of records: behind the last one that the host has up to the end, and again from the
  // beginning up to the first.
  struct Free {
    std::uint64_t at;
    std::uint64_t end;
    std::uint64_t head;

    std::uint64_t take(std::uint64_t room) noexcept {
      if (at + room > end) [[unlikely]] {
        if (room >= head) return kFull;
        at = 0;
        end = std::exchange(head, 0);
      }
      return std::exchange(at, core::round_up(at + room, alignof(std::uint64_t)));
    }
  };
  Free free_of(std::uint64_t bytes, std::uint32_t held) const noexcept {
    if (held == 0) return {0, bytes, 0};
    const Shown& last = shown_[row_of(at_ + held - 1)];
    const std::uint64_t tail = core::round_up(std::uint64_t{last.at} + last.room, alignof(std::uint64_t));
    const std::uint64_t head = shown_[at_].at;
    return last.at < head ? Free{tail, head, 0} : Free{tail, bytes, head};
  }

  // How many fit the host's memory: all that come after the first need not.
  template <class Record>
  std::uint32_t show(std::span<const Record> batch) noexcept {
    const HostMemory memory = host_->memory();
    rows_ = static_cast<std::uint32_t>(std::min<std::size_t>(memory.rows.size(), batch_records_));
    const std::uint32_t held = accepted_ - at_;
    const auto most = static_cast<std::uint32_t>(
        std::min<std::size_t>({batch.size(), rows_, answers_later_ ? memory.at_once : std::size_t{batch_records_}}));
    Free free = free_of(memory.records.size(), held);
    std::uint32_t i = held;
    for (; i < most; ++i) {
      const Record& record = batch[i];
      const std::uint64_t room = std::uint64_t{record.length} + room_;
      const std::uint64_t at = free.take(room);
      if (at == kFull) break;
      core::copy_record(memory.records.data() + at, record.data, record.length);
      const std::uint32_t place = row_of(at_ + i);
      const Shown shown{static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(room), sequence_of(record)};
      shown_[place] = shown;
      abi::HostRow row{};
      row.at = shown.at;
      row.length = record.length;
      row.flags = record.flags;
      row.room = shown.room;
      row.action = static_cast<std::uint32_t>(abi::HostAction::kUnanswered);
      memory.rows[place] = row;
    }
    return i - held;
  }

  // From record `i` of the batch on, of which row at_ says what becomes of it.
  template <class Out>
  BatchAnswer carry_out(std::span<const typename Out::Record> batch, std::uint32_t i, Out& out) noexcept {
    const HostMemory memory = at_ != answered_ ? host_->memory() : HostMemory{};
    const auto size = static_cast<std::uint32_t>(batch.size());
    for (; at_ != answered_ && i != size; ++i) {
      const Run run = put_run(out, i, std::min(answered_ - at_, size - i), memory);
      i += run.done;
      if (run.waits) return BatchAnswer::done(i);
      if (at_ == answered_ || i == size) break;
      const abi::HostRow row = memory.rows[at_];
      switch (static_cast<abi::HostAction>(row.action)) {
        case abi::HostAction::kChanged:
          if (row.length > shown_[at_].room) return refuse(i, Wrong::kLength, row.length, shown_[at_].room);
          if (!put(out, i, memory.records.data() + shown_[at_].at, row.length, row.flags))
            return BatchAnswer::needs_room(i, row.length);
          next_row();
          continue;
        case abi::HostAction::kElements: {
          if (row.count > elements_max_) {
            received_ = row.count;
            return fail(i, Broken::kTooMany);
          }
          const Judged judged = judge(memory.elements, row);
          if (judged.broken) return refuse(i, Wrong::kElement, judged.end, memory.elements.size());
          if (row.count > 1 && !out.takes(i, row.count, judged.longest))
            return BatchAnswer::needs_room(i, judged.longest);
          const Elements left = emit(out, i, {memory.elements, row.first, row.count});
          if (left.count != 0 && left.count == row.count) return BatchAnswer::needs_room(i, left.first().length);
          next_row();
          if (left.count == 0) continue;
          keep(left);
          return BatchAnswer::needs_room(i, kept_.first().length);
        }
        case abi::HostAction::kFail:
          say(memory.elements, row);
          return fail(i, Broken::kSaid);
        case abi::HostAction::kLate:
          say(memory.elements, row);
          return fail(i, Broken::kLate);
        case abi::HostAction::kPass:
        case abi::HostAction::kFilter:
        case abi::HostAction::kUnanswered:
          break;
      }
      return refuse(i, Wrong::kAction, row.action, 0);
    }
    return accepted_ == answered_ ? BatchAnswer::done(i) : BatchAnswer::pending(i, accepted_ - answered_);
  }

  // What comes before a record that is carried out by itself; one that passes and has no room yet is done with for the
  // op.
  struct Run {
    std::uint32_t done;
    bool waits;
  };
  template <class Out>
  Run put_run(Out& out, std::uint32_t i, std::uint32_t most, const HostMemory& memory) noexcept {
    std::uint32_t done = 0;
    while (done != most) {
      const std::uint32_t changed = put_changed(out, i + done, most - done, memory);
      done += changed;
      if (done == most) break;
      const Run plain = put_plain(out, i + done, most - done, memory);
      done += plain.done;
      if (plain.waits) return {done, true};
      if (changed + plain.done == 0) break;
    }
    return {done, false};
  }

  // Those of the next records that were changed in place, as far as there is room for them. How many.
  template <class Out>
  std::uint32_t put_changed(Out& out, std::uint32_t i, std::uint32_t most, const HostMemory& memory) noexcept {
    const abi::HostRow* const rows = memory.rows.data() + at_;
    if (rows->action != static_cast<std::uint32_t>(abi::HostAction::kChanged)) return 0;
    const Shown* const shown = shown_.get() + at_;
    const std::byte* const records = memory.records.data();
    const std::uint32_t done = out.put_changed(i, std::min(most, rows_ - at_), [=](std::uint32_t k, Changed& changed) {
      const abi::HostRow& row = rows[k];
      changed = {records + shown[k].at, row.length, row.flags & abi::kTerminatorMask};
      return row.action == static_cast<std::uint32_t>(abi::HostAction::kChanged) && changed.length <= shown[k].room;
    });
    move_on(done);
    return done;
  }

  // Those that pass as they came, or are filtered.
  template <class Out>
  Run put_plain(Out& out, std::uint32_t i, std::uint32_t most, const HostMemory& memory) noexcept {
    std::uint8_t filtered[kRunRecords];
    const abi::HostRow* const rows = memory.rows.data() + at_;
    const std::uint32_t limit = std::min({most, rows_ - at_, kRunRecords});
    std::uint32_t count = 0;
    for (; count != limit; ++count) {
      const auto action = static_cast<abi::HostAction>(rows[count].action);
      if (action != abi::HostAction::kPass && action != abi::HostAction::kFilter) break;
      filtered[count] = action == abi::HostAction::kFilter ? 1 : 0;
    }
    if (count == 0) return {0, false};
    const std::uint32_t put = out.pass_or_filter(i, {filtered, count});
    const std::uint32_t done = std::min(put + 1, count);
    move_on(done);
    return {done, put != count};
  }

  template <class Out>
  static bool put(Out& out, std::uint32_t i, const std::byte* data, std::uint32_t length,
                  std::uint32_t flags) noexcept {
    const Claim claim = out.claim(i, length);
    if (claim.status == Claim::Status::kNone) return false;
    if (claim.status == Claim::Status::kDropped) return true;
    core::copy_record(claim.data, data, length);
    out.commit(length, flags & abi::kTerminatorMask);
    return true;
  }

  struct Element {
    const std::byte* data;
    std::uint32_t length;
    std::uint32_t flags;
  };

  // Elements that lie one behind the other.
  struct Elements {
    std::span<const std::byte> memory;
    std::uint64_t at = 0;     // of the first one
    std::uint32_t count = 0;  // that have been judged

    Element first() const noexcept { return element_of(memory, at); }
    void pass_first() noexcept {
      at = behind(at, first());
      --count;
    }
  };

  static std::uint64_t behind(std::uint64_t at, const Element& element) noexcept {
    return core::round_up(at + sizeof(abi::HostElement) + element.length, alignof(std::uint64_t));
  }

  struct Judged {
    bool broken;
    std::uint32_t longest;
    std::uint64_t end;  // behind the last one; of one that is broken, where it stands
  };

  // Whether all elements of a row stand in the memory of elements. Who reads them afterwards does so in the same turn.
  static Judged judge(std::span<const std::byte> elements, const abi::HostRow& row) noexcept {
    Judged judged{false, 0, row.first};
    for (std::uint32_t i = 0; i != row.count; ++i) {
      const Element element = element_of(elements, judged.end);
      judged.broken = element.data == nullptr;
      if (judged.broken) break;
      judged.longest = std::max(judged.longest, element.length);
      judged.end = behind(judged.end, element);
    }
    return judged;
  }

  // Those that there is no room for now.
  template <class Out>
  static Elements emit(Out& out, std::uint32_t i, Elements elements) noexcept {
    while (elements.count != 0) {
      const Element element = elements.first();
      if (!put(out, i, element.data, element.length, element.flags)) break;
      elements.pass_first();
    }
    return elements;
  }

  // Cold: the lane is full.
  BYTEOR_NEVER_INLINE void keep(const Elements& left) noexcept {
    std::uint64_t end = left.at;
    for (std::uint32_t i = 0; i != left.count; ++i) end = behind(end, element_of(left.memory, end));
    const std::uint64_t bytes = std::min<std::uint64_t>(end, left.memory.size()) - left.at;
    kept_bytes_.assign(left.memory.begin() + static_cast<std::ptrdiff_t>(left.at),
                       left.memory.begin() + static_cast<std::ptrdiff_t>(left.at + bytes));
    kept_ = {kept_bytes_, 0, left.count};
  }

  // Of the first record that is not done with, some elements are on their way.
  bool is_emitting() const noexcept { return kept_.count != 0; }

  // Its row is done with, and its host need not be there any more.
  template <class Out>
  BYTEOR_NEVER_INLINE BatchAnswer go_on_emitting(std::span<const typename Out::Record> batch, Out& out) noexcept {
    kept_ = emit(out, 0, kept_);
    if (is_emitting()) return BatchAnswer::needs_room(0, kept_.first().length);
    kept_ = {};
    kept_bytes_ = {};
    return carry_out(batch, 1, out);
  }

  static Element element_of(std::span<const std::byte> elements, std::uint64_t at) noexcept {
    if (at + sizeof(abi::HostElement) > elements.size()) return {nullptr, 0, 0};
    abi::HostElement head;
    std::memcpy(&head, elements.data() + at, sizeof head);
    if (at + sizeof head + head.length > elements.size()) return {nullptr, 0, 0};
    return {elements.data() + at + sizeof head, head.length, head.flags};
  }

  void say(std::span<const std::byte> elements, const abi::HostRow& row) noexcept;

  // The call to its host has returned; from `first` on its records are new.
  void observe_answer(std::uint32_t first) noexcept {
    for (std::uint32_t i = std::max(first, answered_); i < accepted_; ++i) promised_ns_[row_of(i)] = called_ns_;
    if (accepted_ == answered_)
      observe(abi::HostPhase::kResting);
    else
      observe(abi::HostPhase::kPromised, promised_ns_[row_of(answered_)]);
  }

  // `received` cannot be carried out, and `allowed` is the most that can.
  BatchAnswer refuse(std::uint32_t i, Wrong what, std::uint64_t received, std::uint64_t allowed) noexcept {
    wrong_ = what;
    received_ = received;
    allowed_ = allowed;
    return fail(i, Broken::kAnswer);
  }

  // The record that it fails is done with as far as the host is concerned.
  BatchAnswer fail(std::uint32_t i, Broken why) noexcept {
    broken_ = why;
    // It never had an answer: what the host holds cannot be told from it any more.
    if (at_ == answered_) forget();
    skip();
    return BatchAnswer::failed(i);
  }

  const std::uint32_t room_;
  const std::uint32_t batch_records_;
  const std::uint32_t elements_max_;
  const std::unique_ptr<Shown[]> shown_;
  const std::unique_ptr<double[]> promised_ns_;  // by rows, of records that it holds: when the call began
  Site site_;
  Host* host_ = nullptr;
  bool end_is_told_ = false;
  std::uint32_t rows_ = 0;      // of the host's table that are used
  std::uint32_t at_ = 0;        // row of the next record that is not done with
  std::uint32_t answered_ = 0;  // behind those of which the host has said what becomes of them; may be past rows_
  std::uint32_t accepted_ = 0;  // behind those that it works on
  std::uint32_t called_ = 0;    // behind those: shown in the last call
  bool answers_later_ = false;  // it has held one
  Elements kept_;               // of the record before that, which wait for room
  std::vector<std::byte> kept_bytes_;
  double called_ns_ = 0;
  Broken broken_ = Broken::kNot;
  Wrong wrong_ = Wrong::kCount;
  std::uint64_t received_ = 0;
  std::uint64_t allowed_ = 0;
  std::string said_;
  abi::FailureCause said_cause_ = abi::FailureCause::kThrown;
  mutable std::mutex report_mutex_;
  std::string report_ = "null";
};

}  // namespace byteor::op

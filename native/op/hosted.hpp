// An op whose work is done by a host (host.hpp): the ops `js:` of plans. Its contract is that of batches (batch.hpp).
//
//   batch ──copy──▶ records, rows │ host works │ rows, elements ──judge, copy──▶ output
//
// The host never sees a record in the pipeline's own memory: what it keeps, or writes after its turn, reaches nothing,
// and a record that fails is still as it came. It is shown every record once: what it said of records that have no room
// yet is kept until they have, or until another host takes over, which is shown them again.
//
// A host may hold records and answer later, in their order. The rows are a circle, and so is the memory of records:
//
//   rows     │ at_ … answered_ │ … accepted_ │ new …      answered, being worked on, shown now
//
// Hot code: no allocation after construction, no exception; causes are made when a record has failed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>
#include <string>

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
    std::uint32_t ordinal_shift = 0;  // of ordinals that are sequences above so many bits
  };
  void stand_at(Site site) noexcept { site_ = site; }
  const Site& site() const noexcept { return site_; }

  // Never while it is at work, but from inside of a call to its host. `host` outlives the op's use of it; nullptr:
  // none. What the one before said of records that are not done with went with its memory.
  void set_host(Host* host) noexcept {
    host_ = host;
    forget();
    answers_later_ = false;
  }
  Host* host() const noexcept { return host_; }

  // Control path, before its first batch. What becomes of a host that goes is told by others (HostedRunner::fail), who
  // know why: the op waits for that, instead of failing the record that it had.
  void leave_end_to_others() noexcept { end_is_told_ = true; }

  template <class Out>
  BatchAnswer run(std::span<const typename Out::Record> batch, Out& out) noexcept {
    if (at_ == answered_) {
      if (host_ == nullptr && end_is_told_) return BatchAnswer::pending(0);
      // Some of what came of the record has left, and what its host had made beside that went with it.
      if (emitted_ != 0) return fail(0, Broken::kGone);
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
      if (taken == 0 || taken < held || taken > std::uint64_t{held} + count) return fail(0, Broken::kAnswer);
      answered_ = at_ + answer.records;
      accepted_ = at_ + static_cast<std::uint32_t>(taken);
      answers_later_ = answers_later_ || answer.held != 0;
      if (answer.records == 0) return BatchAnswer::pending(0, answer.held);
    }
    return carry_out(batch, out);
  }

  // The role has failed the record at hand: what is left of it is not carried out.
  void skip() noexcept {
    if (at_ != answered_) next_row();
    emitted_ = 0;
  }

  // The next batch calls the host.
  bool calls_out() const noexcept { return at_ == answered_; }

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
  enum class Broken : std::uint8_t { kNot, kTooLong, kTooMany, kGone, kAnswer, kSaid, kLate };

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

  static constexpr std::uint64_t kFull = ~std::uint64_t{0};

  // The host has none of its records any more.
  void forget() noexcept { at_ = answered_ = accepted_ = 0; }

  std::uint32_t row_of(std::uint32_t place) const noexcept { return place < rows_ ? place : place - rows_; }

  void next_row() noexcept {
    if (++at_ != rows_) return;
    at_ = 0;
    answered_ -= rows_;
    accepted_ -= rows_;
  }

  // Where `room` bytes of the next record may stand, of memory of so many bytes: behind the last one that the host
  // has, or again at the beginning.
  std::uint64_t place_of(std::uint64_t room, std::uint64_t bytes, std::uint32_t last) const noexcept {
    if (last == at_) return room <= bytes ? 0 : kFull;
    const Shown& before = shown_[row_of(last - 1)];
    const std::uint64_t tail = core::round_up(std::uint64_t{before.at} + before.room, alignof(std::uint64_t));
    const std::uint64_t head = shown_[at_].at;
    if (before.at < head) return tail + room <= head ? tail : kFull;
    if (tail + room <= bytes) return tail;
    return room < head ? 0 : kFull;
  }

  // How many fit the host's memory: all that come after the first need not.
  template <class Record>
  std::uint32_t show(std::span<const Record> batch) noexcept {
    const HostMemory memory = host_->memory();
    rows_ = static_cast<std::uint32_t>(std::min<std::size_t>(memory.rows.size(), batch_records_));
    const std::uint32_t held = accepted_ - at_;
    const auto most = static_cast<std::uint32_t>(
        std::min<std::size_t>({batch.size(), rows_, answers_later_ ? memory.at_once : std::size_t{batch_records_}}));
    std::uint32_t i = held;
    for (; i < most; ++i) {
      const Record& record = batch[i];
      const std::uint64_t room = std::uint64_t{record.length} + room_;
      const std::uint64_t at = place_of(room, memory.records.size(), at_ + i);
      if (at == kFull) break;
      core::copy_record(memory.records.data() + at, record.data, record.length);
      const std::uint32_t place = row_of(at_ + i);
      shown_[place] = {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(room), sequence_of(record)};
      abi::HostRow row{};
      row.at = shown_[place].at;
      row.length = record.length;
      row.flags = record.flags;
      row.room = shown_[place].room;
      row.action = static_cast<std::uint32_t>(abi::HostAction::kUnanswered);
      memory.rows[place] = row;
    }
    return i - held;
  }

  template <class Out>
  BatchAnswer carry_out(std::span<const typename Out::Record> batch, Out& out) noexcept {
    const HostMemory memory = host_->memory();
    std::uint32_t i = 0;
    for (; at_ != answered_ && i != batch.size(); ++i) {
      const abi::HostRow row = memory.rows[at_];
      if (emitted_ != 0 && row.action != static_cast<std::uint32_t>(abi::HostAction::kElements)) [[unlikely]]
        return fail(i, Broken::kAnswer);
      switch (static_cast<abi::HostAction>(row.action)) {
        case abi::HostAction::kPass:
          next_row();
          if (!out.pass(i)) return BatchAnswer::done(i + 1);
          continue;
        case abi::HostAction::kFilter:
          next_row();
          continue;
        case abi::HostAction::kChanged:
          if (row.length > shown_[at_].room) return fail(i, Broken::kAnswer);
          if (!put(out, i, memory.records.data() + shown_[at_].at, row.length, row.flags))
            return BatchAnswer::needs_room(i, row.length);
          next_row();
          continue;
        case abi::HostAction::kElements: {
          // Before the first of them is on its way.
          if (row.count > elements_max_) return fail(i, Broken::kTooMany);
          const Emitted emitted = emit(out, i, memory.elements, row);
          if (emitted.broken) return fail(i, Broken::kAnswer);
          if (emitted.needs != kEmitted) return BatchAnswer::needs_room(i, static_cast<std::uint32_t>(emitted.needs));
          emitted_ = 0;
          element_at_ = 0;
          next_row();
          continue;
        }
        case abi::HostAction::kFail:
          say(memory.elements, row);
          return fail(i, Broken::kSaid);
        case abi::HostAction::kLate:
          say(memory.elements, row);
          return fail(i, Broken::kLate);
        case abi::HostAction::kUnanswered:
          break;
      }
      return fail(i, Broken::kAnswer);
    }
    return accepted_ == answered_ ? BatchAnswer::done(i) : BatchAnswer::pending(i, accepted_ - answered_);
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

  static constexpr std::uint64_t kEmitted = ~std::uint64_t{0};
  struct Emitted {
    bool broken;
    std::uint64_t needs;  // kEmitted, or bytes that there is no room for
  };

  // Goes on behind the elements that are on their way already.
  template <class Out>
  Emitted emit(Out& out, std::uint32_t i, std::span<const std::byte> elements, const abi::HostRow& row) noexcept {
    if (emitted_ == 0) element_at_ = row.first;
    for (; emitted_ < row.count; ++emitted_) {
      const Element element = element_of(elements, element_at_);
      if (element.data == nullptr) return {true, kEmitted};
      if (!put(out, i, element.data, element.length, element.flags)) return {false, element.length};
      element_at_ = core::round_up(element_at_ + sizeof(abi::HostElement) + element.length, alignof(std::uint64_t));
    }
    return {false, kEmitted};
  }

  struct Element {
    const std::byte* data;
    std::uint32_t length;
    std::uint32_t flags;
  };
  static Element element_of(std::span<const std::byte> elements, std::uint64_t at) noexcept {
    if (at + sizeof(abi::HostElement) > elements.size()) return {nullptr, 0, 0};
    abi::HostElement head;
    std::memcpy(&head, elements.data() + at, sizeof head);
    if (at + sizeof head + head.length > elements.size()) return {nullptr, 0, 0};
    return {elements.data() + at + sizeof head, head.length, head.flags};
  }

  void say(std::span<const std::byte> elements, const abi::HostRow& row) noexcept;

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
  Site site_;
  Host* host_ = nullptr;
  bool end_is_told_ = false;
  std::uint32_t rows_ = 0;      // of the host's table that are used
  std::uint32_t at_ = 0;        // row of the next record that is not done with
  std::uint32_t answered_ = 0;  // behind those of which the host has said what becomes of them; may be past rows_
  std::uint32_t accepted_ = 0;  // behind those that it works on
  std::uint32_t called_ = 0;    // behind those: shown in the last call
  bool answers_later_ = false;  // it has held one
  std::uint32_t emitted_ = 0;   // of the elements of that record
  std::uint64_t element_at_ = 0;
  Broken broken_ = Broken::kNot;
  std::string said_;
  abi::FailureCause said_cause_ = abi::FailureCause::kThrown;
  mutable std::mutex report_mutex_;
  std::string report_ = "null";
};

}  // namespace byteor::op

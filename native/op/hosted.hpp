// An op whose work is done by a host (host.hpp): the ops `js:` of plans. Its contract is that of batches (batch.hpp).
//
//   batch ──copy──▶ records, rows │ host works │ rows, elements ──judge, copy──▶ output
//
// The host never sees a record in the pipeline's own memory: what it keeps, or writes after its turn, reaches nothing,
// and a record that fails is still as it came. It is shown every record once: what it said of records that have no room
// yet is kept until they have, or until another host takes over, which is shown them again.
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

  // Never while it is at work, but from inside of a call to its host. `host` outlives the op's use of it; nullptr:
  // none. What the one before said of records that are not done with went with its memory.
  void set_host(Host* host) noexcept {
    host_ = host;
    at_ = answered_ = 0;
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
      const std::uint32_t count = show(batch);
      if (count == 0) return fail(0, Broken::kTooLong);
      const Host::Answer answer = host_->work(count);
      if (answer.end == Host::End::kCutOff) return BatchAnswer::cut_off();
      // It gave the stage back inside of the call: another one is shown these records.
      if (host_ == nullptr) return BatchAnswer::pending(0);
      if (answer.end == Host::End::kGone && end_is_told_) return BatchAnswer::pending(0);
      if (answer.end == Host::End::kGone) return fail(0, Broken::kGone);
      if (answer.records == 0 || answer.records > count) return fail(0, Broken::kAnswer);
      at_ = 0;
      answered_ = answer.records;
    }
    return carry_out(batch, out);
  }

  // The role has failed the record at hand: what is left of it is not carried out.
  void skip() noexcept {
    if (at_ != answered_) ++at_;
    emitted_ = 0;
  }

  // The next batch calls the host.
  bool calls_out() const noexcept { return at_ == answered_; }

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
  enum class Broken : std::uint8_t { kNot, kTooLong, kTooMany, kGone, kAnswer, kSaid };

  // What a row said when it was shown.
  struct Shown {
    std::uint32_t at;
    std::uint32_t room;
  };

  // How many fit the host's memory: all that come after the first need not.
  template <class Record>
  std::uint32_t show(std::span<const Record> batch) noexcept {
    const HostMemory memory = host_->memory();
    const auto most = static_cast<std::uint32_t>(
        std::min({batch.size(), memory.rows.size(), static_cast<std::size_t>(batch_records_)}));
    std::uint64_t used = 0;
    std::uint32_t i = 0;
    for (; i < most; ++i) {
      const Record& record = batch[i];
      const std::uint64_t room = std::uint64_t{record.length} + room_;
      if (used + room > memory.records.size()) break;
      core::copy_record(memory.records.data() + used, record.data, record.length);
      shown_[i] = {static_cast<std::uint32_t>(used), static_cast<std::uint32_t>(room)};
      abi::HostRow row{};
      row.at = shown_[i].at;
      row.length = record.length;
      row.flags = record.flags;
      row.room = shown_[i].room;
      memory.rows[i] = row;
      used = core::round_up(used + room, alignof(std::uint64_t));
    }
    return i;
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
          ++at_;
          if (!out.pass(i)) return BatchAnswer::done(i + 1);
          continue;
        case abi::HostAction::kFilter:
          ++at_;
          continue;
        case abi::HostAction::kChanged:
          if (row.length > shown_[at_].room) return fail(i, Broken::kAnswer);
          if (!put(out, i, memory.records.data() + shown_[at_].at, row.length, row.flags))
            return BatchAnswer::needs_room(i, row.length);
          ++at_;
          continue;
        case abi::HostAction::kElements: {
          // Before the first of them is on its way.
          if (row.count > elements_max_) return fail(i, Broken::kTooMany);
          const Emitted emitted = emit(out, i, memory.elements, row);
          if (emitted.broken) return fail(i, Broken::kAnswer);
          if (emitted.needs != kEmitted) return BatchAnswer::needs_room(i, static_cast<std::uint32_t>(emitted.needs));
          emitted_ = 0;
          element_at_ = 0;
          ++at_;
          continue;
        }
        case abi::HostAction::kFail:
          say(memory.elements, row);
          return fail(i, Broken::kSaid);
      }
      return fail(i, Broken::kAnswer);
    }
    return BatchAnswer::done(i);
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
    skip();
    return BatchAnswer::failed(i);
  }

  const std::uint32_t room_;
  const std::uint32_t batch_records_;
  const std::uint32_t elements_max_;
  const std::unique_ptr<Shown[]> shown_;
  Host* host_ = nullptr;
  bool end_is_told_ = false;
  std::uint32_t at_ = 0;        // row of the next record that is not done with
  std::uint32_t answered_ = 0;  // rows of which the host has said what becomes of them
  std::uint32_t emitted_ = 0;   // of the elements of that record
  std::uint64_t element_at_ = 0;
  Broken broken_ = Broken::kNot;
  std::string said_;
  mutable std::mutex report_mutex_;
  std::string report_ = "null";
};

}  // namespace byteor::op

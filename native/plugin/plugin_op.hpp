// An op whose work is done by a plug-in's instance (byteor_plugin.h): the ops `native:` of plans. Its contract is that
// of batches (op/batch.hpp).
//
//   batch ──▶ plug-in ──▶ an action a record, elements ──judge──▶ output         an instance that reads
//   batch ──copy──▶ copies with room ──▶ plug-in ──▶ …                           one that writes
//
// An instance that only reads is shown the records where they lie, and a run of records that pass or are filtered is
// one call to the output. What takes a record's place is copied as it is handed over, and again into the output: the
// plug-in writes to nothing that others see. It is shown every record that it is done with once.
//
// Guards stand around everything that the plug-in may write to, and are looked at behind each call. A write further
// away, a crash, and a call that does not return are not caught: the plug-in is a part of the process.
//
// Hot code: no exception, and no allocation but for buffers that grow to what a record or its elements need.
#pragma once

#include <algorithm>
#include <cstddef>
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
#include "plugin/library.hpp"

namespace byteor::plugin {

// What a plan says of a stage that a plug-in does, and where it stands.
struct StageFacts {
  std::string stage;
  std::string name;    // behind `native:`
  std::string config;  // JSON
  std::uint32_t shard = 0;
  bool writes = true;  // it may, as far as the plan is concerned
  bool filters = true;
  bool emits = true;
  bool keeps_layout = false;       // what is behind it counts on that
  bool has_readers = true;         // something reads what goes on
  std::uint32_t room = 0;          // bytes
  std::uint32_t emits_max = 0;     // 0: any number
  bool in_slot = false;            // of a ring, which holds one record
  std::uint32_t elements_max = 0;  // that what is behind it can take of one record; 0: any number
  std::uint32_t struct_bytes = 0;  // not 0: of every record that goes on
  std::uint32_t batch_records = 0;
};

// Memory that only grows, and is given up with all that is in it when it does.
class Buffer {
 public:
  static constexpr std::uint64_t kMost = std::uint64_t{1} << 30;

  std::byte* data() const noexcept { return data_.get(); }
  std::uint64_t size() const noexcept { return size_; }
  // At least so many bytes, of which the first `kept` stay. False: there is no memory, and nothing has changed.
  bool reserve(std::uint64_t bytes, std::uint64_t kept) noexcept;

 private:
  std::unique_ptr<std::byte[]> data_;
  std::uint64_t size_ = 0;
};

// On blocks of its own, for the reason given at graph/op_box.hpp.
class alignas(core::kCacheBlock) PluginOp {
 public:
  // What the plan does not allow is refused before the start, or fails the record.
  static constexpr bool kFilters = true;
  static constexpr bool kFails = true;

  // Makes the instance. Throws CodedError (PLUGIN_REFUSED).
  PluginOp(Library library, StageFacts facts);
  ~PluginOp();
  PluginOp(const PluginOp&) = delete;
  PluginOp& operator=(const PluginOp&) = delete;

  template <class Out>
  op::BatchAnswer run(std::span<const typename Out::Record> batch, Out& out) noexcept {
    if (at_ == answered_) {
      const std::uint32_t count = writes() ? show_copies(batch) : show_in_place(batch);
      if (count == 0) return fail(0, Broken::kNoMemory);
      if (!ask(count)) return fail(0, broken_);
    }
    return carry_out(batch, out);
  }

  // Nothing more comes.
  template <class Out>
  op::BatchAnswer finish(Out& out) noexcept {
    if (library_.table->finish == nullptr) return op::BatchAnswer::done(0);
    if (!finished_) {
      finished_ = true;
      if (!ask_end()) return op::BatchAnswer::failed(0);
    }
    if (row_count_ == 0) return op::BatchAnswer::done(0);
    const Row& row = rows_[0];
    if (row.action == BYTEOR_FAILED) return fail_said(row);
    const Emitted emitted = emit(out, 0, 0, row);
    if (emitted.broken) return fail(0, Broken::kLength);
    return emitted.needs == kEmitted ? op::BatchAnswer::done(0)
                                     : op::BatchAnswer::needs_room(0, static_cast<std::uint32_t>(emitted.needs));
  }

  // The role has failed the record at hand, of which nothing has left.
  void skip() noexcept {
    if (at_ != answered_) ++at_;
  }

  // Control path: why the last record failed, and the remedy.
  abi::FailureCause cause_code() const noexcept;
  std::string cause() const;
  // JSON: what the instance has to tell; null where it has nothing. Any thread; waits for the call at hand.
  std::string report() const;

 private:
  enum class Broken : std::uint8_t {
    kNot,
    kCount,
    kAction,
    kFilters,
    kWrites,
    kEmits,
    kIndex,
    kOutside,
    kRoom,
    kTooMany,
    kLength,
    kNoMemory,
    kSaid
  };

  // What a record becomes where a byte does not say it.
  struct Row {
    std::uint32_t index;
    std::uint32_t count;   // elements
    std::uint64_t first;   // place of the first one, or of the message
    std::uint64_t length;  // of the message
    std::uint8_t action;
    bool no_memory;
  };
  struct Shown {
    std::uint64_t at;
    std::uint64_t room;
  };
  struct Element {
    std::uint32_t length;
  };

  static constexpr std::uint32_t kGuardBytes = 16;
  static constexpr std::uint64_t kEmitted = ~std::uint64_t{0};
  struct Emitted {
    bool broken;
    std::uint64_t needs;  // kEmitted, or bytes that there is no room for
  };

  bool writes() const noexcept { return (traits_.flags & BYTEOR_WRITES) != 0; }

  // A record of the pipeline's is one of the plug-in's header, to the byte.
  template <class Record>
  std::uint32_t show_in_place(std::span<const Record> batch) noexcept {
    static_assert(sizeof(Record) == sizeof(byteor_type_record) && offsetof(Record, data) == 0 &&
                  offsetof(Record, length) == offsetof(byteor_type_record, length) &&
                  offsetof(Record, flags) == offsetof(byteor_type_record, flags));
    records_ = reinterpret_cast<const byteor_type_record*>(batch.data());
    return static_cast<std::uint32_t>(std::min<std::size_t>(batch.size(), facts_.batch_records));
  }

  // As many copies as there is room for: all that come after the first need not be shown now.
  template <class Record>
  std::uint32_t show_copies(std::span<const Record> batch) noexcept {
    const auto most = static_cast<std::uint32_t>(std::min<std::size_t>(batch.size(), facts_.batch_records));
    std::uint64_t used = 0;
    std::uint32_t i = 0;
    for (; i != most; ++i) {
      const Record& record = batch[i];
      const std::uint64_t end = used + kGuardBytes + record.length + traits_.room + kGuardBytes;
      if (end > copies_.size() && (i != 0 || !copies_.reserve(end, 0))) break;
      shown_[i] = {used + kGuardBytes, std::uint64_t{record.length} + traits_.room};
      std::byte* const to = copies_.data() + shown_[i].at;
      std::memcpy(to - kGuardBytes, kGuard, kGuardBytes);
      core::copy_record(to, record.data, record.length);
      std::memcpy(to + shown_[i].room, kGuard, kGuardBytes);
      copied_[i] = {reinterpret_cast<std::uint8_t*>(to), record.length, record.flags, sequence_of(record)};
      lengths_[i] = record.length;
      used = core::round_up(end, alignof(std::uint64_t));
    }
    records_ = copied_.get();
    return i;
  }
  template <class Record>
  static std::uint64_t sequence_of(const Record& record) noexcept {
    if constexpr (requires { record.ordinal; })
      return record.ordinal;
    else
      return record.sequence;
  }

  // Calls the instance, and judges what it left. False: broken_ says what of the first record.
  bool ask(std::uint32_t count) noexcept;
  bool ask_end() noexcept;
  byteor_type_batch batch_of(std::uint32_t count) noexcept;
  bool guards_hold() const noexcept;
  void judge_rows() noexcept;
  void judge_copies(std::uint32_t count) noexcept;

  // The callbacks.
  static std::int32_t take_element(void* host, std::uint32_t index, const void* data, std::uint32_t length) noexcept;
  static void take_failure(void* host, std::uint32_t index, const char* message, std::uint64_t bytes) noexcept;
  Row* row_at(std::uint32_t index, std::uint8_t action) noexcept;
  bool append(const void* data, std::uint64_t bytes) noexcept;

  // How many of the next records pass or are filtered.
  std::uint32_t plain(std::uint32_t most) const noexcept {
    const std::uint8_t* const actions = actions_ + at_;
    if (actions[0] > plain_max_) return 0;
    std::uint8_t all = 0;
    for (std::uint32_t i = 0; i != most; ++i) all |= actions[i];
    if (all <= plain_max_) [[likely]]
      return most;
    std::uint32_t i = 0;
    while (actions[i] <= plain_max_) ++i;
    return i;
  }

  template <class Out>
  op::BatchAnswer carry_out(std::span<const typename Out::Record> batch, Out& out) noexcept {
    const auto size = static_cast<std::uint32_t>(batch.size());
    std::uint32_t i = 0;
    while (at_ != answered_ && i != size) {
      if (const std::uint32_t most = plain(std::min(answered_ - at_, size - i)); most != 0) {
        const std::uint32_t done = out.pass_or_filter(i, {actions_ + at_, most});
        at_ += done;
        i += done;
        if (done == most) continue;
        // The next one passes as soon as there is room for it.
        ++at_;
        return op::BatchAnswer::done(i + 1);
      }
      if (const std::uint32_t done = put_changed(batch, i, std::min(answered_ - at_, size - i), out); done != 0) {
        at_ += done;
        i += done;
        continue;
      }
      const op::BatchAnswer answer = carry_out_one(batch[i], i, out);
      if (answer.needs() != op::BatchAnswer::Needs::kRecords) return answer;
      ++at_;
      ++i;
    }
    return op::BatchAnswer::done(i);
  }

  // Those of the next records that were changed in place, as far as there is room for them. How many.
  template <class Record, class Out>
  std::uint32_t put_changed(std::span<const Record> batch, std::uint32_t i, std::uint32_t most, Out& out) noexcept {
    if (actions_[at_] != BYTEOR_CHANGED || !writes()) return 0;
    return out.put_changed(i, most, [&](std::uint32_t k, op::Changed& changed) {
      const std::uint32_t row = at_ + k;
      if (actions_[row] != BYTEOR_CHANGED || row == outside_) return false;
      const std::uint32_t length = lengths_[row];
      changed = {copies_.data() + shown_[row].at, length, batch[i + k].flags};
      return length <= shown_[row].room && fits(length);
    });
  }

  // Of a record that neither passes nor is filtered.
  template <class Record, class Out>
  op::BatchAnswer carry_out_one(const Record& record, std::uint32_t i, Out& out) noexcept {
    if (at_ == outside_) return fail(i, Broken::kOutside);
    switch (actions_[at_]) {
      case BYTEOR_FILTER:
        return fail(i, Broken::kFilters);
      case BYTEOR_CHANGED: {
        if (!writes()) return fail(i, Broken::kWrites);
        const std::uint32_t length = lengths_[at_];
        if (length > shown_[at_].room) return fail_length(i, Broken::kRoom, length);
        if (!fits(length)) return fail_length(i, Broken::kLength, length);
        if (!put(out, i, copies_.data() + shown_[at_].at, length, record.flags))
          return op::BatchAnswer::needs_room(i, length);
        return op::BatchAnswer::done(i + 1);
      }
      case BYTEOR_EMITTED:
      case BYTEOR_FAILED:
        break;
      default:
        return fail(i, Broken::kAction);
    }
    while (row_at_ != row_count_ && rows_[row_at_].index < at_) ++row_at_;
    if (row_at_ == row_count_ || rows_[row_at_].index != at_) return fail(i, Broken::kAction);
    const Row& row = rows_[row_at_];
    if (row.action == BYTEOR_FAILED) return fail_said(row, i);
    if ((traits_.flags & BYTEOR_EMITS) == 0) return fail(i, Broken::kEmits);
    if (row.no_memory) return fail(i, Broken::kNoMemory);
    if (elements_max_ != 0 && row.count > elements_max_) return fail_length(i, Broken::kTooMany, row.count);
    const Emitted emitted = emit(out, i, record.flags, row);
    if (emitted.broken) return fail(i, Broken::kLength);
    if (emitted.needs != kEmitted) return op::BatchAnswer::needs_room(i, static_cast<std::uint32_t>(emitted.needs));
    return op::BatchAnswer::done(i + 1);
  }

  bool fits(std::uint32_t length) const noexcept { return facts_.struct_bytes == 0 || length == facts_.struct_bytes; }

  template <class Out>
  static bool put(Out& out, std::uint32_t i, const std::byte* data, std::uint32_t length,
                  std::uint32_t flags) noexcept {
    const op::Claim claim = out.claim(i, length);
    if (claim.status == op::Claim::Status::kNone) return false;
    if (claim.status == op::Claim::Status::kDropped) return true;
    core::copy_record(claim.data, data, length);
    out.commit(length, flags);
    return true;
  }

  struct Judged {
    bool broken;  // refused_ says which length was
    std::uint32_t longest;
  };
  Judged judge(const Row& row) noexcept {
    Judged judged{false, 0};
    std::uint64_t at = row.first;
    for (std::uint32_t i = 0; i != row.count; ++i) {
      const Element element = element_of(at);
      at += sizeof element + element.length;
      judged.longest = std::max(judged.longest, element.length);
      if (fits(element.length) || judged.broken) continue;
      judged.broken = true;
      refused_ = element.length;
    }
    return judged;
  }
  Element element_of(std::uint64_t at) const noexcept {
    Element element;
    std::memcpy(&element, elements_.data() + at, sizeof element);
    return element;
  }

  // All of them or none, before the first is on its way; then goes on behind those that are.
  template <class Out>
  Emitted emit(Out& out, std::uint32_t i, std::uint32_t flags, const Row& row) noexcept {
    if (emitted_ == 0) {
      element_at_ = row.first;
      const Judged judged = judge(row);
      if (judged.broken) return {true, kEmitted};
      if (row.count > 1 && !out.takes(i, row.count, judged.longest)) return {false, judged.longest};
    }
    for (; emitted_ != row.count; ++emitted_) {
      const Element element = element_of(element_at_);
      if (!put(out, i, elements_.data() + element_at_ + sizeof element, element.length, flags))
        return {false, element.length};
      element_at_ += sizeof element + element.length;
    }
    emitted_ = 0;
    return {false, kEmitted};
  }

  // The record that it fails is done with as far as the plug-in is concerned.
  op::BatchAnswer fail(std::uint32_t i, Broken why) noexcept {
    broken_ = why;
    skip();
    return op::BatchAnswer::failed(i);
  }
  op::BatchAnswer fail_length(std::uint32_t i, Broken why, std::uint64_t refused) noexcept {
    refused_ = refused;
    return fail(i, why);
  }
  op::BatchAnswer fail_said(const Row& row, std::uint32_t i = 0) noexcept;

  static constexpr char kGuard[kGuardBytes + 1] = "\xb7yteor's guard\xa5\x5a";
  static const byteor_type_callbacks kCallbacks;

  const Library library_;
  const StageFacts facts_;
  byteor_type_traits traits_{};
  void* instance_ = nullptr;
  mutable std::mutex calls_;  // one call of the instance at a time: a report comes from another thread
  const std::unique_ptr<std::byte[]> answers_;  // guard, actions, guard, lengths, guard
  std::uint8_t* actions_ = nullptr;
  std::uint32_t* lengths_ = nullptr;
  const std::unique_ptr<Row[]> rows_;
  std::unique_ptr<Shown[]> shown_;                // of an instance that writes
  std::unique_ptr<byteor_type_record[]> copied_;  // likewise
  const byteor_type_record* records_ = nullptr;   // what is shown
  Buffer copies_;
  Buffer elements_;
  std::uint64_t elements_used_ = 0;
  std::uint32_t elements_max_ = 0;
  std::uint32_t row_count_ = 0;
  std::uint32_t row_at_ = 0;            // of the rows, the next that was not carried out
  std::uint32_t shown_count_ = 0;       // records of the call at hand; rows may be about no others
  std::uint32_t at_ = 0;                // the next record that is not done with
  std::uint32_t answered_ = 0;          // records of which the plug-in has said what becomes of them
  std::uint32_t outside_ = abi::kNone;  // the record beside whose space it has written
  std::uint32_t emitted_ = 0;           // of the elements of the record at hand
  std::uint64_t element_at_ = 0;
  std::uint64_t refused_ = 0;
  std::uint8_t plain_max_ = BYTEOR_PASS;
  bool in_call_ = false;
  bool wrong_index_ = false;
  bool finished_ = false;
  Broken broken_ = Broken::kNot;
  std::string said_;
};

}  // namespace byteor::plugin

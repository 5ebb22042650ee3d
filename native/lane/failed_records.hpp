// What becomes of a record that failed in a stage, of a graph (StageRole, BatchRole) or of a ring (ring::StageAgent):
// the one place that knows the policies and counts by them.
//
//   Stop         the pipeline stops: the stage reports the record, and is at its end
//   Drop         the record is done with, and goes no further; in a ring it is marked, as a filter does
//   Pass         it goes on as the stage received it
//   DeadLetter   as Drop, once a letter is on its way: | LetterHeader | message | record |, one record of its lane.
//                While that is full the stage keeps the record, and stalls
//
// What cannot be followed stops the pipeline: a record that no lane behind the stage can take does not pass, and a
// letter that is longer than its lane takes is not written. Damage always stops it: what was overwritten is no record.
// So does an invalid answer: it is no fault of the record's, and would come again.
//
// Cold: called when a record has failed. Messages are made only where they are told, and may allocate, as the ops'
// causes do. The stage's own thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "abi/abi_generated.hpp"
#include "core/agent.hpp"
#include "core/cpu.hpp"
#include "lane/endpoint.hpp"

namespace byteor::lane {

// A stage's policy, as the graph's builder gives it.
struct OnError {
  abi::OnErrorCode code = abi::OnErrorCode::kStop;
  std::unique_ptr<Outlet> letters = nullptr;  // of DeadLetter alone; it does not drop
  std::uint32_t letters_agent = abi::kNone;   // whom the stage waits for while they have no room
  // Set once their files have failed: room will never come. nullptr: who stops what waits tells it otherwise.
  const std::atomic<bool>* letters_failed = nullptr;

  // Bytes of a record that a letter takes, however long its message is. Where there are letters.
  std::uint32_t letter_record_max() const noexcept {
    return letters->record_max() - static_cast<std::uint32_t>(sizeof(abi::LetterHeader)) - abi::kCauseBytesMax;
  }

  // No letter will come any more.
  void close() noexcept {
    if (letters != nullptr) letters->close();
  }
};

struct FailedRecord {
  const std::byte* data;  // as the stage received it
  std::uint32_t length;
  std::uint32_t flags;
  std::uint64_t sequence;  // of the record in its shard, or its place in the order of its ingress
  abi::FailureCause cause;
  bool can_pass = true;     // what is behind the stage can take it as it came
  std::uint32_t shard = 0;  // of a lane of letters that is of several
};

// Where failures are counted: at a reading end, or at an ingress, which passes none on.
struct FailureCells {
  FailureCells(abi::ConsumerBlock& block) noexcept  // NOLINT(google-explicit-constructor): it is what the block has
      : failed(block.failed),
        stopped(block.stopped),
        dropped(block.dropped),
        dead_lettered(block.dead_lettered),
        passed(block.passed_failed),
        causes(&block.causes[0]) {}
  FailureCells(abi::ProducerBlock& block) noexcept  // NOLINT(google-explicit-constructor)
      : failed(block.failed),
        stopped(block.failed_stopped),
        dropped(block.failed_dropped),
        dead_lettered(block.failed_dead_lettered),
        passed(block.failed),
        causes(&block.causes[0]) {}

  std::atomic<double>& failed;
  std::atomic<double>& stopped;
  std::atomic<double>& dropped;
  std::atomic<double>& dead_lettered;
  std::atomic<double>& passed;
  std::atomic<double>* causes;  // by abi::FailureCause
};

class FailedRecords {
 public:
  enum class Fate : std::uint8_t {
    kStop,  // the pipeline stops here
    kGone,  // it is done with
    kPass,  // it goes on as it came
    kWait,  // there is no room for its letter: it stays, has not been counted, and is to be judged again
  };

  // Both outlive this.
  FailedRecords(OnError& on_error, const FailureCells& cells, std::uint32_t agent) noexcept
      : on_error_(on_error), cells_(cells), agent_(agent) {}

  // Decides, and counts. `message() -> std::string`: why it failed, and what to do.
  template <class Message>
  BYTEOR_NEVER_INLINE Fate judge(const FailedRecord& record, const Message& message) noexcept {
    switch (record.cause == abi::FailureCause::kBadAnswer ? abi::OnErrorCode::kStop : on_error_.code) {
      case abi::OnErrorCode::kDrop:
        return gone(record.cause, cells_.dropped);
      case abi::OnErrorCode::kPass:
        if (!record.can_pass) break;
        count(record.cause, cells_.passed);
        return Fate::kPass;
      case abi::OnErrorCode::kDeadLetter:
        if (!waits_) message_ = message();
        waits_ = false;
        if (fits(record)) return send(record);
        break;
      default:
        break;
    }
    stop(record.cause);
    return Fate::kStop;
  }

  // Counts a record that stops the pipeline whatever the policy is.
  void stop(abi::FailureCause cause) noexcept { gone(cause, cells_.stopped); }

  // The message of a record that stopped the pipeline, and why its policy was not followed.
  std::string told(std::string message) const {
    if (letter_bytes_ == 0) return message;
    return std::move(message) + "; its letter needs " + std::to_string(letter_bytes_) +
           " bytes, and the lane of letters takes at most " + std::to_string(on_error_.letters->record_max());
  }

  // Whom the stage waits for while a letter has no room.
  std::uint32_t letters_agent() const noexcept { return on_error_.letters_agent; }

 private:
  static void add_one(std::atomic<double>& cell) noexcept {
    cell.store(cell.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  void count(abi::FailureCause cause, std::atomic<double>& fate) noexcept {
    add_one(fate);
    add_one(cells_.causes[static_cast<std::size_t>(cause)]);
  }

  Fate gone(abi::FailureCause cause, std::atomic<double>& fate) noexcept {
    add_one(cells_.failed);
    count(cause, fate);
    return Fate::kGone;
  }

  std::string_view letter_message() const noexcept { return core::cut_text(message_, abi::kCauseBytesMax); }

  std::uint64_t bytes_of_letter(const FailedRecord& record) const noexcept {
    return sizeof(abi::LetterHeader) + letter_message().size() + record.length;
  }

  bool fits(const FailedRecord& record) noexcept {
    const std::uint64_t bytes = bytes_of_letter(record);
    if (bytes <= on_error_.letters->record_max()) return true;
    letter_bytes_ = bytes;
    return false;
  }

  Fate send(const FailedRecord& record) noexcept {
    Outlet& letters = *on_error_.letters;
    const std::string_view message = letter_message();
    const auto bytes = static_cast<std::uint32_t>(bytes_of_letter(record));
    std::byte* const to = letters.try_claim(bytes);
    if (to == nullptr) {
      waits_ = true;
      return Fate::kWait;
    }
    const abi::LetterHeader header{.sequence = record.sequence,
                                   .agent = agent_,
                                   .cause = static_cast<std::uint32_t>(record.cause),
                                   .message_length = static_cast<std::uint32_t>(message.size()),
                                   .record_length = record.length,
                                   .record_flags = record.flags,
                                   .shard = record.shard};
    std::memcpy(to, &header, sizeof header);
    std::memcpy(to + sizeof header, message.data(), message.size());
    if (record.length != 0) std::memcpy(to + sizeof header + message.size(), record.data, record.length);
    letters.commit(bytes, 0, sent_++);
    // At once: the record is given up as soon as the stage says that it is done with it.
    letters.publish();
    return gone(record.cause, cells_.dead_lettered);
  }

  OnError& on_error_;
  const FailureCells cells_;
  const std::uint32_t agent_;
  std::string message_;             // of the record whose letter is written, or waits
  bool waits_ = false;              // it waits
  std::uint64_t sent_ = 0;          // letters
  std::uint64_t letter_bytes_ = 0;  // of one that its lane can never take
};

}  // namespace byteor::lane

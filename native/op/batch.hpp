// The second contract of an op: a batch of records at a time, and an output. For ops that emit other records than they
// read, that keep records for a while, or whose work is done elsewhere; op.hpp has the one of ops that judge each
// record by itself, and cost no call a record.
//
//   class SomeOp : public BuiltIn<abi::OpCode::kSome> {   // Config, the constructor, cause() and report(): op.hpp
//    public:
//     // Hot: no allocation, no exception; one thread at a time. Works on the records of `batch` in order, and says
//     // through `out` what becomes of each; the answer says how far it came, and what it needs.
//     template <class Out>
//     BatchAnswer run(std::span<const typename Out::Record> batch, Out& out) noexcept;
//     // Where it keeps anything: emits it, now that nothing more comes. done(0): nothing is left.
//     template <class Out>
//     BatchAnswer finish(Out& out) noexcept;
//     // Where it keeps its place in a record: forgets it. The record at hand has failed on its way out, because no
//     // lane takes what the op made of it, and the next batch begins behind it.
//     void skip() noexcept;
//     // Where records fail for more than one reason: which one it was. Otherwise they are rejected.
//     abi::FailureCause cause_code() const noexcept;
//   };
//
// A Record has data, length and flags, and must not be written: another reader may have it too. What an Out can do, of
// the record at index i in the batch, where i never goes back:
//
//   bool pass(i)               it goes on as it came. False: it will, but there is no room now; answer done(i + 1)
//   uint32 pass_or_filter(i, filtered)  of the records from i on, one a byte: those with a 0 go on as they came, the
//                              others are filtered. How many it is done with; where that is not all, the next one goes
//                              on, but there is no room now: answer done() with it
//   uint32 put_changed(i, most, fill)  of the records from i on, at most so many: those of which `fill(k, changed)`, k
//                              from 0, says the bytes go on as these, up to one of which it says false. How many it is
//                              done with; where that is fewer than fill() gave, claim() says why, and fill() is asked
//                              again
//   bool takes(i, count, longest)  before the first of several: whether so many, the longest of so many bytes, can all
//                              go on, now or later. False: never; answer needs_room(i, longest)
//   Claim claim(i, length)     room for a record of the op's own, which takes its place, or one of several
//   void commit(length, flags) that record goes on; `length` is at most what was claimed
//
// A record leaves whole or fails whole: what is on its way to the readers of a lane cannot be taken back. So an op
// knows all of what it makes of a record, and has asked takes(), before the first of it is on its way, and keeps the
// rest where nothing can take it away. One that fails a record behind that is broken, and stops the pipeline.
//
// Of finish(), i is 0. A record that the op is done with, and for which nothing went on, is filtered, or absorbed where
// the op's row does not say that it filters. The next batch begins with the first record that the op is not done with,
// and what it emitted for that one is on its way: it goes on where it was. Behind one that it says has failed, it
// begins with the next.
#pragma once

#include <cstddef>
#include <cstdint>

#include "abi/abi_generated.hpp"

namespace byteor::op {

// What an op answers: with how many of the batch's first records it is done, and what it needs for the next one. An
// answer that moves nothing says why: done(0) is one only where the batch is empty.
class BatchAnswer {
 public:
  enum class Needs : std::uint8_t { kRecords, kRoom, kTime, kNothing, kCutOff };

  // It could take more.
  static constexpr BatchAnswer done(std::uint32_t records) noexcept { return {records, Needs::kRecords, 0}; }
  // The next record waits for room: claim() found none for `bytes`.
  static constexpr BatchAnswer needs_room(std::uint32_t records, std::uint32_t bytes) noexcept {
    return {records, Needs::kRoom, bytes};
  }
  // The next `held` records are being worked on elsewhere. Who does it wakes the op's thread.
  static constexpr BatchAnswer pending(std::uint32_t records, std::uint32_t held = 1) noexcept {
    return {records, Needs::kTime, held};
  }
  // The pipeline was settled while the op waited for its host: the agent ends at once, and touches nothing any more.
  static constexpr BatchAnswer cut_off() noexcept { return {0, Needs::kCutOff, 0}; }
  // The next record has failed; cause() says why.
  static constexpr BatchAnswer failed(std::uint32_t records) noexcept { return {records, Needs::kNothing, 0}; }

  constexpr std::uint32_t records() const noexcept { return records_; }
  constexpr Needs needs() const noexcept { return needs_; }
  constexpr std::uint32_t bytes() const noexcept { return size_; }
  constexpr std::uint32_t held() const noexcept { return size_; }

  // Whether it can be the answer to a batch of so many records.
  constexpr bool fits(std::uint32_t batch) const noexcept {
    if (needs_ == Needs::kRecords) return records_ <= batch && (records_ != 0 || batch == 0);
    return needs_ == Needs::kNothing || needs_ == Needs::kRoom ? records_ < batch : records_ <= batch;
  }

 private:
  constexpr BatchAnswer(std::uint32_t records, Needs needs, std::uint32_t size) noexcept
      : records_(records), needs_(needs), size_(size) {}

  std::uint32_t records_;
  Needs needs_;
  std::uint32_t size_;
};

// What a record has become: its bytes are the op's until they are on their way.
struct Changed {
  const std::byte* data;
  std::uint32_t length;
  std::uint32_t flags;
};

struct Claim {
  enum class Status : std::uint8_t {
    kRoom,
    kNone,     // now, or ever: answer needs_room()
    kDropped,  // the lane drops what has no room, and has counted it: go on
  };
  Status status;
  std::byte* data = nullptr;
};

// Why a record failed of which the op has answered so.
template <class Op>
abi::FailureCause cause_code_of(const Op& op) noexcept {
  if constexpr (requires { op.cause_code(); }) return op.cause_code();
  return abi::FailureCause::kRejected;
}

}  // namespace byteor::op

// Follows records through a graph, lane by lane, to where a crash of the process cannot take them: an egress has
// delivered them, a sink or a filter has ended them, or the files of another journal have them.
//
//   journal ──▶ reader ──hop 0──▶ role ──hop 1──▶ … ──▶ egress
//
// A hop is where a lane's writer stood when the hops before it had been passed. It is passed once all of the lane's
// readers have released as much.
//
// A role publishes what it made of a record before it releases the record, so once a lane's readers have released as
// far as its writer had come, all that came of it stands in the lanes behind. Lanes are followed in topological order;
// records that took another way into a lane are waited for as well, which costs time and nothing else.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/sequence.hpp"
#include "journal/delivery.hpp"

namespace byteor::graph {

struct DeliveryHop {
  core::SequenceReader writer;                // of a native role: behind a journal no JS thread writes
  const abi::ProducerBlock* producer;         // its counters
  std::vector<core::SequenceReader> readers;  // of a journal: the agent of its files alone
  // An egress whose adapter keeps what it has read for a while: records that it has written, set before the threads
  // start; nullptr elsewhere.
  const std::atomic<std::uint64_t>* const* written = nullptr;
};

class LaneDelivery final : public journal::Delivery {
 public:
  explicit LaneDelivery(std::vector<DeliveryHop> hops) : hops_(std::move(hops)), at_(hops_.size()) {}

  std::uint64_t arrived(std::uint64_t released) noexcept override {
    if (arrived_ != followed_ && walk()) arrived_ = followed_;
    if (arrived_ == followed_ && followed_ != released) {
      followed_ = released;
      at_ = 0;
      mark();
      if (walk()) arrived_ = followed_;
    }
    return arrived_;
  }

 private:
  // Past every hop that can be passed. True behind the last.
  bool walk() noexcept {
    while (at_ != hops_.size()) {
      if (!passed(hops_[at_])) return false;
      ++at_;
      mark();
    }
    return true;
  }

  void mark() noexcept {
    if (at_ == hops_.size()) return;
    const DeliveryHop& hop = hops_[at_];
    // The position first: the count is then of at least as many records.
    position_ = hop.writer.load_seq_cst(0);
    records_ = core::whole(hop.producer->published.load(std::memory_order_relaxed));
  }

  bool passed(const DeliveryHop& hop) const noexcept {
    // A reader's cell is widened against where the writer is now, which no reader is further from than the lane is
    // long.
    const std::uint64_t near = hop.writer.load_seq_cst(0);
    for (const core::SequenceReader& reader : hop.readers)
      if (reader.load_seq_cst(near) < position_) return false;
    const std::atomic<std::uint64_t>* const written = hop.written == nullptr ? nullptr : *hop.written;
    // SYNC POINT J3.
    return written == nullptr || written->load(std::memory_order_acquire) >= records_;
  }

  const std::vector<DeliveryHop> hops_;  // in topological order of their writers
  std::uint64_t arrived_ = 0;
  std::uint64_t followed_ = 0;  // the records that the hops are about
  std::size_t at_;              // the hop that is waited for; behind the last: none
  std::uint64_t position_ = 0;  // of its writer, when the one before it had been passed
  std::uint64_t records_ = 0;   // published up to there
};

// The same where every record goes straight to one egress, whose count of records then says it exactly: a run that is
// ended in the middle repeats none that was delivered.
class RelayDelivery final : public journal::Delivery {
 public:
  RelayDelivery(const abi::ConsumerBlock& egress, const std::atomic<std::uint64_t>* const* written)
      : egress_(egress), written_(written) {}

  std::uint64_t arrived(std::uint64_t) noexcept override {
    // SYNC POINT J3.
    if (*written_ != nullptr) return (*written_)->load(std::memory_order_acquire);
    return core::whole(egress_.in.load(std::memory_order_relaxed));
  }

 private:
  const abi::ConsumerBlock& egress_;
  const std::atomic<std::uint64_t>* const* const written_;
};

}  // namespace byteor::graph

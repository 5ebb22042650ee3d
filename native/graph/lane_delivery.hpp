// Follows records through a graph, lane by lane, to where a crash of the process cannot take them: an egress has
// delivered them, a sink or a filter has ended them, or the files of another journal have them.
//
//   journal ──▶ reader ──lane 0──▶ role ──lane 1──▶ … ──▶ egress        hop: where the lane's writer stood when the
//   hops
//                                                                        before it had been passed; passed once all
//                                                                        readers have released as much
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

  void begin() noexcept override {
    at_ = 0;
    mark();
  }

  bool arrived() noexcept override {
    while (at_ != hops_.size()) {
      if (!passed(hops_[at_])) return false;
      ++at_;
      mark();
    }
    return true;
  }

 private:
  void mark() noexcept {
    if (at_ == hops_.size()) return;
    const DeliveryHop& hop = hops_[at_];
    // The position first: the count is then of at least as many records.
    position_ = hop.writer.load_seq_cst(0);
    records_ = static_cast<std::uint64_t>(hop.producer->published.load(std::memory_order_relaxed));
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
  std::size_t at_;                       // the hop that is waited for; behind the last: none
  std::uint64_t position_ = 0;           // of its writer, when the one before it had been passed
  std::uint64_t records_ = 0;            // published up to there
};

}  // namespace byteor::graph

// Which records of a shard have been delivered: those that its egress has released, and that an adapter which keeps
// them for a while has written. The egress comes after every stage of its shard, and never passes a record that stopped
// it, so its sequence says all there is to say of the stages. Filtered records are released like others.
//
//   shard ──▶ stages ──▶ egress ──released──▶ buffer of the adapter ──written──▶ file
//
// An adapter has one buffer for all shards, and writes in the order in which it took. It releases a shard before it
// takes from another, so what all shards had given when this one released is at least what was taken up to there.
// A stage writes its letters before it passes the record on, so behind the egress the shard's lanes of letters are
// followed (lane_delivery.hpp). Nothing is added to what a record passes: all of it is read from outside.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/sequence.hpp"
#include "graph/lane_delivery.hpp"
#include "graph/mark_queue.hpp"
#include "journal/delivery.hpp"

namespace byteor::graph {

struct RingEgress {
  core::SequenceReader released;                  // of the shard
  const std::atomic<std::uint64_t>* near;         // of one of its stages, never further away than the shard is long
  std::uint64_t first;                            // sequence of the shard's first record
  std::vector<const abi::ConsumerBlock*> shards;  // the counters of the egress in every shard
  // Records that its adapter has written, over all shards, set before the threads start; nullptr elsewhere.
  const std::atomic<std::uint64_t>* const* written;
};

class RingDelivery final : public journal::Delivery {
 public:
  // `marks`: looks that may wait for the adapter at once, at least 1.
  RingDelivery(RingEgress egress, std::vector<DeliveryHop> letters, std::size_t marks)
      : egress_(std::move(egress)), letters_(std::move(letters), marks), marks_(marks) {}

  std::uint64_t arrived(std::uint64_t) noexcept override { return letters_.arrived(left()); }

 private:
  // Records that have left by the egress.
  std::uint64_t left() noexcept {
    // SYNC POINT L4.
    const std::uint64_t near = egress_.near->load(std::memory_order_acquire);
    const std::uint64_t position = egress_.released.load_seq_cst(near);
    const std::uint64_t released = position > egress_.first ? position - egress_.first : 0;
    const std::atomic<std::uint64_t>* const written = *egress_.written;
    if (written == nullptr) return arrived_ = std::max(arrived_, released);
    if (released > newest_ && !marks_.full()) {
      newest_ = released;
      marks_.push({released, given()});
    }
    // SYNC POINT J3.
    const std::uint64_t records = written->load(std::memory_order_acquire);
    for (; marks_.count() != 0 && marks_.at(0).given <= records; marks_.pop()) arrived_ = marks_.at(0).released;
    return arrived_;
  }

  struct Mark {
    std::uint64_t released;  // records of this shard, filtered ones included
    std::uint64_t given;     // records that the adapter got from all shards
  };

  std::uint64_t given() const noexcept {
    std::uint64_t records = 0;
    for (const abi::ConsumerBlock* shard : egress_.shards)
      records += core::whole(shard->in.load(std::memory_order_relaxed));
    return records;
  }

  const RingEgress egress_;
  LaneDelivery letters_;
  MarkQueue<Mark> marks_;
  std::uint64_t arrived_ = 0;
  std::uint64_t newest_ = 0;  // of the last mark
};

}  // namespace byteor::graph

// Follows records through a graph, lane by lane, to where they are delivered: an egress has delivered them, a sink or a
// filter has ended them, or a journal has them. Two ask: the reader of a journal, whose cursor may pass what no crash
// of the process can take any more, and an ingress, for what was pushed into it.
//
//   ingress ──hop 0──▶ role ──hop 1──▶ role ──hop 2──▶ … ──▶ egress
//
// A mark is a count of records that has been asked for. It goes from hop to hop: in each it takes down where the lane's
// writer stands, and passes once all of the lane's readers have released as much.
//
// A role publishes what it made of a record before it releases the record, so once a lane's readers have released as
// far as its writer had come, all that came of it stands in the lanes behind. Lanes are followed in topological order;
// records that took another way into a lane, or came later, may be waited for as well, which costs time and nothing
// else. Marks do not overtake each other: a later one finds every writer at least as far.
//
// Nothing is added to what a record passes: all of it is read from outside. A lane of letters is a hop behind all
// others: its reader releases what is on the device.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/sequence.hpp"
#include "graph/mark_queue.hpp"
#include "journal/delivery.hpp"

namespace byteor::graph {

// One reader of a hop's lane.
struct DeliveryReader {
  core::SequenceReader position;  // of a journal that is passed when its files have the records: of their agent
  // Of a stage: not 0 once a record has stopped the pipeline there, which is the last one that it released.
  const std::atomic<double>* stopped = nullptr;
  // An egress whose adapter keeps what it has read for a while: records that it has written, set before the threads
  // start; nullptr elsewhere.
  const std::atomic<std::uint64_t>* const* written = nullptr;
};

struct DeliveryHop {
  core::SequenceReader writer;          // of JavaScript only in hop 0, where the first reader is native
  const abi::ProducerBlock* producer;   // its counters
  std::vector<DeliveryReader> readers;  // at least one
  // A journal that is passed when it promises the records, by sequence over all runs, of which this run's first is
  // `opened_at`. nullptr: passed when the readers have released them.
  const std::atomic<double>* durable = nullptr;
  std::uint64_t opened_at = 0;
};

class LaneDelivery final : public journal::Delivery {
 public:
  // `marks`: counts that are followed at once, at least 1. What is asked for while there are so many waits for a place.
  LaneDelivery(std::vector<DeliveryHop> hops, std::size_t marks) : hops_(std::move(hops)), marks_(marks) {}

  std::uint64_t arrived(std::uint64_t released) noexcept override {
    walk();
    if (released > newest_ && !marks_.full()) {
      newest_ = released;
      enter(marks_.push({.asked = released}));
      walk();
    }
    return arrived_;
  }

 private:
  struct Mark {
    std::uint64_t asked;         // records that it is about
    std::size_t hop = 0;         // that it waits in; behind the last: none
    std::uint64_t position = 0;  // of that hop's writer
    std::uint64_t records = 0;   // published up to there
  };

  // Every mark as far as it comes.
  void walk() noexcept {
    for (std::size_t i = 0; i != marks_.count(); ++i) {
      Mark& mark = marks_.at(i);
      while (mark.hop != hops_.size() && passed(hops_[mark.hop], mark)) {
        ++mark.hop;
        enter(mark);
      }
    }
    for (; marks_.count() != 0 && marks_.at(0).hop == hops_.size(); marks_.pop()) arrived_ = marks_.at(0).asked;
  }

  void enter(Mark& mark) noexcept {
    if (mark.hop == hops_.size()) return;
    const DeliveryHop& hop = hops_[mark.hop];
    // SYNC POINT L4. The position first: the count is then of at least as many records.
    mark.position = hop.writer.load_seq_cst(hop.readers.front().position.load_seq_cst(0));
    mark.records = core::whole(hop.producer->published.load(std::memory_order_relaxed));
  }

  static bool passed(const DeliveryHop& hop, const Mark& mark) noexcept {
    // SYNC POINT J1, L4.
    if (hop.durable != nullptr)
      return core::whole(hop.durable->load(std::memory_order_acquire)) >= hop.opened_at + mark.records;
    // A reader's cell is widened against where the writer is now, which no reader is further from than the lane is
    // long. A writer's is behind a native reader.
    const std::uint64_t near = hop.writer.load_seq_cst(hop.readers.front().position.load_seq_cst(0));
    for (const DeliveryReader& reader : hop.readers)
      if (!has_passed(reader, mark, near)) return false;
    return true;
  }

  static bool has_passed(const DeliveryReader& reader, const Mark& mark, std::uint64_t near) noexcept {
    // SYNC POINT L4: a record that stops the pipeline is counted before it is released.
    const std::uint64_t position = reader.position.load_seq_cst(near);
    if (position < mark.position) return false;
    if (reader.stopped != nullptr && position == mark.position && reader.stopped->load(std::memory_order_relaxed) != 0)
      return false;
    const std::atomic<std::uint64_t>* const written = reader.written == nullptr ? nullptr : *reader.written;
    // SYNC POINT J3.
    return written == nullptr || written->load(std::memory_order_acquire) >= mark.records;
  }

  const std::vector<DeliveryHop> hops_;  // in topological order of their writers
  MarkQueue<Mark> marks_;
  std::uint64_t arrived_ = 0;
  std::uint64_t newest_ = 0;  // of the last mark
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

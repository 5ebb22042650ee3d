// Producer → three stages, each of which changes every record; two pinned threads. The shipped stage agents run in
// turn: producer and first stage on CPU 0, the other two on CPU 1.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "core/producer.hpp"
#include "graph/stage_agent.hpp"
#include "rings/harness.hpp"

namespace byteor::bench {

// Adds one to every word of a record; the last stage also sums up what it has made.
template <class P, bool kSums>
class AddOne {
 public:
  static constexpr bool kWrites = true;
  static constexpr bool kFilters = false;
  static constexpr bool kFails = false;
  std::uint64_t sum = 0;

  op::Outcome apply(core::RecordRef& record) noexcept {
    P& payload = *reinterpret_cast<P*>(record.data);
    payload.add_one();
    if constexpr (kSums) sum += payload.sum();
    return op::Outcome::kPass;
  }
  std::string cause() const { return {}; }
};

// Three stages on one Fixed shard, made by hand from the shipped classes; the third gates the producer.
template <class P>
class OurChain {
 public:
  static constexpr std::uint32_t kBatch = 256;

  explicit OurChain(std::uint32_t capacity)
      : slots_(std::make_unique<Line[]>(std::size_t{capacity} * sizeof(P) / 64 + 1)) {
    ring_.slots = slots_[0].bytes;
    ring_.slot_stride = sizeof(P);
    ring_.slot_mask = capacity - 1;
    ring_.capacity = capacity;
    ring_.record_bytes = ring_.record_max = sizeof(P);
    ring_.fixed = true;
    ring_.may_sleep = false;
    stop_before_.store(core::kNoLimit);
    const auto stamps = [this](std::size_t i) { return core::StampTable{stamps_[i].data(), 63}; };
    producer_ = std::make_unique<core::RecordProducer>(
        ring_, producer_block_, core::Gates({core::SequenceReader(blocks_[2].sequence)}), stamps(3), 0);
    for (std::size_t i = 0; i < 3; ++i) {
      const core::SequenceReader before(i == 0 ? producer_block_.cursor : blocks_[i - 1].sequence);
      graph::StageContext context{
          .ring = ring_,
          // The second is the first that runs on the other CPU.
          .barrier = {core::Barrier({before}, stop_before_), ring_, i == 1, 0},
          .end = {core::SequenceReader(producer_block_.cursor), &producer_block_.closed, &stop_before_}};
      context.stop_before = &stop_before_;
      context.block = &blocks_[i];
      context.entry = &entries_[i];
      context.stamps = stamps(i);
      context.upstream_stamps = {stamps(i == 0 ? 3 : i - 1)};
      context.histogram = core::Histogram(counts_.data());
      context.batch_records = kBatch;
      agents_[i] = make_agent(i, std::move(context));
    }
  }

  Lap lap(std::uint64_t records, std::uint64_t& sum) {
    last_.sum = 0;
    const Lap took = run_jobs({{0, [&] { front(records); }}, {1, [&] { back(records); }}});
    sum = last_.sum;
    return took;
  }

 private:
  struct alignas(64) Line {
    std::byte bytes[64];
  };

  std::unique_ptr<core::Agent> make_agent(std::size_t i, graph::StageContext context) {
    using Middle = graph::StageAgent<core::FixedLayout, AddOne<P, false>>;
    using Last = graph::StageAgent<core::FixedLayout, AddOne<P, true>>;
    if (i == 2) return std::make_unique<Last>(std::move(context), last_);
    return std::make_unique<Middle>(std::move(context), middle_[i]);
  }

  // A stage has nothing left to do in this lap when it has moved all of its records.
  void front(std::uint64_t records) {
    std::uint64_t sent = 0;
    for (std::uint64_t first = 0; first != records;) {
      const std::uint32_t filled = produce_some(sent, records);
      const std::uint32_t worked = agents_[0]->do_work();
      if (filled + worked == 0) core::cpu_relax();
      sent += filled;
      first += worked;
    }
  }
  void back(std::uint64_t records) {
    std::uint64_t third = 0;
    while (third != records) {
      const std::uint32_t worked = agents_[1]->do_work();
      const std::uint32_t ended = agents_[2]->do_work();
      if (worked + ended == 0) core::cpu_relax();
      third += ended;
    }
  }

  std::uint32_t produce_some(std::uint64_t sent, std::uint64_t records) {
    if (sent == records) return 0;
    const core::FixedSpan span =
        producer_->try_claim_span(static_cast<std::uint32_t>(std::min<std::uint64_t>(kBatch, records - sent)));
    P* const at = reinterpret_cast<P*>(span.data);
    for (std::uint32_t k = 0; k < span.count; ++k) at[k].fill(sent + k);
    producer_->commit_span(span.count);
    producer_->publish();
    return span.count;
  }

  core::RingMemory ring_;
  std::unique_ptr<Line[]> slots_;
  alignas(128) std::atomic<std::uint64_t> stop_before_;
  abi::ProducerBlock producer_block_{};
  std::array<abi::ConsumerBlock, 3> blocks_{};
  std::array<abi::AgentEntry, 3> entries_{};
  std::array<std::vector<double>, 4> stamps_{std::vector<double>(64), std::vector<double>(64), std::vector<double>(64),
                                             std::vector<double>(64)};
  std::vector<std::atomic<std::uint32_t>> counts_ = std::vector<std::atomic<std::uint32_t>>(abi::kHistogramCounts);
  std::array<AddOne<P, false>, 2> middle_;
  alignas(128) AddOne<P, true> last_;
  std::unique_ptr<core::RecordProducer> producer_;
  std::array<std::unique_ptr<core::Agent>, 3> agents_;
};

}  // namespace byteor::bench

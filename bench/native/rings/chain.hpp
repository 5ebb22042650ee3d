// Producer → three stages, each of which changes every record; two pinned threads. Ours runs producer and first stage
// on CPU 0, the other two on CPU 1, as agents in turn; a chain of queues needs a thread a stage.
#pragma once

#include <array>
#include <bit>
#include <memory>
#include <thread>
#include <vector>

#include "core/producer.hpp"
#include "graph/stage_agent.hpp"
#include "rings/harness.hpp"
#include "rings/peers.hpp"

namespace byteor::bench {

// Adds one to every word of a record.
template <class P>
class AddOne {
 public:
  static constexpr bool kWrites = true;
  static constexpr bool kFilters = false;
  static constexpr bool kFails = false;
  op::Outcome apply(core::RecordRef& record) noexcept {
    P& payload = *reinterpret_cast<P*>(record.data);
    for (auto& word : payload.words) ++word;
    return op::Outcome::kPass;
  }
  std::string cause() const { return {}; }
};

// Three stages on one Fixed shard, made by hand from the shipped classes; the third gates the producer.
template <class P>
class OurChain {
 public:
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
    ring_.stop_before = &stop_before_;
    const auto stamps = [this](std::size_t i) { return core::StampTable{stamps_[i].data(), 63}; };
    producer_ = std::make_unique<core::RecordProducer>(
        ring_, producer_block_, std::vector{core::SequenceReader(blocks_[2].sequence)}, stamps(3), 0);
    for (std::size_t i = 0; i < 3; ++i) {
      const core::SequenceReader before(i == 0 ? producer_block_.cursor : blocks_[i - 1].sequence);
      graph::StageContext context{
          .ring = ring_,
          .barrier = core::Barrier({before}, stop_before_),
          .end = {core::SequenceReader(producer_block_.cursor), &producer_block_.closed, &stop_before_}};
      context.stop_before = &stop_before_;
      context.block = &blocks_[i];
      context.entry = &entries_[i];
      context.stamps = stamps(i);
      context.upstream_stamps = {stamps(i == 0 ? 3 : i - 1)};
      context.histogram = core::Histogram(counts_.data());
      context.batch_records = 256;
      agents_[i] = std::make_unique<graph::StageAgent<core::FixedLayout, AddOne<P>>>(std::move(context), ops_[i]);
    }
  }

  double run(std::uint64_t records) {
    const double took = run_pair(
        [&] {
          std::uint64_t sent = 0;
          while (!agents_[0]->done()) {
            bool worked = produce_some(sent, records);
            worked |= agents_[0]->do_work() != 0;
            if (!worked) core::cpu_relax();
          }
        },
        [&] {
          while (!agents_[2]->done())
            if (agents_[1]->do_work() + agents_[2]->do_work() == 0) core::cpu_relax();
        });
    return took;
  }

  // Every record of the last lap was changed three times.
  bool last_lap_holds(std::uint64_t records) const {
    for (std::uint64_t i = records - ring_.capacity; i < records; ++i) {
      P expected;
      expected.fill(i + 3);
      if (reinterpret_cast<const P*>(core::FixedLayout::at(ring_, i))->sum() != expected.sum()) return false;
    }
    return blocks_[2].in.load() == static_cast<double>(records);
  }

 private:
  struct alignas(64) Line {
    std::byte bytes[64];
  };

  bool produce_some(std::uint64_t& sent, std::uint64_t records) {
    if (sent == records) return false;
    const core::FixedSpan span =
        producer_->try_claim_span(static_cast<std::uint32_t>(std::min<std::uint64_t>(256, records - sent)));
    P* const at = reinterpret_cast<P*>(span.data);
    for (std::uint32_t k = 0; k < span.count; ++k) at[k].fill(sent + k);
    producer_->commit_span(span.count);
    producer_->publish();
    sent += span.count;
    if (sent == records) producer_->close();
    return span.count != 0;
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
  std::array<AddOne<P>, 3> ops_;
  std::unique_ptr<core::RecordProducer> producer_;
  std::array<std::unique_ptr<core::Agent>, 3> agents_;
};

template <class P>
double ours_chain(std::uint32_t capacity, std::uint64_t records) {
  OurChain<P> chain(capacity);
  const double took = chain.run(records);
  check(chain.last_lap_holds(records), "byteor chain");
  return static_cast<double>(records) / took / 1e6;
}

#ifdef BYTEOR_BENCH_BOOST
template <class P>
double boost_chain(std::uint32_t capacity, std::uint64_t records) {
  using Queue = boost::lockfree::spsc_queue<P>;
  Queue first(capacity), second(capacity), third(capacity);
  constexpr std::size_t kBatch = 64;
  const auto wait = [spins = 0](bool idle) mutable {
    if (!idle) {
      spins = 0;
    } else if (++spins < 64) {
      core::cpu_relax();
    } else {
      std::this_thread::yield();
    }
  };
  const auto push_all = [](Queue& queue, const P* batch, std::size_t count, auto waiting) {
    for (std::size_t done = 0; done < count;) {
      const std::size_t pushed = queue.push(batch + done, count - done);
      waiting(pushed == 0);
      done += pushed;
    }
  };
  const auto stage = [&](int cpu, Queue& in, Queue& out) {
    pin(cpu);
    P batch[kBatch];
    auto waiting = wait;
    for (std::uint64_t got = 0; got < records;) {
      const std::size_t count = in.pop(batch, kBatch);
      waiting(count == 0);
      for (std::size_t k = 0; k < count; ++k)
        for (auto& word : batch[k].words) ++word;
      push_all(out, batch, count, wait);
      got += count;
    }
  };
  std::uint64_t sum = 0;
  const double begin = seconds();
  std::thread s1([&] { stage(0, first, second); });
  std::thread s2([&] { stage(1, second, third); });
  std::thread s3([&] {
    pin(1);
    P batch[kBatch];
    auto waiting = wait;
    for (std::uint64_t got = 0; got < records;) {
      const std::size_t count = third.pop(batch, kBatch);
      waiting(count == 0);
      for (std::size_t k = 0; k < count; ++k) {
        for (auto& word : batch[k].words) ++word;
        sum += batch[k].sum();
      }
      got += count;
    }
  });
  std::thread producer([&] {
    pin(0);
    P batch[kBatch];
    for (std::uint64_t i = 0; i < records; i += kBatch) {
      const std::size_t count = std::min<std::uint64_t>(kBatch, records - i);
      for (std::size_t k = 0; k < count; ++k) batch[k].fill(i + k);
      push_all(first, batch, count, wait);
    }
  });
  for (std::thread* thread : {&s1, &s2, &s3, &producer}) thread->join();
  const double took = seconds() - begin;
  check(sum == P::expected(records) + 3 * records * (sizeof(P) / 8), "boost chain");
  return static_cast<double>(records) / took / 1e6;
}
#endif

}  // namespace byteor::bench

// The shipped ring, on hand-made memory: the same classes that a pipeline runs, without threads or plans around them.
#pragma once

#include <bit>
#include <cstdlib>
#include <memory>
#include <vector>

#include "core/consumer.hpp"
#include "core/producer.hpp"
#include "core/record.hpp"

namespace byteor::bench {

// Which of the two profiles a ring is laid out for.
enum class Profile { kLowLatency, kDefault };

// One Fixed shard of `capacity` records. `by_slot`: a sequence word in every slot; else published by the cursor. In the
// default profile a reader may sleep, and so every publication is sequentially consistent.
class OurRing {
 public:
  OurRing(std::uint32_t capacity, std::uint32_t record_bytes, bool by_slot, Profile profile) {
    ring_.word_bytes = by_slot ? 8 : 0;
    const std::uint32_t bytes = record_bytes + ring_.word_bytes;
    ring_.slot_stride = !by_slot ? bytes : bytes <= 64 ? std::bit_ceil(bytes) : (bytes + 63) / 64 * 64;
    slots_ = std::make_unique<Block[]>(std::size_t{capacity} * ring_.slot_stride / sizeof(Block) + 1);
    ring_.slots = slots_[0].bytes;
    ring_.slot_mask = capacity - 1;
    ring_.capacity = capacity;
    ring_.record_bytes = record_bytes;
    ring_.record_max = record_bytes;
    ring_.fixed = true;
    ring_.may_sleep = profile == Profile::kDefault;
    limit_->stop_before.store(core::kNoLimit);
    for (std::uint64_t s = 0; by_slot && s < capacity; ++s)
      core::FixedLayout::word(ring_, s).store(static_cast<std::uint32_t>(s + 1 - capacity));
    stamps_.resize(64);
    const core::StampTable stamps{stamps_.data(), 63};
    producer_ = std::make_unique<core::RecordProducer>(
        ring_, *producer_block_, core::Gates({core::SequenceReader(consumer_block_->sequence)}), stamps, 0);
    core::Barrier barrier = by_slot
                                ? core::Barrier(ring_, limit_->stop_before)
                                : core::Barrier({core::SequenceReader(producer_block_->cursor)}, limit_->stop_before);
    const core::ShardEnd end{core::SequenceReader(producer_block_->cursor), &producer_block_->closed,
                             &limit_->stop_before};
    consumer_ = std::make_unique<core::RecordConsumer>(ring_, *consumer_block_, end,
                                                       core::PacedBarrier(std::move(barrier), ring_, true, 0),
                                                       std::vector<const std::uint8_t*>{}, 0);
  }

  core::RecordProducer& producer() { return *producer_; }
  core::RecordConsumer& consumer() { return *consumer_; }

 private:
  struct alignas(4096) Block {
    std::byte bytes[4096];
  };
  struct alignas(128) Limit {
    std::atomic<std::uint64_t> stop_before;
  };
  core::RingMemory ring_;
  std::unique_ptr<Block[]> slots_;
  std::unique_ptr<Limit> limit_ = std::make_unique<Limit>();
  std::unique_ptr<abi::ProducerBlock> producer_block_ = std::make_unique<abi::ProducerBlock>();
  std::unique_ptr<abi::ConsumerBlock> consumer_block_ = std::make_unique<abi::ConsumerBlock>();
  std::vector<double> stamps_;
  std::unique_ptr<core::RecordProducer> producer_;
  std::unique_ptr<core::RecordConsumer> consumer_;
};

// As a native egress reads: a batch at a time, record by record.
template <class P>
std::uint32_t read_some(core::RecordConsumer& consumer, std::uint32_t limit, std::uint64_t& sum) {
  std::uint64_t read = 0;
  const std::uint32_t count = consumer.consume(limit, [&read](std::uint64_t, const core::RecordRef& record) {
    read += reinterpret_cast<const P*>(record.data)->sum();
    return true;
  });
  consumer.release();
  sum += read;
  return count;
}

// One record published at a time: by its own word in the low-latency profile, by the cursor in the default one.
template <class P, Profile kProfile>
struct OursSingle {
  static constexpr bool kBySlot = kProfile == Profile::kLowLatency;
  explicit OursSingle(std::uint32_t capacity) : ring(capacity, sizeof(P), kBySlot, kProfile) {}
  OurRing ring;

  void produce(std::uint64_t n) {
    core::RecordProducer& producer = ring.producer();
    for (std::uint64_t i = 0; i < n; ++i) {
      std::byte* slot;
      while ((slot = producer.try_claim(sizeof(P))) == nullptr) core::cpu_relax();
      reinterpret_cast<P*>(slot)->fill(i);
      producer.commit(sizeof(P), 0);
      // A word has published its record; the cursor, which observers read, follows as seldom as in a pipeline.
      if (!kBySlot || (i & 63) == 63) producer.publish();
    }
    producer.publish();
  }

  std::uint64_t consume(std::uint64_t n) {
    core::RecordConsumer& consumer = ring.consumer();
    std::uint64_t sum = 0;
    for (std::uint64_t got = 0; got < n;) {
      const std::uint32_t read = read_some<P>(consumer, 64, sum);
      if (read == 0) core::cpu_relax();
      got += read;
    }
    return sum;
  }
};

// Spans of `Batch`, published by the cursor.
template <class P, std::uint32_t Batch, Profile kProfile>
struct OursBatch {
  explicit OursBatch(std::uint32_t capacity) : ring(capacity, sizeof(P), false, kProfile) {}
  OurRing ring;

  void produce(std::uint64_t n) {
    core::RecordProducer& producer = ring.producer();
    for (std::uint64_t i = 0; i < n;) {
      const core::FixedSpan span =
          producer.try_claim_span(static_cast<std::uint32_t>(std::min<std::uint64_t>(Batch, n - i)));
      if (span.count == 0) {
        core::cpu_relax();
        continue;
      }
      P* const records = reinterpret_cast<P*>(span.data);
      for (std::uint32_t k = 0; k < span.count; ++k) records[k].fill(i + k);
      producer.commit_span(span.count);
      producer.publish();
      i += span.count;
    }
  }

  std::uint64_t consume(std::uint64_t n) {
    core::RecordConsumer& consumer = ring.consumer();
    std::uint64_t sum = 0;
    for (std::uint64_t got = 0; got < n;) {
      const std::uint32_t read = read_some<P>(consumer, Batch, sum);
      if (read == 0) core::cpu_relax();
      got += read;
    }
    return sum;
  }
};

}  // namespace byteor::bench

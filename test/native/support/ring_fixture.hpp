// One shard built by hand, without stages: a producer whose records a consumer sees at once. For adapters, which need
// the two ends of a ring and nothing between them.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/agent.hpp"
#include "core/barrier.hpp"
#include "core/consumer.hpp"
#include "core/producer.hpp"
#include "failures.hpp"

namespace byteor::test {

struct RingShape {
  std::uint32_t capacity = 1024;    // records
  std::uint32_t record_max = 4096;  // bytes; Variable layout
  std::uint32_t record_bytes = 0;   // not 0: Fixed layout
  std::uint32_t headroom = 0;       // bytes
  std::uint32_t tailroom = 0;       // bytes
  std::uint32_t arena_bytes = 0;    // 0: room for four of the largest records, 64 KiB at least
  std::uint64_t first = 0;          // the first sequence
};

class RingFixture {
 public:
  explicit RingFixture(const RingShape& shape = {})
      : shape_(shape),
        slots_(std::size_t{std::bit_ceil(shape.capacity)} * stride()),
        arena_(shape.record_bytes != 0 ? 0 : arena_bytes()),
        stamps_(kStamps),
        producer(memory(), producer_block, core::Gates({core::SequenceReader(consumer_block.sequence)}),
                 {stamps_.data(), kStamps - 1}, shape.first),
        consumer(memory(), consumer_block,
                 {core::SequenceReader(producer_block.cursor), &producer_block.closed, &stop_before},
                 core::PacedBarrier(core::Barrier({core::SequenceReader(producer_block.cursor)}, stop_before), memory(),
                                    false, shape.first),
                 {}, shape.first) {
    producer_block.cursor.store(shape.first);
    consumer_block.sequence.store(shape.first);
  }

  RingFixture(const RingFixture&) = delete;
  RingFixture& operator=(const RingFixture&) = delete;

  // Publishes one record; false while the ring is full.
  bool push(std::string_view record, abi::TerminatorCode terminator = abi::TerminatorCode::kLf) {
    std::byte* to = producer.try_claim(static_cast<std::uint32_t>(record.size()));
    if (to == nullptr) return false;
    std::memcpy(to, record.data(), record.size());
    producer.commit(static_cast<std::uint32_t>(record.size()), static_cast<std::uint32_t>(terminator));
    producer.publish();
    return true;
  }

  core::RingMemory memory() {
    core::RingMemory ring;
    ring.slots = slots_.data();
    ring.slot_stride = stride();
    ring.slot_mask = std::bit_ceil(shape_.capacity) - 1;
    ring.capacity = shape_.capacity;
    ring.fixed = shape_.record_bytes != 0;
    ring.record_bytes = shape_.record_bytes;
    ring.record_max = ring.fixed ? shape_.record_bytes : shape_.record_max;
    ring.headroom = shape_.headroom;
    ring.tailroom = shape_.tailroom;
    ring.arena = arena_.data();
    ring.arena_bytes = ring.fixed ? 0 : arena_bytes();
    return ring;
  }

 private:
  static constexpr std::uint32_t kStamps = 64;

  std::uint32_t stride() const {
    return shape_.record_bytes != 0 ? (shape_.record_bytes + 7u) & ~7u : static_cast<std::uint32_t>(sizeof(abi::Slot));
  }
  std::uint32_t arena_bytes() const {
    if (shape_.arena_bytes != 0) return shape_.arena_bytes;
    const std::uint32_t four = 4 * (shape_.record_max + shape_.headroom + shape_.tailroom + 8);
    return std::bit_ceil(four < 65536 ? 65536u : four);
  }

  RingShape shape_;
  std::vector<std::byte> slots_;
  std::vector<std::byte> arena_;
  std::vector<double> stamps_;

 public:
  std::atomic<std::uint64_t> stop_before{core::kNoLimit};
  abi::ProducerBlock producer_block{};
  abi::ConsumerBlock consumer_block{};
  core::RecordProducer producer;
  core::RecordConsumer consumer;
};

}  // namespace byteor::test

// A ring's producer, with the reader's sequence in the test's hands: it gives as much room as there is, wherever it
// looks and whatever it asks for ahead.
#include <gtest/gtest.h>

#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/producer.hpp"

namespace byteor::test {
namespace {

constexpr std::uint64_t kFirst = 0xffffff00;  // so that the low half of a sequence wraps

class Fixed {
 public:
  Fixed(std::uint32_t capacity, std::uint32_t stride, bool fetches) {
    ring_.capacity = capacity;
    ring_.slot_mask = std::bit_ceil(capacity) - 1;
    ring_.slot_stride = stride;
    ring_.record_bytes = ring_.record_max = stride;
    ring_.fixed = true;
    slots_.resize(std::size_t{ring_.slot_mask + 1} * stride);
    ring_.slots = slots_.data();
    read_.store(kFirst);
    producer_ = std::make_unique<core::RecordProducer>(ring_, *block_, core::Gates({core::SequenceReader(read_)}),
                                                       core::StampTable{stamps_.data(), 63}, kFirst, fetches);
  }

  core::RecordProducer& producer() { return *producer_; }
  std::uint32_t bytes() const { return ring_.record_bytes; }
  void give_back(std::uint32_t records) { read_.fetch_add(records); }

  // Claims and commits until there is no room, at most `most`; how many there were. Each lies in its own slot.
  std::uint32_t fill(std::uint32_t most) {
    for (std::uint32_t count = 0; count != most; ++count) {
      std::byte* const to = producer_->try_claim(ring_.record_bytes);
      if (to == nullptr) return count;
      EXPECT_EQ(to, core::FixedLayout::at(ring_, producer_->next()));
      producer_->commit(ring_.record_bytes, 0);
    }
    return most;
  }

 private:
  core::RingMemory ring_;
  std::vector<std::byte> slots_;
  std::unique_ptr<abi::ProducerBlock> block_ = std::make_unique<abi::ProducerBlock>();
  std::vector<double> stamps_ = std::vector<double>(64);
  std::atomic<std::uint64_t> read_{0};
  std::unique_ptr<core::RecordProducer> producer_;
};

// Slots that share a line, that are one, and that have several; rings shorter than what is asked for ahead, and longer.
template <class Test>
void for_each_shape(Test test) {
  for (const std::uint32_t capacity : {1u, 3u, 4u, 17u, 64u, 1000u})
    for (const std::uint32_t stride : {8u, 16u, 64u, 192u})
      for (const bool fetches : {false, true}) {
        SCOPED_TRACE(testing::Message() << capacity << " slots of " << stride << (fetches ? ", fetched" : ""));
        Fixed ring(capacity, stride, fetches);
        test(ring, capacity);
      }
}

TEST(RecordProducer, TakesAsManyRecordsAsItsCapacityAndThenAsManyAsWereGivenBack) {
  for_each_shape([](Fixed& ring, std::uint32_t capacity) {
    EXPECT_EQ(ring.fill(2 * capacity), capacity);
    for (std::uint32_t turn = 1; turn <= 50; ++turn) {
      const std::uint32_t given = turn * 7 % capacity + 1;
      ring.give_back(given);
      EXPECT_EQ(ring.fill(2 * capacity), given) << "turn " << turn;
    }
  });
}

TEST(RecordProducer, AClaimThatIsNotCommittedIsReplacedByTheNext) {
  for_each_shape([](Fixed& ring, std::uint32_t capacity) {
    for (std::uint32_t record = 0; record != capacity; ++record) {
      std::byte* const to = ring.producer().try_claim(ring.bytes());
      ASSERT_NE(to, nullptr);
      EXPECT_EQ(ring.producer().try_claim(ring.bytes()), to);
      ring.producer().commit(ring.bytes(), 0);
    }
    EXPECT_EQ(ring.producer().try_claim(ring.bytes()), nullptr);
  });
}

TEST(RecordProducer, TakesNothingWhenTheReadersSequenceWasOverwrittenWithOneStillToCome) {
  for_each_shape([](Fixed& ring, std::uint32_t capacity) {
    EXPECT_EQ(ring.fill(2 * capacity), capacity);
    ring.give_back(2 * capacity);
    EXPECT_EQ(ring.fill(1), 0u);
  });
}

TEST(RecordProducer, RecordsAfterASpanHaveTheRoomThatTheSpanLeft) {
  for_each_shape([](Fixed& ring, std::uint32_t capacity) {
    const core::FixedSpan span = ring.producer().try_claim_span((capacity + 1) / 2);
    ring.producer().commit_span(span.count);
    EXPECT_EQ(ring.fill(2 * capacity), capacity - span.count);
    ring.give_back(1);
    EXPECT_EQ(ring.producer().try_claim_span(5).count, 1u);
  });
}

}  // namespace
}  // namespace byteor::test

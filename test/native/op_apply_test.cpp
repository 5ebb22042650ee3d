// Ops at work on structs that lie side by side: at every stride, in place and copied from elsewhere, and only there.
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "op/apply.hpp"

namespace byteor::op {
namespace {

constexpr std::uint32_t kStrides[] = {4, 8, 12, 16, 24, 64, 200};
constexpr std::uint32_t kCounts[] = {0, 1, 2, 7, 64, 300};

// Adds up the first byte of every record, and how long they are.
struct Sums {
  static constexpr bool kWrites = false;
  static constexpr bool kFilters = false;
  static constexpr bool kFails = false;
  std::uint64_t first = 0;
  std::uint64_t lengths = 0;

  Outcome apply(core::RecordRef& record) noexcept {
    first += static_cast<std::uint8_t>(record.data[0]);
    lengths += record.length;
    return Outcome::kPass;
  }
};

// The same, where the op cannot be copied.
struct SharedSums {
  static constexpr bool kWrites = false;
  static constexpr bool kFilters = false;
  static constexpr bool kFails = false;
  std::atomic<std::uint64_t> first{0};

  Outcome apply(core::RecordRef& record) noexcept {
    first.fetch_add(static_cast<std::uint8_t>(record.data[0]));
    return Outcome::kPass;
  }
};

// Numbers the records: the last byte becomes their place.
struct Numbers {
  static constexpr bool kWrites = true;
  static constexpr bool kFilters = false;
  static constexpr bool kFails = false;
  std::uint8_t next = 0;

  Outcome apply(core::RecordRef& record) noexcept {
    record.data[record.length - 1] = static_cast<std::byte>(next++);
    return Outcome::kPass;
  }
};

// Records of which every byte is another, with room behind them that must stay as it is.
class Records {
 public:
  Records(std::uint32_t stride, std::uint32_t count) : bytes_(std::size_t{stride} * (count + 1)), stride_(stride) {
    for (std::size_t i = 0; i != bytes_.size(); ++i) bytes_[i] = static_cast<std::byte>(i * 31 + i / 256);
  }
  core::FixedSpan span(std::uint32_t count) { return {bytes_.data(), count, stride_}; }
  std::vector<std::byte>& bytes() { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
  std::uint32_t stride_;
};

// apply_to_span() with all that this CPU has, or as on one that has no more than the baseline.
template <class Op>
void apply(bool wide, Op& op, const core::FixedSpan& records, std::uint32_t length, const std::byte* from = nullptr) {
  wide ? apply_to_span(op, records, length, from) : apply_to_span_narrow(op, records, length, from);
}

template <class Fn>
void for_each_shape(const Fn& fn) {
  for (const std::uint32_t stride : kStrides)
    for (const std::uint32_t count : kCounts)
      for (const bool wide : {false, true}) {
        SCOPED_TRACE(testing::Message() << count << " at a stride of " << stride << (wide ? ", wide" : ""));
        fn(stride, count, stride - 1, wide);
      }
}

TEST(ApplyToSpan, AnOpSeesEveryRecordOnceAndKeepsWhatItLearnt) {
  for_each_shape([](std::uint32_t stride, std::uint32_t count, std::uint32_t length, bool wide) {
    Records records(stride, count);
    const std::vector<std::byte> before = records.bytes();
    std::uint64_t first = 0;
    for (std::uint32_t i = 0; i != count; ++i) first += static_cast<std::uint8_t>(before[std::size_t{i} * stride]);
    Sums sums;
    SharedSums shared;
    for (int time = 1; time != 3; ++time) {
      apply(wide, sums, records.span(count), length);
      apply(wide, shared, records.span(count), length);
      EXPECT_EQ(sums.first, time * first);
      EXPECT_EQ(sums.lengths, std::uint64_t{length} * count * time);
      EXPECT_EQ(shared.first.load(), time * first);
    }
    EXPECT_EQ(records.bytes(), before);
  });
}

TEST(ApplyToSpan, AnOpThatWritesChangesRecordsInTheirOrderAndNothingElse) {
  for_each_shape([](std::uint32_t stride, std::uint32_t count, std::uint32_t length, bool wide) {
    Records records(stride, count);
    std::vector<std::byte> expected = records.bytes();
    for (std::uint32_t i = 0; i != count; ++i)
      expected[std::size_t{i} * stride + length - 1] = static_cast<std::byte>(i);
    Numbers numbers;
    apply(wide, numbers, records.span(count), length);
    EXPECT_EQ(records.bytes(), expected);
    EXPECT_EQ(numbers.next, static_cast<std::uint8_t>(count));
  });
}

TEST(ApplyToSpan, RecordsFromElsewhereAreCopiedFirstAndStayAsTheyAreThere) {
  for_each_shape([](std::uint32_t stride, std::uint32_t count, std::uint32_t length, bool wide) {
    Records from(stride, count);
    const std::vector<std::byte> before = from.bytes();
    Records to(stride, count);
    for (std::byte& byte : to.bytes()) byte = std::byte{0xEE};
    std::vector<std::byte> expected = to.bytes();
    std::memcpy(expected.data(), before.data(), std::size_t{stride} * count);
    for (std::uint32_t i = 0; i != count; ++i)
      expected[std::size_t{i} * stride + length - 1] = static_cast<std::byte>(i);
    Numbers numbers;
    apply(wide, numbers, to.span(count), length, from.bytes().data());
    EXPECT_EQ(to.bytes(), expected);
    EXPECT_EQ(from.bytes(), before);
  });
}

}  // namespace
}  // namespace byteor::op

// The generated header is what both sides believe; here the compiler's own view of it is written out by hand once, so
// that a mistake in the generator (which also writes the header's static_asserts) does not prove itself.

#include <gtest/gtest.h>

#include <cstring>

#include "abi/abi_generated.hpp"
#include "abi/words.hpp"

namespace byteor::abi {
namespace {

TEST(Abi, SpecHeaderStartsWithTheLettersThatNameIt) {
  const std::uint32_t magic = kSpecMagic;
  char letters[4];
  std::memcpy(letters, &magic, sizeof letters);
  EXPECT_EQ(std::string_view(letters, 4), "BTRS");
  EXPECT_EQ(offsetof(SpecHeader, magic), 0u);
}

TEST(Abi, SpecRecordsHaveNoHiddenPadding) {
  EXPECT_EQ(sizeof(SpecHeader), 8 * sizeof(std::uint32_t));
  EXPECT_EQ(sizeof(SpecHeader) % 8, 0u);
  EXPECT_EQ(sizeof(SpecSection) % 8, 0u);
}

TEST(Abi, RegionBlocksFillWholePrefetchPairsOfCacheLines) {
  for (const std::size_t bytes : {sizeof(RegionHeader), sizeof(RingBlock), sizeof(ProducerBlock), sizeof(ConsumerBlock),
                                  sizeof(AgentEntry), sizeof(ThreadBlock)}) {
    EXPECT_EQ(bytes % 128, 0u);
  }
  EXPECT_EQ(alignof(ConsumerBlock), 128u);
}

TEST(Abi, WordsAreFoundByTheirValuesAndTheOtherWayRound) {
  static_assert(find_word<Profile>("low-latency") == Profile::kLowLatency);
  EXPECT_STREQ(word_of(Profile::kIsolatedCore), "isolated-core");
  // Its numbers do not begin with 0.
  EXPECT_EQ(find_word<PortCode>("js"), PortCode::kJs);
  EXPECT_STREQ(word_of(PortCode::kDiscard), "discard");
  EXPECT_STREQ(word_of(ErrorCode::kCpuNotAllowed), "CPU_NOT_ALLOWED");
  EXPECT_STREQ(word_of(ErrorCode::kJournalWrite), "JOURNAL_WRITE");
}

TEST(Abi, ATextThatIsNoWordOfAnEnumIsNotFound) {
  EXPECT_FALSE(find_word<WaitStrategy>("Spin").has_value());
  EXPECT_FALSE(find_word<WaitStrategy>("spi").has_value());
  EXPECT_FALSE(find_word<WaitStrategy>("default").has_value());
  EXPECT_FALSE(find_word<WaitStrategy>("").has_value());
}

}  // namespace
}  // namespace byteor::abi

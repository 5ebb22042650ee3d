// Byte search against a naive one, with each implementation of the vector operations, on buffers of exact size.
#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <vector>

#include "op/search.hpp"
#include "support/op_records.hpp"

namespace byteor::op {
namespace {

using test::HeapRecord;
using test::random_text;

constexpr std::ptrdiff_t kAbsent = -1;

std::ptrdiff_t naive(std::string_view text, std::string_view needle) {
  for (std::size_t at = 0; at + needle.size() <= text.size(); ++at)
    if (text.substr(at, needle.size()) == needle) return static_cast<std::ptrdiff_t>(at);
  return kAbsent;
}

template <class V>
class Search : public testing::Test {
 public:
  static std::ptrdiff_t find(std::string_view text, std::string_view needle) {
    const HeapRecord record(text);
    const HeapRecord exact(needle);
    const char* const found = ByteSearch(exact.bytes()).find_with<V>(record.bytes());
    return found == nullptr ? kAbsent : found - record.bytes().data();
  }
};

using Implementations = std::conditional_t<std::is_same_v<simd::Native, simd::Portable>, testing::Types<simd::Portable>,
                                           testing::Types<simd::Native, simd::Portable>>;
TYPED_TEST_SUITE(Search, Implementations);

TYPED_TEST(Search, FindsANeedleAtEveryPlaceOfEveryShortText) {
  const std::string needle = "needle";
  for (std::size_t length = needle.size(); length <= 80; ++length) {
    for (std::size_t at = 0; at + needle.size() <= length; ++at) {
      std::string text(length, 'n');
      text.replace(at, needle.size(), needle);
      ASSERT_EQ(this->find(text, needle), static_cast<std::ptrdiff_t>(at)) << "length " << length;
    }
  }
}

TYPED_TEST(Search, FindsNeedlesOfEveryLength) {
  for (std::size_t length = 1; length <= 70; ++length) {
    std::string needle(length, 'x');
    needle.front() = '<';
    needle.back() = '>';
    for (const std::size_t before : {0, 1, 7, 15, 16, 17, 31, 32, 33, 100}) {
      const std::string text = std::string(before, '.') + needle + std::string(before, '.');
      ASSERT_EQ(this->find(text, needle), static_cast<std::ptrdiff_t>(before)) << "needle of " << length;
    }
  }
}

TYPED_TEST(Search, DoesNotFindANeedleThatDiffersInAnyOneByte) {
  for (const std::size_t length : {2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 40}) {
    const std::string needle = std::string(length, 'a');
    for (std::size_t wrong = 0; wrong < length; ++wrong) {
      std::string text = needle;
      text[wrong] = 'b';
      ASSERT_EQ(this->find(text, needle), kAbsent) << "needle of " << length << ", byte " << wrong;
    }
  }
}

TYPED_TEST(Search, AgreesWithANaiveSearchOnRandomTextsOfFewLetters) {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    const std::string text = random_text(random, random() % 150, 2 + random() % 3);
    const std::string needle = random_text(random, 1 + random() % 10, 2 + random() % 3);
    ASSERT_EQ(this->find(text, needle), naive(text, needle)) << "\"" << needle << "\" in \"" << text << "\"";
  }
}

TYPED_TEST(Search, FindsAnEmptyNeedleInEveryText) {
  EXPECT_EQ(this->find("", ""), 0);
  EXPECT_EQ(this->find("text", ""), 0);
}

TYPED_TEST(Search, FindsNothingInATextShorterThanTheNeedle) {
  EXPECT_EQ(this->find("", "a"), kAbsent);
  EXPECT_EQ(this->find("erro", "error"), kAbsent);
}

TYPED_TEST(Search, TellsZeroBytesFromTheEndOfTheText) {
  const std::string zero(1, '\0');
  for (std::size_t length = 1; length < 40; ++length) {
    const std::string text(length, 'a');
    ASSERT_EQ(this->find(text, zero), kAbsent);
    ASSERT_EQ(this->find(text + zero, "a" + zero), static_cast<std::ptrdiff_t>(length - 1));
  }
}

TYPED_TEST(Search, FindsBytesAbove127) {
  EXPECT_EQ(this->find(std::string(20, '\x7f') + "\xff\x80", "\xff\x80"), 20);
  EXPECT_EQ(this->find(std::string(40, '\x80'), "\x80\x81"), kAbsent);
}

template <class V>
std::vector<std::size_t> places_of(std::string_view text, char byte) {
  std::vector<std::size_t> places;
  const auto visit = [&](const char* place) {
    places.push_back(static_cast<std::size_t>(place - text.data()));
    return false;
  };
  visit_byte<V>(text, simd::repeat_byte(byte), visit);
  return places;
}

TYPED_TEST(Search, VisitsEveryPlaceOfAByteInOrder) {
  std::mt19937 random(11);
  for (int round = 0; round < 5'000; ++round) {
    const HeapRecord record(random_text(random, random() % 70, 3));
    std::vector<std::size_t> expected;
    for (std::size_t i = 0; i < record.bytes().size(); ++i)
      if (record.bytes()[i] == 'b') expected.push_back(i);
    ASSERT_EQ(places_of<TypeParam>(record.bytes(), 'b'), expected);
  }
  EXPECT_TRUE(places_of<TypeParam>(std::string_view(), '\0').empty());
}

TYPED_TEST(Search, FindsControlBytesAndOnlyThem) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::string text(TypeParam::kWidth, static_cast<char>(byte));
    EXPECT_EQ(TypeParam::control(TypeParam::load(text.data())) != 0, byte < 0x20) << byte;
  }
}

TEST(Ends, StartsWithEndsWithAndEqualsAgreeWithNaiveComparisons) {
  std::mt19937 random(13);
  for (int round = 0; round < 20'000; ++round) {
    const HeapRecord text(random_text(random, random() % 40, 2));
    std::string part(text.bytes().substr(0, random() % 40));
    if (random() % 2 == 0) part = text.bytes().substr(random() % (text.bytes().size() + 1));
    if (!part.empty() && random() % 4 == 0) part[random() % part.size()] = 'z';
    const HeapRecord exact(part);
    ASSERT_EQ(starts_with(text.bytes(), exact.bytes()), text.bytes().starts_with(part));
    ASSERT_EQ(ends_with(text.bytes(), exact.bytes()), text.bytes().ends_with(part));
    ASSERT_EQ(equals(text.bytes(), exact.bytes()), text.bytes() == part);
  }
}

}  // namespace
}  // namespace byteor::op

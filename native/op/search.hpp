// Where a needle lies in a record. A filter asks this of every byte that flows, so it must cost less than fetching the
// record from memory, for log lines of a hundred bytes as well as for megabytes.
//
// The needle's first and last byte are compared at all positions of a vector at once; only where both agree is the
// whole needle compared. No read goes outside the record: the last block overlaps the one before it, and a record with
// fewer positions than a vector is assembled from overlapping words.
//
// Measured and left out (bench/native/op_search.cpp, log lines of 80 to 150 bytes, one Zen 4 core): AVX2 and AVX-512
// are no faster on lines, and long records are limited by memory already; the two rarest bytes of the needle instead of
// its ends gain 30 % for a needle such as " to " and nothing for most.
//
// A search costs one pass over the text, and a comparison for each place where both ends agree: in the worst case, a
// periodic needle in a text of its own period, needle times text. Needles are the plan author's, not the input's.
//
// Any thread. Hot code: no allocation after construction, no exception.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "op/simd.hpp"

namespace byteor::op {

// Are the `length` bytes at `a` and `b` the same? Short needles are compared by overlapping words instead of a call.
BYTEOR_ALWAYS_INLINE bool same_bytes(const char* a, const char* b, std::size_t length) noexcept {
  using simd::load_word;
  if (length > 16) {
    return load_word<std::uint64_t>(a) == load_word<std::uint64_t>(b) && std::memcmp(a + 8, b + 8, length - 8) == 0;
  }
  if (length >= 8) {
    return ((load_word<std::uint64_t>(a) ^ load_word<std::uint64_t>(b)) |
            (load_word<std::uint64_t>(a + length - 8) ^ load_word<std::uint64_t>(b + length - 8))) == 0;
  }
  if (length >= 4) {
    return ((load_word<std::uint32_t>(a) ^ load_word<std::uint32_t>(b)) |
            (load_word<std::uint32_t>(a + length - 4) ^ load_word<std::uint32_t>(b + length - 4))) == 0;
  }
  return length == 0 || (a[0] == b[0] && a[length / 2] == b[length / 2] && a[length - 1] == b[length - 1]);
}

inline bool starts_with(std::string_view text, std::string_view prefix) noexcept {
  return text.size() >= prefix.size() && same_bytes(text.data(), prefix.data(), prefix.size());
}

inline bool ends_with(std::string_view text, std::string_view suffix) noexcept {
  return text.size() >= suffix.size() &&
         same_bytes(text.data() + (text.size() - suffix.size()), suffix.data(), suffix.size());
}

inline bool equals(std::string_view text, std::string_view other) noexcept {
  return text.size() == other.size() && same_bytes(text.data(), other.data(), other.size());
}

// Calls visit(place) for every place of a byte in `text`, in order, until it answers true; answers whether it did.
// `word` is the byte as simd::repeat_byte() gives it. One pass, for separators that stand a few bytes apart.
template <class V = simd::Native, class Visit>
BYTEOR_ALWAYS_INLINE bool visit_byte(std::string_view text, std::uint64_t word, Visit&& visit) noexcept {
  const auto wanted = V::spread(word);
  const char* block = text.data();
  const char* const end = block + text.size();
  for (;; block += V::kWidth) {
    const auto left = static_cast<std::size_t>(end - block);
    auto mask = left >= V::kWidth ? V::equal(V::load(block), wanted)
                                  : simd::keep_first<V>(V::equal(V::load_partial(block, left), wanted), left);
    for (; mask != 0; mask = simd::drop_first<V>(mask))
      if (visit(block + simd::first_of<V>(mask))) return true;
    if (left <= V::kWidth) return false;
  }
}

// A needle prepared for many searches.
class ByteSearch {
 public:
  explicit ByteSearch(std::string_view needle)
      : needle_(needle),
        first_word_(needle.empty() ? 0 : simd::repeat_byte(needle.front())),
        last_word_(needle.empty() ? 0 : simd::repeat_byte(needle.back())) {}

  const std::string& needle() const noexcept { return needle_; }

  // The first place of the needle in `text`, or nullptr. An empty needle is found at the start of any text.
  const char* find(std::string_view text) const noexcept { return find_with<simd::Native>(text); }

  // As find(), with one implementation of the vector operations; for tests and measurements.
  template <class V>
  const char* find_with(std::string_view text) const noexcept {
    const std::size_t length = needle_.size();
    if (length > text.size()) return nullptr;
    if (length == 0) return text.data();
    const std::size_t positions = text.size() - length + 1;
    const Probe<V> probe(*this);
    if (positions < V::kWidth) {
      const auto mask = simd::keep_first<V>(probe.candidates_partial(text.data(), positions), positions);
      return mask == 0 ? nullptr : verified<V>(text.data(), mask, text.data(), 0);
    }
    const char* const last_block = text.data() + (positions - V::kWidth);
    const char* block = text.data();
    for (; last_block - block > static_cast<std::ptrdiff_t>(V::kWidth); block += 2 * V::kWidth) {
      const auto here = probe.candidates(block);
      const auto next = probe.candidates(block + V::kWidth);
      if ((here | next) == 0) [[likely]]
        continue;
      const char* const found = verified<V>(block, here, block + V::kWidth, next);
      if (found != nullptr) return found;
    }
    // One block, or two that may overlap: what lies in both is found in the first.
    if (block > last_block) block = last_block;
    const auto here = probe.candidates(block);
    const auto next = probe.candidates(last_block);
    return (here | next) == 0 ? nullptr : verified<V>(block, here, last_block, next);
  }

 private:
  // The needle's two ends spread over vectors, once a search. The needle is not empty.
  template <class V>
  struct Probe {
    typename V::Vector first;
    typename V::Vector last;
    std::size_t last_offset;

    BYTEOR_ALWAYS_INLINE explicit Probe(const ByteSearch& search) noexcept
        : first(V::spread(search.first_word_)),
          last(V::spread(search.last_word_)),
          last_offset(search.needle_.size() - 1) {}

    // Positions block[0 … kWidth) where both ends agree.
    BYTEOR_ALWAYS_INLINE typename V::Mask candidates(const char* block) const noexcept {
      return V::equal_both(V::load(block), first, V::load(block + last_offset), last);
    }
    BYTEOR_ALWAYS_INLINE typename V::Mask candidates_partial(const char* block, std::size_t count) const noexcept {
      return V::equal_both(V::load_partial(block, count), first, V::load_partial(block + last_offset, count), last);
    }
  };

  // The first of the candidates in two blocks that is the needle. Not inlined: without it, a search needs few
  // registers.
  template <class V>
  BYTEOR_NEVER_INLINE const char* verified(const char* block, typename V::Mask here, const char* next_block,
                                           typename V::Mask next) const noexcept {
    const char* const found = verified_in<V>(block, here);
    return found != nullptr ? found : verified_in<V>(next_block, next);
  }

  template <class V>
  const char* verified_in(const char* block, typename V::Mask mask) const noexcept {
    for (; mask != 0; mask = simd::drop_first<V>(mask)) {
      const char* const at = block + simd::first_of<V>(mask);
      if (same_bytes(at, needle_.data(), needle_.size())) return at;
    }
    return nullptr;
  }

  std::string needle_;
  std::uint64_t first_word_;
  std::uint64_t last_word_;
};

}  // namespace byteor::op

// Where a needle lies in a record. A filter asks this of every byte that flows, so it must cost less than fetching the
// record from memory, for log lines of a hundred bytes as well as for megabytes.
//
// Two bytes of the needle, its anchors, are compared at all positions of a vector at once; only where both agree is the
// whole needle compared. No read goes outside the record: the last block overlaps the one before it, and a record with
// fewer positions than a vector is assembled from overlapping words.
//
// Any thread. Hot code: no allocation, no exception.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
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

// A needle prepared for many searches. Keeps a view: the needle outlives it.
class ByteSearch {
 public:
  explicit ByteSearch(std::string_view needle) noexcept
      : needle_(needle), first_anchor_(0), last_anchor_(needle.empty() ? 0 : needle.size() - 1) {}

  std::string_view needle() const noexcept { return needle_; }

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
      return verified<V>(text.data(), mask);
    }
    const char* const last_block = text.data() + (positions - V::kWidth);
    const char* block = text.data();
    for (; block < last_block; block += V::kWidth) {
      const auto mask = probe.candidates(block);
      if (mask != 0) [[unlikely]] {
        const char* const found = verified<V>(block, mask);
        if (found != nullptr) return found;
      }
    }
    return verified<V>(last_block, simd::keep_from<V>(probe.candidates(last_block),
                                                      static_cast<std::size_t>(block - last_block) % V::kWidth));
  }

 private:
  // The anchors spread over vectors, once a search.
  template <class V>
  struct Probe {
    typename V::Vector first;
    typename V::Vector last;
    std::size_t first_anchor;
    std::size_t last_anchor;

    BYTEOR_ALWAYS_INLINE explicit Probe(const ByteSearch& search) noexcept
        : first(V::splat(static_cast<unsigned char>(search.needle_[search.first_anchor_]))),
          last(V::splat(static_cast<unsigned char>(search.needle_[search.last_anchor_]))),
          first_anchor(search.first_anchor_),
          last_anchor(search.last_anchor_) {}

    // Positions block[0 … kWidth) where both anchors agree.
    BYTEOR_ALWAYS_INLINE typename V::Mask candidates(const char* block) const noexcept {
      return V::equal_both(V::load(block + first_anchor), first, V::load(block + last_anchor), last);
    }
    BYTEOR_ALWAYS_INLINE typename V::Mask candidates_partial(const char* block, std::size_t count) const noexcept {
      return V::equal_both(V::load_partial(block + first_anchor, count), first,
                           V::load_partial(block + last_anchor, count), last);
    }
  };

  template <class V>
  BYTEOR_ALWAYS_INLINE const char* verified(const char* block, typename V::Mask mask) const noexcept {
    for (; mask != 0; mask = simd::drop_first<V>(mask)) {
      const char* const at = block + simd::first_of<V>(mask);
      if (same_bytes(at, needle_.data(), needle_.size())) return at;
    }
    return nullptr;
  }

  std::string_view needle_;
  std::size_t first_anchor_;
  std::size_t last_anchor_;
};

}  // namespace byteor::op

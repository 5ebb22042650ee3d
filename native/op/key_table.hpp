// How often each key came, for a bounded number of keys. One thread counts, any thread may read meanwhile.
//
//   slots    open addressing, twice as many as keys: upper half of the hash | index of the entry + 1      (writer only)
//   entries  in order of arrival: hash, place of the text, count
//   texts    the keys' bytes, one after the other
//
// Everything is allocated by the constructor, in zero pages that the system provides when they are first touched, so a
// table for a few keys occupies a few pages. The hash has a random seed: a key arrives from outside, and a sender that
// chooses keys should not be able to choose collisions. Hot code: no allocation, no exception; the constructor, in
// key_table.cpp, allocates and throws.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "abi/abi_generated.hpp"
#include "op/hash.hpp"
#include "op/search.hpp"

namespace byteor::op {

// The bounds of a table, with their reasons, stand in lib/abi/limits.ts.
inline constexpr std::uint32_t kTableKeysMax = abi::kCountKeysMax;
inline constexpr std::uint32_t kTableTextBytesMax = abi::kCountKeyTextBytesMax;

class KeyTable {
 public:
  // Throws std::bad_alloc.
  KeyTable();

  KeyTable(const KeyTable&) = delete;
  KeyTable& operator=(const KeyTable&) = delete;

  // Counts one more of `key`. False when it is new and there is no room for it: then nothing has changed. Once a key is
  // in the table, each of its records is counted, whatever else comes. The one writer only.
  bool add(std::string_view key) noexcept {
    const std::uint64_t hash = XXH3_64bits_withSeed(key.data(), key.size(), seed_);
    const std::uint64_t tag = hash & kTagMask;
    std::size_t at = hash & kSlotMask;
    for (; slots_[at] != 0; at = (at + 1) & kSlotMask) {
      if ((slots_[at] & kTagMask) != tag) continue;
      Entry& entry = entries_[static_cast<std::uint32_t>(slots_[at]) - 1];
      if (!equals(key, text_of(entry))) continue;
      entry.count.store(entry.count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      return true;
    }
    return insert(at, tag, key);
  }

  // Calls visit(key, count) for every key, in order of arrival. Any thread; the texts stay valid as long as the table.
  template <class Visit>
  void for_each(Visit&& visit) const {
    // SYNC POINT O1: pairs with the release in insert(); without it a reader could see an entry before its text.
    const std::uint32_t count = published_.load(std::memory_order_acquire);
    for (std::uint32_t i = 0; i < count; ++i)
      visit(text_of(entries_[i]), entries_[i].count.load(std::memory_order_relaxed));
  }

 private:
  struct Entry {
    std::uint32_t text_offset;
    std::uint32_t text_length;
    std::atomic<std::uint64_t> count;
  };
  struct Free {
    void operator()(void* memory) const noexcept { std::free(memory); }
  };
  template <class T>
  using Zeroed = std::unique_ptr<T[], Free>;

  static constexpr std::size_t kSlotCount = abi::kCountKeySlots;
  static constexpr std::uint64_t kSlotMask = kSlotCount - 1;
  static constexpr std::uint64_t kTagMask = 0xffff'ffff'0000'0000;
  static_assert((kSlotCount & kSlotMask) == 0);
  // What a plan is announced to need; how much of the address space is touched depends on the keys.
  static_assert(kSlotCount * sizeof(std::uint64_t) + kTableKeysMax * sizeof(Entry) + kTableTextBytesMax ==
                abi::kCountTableBytes);

  std::string_view text_of(const Entry& entry) const noexcept {
    return {texts_.get() + entry.text_offset, entry.text_length};
  }

  bool insert(std::size_t at, std::uint64_t tag, std::string_view key) noexcept {
    const std::uint32_t index = published_.load(std::memory_order_relaxed);
    if (index == kTableKeysMax || key.size() > kTableTextBytesMax - text_used_) return false;
    Entry& entry = entries_[index];
    entry.text_offset = text_used_;
    entry.text_length = static_cast<std::uint32_t>(key.size());
    entry.count.store(1, std::memory_order_relaxed);
    if (!key.empty()) std::memcpy(texts_.get() + text_used_, key.data(), key.size());
    text_used_ += static_cast<std::uint32_t>(key.size());
    slots_[at] = tag | (index + 1);
    // SYNC POINT O1: the entry and its text are complete before a reader may look at them.
    published_.store(index + 1, std::memory_order_release);
    return true;
  }

  std::uint64_t seed_;
  Zeroed<std::uint64_t> slots_;
  Zeroed<Entry> entries_;
  Zeroed<char> texts_;
  std::uint32_t text_used_ = 0;
  std::atomic<std::uint32_t> published_{0};
};

}  // namespace byteor::op

// The writing end of a shard or a lane, as an adapter sees it: keeps what is pushed, as far as there is room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"

namespace byteor::test {

struct FakeProducer {
  std::uint32_t record_max() const { return 200; }
  std::uint32_t record_bytes() const { return 0; }
  std::byte* try_claim(std::uint32_t length) {
    if (texts.size() == room) return nullptr;
    claimed.resize(length);
    return reinterpret_cast<std::byte*>(claimed.data());
  }
  void commit(std::uint32_t length, std::uint32_t flags) {
    texts.push_back(claimed.substr(0, length));
    terminators.push_back(flags);
  }
  bool publish() { return std::exchange(published_, texts.size()) != texts.size(); }
  std::uint64_t unpublished() const { return texts.size() - published_; }
  std::uint64_t published() const { return published_; }
  void count_keyless() { ++keyless; }
  void count_too_large() { ++too_large; }
  abi::ProducerBlock& block() { return failures; }
  void close() {
    publish();
    closed = true;
  }

  std::size_t room = SIZE_MAX;
  std::string claimed;
  std::vector<std::string> texts;
  std::vector<std::uint32_t> terminators;
  std::size_t published_ = 0;
  int keyless = 0;
  int too_large = 0;
  abi::ProducerBlock failures{};
  bool closed = false;
};

// A lane that drops.
struct DroppingProducer : FakeProducer {
  bool drops() const { return true; }
  void count_dropped(bool too_large) { ++(too_large ? dropped_too_large : dropped_full); }
  int dropped_full = 0;
  int dropped_too_large = 0;
};

}  // namespace byteor::test

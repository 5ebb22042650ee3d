// Records for op tests: bytes on the heap with nothing before and nothing after them but the room asked for, so that
// AddressSanitizer sees every read and write outside.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "core/record.hpp"

namespace byteor::test {

class HeapRecord {
 public:
  explicit HeapRecord(std::string_view bytes, std::size_t headroom = 0, std::size_t tailroom = 0)
      : memory_(new std::byte[headroom + bytes.size() + tailroom]) {
    if (!bytes.empty()) std::memcpy(memory_.get() + headroom, bytes.data(), bytes.size());
    record = {memory_.get() + headroom, static_cast<std::uint32_t>(bytes.size()), 0};
  }

  std::string_view bytes() const { return {reinterpret_cast<const char*>(record.data), record.length}; }

  core::RecordRef record{};

 private:
  std::unique_ptr<std::byte[]> memory_;
};

// `length` bytes out of the first `alphabet` letters: a small alphabet makes near misses common.
inline std::string random_text(std::mt19937& random, std::size_t length, unsigned alphabet) {
  std::string text(length, 'a');
  for (char& c : text) c = static_cast<char>('a' + random() % alphabet);
  return text;
}

inline std::string random_bytes(std::mt19937& random, std::size_t length) {
  std::string bytes(length, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

}  // namespace byteor::test

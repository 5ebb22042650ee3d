// See checksum.hpp. Control path: allocates.
#include "op/checksum.hpp"

#include <cstdio>

namespace byteor::op {

std::string ChecksumOp::report(std::span<const ChecksumOp* const> shards) {
  std::string text = "{\"crc32c\":[";
  std::uint64_t bytes = 0;
  std::uint64_t records = 0;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const ChecksumOp* const shard = shards[i];
    char digits[16];
    std::snprintf(digits, sizeof digits, "\"%08x\"", shard->shown_value_.load(std::memory_order_relaxed));
    if (i != 0) text += ',';
    text += digits;
    bytes += shard->bytes_.load();
    records += shard->records_.load();
  }
  return text + "],\"bytes\":" + std::to_string(bytes) + ",\"records\":" + std::to_string(records) + "}";
}

}  // namespace byteor::op

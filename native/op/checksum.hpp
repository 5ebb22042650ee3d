// CRC32C over the bytes of all records, in order: two runs that agree in it carried the same bytes. Terminators, which
// are not part of a record, are not part of it.
// Hot code: no allocation, no exception; report(), in checksum.cpp, is the control path.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>

#include "core/cpu.hpp"
#include "op/counter.hpp"
#include "op/crc32c.hpp"
#include "op/op.hpp"

namespace byteor::op {

// On its own cache lines, because it writes with every record and its neighbours on the heap belong to other threads.
class alignas(core::kCacheBlock) ChecksumOp : public BuiltIn<abi::OpCode::kChecksum> {
 public:
  using Config = NoConfig;

  explicit ChecksumOp(const NoConfig&) noexcept {}

  Outcome apply(core::RecordRef& record) noexcept {
    value_ = crc_.extend(value_, bytes_of(record));
    // Relaxed: no thread concludes anything from it about other memory.
    shown_value_.store(value_, std::memory_order_relaxed);
    bytes_.add(record.length);
    records_.add(1);
    return Outcome::kPass;
  }

  std::string cause() const { return {}; }

  // {"crc32c":["e3069283",…],"bytes":9,"records":1}: one CRC a shard, in shard order; bytes and records of all shards.
  // Any thread; while the op works the three may be from neighbouring records. At most 64 shards × 11 + 80 bytes.
  static std::string report(std::span<const ChecksumOp* const> shards);

 private:
  const Crc32c crc_;
  std::uint32_t value_ = 0;
  std::atomic<std::uint32_t> shown_value_{0};
  Counter bytes_;
  Counter records_;
};

}  // namespace byteor::op

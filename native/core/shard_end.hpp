// How a consumer knows that a shard has ended. Hot code: no allocation, no exception.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/sequence.hpp"

namespace byteor::core {

struct ShardEnd {
  SequenceReader cursor;
  const std::atomic<std::uint32_t>* closed = nullptr;
  const std::atomic<std::uint64_t>* stop_before = nullptr;

  // True when a consumer that is done with everything before `next` will never see another record.
  bool reached(std::uint64_t next) const noexcept {
    if (next >= stop_before->load(std::memory_order_acquire)) return true;
    // SYNC POINT S3: closed first, then the cursor, which is final once closed has been seen.
    if (closed->load(std::memory_order_seq_cst) == 0) return false;
    return cursor.load_seq_cst(next) == next;
  }
};

}  // namespace byteor::core

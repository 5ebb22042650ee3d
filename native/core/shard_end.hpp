// How a shard ends, and how a consumer knows that it has. Hot code: no allocation, no exception.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/sequence.hpp"

namespace byteor::core {

// Moves the end of a shard forward to `sequence`, unless it is there or before it already. Any thread.
inline void stop_shard_before(std::atomic<std::uint64_t>& stop_before, std::uint64_t sequence) noexcept {
  std::uint64_t limit = stop_before.load(std::memory_order_relaxed);
  // SYNC POINT S4: the least sequence wins; no reader reads past it from now on. seq_cst because a thread that looks
  // for the end may be about to sleep.
  while (sequence < limit &&
         !stop_before.compare_exchange_weak(limit, sequence, std::memory_order_seq_cst, std::memory_order_relaxed)) {
  }
}

struct ShardEnd {
  SequenceReader cursor;
  const std::atomic<std::uint32_t>* closed = nullptr;
  const std::atomic<std::uint64_t>* stop_before = nullptr;

  // True when a consumer that is done with everything before `next` will never see another record. Every consumer of
  // the shard comes to the same answer, whatever the producer still does.
  bool reached(std::uint64_t next) const noexcept {
    // SYNC POINT S4: a failed record, or a close by a thread other than the producer, has ended the shard before
    // `next`.
    if (next >= stop_before->load(std::memory_order_seq_cst)) return true;
    // SYNC POINT S3: closed first. Once it has been seen, either the cursor is final or stop_before says where the
    // shard ends; the cursor of a producer that another thread has closed may still move, and proves nothing.
    if (closed->load(std::memory_order_seq_cst) == 0) return false;
    const std::uint64_t limit = stop_before->load(std::memory_order_seq_cst);
    return next >= (limit == kNoLimit ? cursor.load_seq_cst(next) : limit);
  }
};

}  // namespace byteor::core

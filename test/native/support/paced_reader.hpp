// An agent that reads another thread's cursor, for tests of what runs agents.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/agent.hpp"
#include "core/paced_barrier.hpp"

namespace byteor::test {

// A reader of another thread's cursor that puts its looks off, as readers of rings and lanes do.
class PacedReader final : public core::Agent {
 public:
  explicit PacedReader(const std::atomic<std::uint64_t>& cursor)
      : barrier_(core::Barrier({core::SequenceReader(cursor)}, stop_before_), ring(), true, 0) {}

  std::uint32_t do_work() noexcept override {
    const std::uint64_t end = barrier_.available(next_, 64, true);
    const auto moved = static_cast<std::uint32_t>(end - next_);
    next_ = end;
    read.store(end);
    return moved;
  }
  bool done() noexcept override { return false; }
  void end_backoff() noexcept override { barrier_.end_backoff(); }

  std::atomic<std::uint64_t> read{0};

 private:
  static core::RingMemory ring() {
    core::RingMemory ring;
    ring.slot_mask = 1023;
    ring.capacity = 1024;
    ring.slot_stride = 8;
    return ring;
  }

  std::atomic<std::uint64_t> stop_before_{core::kNoLimit};
  core::PacedBarrier barrier_;
  std::uint64_t next_ = 0;
};

}  // namespace byteor::test

// The end of a shard, or of a lane, whose egress is discarded: counts what arrives and gives it back. It gates the
// producer in the terminals' place, so that the ledger's egress line is counted and not inferred (docs/decisions).
// Hot code: no allocation, no exception.
#pragma once

#include <cstdint>

#include "core/agent.hpp"
#include "core/record.hpp"

namespace byteor::core {

// `Consumer`: RecordConsumer, or the reading end of a lane with the same calls.
template <class Consumer>
class DiscardAgent final : public Agent {
 public:
  explicit DiscardAgent(Consumer& consumer) : consumer_(consumer) {}

  std::uint32_t do_work() noexcept override {
    const std::uint32_t moved = consumer_.consume(kBatchRecords, [](std::uint64_t, const RecordRef&) { return true; });
    consumer_.release();
    return moved;
  }

  void end_backoff() noexcept override { consumer_.end_backoff(); }

  bool done() noexcept override { return consumer_.drained(); }

 private:
  static constexpr std::uint32_t kBatchRecords = 4096;
  Consumer& consumer_;
};

}  // namespace byteor::core

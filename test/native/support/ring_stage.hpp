// What one stage of a hand-built ring has beside its slots: its entry, marks, stamps and failures. The stage stands
// behind the fixture's producer, which it gates in the place of the fixture's consumer.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "abi/abi_generated.hpp"
#include "failures.hpp"
#include "ring/stage_base.hpp"
#include "ring_fixture.hpp"

namespace byteor::test {

// A base of the test's own stage: what the context points to outlives the agent.
struct RingStage {
  static constexpr std::uint32_t kStamps = 64;
  static constexpr std::uint32_t kAgent = 3;

  // Of a stage with marks of its own, behind another one with marks, whose op may write into the room behind a record.
  ring::StageContext context(RingFixture& ring) {
    const core::RingMemory memory = ring.memory();
    const core::SequenceReader cursor(ring.producer_block.cursor);
    ring::StageContext context{.ring = memory,
                               .barrier = {core::Barrier({cursor}, ring.stop_before), memory, false, 0},
                               .end = {cursor, &ring.producer_block.closed, &ring.stop_before}};
    context.stop_before = &ring.stop_before;
    context.block = &ring.consumer_block;
    context.entry = &entry;
    context.agent_index = kAgent;
    context.marks = {before.data()};
    context.own_marks = marks.data();
    context.stamps = {stamps.data(), kStamps - 1};
    context.upstream_stamps = {{stamps.data(), kStamps - 1}};
    context.histogram = core::Histogram(histogram.get());
    context.failures = &failures;
    context.room = {0, memory.tailroom};
    context.batch_records = 64;
    return context;
  }

  abi::AgentEntry entry{};
  Failures failures;
  std::vector<std::uint8_t> before = std::vector<std::uint8_t>(1024);
  std::vector<std::uint8_t> marks = std::vector<std::uint8_t>(1024);
  std::vector<double> stamps = std::vector<double>(kStamps);
  std::unique_ptr<std::atomic<std::uint32_t>[]> histogram =
      std::make_unique<std::atomic<std::uint32_t>[]>(abi::kHistogramCounts);
};

}  // namespace byteor::test

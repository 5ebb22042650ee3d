// Shows in the region what an end of a ring is doing, as stages show it themselves: an adapter knows files and records,
// not who waits for whom. A source without work waits for the outside, or is stalled on the egress that holds its
// shard's room; a sink without work waits for the last stage, or is stalled on the outside.
//
// An egress's end also judges here what it could not read: adapters have readers, whose records may have been
// overwritten, but no place in the graph that could fail.
//
// Construction on the control path; the agent's functions on the end's own thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/agent.hpp"

namespace byteor::graph {

enum class EndSide { kIngress, kEgress };

class ObservedEnd final : public core::Agent {
 public:
  // The end's entry in one shard, and the agent on the other side of its records there.
  struct Shard {
    abi::AgentEntry* entry;
    std::uint32_t neighbour;
  };

  // True when it found that a reader of the end is damaged, and has reported that: once.
  using Judge = std::function<bool()>;

  // `end` outlives this object. `judge` may be empty.
  ObservedEnd(core::Agent& end, EndSide side, std::vector<Shard> shards, Judge judge = {})
      : end_(end), side_(side), shards_(std::move(shards)), judge_(std::move(judge)) {}
  ObservedEnd(std::unique_ptr<core::Agent> end, EndSide side, std::vector<Shard> shards, Judge judge = {})
      : owned_(std::move(end)), end_(*owned_), side_(side), shards_(std::move(shards)), judge_(std::move(judge)) {}

  std::uint32_t do_work() noexcept override {
    std::uint32_t moved = end_.do_work();
    if (judge_ && judge_()) [[unlikely]] {
      judge_ = {};
      ++moved;
    }
    if (shown_ == abi::AgentState::kDone) return moved;
    if (moved != 0)
      show(abi::AgentState::kWorking, false);
    else
      show_rest();
    return moved;
  }

  void end_backoff() noexcept override { end_.end_backoff(); }

  bool done() noexcept override {
    if (!end_.done()) return false;
    show(abi::AgentState::kDone, false);
    return true;
  }

  const core::WaitingAgent* waiting() const noexcept override { return end_.waiting(); }

  void close_files() noexcept override { end_.close_files(); }

 private:
  void show_rest() noexcept {
    const core::WaitingAgent* const waiting = end_.waiting();
    const bool outside = waiting != nullptr && waiting->wait_descriptor().fd >= 0;
    const bool stalled = outside == (side_ == EndSide::kEgress);
    show(stalled ? abi::AgentState::kStalled : abi::AgentState::kWaiting, !outside);
  }

  // Relaxed: an observer sees one moment of each cell, and nothing else hangs on it.
  void show(abi::AgentState state, bool on_neighbour) noexcept {
    if (state == shown_ && on_neighbour == on_neighbour_) return;
    shown_ = state;
    on_neighbour_ = on_neighbour;
    for (const Shard& shard : shards_) {
      shard.entry->waits_for.store(on_neighbour ? shard.neighbour : abi::kNone, std::memory_order_relaxed);
      shard.entry->state.store(static_cast<std::uint32_t>(state), std::memory_order_relaxed);
    }
  }

  std::unique_ptr<core::Agent> owned_;
  core::Agent& end_;
  const EndSide side_;
  const std::vector<Shard> shards_;
  Judge judge_;
  abi::AgentState shown_ = abi::AgentState::kIdle;
  bool on_neighbour_ = false;
};

}  // namespace byteor::graph

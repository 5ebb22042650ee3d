// A LaneGraph without threads: a test turns its agents by hand, as HandGraph does with those of a ring. What a pipeline
// does when an agent fails is done here as well: who is not downstream is told to stop. One thread.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/cpu.hpp"
#include "graph/lane_graph.hpp"
#include "hand_graph.hpp"
#include "plan_layout.hpp"

namespace byteor::test {

class HandLaneGraph final : public core::FailureReporter {
 public:
  // Sizes, threads, first_sequence and batch_records of `options` count. A journal lane becomes an Events lane: no file
  // is written. Throws what opening throws, and HandGraph::TooLarge.
  HandLaneGraph(graph::LaneGraphDescription lowered, const Options& options, std::vector<abi::PortCode> ports,
                std::uint64_t bytes_max) {
    graph::LaneGraphDescription graph = in_memory(std::move(lowered));
    // Before anything whose time grows with the square of them.
    if (graph.lanes.size() > kLanesMax || key_tables(graph) > kKeyTablesMax) throw HandGraph::TooLarge{};
    Options least = options;
    least.least_memory = true;
    HandGraph::refuse_letters(graph::letter_lanes(graph));
    graph::RegionLayout layout = checked_layout(graph, ports, least);
    const std::uint64_t bytes = layout.header.region_bytes;
    if (bytes > bytes_max) throw HandGraph::TooLarge{};
    memory_.reset(static_cast<std::byte*>(::operator new (bytes, std::align_val_t{kPage})));
    std::memset(memory_.get(), 0, bytes);
    const std::span region(memory_.get(), bytes);
    graph::LaneGraphOptions graph_options;
    graph_options.ports = std::move(ports);
    graph_options.first_sequence = options.first_sequence;
    if (options.batch_records != 0) graph_options.batch_records = options.batch_records;
    graph::Journals none(graph.lanes.size());
    graph_ = std::make_unique<graph::LaneGraph>(region, std::move(graph), std::move(layout), std::move(none),
                                                graph::Letters{}, std::move(graph_options), *this);
  }

  graph::LaneGraph& graph() { return *graph_; }
  const std::vector<ReportedFailure>& failures() const { return failures_; }

  // Gives every agent a turn, those at the end of the flow first when `backwards`; answers how much was done.
  std::uint64_t work_once(bool backwards) {
    std::vector<graph::PlacedAgent>& agents = graph_->agents();
    std::uint64_t moved = 0;
    for (std::size_t i = 0; i < agents.size(); ++i) {
      core::Agent& agent = *agents[backwards ? agents.size() - 1 - i : i].agent;
      agent.end_backoff();  // no turn of this thread comes too early
      moved += agent.do_work();
    }
    return moved;
  }

  void report_failure(std::uint32_t agent, std::uint64_t sequence, std::string_view cause) noexcept override {
    failures_.push_back({agent, sequence, std::string(cause)});
    graph_->stop_after_failure(agent);
  }

 private:
  static constexpr std::size_t kPage = 4096;
  static constexpr std::size_t kLanesMax = 256;
  // Tables of the keys that `count` stages keep, outside of the region: megabytes each.
  static constexpr std::uint64_t kKeyTablesMax = 16;

  static graph::LaneGraphDescription in_memory(graph::LaneGraphDescription graph) {
    for (graph::LaneDescription& lane : graph.lanes)
      if (lane.kind == abi::LaneKindCode::kJournal) lane.kind = abi::LaneKindCode::kEvents;
    return graph;
  }

  static std::uint64_t key_tables(const graph::LaneGraphDescription& graph) {
    return static_cast<std::uint64_t>(std::count_if(graph.stages.begin(), graph.stages.end(), keeps_keys));
  }

  struct Free {
    void operator()(std::byte* bytes) const { ::operator delete (bytes, std::align_val_t{kPage}); }
  };

  std::unique_ptr<std::byte, Free> memory_;
  std::unique_ptr<graph::LaneGraph> graph_;  // before memory_ goes
  std::vector<ReportedFailure> failures_;
};

}  // namespace byteor::test

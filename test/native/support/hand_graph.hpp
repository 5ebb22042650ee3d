// A ring without threads: a test turns its agents by hand, one do_work() after the other, so that an order of events
// that threads would meet once in a million runs is an ordinary line of the test. One thread.
#pragma once

#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/coded_error.hpp"
#include "failures.hpp"
#include "graph/description.hpp"
#include "graph/ring_graph.hpp"
#include "plan_layout.hpp"

namespace byteor::test {

// A `count` by a key has a table of keys outside of the region, of megabytes.
inline bool keeps_keys(const graph::StageDescription& stage) {
  return stage.op == abi::OpCode::kCount && !stage.config.empty();
}

class HandGraph final : public core::FailureReporter {
 public:
  // Sizes, publication, threads, first_sequence and batch_records of `options` count; ports as given. Throws what
  // decoding and opening throw, and TooLarge instead of taking more than `bytes_max` bytes of memory.
  struct TooLarge {};
  // Graphs that are made by hand have no files.
  static void refuse_letters(const std::vector<graph::LetterLane>& lanes) {
    if (!lanes.empty()) throw core::CodedError(abi::ErrorCode::kNoDeadLetters, "there is no folder for letters");
  }
  HandGraph(std::span<const std::byte> spec, const Options& options, abi::PortCode ingress_port = abi::PortCode::kJs,
            abi::PortCode egress_port = abi::PortCode::kNative)
      : HandGraph(graph::decode_ring(spec), options, ingress_port, egress_port) {}

  HandGraph(graph::RingDescription ring, const Options& options, abi::PortCode ingress_port, abi::PortCode egress_port,
            std::uint64_t bytes_max = std::uint64_t{1} << 26) {
    std::vector<abi::PortCode> ports(2, egress_port);
    ports[ring.ingress] = ingress_port;
    refuse_letters(graph::letter_lanes(ring));
    graph::RegionLayout layout = checked_layout(ring, ports, options);
    const std::uint64_t bytes = layout.header.region_bytes;
    if (bytes > bytes_max || key_tables(ring) > kKeyTablesMax) throw TooLarge{};
    memory_.reset(static_cast<std::byte*>(::operator new (bytes, std::align_val_t{kPage})));
    std::memset(memory_.get(), 0, bytes);
    graph::GraphOptions graph_options;
    graph_options.ingress_port = ingress_port;
    graph_options.egress_port = egress_port;
    graph_options.first_sequence = options.first_sequence;
    if (options.batch_records != 0) graph_options.batch_records = options.batch_records;
    graph_ = std::make_unique<graph::RingGraph>(std::span(memory_.get(), bytes), std::move(ring), std::move(layout),
                                                graph::Letters{}, graph_options, *this);
  }

  graph::RingGraph& graph() { return *graph_; }
  // Of every shard.
  const abi::LayoutPart& sizes() const { return graph_->layout().parts.front(); }
  const std::vector<ReportedFailure>& failures() const { return failures_; }

  // The agent of an entry, in shard 0 unless told.
  core::Agent& stage(std::uint32_t entry, std::uint32_t shard = 0) {
    return *graph_->agents()[shard * graph_->description().entries.size() + entry].agent;
  }
  abi::ConsumerBlock& block(std::uint32_t entry, std::uint32_t shard = 0) {
    return graph_->consumer_block(shard, entry);
  }
  abi::ConsumerBlock& egress_block(std::uint32_t shard = 0) {
    return block(static_cast<std::uint32_t>(graph_->description().entries.size()), shard);
  }

  // Works every agent until none has anything left to do; answers how much was done.
  std::uint64_t work_all() {
    std::uint64_t all = 0;
    for (std::uint64_t moved = 1; moved != 0; all += moved) {
      moved = 0;
      for (graph::PlacedAgent& placed : graph_->agents()) {
        placed.agent->end_backoff();  // no turn of this thread comes too early
        moved += placed.agent->do_work();
      }
    }
    return all;
  }

  // What lib/runtime does for one record of shard 0: fills the slot and the arena. Not visible before publish_js().
  // Positions begin at 0 and never wrap here, so this is for a few records.
  abi::Slot& write_js(const std::string& record) {
    const abi::RingBlock& ring = graph_->ring_block(0);
    const std::uint64_t sequence = first() + written_++;
    auto& slot = *reinterpret_cast<abi::Slot*>(memory_.get() + ring.slots_offset +
                                               (sequence & (ring.slot_count - 1)) * ring.slot_stride);
    slot = {head_, head_ + ring.headroom, static_cast<std::uint32_t>(record.size()), 0};
    std::memcpy(memory_.get() + ring.arena_offset + slot.start, record.data(), record.size());
    head_ += (ring.headroom + static_cast<std::uint32_t>(record.size()) + ring.tailroom + 7) & ~7u;
    return slot;
  }
  void publish_js() {
    graph_->producer_block(0).cell.store(static_cast<std::uint32_t>(first() + written_), std::memory_order_seq_cst);
  }
  void push_js(const std::string& record) {
    write_js(record);
    publish_js();
  }

  void report_failure(std::uint32_t agent, std::uint64_t sequence, std::string_view cause) noexcept override {
    failures_.push_back({agent, sequence, std::string(cause)});
  }

 private:
  static constexpr std::size_t kPage = 4096;

  static constexpr std::uint64_t kKeyTablesMax = 16;
  static std::uint64_t key_tables(const graph::RingDescription& ring) {
    std::uint64_t tables = 0;
    for (const graph::StageDescription& stage : ring.stages) tables += keeps_keys(stage) ? ring.shards : 0;
    return tables;
  }

  struct Free {
    void operator()(std::byte* bytes) const { ::operator delete (bytes, std::align_val_t{kPage}); }
  };

  std::uint64_t first() { return static_cast<std::uint64_t>(graph_->producer_block(0).next.load()); }

  std::unique_ptr<std::byte, Free> memory_;
  std::unique_ptr<graph::RingGraph> graph_;  // before memory_ goes
  std::vector<ReportedFailure> failures_;
  std::uint64_t written_ = 0;
  std::uint32_t head_ = 0;
};

}  // namespace byteor::test

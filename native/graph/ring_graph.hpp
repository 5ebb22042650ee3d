// Turns a checked description into a graph: writes the region's blocks and lists, makes the ops, the stage agents, and
// the native ends. The only allocator of the core: nothing allocates after build(). Control path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/agent.hpp"
#include "core/consumer.hpp"
#include "core/producer.hpp"
#include "graph/description.hpp"
#include "graph/graph.hpp"
#include "graph/observed_end.hpp"
#include "graph/ring_delivery.hpp"
#include "ring/batch_agent.hpp"
#include "ring/stage_agent.hpp"

namespace byteor::graph {

struct GraphOptions {
  abi::PortCode ingress_port = abi::PortCode::kJs;
  abi::PortCode egress_port = abi::PortCode::kJs;
  std::uint32_t batch_records = 256;
  std::uint64_t first_sequence = 0;
  bool may_sleep = true;  // some thread or JS handle may be asleep when records are published
  std::vector<plugin::StagePlugin> plugins = {};
};

class RingGraph final : public Graph {
 public:
  // `layout` is made for this description and these ports. Throws CodedError: OP_UNAVAILABLE when an op cannot be made
  // (its message names the stage), SPEC_DAMAGED where the layout leaves no room for lists or texts.
  RingGraph(std::span<std::byte> region, RingDescription description, RegionLayout layout, Letters letters,
            GraphOptions options, core::FailureReporter& failures);
  ~RingGraph() override;

  const RingDescription& description() const noexcept { return description_; }

  // Stage agents in topological order, shard by shard, and the counting end of a discarded egress.
  std::vector<PlacedAgent>& agents() noexcept override { return agents_; }

  // The native ends, one a shard; empty when JavaScript runs that end.
  std::vector<core::RecordProducer*> producers() noexcept;
  std::vector<core::RecordConsumer*> consumers() noexcept;

  std::uint32_t boundary_agent(std::uint32_t boundary) const noexcept override {
    return boundary == description_.ingress ? 0 : egress_agent();
  }
  std::uint32_t boundary_thread(std::uint32_t boundary) const noexcept override {
    return agent_thread(boundary_agent(boundary));
  }
  WritingEnd writing_end(std::uint32_t) override { return producers(); }
  ReadingEnd reading_end(std::uint32_t) override { return consumers(); }
  std::unique_ptr<core::Agent> observe_end(core::Agent& end, std::uint32_t boundary) override;
  std::vector<JsSleeper> js_sleepers() noexcept override;
  std::uint32_t shards() const noexcept override { return description_.shards; }
  const KeyDescription* shard_key() const noexcept override {
    return description_.shard_key.has_value() ? &description_.keys[*description_.shard_key] : nullptr;
  }

  abi::RingBlock& ring_block(std::uint32_t shard) const noexcept;
  abi::ProducerBlock& producer_block(std::uint32_t shard) const noexcept;
  // entry == entries: egress
  abi::ConsumerBlock& consumer_block(std::uint32_t shard, std::uint32_t entry) const noexcept;

  void close_js_ingress(std::uint32_t boundary) noexcept override;
  void stop_after_failure(std::uint32_t agent) noexcept override;
  void settle() noexcept override;
  void count_undelivered(std::uint32_t boundary, double records) noexcept override;
  void follow_written(std::uint32_t, const std::atomic<std::uint64_t>& records) noexcept override {
    written_ = &records;
  }
  std::unique_ptr<journal::Delivery> make_delivery(std::uint32_t boundary, std::uint32_t shard) const override;
  std::string op_reports() const override { return reports_.text(); }
  std::string sizes() const override;

 private:
  // The egress of shard 0; an ingress is agent 0.
  std::uint32_t egress_agent() const noexcept { return static_cast<std::uint32_t>(description_.entries.size()) + 1; }
  std::uint32_t ingress_thread() const noexcept { return agent_thread(0); }
  std::uint32_t egress_thread() const noexcept { return agent_thread(egress_agent()); }
  std::uint32_t stage_agent(std::uint32_t shard, std::uint32_t entry) const noexcept {
    return shard * agents_per_shard(description_) + entry + 1;
  }
  std::uint32_t stage_thread(std::uint32_t shard, std::uint32_t entry) const noexcept {
    return agent_thread(stage_agent(shard, entry));
  }

  ObservedEnd::Shard observed_ingress(std::uint32_t shard) noexcept;
  ObservedEnd::Shard observed_egress(std::uint32_t shard) noexcept;
  core::RingMemory ring_memory(std::uint32_t shard) noexcept;
  core::SequenceReader producer_cursor(std::uint32_t shard) noexcept;
  core::SequenceReader egress_sequence(std::uint32_t shard) const noexcept;
  core::ShardEnd shard_end(std::uint32_t shard) noexcept;
  core::StampTable stamp_table(std::uint32_t shard, std::size_t index) noexcept;
  std::vector<const std::uint8_t*> mark_planes(std::uint32_t shard, std::uint64_t entries) noexcept;
  std::uint64_t published(std::uint32_t shard, std::uint64_t near) noexcept;
  std::uint64_t settled_end(std::uint32_t shard) noexcept;
  std::uint64_t settled_position(std::uint32_t shard, std::uint32_t entry, std::uint64_t end) noexcept;
  bool judge_egress(std::uint32_t shard) noexcept;

  std::string role_id(std::uint32_t index) const;  // of an agent of shard 0
  void write_header();
  void write_ring(std::uint32_t shard);
  void write_lists(std::uint32_t shard);
  void write_agents(std::uint32_t shard);
  void write_first_sequence(std::uint32_t shard);

  void make_stages();
  template <class Op>
  void make_stage(std::uint32_t entry, const typename Op::Config& config);
  void make_hosted_stage(std::uint32_t entry);
  void make_plugin_stage(std::uint32_t entry);
  // The agent of an op that works on batches.
  template <class Op>
  void add_batch_stage(std::uint32_t shard, std::uint32_t entry, Op& op);
  void add_stage(std::uint32_t shard, std::uint32_t entry, std::unique_ptr<ring::StageBase> agent);
  ring::StageContext stage_context(std::uint32_t shard, std::uint32_t entry);
  bool is_read_elsewhere(std::uint32_t shard) const noexcept;
  void make_ends();
  void settle_consumer(std::uint32_t shard, std::uint32_t entry, std::uint64_t ancestors) noexcept;

  RingDescription description_;
  GraphOptions options_;
  core::FailureReporter& failures_;
  OpReports reports_;
  std::vector<std::unique_ptr<core::RecordProducer>> producers_;
  std::vector<std::unique_ptr<core::RecordConsumer>> consumers_;
  std::vector<PlacedAgent> agents_;
  const std::atomic<std::uint64_t>* written_ = nullptr;  // what the egress's adapter has written
  std::vector<const std::uint64_t*> stage_positions_;    // of the stages among them, in their order
};

template <class Op>
void RingGraph::add_batch_stage(std::uint32_t shard, std::uint32_t entry, Op& op) {
  if (description_.layout == abi::LayoutCode::kFixed)
    add_stage(shard, entry, std::make_unique<ring::BatchAgent<core::FixedLayout, Op>>(stage_context(shard, entry), op));
  else
    add_stage(shard, entry,
              std::make_unique<ring::BatchAgent<core::VariableLayout, Op>>(stage_context(shard, entry), op));
}

}  // namespace byteor::graph

// Turns a checked description of a LaneGraph into agents between lanes: writes the region's blocks and lists, makes the
// ends of every lane, the ops and the roles, and what native adapters read and write. The only allocator of lanes and
// roles: nothing allocates after the constructor. Control path.
//
//   ingress ──lane──▶ role ──lane──▶ role … ──lane──▶ egress        agents: one a role, then one a journal lane,
//                                                                   then one for letters
//
// The roles at the boundaries are JavaScript (no thread), an adapter (whose agent native/run adds), or nothing (an
// egress that is discarded, whose agent is made here).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/agent.hpp"
#include "graph/description.hpp"
#include "graph/graph.hpp"
#include "graph/lane_delivery.hpp"
#include "graph/observed_end.hpp"
#include "journal/journal_files.hpp"
#include "journal/journal_inlet.hpp"
#include "lane/framed_reader.hpp"
#include "lane/framed_writer.hpp"
#include "lane/ordinal.hpp"
#include "lane/role.hpp"
#include "lane/slots_reader.hpp"
#include "lane/slots_writer.hpp"
#include "op/identity.hpp"
#include "op/key.hpp"

namespace byteor::graph {

// The files of journal lanes, by lane; nullptr for the other kinds.
using Journals = std::vector<std::unique_ptr<journal::JournalFiles>>;

struct LaneGraphOptions {
  std::vector<abi::PortCode> ports;  // by boundary
  std::uint32_t batch_records = abi::kBatchRecordsDefault;
  std::uint64_t first_sequence = 0;  // for tests: where ordinals begin, and (rounded up to 8) the positions of lanes
  bool may_sleep = true;
  std::vector<plugin::StagePlugin> plugins = {};
};

class LaneGraph final : public Graph {
 public:
  // `layout` is made for this description and these ports. Throws CodedError: OP_UNAVAILABLE when an op cannot be made
  // (its message names the stage), a journal's codes, and SPEC_DAMAGED where the layout leaves no room for lists or
  // texts.
  LaneGraph(std::span<std::byte> region, LaneGraphDescription description, RegionLayout layout, Journals journals,
            Letters letters, LaneGraphOptions options, core::FailureReporter& failures);
  ~LaneGraph() override;

  const LaneGraphDescription& description() const noexcept { return description_; }
  abi::LaneBlock& lane_block(std::uint32_t lane) const noexcept;
  abi::ProducerBlock& producer_block(std::uint32_t lane) const noexcept;
  // `reader`: its place among the lane's readers.
  abi::ConsumerBlock& reader_block(std::uint32_t lane, std::uint32_t reader) const noexcept;

  std::vector<PlacedAgent>& agents() noexcept override { return agents_; }
  std::uint32_t boundary_agent(std::uint32_t boundary) const noexcept override { return boundary_roles_[boundary]; }
  std::uint32_t boundary_thread(std::uint32_t boundary) const noexcept override {
    return agent_thread(boundary_roles_[boundary]);
  }
  WritingEnd writing_end(std::uint32_t boundary) override;
  ReadingEnd reading_end(std::uint32_t boundary) override;
  std::unique_ptr<core::Agent> observe_end(core::Agent& end, std::uint32_t boundary) override;
  std::vector<JsSleeper> js_sleepers() noexcept override;
  std::uint32_t device_threads() const noexcept override;
  void close_js_ingress(std::uint32_t boundary) noexcept override;
  void stop_after_failure(std::uint32_t agent) noexcept override;
  void settle() noexcept override;
  void close_files() noexcept override;
  void count_undelivered(std::uint32_t boundary, double records) noexcept override;
  void follow_written(std::uint32_t boundary, const std::atomic<std::uint64_t>& records) noexcept override {
    written_[boundary] = &records;
  }
  std::unique_ptr<journal::Delivery> make_delivery(std::uint32_t boundary, std::uint32_t shard) const override;
  std::string op_reports() const override { return reports_.text(); }
  std::string sizes() const override;

 private:
  // The ends of a lane, as classes; roles own theirs through Inlet and Outlet.
  using AnyWriter =
      std::variant<std::monostate, std::unique_ptr<lane::FramedWriter>, std::unique_ptr<lane::SlotsWriter>>;
  using AnyReader =
      std::variant<std::monostate, std::unique_ptr<lane::FramedReader>, std::unique_ptr<lane::SlotsReader>>;

  const RoleDescription& role(std::uint32_t index) const noexcept { return description_.roles[index]; }
  const LaneDescription& lane(std::uint32_t index) const noexcept { return description_.lanes[index]; }
  abi::PortCode port_of(std::uint32_t role_index) const noexcept;
  bool is_js(std::uint32_t role_index) const noexcept { return port_of(role_index) == abi::PortCode::kJs; }
  // The agent that writes a journal lane's files.
  std::optional<std::uint32_t> journal_agent(std::uint32_t lane_index) const noexcept;
  std::vector<std::uint32_t> neighbours(std::uint32_t role_index) const;
  std::uint32_t reader_place(std::uint32_t lane_index, std::uint32_t role_index) const noexcept;
  std::uint64_t first_position(std::uint32_t lane_index) const noexcept;

  // Region (lane_graph_region.cpp).
  void write_header();
  void write_lane(std::uint32_t lane_index);
  void write_first(std::uint32_t lane_index);
  void write_agents();
  std::uint64_t write_threads(const std::vector<std::uint32_t>& agents, std::uint32_t& count);

  // Ends (lane_graph.cpp).
  lane::FramedMemory framed_memory(std::uint32_t lane_index) const noexcept;
  core::RingMemory slots_memory(std::uint32_t lane_index) const noexcept;
  core::StampTable stamp_table(std::uint32_t lane_index) const noexcept;
  core::Histogram histogram(std::uint32_t lane_index, std::uint32_t reader) const noexcept;
  core::SequenceReader writer_position(std::uint32_t lane_index) const noexcept;
  core::SequenceReader reader_position(std::uint32_t lane_index, std::uint32_t reader) const noexcept;
  std::vector<core::SequenceReader> gates(std::uint32_t lane_index) const noexcept;
  core::Barrier barrier(std::uint32_t lane_index) const;
  core::ShardEnd lane_end(std::uint32_t lane_index) const noexcept;
  // Whether a role that reads the lane runs on another thread than its writer.
  bool reads_elsewhere(std::uint32_t lane_index, std::uint32_t role_index) const noexcept;
  bool crosses_threads(std::uint32_t lane_index) const noexcept;
  bool sets_structs(std::uint32_t role_index) const noexcept;
  lane::WriterOptions writer_options(std::uint32_t lane_index) const noexcept;
  lane::ReaderOptions reader_options(std::uint32_t lane_index, std::uint32_t reader) const noexcept;
  AnyWriter make_writer(std::uint32_t lane_index);
  AnyReader make_reader(std::uint32_t lane_index, std::uint32_t reader);
  std::uint64_t* ordinals(std::uint32_t lane_index) const noexcept;

  // Journals (lane_graph_journals.cpp).
  void make_journal_agents();
  std::unique_ptr<lane::Inlet> behind_files(std::unique_ptr<lane::Inlet> inlet, std::uint32_t lane_index);

  // Delivery (lane_graph_delivery.cpp).
  enum class Arrived : std::uint8_t {
    kOutOfTheProcess,  // no crash of the process can take it: for a journal's cursor
    kDelivered,        // for an ingress
  };
  // Of a journal's reader.
  std::unique_ptr<journal::Delivery> delivery_behind(std::uint32_t role_index) const;
  std::vector<DeliveryHop> hops_behind(std::uint32_t role_index, Arrived arrived) const;
  DeliveryReader delivery_reader(std::uint32_t lane_index, std::uint32_t reader, Arrived arrived) const;

  // Roles.
  std::uint64_t ordinal_step(std::uint32_t lane_index) const noexcept;
  void make_roles();
  lane::RoleContext role_context(std::uint32_t role_index);
  std::unique_ptr<lane::Role> make_role(std::uint32_t role_index);
  // Records that may come of one in a stage, as its entry says and an Ordered merge behind it needs; 0: any number.
  std::uint32_t elements_max(std::uint32_t role_index) const noexcept;
  std::unique_ptr<lane::Role> make_stage(std::uint32_t role_index);
  std::unique_ptr<lane::Role> make_plugin_stage(std::uint32_t role_index, lane::RoleContext context);
  std::unique_ptr<lane::Role> make_router(std::uint32_t role_index);
  void make_end(std::uint32_t role_index);
  bool judge_egress(std::uint32_t boundary) noexcept;

  LaneGraphDescription description_;
  Journals journals_;
  LaneGraphOptions options_;
  core::FailureReporter& failures_;
  std::uint64_t first_ordinal_ = 0;                // of ingresses: behind what journals still have of earlier runs
  std::vector<std::uint32_t> boundary_roles_;      // by boundary
  std::vector<std::uint32_t> journal_agents_;      // by lane
  std::vector<std::uint32_t> ordinal_bits_;        // by lane
  std::uint32_t ordinal_shift_;                    // the most of them
  std::vector<std::atomic<std::uint32_t>> stops_;  // by role: not 0: it must end
  std::vector<std::unique_ptr<op::KeyReader>> keys_;
  OpReports reports_;
  op::IdentityOp bridge_op_{op::NoConfig{}};
  const std::atomic<std::uint64_t> ungated_{core::kNoLimit};  // what a gating cell without a reader holds
  std::vector<std::unique_ptr<lane::Inlet>> journal_ends_;    // in memory, of the agents of files and of their readers
  std::vector<const std::atomic<std::uint64_t>*> written_;    // by boundary: what an egress's adapter has written
  std::vector<std::unique_ptr<journal::Delivery>> deliveries_;  // of the readers of journals
  std::vector<journal::JournalInlet*> journal_inlets_;          // which roles own
  std::vector<AnyWriter> native_writers_;                       // by boundary
  std::vector<AnyReader> native_readers_;
  std::vector<lane::Role*> roles_;  // those that are agents
  std::vector<PlacedAgent> agents_;
};

}  // namespace byteor::graph

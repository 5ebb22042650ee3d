// A graph that can be run, whichever target it was lowered for: what native/run knows of rings and of lanes. It lives
// in a region whose tables (abi::RegionHeader, AgentEntry, ThreadBlock) are the same for both. Control path.
//
// The tables are for observers and for JavaScript, which can write over them. Everything that the core itself needs to
// know of the graph's shape is kept beside, and never read back from the region (docs/decisions/096).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/agent.hpp"
#include "core/consumer.hpp"
#include "core/producer.hpp"
#include "graph/description.hpp"
#include "graph/lane_delivery.hpp"
#include "graph/layout.hpp"
#include "graph/letters.hpp"
#include "journal/delivery.hpp"
#include "lane/failed_records.hpp"
#include "lane/framed_reader.hpp"
#include "lane/framed_writer.hpp"
#include "lane/slots_reader.hpp"
#include "lane/slots_writer.hpp"
#include "op/hosted.hpp"
#include "op/op.hpp"
#include "plugin/stage_plugin.hpp"

namespace byteor::plugin {
class PluginOp;
}

namespace byteor::graph {

// An agent and the thread it belongs to.
struct PlacedAgent {
  std::uint32_t thread;
  std::unique_ptr<core::Agent> agent;
};

// Counts of an ingress's records that are followed at once: waits beyond that are told with the next ones.
inline constexpr std::size_t kDeliveryMarks = 64;

// What a native adapter at an ingress writes into: the shards of a ring, or one lane.
using WritingEnd = std::variant<std::vector<core::RecordProducer*>, lane::FramedWriter*, lane::SlotsWriter*>;
// What a native adapter at an egress reads from.
using ReadingEnd = std::variant<std::vector<core::RecordConsumer*>, lane::FramedReader*, lane::SlotsReader*>;

// A lane is one end, a ring one of its shards' ends.
template <class End>
std::vector<End*> as_vector(std::vector<End*> ends) {
  return ends;
}
template <class End>
std::vector<End*> as_vector(End* end) {
  return {end};
}

// A cell on which a JS thread may sleep, and the native thread that may have to wake it.
struct JsSleeper {
  std::uint32_t thread;
  std::atomic<std::uint32_t>* armed;
  enum class Waits { kRecords, kRoom, kDurable } waits_for;
};

// A stage that JavaScript runs: its ops, one a shard, wait for hosts (op/host.hpp).
struct HostedStage {
  std::string id;
  std::uint32_t thread;
  std::vector<std::unique_ptr<op::HostedOp>> ops;
};

class Graph {
 public:
  // `region` is zeroed memory of layout.header.region_bytes, and outlives the graph.
  Graph(std::span<std::byte> region, RegionLayout layout, Letters letters);
  virtual ~Graph();

  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  abi::RegionHeader& header() const noexcept { return at<abi::RegionHeader>(0); }
  abi::AgentEntry& agent_entry(std::uint32_t agent) const noexcept {
    return at<abi::AgentEntry>(layout_.header.agents + agent * sizeof(abi::AgentEntry));
  }
  abi::ThreadBlock& thread_block(std::uint32_t thread) const noexcept {
    return at<abi::ThreadBlock>(thread_place(thread));
  }
  std::uint32_t agent_count() const noexcept { return layout_.header.agent_count; }
  // Native threads, and behind them what JavaScript runs of hosted stages.
  std::uint32_t thread_count() const noexcept { return layout_.header.thread_count; }
  std::uint32_t native_threads() const noexcept { return layout_.native_threads(); }
  // In the order of their threads.
  std::vector<HostedStage>& hosted_stages() noexcept { return hosted_stages_; }
  std::uint64_t observable_bytes() const noexcept { return layout_.header.observable_bytes; }
  const RegionLayout& layout() const noexcept { return layout_; }
  // Agents that an agent waits for, as its entry lists them.
  const std::vector<std::uint32_t>& dependencies(std::uint32_t agent) const noexcept {
    return agent_facts_[agent].dependencies;
  }
  const std::string& agent_id(std::uint32_t agent) const noexcept { return agent_facts_[agent].id; }
  // Index into ThreadBlock, or abi::kNone (a handle of JavaScript).
  std::uint32_t agent_thread(std::uint32_t agent) const noexcept { return layout_.agent_threads[agent]; }

  // All agents but the adapters', in an order in which records flow.
  virtual std::vector<PlacedAgent>& agents() noexcept = 0;

  // Boundaries are named by their index in the description.
  // The agent entry of a boundary (of shard 0), and the thread of its native end (abi::kNone: JavaScript runs it).
  virtual std::uint32_t boundary_agent(std::uint32_t boundary) const noexcept = 0;
  virtual std::uint32_t boundary_thread(std::uint32_t boundary) const noexcept = 0;
  virtual WritingEnd writing_end(std::uint32_t boundary) = 0;
  virtual ReadingEnd reading_end(std::uint32_t boundary) = 0;
  // An adapter at a boundary, as an agent whose state can be seen in the region. `end` outlives it.
  virtual std::unique_ptr<core::Agent> observe_end(core::Agent& end, std::uint32_t boundary) = 0;
  // JS threads that may sleep on what native threads do.
  virtual std::vector<JsSleeper> js_sleepers() noexcept = 0;

  // Where a record's shard comes from; one shard and no key where the target has no shards.
  virtual std::uint32_t shards() const noexcept { return 1; }
  virtual const KeyDescription* shard_key() const noexcept { return nullptr; }

  // The last so many native threads wait for a device (files of journals and of letters): they sleep between two turns
  // whatever the wait strategy, and need no CPU of their own.
  virtual std::uint32_t device_threads() const noexcept { return letters_.lanes.empty() ? 0 : 1; }

  // Closes the ingress of a JS port (a native source closes its own). Any thread, also while its owner publishes: the
  // end of what is read is then what had been published before.
  virtual void close_js_ingress(std::uint32_t boundary) noexcept = 0;

  // An agent has failed. Tells those that must not go on. Any thread.
  virtual void stop_after_failure(std::uint32_t agent) noexcept {}

  // After every thread has been joined or cut off (core/device_call.hpp) and no handle writes any more: counts what is
  // left as abandoned or skipped, so that the ledger's equations hold.
  virtual void settle() noexcept = 0;
  // After settle(), and when no thread is in a device call any more: stores where readers of journals stand, and gives
  // the journals, and that of the letters, back. May wait for the device.
  virtual void close_files() noexcept;
  // After settle(): that many records that an egress took were not delivered after all.
  virtual void count_undelivered(std::uint32_t boundary, double records) noexcept = 0;
  // Before the threads start: an egress's adapter keeps what it has read, and `records` of it have been written. It is
  // not looked at after settle().
  virtual void follow_written(std::uint32_t boundary, const std::atomic<std::uint64_t>& records) noexcept {}

  // What has become of the records of an ingress (in a ring: of one of its shards), for one thread at a time; the graph
  // outlives it. It is asked until settle().
  virtual std::unique_ptr<journal::Delivery> make_delivery(std::uint32_t boundary, std::uint32_t shard) const = 0;

  // What becomes of records that fail at the agent of a stage or of a boundary, with the writing end of its lane of
  // letters. Once; the graph outlives it.
  lane::OnError on_error_at(abi::OnErrorCode code, std::uint32_t agent);

  // JSON texts. op_reports: {stage id: what the op reports}. sizes: an object.
  virtual std::string op_reports() const = 0;
  virtual std::string sizes() const = 0;

 protected:
  template <class T>
  T& at(std::uint64_t offset) const noexcept {
    return *reinterpret_cast<T*>(region_.data() + offset);
  }

  // What an agent's entry and the core's own copy of it both say.
  struct AgentFacts {
    std::string id;
    std::vector<std::uint32_t> dependencies;
  };
  // `id_offset`: where the id stands as a text already.
  abi::AgentEntry& write_agent(std::uint32_t agent, abi::AgentKind kind, std::uint64_t id_offset, AgentFacts facts);
  // What the header says of the tables, and of every pipeline.
  abi::RegionHeader& write_tables(abi::TargetCode target, const std::string& name);

  // Of a part: a shard, or a lane.
  const abi::LayoutPart& part(std::uint32_t index) const noexcept { return layout_.parts[index]; }
  std::uint64_t thread_place(std::uint32_t thread) const noexcept {
    return layout_.header.threads + thread * sizeof(abi::ThreadBlock);
  }

  // Put a text or a list behind those before it; the place it got. Lists of u64 are 8-byte aligned. Throw CodedError
  // where the layout has too little room for them.
  std::uint64_t write_text(const std::string& text);
  std::uint64_t write_list(const std::vector<std::uint64_t>& values);
  std::uint64_t write_indices(const std::vector<std::uint32_t>& values);

  // Makes an op for a stage that JavaScript runs. It lives as long as the graph.
  op::HostedOp& make_hosted_op(const StageDescription& stage, std::uint32_t thread, std::uint32_t batch_records,
                               std::uint32_t elements_max, op::HostedOp::Site site);

  // Where a stage of a plug-in stands.
  struct PluginPlace {
    std::uint32_t shard = 0;
    bool has_readers = true;
    bool in_slot = false;            // of a ring, which holds one record
    std::uint32_t elements_max = 0;  // that can take the place of one record; 0: any number
    std::uint32_t struct_bytes = 0;  // not 0: of every record behind it
    std::uint32_t batch_records;
  };
  // Makes the instance of a stage that a plug-in does, of which `plugins` has the library. It lives as long as the
  // graph. Throws CodedError: OP_UNAVAILABLE without a library, and what plugin/ refuses.
  plugin::PluginOp& make_plugin_op(const StageDescription& stage, const std::vector<plugin::StagePlugin>& plugins,
                                   const PluginPlace& place);
  // Letters (letters.cpp). The agent is the last one.
  const std::vector<LetterLane>& letter_lanes() const noexcept { return letters_.lanes; }
  std::uint32_t letters_agent() const noexcept { return layout_.header.agent_count - 1; }
  // Write the lanes' blocks, behind those of other lanes, and the agent's entry. Nothing where there are none.
  void write_letter_lanes();
  void write_letters_agent();
  // `first`: sequence of the first record of this run. nullptr where there are no letters.
  std::unique_ptr<core::Agent> make_letters_agent(core::FailureReporter& failures, std::uint64_t first);
  // The lane of letters of the stage that the agent runs, for who follows records to where they are delivered: its
  // reader releases what is on the device. Nothing where there is none.
  void add_letter_hop(std::vector<DeliveryHop>& hops, std::uint32_t agent) const;
  // The agent that failed is that of the letters, and boundaries that wait for room for one need wait no more.
  bool is_end_of_letters(std::uint32_t agent) noexcept;
  // Counts what its lanes still hold as abandoned.
  void settle_letters() noexcept;

  std::span<std::byte> region_;

 private:
  // Of a lane of letters, by its number among them.
  const abi::LayoutPart& letter_part(std::size_t lane) const noexcept {
    return layout_.parts[layout_.parts.size() - letters_.lanes.size() + lane];
  }
  lane::FramedMemory letter_memory(std::size_t lane) const noexcept;
  std::unique_ptr<lane::FramedReader> make_letter_reader(std::size_t lane);

  std::uint64_t put_list(const void* values, std::uint64_t bytes);

  const RegionLayout layout_;
  std::vector<AgentFacts> agent_facts_;
  std::uint64_t list_cursor_;
  std::uint64_t text_cursor_;
  std::vector<HostedStage> hosted_stages_;
  std::vector<std::unique_ptr<plugin::PluginOp>> plugin_ops_;
  Letters letters_;
  std::atomic<bool> letters_failed_{false};
  std::vector<std::unique_ptr<lane::FramedReader>> letter_readers_;
};

// What the ops of a graph's stages report, by stage id.
class OpReports {
 public:
  void add(std::string id, std::function<std::string()> report) {
    stages_.push_back({std::move(id), std::move(report)});
  }
  // What the ops of a stage tell, one a shard, each by its own report(): a value, or of several shards a list. They
  // outlive this.
  template <class Op>
  void add_shards(std::string id, std::vector<const Op*> shards) {
    add(std::move(id), [shards = std::move(shards)] {
      if (shards.size() == 1) return shards.front()->report();
      std::string text;
      for (const Op* shard : shards) text += (text.empty() ? '[' : ',') + shard->report();
      return text + ']';
    });
  }
  // A JSON object.
  std::string text() const;

 private:
  struct Stage {
    std::string id;
    std::function<std::string()> report;
  };
  std::vector<Stage> stages_;
};

}  // namespace byteor::graph

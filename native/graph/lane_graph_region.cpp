// What a LaneGraph writes into its region before any thread runs: tables, lists, texts, and where sequences begin.
#include <algorithm>
#include <utility>

#include "core/cpu.hpp"
#include "core/sequence.hpp"
#include "graph/lane_graph.hpp"

namespace byteor::graph {

// The threads of agents, each once, as offsets of their blocks.
std::uint64_t LaneGraph::write_threads(const std::vector<std::uint32_t>& agents, std::uint32_t& count) {
  std::vector<std::uint64_t> offsets;
  for (const std::uint32_t agent : agents) {
    const std::uint32_t thread = agent_thread(agent);
    if (thread == abi::kNone) continue;
    const std::uint64_t offset = thread_place(thread);
    if (std::find(offsets.begin(), offsets.end(), offset) == offsets.end()) offsets.push_back(offset);
  }
  count = static_cast<std::uint32_t>(offsets.size());
  return write_list(offsets);
}

void LaneGraph::write_header() {
  abi::RegionHeader& h = write_tables(abi::TargetCode::kLaneGraph, description_.name);
  h.lane_count = static_cast<std::uint32_t>(description_.lanes.size() + letter_lanes().size());
  h.rings_offset = layout().header.blocks;
  h.lanes_offset = layout().header.blocks;
  h.stage_count = static_cast<std::uint32_t>(description_.stages.size());
}

void LaneGraph::write_lane(std::uint32_t index) {
  const LaneDescription& own = lane(index);
  const abi::LayoutPart& place = part(index);
  std::vector<std::uint64_t> readers;
  for (std::uint32_t reader = 0; reader < own.readers.size(); ++reader)
    readers.push_back(consumer_place(place, reader));
  abi::LaneBlock& block = lane_block(index);
  block.id_offset = write_text(own.id);
  block.id_length = static_cast<std::uint32_t>(own.id.size());
  block.kind = static_cast<std::uint32_t>(own.kind);
  block.flags = own.flags;
  block.on_full = static_cast<std::uint32_t>(own.on_full);
  block.layout = place.layout;
  block.writer_agent = own.writer;
  block.writer_port = static_cast<std::uint32_t>(is_js(own.writer) ? abi::PortCode::kJs : abi::PortCode::kNative);
  block.reader_count = static_cast<std::uint32_t>(own.readers.size());
  block.capacity = place.capacity;
  block.memory_bytes = place.memory_bytes;
  block.slot_count = place.slot_count;
  block.record_max = place.record_max;
  block.data_offset = place.data;
  block.slots_offset = place.slots;
  block.ordinals_offset = place.ordinals;
  block.producer_offset = place.producer;
  block.readers_offset = write_list(readers);
  block.reader_agents_offset = write_indices(own.readers);
  block.journal_offset = place.journal;
  block.files_offset = place.files;
  block.stamps_offset = place.stamps;
  block.histograms_offset = place.histograms;
  block.stamp_count = place.stamp_count;
  block.connection = own.connection;
  const std::optional<std::uint32_t> journal = journal_agent(index);
  block.publish_wakes_offset =
      write_threads(journal.has_value() ? std::vector{*journal} : own.readers, block.publish_wake_count);
  block.release_wakes_offset = write_threads({own.writer}, block.release_wake_count);
  block.stop_before.store(core::kNoLimit, std::memory_order_relaxed);
}

void LaneGraph::write_first(std::uint32_t index) {
  const std::uint64_t first = first_position(index);
  abi::ProducerBlock& producer = producer_block(index);
  producer.cursor.store(first, std::memory_order_relaxed);
  producer.cell.store(static_cast<std::uint32_t>(first), std::memory_order_relaxed);
  producer.next.store(static_cast<double>(options_.first_sequence), std::memory_order_relaxed);
  if (layout_of(part(index)) == abi::LayoutCode::kFramed)
    producer.arena_head.store(static_cast<std::uint32_t>(first), std::memory_order_relaxed);
  for (std::uint32_t reader = 0; reader < lane(index).readers.size(); ++reader) {
    reader_block(index, reader).sequence.store(first, std::memory_order_relaxed);
    reader_block(index, reader).cell.store(static_cast<std::uint32_t>(first), std::memory_order_relaxed);
  }
  if (part(index).files != 0)
    at<abi::ConsumerBlock>(part(index).files).sequence.store(first, std::memory_order_relaxed);
}

// Neighbours, for words and for wake-ups: whose records an agent reads, and for an ingress who holds its room.
std::vector<std::uint32_t> LaneGraph::neighbours(std::uint32_t index) const {
  std::vector<std::uint32_t> agents;
  for (const std::uint32_t inlet : role(index).inlets) {
    if (const std::optional<std::uint32_t> journal = journal_agent(inlet)) agents.push_back(*journal);
    agents.push_back(lane(inlet).writer);
  }
  if (role(index).kind == abi::RoleCode::kIngress) {
    const std::uint32_t outlet = role(index).outlets.front();
    if (const std::optional<std::uint32_t> journal = journal_agent(outlet)) agents.push_back(*journal);
    for (const std::uint32_t reader : lane(outlet).readers) agents.push_back(reader);
  }
  return agents;
}

namespace {

// abi::AgentEntry.entry: which stage of the catalog, or what a router or a merge does.
std::uint32_t entry_of(const RoleDescription& role) noexcept {
  if (role.kind == abi::RoleCode::kStage) return role.index;
  const bool chooses = role.kind == abi::RoleCode::kRouter || role.kind == abi::RoleCode::kMerge;
  return chooses ? static_cast<std::uint32_t>(role.policy) : abi::kNone;
}

}  // namespace

void LaneGraph::write_agents() {
  for (std::uint32_t i = 0; i < description_.roles.size(); ++i) {
    const RoleDescription& own = role(i);
    abi::AgentEntry& entry =
        write_agent(i, static_cast<abi::AgentKind>(own.kind), write_text(own.id), {own.id, neighbours(i)});
    entry.entry = entry_of(own);
    entry.inlet_count = static_cast<std::uint32_t>(own.inlets.size());
    entry.inlets_offset = write_indices(own.inlets);
    entry.outlet_count = static_cast<std::uint32_t>(own.outlets.size());
    entry.outlets_offset = write_indices(own.outlets);
    if (own.inlets.empty()) {
      entry.block_offset = part(own.outlets.front()).producer;
      entry.stamps_offset = part(own.outlets.front()).stamps;
      continue;
    }
    const std::uint32_t inlet = own.inlets.front();
    const std::uint32_t place = reader_place(inlet, i);
    entry.block_offset = consumer_place(part(inlet), place);
    entry.histogram_offset = histogram_place(part(inlet), place);
  }
  for (std::uint32_t i = 0; i < description_.lanes.size(); ++i) {
    const std::optional<std::uint32_t> journal = journal_agent(i);
    if (!journal.has_value()) continue;
    abi::AgentEntry& entry =
        write_agent(*journal, abi::AgentKind::kJournal, lane_block(i).id_offset, {lane(i).id, {lane(i).writer}});
    entry.inlet_count = 1;
    entry.inlets_offset = write_indices({i});
    entry.block_offset = part(i).files;
  }
}

}  // namespace byteor::graph

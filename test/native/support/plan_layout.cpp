#include "plan_layout.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <string_view>
#include <variant>

#include "core/coded_error.hpp"
#include "core/cpu.hpp"
#include "graph/letters.hpp"
#include "lane/framed_memory.hpp"

namespace byteor::test {
namespace {

class Cursor {
 public:
  std::uint64_t take(std::uint64_t bytes, std::uint64_t align = core::kCacheBlock) {
    const std::uint64_t place = core::round_up(at_, align);
    at_ = place + bytes;
    return place;
  }
  std::uint64_t page() { return at_ = core::round_up(at_, graph::kPage); }

 private:
  std::uint64_t at_ = sizeof(abi::RegionHeader);
};

[[noreturn]] void refuse_size(const char* what) { throw core::CodedError(abi::ErrorCode::kOptionRange, what); }

std::uint32_t stamps_of(std::uint64_t slots) {
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(1, std::bit_floor(slots) >> abi::kSampleShift));
}

std::uint32_t arena_for(std::uint64_t record, std::uint64_t least) {
  const std::uint64_t bytes = std::max(least, std::bit_ceil(2 * core::round_up(record, abi::kFrameAlign)));
  if (bytes > abi::kArenaBytesMax) refuse_size("no arena holds such records");
  return static_cast<std::uint32_t>(bytes);
}

// ---- sizes ---------------------------------------------------------------------------------------------------------

abi::LayoutPart shard_sizes(const graph::RingDescription& ring, const Options& options) {
  abi::LayoutPart part{};
  part.layout = static_cast<std::uint32_t>(ring.layout);
  part.capacity = options.capacity == 0 ? abi::kCapacityDefault : options.capacity;
  part.slot_count = std::bit_ceil(part.capacity);
  part.stamp_count = stamps_of(part.slot_count);
  if (ring.layout == abi::LayoutCode::kFixed) {
    part.word_bytes = options.words ? abi::kWordBytes : 0;
    part.slot_stride = static_cast<std::uint32_t>(core::round_up(part.word_bytes + ring.record_bytes, 8));
    part.record_max = ring.record_bytes;
    return part;
  }
  part.slot_stride = sizeof(abi::Slot);
  part.record_max = options.record_max == 0 ? abi::kRecordMaxDefault : options.record_max;
  const std::uint64_t reserved = std::uint64_t{ring.headroom} + part.record_max + ring.tailroom;
  const std::uint64_t share = abi::kArenaBytesDefault / std::bit_ceil(ring.shards);
  part.memory_bytes = options.arena_bytes != 0 ? options.arena_bytes : arena_for(reserved, share);
  return part;
}

// The most that ops before each lane may have added to a record of an ingress.
std::vector<std::uint64_t> added_bytes(const graph::LaneGraphDescription& graph) {
  std::vector<std::uint64_t> added(graph.lanes.size(), 0);
  for (const graph::RoleDescription& role : graph.roles) {
    std::uint64_t most = 0;
    for (const std::uint32_t inlet : role.inlets) most = std::max(most, added[inlet]);
    if (role.kind == abi::RoleCode::kStage)
      most += std::uint64_t{graph.stages[role.index].headroom} + graph.stages[role.index].tailroom;
    for (const std::uint32_t outlet : role.outlets) added[outlet] = most;
  }
  return added;
}

// Slots that are the structs, where a lane can have them: how many; else 0.
std::uint64_t structs_of(const graph::LaneDescription& lane, std::uint32_t lane_bytes) {
  if (lane.record_bytes == 0 || lane.kind == abi::LaneKindCode::kJournal) return 0;
  const std::uint64_t stride = core::round_up(lane.record_bytes, abi::kFrameAlign);
  std::uint64_t records = lane.capacity_records;
  if (records == 0)
    records = lane.capacity_bytes != 0 ? lane.capacity_bytes / stride : std::max<std::uint64_t>(2, lane_bytes / stride);
  return records != 0 && std::bit_ceil(records) * stride <= abi::kArenaBytesMax ? records : 0;
}

abi::LayoutPart lane_sizes(const graph::LaneDescription& lane, std::uint64_t record_max, const Options& options) {
  const std::uint32_t lane_bytes = options.lane_bytes == 0 ? abi::kLaneBytesDefault : options.lane_bytes;
  abi::LayoutPart part{};
  if (const std::uint64_t structs = structs_of(lane, lane_bytes); structs != 0) {
    part.layout = static_cast<std::uint32_t>(abi::LayoutCode::kFixed);
    part.capacity = static_cast<std::uint32_t>(structs);
    part.slot_count = std::bit_ceil(part.capacity);
    part.slot_stride = static_cast<std::uint32_t>(core::round_up(lane.record_bytes, abi::kFrameAlign));
    part.memory_bytes = part.slot_count * part.slot_stride;
    part.record_max = lane.record_bytes;
  } else if (lane.kind == abi::LaneKindCode::kSequencedSlots) {
    part.layout = static_cast<std::uint32_t>(abi::LayoutCode::kVariable);
    part.capacity = lane.capacity_records;
    part.slot_count = std::bit_ceil(part.capacity);
    part.slot_stride = sizeof(abi::Slot);
    part.memory_bytes = arena_for(record_max, options.least_memory ? 64 : abi::kSlotsLaneArenaBytesDefault);
    part.record_max = static_cast<std::uint32_t>(record_max);
  } else {
    const std::uint64_t two = 2 * (core::round_up(record_max, abi::kFrameAlign) + abi::kFrameHeaderBytes);
    const std::uint64_t bytes =
        lane.capacity_bytes != 0 ? lane.capacity_bytes : std::max<std::uint64_t>(lane_bytes, std::bit_ceil(two));
    if (bytes > abi::kArenaBytesMax) refuse_size("no lane holds such records");
    part.layout = static_cast<std::uint32_t>(abi::LayoutCode::kFramed);
    part.capacity = static_cast<std::uint32_t>(bytes);
    part.memory_bytes = std::bit_ceil(part.capacity);
    part.record_max =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(record_max, lane::framed_record_max(part.capacity)));
  }
  part.stamp_count = stamps_of(part.slot_count != 0 ? part.slot_count : part.memory_bytes / abi::kFrameHeaderBytes);
  return part;
}

std::vector<abi::LayoutPart> all_lane_sizes(const graph::LaneGraphDescription& graph, const Options& options) {
  const std::uint32_t lane_bytes = options.lane_bytes == 0 ? abi::kLaneBytesDefault : options.lane_bytes;
  std::uint64_t least = 0;
  for (const graph::BoundaryDescription& boundary : graph.boundaries)
    if (boundary.kind == abi::BoundaryCode::kIngress) least = std::max<std::uint64_t>(least, boundary.record_bytes);
  if (options.record_max != 0 && options.record_max < least) refuse_size("a struct is longer than the largest record");
  const std::vector<std::uint64_t> added = added_bytes(graph);
  const std::uint64_t most = added.empty() ? 0 : *std::max_element(added.begin(), added.end());
  const std::uint64_t whole = lane::framed_record_max(lane_bytes);
  const std::uint64_t own =
      options.record_max != 0 ? options.record_max : std::max(least, whole - std::min(whole, most));
  std::vector<abi::LayoutPart> parts;
  for (std::size_t i = 0; i < graph.lanes.size(); ++i)
    parts.push_back(lane_sizes(graph.lanes[i], own + added[i], options));
  return parts;
}

// A lane that takes one letter with the longest message and record.
abi::LayoutPart letter_sizes(std::uint64_t longest, const Options& options) {
  const std::uint64_t most = sizeof(abi::LetterHeader) + abi::kCauseBytesMax + longest;
  const std::uint64_t bytes = std::bit_ceil(2 * (core::round_up(most, abi::kFrameAlign) + abi::kFrameHeaderBytes));
  abi::LayoutPart part{};
  part.layout = static_cast<std::uint32_t>(abi::LayoutCode::kFramed);
  part.capacity = options.letter_bytes != 0 ? options.letter_bytes : static_cast<std::uint32_t>(bytes);
  part.memory_bytes = std::bit_ceil(part.capacity);
  part.record_max = static_cast<std::uint32_t>(std::min<std::uint64_t>(most, lane::framed_record_max(part.capacity)));
  part.stamp_count = stamps_of(part.memory_bytes / abi::kFrameHeaderBytes);
  return part;
}

// ---- threads -------------------------------------------------------------------------------------------------------

bool is_hosted(const graph::StageDescription& stage) { return stage.op == abi::OpCode::kJs; }

// The native agents among `native`, dealt out in their order, as many to each thread.
std::uint32_t deal_out(std::vector<std::uint32_t>& threads, const std::vector<std::uint32_t>& native,
                       const Options& options) {
  const auto agents = static_cast<std::uint32_t>(native.size());
  if (agents == 0) return 0;
  const std::uint32_t count = std::clamp<std::uint32_t>(options.threads == 0 ? 2 : options.threads, 1, agents);
  for (std::uint32_t i = 0; i < agents; ++i)
    threads[native[i]] = static_cast<std::uint32_t>(std::uint64_t{i} * count / agents);
  return count;
}

// Behind the native threads, one for each hosted stage, in the order of the catalog. `agents`: those of each stage.
void place_hosted(const graph::CatalogDescription& catalog, const std::vector<std::vector<std::uint32_t>>& agents,
                  graph::RegionLayout& layout) {
  for (std::size_t stage = 0; stage < agents.size(); ++stage) {
    if (!is_hosted(catalog.stages[stage])) continue;
    for (const std::uint32_t agent : agents[stage]) layout.agent_threads[agent] = layout.header.thread_count;
    ++layout.header.thread_count;
    ++layout.header.hosted_count;
  }
}

void place_ring(const graph::RingDescription& ring, const std::vector<abi::PortCode>& ports, const Options& options,
                graph::RegionLayout& layout) {
  const std::uint32_t per_shard = graph::agents_per_shard(ring);
  std::vector<std::uint32_t> first(per_shard, abi::kNone);
  std::vector<std::uint32_t> native;
  for (std::uint32_t i = 0; i < per_shard; ++i) {
    const bool js = (i == 0 && ports[ring.ingress] == abi::PortCode::kJs) ||
                    (i + 1 == per_shard && ports[ring.egress] == abi::PortCode::kJs) ||
                    (i != 0 && i + 1 != per_shard && is_hosted(ring.stage_of(i - 1)));
    if (!js) native.push_back(i);
  }
  layout.header.thread_count = deal_out(first, native, options);
  std::vector<std::vector<std::uint32_t>> agents(ring.stages.size());
  for (std::uint32_t shard = 0; shard < ring.shards; ++shard) {
    layout.agent_threads.insert(layout.agent_threads.end(), first.begin(), first.end());
    for (std::uint32_t entry = 0; entry < ring.entries.size(); ++entry)
      agents[ring.entries[entry].stage].push_back(shard * per_shard + 1 + entry);
  }
  if (!graph::letter_lanes(ring).empty()) layout.agent_threads.push_back(layout.header.thread_count++);
  place_hosted(ring, agents, layout);
}

void place_graph(const graph::LaneGraphDescription& graph, const std::vector<abi::PortCode>& ports,
                 const Options& options, graph::RegionLayout& layout) {
  const auto roles = static_cast<std::uint32_t>(graph.roles.size());
  layout.agent_threads.assign(graph::agent_count(graph), abi::kNone);
  std::vector<std::uint32_t> native;
  std::vector<std::vector<std::uint32_t>> agents(graph.stages.size());
  for (std::uint32_t i = 0; i < roles; ++i) {
    const graph::RoleDescription& role = graph.roles[i];
    const bool end = role.kind == abi::RoleCode::kIngress || role.kind == abi::RoleCode::kEgress;
    const bool stage = role.kind == abi::RoleCode::kStage;
    if (stage) agents[role.index].push_back(i);
    const bool js = end ? ports[role.index] == abi::PortCode::kJs : stage && is_hosted(graph.stages[role.index]);
    if (!js) native.push_back(i);
  }
  layout.header.thread_count = deal_out(layout.agent_threads, native, options);
  for (std::size_t i = roles; i < layout.agent_threads.size(); ++i)
    layout.agent_threads[i] = layout.header.thread_count++;
  place_hosted(graph, agents, layout);
}

// ---- places --------------------------------------------------------------------------------------------------------

struct PartNeeds {
  std::uint64_t consumers;
  std::uint64_t stamp_tables;
  std::uint64_t mark_planes;
  bool journal;
  bool ordinals;
};

std::uint64_t text_bytes(const graph::CatalogDescription& catalog) {
  std::uint64_t bytes = catalog.name.size();
  for (const auto& boundary : catalog.boundaries) bytes += boundary.id.size();
  for (const auto& stage : catalog.stages) bytes += stage.id.size();
  return bytes;
}

void put_places(graph::RegionLayout& layout, bool ring, std::size_t letters, const std::vector<PartNeeds>& needs) {
  abi::LayoutHeader& header = layout.header;
  Cursor cursor;
  header.agents = cursor.take(header.agent_count * sizeof(abi::AgentEntry));
  header.threads = cursor.take(header.thread_count * sizeof(abi::ThreadBlock));
  const std::uint64_t parts = header.part_count - letters;
  header.blocks = cursor.take(parts * (ring ? sizeof(abi::RingBlock) : sizeof(abi::LaneBlock)));
  header.letters = cursor.take(letters * sizeof(abi::LaneBlock));
  header.lists = cursor.take(header.list_bytes);
  header.texts = cursor.take(header.text_bytes);
  for (std::size_t i = 0; i < layout.parts.size(); ++i) {
    abi::LayoutPart& part = layout.parts[i];
    part.producer = cursor.take(sizeof(abi::ProducerBlock));
    part.consumers = cursor.take(needs[i].consumers * sizeof(abi::ConsumerBlock));
    part.histograms = cursor.take(needs[i].consumers * graph::kHistogramBytes);
    part.stamps = cursor.take(graph::stamps_place(part, needs[i].stamp_tables) - part.stamps);
    if (!needs[i].journal) continue;
    part.journal = cursor.take(sizeof(abi::JournalBlock));
    part.files = cursor.take(sizeof(abi::ConsumerBlock));
  }
  header.observable_bytes = cursor.page();
  for (std::size_t i = 0; i < layout.parts.size(); ++i) {
    abi::LayoutPart& part = layout.parts[i];
    if (needs[i].mark_planes != 0)
      part.marks = cursor.take(graph::marks_place(part, needs[i].mark_planes) - part.marks, graph::kPage);
    // The structs of a lane are its data; those of a ring are its slots. Blocks of both have the same size.
    const bool ring = header.target == static_cast<std::uint32_t>(abi::TargetCode::kSingleRing);
    const bool in_slots = part.slot_count != 0 && (ring || graph::layout_of(part) == abi::LayoutCode::kVariable);
    if (in_slots) part.slots = cursor.take(std::uint64_t{part.slot_count} * part.slot_stride, graph::kPage);
    if (needs[i].ordinals) part.ordinals = cursor.take(std::uint64_t{part.slot_count} * 8, graph::kPage);
    part.data = cursor.take(part.memory_bytes, graph::kPage);
  }
  header.region_bytes = cursor.page();
}

std::vector<graph::LetterLane> letters_of(const graph::Description& description) {
  return std::visit([](const auto& target) { return graph::letter_lanes(target); }, description);
}

// That the stage of a lane of letters receives.
std::uint64_t longest_record(const graph::Description& description, const graph::RegionLayout& layout,
                             const graph::LetterLane& lane) {
  const std::uint64_t least = lane.kind == "ingress" ? abi::kLetterLineBytes : 0;
  if (const auto* const ring = std::get_if<graph::RingDescription>(&description))
    return std::max(least, std::uint64_t{ring->headroom} + layout.parts.front().record_max + ring->tailroom);
  std::uint64_t longest = least;
  const graph::RoleDescription& role = std::get<graph::LaneGraphDescription>(description).roles[lane.writer];
  for (const std::uint32_t own : role.inlets.empty() ? role.outlets : role.inlets)
    longest = std::max<std::uint64_t>(longest, layout.parts[own].record_max);
  return longest;
}

}  // namespace

graph::RegionLayout plan_layout(const graph::Description& description, const std::vector<abi::PortCode>& ports,
                                const Options& options) {
  graph::RegionLayout layout;
  abi::LayoutHeader& header = layout.header;
  header.magic = abi::kLayoutMagic;
  header.layout_version = abi::kRegionLayoutVersion;
  std::vector<PartNeeds> needs;
  std::uint64_t lists = 0;
  const auto* const ring = std::get_if<graph::RingDescription>(&description);
  if (ring != nullptr) {
    layout.parts.assign(ring->shards, shard_sizes(*ring, options));
    place_ring(*ring, ports, options, layout);
    const std::uint64_t entries = ring->entries.size();
    needs.assign(ring->shards, {entries + 1, entries + 1, ring->mark_count, false, false});
    lists = ring->shards * (entries + 2) * (entries + 8);
    header.text_bytes = text_bytes(*ring);
  } else {
    const auto& graph = std::get<graph::LaneGraphDescription>(description);
    layout.parts = all_lane_sizes(graph, options);
    place_graph(graph, ports, options, layout);
    header.text_bytes = text_bytes(graph);
    for (const graph::RoleDescription& role : graph.roles) {
      header.text_bytes += role.id.size();
      lists += 4 * (role.inlets.size() + role.outlets.size() + abi::kLaneReadersMax + 2);
    }
    for (std::size_t i = 0; i < graph.lanes.size(); ++i) {
      const graph::LaneDescription& lane = graph.lanes[i];
      header.text_bytes += lane.id.size();
      lists += 4 * lane.readers.size() + 8;
      // Wherever slots may keep ordinals they do: more than is asked for, and as good.
      const bool ordinals = layout.parts[i].slot_count != 0 && graph.roles[lane.writer].kind != abi::RoleCode::kIngress;
      needs.push_back({lane.readers.size(), 1, 0, lane.kind == abi::LaneKindCode::kJournal, ordinals});
    }
  }
  const std::vector<graph::LetterLane> letters = letters_of(description);
  for (const graph::LetterLane& lane : letters) {
    layout.parts.push_back(letter_sizes(longest_record(description, layout, lane), options));
    needs.push_back({1, 1, 0, false, false});
    header.text_bytes += lane.id.size() + std::string_view(graph::kLettersAgent).size();
    lists += 8;
  }
  header.target =
      static_cast<std::uint32_t>(ring != nullptr ? abi::TargetCode::kSingleRing : abi::TargetCode::kLaneGraph);
  header.agent_count = static_cast<std::uint32_t>(layout.agent_threads.size());
  header.part_count = static_cast<std::uint32_t>(layout.parts.size());
  header.list_bytes = 8 * lists;
  put_places(layout, ring != nullptr, letters.size(), needs);
  header.total_bytes = static_cast<std::uint32_t>(encode_layout(layout).size());
  return layout;
}

std::vector<std::byte> encode_layout(const graph::RegionLayout& layout) {
  const std::size_t agents = layout.agent_threads.size() * sizeof(std::uint32_t);
  const std::size_t parts_at = core::round_up(sizeof(abi::LayoutHeader) + agents, 8);
  std::vector<std::byte> bytes(parts_at + layout.parts.size() * sizeof(abi::LayoutPart));
  std::memcpy(bytes.data(), &layout.header, sizeof layout.header);
  std::memcpy(bytes.data() + sizeof layout.header, layout.agent_threads.data(), agents);
  std::memcpy(bytes.data() + parts_at, layout.parts.data(), layout.parts.size() * sizeof(abi::LayoutPart));
  return bytes;
}

graph::RegionLayout checked_layout(const graph::Description& description, const std::vector<abi::PortCode>& ports,
                                   const Options& options) {
  std::vector<std::byte> bytes = encode_layout(plan_layout(description, ports, options));
  if (options.bend.has_value() && options.bend->at + sizeof options.bend->value <= bytes.size())
    std::memcpy(bytes.data() + options.bend->at, &options.bend->value, sizeof options.bend->value);
  return graph::decode_layout(bytes, description, ports);
}

std::shared_ptr<run::Pipeline> open_pipeline(std::span<const std::byte> spec, const Options& options) {
  const graph::Description description = graph::decode(spec);
  const graph::CatalogDescription& catalog =
      std::visit([](const auto& target) -> const graph::CatalogDescription& { return target; }, description);
  std::vector<abi::PortCode> ports;
  for (const graph::BoundaryDescription& boundary : catalog.boundaries) {
    const auto asked = std::ranges::find(options.ports, boundary.id, &run::PortOptions::id);
    ports.push_back(asked == options.ports.end() ? abi::PortCode::kJs : asked->port);
  }
  return run::Pipeline::open(spec, encode_layout(plan_layout(description, ports, options)), options);
}

}  // namespace byteor::test

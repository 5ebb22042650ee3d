#include "graph/layout.hpp"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>
#include <variant>

#include "graph/letters.hpp"
#include "graph/spec_reader.hpp"
#include "lane/framed_memory.hpp"

namespace byteor::graph {
namespace {

// Stretches of the region that the layout gives to something. Each must be aligned and lie between two bounds, and in
// the end no two of them may overlap.
class Stretches {
 public:
  void take(std::uint64_t at, std::uint64_t bytes, std::uint64_t align, std::uint64_t from, std::uint64_t until) {
    require(at % align == 0, "a place of the layout is not aligned", at);
    require(at >= from && at <= until && until - at >= bytes, "a place of the layout is outside of its part", at);
    if (bytes != 0) taken_.push_back({at, at + bytes});
  }

  void check_apart() {
    std::ranges::sort(taken_, {}, &Stretch::at);
    for (std::size_t i = 1; i < taken_.size(); ++i)
      require(taken_[i - 1].end <= taken_[i].at, "two places of the layout overlap", taken_[i].at);
  }

 private:
  struct Stretch {
    std::uint64_t at;
    std::uint64_t end;
  };
  std::vector<Stretch> taken_;
};

// What a part holds beside its sizes.
struct PartNeeds {
  std::uint64_t consumers;
  std::uint64_t stamp_tables;
  std::uint64_t histograms;
  std::uint64_t mark_planes;
  bool journal;
};

void take_part(Stretches& stretches, const abi::LayoutHeader& header, const abi::LayoutPart& part,
               const PartNeeds& needs) {
  const auto table = [&](std::uint64_t at, std::uint64_t bytes) {
    stretches.take(at, bytes, core::kCacheBlock, sizeof(abi::RegionHeader), header.observable_bytes);
  };
  const auto records = [&](std::uint64_t at, std::uint64_t bytes) {
    stretches.take(at, bytes, kPage, header.observable_bytes, header.region_bytes);
  };
  table(part.producer, sizeof(abi::ProducerBlock));
  table(part.consumers, needs.consumers * sizeof(abi::ConsumerBlock));
  table(part.histograms, needs.histograms * kHistogramBytes);
  table(part.stamps, stamps_place(part, needs.stamp_tables) - part.stamps);
  require((part.journal != 0) == needs.journal && (part.files != 0) == needs.journal,
          "a journal has no place of its own, or another lane has one", part.journal);
  if (needs.journal) {
    table(part.journal, sizeof(abi::JournalBlock));
    table(part.files, sizeof(abi::ConsumerBlock));
  }
  if (needs.mark_planes != 0) records(part.marks, marks_place(part, needs.mark_planes) - part.marks);
  if (part.slots != 0) records(part.slots, std::uint64_t{part.slot_count} * part.slot_stride);
  if (part.ordinals != 0) records(part.ordinals, std::uint64_t{part.slot_count} * sizeof(std::uint64_t));
  if (part.data != 0 || part.memory_bytes != 0) records(part.data, part.memory_bytes);
}

void check_slots(const abi::LayoutPart& part) {
  require(part.capacity >= 1 && part.capacity <= abi::kSlotsMax, "a capacity is out of its range", part.capacity);
  require(std::has_single_bit(part.slot_count) && part.slot_count >= part.capacity && part.slot_count <= abi::kSlotsMax,
          "a number of slots does not fit its capacity", part.slot_count);
}

// Slots that point into an arena, which holds at least two of the largest records, each with what ops put around it.
void check_arena(const abi::LayoutPart& part, std::uint64_t around) {
  require(part.slot_stride == sizeof(abi::Slot) && part.word_bytes == 0 && part.slots != 0,
          "slots of records in an arena have another size", part.slot_stride);
  require(part.record_max >= 1 && part.record_max <= abi::kRecordBytesMax, "a record maximum is out of its range",
          part.record_max);
  require(std::has_single_bit(part.memory_bytes) && part.memory_bytes <= abi::kArenaBytesMax &&
              part.memory_bytes >= 2 * core::round_up(part.record_max + around, abi::kFrameAlign),
          "an arena does not fit its records", part.memory_bytes);
}

void check_shard(const RingDescription& ring, const abi::LayoutPart& part) {
  require(layout_of(part) == ring.layout, "a shard's layout is not its plan's", part.layout);
  require(std::has_single_bit(part.stamp_count), "a number of stamps is no power of two", part.stamp_count);
  require(part.ordinals == 0, "a shard keeps no ordinals", part.ordinals);
  check_slots(part);
  if (ring.layout == abi::LayoutCode::kFixed) {
    require(part.record_max == ring.record_bytes && part.memory_bytes == 0, "a struct has another size",
            part.record_max);
    require(part.word_bytes == 0 || part.word_bytes == abi::kWordBytes, "a sequence word has another size",
            part.word_bytes);
    require(part.slot_stride % abi::kFrameAlign == 0 &&
                part.slot_stride >= std::uint64_t{part.word_bytes} + ring.record_bytes && part.slots != 0,
            "a slot does not hold its struct", part.slot_stride);
    return;
  }
  check_arena(part, std::uint64_t{ring.headroom} + ring.tailroom);
  require(part.record_max >= ring.boundaries[ring.ingress].record_bytes, "the ingress's struct is longer than a record",
          part.record_max);
}

void check_lane(const LaneDescription& lane, const abi::LayoutPart& part) {
  const bool slots = lane.kind == abi::LaneKindCode::kSequencedSlots;
  require(std::has_single_bit(part.stamp_count), "a number of stamps is no power of two", part.stamp_count);
  require(part.word_bytes == 0, "a lane has no sequence words", part.word_bytes);
  require(!slots || part.capacity == lane.capacity_records, "a lane holds another number of records than its plan says",
          part.capacity);
  switch (layout_of(part)) {
    case abi::LayoutCode::kFramed:
      require(!slots, "slots are laid out as frames", part.layout);
      require(lane.capacity_bytes == 0 || part.capacity == lane.capacity_bytes,
              "a lane holds another number of bytes than its plan says", part.capacity);
      require(std::has_single_bit(part.memory_bytes) && part.memory_bytes >= part.capacity &&
                  part.memory_bytes <= abi::kArenaBytesMax,
              "frames have less memory than their capacity", part.memory_bytes);
      require(part.record_max <= lane::framed_record_max(part.capacity) && part.slot_count == 0 && part.slots == 0 &&
                  part.ordinals == 0,
              "a record maximum does not fit frames", part.record_max);
      return;
    case abi::LayoutCode::kFixed:
      require(lane.record_bytes != 0 && lane.kind != abi::LaneKindCode::kJournal, "a lane's records are not structs",
              lane.record_bytes);
      check_slots(part);
      require(
          part.record_max == lane.record_bytes && part.slots == 0 &&
              part.memory_bytes == part.slot_count * core::round_up(std::uint64_t{lane.record_bytes}, abi::kFrameAlign),
          "the memory of structs does not fit them", part.memory_bytes);
      return;
    case abi::LayoutCode::kVariable:
      require(slots, "a lane that is not of slots has some", part.layout);
      check_slots(part);
      check_arena(part, 0);
      return;
  }
  refuse("an unknown layout", part.layout);
}

// A lane of letters takes at least one with the longest message, and a record behind it.
void check_letters(const abi::LayoutPart& part) {
  require(std::has_single_bit(part.stamp_count), "a number of stamps is no power of two", part.stamp_count);
  require(layout_of(part) == abi::LayoutCode::kFramed && part.word_bytes == 0 && part.slot_count == 0 &&
              part.slots == 0 && part.ordinals == 0,
          "a lane of letters is not of frames", part.layout);
  require(std::has_single_bit(part.memory_bytes) && part.memory_bytes >= part.capacity &&
              part.memory_bytes <= abi::kArenaBytesMax,
          "frames have less memory than their capacity", part.memory_bytes);
  require(part.record_max <= lane::framed_record_max(part.capacity) &&
              part.record_max > sizeof(abi::LetterHeader) + abi::kCauseBytesMax,
          "a record maximum does not fit letters", part.record_max);
}

// The parts behind those of the shards or lanes.
void take_letters(const RegionLayout& layout, std::size_t letters, Stretches& stretches) {
  for (std::size_t i = layout.parts.size() - letters; i < layout.parts.size(); ++i) {
    check_letters(layout.parts[i]);
    take_part(stretches, layout.header, layout.parts[i], {1, 1, 1, 0, false});
  }
}

// What runs the agent of an end: a native thread, or a handle of JavaScript.
void check_end(const RegionLayout& layout, std::uint32_t agent, abi::PortCode port) {
  const std::uint32_t thread = layout.agent_threads[agent];
  const bool right = port == abi::PortCode::kJs ? thread == abi::kNone : thread < layout.native_threads();
  require(right, "an end is on the wrong thread", thread);
}

void check_native(const RegionLayout& layout, std::uint32_t agent) {
  const std::uint32_t thread = layout.agent_threads[agent];
  require(thread < layout.native_threads(), "an agent is on the wrong thread", thread);
}

constexpr auto is_hosted = [](const StageDescription& stage) { return stage.is_hosted(); };

// Each hosted stage has what runs it to itself, in the order of the catalog.
void check_stage(const RegionLayout& layout, std::uint32_t agent, const CatalogDescription& catalog,
                 std::uint32_t stage) {
  if (!catalog.stages[stage].is_hosted()) return check_native(layout, agent);
  const auto before = catalog.stages.begin() + stage;
  const auto rank = static_cast<std::uint32_t>(std::count_if(catalog.stages.begin(), before, is_hosted));
  require(layout.agent_threads[agent] == layout.native_threads() + rank, "a hosted stage is on the wrong thread",
          layout.agent_threads[agent]);
}

// Writing and syncing files waits for the device: the last native threads do nothing else.
// `roles`: agents that write none, which come first.
void check_files(const RegionLayout& layout, std::size_t roles) {
  const std::size_t files = layout.agent_threads.size() - roles;
  for (std::size_t agent = 0; agent < layout.agent_threads.size(); ++agent) {
    const std::uint32_t thread = layout.agent_threads[agent];
    if (agent >= roles)
      require(thread + files == layout.native_threads() + (agent - roles), "what writes files has no own thread",
              thread);
    else if (thread < layout.native_threads())
      require(thread + files < layout.native_threads(), "a role is on the thread of what writes files", thread);
  }
}

void check_ring(const RegionLayout& layout, const RingDescription& ring, const std::vector<abi::PortCode>& ports,
                Stretches& stretches) {
  const std::uint64_t entries = ring.entries.size();
  const std::uint32_t per_shard = agents_per_shard(ring);
  const std::size_t letters = letter_lanes(ring).size();
  const std::size_t agents = std::size_t{ring.shards} * per_shard;
  require(layout.parts.size() == ring.shards + letters, "another number of shards than the plan's",
          layout.parts.size());
  require(layout.agent_threads.size() == agents + (letters == 0 ? 0 : 1), "another number of agents than the plan's",
          layout.agent_threads.size());
  check_files(layout, agents);
  take_letters(layout, letters, stretches);
  for (std::uint32_t shard = 0; shard < ring.shards; ++shard) {
    const abi::LayoutPart& part = layout.parts[shard];
    check_shard(ring, part);
    // One class of end works on all shards, and routes by their number alone.
    require(part.capacity == layout.parts[0].capacity && part.slot_stride == layout.parts[0].slot_stride &&
                part.record_max == layout.parts[0].record_max && part.word_bytes == layout.parts[0].word_bytes,
            "shards have different sizes", shard);
    take_part(stretches, layout.header, part, {entries + 1, entries + 1, entries + 1, ring.mark_count, false});
    const std::uint32_t base = shard * per_shard;
    check_end(layout, base, ports[ring.ingress]);
    for (std::uint32_t entry = 0; entry < entries; ++entry)
      check_stage(layout, base + 1 + entry, ring, ring.entries[entry].stage);
    check_end(layout, base + per_shard - 1, ports[ring.egress]);
    for (const std::uint32_t end : {0u, per_shard - 1})
      require(layout.agent_threads[base + end] == layout.agent_threads[end], "an end is on several threads", shard);
  }
}

void check_graph(const RegionLayout& layout, const LaneGraphDescription& graph, const std::vector<abi::PortCode>& ports,
                 Stretches& stretches) {
  const std::size_t letters = letter_lanes(graph).size();
  require(layout.parts.size() == graph.lanes.size() + letters, "another number of lanes than the plan's",
          layout.parts.size());
  require(layout.agent_threads.size() == agent_count(graph), "another number of agents than the plan's",
          layout.agent_threads.size());
  for (std::size_t i = 0; i < graph.lanes.size(); ++i) {
    const LaneDescription& lane = graph.lanes[i];
    check_lane(lane, layout.parts[i]);
    take_part(stretches, layout.header, layout.parts[i],
              {lane.readers.size(), 1, lane.readers.size(), 0, lane.kind == abi::LaneKindCode::kJournal});
  }
  for (std::uint32_t i = 0; i < graph.roles.size(); ++i) {
    const RoleDescription& role = graph.roles[i];
    if (role.kind == abi::RoleCode::kIngress || role.kind == abi::RoleCode::kEgress)
      check_end(layout, i, ports[role.index]);
    else if (role.kind == abi::RoleCode::kStage)
      check_stage(layout, i, graph, role.index);
    else
      check_native(layout, i);
  }
  check_files(layout, graph.roles.size());
  take_letters(layout, letters, stretches);
}

// `parts`: shards or lanes, without those of letters, whose blocks come behind them.
void check_tables(const abi::LayoutHeader& header, std::uint64_t parts, std::uint64_t block_bytes,
                  Stretches& stretches) {
  require(header.observable_bytes % kPage == 0 && header.region_bytes % kPage == 0 &&
              header.observable_bytes <= header.region_bytes,
          "a region's size is no whole number of pages", header.region_bytes);
  const auto table = [&](std::uint64_t at, std::uint64_t bytes) {
    stretches.take(at, bytes, core::kCacheBlock, 0, header.observable_bytes);
  };
  table(0, sizeof(abi::RegionHeader));
  table(header.agents, std::uint64_t{header.agent_count} * sizeof(abi::AgentEntry));
  table(header.threads, std::uint64_t{header.thread_count} * sizeof(abi::ThreadBlock));
  table(header.blocks, parts * block_bytes);
  table(header.letters, (header.part_count - parts) * sizeof(abi::LaneBlock));
  table(header.lists, header.list_bytes);
  table(header.texts, header.text_bytes);
}

RegionLayout read_layout(std::span<const std::byte> bytes, abi::TargetCode target) {
  const SpecReader reader(bytes);
  RegionLayout layout;
  layout.header = reader.at<abi::LayoutHeader>(0);
  const abi::LayoutHeader& header = layout.header;
  require(header.magic == abi::kLayoutMagic, "the buffer is no layout", header.magic);
  require(header.layout_version == abi::kRegionLayoutVersion, "the layout is of another version",
          header.layout_version);
  require(header.total_bytes == bytes.size(), "the layout has another size than it says", bytes.size());
  require(header.target == static_cast<std::uint32_t>(target), "the layout is for the other target", header.target);
  require(header.hosted_count <= header.thread_count, "more hosted stages than threads", header.hosted_count);
  const std::uint64_t agents_end =
      sizeof(abi::LayoutHeader) + std::uint64_t{header.agent_count} * sizeof(std::uint32_t);
  const std::uint64_t parts_at = core::round_up(agents_end, 8);
  require(parts_at + std::uint64_t{header.part_count} * sizeof(abi::LayoutPart) == bytes.size(),
          "the layout's tables have another size than it says", bytes.size());
  for (std::uint64_t at = sizeof(abi::LayoutHeader); at != agents_end; at += sizeof(std::uint32_t))
    layout.agent_threads.push_back(reader.at<std::uint32_t>(at));
  for (std::uint32_t i = 0; i < header.part_count; ++i)
    layout.parts.push_back(reader.at<abi::LayoutPart>(parts_at + std::uint64_t{i} * sizeof(abi::LayoutPart)));
  return layout;
}

}  // namespace

std::uint32_t agent_count(const LaneGraphDescription& graph) {
  const auto journals = std::ranges::count_if(
      graph.lanes, [](const LaneDescription& lane) { return lane.kind == abi::LaneKindCode::kJournal; });
  const std::size_t letters = letter_lanes(graph).empty() ? 0 : 1;
  return static_cast<std::uint32_t>(graph.roles.size() + static_cast<std::size_t>(journals) + letters);
}

RegionLayout decode_layout(std::span<const std::byte> bytes, const Description& description,
                           const std::vector<abi::PortCode>& ports) {
  const auto* const ring = std::get_if<RingDescription>(&description);
  RegionLayout layout =
      read_layout(bytes, ring != nullptr ? abi::TargetCode::kSingleRing : abi::TargetCode::kLaneGraph);
  const std::uint64_t agents = layout.agent_threads.size();
  require(layout.header.thread_count >= 1 && layout.header.thread_count <= agents, "too few or too many threads",
          layout.header.thread_count);
  const auto hosted = std::visit(
      [](const CatalogDescription& catalog) {
        return std::count_if(catalog.stages.begin(), catalog.stages.end(), is_hosted);
      },
      description);
  require(layout.header.hosted_count == static_cast<std::uint64_t>(hosted),
          "another number of hosted stages than the plan's", layout.header.hosted_count);
  Stretches stretches;
  const std::uint64_t parts = ring != nullptr ? ring->shards : std::get<LaneGraphDescription>(description).lanes.size();
  require(layout.header.part_count >= parts, "fewer parts than the plan's", layout.header.part_count);
  check_tables(layout.header, parts, ring != nullptr ? sizeof(abi::RingBlock) : sizeof(abi::LaneBlock), stretches);
  require(ring != nullptr || layout.header.part_count == parts ||
              layout.header.letters == layout.header.blocks + parts * sizeof(abi::LaneBlock),
          "lanes of letters do not stand behind the others", layout.header.letters);
  if (ring != nullptr)
    check_ring(layout, *ring, ports, stretches);
  else
    check_graph(layout, std::get<LaneGraphDescription>(description), ports, stretches);
  stretches.check_apart();
  return layout;
}

}  // namespace byteor::graph

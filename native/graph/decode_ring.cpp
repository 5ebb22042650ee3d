// Reads a lowered SingleRing plan. What lowering derived (masks, rooms, layout) is derived again and must agree.
#include <algorithm>
#include <utility>

#include "graph/description.hpp"
#include "graph/spec_reader.hpp"

namespace byteor::graph {
namespace {

constexpr std::uint32_t kEntriesMax = abi::kRingStagesMax;  // bits of a mask
constexpr std::uint32_t kRoomBytesMax = 1u << 26;           // what all writing ops together may add to a record

constexpr abi::SectionKind kRingSections[] = {abi::SectionKind::kText,        abi::SectionKind::kBoundaries,
                                              abi::SectionKind::kStages,      abi::SectionKind::kRing,
                                              abi::SectionKind::kRingEntries, abi::SectionKind::kDependencies,
                                              abi::SectionKind::kKeys,        abi::SectionKind::kConfigs};

void read_entries(const SpecReader& reader, RingDescription& out) {
  const std::uint32_t count = reader.count(abi::SectionKind::kRingEntries);
  require(count == out.stages.size(), "the ring does not have every stage once", count);
  const std::uint32_t dependency_count = reader.count(abi::SectionKind::kDependencies);
  std::uint64_t used = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto row = reader.row<abi::SpecRingEntry>(abi::SectionKind::kRingEntries, i);
    require(row.stage < out.stages.size(), "an entry's stage does not exist", row.stage);
    require((used >> row.stage & 1) == 0, "a stage appears twice in the ring", row.stage);
    used |= std::uint64_t{1} << row.stage;
    require(row.dependency_count <= i, "an entry depends on more entries than precede it", row.dependency_count);
    require(row.dependency_start <= dependency_count && dependency_count - row.dependency_start >= row.dependency_count,
            "an entry's dependencies reach past their table", row.dependency_start);
    EntryDescription entry{row.stage,
                           {},
                           read_index(row.mark, kEntriesMax, "a mark plane does not exist"),
                           row.ancestor_mask,
                           row.filter_mask};
    for (std::uint32_t d = 0; d < row.dependency_count; ++d) {
      const auto on = reader.row<std::uint32_t>(abi::SectionKind::kDependencies, row.dependency_start + d);
      require(on < i, "an entry depends on itself or on a later one", on);
      require(std::find(entry.dependencies.begin(), entry.dependencies.end(), on) == entry.dependencies.end(),
              "an entry depends on another one twice", on);
      entry.dependencies.push_back(on);
    }
    out.entries.push_back(std::move(entry));
  }
}

// The marking entries of `candidates` that no other marking entry of it comes after.
std::uint64_t nearest_marking(const RingDescription& ring, std::uint64_t candidates) {
  std::uint64_t marking = 0;
  std::uint64_t covered = 0;
  for (std::uint32_t i = 0; i < ring.entries.size(); ++i) {
    if ((candidates >> i & 1) == 0 || !ring.stage_of(i).marks_records()) continue;
    marking |= std::uint64_t{1} << i;
    covered |= ring.entries[i].ancestors;
  }
  return marking & ~covered;
}

void check_masks(const RingDescription& ring) {
  std::uint64_t depended_on = 0;
  std::uint64_t all = 0;
  std::uint32_t marks = 0;
  for (std::uint32_t i = 0; i < ring.entries.size(); ++i) {
    const EntryDescription& entry = ring.entries[i];
    std::uint64_t ancestors = 0;
    for (const std::uint32_t on : entry.dependencies) {
      ancestors |= ring.entries[on].ancestors | std::uint64_t{1} << on;
      depended_on |= std::uint64_t{1} << on;
    }
    require(entry.ancestors == ancestors, "an entry's ancestors are wrong", entry.ancestors);
    require(entry.filters == nearest_marking(ring, ancestors), "an entry reads the wrong marks", entry.filters);
    const bool marking = ring.stage_of(i).marks_records();
    require(marking ? entry.mark == marks : !entry.mark.has_value(), "an entry's mark plane is wrong", i);
    marks += marking ? 1 : 0;
    all |= std::uint64_t{1} << i;
  }
  require(ring.mark_count == marks, "the number of mark planes is wrong", ring.mark_count);
  require(ring.terminals == (all & ~depended_on), "the terminal stages are wrong", ring.terminals);
  require(ring.egress_filters == nearest_marking(ring, all), "the egress reads the wrong marks", ring.egress_filters);
}

// Two stages of which at least one writes, and neither of which comes after the other, would race on the record.
void check_races(const RingDescription& ring) {
  for (std::uint32_t later = 0; later < ring.entries.size(); ++later) {
    for (std::uint32_t earlier = 0; earlier < later; ++earlier) {
      if ((ring.entries[later].ancestors >> earlier & 1) != 0) continue;
      if (ring.stage_of(later).has(abi::StageFlag::kWrites) || ring.stage_of(earlier).has(abi::StageFlag::kWrites))
        refuse("stages " + ring.stage_of(earlier).id + " and " + ring.stage_of(later).id + " race on the slot");
    }
  }
}

// A slot holds one record.
void check_emits(const RingDescription& ring) {
  for (const StageDescription& stage : ring.stages)
    if (stage.has(abi::StageFlag::kEmits)) refuse("stage " + stage.id + " emits other records than it reads");
}

// An op that works on structs finds the ingress's: none of the stages before it changes them.
void check_structs_of_stages(const RingDescription& ring) {
  std::uint64_t changing = 0;
  for (std::uint32_t i = 0; i < ring.entries.size(); ++i) {
    const bool structs = (ring.entries[i].ancestors & changing) == 0;
    check_structs(ring.stage_of(i), structs ? ring.boundaries[ring.ingress].record_bytes : 0);
    if (!ring.stage_of(i).keeps_records()) changing |= std::uint64_t{1} << i;
  }
}

void check_room(const RingDescription& ring) {
  std::uint64_t headroom = 0;
  std::uint64_t tailroom = 0;
  bool keeps = true;
  for (const StageDescription& stage : ring.stages) {
    headroom += stage.headroom;
    tailroom += stage.tailroom;
    keeps = keeps && stage.keeps_records();
  }
  require(headroom == ring.headroom && headroom <= kRoomBytesMax, "the headroom is wrong", ring.headroom);
  require(tailroom == ring.tailroom && tailroom <= kRoomBytesMax, "the tailroom is wrong", ring.tailroom);
  const BoundaryDescription& ingress = ring.boundaries[ring.ingress];
  const bool fixed = ingress.codec == abi::CodecCode::kStruct && keeps;
  require((ring.layout == abi::LayoutCode::kFixed) == fixed, "the layout does not fit the plan",
          static_cast<std::uint64_t>(ring.layout));
  require(ring.record_bytes == (fixed ? ingress.record_bytes : 0), "the record size is wrong", ring.record_bytes);
}

void read_ring(const SpecReader& reader, RingDescription& out) {
  require(reader.count(abi::SectionKind::kRing) == 1, "there is not exactly one ring",
          reader.count(abi::SectionKind::kRing));
  const auto row = reader.row<abi::SpecRing>(abi::SectionKind::kRing, 0);
  require(row.shards >= 1 && row.shards <= abi::kRingShardsMax, "a ring has 1 to 64 shards", row.shards);
  out.shards = row.shards;
  out.ordering = read_enum(row.ordering, abi::OrderingCode::kStrict, abi::OrderingCode::kPerKey, "unknown ordering");
  out.layout = read_enum(row.layout, abi::LayoutCode::kVariable, abi::LayoutCode::kFixed, "unknown layout");
  out.record_bytes = row.record_bytes;
  out.headroom = row.headroom;
  out.tailroom = row.tailroom;
  require(row.ingress < out.boundaries.size(), "the ingress does not exist", row.ingress);
  require(row.egress < out.boundaries.size(), "the egress does not exist", row.egress);
  out.ingress = row.ingress;
  out.egress = row.egress;
  require(out.boundaries.size() == 2 && out.boundaries[out.ingress].kind == abi::BoundaryCode::kIngress &&
              out.boundaries[out.egress].kind == abi::BoundaryCode::kEgress,
          "a ring has exactly one ingress and one egress", out.boundaries.size());
  out.shard_key = read_index(row.shard_key, out.keys.size(), "the shard key does not exist");
  require(out.shards == 1 || out.shard_key.has_value(), "several shards need a shard key", out.shards);
  require(out.shards == 1 || out.ordering == abi::OrderingCode::kPerKey, "Strict ordering has one shard", out.shards);
  out.mark_count = row.mark_count;
  out.terminals = row.terminal_mask;
  out.egress_filters = row.egress_filter_mask;
}

}  // namespace

RingDescription decode_ring(std::span<const std::byte> spec) {
  SpecReader reader(spec);
  const abi::SpecHeader header = reader.open_header(abi::TargetCode::kSingleRing);
  reader.open_sections(header, kRingSections);
  RingDescription ring;
  read_catalogs(reader, header, kEntriesMax, kEntriesMax + 1, ring);
  read_ring(reader, ring);
  read_entries(reader, ring);
  check_masks(ring);
  check_races(ring);
  check_emits(ring);
  check_structs_of_stages(ring);
  check_room(ring);
  return ring;
}

}  // namespace byteor::graph

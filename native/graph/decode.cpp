// Reads the lowered plan. A hostile buffer is an expected input: nothing is read before its bounds have been checked,
// and what lowering derived (masks, rooms, layout) is derived again and must agree.
#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <type_traits>

#include "graph/description.hpp"

namespace byteor::graph {
namespace {

constexpr std::uint32_t kEntriesMax = 64;            // bits of a mask
constexpr std::uint32_t kShardsMax = 64;             // contract section 2.1
constexpr std::uint32_t kBoundariesMax = 1024;       // far above any plan; bounds the work on a hostile buffer
constexpr std::uint32_t kIdBytesMax = 64;            // contract section 2
constexpr std::uint32_t kTextBytesMax = 1u << 20;    // one op text; lib/plan/limits.ts is stricter
constexpr std::uint32_t kRoomBytesMax = 1u << 26;    // what all writing ops together may add to a record
constexpr std::uint32_t kRecordBytesMax = 1u << 20;  // a struct record

[[noreturn]] void refuse(const std::string& what) {
  throw DecodeError("the lowered plan is damaged or from another release: " + what +
                    "; compile the plan again with this release of byteor");
}

[[noreturn]] void refuse(const std::string& what, std::uint64_t received) {
  refuse(what + " (received " + std::to_string(received) + ")");
}

void require(bool holds, const char* what, std::uint64_t received) {
  if (!holds) refuse(what, received);
}

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <class T>
  T at(std::uint64_t offset) const {
    static_assert(std::is_trivially_copyable_v<T>);
    require(offset <= bytes_.size() && bytes_.size() - offset >= sizeof(T), "a table reaches past the end", offset);
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }

  void open_sections(const abi::SpecHeader& header) {
    require(header.section_count <= 16, "too many sections", header.section_count);
    for (std::uint32_t i = 0; i < header.section_count; ++i) {
      const auto section = at<abi::SpecSection>(sizeof(abi::SpecHeader) + i * sizeof(abi::SpecSection));
      require(section.kind >= 1 && section.kind <= kKinds, "unknown section kind", section.kind);
      require(!present_[section.kind], "a section appears twice", section.kind);
      require(section.offset % 8 == 0, "a section is not 8-byte aligned", section.offset);
      const std::uint64_t bytes = std::uint64_t{section.count} * section.stride;
      require(section.offset <= bytes_.size() && bytes_.size() - section.offset >= bytes,
              "a section reaches past the end", section.offset + bytes);
      sections_[section.kind] = section;
      present_[section.kind] = true;
    }
    for (std::uint32_t kind = 1; kind <= kKinds; ++kind) require(present_[kind], "a section is missing", kind);
  }

  std::uint32_t count(abi::SectionKind kind) const { return section(kind).count; }

  template <class T>
  T row(abi::SectionKind kind, std::uint32_t index) const {
    const abi::SpecSection& s = section(kind);
    require(s.stride == sizeof(T), "a table has rows of another size", s.stride);
    require(index < s.count, "an index points past its table", index);
    return at<T>(s.offset + std::uint64_t{index} * sizeof(T));
  }

  std::string text(std::uint32_t offset, std::uint32_t length, std::uint32_t most) const {
    const abi::SpecSection& s = section(abi::SectionKind::kText);
    require(s.stride == 1, "the text section has rows of another size", s.stride);
    require(length <= most, "a text is longer than its limit", length);
    require(offset <= s.count && s.count - offset >= length, "a text reaches past the text section", offset);
    return {reinterpret_cast<const char*>(bytes_.data()) + s.offset + offset, length};
  }

 private:
  static constexpr std::uint32_t kKinds = static_cast<std::uint32_t>(abi::SectionKind::kKeys);

  const abi::SpecSection& section(abi::SectionKind kind) const { return sections_[static_cast<std::uint32_t>(kind)]; }

  std::span<const std::byte> bytes_;
  abi::SpecSection sections_[kKinds + 1]{};
  bool present_[kKinds + 1]{};
};

std::string read_id(const Reader& reader, std::uint32_t offset, std::uint32_t length) {
  std::string id = reader.text(offset, length, kIdBytesMax);
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto rest = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  if (id.empty() || !letter(id[0]) || !std::all_of(id.begin(), id.end(), rest)) refuse("an id is not an id", length);
  return id;
}

template <class Enum>
Enum read_enum(std::uint32_t value, Enum least, Enum most, const char* what) {
  require(value >= static_cast<std::uint32_t>(least) && value <= static_cast<std::uint32_t>(most), what, value);
  return static_cast<Enum>(value);
}

std::optional<std::uint32_t> read_index(std::uint32_t value, std::size_t count, const char* what) {
  if (value == abi::kNone) return std::nullopt;
  require(value < count, what, value);
  return value;
}

void read_boundaries(const Reader& reader, RingDescription& out) {
  const std::uint32_t count = reader.count(abi::SectionKind::kBoundaries);
  require(count <= kBoundariesMax, "too many boundaries", count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto row = reader.row<abi::SpecBoundary>(abi::SectionKind::kBoundaries, i);
    BoundaryDescription boundary{
        read_id(reader, row.id_offset, row.id_length),
        read_enum(row.kind, abi::BoundaryCode::kIngress, abi::BoundaryCode::kEgress, "unknown boundary kind"),
        read_enum(row.codec, abi::CodecCode::kBytes, abi::CodecCode::kStruct, "unknown codec"), row.record_bytes,
        row.layout_hash};
    const bool is_struct = boundary.codec == abi::CodecCode::kStruct;
    require(
        is_struct ? boundary.record_bytes >= 1 && boundary.record_bytes <= kRecordBytesMax : boundary.record_bytes == 0,
        "a boundary's record size does not fit its codec", boundary.record_bytes);
    out.boundaries.push_back(std::move(boundary));
  }
}

void read_keys(const Reader& reader, RingDescription& out) {
  const std::uint32_t count = reader.count(abi::SectionKind::kKeys);
  require(count <= kEntriesMax + 1, "too many keys", count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto row = reader.row<abi::SpecKey>(abi::SectionKind::kKeys, i);
    KeyDescription key{read_enum(row.kind, abi::KeyCode::kBytes, abi::KeyCode::kField, "unknown key kind"), row.offset,
                       row.length, row.index, reader.text(row.text_offset, row.text_length, kTextBytesMax)};
    require(std::uint64_t{key.offset} + key.length <= std::numeric_limits<std::uint32_t>::max(),
            "a key reaches past the largest record", key.offset);
    require(key.kind != abi::KeyCode::kToken || !key.text.empty(), "a token key has no separator", i);
    out.keys.push_back(std::move(key));
  }
}

bool known_op(std::uint32_t op) {
  return (op >= static_cast<std::uint32_t>(abi::OpCode::kIdentity) &&
          op <= static_cast<std::uint32_t>(abi::OpCode::kReject)) ||
         op == static_cast<std::uint32_t>(abi::OpCode::kJs) || op == static_cast<std::uint32_t>(abi::OpCode::kNative);
}

// What an op of this code does, whatever the buffer says.
std::uint32_t flags_of(abi::OpCode op) {
  using abi::StageFlag;
  const auto bit = [](StageFlag flag) { return static_cast<std::uint32_t>(flag); };
  switch (op) {
    case abi::OpCode::kFilter:
      return bit(StageFlag::kFilters);
    case abi::OpCode::kReject:
      return bit(StageFlag::kFails);
    case abi::OpCode::kPrepend:
    case abi::OpCode::kAppend:
      return bit(StageFlag::kWrites);
    case abi::OpCode::kCount:
    case abi::OpCode::kChecksum:
      return bit(StageFlag::kSink);
    case abi::OpCode::kIdentity:
      return 0;
    default:
      return bit(StageFlag::kWrites) | bit(StageFlag::kFilters) | bit(StageFlag::kFails) | bit(StageFlag::kSink);
  }
}

void read_stages(const Reader& reader, RingDescription& out) {
  const std::uint32_t count = reader.count(abi::SectionKind::kStages);
  require(count >= 1 && count <= kEntriesMax, "a ring has 1 to 64 stages", count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto row = reader.row<abi::SpecStage>(abi::SectionKind::kStages, i);
    require(known_op(row.op), "unknown op", row.op);
    require(row.invert <= 1, "invert is neither 0 nor 1", row.invert);
    StageDescription stage{read_id(reader, row.id_offset, row.id_length),
                           static_cast<abi::OpCode>(row.op),
                           row.flags,
                           row.headroom,
                           row.tailroom,
                           reader.text(row.text_offset, row.text_length, kTextBytesMax),
                           read_enum(row.match, abi::MatchCode::kNone, abi::MatchCode::kEquals, "unknown match"),
                           row.invert == 1,
                           read_index(row.key, out.keys.size(), "a stage's key does not exist")};
    require(stage.flags == flags_of(stage.op), "a stage's flags are not those of its op", stage.flags);
    const bool matches = stage.op == abi::OpCode::kFilter || stage.op == abi::OpCode::kReject;
    require(matches == (stage.match != abi::MatchCode::kNone), "a stage's match does not fit its op", row.match);
    const std::uint64_t text = stage.text.size();
    require(stage.headroom == (stage.op == abi::OpCode::kPrepend ? text : 0), "a stage's headroom is wrong",
            row.headroom);
    require(stage.tailroom == (stage.op == abi::OpCode::kAppend ? text : 0), "a stage's tailroom is wrong",
            row.tailroom);
    out.stages.push_back(std::move(stage));
  }
}

void read_entries(const Reader& reader, RingDescription& out) {
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

// The filtering entries of `candidates` that no other filtering entry of it comes after.
std::uint64_t nearest_filters(const RingDescription& ring, std::uint64_t candidates) {
  std::uint64_t filters = 0;
  std::uint64_t covered = 0;
  for (std::uint32_t i = 0; i < ring.entries.size(); ++i) {
    if ((candidates >> i & 1) == 0 || !ring.stage_of(i).has(abi::StageFlag::kFilters)) continue;
    filters |= std::uint64_t{1} << i;
    covered |= ring.entries[i].ancestors;
  }
  return filters & ~covered;
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
    require(entry.filters == nearest_filters(ring, ancestors), "an entry reads the wrong marks", entry.filters);
    const bool filters = ring.stage_of(i).has(abi::StageFlag::kFilters);
    require(filters ? entry.mark == marks : !entry.mark.has_value(), "an entry's mark plane is wrong", i);
    marks += filters ? 1 : 0;
    all |= std::uint64_t{1} << i;
  }
  require(ring.mark_count == marks, "the number of mark planes is wrong", ring.mark_count);
  require(ring.terminals == (all & ~depended_on), "the terminal stages are wrong", ring.terminals);
  require(ring.egress_filters == nearest_filters(ring, all), "the egress reads the wrong marks", ring.egress_filters);
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

void check_room(const RingDescription& ring) {
  std::uint64_t headroom = 0;
  std::uint64_t tailroom = 0;
  bool writes = false;
  for (const StageDescription& stage : ring.stages) {
    headroom += stage.headroom;
    tailroom += stage.tailroom;
    writes = writes || stage.has(abi::StageFlag::kWrites);
  }
  require(headroom == ring.headroom && headroom <= kRoomBytesMax, "the headroom is wrong", ring.headroom);
  require(tailroom == ring.tailroom && tailroom <= kRoomBytesMax, "the tailroom is wrong", ring.tailroom);
  const BoundaryDescription& ingress = ring.boundaries[ring.ingress];
  const bool fixed = ingress.codec == abi::CodecCode::kStruct && !writes;
  require((ring.layout == abi::LayoutCode::kFixed) == fixed, "the layout does not fit the plan",
          static_cast<std::uint64_t>(ring.layout));
  require(ring.record_bytes == (fixed ? ingress.record_bytes : 0), "the record size is wrong", ring.record_bytes);
}

void read_ring(const Reader& reader, RingDescription& out) {
  require(reader.count(abi::SectionKind::kRing) == 1, "there is not exactly one ring",
          reader.count(abi::SectionKind::kRing));
  const auto row = reader.row<abi::SpecRing>(abi::SectionKind::kRing, 0);
  require(row.shards >= 1 && row.shards <= kShardsMax, "a ring has 1 to 64 shards", row.shards);
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
  Reader reader(spec);
  const auto header = reader.at<abi::SpecHeader>(0);
  require(header.magic == abi::kSpecMagic, "wrong magic number", header.magic);
  require(header.layout_version == abi::kSpecLayoutVersion, "unknown layout version", header.layout_version);
  require(header.total_bytes == spec.size(), "the buffer has another size than it says", header.total_bytes);
  require(header.target == static_cast<std::uint32_t>(abi::TargetCode::kSingleRing), "unknown target", header.target);
  reader.open_sections(header);
  RingDescription ring;
  ring.name = read_id(reader, header.name_offset, header.name_length);
  read_boundaries(reader, ring);
  read_keys(reader, ring);
  read_stages(reader, ring);
  read_ring(reader, ring);
  read_entries(reader, ring);
  check_masks(ring);
  check_races(ring);
  check_room(ring);
  return ring;
}

}  // namespace byteor::graph

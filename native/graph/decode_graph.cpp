// Reads a lowered LaneGraph plan. Roles and lanes describe each other, so each statement is checked against the other
// side; what the graph builder relies on (topological order, one reader a lane but for a broadcast, routers and merges
// among Events lanes only, watermarks wherever order is restored) is checked here and nowhere else.
#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "graph/description.hpp"
#include "graph/ordinal_bits.hpp"
#include "graph/spec_reader.hpp"

namespace byteor::graph {
namespace {

constexpr std::uint32_t kStagesMax = abi::kCatalogStagesMax;
// Far above what the largest plan becomes (14,848 lanes: every connection with a bridge on both sides, and a router's
// and a merge's lane for every end and stage); they bound the work on a hostile buffer.
constexpr std::uint32_t kLanesMax = 1u << 15;
constexpr std::uint32_t kRolesMax = 1u << 15;

constexpr abi::SectionKind kGraphSections[] = {
    abi::SectionKind::kText,      abi::SectionKind::kBoundaries,  abi::SectionKind::kStages,
    abi::SectionKind::kKeys,      abi::SectionKind::kRoles,       abi::SectionKind::kLanes,
    abi::SectionKind::kRoleLanes, abi::SectionKind::kLaneReaders, abi::SectionKind::kConfigs};

// Lists that are stretches of one table of indices. Every row of the table belongs to one list, so that a hostile
// buffer cannot make many long lists out of a short table.
class Lists {
 public:
  // Every index is below `limit`.
  Lists(const SpecReader& reader, abi::SectionKind kind, std::size_t limit)
      : reader_(reader), kind_(kind), limit_(limit), left_(reader.count(kind)) {}

  std::vector<std::uint32_t> read(std::uint32_t start, std::uint32_t count) {
    require(count <= left_, "lists share rows of their table", count);
    left_ -= count;
    const std::uint32_t total = reader_.count(kind_);
    require(start <= total && total - start >= count, "a list reaches past its table", start);
    std::vector<std::uint32_t> list;
    for (std::uint32_t i = 0; i < count; ++i) {
      list.push_back(reader_.row<std::uint32_t>(kind_, start + i));
      require(list.back() < limit_, "a list names something that does not exist", list.back());
    }
    return list;
  }

 private:
  const SpecReader& reader_;
  const abi::SectionKind kind_;
  const std::size_t limit_;
  std::uint32_t left_;
};

// Ids, and what joins them in the names of lanes and of inserted elements. A journal lane's name becomes the name of a
// folder, so it must not lead out of the one that it is put in: no dot, no slash.
std::string read_name(const SpecReader& reader, std::uint32_t offset, std::uint32_t length) {
  static constexpr std::string_view kJoints = "_-:,>";
  std::string name = reader.text(offset, length, abi::kNameBytesMax);
  const auto plain = [](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || kJoints.find(c) != std::string_view::npos;
  };
  if (name.empty() || !std::all_of(name.begin(), name.end(), plain)) refuse("a name is not a name", length);
  return name;
}

void read_roles(const SpecReader& reader, LaneGraphDescription& out) {
  const std::uint32_t count = reader.count(abi::SectionKind::kRoles);
  const std::uint32_t lanes = reader.count(abi::SectionKind::kLanes);
  require(count >= 2 && count <= kRolesMax, "too few or too many roles", count);
  Lists lists(reader, abi::SectionKind::kRoleLanes, lanes);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto row = reader.row<abi::SpecRole>(abi::SectionKind::kRoles, i);
    RoleDescription role{read_name(reader, row.id_offset, row.id_length),
                         read_enum(row.kind, abi::RoleCode::kIngress, abi::RoleCode::kBridge, "unknown role"),
                         row.index,
                         read_enum(row.policy, abi::PolicyCode::kNone, abi::PolicyCode::kOrdered, "unknown policy"),
                         read_index(row.key, out.keys.size(), "a role's key does not exist"),
                         lists.read(row.inlet_start, row.inlet_count),
                         lists.read(row.outlet_start, row.outlet_count)};
    out.roles.push_back(std::move(role));
  }
}

void read_lanes(const SpecReader& reader, LaneGraphDescription& out) {
  const std::uint32_t count = reader.count(abi::SectionKind::kLanes);
  require(count >= 1 && count <= kLanesMax, "too few or too many lanes", count);
  Lists readers(reader, abi::SectionKind::kLaneReaders, out.roles.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto row = reader.row<abi::SpecLane>(abi::SectionKind::kLanes, i);
    const abi::LaneKindCode kind =
        read_enum(row.kind, abi::LaneKindCode::kEvents, abi::LaneKindCode::kFanoutBroadcast, "unknown lane kind");
    const bool journal = kind == abi::LaneKindCode::kJournal;
    if (!journal) require(row.fsync == 0, "only a journal is synced", row.fsync);
    require(row.writer < out.roles.size(), "a lane's writer does not exist", row.writer);
    out.lanes.push_back(
        {read_name(reader, row.id_offset, row.id_length), kind, row.flags,
         read_enum(row.on_full, abi::OnFullCode::kBlock, abi::OnFullCode::kDrop, "unknown on_full"), row.writer,
         readers.read(row.reader_start, row.reader_count), row.connection, row.capacity_bytes, row.capacity_records,
         read_enum(row.codec, abi::CodecCode::kBytes, abi::CodecCode::kJson, "unknown codec"), row.record_bytes,
         row.layout_hash,
         journal ? read_enum(row.fsync, abi::FsyncCode::kEachBatch, abi::FsyncCode::kInterval, "unknown fsync policy")
                 : abi::FsyncCode::kNone,
         row.fsync_interval_ms, row.segment_bytes, row.retain_bytes, row.retain_ms});
  }
}

bool contains(const std::vector<std::uint32_t>& list, std::uint32_t value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// How many inlets and outlets a role of this kind has.
void check_arity(const RoleDescription& role, bool is_sink) {
  struct Arity {
    std::size_t inlets_least, inlets_most, outlets_least, outlets_most;
  };
  constexpr std::size_t kMany = kLanesMax;
  const Arity arity = [&]() -> Arity {
    switch (role.kind) {
      case abi::RoleCode::kIngress:
        return {0, 0, 1, 1};
      case abi::RoleCode::kEgress:
        return {1, 1, 0, 0};
      case abi::RoleCode::kRouter:
        return {1, 1, 2, kMany};
      case abi::RoleCode::kMerge:
        return {2, kMany, 1, 1};
      case abi::RoleCode::kStage:
        return {1, 1, is_sink ? 0u : 1u, 1};
      default:
        return {1, 1, 1, 1};
    }
  }();
  require(role.inlets.size() >= arity.inlets_least && role.inlets.size() <= arity.inlets_most,
          "a role has too few or too many inlets", role.inlets.size());
  require(role.outlets.size() >= arity.outlets_least && role.outlets.size() <= arity.outlets_most,
          "a role has too few or too many outlets", role.outlets.size());
}

void check_policy(const RoleDescription& role) {
  using abi::PolicyCode;
  const bool router = role.kind == abi::RoleCode::kRouter;
  const bool merge = role.kind == abi::RoleCode::kMerge;
  const bool routes = role.policy == PolicyCode::kBroadcast || role.policy == PolicyCode::kRoundRobin ||
                      role.policy == PolicyCode::kKeyHash;
  const bool merges = role.policy == PolicyCode::kInterleave || role.policy == PolicyCode::kOrdered;
  require(router == routes && merge == merges, "a role's policy does not fit its kind",
          static_cast<std::uint64_t>(role.policy));
  require(role.key.has_value() == (role.policy == PolicyCode::kKeyHash), "a role's key does not fit its policy",
          static_cast<std::uint64_t>(role.policy));
}

// Roles name the boundaries and stages in order, each once, under its own id; inserted ones name none.
void check_roles(const LaneGraphDescription& graph) {
  std::set<std::string> names;
  std::vector<std::uint32_t> boundaries(graph.boundaries.size(), 0);
  std::vector<std::uint32_t> stages(graph.stages.size(), 0);
  for (const RoleDescription& role : graph.roles) {
    require(names.insert(role.id).second, "two roles have one name", role.id.size());
    const bool at_boundary = role.kind == abi::RoleCode::kIngress || role.kind == abi::RoleCode::kEgress;
    bool is_sink = false;
    if (at_boundary) {
      require(role.index < boundaries.size() && ++boundaries[role.index] == 1, "a role's boundary is wrong",
              role.index);
      const BoundaryDescription& boundary = graph.boundaries[role.index];
      const bool ingress = boundary.kind == abi::BoundaryCode::kIngress;
      require(boundary.id == role.id && ingress == (role.kind == abi::RoleCode::kIngress), "a role's boundary is wrong",
              role.index);
    } else if (role.kind == abi::RoleCode::kStage) {
      require(role.index < stages.size() && ++stages[role.index] == 1 && graph.stages[role.index].id == role.id,
              "a role's stage is wrong", role.index);
      is_sink = graph.stages[role.index].has(abi::StageFlag::kSink);
    } else {
      require(role.index == abi::kNone && role.id.find(':') != std::string::npos,
              "an inserted role has an index or an "
              "author's name",
              role.index);
    }
    check_arity(role, is_sink);
    check_policy(role);
  }
  const auto once = [](std::uint32_t times) { return times == 1; };
  require(std::all_of(stages.begin(), stages.end(), once), "a stage has no role", stages.size());
  require(std::all_of(boundaries.begin(), boundaries.end(), once), "a boundary has no role", boundaries.size());
}

void check_lane_sizes(const LaneDescription& lane) {
  const bool slots = lane.kind == abi::LaneKindCode::kSequencedSlots;
  const bool journal = lane.kind == abi::LaneKindCode::kJournal;
  require(slots == (lane.capacity_records != 0) && lane.capacity_records <= abi::kSlotsMax,
          "a lane's capacity in records is wrong", lane.capacity_records);
  require(lane.capacity_bytes == 0 || (!slots && !journal && lane.capacity_bytes >= abi::kLaneBytesMin &&
                                       lane.capacity_bytes <= abi::kArenaBytesMax),
          "a lane's capacity in bytes is wrong", lane.capacity_bytes);
  const bool interval = journal && lane.fsync == abi::FsyncCode::kInterval;
  require(interval ? lane.fsync_interval_ms >= 1 && lane.fsync_interval_ms <= abi::kJournalIntervalMsMax
                   : lane.fsync_interval_ms == 0,
          "a journal's interval is wrong", lane.fsync_interval_ms);
  require(lane.segment_bytes == 0 || (journal && lane.segment_bytes >= abi::kJournalSegmentBytesMin &&
                                      lane.segment_bytes <= abi::kJournalSegmentBytesMax),
          "a journal's segment size is wrong", lane.segment_bytes);
  require(journal || (lane.retain_bytes == 0 && lane.retain_ms == 0), "only a journal retains", lane.retain_bytes);
}

// A reader of a journal reads its files first. No end of a boundary does, and no thread of JavaScript.
bool may_wait_for_disk(const LaneGraphDescription& graph, const RoleDescription& role) {
  if (role.kind == abi::RoleCode::kStage) return !graph.stages[role.index].is_hosted();
  return role.kind != abi::RoleCode::kEgress;
}

// Both sides of every lane say the same, data flows to later roles, and routers and merges speak Events.
void check_lanes(const LaneGraphDescription& graph) {
  std::set<std::string> names;
  std::vector<std::uint32_t> written(graph.lanes.size(), 0);
  std::vector<std::uint32_t> read(graph.lanes.size(), 0);
  for (std::uint32_t i = 0; i < graph.roles.size(); ++i) {
    const RoleDescription& role = graph.roles[i];
    for (const std::uint32_t lane : role.outlets) {
      require(graph.lanes[lane].writer == i && ++written[lane] == 1, "a lane has another writer than its role", lane);
    }
    for (const std::uint32_t lane : role.inlets) {
      require(contains(graph.lanes[lane].readers, i), "a lane has other readers than its role", lane);
      require(graph.lanes[lane].writer < i, "a role stands before one that it reads from", i);
      ++read[lane];
    }
  }
  for (std::uint32_t i = 0; i < graph.lanes.size(); ++i) {
    const LaneDescription& lane = graph.lanes[i];
    require(names.insert(lane.id).second, "two lanes have one name", lane.id.size());
    require(lane.flags <= 3, "unknown lane flags", lane.flags);
    require(written[i] == 1, "a lane has no writer", i);
    require(read[i] == lane.readers.size(), "a lane's readers are not its roles'", i);
    const bool fanout = lane.kind == abi::LaneKindCode::kFanoutBroadcast;
    require(lane.readers.size() >= 1 && lane.readers.size() <= (fanout ? abi::kLaneReadersMax : 1),
            "a lane has too few or too many readers", lane.readers.size());
    require(lane.kind != abi::LaneKindCode::kJournal || may_wait_for_disk(graph, graph.roles[lane.readers.front()]),
            "an egress or a hosted stage reads a journal without a relay", i);
    const bool inserted = lane.has(abi::LaneFlag::kInserted);
    require(inserted == (lane.connection == abi::kNone), "an inserted lane has a connection", lane.connection);
    require(!inserted || (lane.kind == abi::LaneKindCode::kEvents && lane.on_full == abi::OnFullCode::kBlock),
            "an inserted lane is not Events or drops", i);
    const auto needs_events = [&](std::uint32_t role) {
      return graph.roles[role].kind == abi::RoleCode::kRouter || graph.roles[role].kind == abi::RoleCode::kMerge;
    };
    const bool meets = needs_events(lane.writer) || std::any_of(lane.readers.begin(), lane.readers.end(), needs_events);
    require(!meets || lane.kind == abi::LaneKindCode::kEvents, "a router or a merge meets a lane that is not Events",
            i);
    check_lane_sizes(lane);
  }
}

// What is known of a record: all of it, or that it is bytes.
struct RecordType {
  abi::CodecCode codec = abi::CodecCode::kBytes;
  std::uint32_t bytes = 0;
  std::uint64_t layout_hash = 0;

  bool operator==(const RecordType&) const = default;
};

RecordType written_by(const RoleDescription& role, const LaneGraphDescription& graph,
                      const std::vector<RecordType>& lanes) {
  if (role.kind == abi::RoleCode::kIngress) {
    const BoundaryDescription& boundary = graph.boundaries[role.index];
    return {boundary.codec, boundary.record_bytes, boundary.layout_hash};
  }
  if (role.kind == abi::RoleCode::kStage && !graph.stages[role.index].keeps_records()) return {};
  const RecordType first = lanes[role.inlets.front()];
  const bool same =
      std::all_of(role.inlets.begin(), role.inlets.end(), [&](std::uint32_t lane) { return lanes[lane] == first; });
  return same ? first : RecordType{};
}

// A lane has the records of the ingresses upstream, where they agree and every stage between keeps them: its memory is
// laid out for them.
void check_records(const LaneGraphDescription& graph) {
  std::vector<RecordType> records(graph.lanes.size());
  for (const RoleDescription& role : graph.roles) {
    if (role.outlets.empty()) continue;
    const RecordType written = written_by(role, graph, records);
    for (const std::uint32_t lane : role.outlets) records[lane] = written;
  }
  for (std::uint32_t i = 0; i < graph.lanes.size(); ++i) {
    const LaneDescription& lane = graph.lanes[i];
    require(records[i] == RecordType{lane.codec, lane.record_bytes, lane.layout_hash},
            "a lane's records are not what its writer writes", i);
  }
}

// An op that works on structs reads a lane of structs.
void check_structs_of_stages(const LaneGraphDescription& graph) {
  for (const RoleDescription& role : graph.roles)
    if (role.kind == abi::RoleCode::kStage)
      check_structs(graph.stages[role.index], graph.lanes[role.inlets.front()].record_bytes);
}

// A lane is watermarked exactly when an Ordered merge is downstream of it: without, that merge would wait for ever. So
// it would behind a merge that mixes ordinals, and says nothing about those to come.
void check_watermarks(const LaneGraphDescription& graph) {
  std::vector<bool> needs(graph.roles.size(), false);
  for (std::size_t i = graph.roles.size(); i-- > 0;) {
    const RoleDescription& role = graph.roles[i];
    bool ordered = role.policy == abi::PolicyCode::kOrdered;
    for (const std::uint32_t lane : role.outlets)
      for (const std::uint32_t reader : graph.lanes[lane].readers) ordered = ordered || needs[reader];
    needs[i] = ordered;
    require(!ordered || role.policy != abi::PolicyCode::kInterleave, "a merge before an Ordered one is not Ordered", i);
  }
  for (std::uint32_t i = 0; i < graph.lanes.size(); ++i) {
    const LaneDescription& lane = graph.lanes[i];
    const bool wanted =
        std::any_of(lane.readers.begin(), lane.readers.end(), [&](std::uint32_t r) { return needs[r]; });
    require(lane.has(abi::LaneFlag::kWatermarked) == wanted, "a lane's watermark flag is wrong", i);
  }
}

// Before an Ordered merge, what comes of one record is bounded, so that its ordinals have room for it.
void check_emits(const LaneGraphDescription& graph) {
  for (const RoleDescription& role : graph.roles) {
    if (role.kind != abi::RoleCode::kStage || role.outlets.empty()) continue;
    const StageDescription& stage = graph.stages[role.index];
    const bool ordered = graph.lanes[role.outlets.front()].has(abi::LaneFlag::kWatermarked);
    if (ordered && stage.has(abi::StageFlag::kEmits) && stage.emits_max == 0)
      refuse("stage " + stage.id + " emits any number of records for one");
  }
}

// With less room than copies, an Ordered merge would give two of them one ordinal.
void check_ordinals(const LaneGraphDescription& graph) {
  const std::uint32_t bits = ordinal_shift(ordinal_bits(graph));
  require(bits <= abi::kOrdinalBitsMax, "the Ordered merges need more bits of an ordinal than there are", bits);
}

}  // namespace

LaneGraphDescription decode_graph(std::span<const std::byte> spec) {
  SpecReader reader(spec);
  const abi::SpecHeader header = reader.open_header(abi::TargetCode::kLaneGraph);
  reader.open_sections(header, kGraphSections);
  LaneGraphDescription graph;
  read_catalogs(reader, header, kStagesMax, kStagesMax + abi::kLaneReadersMax * kStagesMax, graph);
  read_roles(reader, graph);
  read_lanes(reader, graph);
  check_roles(graph);
  check_lanes(graph);
  check_records(graph);
  check_structs_of_stages(graph);
  check_watermarks(graph);
  check_emits(graph);
  check_ordinals(graph);
  return graph;
}

}  // namespace byteor::graph

#include "graph/spec_reader.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace byteor::graph {
namespace {

constexpr std::uint32_t kBoundariesMax = 1024;       // far above any plan; bounds the work on a hostile buffer
constexpr std::uint32_t kIdBytesMax = 64;            // lib/plan/limits.ts, ID_CHARS_MAX
constexpr std::uint32_t kCallerRoomMax = 65'536;     // lib/plan/limits.ts, OP_TEXT_BYTES_MAX
constexpr std::uint32_t kTextBytesMax = 1u << 20;    // one op text; lib/plan/limits.ts is stricter
constexpr std::uint32_t kRecordBytesMax = 1u << 20;  // a struct record

}  // namespace

void refuse(const std::string& what) {
  throw DecodeError("the lowered plan is damaged or from another release: " + what +
                    "; compile the plan again with this release of byteor");
}

void refuse(const std::string& what, std::uint64_t received) {
  refuse(what + " (received " + std::to_string(received) + ")");
}

abi::SpecHeader SpecReader::open_header(abi::TargetCode target) const {
  const auto header = at<abi::SpecHeader>(0);
  require(header.magic == abi::kSpecMagic, "wrong magic number", header.magic);
  require(header.layout_version == abi::kSpecLayoutVersion, "unknown layout version", header.layout_version);
  require(header.total_bytes == bytes_.size(), "the buffer has another size than it says", header.total_bytes);
  require(header.target == static_cast<std::uint32_t>(target), "unknown target", header.target);
  return header;
}

void SpecReader::open_sections(const abi::SpecHeader& header, std::span<const abi::SectionKind> kinds) {
  require(header.section_count == kinds.size(), "the number of sections is wrong", header.section_count);
  for (std::uint32_t i = 0; i < header.section_count; ++i) {
    const auto section = at<abi::SpecSection>(sizeof(abi::SpecHeader) + i * sizeof(abi::SpecSection));
    const bool known = std::any_of(kinds.begin(), kinds.end(), [&](abi::SectionKind kind) {
      return section.kind == static_cast<std::uint32_t>(kind);
    });
    require(known, "unknown section kind", section.kind);
    require(!present_[section.kind], "a section appears twice", section.kind);
    require(section.offset % 8 == 0, "a section is not 8-byte aligned", section.offset);
    const std::uint64_t bytes = std::uint64_t{section.count} * section.stride;
    require(section.offset <= bytes_.size() && bytes_.size() - section.offset >= bytes,
            "a section reaches past the end", section.offset + bytes);
    sections_[section.kind] = section;
    present_[section.kind] = true;
  }
}

std::string read_id(const SpecReader& reader, std::uint32_t offset, std::uint32_t length) {
  std::string id = reader.text(offset, length, kIdBytesMax);
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto rest = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  if (id.empty() || !letter(id[0]) || !std::all_of(id.begin(), id.end(), rest)) refuse("an id is not an id", length);
  return id;
}

namespace {

void read_boundaries(const SpecReader& reader, CatalogDescription& out) {
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

void read_keys(const SpecReader& reader, std::uint32_t keys_max, CatalogDescription& out) {
  const std::uint32_t count = reader.count(abi::SectionKind::kKeys);
  require(count <= keys_max, "too many keys", count);
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

bool is_callers(abi::OpCode op) { return op == abi::OpCode::kJs || op == abi::OpCode::kNative; }

// What a built-in op of this code does, whatever the buffer says.
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
      return 0;
  }
}

// Of a caller's op the plan declares what it does: it may always fail a record, and the rest is up to the plan.
void check_declared(const StageDescription& stage) {
  using abi::StageFlag;
  const auto bit = [](StageFlag flag) { return static_cast<std::uint32_t>(flag); };
  const std::uint32_t free = bit(StageFlag::kWrites) | bit(StageFlag::kFilters) | bit(StageFlag::kSink);
  require((stage.flags & ~free) == bit(StageFlag::kFails), "a caller's op cannot have these flags", stage.flags);
  require(stage.headroom == 0 && stage.tailroom <= kCallerRoomMax, "a caller's op cannot have this room",
          stage.tailroom);
}

void read_stages(const SpecReader& reader, std::uint32_t stages_max, CatalogDescription& out) {
  const std::uint32_t count = reader.count(abi::SectionKind::kStages);
  require(count >= 1 && count <= stages_max, "too few or too many stages", count);
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
    if (is_callers(stage.op))
      check_declared(stage);
    else
      require(stage.flags == flags_of(stage.op), "a stage's flags are not those of its op", stage.flags);
    const bool matches = stage.op == abi::OpCode::kFilter || stage.op == abi::OpCode::kReject;
    require(matches == (stage.match != abi::MatchCode::kNone), "a stage's match does not fit its op", row.match);
    const std::uint64_t text = stage.text.size();
    require(stage.headroom == (stage.op == abi::OpCode::kPrepend ? text : 0), "a stage's headroom is wrong",
            row.headroom);
    require(is_callers(stage.op) || stage.tailroom == (stage.op == abi::OpCode::kAppend ? text : 0),
            "a stage's tailroom is wrong", row.tailroom);
    out.stages.push_back(std::move(stage));
  }
}

}  // namespace

void read_catalogs(const SpecReader& reader, const abi::SpecHeader& header, std::uint32_t stages_max,
                   std::uint32_t keys_max, CatalogDescription& out) {
  out.name = read_id(reader, header.name_offset, header.name_length);
  read_boundaries(reader, out);
  read_keys(reader, keys_max, out);
  read_stages(reader, stages_max, out);
}

}  // namespace byteor::graph

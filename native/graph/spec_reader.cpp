#include "graph/spec_reader.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "op/traits.hpp"

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

// Of a caller's op the plan declares what it does: it may always fail a record, and the rest is up to the plan.
void check_declared(const StageDescription& stage) {
  using abi::StageFlag;
  const auto bit = [](StageFlag flag) { return static_cast<std::uint32_t>(flag); };
  const std::uint32_t free = bit(StageFlag::kWrites) | bit(StageFlag::kFilters) | bit(StageFlag::kSink) |
                             (stage.has(StageFlag::kWrites) ? bit(StageFlag::kKeepsLayout) : 0);
  require((stage.flags & ~free) == bit(StageFlag::kFails), "a caller's op cannot have these flags", stage.flags);
  require(stage.headroom == 0 && stage.tailroom <= kCallerRoomMax, "a caller's op cannot have this room",
          stage.tailroom);
}

bool is_numeric(abi::FieldCode kind) { return kind >= abi::FieldCode::kU8 && kind <= abi::FieldCode::kF64; }

// Bytes of a field of this type; 0: the spec says.
std::uint32_t bytes_of(abi::FieldCode kind) {
  switch (kind) {
    case abi::FieldCode::kU8:
    case abi::FieldCode::kI8:
    case abi::FieldCode::kBool:
      return 1;
    case abi::FieldCode::kU16:
    case abi::FieldCode::kI16:
      return 2;
    case abi::FieldCode::kU32:
    case abi::FieldCode::kI32:
    case abi::FieldCode::kF32:
      return 4;
    case abi::FieldCode::kU64:
    case abi::FieldCode::kI64:
    case abi::FieldCode::kF64:
      return 8;
    default:
      return 0;
  }
}

// The constant of a write, as the op will read it.
void check_constant(const FieldWriteDescription& field) {
  const bool has_constant = field.write != abi::FieldWriteCode::kFrom;
  const std::uint32_t fixed = bytes_of(field.kind);
  const std::uint64_t most = !has_constant || fixed == 0 ? 0
                             : field.kind == abi::FieldCode::kBool
                                 ? 1
                                 : std::numeric_limits<std::uint64_t>::max() >> (64 - 8 * fixed);
  require(field.bits <= most, "a field's constant is not of its type", field.bits);
  const std::uint64_t text = field.text.size();
  if (has_constant && field.kind == abi::FieldCode::kBytes) {
    const bool digits = std::all_of(field.text.begin(), field.text.end(),
                                    [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
    require(digits && text == 2 * std::uint64_t{field.length}, "a field's bytes are not two digits each", text);
  } else {
    const bool is_text = has_constant && field.kind == abi::FieldCode::kUtf8;
    require(text <= (is_text ? field.length : 0), "a field's text does not fit it", text);
  }
}

FieldWriteDescription read_field_write(const SpecReader& reader, std::uint32_t index) {
  const auto row = reader.row<abi::SpecFieldWrite>(abi::SectionKind::kFieldWrites, index);
  FieldWriteDescription field{
      read_enum(row.write, abi::FieldWriteCode::kValue, abi::FieldWriteCode::kFrom, "unknown way to set a field"),
      read_enum(row.kind, abi::FieldCode::kU8, abi::FieldCode::kUtf8, "unknown type of a field"),
      row.offset,
      row.length,
      row.from,
      row.bits,
      read_id(reader, row.name_offset, row.name_length),
      reader.text(row.text_offset, row.text_length, kTextBytesMax)};
  const std::uint32_t fixed = bytes_of(field.kind);
  require(field.length != 0 && (fixed == 0 || field.length == fixed), "a field's length does not fit its type",
          field.length);
  // With a bound on each, no sum of them wraps.
  require(field.length <= kRecordBytesMax && field.offset <= kRecordBytesMax && field.from <= kRecordBytesMax,
          "a field lies beyond the largest struct", field.offset);
  require(field.write == abi::FieldWriteCode::kFrom || field.from == 0, "a constant is copied from a field",
          field.from);
  require(field.write != abi::FieldWriteCode::kAdd || is_numeric(field.kind), "a sum of what is no number", row.kind);
  const std::uint32_t apart = field.from > field.offset ? field.from - field.offset : field.offset - field.from;
  require(field.write != abi::FieldWriteCode::kFrom || apart >= field.length, "a field is copied onto itself",
          field.from);
  check_constant(field);
  return field;
}

// Rows of the table stand in the order of their stages, one each.
void read_field_writes(const SpecReader& reader, const std::vector<std::uint32_t>& indices, CatalogDescription& out) {
  std::uint32_t next = 0;
  for (std::size_t i = 0; i < out.stages.size(); ++i) {
    const bool sets = out.stages[i].op == abi::OpCode::kSetField;
    require(indices[i] == (sets ? next : abi::kNone), "a stage's field write is wrong", indices[i]);
    if (sets) out.stages[i].field = read_field_write(reader, next++);
  }
  const std::uint32_t count = reader.count(abi::SectionKind::kFieldWrites);
  require(count == next, "a field write belongs to no stage", count);
}

void read_stages(const SpecReader& reader, std::uint32_t stages_max, CatalogDescription& out) {
  const std::uint32_t count = reader.count(abi::SectionKind::kStages);
  require(count >= 1 && count <= stages_max, "too few or too many stages", count);
  std::vector<std::uint32_t> field_writes;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto row = reader.row<abi::SpecStage>(abi::SectionKind::kStages, i);
    const abi::OpRow* const op = op::find_row(row.op);
    if (op == nullptr) refuse("unknown op", row.op);
    require(row.invert <= 1, "invert is neither 0 nor 1", row.invert);
    StageDescription stage{read_id(reader, row.id_offset, row.id_length),
                           op->code,
                           row.flags,
                           row.headroom,
                           row.tailroom,
                           reader.text(row.text_offset, row.text_length, kTextBytesMax),
                           read_enum(row.match, abi::MatchCode::kNone, abi::MatchCode::kEquals, "unknown match"),
                           row.invert == 1,
                           read_index(row.key, out.keys.size(), "a stage's key does not exist"),
                           std::nullopt};
    if (op->declared)
      check_declared(stage);
    else
      require(stage.flags == op->flags, "a stage's flags are not those of its op", stage.flags);
    const bool matches = stage.op == abi::OpCode::kFilter || stage.op == abi::OpCode::kReject;
    require(matches == (stage.match != abi::MatchCode::kNone), "a stage's match does not fit its op", row.match);
    const std::uint64_t text = stage.text.size();
    require(stage.headroom == (stage.op == abi::OpCode::kPrepend ? text : 0), "a stage's headroom is wrong",
            row.headroom);
    require(op->declared || stage.tailroom == (stage.op == abi::OpCode::kAppend ? text : 0),
            "a stage's tailroom is wrong", row.tailroom);
    field_writes.push_back(row.field_write);
    out.stages.push_back(std::move(stage));
  }
  read_field_writes(reader, field_writes, out);
}

}  // namespace

void check_field_write(const StageDescription& stage, std::uint32_t record_bytes) {
  if (!stage.field.has_value()) return;
  const std::uint32_t end = std::max(stage.field->offset, stage.field->from) + stage.field->length;
  require(end <= record_bytes, "a field ends behind its record", end);
}

void read_catalogs(const SpecReader& reader, const abi::SpecHeader& header, std::uint32_t stages_max,
                   std::uint32_t keys_max, CatalogDescription& out) {
  out.name = read_id(reader, header.name_offset, header.name_length);
  read_boundaries(reader, out);
  read_keys(reader, keys_max, out);
  read_stages(reader, stages_max, out);
}

}  // namespace byteor::graph

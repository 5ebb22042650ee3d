#include "graph/spec_reader.hpp"

#include <algorithm>
#include <utility>

#include "op/catalog.hpp"
#include "op/key.hpp"

namespace byteor::graph {
namespace {

constexpr std::uint32_t kTextBytesMax = 1u << 20;    // of a key; lib/plan/limits.ts is stricter
constexpr std::uint32_t kConfigBytesMax = 1u << 20;  // likewise

}  // namespace

abi::SpecHeader SpecReader::open_header(abi::TargetCode target) const {
  const auto header = at<abi::SpecHeader>(0);
  require(header.magic == abi::kSpecMagic, "wrong magic number", header.magic);
  require(header.layout_version == abi::kSpecLayoutVersion, "unknown layout version", header.layout_version);
  require(header.total_bytes == buffer_.size(), "the buffer has another size than it says", header.total_bytes);
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
    require(section.offset <= buffer_.size() && buffer_.size() - section.offset >= bytes,
            "a section reaches past the end", section.offset + bytes);
    sections_[section.kind] = section;
    present_[section.kind] = true;
  }
}

std::string read_id(const SpecReader& reader, std::uint32_t offset, std::uint32_t length) {
  std::string id = reader.text(offset, length, abi::kIdCharsMax);
  decode::read_id(id);
  return id;
}

namespace {

void read_boundaries(const SpecReader& reader, CatalogDescription& out) {
  const std::uint32_t count = reader.count(abi::SectionKind::kBoundaries);
  require(count <= abi::kCatalogBoundariesMax, "too many boundaries", count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto row = reader.row<abi::SpecBoundary>(abi::SectionKind::kBoundaries, i);
    BoundaryDescription boundary{
        read_id(reader, row.id_offset, row.id_length),
        read_enum(row.kind, abi::BoundaryCode::kIngress, abi::BoundaryCode::kEgress, "unknown boundary kind"),
        read_enum(row.codec, abi::CodecCode::kBytes, abi::CodecCode::kJson, "unknown codec"),
        row.record_bytes,
        row.layout_hash,
        read_enum(row.on_error, abi::OnErrorCode::kStop, abi::OnErrorCode::kDeadLetter, "unknown on_error")};
    require(boundary.on_error != abi::OnErrorCode::kPass, "a boundary cannot pass a record on", row.on_error);
    const bool is_struct = boundary.codec == abi::CodecCode::kStruct;
    require(is_struct ? boundary.record_bytes >= 1 && boundary.record_bytes <= abi::kStructBytesMax
                      : boundary.record_bytes == 0,
            "a boundary's record size does not fit its codec", boundary.record_bytes);
    out.boundaries.push_back(std::move(boundary));
  }
}

void read_keys(const SpecReader& reader, std::uint32_t keys_max, CatalogDescription& out) {
  const std::uint32_t count = reader.count(abi::SectionKind::kKeys);
  require(count <= keys_max, "too many keys", count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto row = reader.row<abi::SpecKey>(abi::SectionKind::kKeys, i);
    std::string text = reader.text(row.text_offset, row.text_length, kTextBytesMax);
    const op::KeySpec key = op::read_key(row, text);
    out.keys.push_back({key.kind, key.offset, key.length, key.index, std::move(text)});
  }
}

// Of a caller's op the plan declares what it does: it may always fail a record, and the rest is up to the plan.
void check_declared(const StageDescription& stage) {
  using abi::StageFlag;
  const auto bit = [](StageFlag flag) { return static_cast<std::uint32_t>(flag); };
  const bool changes = stage.has(StageFlag::kWrites) || stage.has(StageFlag::kEmits);
  const std::uint32_t free = bit(StageFlag::kWrites) | bit(StageFlag::kFilters) | bit(StageFlag::kSink) |
                             bit(StageFlag::kEmits) | (changes ? bit(StageFlag::kKeepsLayout) : 0);
  require((stage.flags & ~free) == bit(StageFlag::kFails), "a caller's op cannot have these flags", stage.flags);
  require(stage.headroom == 0 && stage.tailroom <= abi::kOpTextBytesMax, "a caller's op cannot have this room",
          stage.tailroom);
}

// Configs lie in the order of their stages, one behind the other: a hostile buffer cannot make much out of little.
void read_stages(const SpecReader& reader, std::uint32_t stages_max, CatalogDescription& out) {
  const std::uint32_t count = reader.count(abi::SectionKind::kStages);
  require(count >= 1 && count <= stages_max, "too few or too many stages", count);
  const decode::Buffer configs = reader.bytes_of(abi::SectionKind::kConfigs);
  std::uint64_t end = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto row = reader.row<abi::SpecStage>(abi::SectionKind::kStages, i);
    const abi::OpRow* const known = op::find_row(row.op);
    if (known == nullptr) refuse("unknown op", row.op);
    require(row.config_offset == end, "a config does not begin where the one before ends", row.config_offset);
    require(row.config_length <= kConfigBytesMax, "a config is longer than its limit", row.config_length);
    const std::span<const std::byte> config = configs.part(row.config_offset, row.config_length);
    end += config.size();
    StageDescription stage{
        read_id(reader, row.id_offset, row.id_length),
        known->code,
        row.flags,
        row.headroom,
        row.tailroom,
        {config.begin(), config.end()},
        op::check_config(known->code, config),
        0,
        read_enum(row.on_error, abi::OnErrorCode::kStop, abi::OnErrorCode::kDeadLetter, "unknown on_error")};
    stage.emits_max = known->declared ? stage.facts.emits_max : known->emits_max;
    if (known->declared) {
      check_declared(stage);
    } else {
      require(stage.flags == known->flags, "a stage's flags are not those of its op", stage.flags);
      require(stage.headroom == stage.facts.headroom, "a stage's headroom is wrong", row.headroom);
      require(stage.tailroom == stage.facts.tailroom, "a stage's tailroom is wrong", row.tailroom);
    }
    out.stages.push_back(std::move(stage));
  }
  require(configs.size() == end, "a config belongs to no stage", configs.size());
}

}  // namespace

void check_structs(const StageDescription& stage, std::uint32_t record_bytes) {
  require(stage.facts.struct_bytes <= record_bytes, "a field ends behind its record", stage.facts.struct_bytes);
}

void read_catalogs(const SpecReader& reader, const abi::SpecHeader& header, std::uint32_t stages_max,
                   std::uint32_t keys_max, CatalogDescription& out) {
  out.name = read_id(reader, header.name_offset, header.name_length);
  read_boundaries(reader, out);
  read_keys(reader, keys_max, out);
  read_stages(reader, stages_max, out);
}

}  // namespace byteor::graph

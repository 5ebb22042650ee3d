// Builds lowered plans for native tests, without TypeScript: the same buffer that lib/lower/encode.ts writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/cpu.hpp"
#include "op/traits.hpp"

namespace byteor::test {

struct StageSpec {
  std::string id;
  abi::OpCode op = abi::OpCode::kIdentity;
  std::vector<std::uint32_t> dependencies = {};  // entries, in the order of the list
  std::string text = {};
  abi::MatchCode match = abi::MatchCode::kContains;  // kFilter, kReject
  bool invert = false;
  std::optional<abi::SpecKey> key = std::nullopt;  // kCount
  std::string key_text = {};
  std::optional<abi::SetFieldConfig> field = std::nullopt;  // kSetField; its name is "f"
  std::string field_text = {};
  std::optional<std::vector<std::byte>> config = std::nullopt;  // instead of what the op's config is made of
  abi::OnErrorCode on_error = abi::OnErrorCode::kStop;
  std::uint32_t declared = 0;  // kJs: StageFlag bits beside kFails
  std::uint32_t room = 0;      // kJs: bytes

  std::uint32_t flags() const {
    const std::uint32_t row = op::find_row(static_cast<std::uint32_t>(op))->flags;
    return op == abi::OpCode::kJs ? row | declared | static_cast<std::uint32_t>(abi::StageFlag::kFails) : row;
  }
  bool has(abi::StageFlag flag) const { return (flags() & static_cast<std::uint32_t>(flag)) != 0; }
  bool marks() const {
    const bool goes_on = on_error == abi::OnErrorCode::kDrop || on_error == abi::OnErrorCode::kDeadLetter;
    return has(abi::StageFlag::kFilters) || (has(abi::StageFlag::kFails) && goes_on);
  }
  std::uint32_t headroom() const { return op == abi::OpCode::kPrepend ? static_cast<std::uint32_t>(text.size()) : 0; }
  std::uint32_t tailroom() const { return op == abi::OpCode::kAppend ? static_cast<std::uint32_t>(text.size()) : room; }
  bool keeps_records() const {
    const bool keeps_layout = has(abi::StageFlag::kKeepsLayout) && headroom() + tailroom() == 0;
    return !has(abi::StageFlag::kWrites) || keeps_layout;
  }
};

// A function of JavaScript; `declared`: what its plan says of it beside that it may fail.
inline StageSpec hosted(const std::string& id, std::uint32_t declared = 0,
                        std::vector<std::uint32_t> dependencies = {}) {
  StageSpec stage{id, abi::OpCode::kJs, std::move(dependencies)};
  stage.declared = declared;
  return stage;
}

// The config of an op as it crosses: a struct, and its texts behind it.
class ConfigBytes {
 public:
  template <class Row>
  static std::vector<std::byte> of(const Row& row, const std::string& texts) {
    std::vector<std::byte> bytes(sizeof(Row) + texts.size());
    std::memcpy(bytes.data(), &row, sizeof(Row));
    if (!texts.empty()) std::memcpy(bytes.data() + sizeof(Row), texts.data(), texts.size());
    return bytes;
  }

  static std::vector<std::byte> match(abi::MatchCode match, bool invert, const std::string& text) {
    return of(
        abi::MatchConfig{static_cast<std::uint32_t>(match), invert ? 1u : 0u, sizeof(abi::MatchConfig), size(text)},
        text);
  }

  static std::vector<std::byte> affix(const std::string& text) {
    return of(abi::TextConfig{sizeof(abi::TextConfig), size(text)}, text);
  }

  static std::vector<std::byte> key(abi::SpecKey row, const std::string& text) {
    row.text_offset = sizeof row;
    row.text_length = size(text);
    return of(row, text);
  }

  static std::vector<std::byte> set_field(abi::SetFieldConfig row, const std::string& name, const std::string& text) {
    row.name_offset = sizeof row;
    row.name_length = size(name);
    row.text_offset = row.name_offset + row.name_length;
    row.text_length = size(text);
    return of(row, name + text);
  }

  static std::vector<std::byte> of_stage(const StageSpec& stage) {
    if (stage.config.has_value()) return *stage.config;
    switch (stage.op) {
      case abi::OpCode::kFilter:
      case abi::OpCode::kReject:
        return match(stage.match, stage.invert, stage.text);
      case abi::OpCode::kPrepend:
      case abi::OpCode::kAppend:
        return affix(stage.text);
      case abi::OpCode::kCount:
        return stage.key.has_value() ? key(*stage.key, stage.key_text) : std::vector<std::byte>{};
      case abi::OpCode::kSetField:
        return set_field(stage.field.value(), "f", stage.field_text);
      case abi::OpCode::kJs:
        return of(abi::CallerConfig{sizeof(abi::CallerConfig), size(stage.id), 0}, stage.id);
      default:
        return {};
    }
  }

 private:
  static std::uint32_t size(const std::string& text) { return static_cast<std::uint32_t>(text.size()); }
};

struct RingSpec {
  std::vector<StageSpec> stages;
  std::uint32_t shards = 1;
  std::optional<abi::SpecKey> shard_key = std::nullopt;
  std::string shard_key_text = {};
  std::uint32_t struct_bytes = 0;  // 0: bytes codec
};

class SpecBuilder {
 public:
  static std::vector<std::byte> build(const RingSpec& ring) { return SpecBuilder(ring).finish(); }

 private:
  explicit SpecBuilder(const RingSpec& ring) {
    header_.magic = abi::kSpecMagic;
    header_.layout_version = abi::kSpecLayoutVersion;
    header_.target = static_cast<std::uint32_t>(abi::TargetCode::kSingleRing);
    header_.name_offset = text("test");
    header_.name_length = 4;
    boundary("in", abi::BoundaryCode::kIngress, ring.struct_bytes);
    boundary("out", abi::BoundaryCode::kEgress, ring.struct_bytes);
    std::vector<std::uint64_t> ancestors;
    std::uint64_t filters = 0;
    std::uint64_t depended_on = 0;
    bool keeps = true;
    abi::SpecRing row{};
    for (std::size_t i = 0; i < ring.stages.size(); ++i) {
      const StageSpec& stage = ring.stages[i];
      std::uint64_t before = 0;
      for (const std::uint32_t on : stage.dependencies) {
        before |= ancestors[on] | std::uint64_t{1} << on;
        depended_on |= std::uint64_t{1} << on;
      }
      ancestors.push_back(before);
      entry(i, stage, before, nearest(ancestors, filters & before), stage.marks() ? row.mark_count++ : abi::kNone);
      if (stage.marks()) filters |= std::uint64_t{1} << i;
      stage_row(stage);
      keeps = keeps && stage.keeps_records();
      row.headroom += stage.headroom();
      row.tailroom += stage.tailroom();
    }
    const std::uint64_t all =
        ring.stages.size() == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << ring.stages.size()) - 1;
    const bool fixed = ring.struct_bytes != 0 && keeps;
    row.shards = ring.shards;
    row.ordering =
        static_cast<std::uint32_t>(ring.shards > 1 ? abi::OrderingCode::kPerKey : abi::OrderingCode::kStrict);
    row.layout = static_cast<std::uint32_t>(fixed ? abi::LayoutCode::kFixed : abi::LayoutCode::kVariable);
    row.record_bytes = fixed ? ring.struct_bytes : 0;
    row.ingress = 0;
    row.egress = 1;
    row.shard_key = ring.shard_key.has_value() ? key(*ring.shard_key, ring.shard_key_text) : abi::kNone;
    row.terminal_mask = all & ~depended_on;
    row.egress_filter_mask = nearest(ancestors, filters);
    append(ring_, row);
  }

  static std::uint64_t nearest(const std::vector<std::uint64_t>& ancestors, std::uint64_t filters) {
    std::uint64_t covered = 0;
    for (std::size_t i = 0; i < ancestors.size(); ++i)
      if ((filters >> i & 1) != 0) covered |= ancestors[i];
    return filters & ~covered;
  }

  template <class T>
  static void append(std::vector<std::byte>& table, const T& row) {
    const std::size_t at = table.size();
    table.resize(at + sizeof(T));
    std::memcpy(table.data() + at, &row, sizeof(T));
  }

  std::uint32_t text(const std::string& value) {
    const auto at = static_cast<std::uint32_t>(text_.size());
    for (const char c : value) text_.push_back(static_cast<std::byte>(c));
    return at;
  }

  void boundary(const std::string& id, abi::BoundaryCode kind, std::uint32_t struct_bytes) {
    abi::SpecBoundary row{};
    row.id_offset = text(id);
    row.id_length = static_cast<std::uint32_t>(id.size());
    row.kind = static_cast<std::uint32_t>(kind);
    row.codec = static_cast<std::uint32_t>(struct_bytes != 0 ? abi::CodecCode::kStruct : abi::CodecCode::kBytes);
    row.record_bytes = struct_bytes;
    append(boundaries_, row);
  }

  std::uint32_t key(abi::SpecKey row, const std::string& key_text) {
    row.text_offset = text(key_text);
    row.text_length = static_cast<std::uint32_t>(key_text.size());
    append(keys_, row);
    return static_cast<std::uint32_t>(keys_.size() / sizeof(abi::SpecKey)) - 1;
  }

  void stage_row(const StageSpec& stage) {
    abi::SpecStage row{};
    row.id_offset = text(stage.id);
    row.id_length = static_cast<std::uint32_t>(stage.id.size());
    row.op = static_cast<std::uint32_t>(stage.op);
    row.flags = stage.flags();
    row.headroom = stage.headroom();
    row.tailroom = stage.tailroom();
    const std::vector<std::byte> config = ConfigBytes::of_stage(stage);
    row.config_offset = static_cast<std::uint32_t>(configs_.size());
    row.config_length = static_cast<std::uint32_t>(config.size());
    row.on_error = static_cast<std::uint32_t>(stage.on_error);
    configs_.insert(configs_.end(), config.begin(), config.end());
    append(stages_, row);
  }

  void entry(std::size_t index, const StageSpec& stage, std::uint64_t ancestors, std::uint64_t filters,
             std::uint32_t mark) {
    abi::SpecRingEntry row{};
    row.stage = static_cast<std::uint32_t>(index);
    row.dependency_start = static_cast<std::uint32_t>(dependencies_.size() / 4);
    row.dependency_count = static_cast<std::uint32_t>(stage.dependencies.size());
    row.mark = mark;
    row.ancestor_mask = ancestors;
    row.filter_mask = filters;
    append(entries_, row);
    for (const std::uint32_t on : stage.dependencies) append(dependencies_, on);
  }

  std::vector<std::byte> finish() {
    struct Section {
      abi::SectionKind kind;
      std::vector<std::byte>* bytes;
      std::uint32_t stride;
    };
    const Section sections[] = {
        {abi::SectionKind::kText, &text_, 1},
        {abi::SectionKind::kBoundaries, &boundaries_, sizeof(abi::SpecBoundary)},
        {abi::SectionKind::kStages, &stages_, sizeof(abi::SpecStage)},
        {abi::SectionKind::kRing, &ring_, sizeof(abi::SpecRing)},
        {abi::SectionKind::kRingEntries, &entries_, sizeof(abi::SpecRingEntry)},
        {abi::SectionKind::kDependencies, &dependencies_, 4},
        {abi::SectionKind::kKeys, &keys_, sizeof(abi::SpecKey)},
        {abi::SectionKind::kConfigs, &configs_, 1},
    };
    constexpr std::uint32_t kSections = std::size(sections);
    header_.section_count = kSections;
    std::vector<std::byte> out(sizeof(abi::SpecHeader) + kSections * sizeof(abi::SpecSection));
    std::size_t index = 0;
    for (const Section& section : sections) {
      out.resize(core::round_up(out.size(), 8));
      abi::SpecSection row{static_cast<std::uint32_t>(section.kind), static_cast<std::uint32_t>(out.size()),
                           static_cast<std::uint32_t>(section.bytes->size() / section.stride), section.stride};
      std::memcpy(out.data() + sizeof(abi::SpecHeader) + index++ * sizeof(row), &row, sizeof(row));
      out.insert(out.end(), section.bytes->begin(), section.bytes->end());
    }
    out.resize(core::round_up(out.size(), 8));
    header_.total_bytes = static_cast<std::uint32_t>(out.size());
    std::memcpy(out.data(), &header_, sizeof(header_));
    return out;
  }

  abi::SpecHeader header_{};
  std::vector<std::byte> text_, boundaries_, stages_, ring_, entries_, dependencies_, keys_, configs_;
};

}  // namespace byteor::test

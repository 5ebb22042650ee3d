// Builds lowered plans for native tests, without TypeScript: the same buffer that lib/lower/encode.ts writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/cpu.hpp"

namespace byteor::test {

struct StageSpec {
  std::string id;
  abi::OpCode op = abi::OpCode::kIdentity;
  std::vector<std::uint32_t> dependencies = {};  // entries, in the order of the list
  std::string text = {};
  abi::MatchCode match = abi::MatchCode::kNone;
  bool invert = false;
  std::optional<abi::SpecKey> key = std::nullopt;
  std::string key_text = {};
  std::optional<abi::SpecFieldWrite> field = std::nullopt;  // kSetField; its name is "f"
  std::string field_text = {};
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
    bool writes = false;
    abi::SpecRing row{};
    for (std::size_t i = 0; i < ring.stages.size(); ++i) {
      const StageSpec& stage = ring.stages[i];
      std::uint64_t before = 0;
      for (const std::uint32_t on : stage.dependencies) {
        before |= ancestors[on] | std::uint64_t{1} << on;
        depended_on |= std::uint64_t{1} << on;
      }
      ancestors.push_back(before);
      const bool is_filter = stage.op == abi::OpCode::kFilter;
      entry(i, stage, before, nearest(ancestors, filters & before), is_filter ? row.mark_count++ : abi::kNone);
      if (is_filter) filters |= std::uint64_t{1} << i;
      stage_row(stage);
      writes = writes || stage.op == abi::OpCode::kPrepend || stage.op == abi::OpCode::kAppend;
      row.headroom += stage.op == abi::OpCode::kPrepend ? static_cast<std::uint32_t>(stage.text.size()) : 0;
      row.tailroom += stage.op == abi::OpCode::kAppend ? static_cast<std::uint32_t>(stage.text.size()) : 0;
    }
    const std::uint64_t all =
        ring.stages.size() == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << ring.stages.size()) - 1;
    const bool fixed = ring.struct_bytes != 0 && !writes;
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

  std::uint32_t field_write(abi::SpecFieldWrite row, const std::string& field_text) {
    row.name_offset = text("f");
    row.name_length = 1;
    row.text_offset = text(field_text);
    row.text_length = static_cast<std::uint32_t>(field_text.size());
    append(field_writes_, row);
    return static_cast<std::uint32_t>(field_writes_.size() / sizeof(abi::SpecFieldWrite)) - 1;
  }

  static std::uint32_t flags(abi::OpCode op) {
    switch (op) {
      case abi::OpCode::kFilter:
        return static_cast<std::uint32_t>(abi::StageFlag::kFilters);
      case abi::OpCode::kReject:
        return static_cast<std::uint32_t>(abi::StageFlag::kFails);
      case abi::OpCode::kPrepend:
      case abi::OpCode::kAppend:
        return static_cast<std::uint32_t>(abi::StageFlag::kWrites);
      case abi::OpCode::kSetField:
        return static_cast<std::uint32_t>(abi::StageFlag::kWrites) |
               static_cast<std::uint32_t>(abi::StageFlag::kFails) |
               static_cast<std::uint32_t>(abi::StageFlag::kKeepsLayout);
      case abi::OpCode::kCount:
      case abi::OpCode::kChecksum:
        return static_cast<std::uint32_t>(abi::StageFlag::kSink);
      default:
        return 0;
    }
  }

  void stage_row(const StageSpec& stage) {
    abi::SpecStage row{};
    row.id_offset = text(stage.id);
    row.id_length = static_cast<std::uint32_t>(stage.id.size());
    row.op = static_cast<std::uint32_t>(stage.op);
    row.flags = flags(stage.op);
    row.headroom = stage.op == abi::OpCode::kPrepend ? static_cast<std::uint32_t>(stage.text.size()) : 0;
    row.tailroom = stage.op == abi::OpCode::kAppend ? static_cast<std::uint32_t>(stage.text.size()) : 0;
    row.text_offset = text(stage.text);
    row.text_length = static_cast<std::uint32_t>(stage.text.size());
    row.match = static_cast<std::uint32_t>(stage.match);
    row.invert = stage.invert ? 1 : 0;
    row.key = stage.key.has_value() ? key(*stage.key, stage.key_text) : abi::kNone;
    row.field_write = stage.field.has_value() ? field_write(*stage.field, stage.field_text) : abi::kNone;
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
        {abi::SectionKind::kFieldWrites, &field_writes_, sizeof(abi::SpecFieldWrite)},
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
  std::vector<std::byte> text_, boundaries_, stages_, ring_, entries_, dependencies_, keys_, field_writes_;
};

}  // namespace byteor::test

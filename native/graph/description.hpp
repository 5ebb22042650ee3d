// The lowered plan as C++ holds it: decoded, and checked again from scratch. Control path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "abi/abi_generated.hpp"
#include "decode/buffer.hpp"
#include "op/op.hpp"

namespace byteor::graph {

struct BoundaryDescription {
  std::string id;
  abi::BoundaryCode kind;
  abi::CodecCode codec;
  std::uint32_t record_bytes;  // struct size; 0 for other codecs
  std::uint64_t layout_hash;
  abi::OnErrorCode on_error = abi::OnErrorCode::kStop;  // of what its adapter cannot take or write
};

struct KeyDescription {
  abi::KeyCode kind;
  std::uint32_t offset;
  std::uint32_t length;
  std::uint32_t index;
  std::string text;

  // Valid as long as this is.
  op::KeySpec spec() const noexcept { return {kind, offset, length, index, text}; }
};

struct StageDescription {
  std::string id;
  abi::OpCode op;
  std::uint32_t flags;  // abi::StageFlag bits
  std::uint32_t headroom;
  std::uint32_t tailroom;
  std::vector<std::byte> config;  // as it crossed, and checked: op::visit_op() reads it
  op::ConfigFacts facts;
  std::uint32_t emits_max;  // records that it emits at most for one; 0: not known, or none of its own
  abi::OnErrorCode on_error;

  // In a ring: it marks records that go no further.
  bool marks_records() const noexcept {
    const bool goes_on = on_error == abi::OnErrorCode::kDrop || on_error == abi::OnErrorCode::kDeadLetter;
    return has(abi::StageFlag::kFilters) || (has(abi::StageFlag::kFails) && goes_on);
  }
  bool has(abi::StageFlag flag) const noexcept { return (flags & static_cast<std::uint32_t>(flag)) != 0; }
  // A thread of JavaScript runs it.
  bool is_hosted() const noexcept { return op == abi::OpCode::kJs; }
  // Records of a struct are that struct behind it as well.
  bool keeps_records() const noexcept {
    const bool as_they_came = !has(abi::StageFlag::kWrites) && !has(abi::StageFlag::kEmits);
    return as_they_came || has(abi::StageFlag::kKeepsLayout);
  }
};

struct EntryDescription {
  std::uint32_t stage;
  std::vector<std::uint32_t> dependencies;  // entries before this one
  std::optional<std::uint32_t> mark;
  std::uint64_t ancestors;  // bit mask of entries
  std::uint64_t filters;    // entries whose marks it reads
};

// What the plans of both targets have.
struct CatalogDescription {
  std::string name;
  std::vector<BoundaryDescription> boundaries;
  std::vector<StageDescription> stages;
  std::vector<KeyDescription> keys;
};

struct RingDescription : CatalogDescription {
  std::vector<EntryDescription> entries;
  std::uint32_t shards = 1;
  abi::OrderingCode ordering = abi::OrderingCode::kStrict;
  abi::LayoutCode layout = abi::LayoutCode::kVariable;
  std::uint32_t record_bytes = 0;
  std::uint32_t headroom = 0;
  std::uint32_t tailroom = 0;
  std::uint32_t ingress = 0;
  std::uint32_t egress = 0;
  std::optional<std::uint32_t> shard_key;
  std::uint32_t mark_count = 0;
  std::uint64_t terminals = 0;
  std::uint64_t egress_filters = 0;

  const StageDescription& stage_of(std::uint32_t entry) const { return stages[entries[entry].stage]; }
};

// One role of a LaneGraph. Roles stand in topological order.
struct RoleDescription {
  std::string id;  // an author's, or an inserted element's (with a colon)
  abi::RoleCode kind;
  std::uint32_t index;  // into boundaries (ingress, egress) or stages (stage); abi::kNone for inserted roles
  abi::PolicyCode policy;
  std::optional<std::uint32_t> key;
  std::vector<std::uint32_t> inlets;   // lanes, in connection order
  std::vector<std::uint32_t> outlets;  // lanes, in connection order
};

struct LaneDescription {
  std::string id;
  abi::LaneKindCode kind;
  std::uint32_t flags;  // abi::LaneFlag bits
  abi::OnFullCode on_full;
  std::uint32_t writer;                // role
  std::vector<std::uint32_t> readers;  // roles
  std::uint32_t connection;            // abi::kNone when inserted
  std::uint32_t capacity_bytes;        // as the author asked, or 0
  std::uint32_t capacity_records;      // SequencedSlots
  abi::CodecCode codec;
  std::uint32_t record_bytes;
  std::uint64_t layout_hash;
  abi::FsyncCode fsync;  // the rest: Journal only
  std::uint32_t fsync_interval_ms;
  std::uint32_t segment_bytes;
  std::uint64_t retain_bytes;
  std::uint64_t retain_ms;

  bool has(abi::LaneFlag flag) const noexcept { return (flags & static_cast<std::uint32_t>(flag)) != 0; }
};

struct LaneGraphDescription : CatalogDescription {
  std::vector<RoleDescription> roles;
  std::vector<LaneDescription> lanes;
};

using Description = std::variant<RingDescription, LaneGraphDescription>;

// Read a spec buffer. Nothing in it is trusted: every offset, count, index, mask and sum is checked or computed again.
// Throw CodedError (SPEC_DAMAGED) where the buffer breaks a bound or an invariant; what() names it with the value
// received.
Description decode(std::span<const std::byte> spec);
RingDescription decode_ring(std::span<const std::byte> spec);
LaneGraphDescription decode_graph(std::span<const std::byte> spec);

}  // namespace byteor::graph

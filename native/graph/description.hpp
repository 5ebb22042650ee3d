// The lowered plan as C++ holds it: decoded, and checked again from scratch. Control path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "abi/abi_generated.hpp"

namespace byteor::graph {

// The spec buffer breaks a bound or an invariant; what() names it with the value received.
class DecodeError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct BoundaryDescription {
  std::string id;
  abi::BoundaryCode kind;
  abi::CodecCode codec;
  std::uint32_t record_bytes;  // struct size; 0 for bytes and utf8
  std::uint64_t layout_hash;
};

struct KeyDescription {
  abi::KeyCode kind;
  std::uint32_t offset;
  std::uint32_t length;
  std::uint32_t index;
  std::string text;
};

struct StageDescription {
  std::string id;
  abi::OpCode op;
  std::uint32_t flags;  // abi::StageFlag bits
  std::uint32_t headroom;
  std::uint32_t tailroom;
  std::string text;
  abi::MatchCode match;
  bool invert;
  std::optional<std::uint32_t> key;

  bool has(abi::StageFlag flag) const noexcept { return (flags & static_cast<std::uint32_t>(flag)) != 0; }
};

struct EntryDescription {
  std::uint32_t stage;
  std::vector<std::uint32_t> dependencies;  // entries before this one
  std::optional<std::uint32_t> mark;
  std::uint64_t ancestors;  // bit mask of entries
  std::uint64_t filters;    // entries whose marks it reads
};

struct RingDescription {
  std::string name;
  std::vector<BoundaryDescription> boundaries;
  std::vector<StageDescription> stages;
  std::vector<KeyDescription> keys;
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

// Reads a spec buffer. Nothing in it is trusted: every offset, count, index, mask and sum is checked or computed again.
// Throws DecodeError.
RingDescription decode_ring(std::span<const std::byte> spec);

}  // namespace byteor::graph

// The buffers that lib/lower writes (test/lower/golden), read by the side that has to accept them. The layouts that
// lib/layout makes for them: layout_test.cpp.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "core/coded_error.hpp"
#include "graph/description.hpp"
#include "support/golden.hpp"

namespace byteor::test {
namespace {

// ---- roles and lanes, as lib/lower/spec-json.ts writes them, without white space ------------------------------------

template <class Enum>
std::string word(Enum value, const std::vector<const char*>& words, std::uint32_t first) {
  return std::string("\"") + words.at(static_cast<std::uint32_t>(value) - first) + '"';
}

std::string list(const std::vector<std::uint32_t>& values) {
  std::string text = "[";
  for (const std::uint32_t value : values) text += (text.size() > 1 ? "," : "") + std::to_string(value);
  return text + "]";
}

std::string index_text(std::uint32_t value) { return value == abi::kNone ? "null" : std::to_string(value); }

std::string hash_text(std::uint64_t hash) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

std::string bool_text(bool value) { return value ? "true" : "false"; }

std::string roles_text(const graph::LaneGraphDescription& graph) {
  std::string text;
  for (const graph::RoleDescription& role : graph.roles) {
    text += text.empty() ? "" : ",";
    text += "{\"id\":\"" + role.id +
            "\",\"kind\":" + word(role.kind, {"Ingress", "Stage", "Egress", "Router", "Merge", "Bridge"}, 1) +
            ",\"index\":" + index_text(role.index) + ",\"policy\":" +
            word(role.policy, {"None", "Broadcast", "RoundRobin", "KeyHash", "Interleave", "Ordered"}, 0) +
            ",\"relay\":" + bool_text(role.id.starts_with("relay:")) +
            ",\"key\":" + index_text(role.key.value_or(abi::kNone)) + ",\"inlets\":" + list(role.inlets) +
            ",\"outlets\":" + list(role.outlets) + "}";
  }
  return "\"roles\":[" + text + "]";
}

std::string lane_text(const graph::LaneDescription& lane) {
  const bool journal = lane.kind == abi::LaneKindCode::kJournal;
  return "{\"id\":\"" + lane.id + "\",\"capacityBytes\":" + std::to_string(lane.capacity_bytes) +
         ",\"capacityRecords\":" + std::to_string(lane.capacity_records) +
         ",\"fsync\":" + (journal ? word(lane.fsync, {"EachBatch", "None", "Interval"}, 1) : "null") +
         ",\"fsyncIntervalMs\":" + std::to_string(lane.fsync_interval_ms) +
         ",\"segmentBytes\":" + std::to_string(lane.segment_bytes) +
         ",\"retainBytes\":" + std::to_string(lane.retain_bytes) + ",\"retainMs\":" + std::to_string(lane.retain_ms) +
         ",\"kind\":" + word(lane.kind, {"Events", "Journal", "SequencedSlots", "FanoutBroadcast"}, 1) +
         ",\"inserted\":" + bool_text(lane.has(abi::LaneFlag::kInserted)) +
         ",\"watermarked\":" + bool_text(lane.has(abi::LaneFlag::kWatermarked)) +
         ",\"onFull\":" + word(lane.on_full, {"Block", "Drop"}, 0) + ",\"writer\":" + std::to_string(lane.writer) +
         ",\"readers\":" + list(lane.readers) + ",\"connection\":" + index_text(lane.connection) +
         ",\"codec\":" + word(lane.codec, {"Bytes", "Utf8", "Struct"}, 0) +
         ",\"recordBytes\":" + std::to_string(lane.record_bytes) + ",\"layoutHash\":\"" + hash_text(lane.layout_hash) +
         "\"}";
}

std::string lanes_text(const graph::LaneGraphDescription& graph) {
  std::string text;
  for (const graph::LaneDescription& lane : graph.lanes) text += (text.empty() ? "" : ",") + lane_text(lane);
  return "\"lanes\":[" + text + "]";
}

TEST(GoldenSpec, OfAGraphHasTheRolesAndLanesThatItsJsonHas) {
  EXPECT_GE(golden_graphs().size(), 9u);
  for (const std::string& name : golden_graphs()) {
    SCOPED_TRACE(name);
    const graph::LaneGraphDescription graph = graph::decode_graph(read_golden(name));
    const std::string json = read_golden_json(name);
    EXPECT_EQ("graph-" + graph.name, name);
    EXPECT_NE(json.find(roles_text(graph)), std::string::npos) << roles_text(graph);
    EXPECT_NE(json.find(lanes_text(graph)), std::string::npos) << lanes_text(graph);
  }
}

}  // namespace
}  // namespace byteor::test

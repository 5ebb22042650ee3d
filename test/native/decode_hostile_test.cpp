// Every word of real lowered plans, replaced by every value at an edge: the decoder accepts or refuses, and what it
// accepts lives through a whole run. Also what the fuzzer found.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "core/coded_error.hpp"
#include "graph/description.hpp"
#include "support/exercise.hpp"
#include "support/exercise_graph.hpp"
#include "support/golden.hpp"
#include "support/program_builder.hpp"
#include "support/spec_builder.hpp"

namespace byteor::test {
namespace {

using abi::MatchCode;
using abi::OpCode;

abi::SpecKey token_key(std::uint32_t index) {
  abi::SpecKey key{};
  key.kind = static_cast<std::uint32_t>(abi::KeyCode::kToken);
  key.index = index;
  return key;
}

struct NamedSpec {
  std::string name;
  RingSpec ring;
};

abi::SetFieldConfig field_write(abi::FieldWriteCode write, abi::FieldCode kind, std::uint32_t offset,
                                std::uint32_t length, std::uint32_t from, std::uint64_t bits) {
  abi::SetFieldConfig row{};
  row.write = static_cast<std::uint32_t>(write);
  row.kind = static_cast<std::uint32_t>(kind);
  row.offset = offset;
  row.length = length;
  row.from = from;
  row.bits = bits;
  return row;
}

// Structs whose fields are set in place, and a last stage that decides where records lie: in Fixed slots or not.
NamedSpec fields(OpCode last) {
  using abi::FieldCode;
  using abi::FieldWriteCode;
  const auto stage = [](const char* id, std::vector<std::uint32_t> on, abi::SetFieldConfig field, const char* text) {
    StageSpec stage{id, OpCode::kSetField, std::move(on)};
    stage.field = field;
    stage.field_text = text;
    return stage;
  };
  NamedSpec spec{last == OpCode::kAppend ? "fields of moving records" : "fields", {}};
  spec.ring.stages = {stage("v", {}, field_write(FieldWriteCode::kValue, FieldCode::kU16, 2, 2, 0, 0xffff), ""),
                      stage("b", {0}, field_write(FieldWriteCode::kValue, FieldCode::kBytes, 5, 3, 0, 0), "00ff7f"),
                      stage("t", {1}, field_write(FieldWriteCode::kValue, FieldCode::kUtf8, 8, 4, 0, 0), "ab"),
                      stage("c", {2}, field_write(FieldWriteCode::kFrom, FieldCode::kU32, 0, 4, 8, 0), ""),
                      stage("a", {3}, field_write(FieldWriteCode::kAdd, FieldCode::kF64, 4, 8, 0, 0), ""),
                      {"z", last, {4}, last == OpCode::kAppend ? "!" : ""}};
  spec.ring.struct_bytes = 12;
  return spec;
}

// Functions of JavaScript, the first in every shard of a ring of four.
NamedSpec functions() {
  const auto bit = [](abi::StageFlag flag) { return static_cast<std::uint32_t>(flag); };
  NamedSpec spec{"functions", {}};
  StageSpec writes = hosted("w", bit(abi::StageFlag::kWrites) | bit(abi::StageFlag::kFilters), {1});
  writes.room = 3;
  writes.on_error = abi::OnErrorCode::kDrop;
  StageSpec passes = hosted("h", bit(abi::StageFlag::kFilters));
  passes.on_error = abi::OnErrorCode::kPass;
  spec.ring.stages = {passes, {"n", OpCode::kCount, {0}}, writes};
  spec.ring.shards = 4;
  spec.ring.shard_key = token_key(0);
  spec.ring.shard_key_text = " ";
  return spec;
}

std::vector<NamedSpec> real_specs() {
  std::vector<NamedSpec> specs;
  specs.push_back({"one stage", {{{"a"}}}});
  specs.push_back({"a chain of everything",
                   {{{"a"},
                     {"f", OpCode::kFilter, {0}, "e", MatchCode::kContains},
                     {"p", OpCode::kPrepend, {1}, "<<"},
                     {"q", OpCode::kAppend, {2}, ">>>"},
                     {"n", OpCode::kCount, {3}, "", MatchCode::kContains, false, token_key(1), " "},
                     {"r", OpCode::kReject, {4}, "zzz", MatchCode::kEndsWith, false},
                     {"c", OpCode::kChecksum, {5}}}}});
  specs.push_back({"a diamond with marks",
                   {{{"a"},
                     {"f", OpCode::kFilter, {0}, "e", MatchCode::kStartsWith, true},
                     {"g", OpCode::kFilter, {0}, "b", MatchCode::kEquals, true},
                     {"j", OpCode::kCount, {1, 2}},
                     {"k", OpCode::kChecksum, {0}}}}});
  NamedSpec shards{"four shards by token", {{{"a"}, {"n", OpCode::kCount, {0}}}}};
  shards.ring.shards = 4;
  shards.ring.shard_key = token_key(0);
  shards.ring.shard_key_text = " ";
  specs.push_back(shards);
  NamedSpec fixed{"structs", {{{"a"}, {"f", OpCode::kFilter, {0}, "e", MatchCode::kContains}}}};
  fixed.ring.struct_bytes = 12;
  specs.push_back(fixed);
  specs.push_back(fields(OpCode::kIdentity));
  specs.push_back(fields(OpCode::kAppend));
  specs.push_back(functions());
  return specs;
}

std::vector<std::uint32_t> edges(std::uint32_t word, std::uint32_t buffer_bytes) {
  std::vector<std::uint32_t> values{0,  1,  2,   3,   7,     8,     9,          63,         64,         65,
                                    16, 96, 255, 256, 65535, 65536, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff};
  for (const std::uint32_t near : {word, buffer_bytes})
    for (const std::uint32_t by : {1u, 4u, 8u}) {
      values.push_back(near - by);
      values.push_back(near + by);
    }
  return values;
}

TEST(HostilePlan, RealPlansAreAcceptedAndLiveInEveryVariant) {
  for (const NamedSpec& spec : real_specs()) {
    const std::vector<std::byte> buffer = SpecBuilder::build(spec.ring);
    for (std::uint32_t variant = 0; variant < 288; ++variant)
      ASSERT_TRUE(Exerciser::run(buffer, {.variant = variant})) << spec.name << ", variant " << variant;
  }
}

TEST(HostilePlan, AnyWordMayHaveAnyEdgeValue) {
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  for (const NamedSpec& spec : real_specs()) {
    const std::vector<std::byte> buffer = SpecBuilder::build(spec.ring);
    for (std::size_t at = 0; at + 4 <= buffer.size(); at += 4) {
      std::uint32_t word;
      std::memcpy(&word, buffer.data() + at, 4);
      for (const std::uint32_t value : edges(word, static_cast<std::uint32_t>(buffer.size()))) {
        std::vector<std::byte> hostile = buffer;
        std::memcpy(hostile.data() + at, &value, 4);
        const auto variant = static_cast<std::uint32_t>(at / 4 + value);
        ++(Exerciser::run(hostile, {.variant = variant, .record_count = 6}) ? accepted : refused);
      }
    }
  }
  EXPECT_GT(accepted, 0u);
  EXPECT_GT(refused, accepted) << "the decoder accepts more damage than it refuses";
}

TEST(HostilePlan, ATruncatedPlanIsRefusedAtEveryLength) {
  const std::vector<std::byte> buffer = SpecBuilder::build(real_specs()[1].ring);
  for (std::size_t length = 0; length < buffer.size(); ++length) {
    // A buffer of its own, so that a sanitizer sees a read past its end.
    const std::vector<std::byte> cut(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(length));
    ASSERT_THROW(graph::decode_ring(cut), core::CodedError) << length;
  }
}

TEST(HostilePlan, AnIdMayNotHaveAByteThatNoIdHas) {
  std::vector<std::byte> buffer = SpecBuilder::build({{{"stage"}}});
  const std::string needle = "stage";
  auto at = std::search(buffer.begin(), buffer.end(), needle.begin(), needle.end(),
                        [](std::byte a, char b) { return a == static_cast<std::byte>(b); });
  ASSERT_NE(at, buffer.end());
  for (const char wrong : {'"', '\\', '\0', '\n', ' ', '\x80'}) {
    at[2] = static_cast<std::byte>(wrong);
    EXPECT_THROW(graph::decode_ring(buffer), core::CodedError) << static_cast<int>(wrong);
  }
}

// Rows of a section of a buffer, to be changed in place.
template <class Row>
void edit_rows(std::vector<std::byte>& buffer, abi::SectionKind kind, const std::function<void(Row&)>& edit) {
  abi::SpecHeader header;
  std::memcpy(&header, buffer.data(), sizeof header);
  for (std::uint32_t i = 0; i < header.section_count; ++i) {
    abi::SpecSection section;
    std::memcpy(&section, buffer.data() + sizeof header + i * sizeof section, sizeof section);
    if (section.kind != static_cast<std::uint32_t>(kind)) continue;
    for (std::uint32_t index = 0; index < section.count; ++index) {
      std::byte* const at = buffer.data() + section.offset + std::uint64_t{index} * sizeof(Row);
      Row row;
      std::memcpy(&row, at, sizeof row);
      edit(row);
      std::memcpy(at, &row, sizeof row);
    }
  }
}

// A condition that every record meets.
std::vector<std::byte> always() {
  expression::test::ProgramBuilder program(expression::ExprRecord::kBytes);
  program.op(expression::ExprOp::kConstant, 0, program.put(expression::ExprTag::kBool, 1));
  program.op(expression::ExprOp::kReturn, 0, 0);
  const std::string config = expression::test::where_config(program.bytes(), 0, "true");
  const auto* const bytes = reinterpret_cast<const std::byte*>(config.data());
  return {bytes, bytes + config.size()};
}

// The core leaves out what its ops cannot do, so a plan that says otherwise would be run as another one.
TEST(HostilePlan, AStageSaysOfABuiltInOpWhatItsRowSays) {
  for (const abi::OpRow& row : abi::kOps) {
    if (row.declared) continue;
    StageSpec stage{"s", row.code};
    if (row.code == OpCode::kSetField)
      stage.field = field_write(abi::FieldWriteCode::kValue, abi::FieldCode::kU8, 0, 1, 0, 1);
    if (row.code == OpCode::kFilterWhere || row.code == OpCode::kRejectWhere) stage.config = always();
    const std::vector<std::byte> right = SpecBuilder::build({.stages = {stage}, .struct_bytes = 8});
    EXPECT_NO_THROW(graph::decode_ring(right)) << row.name;
    for (std::uint32_t bit = 1; bit != 64; bit *= 2) {
      std::vector<std::byte> lying = right;
      edit_rows<abi::SpecStage>(lying, abi::SectionKind::kStages, [bit](abi::SpecStage& s) { s.flags ^= bit; });
      EXPECT_THROW(graph::decode_ring(lying), core::CodedError) << row.name << ", flag " << bit;
    }
  }
}

TEST(HostilePlan, ConfigsLieOneBehindTheOtherAndFillTheirSection) {
  const RingSpec ring{{{"p", OpCode::kAppend, {}, "ab"}, {"q", OpCode::kAppend, {0}, "cd"}}};
  const auto edited = [&](const std::function<void(abi::SpecStage&)>& edit) {
    std::vector<std::byte> buffer = SpecBuilder::build(ring);
    edit_rows<abi::SpecStage>(buffer, abi::SectionKind::kStages, edit);
    return buffer;
  };
  EXPECT_NO_THROW(graph::decode_ring(edited([](abi::SpecStage&) {})));
  EXPECT_THROW(graph::decode_ring(edited([](abi::SpecStage& s) { s.config_offset = 0; })), core::CodedError)
      << "both have the same";
  EXPECT_THROW(graph::decode_ring(edited([](abi::SpecStage& s) { s.config_length = 0xffffffff; })), core::CodedError);
  EXPECT_THROW(graph::decode_ring(edited([](abi::SpecStage& s) {
                 if (s.config_offset != 0) s.config_length = 9;
               })),
               core::CodedError)
      << "a byte is left over";
}

TEST(HostilePlan, ThePlansNameIsAnId) {
  std::vector<std::byte> buffer = SpecBuilder::build({{{"a"}}});
  abi::SpecHeader header;
  std::memcpy(&header, buffer.data(), sizeof header);
  header.name_length = 0;
  std::memcpy(buffer.data(), &header, sizeof header);
  EXPECT_THROW(graph::decode_ring(buffer), core::CodedError);
}

// ---- graphs, from the golden buffers of test/lower
// -------------------------------------------------------------------

TEST(HostileGraph, RealPlansAreAcceptedAndLiveInEveryVariant) {
  for (const std::string& name : golden_graphs()) {
    const std::vector<std::byte> buffer = read_golden(name);
    for (std::uint32_t variant = 0; variant < 192; ++variant)
      ASSERT_TRUE(GraphExerciser::run(buffer, {.variant = variant})) << name << ", variant " << variant;
  }
}

TEST(HostileGraph, FunctionsInThePlaceOfOpsLiveInEveryFifthVariant) {
  for (const std::string& name : golden_graphs()) {
    const std::vector<std::byte> buffer = read_golden(name);
    for (std::uint32_t variant = 0; variant < 192; variant += 5)
      ASSERT_TRUE(GraphExerciser::run(buffer, {.variant = variant, .functions = true}))
          << name << ", variant " << variant;
  }
}

// Many lives are long, so each word meets one in four of the values, and the next word meets others.
TEST(HostileGraph, AnyWordMayHaveAnyEdgeValue) {
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  for (const std::string& name : golden_graphs()) {
    const std::vector<std::byte> buffer = read_golden(name);
    for (std::size_t at = 0; at + 4 <= buffer.size(); at += 4) {
      std::uint32_t word;
      std::memcpy(&word, buffer.data() + at, 4);
      const std::vector<std::uint32_t> values = edges(word, static_cast<std::uint32_t>(buffer.size()));
      for (std::size_t i = at / 4 % 4; i < values.size(); i += 4) {
        const std::uint32_t value = values[i];
        std::vector<std::byte> hostile = buffer;
        std::memcpy(hostile.data() + at, &value, 4);
        const auto variant = static_cast<std::uint32_t>(at / 4 + value);
        ++(GraphExerciser::run(hostile, {.variant = variant, .record_count = 6}) ? accepted : refused);
      }
    }
  }
  EXPECT_GT(accepted, 0u);
  EXPECT_GT(refused, accepted) << "the decoder accepts more damage than it refuses";
}

TEST(HostileGraph, ATruncatedPlanIsRefusedAtEveryLength) {
  const std::vector<std::byte> buffer = read_golden("graph-ordered");
  for (std::size_t length = 0; length < buffer.size(); ++length) {
    const std::vector<std::byte> cut(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(length));
    ASSERT_THROW(graph::decode(cut), core::CodedError) << length;
  }
}

std::vector<std::byte>::iterator find_text(std::vector<std::byte>& buffer, const std::string& text) {
  return std::search(buffer.begin(), buffer.end(), text.begin(), text.end(),
                     [](std::byte a, char b) { return a == static_cast<std::byte>(b); });
}

TEST(HostileGraph, ALanesNameCannotLeadOutOfAFolder) {
  for (const char wrong : {'/', '.', '\\', '"', '\0', ' ', '\x80'}) {
    std::vector<std::byte> buffer = read_golden("graph-line");
    const auto at = find_text(buffer, "a->b");
    ASSERT_NE(at, buffer.end());
    *at = static_cast<std::byte>(wrong);
    EXPECT_THROW(graph::decode_graph(buffer), core::CodedError) << static_cast<int>(wrong);
  }
}

// It would tell the Ordered merge behind it nothing about the records to come, and mix their order.
TEST(HostileGraph, AMergeBeforeAnOrderedOneIsOrderedToo) {
  std::vector<std::byte> buffer = read_golden("graph-ordered");
  std::uint32_t merges = 0;
  edit_rows<abi::SpecRole>(buffer, abi::SectionKind::kRoles, [&](abi::SpecRole& role) {
    if (role.kind != static_cast<std::uint32_t>(abi::RoleCode::kMerge)) return;
    if (merges++ == 0) role.policy = static_cast<std::uint32_t>(abi::PolicyCode::kInterleave);
  });
  ASSERT_EQ(merges, 2u);
  EXPECT_THROW(graph::decode_graph(buffer), core::CodedError);
}

// The memory of a lane is laid out for the records that it says it has.
TEST(HostileGraph, ALanesRecordsAreWhatItsWriterWrites) {
  const auto changed = [](const std::function<void(abi::SpecLane&)>& edit) {
    std::vector<std::byte> buffer = read_golden("graph-structs");
    edit_rows<abi::SpecLane>(buffer, abi::SectionKind::kLanes, edit);
    return buffer;
  };
  EXPECT_NO_THROW(graph::decode_graph(changed([](abi::SpecLane&) {})));
  EXPECT_THROW(graph::decode_graph(changed([](abi::SpecLane& lane) { lane.record_bytes = 8; })), core::CodedError);
  EXPECT_THROW(graph::decode_graph(changed([](abi::SpecLane& lane) { lane.layout_hash ^= 1; })), core::CodedError);
  EXPECT_THROW(graph::decode_graph(changed([](abi::SpecLane& lane) { lane.codec = 1; })), core::CodedError);
}

// A relay reads it, so that no thread of an egress waits for a disk.
TEST(HostileGraph, AnEgressReadsNoJournalItself) {
  std::vector<std::byte> buffer = read_golden("graph-line");
  std::uint32_t lanes = 0;
  edit_rows<abi::SpecLane>(buffer, abi::SectionKind::kLanes, [&](abi::SpecLane& lane) {
    if (++lanes != 4) return;
    lane.kind = static_cast<std::uint32_t>(abi::LaneKindCode::kJournal);
    lane.fsync = static_cast<std::uint32_t>(abi::FsyncCode::kNone);
    lane.capacity_records = 0;
    lane.capacity_bytes = 0;
  });
  ASSERT_EQ(lanes, 4u);
  try {
    graph::decode_graph(buffer);
    FAIL() << "accepted";
  } catch (const core::CodedError& refused) {
    EXPECT_NE(std::string(refused.what()).find("reads a journal without a relay"), std::string::npos) << refused.what();
  }
}

TEST(HostileGraph, ARolesListsAreItsOwn) {
  std::vector<std::byte> buffer = read_golden("graph-line");
  // Every inlet and outlet of every role is a stretch of one table; here they all begin at its first row.
  edit_rows<abi::SpecRole>(buffer, abi::SectionKind::kRoles, [](abi::SpecRole& role) {
    role.inlet_start = 0;
    role.outlet_start = 0;
  });
  EXPECT_THROW(graph::decode_graph(buffer), core::CodedError);
}

}  // namespace
}  // namespace byteor::test

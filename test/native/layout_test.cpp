// Layouts as the core gets them: those that lib/layout makes of the golden plans are accepted, and of any other word in
// one the core either says what is wrong, or lives with it through a whole run.
#include "graph/layout.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <variant>
#include <vector>

#include "core/coded_error.hpp"
#include "support/exercise.hpp"
#include "support/exercise_graph.hpp"
#include "support/golden.hpp"
#include "support/plan_layout.hpp"

namespace byteor::test {
namespace {

const std::vector<std::string> kRings{"chain", "diamond", "eight", "shards", "fields"};

std::vector<std::string> golden_plans() {
  std::vector<std::string> names = golden_graphs();
  names.insert(names.end(), kRings.begin(), kRings.end());
  return names;
}

std::vector<abi::PortCode> native_ports(const graph::Description& description) {
  const std::size_t count = std::visit([](const auto& plan) { return plan.boundaries.size(); }, description);
  return std::vector<abi::PortCode>(count, abi::PortCode::kNative);
}

TEST(GoldenLayout, IsAccepted) {
  for (const std::string& name : golden_plans()) {
    SCOPED_TRACE(name);
    const graph::Description plan = graph::decode(read_golden(name));
    const graph::RegionLayout layout = graph::decode_layout(read_golden_layout(name), plan, native_ports(plan));
    EXPECT_EQ(encode_layout(layout), read_golden_layout(name));
    EXPECT_GT(layout.header.region_bytes, layout.header.observable_bytes);
  }
}

// Two planners that know nothing of each other agree on what they must: agents, parts, and where nothing may be.
TEST(GoldenLayout, HasTheShapeThatTheTestsOwnPlannerMakes) {
  for (const std::string& name : golden_plans()) {
    SCOPED_TRACE(name);
    const graph::Description plan = graph::decode(read_golden(name));
    const graph::RegionLayout golden = graph::decode_layout(read_golden_layout(name), plan, native_ports(plan));
    Options options;
    options.words = true;
    options.lane_bytes = 4096;
    const graph::RegionLayout own = plan_layout(plan, native_ports(plan), options);
    ASSERT_EQ(golden.agent_threads.size(), own.agent_threads.size());
    ASSERT_EQ(golden.parts.size(), own.parts.size());
    for (std::size_t i = 0; i < own.parts.size(); ++i) {
      SCOPED_TRACE(i);
      EXPECT_EQ(golden.parts[i].layout, own.parts[i].layout);
      EXPECT_EQ(golden.parts[i].capacity, own.parts[i].capacity);
      EXPECT_EQ(golden.parts[i].slot_count, own.parts[i].slot_count);
      EXPECT_EQ(golden.parts[i].record_max, own.parts[i].record_max);
      EXPECT_EQ(golden.parts[i].memory_bytes, own.parts[i].memory_bytes);
      EXPECT_EQ(golden.parts[i].stamp_count, own.parts[i].stamp_count);
      EXPECT_EQ(golden.parts[i].journal != 0, own.parts[i].journal != 0);
    }
  }
}

TEST(GoldenLayout, OfAnotherPlanOrOfOtherPortsIsRefused) {
  const graph::Description chain = graph::decode(read_golden("chain"));
  EXPECT_THROW(graph::decode_layout(read_golden_layout("eight"), chain, native_ports(chain)), core::CodedError);
  EXPECT_THROW(graph::decode_layout(read_golden_layout("graph-line"), chain, native_ports(chain)), core::CodedError);
  EXPECT_THROW(graph::decode_layout(read_golden_layout("chain"), chain, {abi::PortCode::kJs, abi::PortCode::kNative}),
               core::CodedError);
}

// Structs of a ring have no arena: a place that nothing is read from lies in the region all the same.
TEST(GoldenLayout, APlaceOfNothingIsRefusedOutsideOfTheRegion) {
  const graph::Description plan = graph::decode(read_golden("fields"));
  graph::RegionLayout layout = graph::decode_layout(read_golden_layout("fields"), plan, native_ports(plan));
  ASSERT_EQ(layout.parts[0].memory_bytes, 0u);
  for (const std::uint64_t place : {~std::uint64_t{0} << 32, layout.header.region_bytes + 4096, std::uint64_t{8}}) {
    layout.parts[0].data = place;
    EXPECT_THROW(graph::decode_layout(encode_layout(layout), plan, native_ports(plan)), core::CodedError) << place;
  }
}

TEST(GoldenLayout, IsRefusedAtEveryOtherLength) {
  const graph::Description plan = graph::decode(read_golden("graph-kept"));
  std::vector<std::byte> bytes = read_golden_layout("graph-kept");
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
    ASSERT_THROW(graph::decode_layout(cut, plan, native_ports(plan)), core::CodedError) << length;
  }
  bytes.push_back(std::byte{0});
  EXPECT_THROW(graph::decode_layout(bytes, plan, native_ports(plan)), core::CodedError);
}

// Places a line or a page further on, sizes one more or less, and the values at the edges.
std::vector<std::uint32_t> edges(std::uint32_t word) {
  return {0,          1,          2,           7,           64,       128,      4096,
          0x40000000, 0x80000000, 0xffffffff,  word + 1,    word - 1, word + 8, word - 8,
          word + 128, word - 128, word + 4096, word - 4096, word * 2};
}

// Every word of every golden plan's layout meets one in `step` of the values, and the next word meets others.
template <class Run>
void bend_everything(const std::vector<std::string>& names, std::size_t step, Run&& run) {
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;
  for (const std::string& name : names) {
    const std::vector<std::byte> layout = read_golden_layout(name);
    for (std::size_t at = 0; at + 4 <= layout.size(); at += 4) {
      std::uint32_t word;
      std::memcpy(&word, layout.data() + at, 4);
      const std::vector<std::uint32_t> values = edges(word);
      for (std::size_t i = at / 4 % step; i < values.size(); i += step) {
        const Exercise exercise{
            .variant = static_cast<std::uint32_t>(at / 4), .record_count = 6, .bend = Bend{at, values[i]}};
        ++(run(read_golden(name), exercise) ? accepted : refused);
      }
    }
  }
  EXPECT_GT(accepted, 0u);
  EXPECT_GT(refused, accepted) << "more damage is accepted than refused";
}

TEST(HostileLayout, OfARingMayHaveAnyEdgeValueInAnyWord) {
  bend_everything(kRings, 3, [](const std::vector<std::byte>& spec, const Exercise& exercise) {
    return Exerciser::run(spec, exercise);
  });
}

TEST(HostileLayout, OfAGraphMayHaveAnyEdgeValueInAnyWord) {
  // Their layouts are of many lanes and roles, whose words mean the same.
  bend_everything(golden_graphs(), 9, [](const std::vector<std::byte>& spec, const Exercise& exercise) {
    return GraphExerciser::run(spec, exercise);
  });
}

}  // namespace
}  // namespace byteor::test

// Layouts of plans with hosted stages: what JavaScript runs stands behind the native threads, a ThreadBlock each stage
// in the order of the catalog, and whatever says otherwise is refused with its reason.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/coded_error.hpp"
#include "graph/layout.hpp"
#include "support/golden.hpp"
#include "support/plan_layout.hpp"
#include "support/spec_builder.hpp"

namespace byteor::test {
namespace {

using abi::PortCode;
using graph::RegionLayout;

Options two_threads() {
  Options options;
  options.capacity = 16;
  options.lane_bytes = 4096;
  return options;
}

// A layout that the tests' planner made, `bent`, as the core reads it. Empty where it is accepted, else the refusal.
std::string refusal(const graph::Description& plan, const std::vector<PortCode>& ports,
                    const std::function<void(RegionLayout&)>& bend) {
  RegionLayout layout = plan_layout(plan, ports, two_threads());
  bend(layout);
  try {
    graph::decode_layout(encode_layout(layout), plan, ports);
    return {};
  } catch (const core::CodedError& error) {
    EXPECT_EQ(error.code(), abi::ErrorCode::kSpecDamaged);
    const std::string all = error.what();
    const std::string before = "the lowered plan is damaged or from another release: ";
    const std::string behind = "; compile the plan again with this release of byteor";
    EXPECT_TRUE(all.starts_with(before) && all.ends_with(behind)) << all;
    return all.substr(before.size(), all.size() - before.size() - behind.size());
  }
}

struct Bending {
  const char* says;
  std::function<void(RegionLayout&)> bend;
};

// Two shards of native, js, native, js; agents of a shard: ingress 0, stages 1 to 4, egress 5. Threads 0 and 1 are
// native, 2 and 3 hosted.
graph::Description hosted_ring() {
  RingSpec spec{{{"a"}, hosted("b", 0, {0}), {"c", abi::OpCode::kIdentity, {1}}, hosted("d", 0, {2})}, 2};
  abi::SpecKey key{};
  key.kind = static_cast<std::uint32_t>(abi::KeyCode::kBytes);
  key.length = 1;
  spec.shard_key = key;
  return graph::decode(SpecBuilder::build(spec));
}

const std::vector<PortCode> kJsInNativeOut{PortCode::kJs, PortCode::kNative};

TEST(HostedLayout, OfARingIsAcceptedAsItsPlannerMakesIt) {
  const RegionLayout layout = plan_layout(hosted_ring(), kJsInNativeOut, two_threads());
  EXPECT_EQ(layout.header.thread_count, 4u);
  EXPECT_EQ(layout.header.hosted_count, 2u);
  EXPECT_EQ(layout.native_threads(), 2u);
  EXPECT_EQ(layout.agent_threads, (std::vector<std::uint32_t>{abi::kNone, 0, 2, 0, 3, 1, abi::kNone, 0, 2, 0, 3, 1}));
  EXPECT_EQ(refusal(hosted_ring(), kJsInNativeOut, [](RegionLayout&) {}), "");
}

TEST(HostedLayout, OfARingIsRefusedWithItsReason) {
  const std::vector<Bending> bendings{
      {"another number of hosted stages than the plan's (received 0)",
       [](RegionLayout& l) { l.header.hosted_count = 0; }},
      {"another number of hosted stages than the plan's (received 1)",
       [](RegionLayout& l) { l.header.hosted_count = 1; }},
      {"another number of hosted stages than the plan's (received 3)",
       [](RegionLayout& l) { l.header.hosted_count = 3; }},
      {"another number of hosted stages than the plan's (received 4)",
       [](RegionLayout& l) { l.header.hosted_count = 4; }},
      {"more hosted stages than threads (received 5)", [](RegionLayout& l) { l.header.hosted_count = 5; }},
      {"more hosted stages than threads (received 4294967295)",
       [](RegionLayout& l) { l.header.hosted_count = abi::kNone; }},
      {"more hosted stages than threads (received 2)", [](RegionLayout& l) { l.header.thread_count = 1; }},
      {"too few or too many threads (received 13)", [](RegionLayout& l) { l.header.thread_count = 13; }},
      {"a hosted stage is on the wrong thread (received 1)", [](RegionLayout& l) { l.agent_threads[2] = 1; }},
      {"a hosted stage is on the wrong thread (received 3)", [](RegionLayout& l) { l.agent_threads[2] = 3; }},
      {"a hosted stage is on the wrong thread (received 4)", [](RegionLayout& l) { l.agent_threads[4] = 4; }},
      {"a hosted stage is on the wrong thread (received 4294967295)",
       [](RegionLayout& l) { l.agent_threads[2] = abi::kNone; }},
      {"a hosted stage is on the wrong thread (received 3)",
       [](RegionLayout& l) { std::swap(l.agent_threads[2], l.agent_threads[4]); }},
      {"a hosted stage is on the wrong thread (received 0)", [](RegionLayout& l) { l.agent_threads[8] = 0; }},
      {"an agent is on the wrong thread (received 2)", [](RegionLayout& l) { l.agent_threads[1] = 2; }},
      {"an agent is on the wrong thread (received 3)", [](RegionLayout& l) { l.agent_threads[9] = 3; }},
      {"an agent is on the wrong thread (received 4294967295)",
       [](RegionLayout& l) { l.agent_threads[3] = abi::kNone; }},
      {"an end is on the wrong thread (received 2)", [](RegionLayout& l) { l.agent_threads[0] = 2; }},
      {"an end is on the wrong thread (received 3)", [](RegionLayout& l) { l.agent_threads[5] = 3; }},
      {"an end is on the wrong thread (received 4294967295)", [](RegionLayout& l) { l.agent_threads[5] = abi::kNone; }},
      // Hosted first, native behind them.
      {"an agent is on the wrong thread (received 2)",
       [](RegionLayout& l) {
         for (std::uint32_t& thread : l.agent_threads)
           if (thread != abi::kNone) thread = (thread + 2) % 4;
       }},
  };
  for (const auto& [says, bend] : bendings) EXPECT_EQ(refusal(hosted_ring(), kJsInNativeOut, bend), says);
}

TEST(HostedLayout, OfAPlanWithoutHostedStagesHasNone) {
  const graph::Description plan = graph::decode(SpecBuilder::build({{{"a"}, {"b", abi::OpCode::kIdentity, {0}}}}));
  EXPECT_EQ(refusal(plan, kJsInNativeOut, [](RegionLayout&) {}), "");
  EXPECT_EQ(refusal(plan, kJsInNativeOut, [](RegionLayout& l) { l.header.hosted_count = 1; }),
            "another number of hosted stages than the plan's (received 1)");
}

TEST(HostedLayout, MayHaveNoNativeThreadAtAll) {
  const graph::Description plan = graph::decode(SpecBuilder::build({{hosted("only")}}));
  const std::vector<PortCode> js{PortCode::kJs, PortCode::kJs};
  EXPECT_EQ(plan_layout(plan, js, two_threads()).native_threads(), 0u);
  EXPECT_EQ(refusal(plan, js, [](RegionLayout&) {}), "");
}

// ---- graphs --------------------------------------------------------------------------------------------------------

// A golden plan whose stages are hosted, every second one or all of them: their order in the catalog need not be that
// of their roles.
graph::Description hosted_graph(const std::string& name, std::size_t every) {
  graph::Description plan = graph::decode(read_golden(name));
  auto& graph = std::get<graph::LaneGraphDescription>(plan);
  for (std::size_t i = 0; i < graph.stages.size(); i += every) graph.stages[i].op = abi::OpCode::kJs;
  return plan;
}

std::vector<PortCode> native_ends(const graph::Description& plan) {
  return std::vector<PortCode>(std::get<graph::LaneGraphDescription>(plan).boundaries.size(), PortCode::kNative);
}

TEST(HostedLayout, OfEveryGoldenGraphIsAcceptedAndEveryOtherThreadIsRefused) {
  for (const std::string& name : golden_graphs()) {
    SCOPED_TRACE(name);
    for (const std::size_t every : {1u, 2u}) {
      const graph::Description plan = hosted_graph(name, every);
      const auto& graph = std::get<graph::LaneGraphDescription>(plan);
      const std::vector<PortCode> ports = native_ends(plan);
      EXPECT_EQ(refusal(plan, ports, [](RegionLayout&) {}), "");
      for (std::uint32_t role = 0; role < graph.roles.size(); ++role) {
        const bool stage = graph.roles[role].kind == abi::RoleCode::kStage;
        const bool is_hosted = stage && graph.stages[graph.roles[role].index].op == abi::OpCode::kJs;
        for (const int by : {-1, 1}) {
          const std::string said = refusal(plan, ports, [&](RegionLayout& l) {
            std::uint32_t& thread = l.agent_threads[role];
            thread = is_hosted ? thread + by : l.native_threads();
          });
          EXPECT_NE(said.find("is on the wrong thread"), std::string::npos) << role << ": " << said;
        }
      }
    }
  }
}

TEST(HostedLayout, OfAJournalsFilesStandBeforeTheHostedStages) {
  const graph::Description plan = hosted_graph("graph-kept", 1);
  const auto& graph = std::get<graph::LaneGraphDescription>(plan);
  const std::vector<PortCode> ports = native_ends(plan);
  const std::size_t files = graph.roles.size();
  const RegionLayout layout = plan_layout(plan, ports, two_threads());
  ASSERT_GT(layout.agent_threads.size(), files);
  EXPECT_EQ(layout.agent_threads.back(), layout.native_threads() - 1);
  const std::string hosted_thread = std::to_string(layout.native_threads());
  EXPECT_EQ(refusal(plan, ports, [&](RegionLayout& l) { l.agent_threads.back() = l.native_threads(); }),
            "what writes files has no own thread (received " + hosted_thread + ")");
}

}  // namespace
}  // namespace byteor::test

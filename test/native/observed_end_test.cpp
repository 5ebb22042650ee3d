// What an end shows of itself: asked of a fake end that does as it is told.

#include "graph/observed_end.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace byteor::graph {
namespace {

class ToldEnd final : public core::WaitingAgent {
 public:
  std::uint32_t do_work() noexcept override { return moves; }
  bool done() noexcept override { return ended; }
  core::WaitDescriptor wait_descriptor() const noexcept override { return {outside ? 7 : -1, 0}; }

  std::uint32_t moves = 0;
  bool ended = false;
  bool outside = false;
};

constexpr std::uint32_t kNeighbour = 5;

struct Watched {
  explicit Watched(EndSide side)
      : end(told, side, {ObservedEnd::Shard{&first, kNeighbour}, ObservedEnd::Shard{&second, kNeighbour + 3}}) {}

  abi::AgentState state() const { return static_cast<abi::AgentState>(first.state.load()); }

  abi::AgentEntry first{};
  abi::AgentEntry second{};
  ToldEnd told;
  ObservedEnd end;
};

TEST(ObservedEnd, PassesOnWhatTheEndSays) {
  Watched watched(EndSide::kIngress);
  watched.told.moves = 12;
  watched.told.outside = true;
  EXPECT_EQ(watched.end.do_work(), 12u);
  EXPECT_EQ(watched.end.waiting()->wait_descriptor().fd, 7);
  EXPECT_FALSE(watched.end.done());
  EXPECT_EQ(watched.state(), abi::AgentState::kWorking);
}

TEST(ObservedEnd, ASourceWithoutInputWaitsForTheOutside) {
  Watched watched(EndSide::kIngress);
  watched.told.outside = true;
  watched.end.do_work();
  EXPECT_EQ(watched.state(), abi::AgentState::kWaiting);
  EXPECT_EQ(watched.first.waits_for.load(), abi::kNone);
}

TEST(ObservedEnd, ASourceWithoutRoomIsStalledOnTheEgressOfItsShard) {
  Watched watched(EndSide::kIngress);
  watched.end.do_work();
  EXPECT_EQ(watched.state(), abi::AgentState::kStalled);
  EXPECT_EQ(watched.first.waits_for.load(), kNeighbour);
  EXPECT_EQ(watched.second.waits_for.load(), kNeighbour + 3);
}

TEST(ObservedEnd, ASinkWithoutRecordsWaitsForTheLastStage) {
  Watched watched(EndSide::kEgress);
  watched.end.do_work();
  EXPECT_EQ(watched.state(), abi::AgentState::kWaiting);
  EXPECT_EQ(watched.first.waits_for.load(), kNeighbour);
}

TEST(ObservedEnd, ASinkWhoseOutputTakesNothingIsStalledOnTheOutside) {
  Watched watched(EndSide::kEgress);
  watched.told.outside = true;
  watched.end.do_work();
  EXPECT_EQ(watched.state(), abi::AgentState::kStalled);
  EXPECT_EQ(watched.first.waits_for.load(), abi::kNone);
}

TEST(ObservedEnd, OneThatIsDoneStaysDone) {
  Watched watched(EndSide::kEgress);
  watched.told.ended = true;
  EXPECT_TRUE(watched.end.done());
  watched.end.do_work();
  EXPECT_EQ(watched.state(), abi::AgentState::kDone);
  EXPECT_EQ(static_cast<abi::AgentState>(watched.second.state.load()), abi::AgentState::kDone);
}

}  // namespace
}  // namespace byteor::graph

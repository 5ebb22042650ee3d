// A stage of a graph whose records a host works on, between two lanes, in the shipped role. One thread.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "fake_host.hpp"
#include "lane/batch_role.hpp"
#include "op/hosted.hpp"
#include "stage_between.hpp"

namespace byteor::test {

struct HostedShape {
  LaneShape inlet = {};
  LaneShape outlet = {};
  LaneShape letters = {};
  HostSizes host = {};
  abi::OnErrorCode on_error = abi::OnErrorCode::kStop;
  std::uint32_t room = 8;
  std::uint32_t elements_max = abi::kNone;
  std::uint32_t batch_records = 64;
  bool is_sink = false;
};

struct HostedBetween : StageBetween {
  explicit HostedBetween(const HostedShape& shape = {})
      : StageBetween(shape.inlet, shape.outlet, shape.letters, shape.is_sink),
        host(shape.host),
        op(shape.room, shape.batch_records, shape.elements_max) {
    role = std::make_unique<lane::BatchRole<op::HostedOp>>(stage_context(shape.on_error, shape.batch_records), op);
    op.set_host(&host);
  }

  void end() {
    writer->close();
    work();
    EXPECT_TRUE(role->done());
    EXPECT_EQ(site.state(), abi::AgentState::kDone);
    expect_ledger();
  }
  // The one failure of the stage, which ends there.
  void expect_failure(std::uint64_t sequence, const std::string& cause) {
    EXPECT_TRUE(role->done());
    EXPECT_EQ(site.state(), abi::AgentState::kFailed);
    ASSERT_EQ(site.failures.all().size(), 1u);
    EXPECT_EQ(site.failures.all()[0].sequence, sequence);
    EXPECT_EQ(site.failures.all()[0].cause, cause);
    expect_ledger();
  }

  FakeHost host;
  op::HostedOp op;
};

}  // namespace byteor::test

// A stage of a graph whose records a host works on, between two lanes, in the shipped role. One thread.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>

#include "fake_host.hpp"
#include "lane/batch_role.hpp"
#include "lanes.hpp"
#include "letters.hpp"
#include "op/hosted.hpp"

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

struct HostedBetween {
  explicit HostedBetween(const HostedShape& shape = {})
      : is_sink(shape.is_sink),
        inlet(shape.inlet),
        outlet(shape.outlet),
        letters(shape.letters),
        host(shape.host),
        op(shape.room, shape.batch_records, shape.elements_max),
        writer(inlet.writer()),
        reader(outlet.reader()) {
    lane::RoleContext context = site.context(shape.batch_records);
    context.inlets.push_back(inlet.inlet_end());
    if (!shape.is_sink) context.outlets.push_back(outlet.outlet_end());
    context.on_error = letters.policy(shape.on_error);
    role = std::make_unique<lane::BatchRole<op::HostedOp>>(std::move(context), op);
    op.set_host(&host);
  }

  void put_all(std::initializer_list<const char*> texts) {
    for (const char* text : texts) ASSERT_TRUE(put(*writer, text, next_ordinal++));
  }
  // Until nothing moves any more.
  void work() {
    while (role->do_work() != 0) {
    }
  }
  const abi::ConsumerBlock& block() { return inlet.consumer(); }
  // Once the role has stopped.
  void expect_ledger() {
    role->settle();
    expect_stage_ledger(block());
    EXPECT_EQ(block().in.load(), inlet.producer().published.load());
    if (is_sink) return;
    EXPECT_EQ(block().out.load(), outlet.producer().published.load() + outlet.producer().dropped.load() +
                                      outlet.producer().too_large.load());
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

  const bool is_sink;
  Lane inlet;
  Lane outlet;
  Letters letters;
  FakeHost host;
  op::HostedOp op;
  RoleSite site;
  std::unique_ptr<lane::Outlet> writer;
  std::unique_ptr<lane::Inlet> reader;
  std::unique_ptr<lane::Role> role;
  std::uint64_t next_ordinal = 0;
};

}  // namespace byteor::test

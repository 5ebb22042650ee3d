// A stage of a graph between two lanes, in the shipped role, and its letters. One thread.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <memory>

#include "lanes.hpp"
#include "letters.hpp"

namespace byteor::test {

// Whoever derives from it makes the role, of stage_context(), over an op of its own.
struct StageBetween {
  StageBetween(LaneShape inlet_shape, LaneShape outlet_shape, LaneShape letters_shape, bool is_sink = false)
      : is_sink(is_sink),
        inlet(inlet_shape),
        outlet(outlet_shape),
        letters(letters_shape),
        writer(inlet.writer()),
        reader(outlet.reader()) {}

  lane::RoleContext stage_context(abi::OnErrorCode on_error, std::uint32_t batch_records,
                                  std::uint32_t ordinal_shift = 0) {
    lane::RoleContext context = site.context(batch_records, ordinal_shift);
    context.inlets.push_back(inlet.inlet_end());
    if (!is_sink) context.outlets.push_back(outlet.outlet_end());
    context.on_error = letters.policy(on_error);
    return context;
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

  const bool is_sink;
  Lane inlet;
  Lane outlet;
  Letters letters;
  RoleSite site;
  std::unique_ptr<lane::Outlet> writer;
  std::unique_ptr<lane::Inlet> reader;
  std::unique_ptr<lane::Role> role;
  std::uint64_t next_ordinal = 0;
};

}  // namespace byteor::test

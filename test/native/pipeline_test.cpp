// A whole pipeline without JavaScript: the shipped classes, driven through the region as lib/runtime drives them.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "core/coded_error.hpp"
#include "support/js_ports.hpp"
#include "support/plan_layout.hpp"
#include "support/spec_builder.hpp"

namespace byteor::test {
namespace {

using abi::MatchCode;
using abi::OpCode;

Options small_options() {
  Options options;
  options.capacity = 64;
  options.record_max = 256;
  options.arena_bytes = 4096;
  options.pin = false;
  options.threads = 2;
  return options;
}

std::string record_of(std::uint64_t i) { return "record " + std::to_string(i) + std::string(i % 23, 'x'); }

// Every equation of the ring's ledger, for shard `shard`.
void expect_balanced(run::Pipeline& pipeline, std::uint32_t shard) {
  const RegionView view(pipeline);
  const double published = view.at<abi::ProducerBlock>(view.ring(shard).producer_offset).published.load();
  for (std::uint32_t entry = 0; entry <= view.header().stage_count; ++entry) {
    const abi::ConsumerBlock& block = view.stage(shard, entry);
    EXPECT_EQ(published, block.in + block.skipped) << "entry " << entry;
    EXPECT_EQ(block.in.load(), block.out + block.filtered + block.failed + block.abandoned) << "entry " << entry;
  }
}

struct Outcome {
  std::shared_ptr<run::Pipeline> pipeline;
  std::vector<std::string> delivered;
};

// Pushes `count` records on one thread and polls on another until the shard has ended; halts.
Outcome run_through(const RingSpec& ring, const Options& options, std::uint64_t count) {
  Outcome outcome;
  const std::vector<std::byte> spec = SpecBuilder::build(ring);
  outcome.pipeline = open_pipeline(spec, options);
  outcome.pipeline->start();
  std::thread pusher([&] {
    JsIngress ingress(*outcome.pipeline, 0);
    const RegionView view(*outcome.pipeline);
    for (std::uint64_t i = 0; i < count; ++i) {
      while (!ingress.try_push(record_of(i))) {
        if (view.header().failed.load() != 0) break;
        std::this_thread::yield();
      }
    }
    ingress.flush();
    outcome.pipeline->close_ingress();
  });
  JsEgress egress(*outcome.pipeline, 0);
  while (!egress.drained()) {
    if (egress.poll([&](const std::string& record) { outcome.delivered.push_back(record); }) == 0)
      std::this_thread::yield();
  }
  pusher.join();
  outcome.pipeline->halt();
  return outcome;
}

TEST(Pipeline, AChainDeliversEveryRecordInOrder) {
  const RingSpec ring{{{"a"}, {"b", OpCode::kIdentity, {0}}, {"c", OpCode::kChecksum, {1}}}};
  const Outcome outcome = run_through(ring, small_options(), 20'000);
  ASSERT_EQ(outcome.delivered.size(), 20'000u);
  for (std::uint64_t i = 0; i < outcome.delivered.size(); ++i) ASSERT_EQ(outcome.delivered[i], record_of(i));
  expect_balanced(*outcome.pipeline, 0);
}

TEST(Pipeline, ADiamondSkipsWhatOneBranchFilteredOnlyBelowThatBranch) {
  const RingSpec ring{{{"head"},
                       {"keep7", OpCode::kFilter, {0}, "7", MatchCode::kContains},
                       {"count", OpCode::kCount, {0}},
                       {"tail", OpCode::kCount, {1, 2}}}};
  const Outcome outcome = run_through(ring, small_options(), 5'000);
  std::vector<std::string> expected;
  for (std::uint64_t i = 0; i < 5'000; ++i)
    if (record_of(i).find('7') != std::string::npos) expected.push_back(record_of(i));
  EXPECT_EQ(outcome.delivered, expected);
  const RegionView view(*outcome.pipeline);
  EXPECT_EQ(view.stage(0, 2).in.load(), 5'000);
  EXPECT_EQ(view.stage(0, 3).in.load(), static_cast<double>(expected.size()));
  expect_balanced(*outcome.pipeline, 0);
}

TEST(Pipeline, WritersMoveTheRecordInItsReservedRoom) {
  const RingSpec ring{{{"p1", OpCode::kPrepend, {}, "<"},
                       {"p2", OpCode::kPrepend, {0}, "[["},
                       {"a1", OpCode::kAppend, {1}, ">"},
                       {"a2", OpCode::kAppend, {2}, "]]]"}}};
  const Outcome outcome = run_through(ring, small_options(), 3'000);
  ASSERT_EQ(outcome.delivered.size(), 3'000u);
  for (std::uint64_t i = 0; i < 3'000; ++i) ASSERT_EQ(outcome.delivered[i], "[[<" + record_of(i) + ">]]]");
  expect_balanced(*outcome.pipeline, 0);
}

TEST(Pipeline, AFailedRecordStopsThePipelineAndTheRecordsBeforeItStillArrive) {
  const RingSpec ring{{{"a"},
                       {"b", OpCode::kReject, {0}, "record 777", MatchCode::kStartsWith},
                       {"c", OpCode::kIdentity, {0}},
                       {"d", OpCode::kIdentity, {1, 2}}}};
  const Outcome outcome = run_through(ring, small_options(), 100'000);
  ASSERT_EQ(outcome.delivered.size(), 777u);
  const RegionView view(*outcome.pipeline);
  EXPECT_EQ(view.header().failed.load(), 1u);
  EXPECT_EQ(view.header().failed_sequence, 777u);
  EXPECT_EQ(view.header().failed_agent, 2u);
  EXPECT_EQ(view.stage(0, 1).failed.load(), 1);
  expect_balanced(*outcome.pipeline, 0);
}

TEST(Pipeline, SequencesMayBeginAnywhereBelowAndAcross32Bits) {
  for (const std::uint64_t first : {(1ull << 31) - 100, (1ull << 32) - 100, (1ull << 32) + (1ull << 31) - 7}) {
    Options options = small_options();
    options.first_sequence = first;
    const RingSpec ring{{{"a"}, {"b", OpCode::kFilter, {0}, "9", MatchCode::kContains, true}}};
    const Outcome outcome = run_through(ring, options, 2'000);
    std::vector<std::string> expected;
    for (std::uint64_t i = 0; i < 2'000; ++i)
      if (record_of(i).find('9') == std::string::npos) expected.push_back(record_of(i));
    EXPECT_EQ(outcome.delivered, expected) << first;
    expect_balanced(*outcome.pipeline, 0);
  }
}

TEST(Pipeline, EveryWaitStrategyAndThreadCountGivesTheSameRecords) {
  for (const auto wait :
       {run::WaitStrategy::kAdaptive, run::WaitStrategy::kSpin, run::WaitStrategy::kYield, run::WaitStrategy::kPark}) {
    for (const std::uint32_t threads : {1u, 3u}) {
      Options options = small_options();
      options.wait = wait;
      options.threads = threads;
      const RingSpec ring{{{"a"}, {"b", OpCode::kIdentity, {0}}, {"c", OpCode::kCount, {1}}}};
      const Outcome outcome = run_through(ring, options, 2'000);
      ASSERT_EQ(outcome.delivered.size(), 2'000u);
      expect_balanced(*outcome.pipeline, 0);
    }
  }
}

TEST(Pipeline, HaltInTheMiddleAbandonsByCount) {
  const RingSpec ring{{{"a"}, {"f", OpCode::kFilter, {0}, "1", MatchCode::kContains}, {"c", OpCode::kCount, {1}}}};
  const std::vector<std::byte> spec = SpecBuilder::build(ring);
  for (int round = 0; round < 20; ++round) {
    auto pipeline = open_pipeline(spec, small_options());
    pipeline->start();
    JsIngress ingress(*pipeline, 0, 1);
    for (std::uint64_t i = 0; ingress.try_push(record_of(i)) && i < 40; ++i) {
    }
    pipeline->halt();
    expect_balanced(*pipeline, 0);
    EXPECT_TRUE(pipeline->threads_ended());
  }
}

TEST(Pipeline, ADiscardedEgressCountsWhatArrives) {
  Options options = small_options();
  options.ports.push_back({.id = "out", .port = abi::PortCode::kDiscard});
  const RingSpec ring{{{"a"}, {"f", OpCode::kFilter, {0}, "3", MatchCode::kContains}}};
  const std::vector<std::byte> spec = SpecBuilder::build(ring);
  auto pipeline = open_pipeline(spec, options);
  pipeline->start();
  JsIngress ingress(*pipeline, 0);
  double expected = 0;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    ingress.push(record_of(i));
    expected += record_of(i).find('3') != std::string::npos ? 1 : 0;
  }
  ingress.flush();
  pipeline->close_ingress();
  while (!pipeline->threads_ended()) std::this_thread::yield();
  pipeline->halt();
  EXPECT_EQ(RegionView(*pipeline).stage(0, 2).in.load(), expected);
  expect_balanced(*pipeline, 0);
}

class FixedLayout : public testing::TestWithParam<bool> {};

TEST_P(FixedLayout, CarriesStructsWithoutHeaders) {
  RingSpec ring{{{"a"}, {"b", OpCode::kChecksum, {0}}, {"f", OpCode::kFilter, {1}, "7.", MatchCode::kContains, true}}};
  ring.struct_bytes = 12;
  Options options;
  options.capacity = 48;
  options.pin = false;
  options.words = GetParam();
  options.first_sequence = (1ull << 32) - 500;
  const std::vector<std::byte> spec = SpecBuilder::build(ring);
  auto pipeline = open_pipeline(spec, options);
  pipeline->start();
  JsIngress ingress(*pipeline, 0);
  JsEgress egress(*pipeline, 0);
  std::vector<std::string> delivered;
  const auto take = [&](const std::string& record) { delivered.push_back(record); };
  for (int i = 0; i < 1'000; ++i) {
    std::string record = std::to_string(100'000 + i) + "......";
    while (!ingress.try_push(record)) egress.poll(take);
  }
  ingress.flush();
  pipeline->close_ingress();
  while (!egress.drained()) egress.poll(take);
  ASSERT_EQ(delivered.size(), 900u);
  EXPECT_EQ(delivered[899], "100999......");
  pipeline->halt();
  expect_balanced(*pipeline, 0);
}

TEST_P(FixedLayout, CountsWhatWasPublishedButNotReadWhenItIsHalted) {
  RingSpec ring{{{"a"}}};
  ring.struct_bytes = 8;
  Options options;
  options.capacity = 16;
  options.pin = false;
  options.words = GetParam();
  auto pipeline = open_pipeline(SpecBuilder::build(ring), options);
  pipeline->start();
  JsIngress ingress(*pipeline, 0, 4);
  while (ingress.try_push("12345678")) {
  }
  pipeline->halt();
  expect_balanced(*pipeline, 0);
  EXPECT_EQ(RegionView(*pipeline).stage(0, 1).abandoned.load(), 16);
}

INSTANTIATE_TEST_SUITE_P(Publications, FixedLayout, testing::Bool());

TEST(Pipeline, ShardsAreIndependentRingsAndKeysDecide) {
  RingSpec ring{{{"a"}, {"n", OpCode::kCount, {0}}}};
  ring.shards = 4;
  abi::SpecKey key{};
  key.kind = static_cast<std::uint32_t>(abi::KeyCode::kToken);
  key.index = 1;
  ring.shard_key = key;
  ring.shard_key_text = " ";
  const std::vector<std::byte> spec = SpecBuilder::build(ring);
  auto pipeline = open_pipeline(spec, small_options());
  pipeline->start();
  std::uint32_t used = 0;
  for (std::uint64_t i = 0; i < 40; ++i) {
    const std::string record = "key " + std::to_string(i) + " value";
    const auto shard = pipeline->find_shard({reinterpret_cast<const std::byte*>(record.data()), record.size()});
    ASSERT_TRUE(shard.has_value());
    ASSERT_LT(*shard, 4u);
    used |= 1u << *shard;
    JsIngress(*pipeline, *shard, 1).push(record);
    if (i == 0) break;
  }
  EXPECT_NE(used, 0u);
  const std::string keyless = "nokey";
  // Its owner sends it to shard 0 and counts it (lib/handle/push.ts).
  EXPECT_EQ(pipeline->find_shard({reinterpret_cast<const std::byte*>(keyless.data()), keyless.size()}), std::nullopt);
  pipeline->halt();
  for (std::uint32_t shard = 0; shard < 4; ++shard) expect_balanced(*pipeline, shard);
}

TEST(Pipeline, AnImpossibleOptionIsRefusedByName) {
  const std::vector<std::byte> spec = SpecBuilder::build({{{"a"}}});
  Options options = small_options();
  options.batch_records = abi::kBatchRecordsMax + 1;
  try {
    open_pipeline(spec, options);
    FAIL() << "opened";
  } catch (const core::CodedError& error) {
    EXPECT_EQ(error.code(), abi::ErrorCode::kOptionRange);
    EXPECT_NE(std::string(error.what()).find("batchRecords is 65537"), std::string::npos);
  }
  options = small_options();
  options.ports.push_back({.id = "nowhere"});
  EXPECT_THROW(open_pipeline(spec, options), core::CodedError);
}

}  // namespace
}  // namespace byteor::test

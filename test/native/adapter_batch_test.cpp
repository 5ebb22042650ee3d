// The contract of adapters: the agents around batch sources and sinks, the configuration, and the table.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapter/batch.hpp"
#include "adapter/batch_sink_agent.hpp"
#include "adapter/batch_source_agent.hpp"
#include "adapter/config.hpp"
#include "adapter/registry.hpp"
#include "core/coded_error.hpp"
#include "support/failures.hpp"
#include "support/fake_producer.hpp"
#include "support/ring_fixture.hpp"

namespace byteor::adapter {
namespace {

using test::Failures;
using test::FakeProducer;
using test::RingFixture;

std::string text_of(const BatchRecord& record) { return {reinterpret_cast<const char*>(record.data), record.length}; }

// Takes `room` records, then nothing until it gets more; holds back what it takes until it is flushed, where asked.
struct Device {
  std::vector<std::string> texts;
  std::size_t room = SIZE_MAX;
  std::optional<std::string> fails_at = {};
  std::optional<std::string> gone_at = {};
  bool holds_back = false;
  std::uint64_t held = 0;
  int writes = 0;
};

class DeviceSink final : public BatchSink {
 public:
  explicit DeviceSink(Device& device) : device_(device) {}

  WriteAnswer write(std::span<const BatchRecord> records) noexcept override {
    ++device_.writes;
    WriteAnswer answer{WriteStatus::kOk};
    for (const BatchRecord& record : records) {
      const std::string text = text_of(record);
      if (text == device_.fails_at) answer.status = WriteStatus::kFailed;
      if (text == device_.gone_at) answer.status = WriteStatus::kReaderGone;
      if (device_.texts.size() == device_.room) answer.status = WriteStatus::kNotNow;
      if (answer.status != WriteStatus::kOk) return answer;
      device_.texts.push_back(text);
      ++answer.taken;
      if (device_.holds_back) {
        ++device_.held;
      } else {
        ++answer.written;
        answer.bytes += record.length;
      }
    }
    return answer;
  }
  WriteAnswer flush() noexcept override { return {WriteStatus::kOk, 0, std::exchange(device_.held, 0), 0}; }
  core::WaitDescriptor wait_descriptor() const noexcept override { return {7, 4}; }
  std::string failure() const override { return "the device is broken; mend it"; }
  void describe(std::string& text) const override { text += ",\"device\":true"; }

 private:
  Device& device_;
};

// A ring whose records go to a device.
struct Egress {
  Egress() : agent(std::make_unique<DeviceSink>(device), {&ring.consumer}, parts()) {}

  SinkParts parts() {
    return {3, 256, failures, false, [this] { ++readers_gone; }};
  }
  void push(std::initializer_list<const char*> records) {
    for (const char* record : records) ASSERT_TRUE(ring.push(record));
  }
  void run() {
    while (agent.do_work() != 0) {
    }
  }

  RingFixture ring{{.capacity = 4}};
  Device device;
  Failures failures;
  int readers_gone = 0;
  BatchSinkAgent<core::RecordConsumer> agent;
};

using Texts = std::vector<std::string>;

TEST(BatchSink, GetsEveryRecordInOrderAndEndsWithItsShard) {
  Egress egress;
  egress.push({"a", "b", "c"});
  egress.run();
  EXPECT_EQ(egress.device.texts, (Texts{"a", "b", "c"}));
  EXPECT_EQ(egress.device.writes, 1) << "one call is for a batch";
  EXPECT_FALSE(egress.agent.done());
  egress.push({"d", "e", "f", "g"});
  egress.ring.producer.close();
  egress.run();
  EXPECT_TRUE(egress.agent.done());
  EXPECT_EQ(egress.device.texts.size(), 7u);
  EXPECT_EQ(egress.agent.records_written(), 7u);
  EXPECT_EQ(egress.agent.bytes_written(), 7u);
  EXPECT_EQ(egress.agent.records_unwritten(), 0u);
  std::string text;
  egress.agent.describe(text);
  EXPECT_EQ(text, ",\"bytes\":7,\"records\":7,\"unwritten\":0,\"reader_gone\":false,\"device\":true");
}

TEST(BatchSink, WhatItDoesNotTakeNowKeepsItsPlaceAndIsGivenAgain) {
  Egress egress;
  egress.device.room = 2;
  egress.push({"a", "b", "c", "d"});
  egress.run();
  EXPECT_EQ(egress.device.texts, (Texts{"a", "b"}));
  EXPECT_EQ(egress.agent.wait_descriptor().fd, 7);
  EXPECT_FALSE(egress.ring.push("e")) << "no record of the batch was given back";
  EXPECT_EQ(egress.agent.do_work(), 0u);
  egress.device.room = SIZE_MAX;
  egress.run();
  EXPECT_EQ(egress.device.texts, (Texts{"a", "b", "c", "d"}));
  EXPECT_EQ(egress.agent.wait_descriptor().fd, -1);
  EXPECT_TRUE(egress.ring.push("e"));
  EXPECT_TRUE(egress.failures.all().empty());
}

TEST(BatchSink, AFailureIsOfTheRecordThatWasNotTakenAndTheRestIsCounted) {
  Egress egress;
  egress.device.fails_at = "c";
  egress.push({"a", "b", "c", "d"});
  egress.run();
  const auto failed = egress.failures.all();
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].agent, 3u);
  EXPECT_EQ(failed[0].sequence, 2u);
  EXPECT_EQ(failed[0].cause, "the device is broken; mend it");
  egress.push({"e"});
  egress.ring.producer.close();
  egress.run();
  EXPECT_TRUE(egress.agent.done()) << "nothing upstream hangs";
  EXPECT_EQ(egress.device.texts, (Texts{"a", "b"}));
  EXPECT_EQ(egress.agent.records_written(), 2u);
  EXPECT_EQ(egress.agent.records_unwritten(), 3u);
  EXPECT_EQ(egress.failures.all().size(), 1u);
}

TEST(BatchSink, AReaderThatGoesAwayIsNoFailureAndIsToldOnce) {
  Egress egress;
  egress.device.gone_at = "b";
  egress.push({"a", "b", "c"});
  egress.run();
  egress.push({"d"});
  egress.run();
  EXPECT_EQ(egress.readers_gone, 1);
  EXPECT_TRUE(egress.agent.reader_gone());
  EXPECT_TRUE(egress.failures.all().empty());
  EXPECT_EQ(egress.agent.records_unwritten(), 3u);
}

TEST(BatchSink, WhatItHoldsBackIsFlushedWhenNoRecordWaits) {
  Egress egress;
  egress.device.holds_back = true;
  egress.push({"a", "b"});
  EXPECT_EQ(egress.agent.do_work(), 2u);
  EXPECT_EQ(egress.agent.records_unwritten(), 2u);
  EXPECT_EQ(egress.agent.do_work(), 1u);
  EXPECT_EQ(egress.agent.records_written(), 2u);
  EXPECT_EQ(egress.agent.records_unwritten(), 0u);
  EXPECT_EQ(egress.agent.do_work(), 0u);
}

// Gives the answers that it was told to.
class ToldSource final : public BatchSource {
 public:
  explicit ToldSource(std::vector<ReadAnswer> answers) : answers_(std::move(answers)) {}

  ReadAnswer read(std::span<BatchRecord> into) noexcept override {
    const ReadAnswer answer = answers_[at_++];
    for (std::uint32_t i = 0; i < answer.count; ++i) into[i] = {reinterpret_cast<const std::byte*>("record"), 6, 0};
    return answer;
  }
  core::WaitDescriptor wait_descriptor() const noexcept override { return {9, 1}; }
  std::string failure() const override { return "the source is dry; dig deeper"; }
  std::string name() const override { return "a well"; }
  std::string name_of(std::uint32_t index) const override { return "bucket " + std::to_string(index); }

 private:
  const std::vector<ReadAnswer> answers_;
  std::size_t at_ = 0;
};

struct Ingress {
  explicit Ingress(std::vector<ReadAnswer> answers)
      : agent(std::make_unique<ToldSource>(std::move(answers)), {&producer}, {5, 256, nullptr, failures, state}) {}

  std::atomic<std::uint32_t> state{0};
  FakeProducer producer;
  Failures failures;
  BatchSourceAgent<FakeProducer> agent;
};

TEST(BatchSource, WaitsForItsDescriptorOnlyAfterNotNow) {
  Ingress ingress({{ReadStatus::kRecords, 2}, {ReadStatus::kNotNow}, {ReadStatus::kRecords, 1}, {ReadStatus::kEnd}});
  EXPECT_EQ(ingress.agent.do_work(), 2u);
  EXPECT_EQ(ingress.agent.wait_descriptor().fd, 9);
  EXPECT_EQ(ingress.producer.published(), 2u);
  EXPECT_EQ(ingress.agent.do_work(), 1u);
  EXPECT_EQ(ingress.agent.wait_descriptor().fd, -1);
  EXPECT_TRUE(ingress.agent.done());
  EXPECT_TRUE(ingress.producer.closed);
  EXPECT_EQ(ingress.agent.bytes_read(), 18u);
}

TEST(BatchSource, AFailureComesBehindWhatWasReadAndEndsTheIngress) {
  Ingress ingress({{ReadStatus::kRecords, 2}, {ReadStatus::kFailed}});
  while (!ingress.agent.done()) ingress.agent.do_work();
  const auto failed = ingress.failures.all();
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].agent, 5u);
  EXPECT_EQ(failed[0].sequence, 2u);
  EXPECT_EQ(failed[0].cause, "the source is dry; dig deeper");
  EXPECT_EQ(ingress.producer.published(), 2u);
}

TEST(BatchSource, OverSeveralShardsNeedsAKey) {
  FakeProducer one;
  FakeProducer two;
  Failures failures;
  const std::atomic<std::uint32_t> state{0};
  try {
    BatchSourceAgent<FakeProducer> agent(std::make_unique<ToldSource>(std::vector<ReadAnswer>{}), {&one, &two},
                                         {0, 256, nullptr, failures, state});
    FAIL() << "made";
  } catch (const core::CodedError& error) {
    EXPECT_EQ(error.code(), abi::ErrorCode::kShardKey);
    EXPECT_STREQ(error.what(),
                 "records of a well cannot be spread over 2 shards without a key; give the plan a shard_key");
  }
}

template <class Body>
std::string mismatch(Body&& body) {
  try {
    body();
  } catch (const core::CodedError& error) {
    return error.what();
  }
  return "";
}

TEST(Config, GivesKeysByTypeAndDefaultsForThoseThatAreLeftOut) {
  const Config config{{"path", "a.log"}, {"append", true}, {"from", std::int64_t{5}}};
  EXPECT_EQ(config.text("path"), "a.log");
  EXPECT_TRUE(config.flag("append", false));
  EXPECT_EQ(config.number("from"), 5u);
  EXPECT_TRUE(config.flag("absent", true));
  EXPECT_EQ(config.number("absent"), std::nullopt);
  EXPECT_EQ(config.word("absent", "fast"), "fast");
  EXPECT_EQ(mismatch([&] { config.allow_only({"path", "append", "from"}); }), "");
}

TEST(Config, SaysWhichKeyIsMissingOfAnotherTypeOrUnknown) {
  const Config config{{"path", true}, {"from", std::int64_t{-1}}};
  const std::string begin = "the addon and the package do not fit: the key ";
  EXPECT_EQ(mismatch([&] { config.text("folder"); }), begin + "folder of a port is missing; reinstall byteor");
  EXPECT_EQ(mismatch([&] { config.text("path"); }), begin + "path of a port has another type; reinstall byteor");
  EXPECT_EQ(mismatch([&] { config.number("from"); }), begin + "from of a port is negative; reinstall byteor");
  EXPECT_EQ(mismatch([&] { config.allow_only({"path"}); }), begin + "from of a port is unknown; reinstall byteor");
}

TEST(Adapters, HaveNamesOfTheirOwnAndASide) {
  for (const Adapter& adapter : adapters()) {
    EXPECT_EQ(find_adapter(adapter.name), &adapter);
    EXPECT_TRUE(adapter.source != nullptr || adapter.sink != nullptr) << adapter.name;
  }
  EXPECT_EQ(find_adapter("linse"), nullptr);
}

}  // namespace
}  // namespace byteor::adapter

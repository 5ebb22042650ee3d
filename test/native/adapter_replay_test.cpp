// The records of a journal through the agent of a batch source: what an ingress with the adapter `replay` does.
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "adapter/batch_source_agent.hpp"
#include "adapter/replay/journal_records.hpp"
#include "journal/journal_files.hpp"
#include "op/hash.hpp"
#include "op/key.hpp"
#include "support/fake_lane.hpp"
#include "support/fake_producer.hpp"
#include "support/faulty_disk.hpp"
#include "support/journal_folder.hpp"

namespace byteor::adapter {
namespace {

using test::append_records;
using test::DroppingProducer;
using test::FakeProducer;
using test::FaultyDisk;
using test::journal_in;
using test::journal_on;
using test::record_flags;
using test::record_text;
using test::Reporter;
using test::TempFolder;

std::unique_ptr<JournalRecords> records_of(const std::string& folder, const JournalRecordsOptions& options = {}) {
  journal::ReaderOptions reading;
  reading.folder = folder;
  return std::make_unique<JournalRecords>(std::make_unique<journal::JournalReader>(reading), options);
}

SourceParts parts_of(core::FailureReporter& failures, const std::atomic<std::uint32_t>& state,
                     const op::KeyReader* key = nullptr) {
  return {0, 256, key, failures, state};
}

TEST(Replay, FeedsEveryRecordWithItsFlagsAndCloses) {
  const TempFolder temp;
  ASSERT_TRUE(append_records(*journal::JournalFiles::open(journal_in(temp.path("lane"))), 1000, 1000));
  std::atomic<std::uint32_t> state{0};
  FakeProducer producer;
  Reporter failures;
  producer.room = 700;
  BatchSourceAgent<FakeProducer> source(records_of(temp.path("lane")), {&producer}, parts_of(failures, state));
  while (source.do_work() != 0) {
  }
  EXPECT_EQ(producer.published(), 700u);
  EXPECT_FALSE(source.done());
  producer.room = SIZE_MAX;
  while (!source.done()) source.do_work();
  ASSERT_EQ(producer.published(), 1000u);
  EXPECT_TRUE(producer.closed);
  EXPECT_EQ(source.records(), 1000u);
  for (std::uint64_t s = 0; s < 1000; ++s) {
    ASSERT_EQ(producer.texts[s], record_text(s));
    ASSERT_EQ(producer.terminators[s], record_flags(s));
  }
}

TEST(Replay, GivesEveryRecordToTheShardOfItsKey) {
  const TempFolder temp;
  {
    const auto files = journal::JournalFiles::open(journal_in(temp.path("lane")));
    for (const char* text : {"a 1", "b 2", "a 3", "", "c 4", "b 5"}) ASSERT_TRUE(test::append_text(*files, text));
    ASSERT_TRUE(files->commit());
  }
  std::atomic<std::uint32_t> state{0};
  std::vector<FakeProducer> shards(3);
  Reporter failures;
  const op::KeyReader key({abi::KeyCode::kBytes, 0, 1, 0, ""});
  // A record waits for its own shard, however often the source is asked, and no other record overtakes it.
  const std::uint32_t full = op::shard_of(op::key_hash("a"), 3);
  shards[full].room = 0;
  BatchSourceAgent<FakeProducer> source(records_of(temp.path("lane")), {&shards[0], &shards[1], &shards[2]},
                                        parts_of(failures, state, &key));
  EXPECT_EQ(source.do_work(), 0u);
  EXPECT_EQ(source.do_work(), 0u);
  shards[full].room = SIZE_MAX;
  while (!source.done()) source.do_work();
  std::vector<std::vector<std::string>> expected(3);
  for (const std::string text : {"a 1", "b 2", "a 3", "c 4", "b 5"})
    expected[op::shard_of(op::key_hash(text.substr(0, 1)), 3)].push_back(text);
  // The one without a key, between its neighbours.
  auto& first = expected[0];
  first.insert(
      std::find_if(first.begin(), first.end(), [](const std::string& text) { return text > "a 3" && text != "b 2"; }),
      "");
  for (std::size_t i = 0; i < shards.size(); ++i) {
    EXPECT_EQ(shards[i].texts, expected[i]) << i;
    EXPECT_TRUE(shards[i].closed);
    EXPECT_EQ(shards[i].keyless, i == 0 ? 1 : 0);
  }
  EXPECT_EQ(source.records(), 6u);
  EXPECT_EQ(source.bytes_read(), 15u);
}

TEST(Replay, ALaneThatDropsTakesWhatDoesNotFitAndCountsIt) {
  const TempFolder temp;
  {
    const auto files = journal::JournalFiles::open(journal_in(temp.path("lane")));
    const std::string large(201, 'x');
    ASSERT_TRUE(append_records(*files, 2));
    ASSERT_TRUE(test::append_text(*files, large));
    ASSERT_TRUE(append_records(*files, 3));
  }
  std::atomic<std::uint32_t> state{0};
  DroppingProducer producer;
  producer.room = 3;
  Reporter failures;
  BatchSourceAgent<DroppingProducer> source(records_of(temp.path("lane")), {&producer}, parts_of(failures, state));
  while (!source.done()) source.do_work();
  EXPECT_EQ(producer.texts.size(), 3u);
  EXPECT_EQ(producer.dropped_full, 2);
  EXPECT_EQ(producer.dropped_too_large, 1);
  EXPECT_EQ(source.records(), 6u);
  EXPECT_EQ(failures.count, 0);
}

TEST(Replay, StopsWhenThePipelineClosesAndAfterItsMaximum) {
  const TempFolder temp;
  ASSERT_TRUE(append_records(*journal::JournalFiles::open(journal_in(temp.path("lane"))), 1000, 1000));
  std::atomic<std::uint32_t> state{0};
  FakeProducer producer;
  Reporter failures;
  JournalRecordsOptions options;
  options.records_max = 10;
  BatchSourceAgent<FakeProducer> ten(records_of(temp.path("lane"), options), {&producer}, parts_of(failures, state));
  while (!ten.done()) ten.do_work();
  EXPECT_EQ(producer.published(), 10u);
  BatchSourceAgent<FakeProducer> stopped(records_of(temp.path("lane")), {&producer}, parts_of(failures, state));
  stopped.do_work();
  state = static_cast<std::uint32_t>(abi::RegionState::kClosing);
  EXPECT_EQ(stopped.do_work(), 1u);
  EXPECT_TRUE(stopped.done());
  EXPECT_EQ(producer.published(), 10u + 256u);
}

TEST(Replay, KeepsTheRecordedPace) {
  const TempFolder temp;
  FaultyDisk disk;
  disk.clock_ms = 1'000'000;
  journal::JournalOptions options = journal_on(disk, temp);
  {
    const auto files = journal::JournalFiles::open(options);
    for (const std::uint64_t ms : {0u, 0u, 60u, 120u}) {
      disk.clock_ms = 1'000'500 + ms;
      ASSERT_TRUE(append_records(*files, 1));
    }
  }
  std::atomic<std::uint32_t> state{0};
  FakeProducer producer;
  Reporter failures;
  JournalRecordsOptions recorded;
  recorded.pace = Pace::kRecorded;
  BatchSourceAgent<FakeProducer> source(records_of(temp.path("lane"), recorded), {&producer},
                                        parts_of(failures, state));
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(source.do_work(), 2u);
  while (!source.done()) {
    if (source.do_work() != 0) continue;
    const core::WaitDescriptor wait = source.wait_descriptor();
    ASSERT_GE(wait.fd, 0);
    pollfd polled{wait.fd, wait.events, 0};
    ASSERT_EQ(poll(&polled, 1, 5000), 1);
  }
  EXPECT_EQ(producer.published(), 4u);
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(120));
}

TEST(Replay, ARecordThatIsTooLongOrDamagedIsAFailure) {
  const TempFolder temp;
  {
    const auto files = journal::JournalFiles::open(journal_in(temp.path("lane")));
    const std::string large(201, 'x');
    ASSERT_TRUE(append_records(*files, 3));
    ASSERT_TRUE(test::append_text(*files, large));
    ASSERT_TRUE(append_records(*files, 3));
  }
  std::atomic<std::uint32_t> state{0};
  FakeProducer producer;
  Reporter failures;
  BatchSourceAgent<FakeProducer> source(records_of(temp.path("lane")), {&producer}, parts_of(failures, state));
  while (!source.done()) source.do_work();
  EXPECT_EQ(producer.published(), 3u);
  EXPECT_EQ(producer.too_large, 1);
  EXPECT_EQ(failures.sequence, 3u);
  EXPECT_NE(failures.cause.find("--record-max"), std::string::npos) << failures.cause;
  const std::string path = temp.path("lane/" + test::segment_names(temp.path("lane"))[0]);
  std::string content = test::slurp(path);
  content[sizeof(journal::SegmentHeader) + 25] ^= 1;
  test::overwrite(path, content);
  BatchSourceAgent<FakeProducer> damaged(records_of(temp.path("lane")), {&producer}, parts_of(failures, state));
  while (!damaged.done()) damaged.do_work();
  EXPECT_EQ(failures.count, 2);
  EXPECT_NE(failures.cause.find("is damaged"), std::string::npos) << failures.cause;
}

}  // namespace
}  // namespace byteor::adapter

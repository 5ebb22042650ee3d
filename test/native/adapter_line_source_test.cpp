// Files, pipes and FIFOs into records, compared with a plain model of what a line is.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "adapter/lines/line_source.hpp"
#include "core/coded_error.hpp"
#include "op/hash.hpp"
#include "platform/wake.hpp"
#include "support/lanes.hpp"
#include "support/letters.hpp"
#include "support/lines.hpp"
#include "support/ring_fixture.hpp"
#include "support/temp_folder.hpp"
#include "support/watchdog.hpp"

namespace byteor::adapter {
namespace {

using abi::RegionState;
using abi::TerminatorCode;
using test::Line;
using test::RingShape;

// A source over one or more rings, and what came out of them.
class Bench {
 public:
  explicit Bench(InputFile file, const RingShape& shape = {}, const LineSourceOptions& options = {},
                 std::uint32_t shards = 1, const op::KeyReader* key = nullptr) {
    std::vector<core::RecordProducer*> producers;
    for (std::uint32_t i = 0; i < shards; ++i) {
      rings.push_back(std::make_unique<test::RingFixture>(shape));
      producers.push_back(&rings.back()->producer);
    }
    records.resize(shards);
    source.emplace(std::move(file), producers, key, failures, state, options);
  }

  // Takes what a shard has; the number of records.
  std::uint32_t take(std::uint32_t shard = 0) {
    core::RecordConsumer& consumer = rings[shard]->consumer;
    const std::uint32_t taken = consumer.consume(1u << 20, [&](std::uint64_t, const core::RecordRef& record) {
      records[shard].push_back({std::string(reinterpret_cast<const char*>(record.data), record.length),
                                static_cast<TerminatorCode>(record.flags & abi::kTerminatorMask)});
      return true;
    });
    consumer.release();
    return taken;
  }

  void run() {
    const test::Watchdog watchdog(std::chrono::seconds(120), [&] { return source->name() + " does not end"; });
    while (!source->done()) {
      source->do_work();
      for (std::uint32_t shard = 0; shard < rings.size(); ++shard) take(shard);
    }
    for (std::uint32_t shard = 0; shard < rings.size(); ++shard) {
      take(shard);
      EXPECT_TRUE(rings[shard]->consumer.drained());
    }
  }

  std::string only_failure() const {
    const auto all = failures.all();
    return all.size() == 1 ? all[0].cause : std::to_string(all.size()) + " failures";
  }

  test::Failures failures;
  std::atomic<std::uint32_t> state{static_cast<std::uint32_t>(RegionState::kRunning)};
  std::vector<std::unique_ptr<test::RingFixture>> rings;
  std::vector<std::vector<Line>> records;
  std::optional<LineSource> source;
};

class LineSourceTest : public testing::Test {
 protected:
  InputFile file(const std::string& content) { return InputFile::open(temp_.write("input", content)); }

  std::vector<Line> records_of(const std::string& content, std::uint32_t block_bytes, std::uint32_t batch = 256,
                               const RingShape& shape = {}) {
    Bench bench(file(content), shape, {.batch_records = batch, .block_bytes = block_bytes});
    bench.run();
    EXPECT_EQ(bench.failures.all().size(), 0u);
    EXPECT_EQ(bench.source->records(), bench.records[0].size());
    EXPECT_EQ(bench.source->bytes_read(), content.size());
    return bench.records[0];
  }

  test::TempFolder temp_;
};

std::string shown(const std::string& content) {
  std::string text;
  for (const char c : content) text += c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\0' ? "\\0" : std::string(1, c);
  return text;
}

TEST_F(LineSourceTest, EveryMixOfTerminatorsAtEveryBlockBorderIsRight) {
  for (const std::string& content : test::all_texts("a\r\n", 6))
    for (const std::uint32_t block : {1u, 2u, 3u, 4u})
      ASSERT_EQ(records_of(content, block), test::lines_of(content)) << shown(content) << " in blocks of " << block;
}

TEST_F(LineSourceTest, RandomBytesBecomeTheLinesOfTheModel) {
  std::mt19937 random(42);
  const std::string alphabet("abc\r\n\n\0\xff", 8);
  for (int round = 0; round < 200; ++round) {
    std::string content(random() % 3000, ' ');
    for (char& c : content) c = alphabet[random() % alphabet.size()];
    const std::uint32_t block = 1 + random() % 600;
    ASSERT_EQ(records_of(content, block, 1 + random() % 40), test::lines_of(content)) << "block " << block;
  }
}

TEST_F(LineSourceTest, EveryByteButLfIsContent) {
  std::string content;
  for (int byte = 0; byte < 256; ++byte)
    if (byte != '\n') content += static_cast<char>(byte);
  EXPECT_EQ(records_of(content + "\n", 64), (std::vector<Line>{{content, TerminatorCode::kLf}}));
}

TEST_F(LineSourceTest, AnEmptyFileHasNoRecord) { EXPECT_TRUE(records_of("", 64).empty()); }

TEST_F(LineSourceTest, AFinalLineFeedStartsNoFurtherRecord) {
  EXPECT_EQ(records_of("a\n", 64), (std::vector<Line>{{"a", TerminatorCode::kLf}}));
  EXPECT_EQ(records_of("\n", 64), (std::vector<Line>{{"", TerminatorCode::kLf}}));
}

TEST_F(LineSourceTest, LongLinesPassThroughTinyBlocksWithoutBeingMovedAgainAndAgain) {
  const std::string line(4'000'000, 'x');
  const std::string content = "first\n" + line + "\r\n" + line + "\nlast";
  EXPECT_EQ(records_of(content, 64, 256, {.record_max = 4'000'000}), test::lines_of(content));
}

TEST_F(LineSourceTest, ALineOfExactlyTheMaximumPassesWithEveryTerminator) {
  const std::string line(100, 'x');
  for (const std::uint32_t block : {1u, 7u, 100u, 101u, 102u, 4096u})
    for (const std::string& content : {line, line + "\n", line + "\r\n", "a\n" + line + "\r\nb\r\n" + line})
      ASSERT_EQ(records_of(content, block, 256, {.record_max = 100}), test::lines_of(content)) << "block " << block;
}

TEST_F(LineSourceTest, AFullRingLosesNothing) {
  std::string content;
  for (int i = 0; i < 500; ++i) content += std::string(i % 50, 'x') + std::to_string(i) + "\n";
  for (const std::uint32_t capacity : {1u, 2u, 7u}) {
    EXPECT_EQ(records_of(content, 64, 256, {.capacity = capacity}), test::lines_of(content));
    EXPECT_EQ(records_of(content, 4096, 3, {.capacity = capacity}), test::lines_of(content));
  }
  EXPECT_EQ(records_of(content, 4096, 256, {.record_max = 60, .arena_bytes = 128}), test::lines_of(content));
}

TEST_F(LineSourceTest, AStalledSourceAnswersZeroAndWaitsForNoDescriptor) {
  Bench bench(file("a\nb\nc\n"), {.capacity = 2});
  while (bench.source->do_work() != 0) {
  }
  EXPECT_EQ(bench.source->records(), 2u);
  EXPECT_EQ(bench.source->wait_descriptor().fd, -1);
  EXPECT_EQ(bench.take(), 2u);
  EXPECT_EQ(bench.source->do_work(), 1u);
}

TEST_F(LineSourceTest, OneTurnMovesAtMostABatch) {
  Bench bench(file("1\n2\n3\n4\n5\n"), {}, {.batch_records = 2});
  EXPECT_EQ(bench.source->do_work(), 2u);
  EXPECT_EQ(bench.take(), 2u) << "and publishes it";
  EXPECT_EQ(bench.source->do_work(), 2u);
  EXPECT_EQ(bench.source->do_work(), 1u);
}

TEST_F(LineSourceTest, SequencesMayBeginNearTheEndOf32Bits) {
  for (const std::uint64_t first : {0x7ffffff0ull, 0xfffffff0ull, 0x1fffffff0ull}) {
    std::string content;
    for (int i = 0; i < 100; ++i) content += std::to_string(i) + "\n";
    EXPECT_EQ(records_of(content, 64, 256, {.capacity = 8, .first = first}), test::lines_of(content));
  }
}

// ---- lines that are too long ---------------------------------------------------------------------------------------

TEST_F(LineSourceTest, ALineOverTheMaximumIsAStatedFailureAfterTheLinesBeforeIt) {
  Bench bench(file("a\nb\n" + std::string(101, 'x') + "\nd\n"), {.record_max = 100, .first = 40}, {.agent = 3});
  bench.run();
  EXPECT_EQ(bench.only_failure(),
            "line 3 of " + temp_.path("input") +
                " has 101 bytes, more than the record maximum of 100; raise it with --record-max");
  EXPECT_EQ(bench.failures.all()[0].agent, 3u);
  EXPECT_EQ(bench.failures.all()[0].sequence, 42u);
  EXPECT_EQ(bench.records[0], test::lines_of("a\nb\n"));
  EXPECT_EQ(bench.rings[0]->producer_block.too_large.load(), 1.0);
  EXPECT_TRUE(bench.rings[0]->producer.closed());
}

TEST_F(LineSourceTest, ALoneCrAfterALineOfTheMaximumIsOneByteTooMany) {
  for (const std::uint32_t block : {1u, 64u}) {
    Bench bench(file(std::string(100, 'x') + "\r"), {.record_max = 100}, {.block_bytes = block});
    bench.run();
    EXPECT_NE(bench.only_failure().find("has 101 bytes"), std::string::npos) << bench.only_failure();
  }
}

TEST_F(LineSourceTest, AnEndlessLineIsNotReadToItsEnd) {
  Bench bench(file(std::string(32 << 20, 'x') + "\n"), {.record_max = 1000}, {.block_bytes = 4096});
  bench.run();
  EXPECT_EQ(bench.only_failure(), "line 1 of " + temp_.path("input") +
                                      " is longer than the record maximum of 1000 bytes (4096 read so far, and no "
                                      "end); raise it with --record-max");
  EXPECT_EQ(bench.source->bytes_read(), 4096u);
}

TEST_F(LineSourceTest, UnderDropALineOverTheMaximumIsCountedAsFailedAndTheOthersKeepTheirOrder) {
  const std::string exact(100, 'e');
  const std::string text = std::string(101, 'x') + "\na\n" + exact + "\r\n" + std::string(5000, 'y') + "\n\n" +
                           std::string(101, 'z') + "\r\n" + exact + "\n";
  const std::vector<std::pair<std::string, int>> ends = {{"b", 3}, {exact + "\r", 4}, {exact + "xx", 4}};
  for (const auto& [end, failed] : ends) {
    for (const std::uint32_t block : {1u, 7u, 100u, 4096u}) {
      lane::OnError drop{abi::OnErrorCode::kDrop};
      Bench bench(file(text + end), {.record_max = 100}, {.block_bytes = block, .on_error = &drop});
      bench.run();
      EXPECT_EQ(bench.records[0], test::lines_of("a\n" + exact + "\r\n\n" + exact + "\n" + (failed == 3 ? end : "")));
      EXPECT_TRUE(bench.failures.all().empty());
      const abi::ProducerBlock& counts = bench.rings[0]->producer_block;
      EXPECT_EQ(counts.failed.load(), failed);
      EXPECT_EQ(counts.failed_dropped.load(), failed);
      EXPECT_EQ(counts.too_large.load(), failed);
      EXPECT_EQ(counts.causes[static_cast<std::size_t>(abi::FailureCause::kTooLarge)].load(), failed);
      EXPECT_EQ(bench.source->records(), bench.records[0].size() + static_cast<std::size_t>(failed));
    }
  }
}

// Letters of up to 2032 bytes, of which 1500 are the line's.
TEST_F(LineSourceTest, UnderDeadLetterALineOverTheMaximumIsInALetterAndTheOthersKeepTheirOrder) {
  const std::string whole(1500, 'w');
  const std::string text = "a\n" + std::string(101, 'x') + "\r\nb\n" + whole + "\nc\n" + std::string(9000, 'y') + "\nd";
  for (const std::uint32_t block : {1u, 100u, 4096u, 65536u}) {
    test::Letters letters({.capacity = 4096, .record_max = 2032});
    lane::OnError policy = letters.policy(abi::OnErrorCode::kDeadLetter);
    Bench bench(file(text), {.record_max = 100}, {.agent = 3, .block_bytes = block, .on_error = &policy});
    std::vector<test::Letter> got;
    const test::Watchdog watchdog(std::chrono::seconds(60), [] { return "the source does not end"; });
    while (!bench.source->done()) {
      bench.source->do_work();
      bench.take();
      for (test::Letter& letter : letters.take(1)) got.push_back(std::move(letter));
    }
    for (test::Letter& letter : letters.take()) got.push_back(std::move(letter));
    EXPECT_TRUE(letters.ended());
    EXPECT_EQ(bench.records[0], test::lines_of("a\nb\nc\nd"));
    EXPECT_TRUE(bench.failures.all().empty());
    ASSERT_EQ(got.size(), 3u) << "block of " << block;
    EXPECT_EQ(got[0].record, std::string(101, 'x'));
    EXPECT_EQ(got[0].flags, static_cast<std::uint32_t>(TerminatorCode::kCrLf));
    EXPECT_EQ(got[0].sequence, 1u) << "the place that it would have had";
    EXPECT_EQ(got[0].agent, 3u);
    EXPECT_EQ(got[0].cause, abi::FailureCause::kTooLarge);
    EXPECT_NE(got[0].message.find("has 101 bytes, more than the record maximum of 100; raise it with --record-max"),
              std::string::npos);
    EXPECT_EQ(got[1].record, whole);
    EXPECT_EQ(got[1].flags & abi::kLetterCut, 0u);
    EXPECT_EQ(got[2].record, std::string(1500, 'y'));
    EXPECT_NE(got[2].flags & abi::kLetterCut, 0u);
    EXPECT_NE(got[2].message.find("bytes that were read this letter has the first 1500"), std::string::npos);
    const abi::ProducerBlock& counts = bench.rings[0]->producer_block;
    EXPECT_EQ(counts.failed.load(), 3);
    EXPECT_EQ(counts.failed_dead_lettered.load(), 3);
    EXPECT_EQ(bench.source->records(), 7u);
  }
}

TEST_F(LineSourceTest, AFullLaneOfLettersHoldsTheSourceUpAndLosesNothing) {
  test::Letters letters({.capacity = 2048, .record_max = 1008});
  lane::OnError policy = letters.policy(abi::OnErrorCode::kDeadLetter);
  std::string text;
  for (int i = 0; i != 40; ++i) text += std::to_string(i) + std::string(100, 'x') + "\n" + std::to_string(i) + "\n";
  Bench bench(file(text), {.capacity = 64, .record_max = 100}, {.block_bytes = 64, .on_error = &policy});
  for (int turn = 0; turn != 1000; ++turn) bench.source->do_work();
  EXPECT_FALSE(bench.source->done());
  std::vector<test::Letter> got;
  const test::Watchdog watchdog(std::chrono::seconds(60), [] { return "the source does not end"; });
  while (!bench.source->done()) {
    for (test::Letter& letter : letters.take(1)) got.push_back(std::move(letter));
    bench.source->do_work();
    bench.take();
  }
  for (test::Letter& letter : letters.take()) got.push_back(std::move(letter));
  ASSERT_EQ(got.size(), 40u);
  ASSERT_EQ(bench.records[0].size(), 40u);
  for (std::size_t i = 0; i != 40; ++i) {
    EXPECT_EQ(got[i].record, std::to_string(i) + std::string(100, 'x'));
    EXPECT_EQ(got[i].sequence, i);
    EXPECT_EQ(bench.records[0][i].bytes, std::to_string(i));
  }
}

// What a lane that drops has no room for is counted, whether the end of the line has been read or not.
TEST_F(LineSourceTest, ALaneThatDropsCountsALineOverTheMaximumAndGoesOn) {
  const std::string exact(100, 'e');
  const std::string text = std::string(101, 'x') + "\na\n" + exact + "\r\n" + std::string(5000, 'y') + "\n\n" +
                           std::string(101, 'z') + "\r\n" + exact + "\n";
  const std::vector<std::pair<std::string, std::uint64_t>> ends = {{"b", 3}, {exact + "\r", 4}, {exact + "xx", 4}};
  for (const auto& [end, too_large] : ends) {
    for (const std::uint32_t block : {1u, 7u, 100u, 4096u}) {
      test::Lane lane({.capacity = 4096, .record_max = 100, .drops = true});
      const auto writer = lane.framed_writer();
      const auto reader = lane.framed_reader();
      test::Failures failures;
      std::atomic<std::uint32_t> state{static_cast<std::uint32_t>(RegionState::kRunning)};
      LineSourceOptions options;
      options.block_bytes = block;
      BasicLineSource<lane::FramedWriter> source(file(text + end), {writer.get()}, nullptr, failures, state, options);
      std::vector<std::string> got;
      const test::Watchdog watchdog(std::chrono::seconds(60), [] { return "the source does not end"; });
      while (!source.done()) {
        source.do_work();
        for (std::string& record : test::take(*reader)) got.push_back(std::move(record));
      }
      std::vector<std::string> expected{"a", exact, "", exact};
      if (end == "b") expected.push_back(end);
      EXPECT_EQ(got, expected) << block;
      EXPECT_TRUE(failures.all().empty());
      EXPECT_EQ(lane.producer().too_large.load(), static_cast<double>(too_large));
      EXPECT_EQ(source.records(), expected.size() + too_large);
      EXPECT_TRUE(reader->ended());
    }
  }
}

TEST_F(LineSourceTest, FixedRecordsTakeLinesOfJustThatLength) {
  Bench good(file("abcd\nefgh\n"), {.record_bytes = 4});
  good.run();
  EXPECT_EQ(good.records[0], test::lines_of("abcd\nefgh\n"));

  for (const std::string line : {"abc", "abcde", ""}) {
    Bench bad(file("abcd\n" + line + "\n"), {.record_bytes = 4});
    bad.run();
    EXPECT_EQ(bad.only_failure(), "line 2 of " + temp_.path("input") + " has " + std::to_string(line.size()) +
                                      " bytes, but every record of this plan has 4 (struct codec); repair the line or "
                                      "use the codec bytes");
    EXPECT_EQ(bad.records[0].size(), 1u);
  }
}

TEST_F(LineSourceTest, FixedRecordsHaveNoPlaceForOtherTerminators) {
  Bench crlf(file("abcd\r\n"), {.record_bytes = 4});
  crlf.run();
  EXPECT_EQ(crlf.only_failure(), "line 1 of " + temp_.path("input") +
                                     " ends with CR LF, which records of a struct codec cannot keep; end every line "
                                     "with LF or use the codec bytes");
  Bench none(file("abcd\nefgh"), {.record_bytes = 4});
  none.run();
  EXPECT_EQ(none.only_failure(), "line 2 of " + temp_.path("input") +
                                     " ends without a line feed, which records of a struct codec cannot keep; end "
                                     "every line with LF or use the codec bytes");
}

// ---- shards --------------------------------------------------------------------------------------------------------

class ShardedSource : public LineSourceTest {
 protected:
  ShardedSource() : key_(spec()) {}
  static op::KeySpec spec() {
    op::KeySpec spec;
    spec.kind = abi::KeyCode::kToken;
    spec.text = " ";
    spec.index = 1;
    return spec;
  }
  op::KeyReader key_;
};

TEST_F(ShardedSource, SendsEveryLineToTheShardOfItsKeyInOrder) {
  std::string content;
  std::vector<std::vector<Line>> expected(4);
  for (int i = 0; i < 1000; ++i) {
    const std::string key = "user" + std::to_string(i % 37);
    const std::string line = std::to_string(i) + " " + key + " x";
    content += line + "\n";
    expected[op::shard_of(op::key_hash(key), 4)].push_back({line, TerminatorCode::kLf});
  }
  for (const std::uint32_t capacity : {3u, 1024u}) {
    Bench bench(file(content), {.capacity = capacity}, {.block_bytes = 100}, 4, &key_);
    bench.run();
    EXPECT_EQ(bench.records, expected);
  }
}

TEST_F(ShardedSource, CountsKeylessLinesOnceAndSendsThemToShard0) {
  Bench bench(file("none\nalso-none\n1 a\n"), {.capacity = 1}, {}, 4, &key_);
  bench.run();
  EXPECT_EQ(bench.rings[0]->producer_block.keyless.load(), 2.0);
  ASSERT_GE(bench.records[0].size(), 2u);
  EXPECT_EQ(bench.records[0][0].bytes, "none");
  EXPECT_EQ(bench.records[0][1].bytes, "also-none");
}

TEST_F(ShardedSource, NeedsAKey) {
  test::RingFixture one;
  test::RingFixture two;
  test::Failures failures;
  const std::atomic<std::uint32_t> state{static_cast<std::uint32_t>(RegionState::kRunning)};
  try {
    LineSource source(file("a\n"), {&one.producer, &two.producer}, nullptr, failures, state, {});
    FAIL() << "two shards without a key";
  } catch (const core::CodedError& error) {
    EXPECT_EQ(error.code(), abi::ErrorCode::kShardKey);
    EXPECT_EQ(
        std::string(error.what()),
        "lines of " + temp_.path("input") + " cannot be spread over 2 shards without a key; give the plan a shard_key");
  }
}

// ---- pipes, FIFOs, the end -----------------------------------------------------------------------------------------

TEST_F(LineSourceTest, APipePublishesWhatItHasBeforeMoreComes) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  Bench bench(InputFile::lend(ends[0], "standard input"));
  EXPECT_EQ(bench.source->do_work(), 0u);
  EXPECT_EQ(bench.source->wait_descriptor().fd, ends[0]);
  ASSERT_EQ(write(ends[1], "one\ntw", 6), 6);
  EXPECT_EQ(bench.source->do_work(), 1u);
  EXPECT_EQ(bench.take(), 1u);
  EXPECT_EQ(bench.source->do_work(), 0u);
  ASSERT_EQ(write(ends[1], "o\r", 2), 2);
  EXPECT_EQ(bench.source->do_work(), 1u) << "bytes came, though no line";
  EXPECT_EQ(bench.take(), 0u);
  ASSERT_EQ(write(ends[1], "\n", 1), 1);
  EXPECT_EQ(bench.source->do_work(), 1u);
  EXPECT_EQ(bench.take(), 1u);
  close(ends[1]);
  bench.run();
  EXPECT_EQ(bench.records[0], test::lines_of("one\ntwo\r\n"));
  close(ends[0]);
}

TEST_F(LineSourceTest, ALineThatArrivesByteByByteIsOneRecord) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  Bench bench(InputFile::lend(ends[0], "standard input"), {}, {.block_bytes = 16});
  const std::string content = "a line that comes slowly\r\nand another\nand an unfinished one";
  for (const char c : content) {
    ASSERT_EQ(write(ends[1], &c, 1), 1);
    bench.source->do_work();
  }
  close(ends[1]);
  bench.run();
  EXPECT_EQ(bench.records[0], test::lines_of(content));
  close(ends[0]);
}

// As the runner does it: look, arm, look again, sleep.
void run_like_a_thread(core::WaitingAgent& agent, platform::Sleeper& sleeper) {
  while (!agent.done()) {
    if (agent.do_work() != 0) continue;
    sleeper.arm();
    if (agent.do_work() != 0 || agent.done()) {
      sleeper.disarm();
      continue;
    }
    const core::WaitDescriptor wait = agent.wait_descriptor();
    sleeper.watch(wait.fd, wait.events);
    sleeper.sleep();
  }
}

TEST_F(LineSourceTest, IsStoppedWhileItWaitsForAFifoThatNobodyOpens) {
  ASSERT_EQ(mkfifo(temp_.path("fifo").c_str(), 0600), 0);
  const test::Watchdog watchdog(std::chrono::seconds(60));
  Bench bench(InputFile::open(temp_.path("fifo")));
  std::atomic<std::uint32_t> armed{0};
  std::atomic<std::uint32_t> word{0};
  platform::Sleeper sleeper(armed, word, 1);
  std::thread thread([&] { run_like_a_thread(*bench.source, sleeper); });
  while (armed.load() == 0) std::this_thread::yield();
  bench.state.store(static_cast<std::uint32_t>(RegionState::kClosing), std::memory_order_seq_cst);
  sleeper.wake();
  thread.join();
  EXPECT_TRUE(bench.rings[0]->producer.closed());
  EXPECT_TRUE(bench.rings[0]->consumer.drained());
  EXPECT_EQ(bench.failures.all().size(), 0u);
}

TEST_F(LineSourceTest, SleepsThroughAFifoWhoseWriterTakesItsTime) {
  ASSERT_EQ(mkfifo(temp_.path("fifo").c_str(), 0600), 0);
  const test::Watchdog watchdog(std::chrono::seconds(60));
  Bench bench(InputFile::open(temp_.path("fifo")));
  std::atomic<std::uint32_t> armed{0};
  std::atomic<std::uint32_t> word{0};
  platform::Sleeper sleeper(armed, word, 1);
  std::thread thread([&] { run_like_a_thread(*bench.source, sleeper); });
  const int writer = ::open(temp_.path("fifo").c_str(), O_WRONLY);
  for (const std::string piece : {"on", "e\n", "two\r", "\nthr", "ee"}) {
    ASSERT_EQ(write(writer, piece.data(), piece.size()), static_cast<ssize_t>(piece.size()));
    while (armed.load() == 0) std::this_thread::yield();
  }
  close(writer);
  thread.join();
  bench.take();
  EXPECT_EQ(bench.records[0], test::lines_of("one\ntwo\r\nthree"));
}

TEST_F(LineSourceTest, AStopEndsItEvenWhenLinesAreLeft) {
  Bench bench(file("a\nb\nc\n"), {}, {.batch_records = 1});
  EXPECT_EQ(bench.source->do_work(), 1u);
  bench.state.store(static_cast<std::uint32_t>(RegionState::kClosing));
  EXPECT_EQ(bench.source->do_work(), 1u) << "closing is work: sleepers must hear of it";
  EXPECT_TRUE(bench.source->done());
  EXPECT_EQ(bench.source->do_work(), 0u);
  EXPECT_EQ(bench.take(), 1u);
  EXPECT_TRUE(bench.rings[0]->consumer.drained());
}

TEST_F(LineSourceTest, AReadErrorIsAStatedFailure) {
  Bench bench(InputFile::open("/proc/self/mem"));
  bench.run();
  EXPECT_EQ(bench.only_failure(),
            "cannot read /proc/self/mem after 0 bytes (line 1): Input/output error; check the device, then run again");
  EXPECT_TRUE(bench.rings[0]->producer.closed());
}

TEST_F(LineSourceTest, ShowsTheSizeOfItsInput) {
  EXPECT_EQ(Bench(file("12345")).source->input_bytes(), 5u);
  EXPECT_EQ(Bench(InputFile::open("/dev/null")).source->input_bytes(), std::nullopt);
}

// ---- the scanner under it ------------------------------------------------------------------------------------------

template <class Simd>
void compare_scanner() {
  using Scanner = BasicNewlineScanner<Simd>;
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string text(random() % 400, 'x');
    for (char& c : text)
      if (random() % (1 + round % 9) == 0) c = random() % 8 == 0 ? '\x0b' : '\n';
    const std::size_t size = text.size();
    text.append(Scanner::kOverreadBytes, '\n');  // what lies behind the end must not count
    std::vector<std::size_t> expected;
    for (std::size_t i = 0; i < size; ++i)
      if (text[i] == '\n') expected.push_back(i);
    Scanner scanner;
    scanner.restart(text.data());
    std::vector<std::size_t> found;
    for (std::size_t end = 0;; end = std::min(size, end + 1 + random() % 100)) {
      while (const char* at = scanner.next(text.data() + end))
        found.push_back(static_cast<std::size_t>(at - text.data()));
      if (end == size) break;
    }
    ASSERT_EQ(found, expected);
  }
}

TEST(NewlineScanner, FindsWhatAPlainSearchFindsWithTheVectorsOfThisMachine) { compare_scanner<op::simd::Native>(); }
TEST(NewlineScanner, FindsWhatAPlainSearchFindsWithWords) { compare_scanner<op::simd::Portable>(); }

}  // namespace
}  // namespace byteor::adapter

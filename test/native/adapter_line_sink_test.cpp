// Records into files, pipes and devices, and whole files through source, ring and sink.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "adapter/lines/line_sink.hpp"
#include "adapter/lines/line_source.hpp"
#include "op/hash.hpp"
#include "platform/wake.hpp"
#include "support/letters.hpp"
#include "support/lines.hpp"
#include "support/ring_fixture.hpp"
#include "support/temp_folder.hpp"
#include "support/watchdog.hpp"

namespace byteor::adapter {
namespace {

using abi::RegionState;
using abi::TerminatorCode;

class LineSinkTest : public testing::Test {
 protected:
  // One ring, or several.
  void rings(std::uint32_t count, const test::RingShape& shape = {}) {
    rings_.clear();
    for (std::uint32_t i = 0; i < count; ++i) rings_.push_back(std::make_unique<test::RingFixture>(shape));
  }
  test::RingFixture& ring(std::uint32_t shard = 0) { return *rings_.at(shard); }

  LineSink& sink_to(OutputFile file, LineSinkOptions options = {}) {
    if (rings_.empty()) rings(1);
    std::vector<core::RecordConsumer*> consumers;
    for (const auto& one : rings_) consumers.push_back(&one->consumer);
    sink_.emplace(std::move(file), consumers, failures_, std::move(options));
    return *sink_;
  }
  LineSink& sink_to_file(LineSinkOptions options = {}) {
    return sink_to(OutputFile::open(temp_.path("output"), false), std::move(options));
  }

  void close_rings() {
    for (const auto& one : rings_) one->producer.close();
  }
  void run() {
    const test::Watchdog watchdog(std::chrono::seconds(120), [] { return std::string("the sink does not end"); });
    while (!sink_->done()) sink_->do_work();
  }
  std::string output() { return temp_.read("output"); }

  test::TempFolder temp_;
  test::Failures failures_;
  std::vector<std::unique_ptr<test::RingFixture>> rings_;
  std::optional<LineSink> sink_;
};

TEST_F(LineSinkTest, WritesTheTerminatorThatEachRecordHad) {
  LineSink& sink = sink_to_file();
  ring().push("lf");
  ring().push("crlf", TerminatorCode::kCrLf);
  ring().push("none", TerminatorCode::kNone);
  close_rings();
  run();
  EXPECT_EQ(output(), "lf\ncrlf\r\nnone");
  EXPECT_EQ(sink.records_written(), 3u);
  EXPECT_EQ(sink.records_unwritten(), 0u);
  EXPECT_EQ(sink.bytes_written(), 13u);
}

TEST_F(LineSinkTest, NeverGluesALineToOneWithoutATerminator) {
  for (const std::uint32_t buffer : {1u, 2u, 3u, 5u, 4096u}) {
    rings(1);
    sink_to_file({.buffer_bytes = buffer});
    ring().push("a", TerminatorCode::kNone);
    ring().push("", TerminatorCode::kNone);
    ring().push("b");
    ring().push("c", TerminatorCode::kNone);
    ring().push("d", TerminatorCode::kCrLf);
    close_rings();
    run();
    EXPECT_EQ(output(), "a\n\nb\nc\nd\r\n") << "buffer of " << buffer;
    EXPECT_EQ(sink_->records_written(), 5u);
  }
}

TEST_F(LineSinkTest, ARecordWithoutAByteIsWrittenToo) {
  sink_to_file();
  ring().push("", TerminatorCode::kNone);
  close_rings();
  run();
  EXPECT_EQ(output(), "");
  EXPECT_EQ(sink_->records_written(), 1u);
  EXPECT_EQ(sink_->records_unwritten(), 0u);
}

TEST_F(LineSinkTest, MoreTinyRecordsThanABufferCountsAreWritten) {
  rings(1, {.capacity = 1024});
  sink_to_file({.batch_records = 1024});
  for (int i = 0; i < 100; ++i) {
    for (int j = 0; j < 1000; ++j) ASSERT_TRUE(ring().push(""));
    while (sink_->records_written() + sink_->records_unwritten() < static_cast<std::uint64_t>(i + 1) * 1000)
      sink_->do_work();
  }
  close_rings();
  run();
  EXPECT_EQ(output(), std::string(100'000, '\n'));
  EXPECT_EQ(sink_->records_written(), 100'000u);
}

TEST_F(LineSinkTest, UnderDropARecordWithALineFeedIsPassedOverAndCountedInItsPlace) {
  for (const std::uint32_t buffer : {1u, 3u, 64u, 4096u}) {
    rings(1);
    lane::OnError drop{abi::OnErrorCode::kDrop};
    LineSink& sink = sink_to_file({.buffer_bytes = buffer, .on_error = &drop});
    for (const char* record : {"\n", "one", "a\nb", "two\n", "", "three", "\n\n"}) ASSERT_TRUE(ring().push(record));
    close_rings();
    run();
    EXPECT_EQ(output(), "one\n\nthree\n") << "buffer of " << buffer;
    EXPECT_EQ(sink.records_written(), 3u);
    EXPECT_EQ(sink.records_unwritten(), 0u);
    EXPECT_EQ(sink.written().load(), 7u) << "an egress is done with all of them";
    EXPECT_FALSE(sink.failed());
    const abi::ConsumerBlock& counts = ring().consumer.block();
    EXPECT_EQ(counts.in.load(), 7);
    EXPECT_EQ(counts.out.load(), 3);
    EXPECT_EQ(counts.failed.load(), 4);
    EXPECT_EQ(counts.dropped.load(), 4);
    EXPECT_EQ(counts.causes[static_cast<std::size_t>(abi::FailureCause::kBadRecord)].load(), 4);
  }
  EXPECT_TRUE(failures_.all().empty());
}

TEST_F(LineSinkTest, UnderDeadLetterARecordWithALineFeedWaitsForItsLetterAndWhatCameBeforeIsWritten) {
  rings(1);
  test::Letters letters({.capacity = 2048, .record_max = 1008});
  lane::OnError policy = letters.policy(abi::OnErrorCode::kDeadLetter);
  LineSink& sink = sink_to_file({.agent = 5, .on_error = &policy});
  for (int i = 0; i != 12; ++i) {
    ASSERT_TRUE(ring().push(std::to_string(i)));
    ASSERT_TRUE(ring().push(std::to_string(i) + "\n" + std::string(100, 'x')));
  }
  for (int turn = 0; turn != 100; ++turn) sink.do_work();
  const std::uint64_t held = sink.written().load();
  EXPECT_LT(held, 24u);
  EXPECT_EQ(held % 2, 1u) << "the line before the one that waits is written";
  close_rings();
  std::vector<test::Letter> got;
  const test::Watchdog watchdog(std::chrono::seconds(60), [] { return std::string("the sink does not end"); });
  while (!sink.done()) {
    for (test::Letter& letter : letters.take(1)) got.push_back(std::move(letter));
    sink.do_work();
  }
  for (test::Letter& letter : letters.take()) got.push_back(std::move(letter));
  EXPECT_TRUE(letters.ended());
  ASSERT_EQ(got.size(), 12u);
  EXPECT_EQ(got[3].record, "3\n" + std::string(100, 'x'));
  EXPECT_EQ(got[3].sequence, 7u);
  EXPECT_EQ(got[3].agent, 5u);
  EXPECT_EQ(got[3].cause, abi::FailureCause::kBadRecord);
  EXPECT_NE(got[3].message.find("the record of 102 bytes holds a line feed at byte 1"), std::string::npos);
  EXPECT_EQ(output(), "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n");
  EXPECT_EQ(sink.written().load(), 24u);
  EXPECT_EQ(ring().consumer.block().dead_lettered.load(), 12);
  EXPECT_TRUE(failures_.all().empty());
}

TEST_F(LineSinkTest, WhereLettersCannotBeWrittenAnyMoreItEndsAndCountsWhatIsLeft) {
  rings(1);
  test::Letters letters({.capacity = 2048, .record_max = 1008});
  lane::OnError policy = letters.policy(abi::OnErrorCode::kDeadLetter);
  std::atomic<bool> failed = false;
  policy.letters_failed = &failed;
  LineSink& sink = sink_to_file({.on_error = &policy});
  for (int i = 0; i != 12; ++i) ASSERT_TRUE(ring().push("a\n" + std::string(100, 'x')));
  ASSERT_TRUE(ring().push("b"));
  for (int turn = 0; turn != 100; ++turn) sink.do_work();
  const std::uint64_t held = sink.written().load();
  failed = true;
  close_rings();
  run();
  EXPECT_EQ(sink.written().load(), held);
  EXPECT_EQ(sink.records_unwritten(), 13 - held);
  EXPECT_EQ(output(), "");
}

TEST_F(LineSinkTest, UnderDropMoreFailedRecordsThanABufferCountsAreDoneWith) {
  rings(1, {.capacity = 1024});
  lane::OnError drop{abi::OnErrorCode::kDrop};
  sink_to_file({.batch_records = 1024, .on_error = &drop});
  for (int i = 0; i < 100; ++i) {
    for (int j = 0; j < 1000; ++j) ASSERT_TRUE(ring().push("\n"));
    while (ring().consumer.block().failed.load() < (i + 1) * 1000) sink_->do_work();
  }
  close_rings();
  run();
  EXPECT_EQ(output(), "");
  EXPECT_EQ(sink_->written().load(), 100'000u);
}

TEST_F(LineSinkTest, ARecordWithALineFeedFailsAndOnlyWhatCameBeforeIsWritten) {
  std::size_t reported = 0;
  for (const std::uint32_t buffer : {1u, 3u, 64u, 4096u}) {
    for (const std::string& bad : {std::string("\n"), std::string("a\n"), std::string("\nb"),
                                   std::string(200, 'x') + "\n" + std::string(200, 'y')}) {
      rings(1);
      LineSink& sink = sink_to_file({.agent = 7, .buffer_bytes = buffer});
      ring().push("one");
      ring().push("two", TerminatorCode::kCrLf);
      ring().push(bad);
      ring().push("after");
      close_rings();
      run();
      EXPECT_EQ(output(), "one\ntwo\r\n") << "buffer of " << buffer;
      EXPECT_EQ(sink.records_written(), 2u);
      EXPECT_EQ(sink.records_unwritten(), 2u);
      EXPECT_TRUE(sink.failed());
      const test::ReportedFailure failure = failures_.all().back();
      EXPECT_EQ(failures_.all().size(), ++reported);
      EXPECT_EQ(failure.agent, 7u);
      EXPECT_EQ(failure.sequence, 2u);
      EXPECT_EQ(failure.cause, "cannot write to " + temp_.path("output") + ": the record of " +
                                   std::to_string(bad.size()) + " bytes holds a line feed at byte " +
                                   std::to_string(bad.find('\n')) +
                                   ", so it would be read back as several lines; escape it before");
    }
  }
}

TEST_F(LineSinkTest, WhereEveryRecordIsALineNoLineFeedIsLookedFor) {
  LineSink& sink = sink_to_file({.lines_only = true});
  ring().push("a\nb");
  close_rings();
  run();
  EXPECT_EQ(output(), "a\nb\n");
  EXPECT_FALSE(sink.failed());
}

TEST_F(LineSinkTest, GivesItsFileBackWhenItsThreadHasBeenJoined) {
  LineSink& sink = sink_to_file();
  ring().push("never written");
  sink.close_files();
  OutputFile other = OutputFile::open(temp_.path("output"), false);
  other.begin_use();
  EXPECT_EQ(sink.name(), temp_.path("output"));
}

TEST_F(LineSinkTest, ReplacesAnOldFileAndAppendsWhenAsked) {
  temp_.write("output", "old and much longer\n");
  sink_to_file();
  ring().push("new");
  close_rings();
  run();
  EXPECT_EQ(output(), "new\n");

  rings(1);
  sink_to(OutputFile::open(temp_.path("output"), true));
  ring().push("more");
  close_rings();
  run();
  EXPECT_EQ(output(), "new\nmore\n");
}

TEST_F(LineSinkTest, AppendingDoesNotGlueToAnUnfinishedLastLine) {
  temp_.write("output", "unfinished");
  sink_to(OutputFile::open(temp_.path("output"), true));
  ring().push("next");
  close_rings();
  run();
  EXPECT_EQ(output(), "unfinished\nnext\n");

  temp_.write("output", "unfinished");
  rings(1);
  sink_to(OutputFile::open(temp_.path("output"), true));
  close_rings();
  run();
  EXPECT_EQ(output(), "unfinished") << "nothing to append, nothing to change";
}

TEST_F(LineSinkTest, TakesShardsInTurn) {
  rings(3);
  sink_to_file({.batch_records = 1});
  for (const std::string round : {"1", "2", "3"})
    for (std::uint32_t shard = 0; shard < 3; ++shard)
      ring(shard).push(std::string(1, static_cast<char>('a' + shard)) + round);
  close_rings();
  run();
  EXPECT_EQ(output(), "a1\nb1\nc1\na2\nb2\nc2\na3\nb3\nc3\n");
}

TEST_F(LineSinkTest, GivesRecordsBackOnceTheyAreCopied) {
  rings(1, {.capacity = 4});
  sink_to_file();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(ring().push("x"));
  EXPECT_FALSE(ring().push("x"));
  EXPECT_EQ(sink_->do_work(), 4u);
  EXPECT_TRUE(ring().push("x"));
}

// ---- pipes ---------------------------------------------------------------------------------------------------------

class SinkToPipe : public LineSinkTest {
 protected:
  SinkToPipe() {
    if (pipe(ends_) != 0) throw std::runtime_error("no pipe");
    fcntl(ends_[0], F_SETFL, O_NONBLOCK);
  }
  ~SinkToPipe() override {
    close_reading();
    if (ends_[1] >= 0) close(ends_[1]);
  }
  void close_reading() {
    if (ends_[0] >= 0) close(ends_[0]);
    ends_[0] = -1;
  }
  OutputFile output_file() { return OutputFile::lend(ends_[1], "standard output"); }
  // What is in the pipe now, at most `most` bytes.
  std::string read_now(std::size_t most = 1 << 20) {
    std::string text(most, '\0');
    const ssize_t got = read(ends_[0], text.data(), text.size());
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }

  int ends_[2];
};

TEST_F(SinkToPipe, OutputIsNotHeldBackWhenNothingMoreComes) {
  sink_to(output_file());
  ring().push("one");
  EXPECT_EQ(sink_->do_work(), 1u);
  EXPECT_EQ(read_now(), "") << "it may still grow";
  EXPECT_EQ(sink_->do_work(), 1u);
  EXPECT_EQ(read_now(), "one\n");
  EXPECT_EQ(sink_->do_work(), 0u);
  EXPECT_EQ(sink_->wait_descriptor().fd, -1) << "it waits for records, not for the pipe";
  EXPECT_FALSE(sink_->done());
}

TEST_F(SinkToPipe, AFullPipeStallsWithoutLoss) {
  rings(2, {.capacity = 64, .record_max = 100'000});
  sink_to(output_file(), {.batch_records = 8, .buffer_bytes = 1000});
  const test::Watchdog watchdog(std::chrono::seconds(120));
  std::vector<std::string> expected(2);
  std::mt19937 random(5);
  std::string received;
  bool stalled = false;
  for (int i = 0; i < 400; ++i) {
    const std::uint32_t shard = random() % 2;
    const std::string record = static_cast<char>('0' + shard) + std::string(random() % 7000, 'x');
    while (!ring(shard).push(record)) {
      if (sink_->do_work() != 0) continue;
      stalled = stalled || sink_->wait_descriptor().fd >= 0;
      received += read_now(random() % 5000 + 1);
    }
    expected[shard] += record + "\n";
  }
  close_rings();
  while (!sink_->done())
    if (sink_->do_work() == 0) received += read_now();
  received += read_now();
  EXPECT_TRUE(stalled);
  std::vector<std::string> by_shard(2);
  for (const test::Line& line : test::lines_of(received)) {
    ASSERT_FALSE(line.bytes.empty());
    by_shard.at(static_cast<std::size_t>(line.bytes[0] - '0')) += line.bytes + "\n";
  }
  EXPECT_EQ(by_shard, expected) << "no line has a part of another inside";
  EXPECT_EQ(sink_->records_written(), 400u);
}

TEST_F(SinkToPipe, WaitsForAFullPipeByItsDescriptor) {
  rings(1, {.capacity = 1024, .record_max = 1000});
  sink_to(output_file(), {.buffer_bytes = 4096});
  while (ring().push(std::string(1000, 'x')))
    while (sink_->do_work() != 0) {
    }
  EXPECT_EQ(sink_->do_work(), 0u);
  EXPECT_GE(sink_->wait_descriptor().fd, 0);
  EXPECT_GT(sink_->records_unwritten(), 0u) << "what is in the buffer";
  while (!read_now().empty()) {
  }
  EXPECT_NE(sink_->do_work(), 0u);
}

TEST_F(SinkToPipe, AReaderThatLeavesEndsTheOutputQuietly) {
  int calls = 0;
  sink_to(output_file(), {.on_reader_gone = [&] { ++calls; }});
  for (int i = 0; i < 3; ++i) ring().push("seen");
  while (sink_->do_work() != 0) {
  }
  EXPECT_EQ(read_now(), "seen\nseen\nseen\n");
  close_reading();
  for (int i = 0; i < 5; ++i) ring().push("unseen");
  while (sink_->do_work() != 0) {
  }
  EXPECT_TRUE(sink_->reader_gone());
  EXPECT_FALSE(sink_->done()) << "records may still come, and must not pile up";
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(ring().push("late") || sink_->do_work() != 0);
  close_rings();
  run();
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(sink_->failed());
  EXPECT_TRUE(failures_.all().empty());
  EXPECT_EQ(sink_->records_written(), 3u);
  EXPECT_EQ(sink_->records_written() + sink_->records_unwritten(), ring().consumer_block.in.load());
}

// ---- failures ------------------------------------------------------------------------------------------------------

TEST_F(LineSinkTest, AFullDiskIsAStatedFailureAndEveryRecordIsCounted) {
  sink_to(OutputFile::open("/dev/full", false), {.agent = 7});
  for (int i = 0; i < 10; ++i) ring().push("record");
  close_rings();
  run();
  ASSERT_EQ(failures_.all().size(), 1u);
  EXPECT_EQ(failures_.all()[0].agent, 7u);
  EXPECT_EQ(failures_.all()[0].cause,
            "cannot write /dev/full after 0 bytes: No space left on device; free some space or write to another disk");
  EXPECT_TRUE(sink_->failed());
  EXPECT_EQ(sink_->records_written(), 0u);
  EXPECT_EQ(sink_->records_unwritten(), 10u);
  EXPECT_TRUE(ring().consumer.drained()) << "nothing upstream hangs";
}

TEST_F(LineSinkTest, AFileSizeLimitIsAFailureAndNoSignalAndTheCountIsExact) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 1000;
  sink_to_file({.buffer_bytes = 256});
  for (int i = 0; i < 300; ++i) ring().push("nine byte");  // with the line feed 10 bytes: 100 fit
  close_rings();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &low), 0);
  run();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_EQ(failures_.all().size(), 1u);
  EXPECT_EQ(failures_.all()[0].cause,
            "cannot write " + temp_.path("output") +
                " after 1000 bytes: File too large; raise the file size limit (ulimit -f) or write to another file "
                "system");
  EXPECT_EQ(output().size(), 1000u);
  EXPECT_EQ(sink_->records_written(), 100u);
  EXPECT_EQ(sink_->records_unwritten(), 200u);
}

TEST_F(LineSinkTest, AFailureInTheMiddleOfALargeRecordCountsItAsUnwritten) {
  sink_to(OutputFile::open("/dev/full", false), {.buffer_bytes = 16});
  ring().push(std::string(1000, 'x'));
  ring().push("y");
  close_rings();
  run();
  EXPECT_EQ(failures_.all().size(), 1u);
  EXPECT_EQ(sink_->records_unwritten(), 2u);
}

TEST_F(LineSinkTest, ARecordThatFailedUpstreamEndsTheOutputBeforeIt) {
  sink_to_file();
  for (const char* record : {"a", "b", "c", "d"}) ring().push(record);
  ring().stop_before.store(2);
  run();
  EXPECT_EQ(output(), "a\nb\n");
}

// ---- whole files ---------------------------------------------------------------------------------------------------

struct CopyShape {
  std::uint32_t block;
  std::uint32_t buffer;
  std::uint32_t capacity;
};

class WholeFiles : public LineSinkTest {
 protected:
  std::string copied(const std::string& content, const CopyShape& shape) {
    rings(1, {.capacity = shape.capacity, .record_max = 5000});
    const std::atomic<std::uint32_t> state{static_cast<std::uint32_t>(RegionState::kRunning)};
    LineSource source(InputFile::open(temp_.write("input", content)), {&ring().producer}, nullptr, failures_, state,
                      {.block_bytes = shape.block});
    std::filesystem::remove(temp_.path("output"));
    sink_to_file({.buffer_bytes = shape.buffer});
    const test::Watchdog watchdog(std::chrono::seconds(120), [] { return std::string("the copy does not end"); });
    while (!sink_->done()) {
      source.do_work();
      sink_->do_work();
    }
    EXPECT_TRUE(failures_.all().empty());
    EXPECT_EQ(sink_->bytes_written(), content.size());
    return output();
  }
};

TEST_F(WholeFiles, EveryMixOfTerminatorsIsReproducedByteForByte) {
  for (const std::string& content : test::all_texts("a\r\n", 5))
    for (const CopyShape& shape : {CopyShape{1, 1, 1}, CopyShape{2, 3, 2}, CopyShape{4096, 4096, 64}})
      ASSERT_EQ(copied(content, shape), content);
}

TEST_F(WholeFiles, RandomBytesAreReproducedByteForByte) {
  std::mt19937 random(11);
  for (int round = 0; round < 60; ++round) {
    std::string content(random() % 20'000, ' ');
    const unsigned rare = 1 + random() % 300;
    for (char& c : content) c = random() % rare == 0 ? (random() % 2 ? '\n' : '\r') : static_cast<char>(random());
    const CopyShape shape{static_cast<std::uint32_t>(1 + random() % 3000),
                          static_cast<std::uint32_t>(1 + random() % 3000),
                          static_cast<std::uint32_t>(1 + random() % 100)};
    ASSERT_EQ(copied(content, shape), content) << "round " << round;
  }
}

// As the runner does it, with the sleeping that the platform ships.
struct AgentThread {
  explicit AgentThread(core::WaitingAgent& the_agent) : agent(the_agent) {}
  void run(AgentThread& other) {
    while (!agent.done()) {
      if (agent.do_work() != 0) {
        other.sleeper.wake();
        continue;
      }
      sleeper.arm();
      if (agent.do_work() != 0 || agent.done()) {
        sleeper.disarm();
        other.sleeper.wake();
        continue;
      }
      const core::WaitDescriptor wait = agent.wait_descriptor();
      sleeper.watch(wait.fd, wait.events);
      sleeper.sleep();
    }
    other.sleeper.wake();
  }
  core::WaitingAgent& agent;
  std::atomic<std::uint32_t> armed{0};
  std::atomic<std::uint32_t> word{0};
  platform::Sleeper sleeper{armed, word, 1};
};

TEST_F(WholeFiles, PassThroughTwoThreadsAndTwoPipes) {
  std::string content;
  std::mt19937 random(3);
  for (int i = 0; i < 100'000; ++i) content += std::to_string(random()) + (i % 5 == 0 ? "\r\n" : "\n");
  content += "the last one";
  int in[2];
  int out[2];
  ASSERT_EQ(pipe(in), 0);
  ASSERT_EQ(pipe(out), 0);
  rings(1, {.capacity = 128});
  const std::atomic<std::uint32_t> state{static_cast<std::uint32_t>(RegionState::kRunning)};
  LineSource source(InputFile::lend(in[0], "standard input"), {&ring().producer}, nullptr, failures_, state, {});
  sink_to(OutputFile::lend(out[1], "standard output"));
  const test::Watchdog watchdog(std::chrono::seconds(300), [] { return std::string("the copy does not end"); });
  AgentThread reading(source);
  AgentThread writing(*sink_);
  std::thread feeder([&] {
    for (std::size_t at = 0; at < content.size();) {
      const ssize_t put = write(in[1], content.data() + at, std::min<std::size_t>(content.size() - at, 5000));
      ASSERT_GT(put, 0);
      at += static_cast<std::size_t>(put);
    }
    close(in[1]);
  });
  std::thread source_thread([&] { reading.run(writing); });
  std::thread sink_thread([&] {
    writing.run(reading);
    close(out[1]);
  });
  std::string received;
  for (char block[4096];;) {
    const ssize_t got = read(out[0], block, sizeof block);
    if (got <= 0) break;
    received.append(block, static_cast<std::size_t>(got));
  }
  feeder.join();
  source_thread.join();
  sink_thread.join();
  EXPECT_TRUE(received == content);
  close(in[0]);
  close(out[0]);
}

}  // namespace
}  // namespace byteor::adapter

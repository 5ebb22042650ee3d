// A whole graph without JavaScript: journals, the threads of their files, relays, and what follows their records
// through the lanes behind them, on the shipped threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/coded_error.hpp"
#include "platform/disk.hpp"
#include "run/pipeline.hpp"
#include "support/golden.hpp"
#include "support/lines.hpp"
#include "support/plan_layout.hpp"
#include "support/temp_folder.hpp"
#include "support/watchdog.hpp"

namespace byteor::test {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> texts_of(const std::string& content) {
  std::vector<std::string> texts;
  for (const Line& line : lines_of(content)) texts.push_back(line.bytes);
  return texts;
}

std::string numbered(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += std::to_string(i) + std::string(i % 31, '.') + "\n";
  return text;
}

run::PortOptions lines(const std::string& id, const std::string& path) {
  return {.id = id, .port = abi::PortCode::kNative, .adapter = "lines", .config = {{"path", path}}};
}

class GraphPipeline : public testing::Test {
 protected:
  // The plan `kept`: in ─journal▶ a (append "!") ─journal▶ out, and in ▶ b ─journal▶ out-b.
  std::shared_ptr<run::Pipeline> open(const std::string& input, const std::string& name) {
    Options options;
    options.pin = false;
    options.threads = 2;
    options.lane_bytes = 4096;
    options.journal_folder = temp_.path("journals");
    options.journal_disk = disk_;
    options.ports = {lines("in", input), lines("out", temp_.path(name)), lines("out-b", temp_.path(name + "-b"))};
    auto pipeline = open_pipeline(read_golden("graph-kept"), options);
    pipeline->start();
    return pipeline;
  }

  void run_to_the_end(const std::string& input, const std::string& name) {
    const Watchdog watchdog(180s, [] { return "the graph does not end"; });
    const auto pipeline = open(input, name);
    while (!pipeline->threads_ended()) std::this_thread::sleep_for(1ms);
    pipeline->halt();
  }

  TempFolder temp_;
  platform::Disk* disk_ = nullptr;
};

TEST_F(GraphPipeline, RunsThroughItsJournalsAndDeliversNothingTwice) {
  const std::string text = numbered(2000);
  run_to_the_end(temp_.write("input", text), "first");
  std::string marked;
  for (const std::string& line : texts_of(text)) marked += line + "!\n";
  EXPECT_EQ(temp_.read("first"), marked);
  EXPECT_EQ(temp_.read("first-b"), text);
  // The next run begins with what the journals' readers had not passed on: nothing.
  run_to_the_end(temp_.write("empty", ""), "second");
  EXPECT_EQ(temp_.read("second"), "");
  EXPECT_EQ(temp_.read("second-b"), "");
}

// One run, halted anywhere, and one that finishes what it left: nothing is missing and nothing comes before what is
// before it. Behind two journals a record may come again, after those that the second one still had.
void expect_no_gap(const std::vector<std::string>& all, const std::vector<std::string>& before,
                   const std::vector<std::string>& after, const std::string& what) {
  ASSERT_LE(before.size(), all.size());
  for (std::size_t i = 0; i < before.size(); ++i) ASSERT_EQ(before[i], all[i]) << what;
  std::size_t seen = before.size();
  for (const std::string& line : after) {
    const auto number = static_cast<std::size_t>(std::stoull(line));
    ASSERT_LE(number, seen) << what << ": records are missing";
    ASSERT_EQ(line, all[number]) << what;
    seen = std::max(seen, number + 1);
  }
}

TEST_F(GraphPipeline, HaltedAnywhereTheNextRunGoesOnWithoutAGap) {
  const std::string text = numbered(20'000);
  const std::vector<std::string> plain = texts_of(text);
  std::vector<std::string> marked;
  for (const std::string& line : plain) marked.push_back(line + "!");
  const std::string input = temp_.write("input", text);
  const std::string empty = temp_.write("empty", "");
  std::mt19937 random(std::random_device{}());
  for (int round = 0; round < 6; ++round) {
    std::filesystem::remove_all(temp_.path("journals"));
    const auto pause = std::chrono::microseconds(random() % 30'000);
    {
      const auto pipeline = open(input, "halted");
      std::this_thread::sleep_for(pause);
      pipeline->halt();
    }
    run_to_the_end(empty, "rest");
    const std::string what = "halted after " + std::to_string(pause.count()) + " us";
    expect_no_gap(marked, texts_of(temp_.read("halted")), texts_of(temp_.read("rest")), what + ", out");
    expect_no_gap(plain, texts_of(temp_.read("halted-b")), texts_of(temp_.read("rest-b")), what + ", out-b");
  }
}

// A disk whose syncs do not return before it is told to go on. Any thread.
class HungDisk final : public platform::Disk {
 public:
  int sync_data(int file) noexcept override {
    // An opening syncs what it finds, on the thread that opens, and waits for that.
    if (hangs_.load() && std::this_thread::get_id() != opener_) {
      hanging_.store(true);
      hangs_.wait(true);
    }
    return Disk::sync_data(file);
  }

  bool hanging() const { return hanging_.load(); }
  void go_on() {
    hangs_.store(false);
    hangs_.notify_all();
  }

 private:
  const std::thread::id opener_ = std::this_thread::get_id();
  std::atomic<bool> hangs_{true};
  std::atomic<bool> hanging_{false};
};

// One that takes its time.
class SlowDisk final : public platform::Disk {
 public:
  int sync_data(int file) noexcept override {
    std::this_thread::sleep_for(10ms);
    return Disk::sync_data(file);
  }
};

TEST_F(GraphPipeline, ADiskThatHangsHoldsNeitherAHaltNorTheEndOfThePipeline) {
  const Watchdog watchdog(180s, [] { return "the disk holds the test"; });
  HungDisk hung;
  disk_ = &hung;
  const std::uint32_t regions = run::live_regions();
  const std::string input = temp_.write("input", numbered(2000));
  auto pipeline = open(input, "out");
  while (!hung.hanging()) std::this_thread::sleep_for(1ms);
  const auto began = std::chrono::steady_clock::now();
  pipeline->halt();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  EXPECT_NE(pipeline->status().find("\"left_in_device_call\":true"), std::string::npos) << pipeline->status();
  pipeline.reset();
  EXPECT_EQ(run::live_regions(), regions + 1) << "what the hanging thread uses stays";
  // Its journals are still its own.
  try {
    open(input, "second");
    FAIL() << "two pipelines write one journal";
  } catch (const core::CodedError& error) {
    EXPECT_EQ(error.code(), abi::ErrorCode::kJournalLocked) << error.what();
  }
  hung.go_on();
  while (run::live_regions() != regions) std::this_thread::sleep_for(1ms);
  // Nothing is missing: what was synced or not was counted as not delivered, and comes again.
  run_to_the_end(temp_.write("empty", ""), "rest");
  std::vector<std::string> plain = texts_of(numbered(2000));
  const std::vector<std::string> before = texts_of(temp_.read("out-b"));
  const std::vector<std::string> after = texts_of(temp_.read("rest-b"));
  for (std::size_t i = 0; i < before.size(); ++i) ASSERT_EQ(before[i], plain[i]);
  std::size_t seen = before.size();
  for (const std::string& line : after) {
    const auto number = static_cast<std::size_t>(std::stoull(line));
    ASSERT_LE(number, seen) << "records are missing";
    seen = std::max(seen, number + 1);
  }
}

TEST_F(GraphPipeline, ADiskThatOnlyTakesItsTimeIsWaitedForSoThatTheJournalIsFreeAtOnce) {
  SlowDisk disk;
  disk_ = &disk;
  const std::string input = temp_.write("input", numbered(2000));
  for (int round = 0; round < 5; ++round) {
    const auto pipeline = open(input, "out");
    std::this_thread::sleep_for(15ms);
    pipeline->halt();
    EXPECT_EQ(pipeline->status().find("left_in_device_call"), std::string::npos);
  }
}

}  // namespace
}  // namespace byteor::test

// Random rings on the shipped threads: every wait strategy, one to four threads, capacities from one record, arenas
// that hold hardly two, sequences that begin near 2^31 and 2^32, JavaScript (played by support/js_ports.hpp), files or
// nobody at either end. What arrives is compared with a plain interpreter, and the ledger's equations are checked after
// every round, however it ended.
//
// BYTEOR_STRESS_ROUNDS: rounds a test, instead of the few of a daily run. BYTEOR_STRESS_SEED: repeat one round (its
// seed is in every failure); otherwise each run draws others.
#include <gtest/gtest.h>

#include <atomic>
#include <bit>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "support/js_ports.hpp"
#include "support/plan_layout.hpp"
#include "support/random_ring.hpp"
#include "support/spec_builder.hpp"
#include "support/temp_folder.hpp"
#include "support/watchdog.hpp"

namespace byteor::test {
namespace {

using abi::PortCode;

constexpr std::uint32_t kRoundsDefault = 25;

std::optional<std::uint64_t> number_from_environment(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') return std::nullopt;
  return std::stoull(text);
}

// Calls round(seed) as often as the environment wants, each under a watchdog that names the seed.
template <class Round>
void for_each_seed(Round&& round) {
  const std::optional<std::uint64_t> one = number_from_environment("BYTEOR_STRESS_SEED");
  const std::uint64_t rounds = one ? 1 : number_from_environment("BYTEOR_STRESS_ROUNDS").value_or(kRoundsDefault);
  std::random_device device;
  for (std::uint64_t i = 0; i < rounds && !testing::Test::HasFailure(); ++i) {
    const std::uint64_t seed = one.value_or(device());
    SCOPED_TRACE("BYTEOR_STRESS_SEED=" + std::to_string(seed));
    const Watchdog watchdog(std::chrono::seconds(180), [seed] { return "BYTEOR_STRESS_SEED=" + std::to_string(seed); });
    round(seed);
  }
}

// One round: a ring, how it is opened, and the records that go through it.
struct Round {
  RingSpec ring;
  Options options;
  std::vector<std::string> records;
  PortCode ingress = PortCode::kJs;
  PortCode egress = PortCode::kJs;
  std::uint32_t publish_every = 1;
};

void choose_records(Random& random, Round& round, std::uint32_t count) {
  const std::uint32_t fixed = round.ring.struct_bytes;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint32_t length = random.below(std::min(24u, round.options.record_max) + 1);
    if (random.one_in(16)) length = round.options.record_max;
    round.records.push_back(random.text(fixed != 0 ? fixed : length));
  }
}

void choose_sizes(Random& random, Round& round) {
  Options& options = round.options;
  options.capacity = random.pick<std::uint32_t>({1, 2, 3, 4, 5, 7, 8, 13, 64, 100});
  options.batch_records = random.pick<std::uint32_t>({0, 1, 2, 3, 64});
  options.first_sequence = random.pick<std::uint64_t>(
      {0, 1, (1ull << 31) - 5, (1ull << 32) - 5, (1ull << 33) - 1, (1ull << 40) + (1ull << 31) - 9});
  const bool fixed = round.ring.struct_bytes != 0;
  options.record_max = fixed ? round.ring.struct_bytes : 1 + random.below(40);
  std::uint32_t room = 0;
  for (const StageSpec& stage : round.ring.stages)
    if (stage.op == abi::OpCode::kPrepend || stage.op == abi::OpCode::kAppend)
      room += static_cast<std::uint32_t>(stage.text.size());
  const auto writes = [](const StageSpec& stage) {
    return stage.op == abi::OpCode::kPrepend || stage.op == abi::OpCode::kAppend;
  };
  const bool variable = !fixed || std::any_of(round.ring.stages.begin(), round.ring.stages.end(), writes);
  if (variable) options.arena_bytes = std::bit_ceil(2 * ((room + options.record_max + 7) & ~7u)) << random.below(3);
}

void choose_threads(Random& random, Round& round) {
  Options& options = round.options;
  options.threads = 1 + random.below(4);
  options.pin = random.one_in(8);
  options.wait = random.pick<run::WaitStrategy>({run::WaitStrategy::kProfile, run::WaitStrategy::kAdaptive,
                                                 run::WaitStrategy::kPark, run::WaitStrategy::kPark,
                                                 run::WaitStrategy::kYield, run::WaitStrategy::kSpin});
  options.words = random.one_in(2);
}

Round make_round(std::uint64_t seed, bool rejects) {
  Random random(seed);
  Round round;
  round.ring = RandomRing::make(random, {.rejects = rejects});
  if (random.one_in(3)) {
    round.ring.shards = 2 + random.below(4);
    round.ring.shard_key.emplace();
    round.ring.shard_key->kind = static_cast<std::uint32_t>(abi::KeyCode::kToken);
    round.ring.shard_key->index = random.below(2);
    round.ring.shard_key_text = " ";
  }
  round.ingress = random.pick<PortCode>({PortCode::kJs, PortCode::kJs, PortCode::kNative});
  round.egress = random.pick<PortCode>({PortCode::kJs, PortCode::kJs, PortCode::kNative, PortCode::kDiscard});
  if (round.ingress == PortCode::kJs && random.one_in(4)) round.ring.struct_bytes = 1 + random.below(40);
  choose_sizes(random, round);
  choose_threads(random, round);
  round.publish_every = random.pick<std::uint32_t>({1, 2, 16, 1000});
  // Threads that never sleep hand over by time slice when there are more of them than CPUs.
  const bool slow = round.options.wait == run::WaitStrategy::kSpin || round.options.capacity < 4;
  choose_records(random, round, slow ? random.below(60) : random.below(1200));
  return round;
}

// A round at work.
class Running {
 public:
  explicit Running(Round round) : round_(std::move(round)) {
    Options options = round_.options;
    if (round_.ingress == PortCode::kNative) {
      std::string text;
      for (const std::string& record : round_.records) text += record + "\n";
      options.ports.push_back(
          {.id = "in", .port = PortCode::kNative, .adapter = "lines", .config = {{"path", folder_.write("in", text)}}});
    }
    if (round_.egress == PortCode::kNative)
      options.ports.push_back(
          {.id = "out", .port = PortCode::kNative, .adapter = "lines", .config = {{"path", folder_.path("out")}}});
    if (round_.egress == PortCode::kDiscard) options.ports.push_back({.id = "out", .port = PortCode::kDiscard});
    pipeline_ = open_pipeline(SpecBuilder::build(round_.ring), options);
    delivered_.resize(round_.ring.shards);
    pipeline_->start();
  }

  run::Pipeline& pipeline() { return *pipeline_; }
  const std::vector<std::vector<std::string>>& delivered() const { return delivered_; }
  std::string written() const { return folder_.read("out"); }

  // The owner of a JS ingress: pushes until it has no more, or the ingress is closed, or `stop`.
  void push_all(const std::atomic<bool>& stop) {
    if (round_.ingress != PortCode::kJs) return;
    const RegionView view(*pipeline_);
    std::vector<std::unique_ptr<JsIngress>> shards;
    for (std::uint32_t shard = 0; shard < round_.ring.shards; ++shard)
      shards.push_back(std::make_unique<JsIngress>(*pipeline_, shard, round_.publish_every));
    const auto closed = [&] {
      return stop.load() || view.at<abi::ProducerBlock>(view.ring(0).producer_offset).closed.load() != 0;
    };
    for (const std::string& record : round_.records) {
      JsIngress& shard = *shards[shard_of(record)];
      while (!closed() && !shard.try_push(record)) std::this_thread::yield();
      if (closed()) break;
    }
    for (const auto& shard : shards) shard->flush();
    if (!stop.load()) pipeline_->close_ingress();
  }

  // The owner of a JS egress: polls until the threads have ended and there is nothing left, or `stop`. Without a JS
  // egress: until the threads have ended.
  void poll_all(const std::atomic<bool>& stop) {
    std::vector<std::unique_ptr<JsEgress>> shards;
    for (std::uint32_t shard = 0; round_.egress == PortCode::kJs && shard < round_.ring.shards; ++shard)
      shards.push_back(std::make_unique<JsEgress>(*pipeline_, shard));
    while (!stop.load()) {
      const bool ended = pipeline_->threads_ended();
      std::uint64_t moved = 0;
      for (std::uint32_t shard = 0; shard < shards.size(); ++shard) {
        const std::uint64_t before = shards[shard]->next();
        shards[shard]->poll([&](const std::string& record) { delivered_[shard].push_back(record); });
        moved += shards[shard]->next() - before;
      }
      if (moved != 0) continue;
      if (ended) return;
      std::this_thread::yield();
    }
  }

  std::uint32_t shard_of(const std::string& record) const {
    return pipeline_->find_shard({reinterpret_cast<const std::byte*>(record.data()), record.size()}).value_or(0);
  }

  // The records of every shard, in order.
  std::vector<std::vector<std::string>> by_shard() const {
    std::vector<std::vector<std::string>> shards(round_.ring.shards);
    for (const std::string& record : round_.records) shards[shard_of(record)].push_back(record);
    return shards;
  }

  void expect_balanced() const {
    const RegionView view(*pipeline_);
    for (std::uint32_t shard = 0; shard < round_.ring.shards; ++shard) {
      const double published = view.at<abi::ProducerBlock>(view.ring(shard).producer_offset).published.load();
      for (std::uint32_t entry = 0; entry <= view.header().stage_count; ++entry) {
        const abi::ConsumerBlock& block = view.stage(shard, entry);
        ASSERT_EQ(published, block.in + block.skipped) << "shard " << shard << ", entry " << entry;
        ASSERT_EQ(block.in.load(), block.out + block.filtered + block.failed + block.abandoned)
            << "shard " << shard << ", entry " << entry;
      }
    }
  }

 private:
  const Round round_;
  const TempFolder folder_;
  std::shared_ptr<run::Pipeline> pipeline_;
  std::vector<std::vector<std::string>> delivered_;
};

void run_to_the_end(Running& running) {
  const std::atomic<bool> never{false};
  std::thread pusher([&] { running.push_all(never); });
  running.poll_all(never);
  pusher.join();
  running.pipeline().halt();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end == std::string::npos ? text.size() : end + 1;
  }
  return lines;
}

void expect_counts(const RegionView& view, std::uint32_t shard, const Interpreted& expected) {
  for (std::uint32_t entry = 0; entry < expected.stages.size(); ++entry) {
    const abi::ConsumerBlock& block = view.stage(shard, entry);
    EXPECT_EQ(block.in.load(), expected.stages[entry].in) << "shard " << shard << ", entry " << entry;
    EXPECT_EQ(block.skipped.load(), expected.stages[entry].skipped) << "shard " << shard << ", entry " << entry;
    EXPECT_EQ(block.filtered.load(), expected.stages[entry].filtered) << "shard " << shard << ", entry " << entry;
    EXPECT_EQ(block.abandoned.load(), 0) << "shard " << shard << ", entry " << entry;
  }
  const abi::ConsumerBlock& egress = view.stage(shard, static_cast<std::uint32_t>(expected.stages.size()));
  EXPECT_EQ(egress.out.load(), expected.egress.in) << "shard " << shard;
  EXPECT_EQ(egress.skipped.load(), expected.egress.skipped) << "shard " << shard;
}

// Names the first difference instead of printing two long lists.
void expect_same(const std::vector<std::string>& received, const std::vector<std::string>& expected,
                 std::uint32_t shard) {
  EXPECT_EQ(received.size(), expected.size()) << "shard " << shard;
  for (std::size_t i = 0; i < std::min(received.size(), expected.size()); ++i)
    ASSERT_EQ(received[i], expected[i]) << "shard " << shard << ", record " << i << " of " << expected.size();
}

TEST(RingStress, EveryRingDeliversWhatAPlainInterpreterDelivers) {
  for_each_seed([](std::uint64_t seed) {
    const Round round = make_round(seed, false);
    Running running(round);
    run_to_the_end(running);
    const Interpreter interpreter(round.ring);
    std::vector<std::string> all;
    const std::vector<std::vector<std::string>> records = running.by_shard();
    for (std::uint32_t shard = 0; shard < round.ring.shards; ++shard) {
      const Interpreted expected = interpreter.run(records[shard]);
      all.insert(all.end(), expected.delivered.begin(), expected.delivered.end());
      if (round.egress == PortCode::kJs) expect_same(running.delivered()[shard], expected.delivered, shard);
      expect_counts(RegionView(running.pipeline()), shard, expected);
    }
    if (round.egress == PortCode::kNative) {
      std::vector<std::string> written = lines_of(running.written());
      if (round.ring.shards > 1) {
        std::sort(written.begin(), written.end());
        std::sort(all.begin(), all.end());
      }
      expect_same(written, all, 0);
    }
    EXPECT_EQ(RegionView(running.pipeline()).header().failed.load(), 0u);
    running.expect_balanced();
  });
}

bool is_prefix(const std::vector<std::string>& part, const std::vector<std::string>& whole) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

TEST(RingStress, TheFirstRecordThatFailsEndsTheRunAndEverythingBeforeItArrives) {
  for_each_seed([](std::uint64_t seed) {
    const Round round = make_round(seed, true);
    Running running(round);
    run_to_the_end(running);
    const Interpreter interpreter(round.ring);
    const std::vector<std::vector<std::string>> records = running.by_shard();
    const RegionView view(running.pipeline());
    const abi::RegionHeader& header = view.header();
    bool may_fail = false;
    for (std::uint32_t shard = 0; shard < round.ring.shards; ++shard) {
      const Interpreted expected = interpreter.run(records[shard]);
      may_fail = may_fail || expected.failed_at.has_value();
      const double delivered = view.stage(shard, header.stage_count).out.load();
      if (header.failed.load() == 0) {
        EXPECT_FALSE(expected.failed_at.has_value()) << "shard " << shard << " should have failed";
        expect_counts(view, shard, expected);
      }
      if (round.egress == PortCode::kJs) {
        EXPECT_TRUE(is_prefix(running.delivered()[shard], expected.delivered)) << "shard " << shard;
        EXPECT_EQ(delivered, static_cast<double>(running.delivered()[shard].size()));
      }
      if (header.failed.load() == 0 || view.agent(header.failed_agent).ring != shard) continue;
      ASSERT_TRUE(expected.failed_at.has_value());
      EXPECT_EQ(header.failed_sequence, round.options.first_sequence + *expected.failed_at);
      EXPECT_EQ(expected.failed_entries >> view.agent(header.failed_agent).entry & 1, 1u)
          << "entry " << view.agent(header.failed_agent).entry << " does not fail on this record";
      EXPECT_EQ(delivered, static_cast<double>(expected.delivered.size())) << "shard " << shard;
    }
    EXPECT_EQ(header.failed.load() != 0, may_fail);
    running.expect_balanced();
  });
}

TEST(RingStress, AHaltAtAnyMomentLosesNothingUncounted) {
  for_each_seed([](std::uint64_t seed) {
    Random random(seed);
    Running running(make_round(seed, random.one_in(2)));
    std::atomic<bool> stop{false};
    std::thread pusher([&] { running.push_all(stop); });
    std::thread poller([&] { running.poll_all(stop); });
    for (std::uint32_t i = random.below(400); i > 0; --i) std::this_thread::yield();
    // JavaScript's ends have stopped before the counters are settled; native ones have not.
    stop.store(true);
    pusher.join();
    poller.join();
    std::vector<std::thread> enders;
    for (int i = 0; i < 3; ++i) {
      enders.emplace_back([&, i] {
        if (i == 1) running.pipeline().close_ingress();
        running.pipeline().halt();
      });
    }
    for (std::thread& ender : enders) ender.join();
    EXPECT_TRUE(running.pipeline().threads_ended());
    running.expect_balanced();
  });
}

TEST(RingStress, AHaltUnderTheHandsOfJavaScriptEndsEverybody) {
  for_each_seed([](std::uint64_t seed) {
    Random random(seed);
    Running running(make_round(seed, false));
    std::atomic<bool> stop{false};
    std::thread pusher([&] { running.push_all(stop); });
    std::thread poller([&] { running.poll_all(stop); });
    for (std::uint32_t i = random.below(200); i > 0; --i) std::this_thread::yield();
    std::thread closer([&] { running.pipeline().close_ingress(); });
    running.pipeline().halt();
    EXPECT_TRUE(running.pipeline().threads_ended());
    stop.store(true);
    closer.join();
    pusher.join();
    poller.join();
  });
}

TEST(RingStress, ACloseFromAnotherThreadWhileRecordsArePublishedEndsEveryThread) {
  for_each_seed([](std::uint64_t seed) {
    Random random(seed);
    Round round = make_round(seed, false);
    round.ingress = PortCode::kJs;
    round.publish_every = 1;
    Running running(round);
    const std::atomic<bool> never{false};
    std::thread pusher([&] { running.push_all(never); });
    std::thread closer([&] {
      for (std::uint32_t i = random.below(200); i > 0; --i) std::this_thread::yield();
      running.pipeline().close_ingress();
    });
    // Returns only when all threads have ended by themselves.
    running.poll_all(never);
    pusher.join();
    closer.join();
    running.pipeline().halt();
    running.expect_balanced();
  });
}

}  // namespace
}  // namespace byteor::test

// What runs a hosted stage, a turn at a time: what a turn answers, how it sleeps and is woken, and that a halt on
// another thread finds it between two turns or in a call to its host, never at work on what is being settled (S15).
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "run/hosted_runner.hpp"
#include "run/pipeline.hpp"
#include "support/fake_host.hpp"
#include "support/js_ports.hpp"
#include "support/paced_reader.hpp"
#include "support/plan_layout.hpp"
#include "support/spec_builder.hpp"
#include "support/watchdog.hpp"

namespace byteor::run {
namespace {

using namespace std::chrono_literals;
using Turn = abi::HostTurn;

// Does what the test says.
class ToldAgent final : public core::Agent {
 public:
  std::uint32_t do_work() noexcept override {
    ++turns;
    return work ? work() : 0;
  }
  bool done() noexcept override { return is_done; }
  void give_up(std::string_view cause) noexcept override {
    given_up += cause;
    is_done = true;
  }
  void end_backoff() noexcept override { ++looks; }

  std::function<std::uint32_t()> work;
  bool is_done = false;
  std::uint32_t turns = 0;
  std::uint32_t looks = 0;  // for which a put-off one was asked
  std::string given_up;
};

struct HostedBench {
  explicit HostedBench(std::vector<core::Agent*> agents, const std::string& id = "stage")
      : runner(
            block, id, std::move(agents), {}, [this](std::uint32_t events) { told.push_back(events); },
            [this] { ++ends; }) {}

  abi::ThreadBlock block{};
  std::vector<std::uint32_t> told;
  std::uint32_t ends = 0;
  HostedRunner runner;
};

const std::vector<std::uint32_t> kToldOnce{kEventStages};

TEST(HostedRunner, ATurnTellsWhetherAnythingMovedAndItsEndIsToldOnce) {
  ToldAgent first;
  ToldAgent second;
  HostedBench bench({&first, &second});
  EXPECT_EQ(bench.runner.turn(), Turn::kIdle);
  EXPECT_EQ(bench.block.rounds.load(), 0);
  second.work = [] { return 3u; };
  EXPECT_EQ(bench.runner.turn(), Turn::kMoved);
  EXPECT_EQ(bench.block.rounds.load(), 1);
  first.is_done = true;
  second.work = nullptr;
  EXPECT_EQ(bench.runner.turn(), Turn::kIdle) << "one of them has not come to its end";
  second.is_done = true;
  EXPECT_EQ(bench.runner.turn(), Turn::kEnded);
  EXPECT_EQ(bench.runner.turn(), Turn::kEnded);
  EXPECT_EQ(bench.ends, 1u);
  EXPECT_EQ(first.turns, 5u);
  EXPECT_TRUE(bench.told.empty());
}

TEST(HostedRunner, HasTheNameOfItsStageAsFarAsThereIsRoom) {
  const auto name = [](const std::string& id) {
    HostedBench bench({}, id);
    return std::string(bench.block.name, bench.block.name_length);
  };
  EXPECT_EQ(name("parse"), "js:parse");
  EXPECT_EQ(name("a-stage-with-a-long-name"), "js:a-stage-with-");
}

TEST(HostedRunner, SleepsArmedAndIsWokenOnce) {
  ToldAgent agent;
  HostedBench bench({&agent});
  bench.runner.wake();
  EXPECT_TRUE(bench.told.empty()) << "it does not sleep";
  EXPECT_EQ(bench.runner.arm(), Turn::kIdle);
  EXPECT_EQ(agent.looks, 1u);
  EXPECT_EQ(bench.block.armed.load(), 1u) << "for handles of JavaScript";
  bench.runner.wake();
  bench.runner.wake();
  EXPECT_EQ(bench.told, kToldOnce);
}

TEST(HostedRunner, StaysAwakeWhereThereIsWorkAfterAll) {
  ToldAgent agent;
  HostedBench bench({&agent});
  agent.work = [] { return 1u; };
  EXPECT_EQ(bench.runner.arm(), Turn::kMoved);
  EXPECT_EQ(bench.block.armed.load(), 0u);
  agent.work = nullptr;
  agent.is_done = true;
  EXPECT_EQ(bench.runner.arm(), Turn::kEnded);
  EXPECT_EQ(bench.block.armed.load(), 0u);
  EXPECT_EQ(bench.ends, 1u);
  bench.runner.wake();
  EXPECT_TRUE(bench.told.empty());
}

TEST(HostedRunner, IsRousedWhetherItSleepsOrNot) {
  ToldAgent agent;
  HostedBench bench({&agent});
  bench.runner.rouse();
  EXPECT_EQ(bench.told, kToldOnce);
  bench.runner.arm();
  bench.runner.rouse();
  EXPECT_EQ(bench.told.size(), 2u);
  bench.runner.wake();
  EXPECT_EQ(bench.told.size(), 2u) << "it has been told already";
}

TEST(HostedRunner, WakesThoseBesideItWhenSomethingMovedAndWhenItEnds) {
  ToldAgent agent;
  HostedBench bench({&agent});
  ToldAgent sleeper;
  HostedBench beside({&sleeper});
  std::atomic<std::uint32_t> handle{0};
  bench.runner.add_neighbour(&beside.runner);
  bench.runner.add_foreign({&handle, kEventRecords});
  const auto sleep = [&] {
    EXPECT_EQ(beside.runner.arm(), Turn::kIdle);
    handle.store(1);
  };
  sleep();
  EXPECT_EQ(bench.runner.turn(), Turn::kIdle);
  EXPECT_TRUE(beside.told.empty());
  agent.work = [] { return 1u; };
  EXPECT_EQ(bench.runner.turn(), Turn::kMoved);
  EXPECT_EQ(beside.told, kToldOnce);
  EXPECT_EQ(handle.load(), 0u);
  EXPECT_EQ(bench.told, std::vector<std::uint32_t>{kEventRecords});
  sleep();
  agent.work = nullptr;
  agent.is_done = true;
  EXPECT_EQ(bench.runner.turn(), Turn::kEnded);
  EXPECT_EQ(beside.told.size(), 2u);
}

TEST(HostedRunner, WakesThoseBesideItBeforeTheNextShardCallsItsHost) {
  ToldAgent first;
  ToldAgent second;
  HostedBench bench({&first, &second});
  ToldAgent sleeper;
  HostedBench beside({&sleeper});
  bench.runner.add_neighbour(&beside.runner);
  EXPECT_EQ(beside.runner.arm(), Turn::kIdle);
  first.work = [] { return 1u; };
  second.work = [&] {
    EXPECT_EQ(beside.told, kToldOnce);
    return 0u;
  };
  EXPECT_EQ(bench.runner.turn(), Turn::kMoved);
  EXPECT_EQ(second.turns, 1u);
  EXPECT_EQ(bench.block.rounds.load(), 1);
}

// ---- calls to the host, and a halt ---------------------------------------------------------------------------------

TEST(HostedRunner, ATurnInsideOfACallToItsHostIsRefused) {
  ToldAgent agent;
  HostedBench bench({&agent});
  agent.work = [&] {
    bench.runner.enter_host();
    EXPECT_EQ(bench.runner.turn(), Turn::kBusy);
    EXPECT_EQ(bench.runner.arm(), Turn::kBusy);
    EXPECT_EQ(bench.block.armed.load(), 0u);
    EXPECT_TRUE(bench.runner.leave_host());
    return 1u;
  };
  EXPECT_EQ(bench.runner.turn(), Turn::kMoved);
  EXPECT_EQ(agent.turns, 1u);
  EXPECT_EQ(agent.looks, 0u) << "an agent that is at work is left alone";
}

TEST(HostedRunner, WhereItsThreadHasEndedTheAgentsThatAreNotDoneFailAndItsEndIsTold) {
  ToldAgent ended;
  ToldAgent agent;
  HostedBench bench({&ended, &agent});
  ended.is_done = true;
  bench.runner.fail("it has gone");
  EXPECT_EQ(ended.given_up, "");
  EXPECT_EQ(agent.given_up, "it has gone");
  EXPECT_EQ(bench.ends, 1u);
  bench.runner.fail("it has gone");
  EXPECT_EQ(bench.ends, 1u);
  EXPECT_EQ(bench.runner.turn(), Turn::kEnded);
  EXPECT_EQ(agent.given_up, "it has gone");
}

TEST(HostedRunner, WhatIsInACallToItsHostOrHaltedDoesNotFailFromOutside) {
  ToldAgent agent;
  HostedBench bench({&agent});
  agent.work = [&] {
    bench.runner.enter_host();
    bench.runner.fail("it has gone");
    EXPECT_TRUE(bench.runner.leave_host());
    return 1u;
  };
  EXPECT_EQ(bench.runner.turn(), Turn::kMoved);
  bench.runner.halt();
  bench.runner.fail("it has gone");
  EXPECT_EQ(agent.given_up, "");
  EXPECT_EQ(bench.ends, 0u);
}

TEST(HostedRunner, AHaltInsideOfACallCutsTheTurnOff) {
  ToldAgent agent;
  ToldAgent next;
  HostedBench bench({&agent, &next});
  std::atomic<std::uint32_t> handle{1};
  bench.runner.add_foreign({&handle, kEventRecords});
  agent.work = [&] {
    bench.runner.enter_host();
    bench.runner.halt();
    EXPECT_EQ(bench.runner.turn(), Turn::kEnded);
    EXPECT_FALSE(bench.runner.leave_host());
    return 1u;
  };
  EXPECT_EQ(bench.runner.turn(), Turn::kEnded);
  EXPECT_EQ(next.turns, 0u);
  EXPECT_EQ(bench.ends, 0u) << "the pipeline has been settled without it";
  EXPECT_EQ(bench.block.rounds.load(), 0);
  EXPECT_EQ(handle.load(), 1u);
  EXPECT_EQ(bench.runner.turn(), Turn::kEnded);
  EXPECT_EQ(agent.turns, 1u);
}

TEST(HostedRunner, AfterAHaltNothingIsAtWorkAnyMore) {
  ToldAgent agent;
  HostedBench bench({&agent});
  EXPECT_EQ(bench.runner.turn(), Turn::kIdle);
  bench.runner.halt();
  bench.runner.halt();
  EXPECT_EQ(bench.runner.turn(), Turn::kEnded);
  EXPECT_EQ(bench.runner.arm(), Turn::kEnded);
  EXPECT_EQ(bench.block.armed.load(), 0u);
  EXPECT_EQ(agent.turns, 1u);
  EXPECT_EQ(agent.looks, 0u) << "nor asked for anything";
  bench.runner.wake();
  EXPECT_TRUE(bench.told.empty());
  EXPECT_EQ(bench.ends, 0u);
}

// The thread that halts writes what the agent reads and writes, as settling does: without S15 that is a data race,
// which ThreadSanitizer reports, and a sum that is wrong.
TEST(HostedRunner, TurnsOfOneThreadAndAHaltOfAnotherNeverOverlap) {
  const test::Watchdog watchdog(60s, [] { return "a halt does not come through"; });
  for (int run = 0; run != 60; ++run) {
    ToldAgent agent;
    HostedBench bench({&agent});
    std::uint64_t state = 0;  // what the agent shares with who settles it
    std::uint64_t in_hosts = 0;
    std::atomic<bool> cut{false};
    std::atomic<std::uint32_t> begun{0};
    agent.work = [&] {
      ++state;
      begun.fetch_add(1, std::memory_order_relaxed);
      bench.runner.enter_host();
      ++in_hosts;
      for (int i = 0; i != run % 7 * 20; ++i) core::cpu_relax();
      if (!bench.runner.leave_host()) {
        cut.store(true);
        return 0u;
      }
      ++state;
      return 1u;
    };
    std::thread js([&] {
      // Now and then it goes to sleep, and is woken at once.
      for (int n = 0;; ++n) {
        const Turn turn = n % 5 == 4 ? bench.runner.arm() : bench.runner.turn();
        if (turn == Turn::kEnded) return;
      }
    });
    while (begun.load(std::memory_order_relaxed) < static_cast<std::uint32_t>(run % 5)) std::this_thread::yield();
    bench.runner.halt();
    const std::uint64_t settled = state++;
    js.join();
    EXPECT_EQ(state, settled + 1) << "a turn went on behind the halt";
    EXPECT_EQ(settled % 2 == 1, cut.load()) << "a turn ends, or is cut off in its call";
    EXPECT_EQ(bench.ends, 0u);
  }
}

// Two that halt at once, as the end of the process and that of the opener's thread may.
TEST(HostedRunner, SeveralThreadsMayHaltAtOnce) {
  for (int run = 0; run != 20; ++run) {
    ToldAgent agent;
    HostedBench bench({&agent});
    agent.work = [] { return 1u; };
    std::thread js([&] {
      while (bench.runner.turn() != Turn::kEnded) {
      }
    });
    std::thread other([&] { bench.runner.halt(); });
    bench.runner.halt();
    js.join();
    other.join();
    EXPECT_EQ(bench.runner.turn(), Turn::kEnded);
  }
}

TEST(HostedRunner, SleepsOverNoRecord) {
  const test::Watchdog watchdog(60s, [] { return "the stage slept over a record"; });
  std::atomic<std::uint64_t> cursor{0};
  test::PacedReader reader(cursor);
  abi::ThreadBlock block{};
  std::mutex mutex;
  std::condition_variable changed;
  bool event = false;
  const auto tell = [&](std::uint32_t) {
    const std::lock_guard lock(mutex);
    event = true;
    changed.notify_one();
  };
  HostedRunner runner(block, "stage", {&reader}, {}, tell, [] {});
  // As lib/host does it: turns while something moves, then armed, then asleep until an event.
  std::thread js([&] {
    for (;;) {
      Turn turn = Turn::kMoved;
      while (turn == Turn::kMoved) turn = runner.turn();
      if (turn == Turn::kEnded) return;
      turn = runner.arm();
      if (turn == Turn::kEnded) return;
      if (turn != Turn::kIdle) continue;
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return event; });
      event = false;
    }
  });
  std::uint64_t written = 0;
  for (int burst = 0; burst != 1000; ++burst) {
    for (int i = 0; i != 1 + burst % 7; ++i) {
      cursor.store(written += 10);
      runner.wake();
    }
    if (burst % 5 != 0) continue;
    while (reader.read.load() != written) std::this_thread::yield();
  }
  runner.halt();
  runner.rouse();
  js.join();
}

// ---- in a pipeline -------------------------------------------------------------------------------------------------

test::Options hosted_options() {
  test::Options options;
  options.capacity = 64;
  options.record_max = 64;
  options.arena_bytes = 8192;
  options.pin = false;
  return options;
}

std::shared_ptr<Pipeline> open_hosted() {
  test::StageSpec upper = test::hosted("upper", static_cast<std::uint32_t>(abi::StageFlag::kWrites), {0});
  const test::RingSpec ring{{{"counts", abi::OpCode::kCount}, upper, {"sums", abi::OpCode::kChecksum, {1}}}};
  return test::open_pipeline(test::SpecBuilder::build(ring), hosted_options());
}

TEST(HostedPipeline, AStageIsTakenByOneThreadAtATime) {
  const auto pipeline = open_hosted();
  EXPECT_EQ(pipeline->take_stage("counts"), nullptr) << "a native thread runs it";
  EXPECT_EQ(pipeline->take_stage("nothing"), nullptr);
  HostedRunner* const runner = pipeline->take_stage("upper");
  ASSERT_NE(runner, nullptr);
  EXPECT_EQ(runner->ops().size(), 1u);
  EXPECT_EQ(pipeline->take_stage("upper"), nullptr);
  pipeline->give_back_stage(*runner);
  EXPECT_EQ(pipeline->take_stage("upper"), runner);
}

// A thread that runs the stage as lib/host does, until it ends.
class StageThread {
 public:
  StageThread(Pipeline& pipeline, HostedRunner& runner) : pipeline_(pipeline), runner_(runner) {
    token_ = pipeline.add_listener([this](std::uint32_t events) {
      if ((events & kEventStages) == 0) return;
      const std::lock_guard lock(mutex_);
      event_ = true;
      changed_.notify_one();
    });
    thread_ = std::thread([this] { run(); });
  }
  ~StageThread() {
    thread_.join();
    pipeline_.remove_listener(token_);
  }

 private:
  void run() {
    for (;;) {
      Turn turn = Turn::kMoved;
      while (turn == Turn::kMoved) turn = runner_.turn();
      if (turn == Turn::kIdle) turn = runner_.arm();
      if (turn == Turn::kEnded) return;
      if (turn != Turn::kIdle) continue;
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return event_; });
      event_ = false;
    }
  }

  Pipeline& pipeline_;
  HostedRunner& runner_;
  std::uint64_t token_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool event_ = false;
  std::thread thread_;
};

// Calls that are bracketed, as those of Node-API are.
test::FakeHost::Work bracketed(HostedRunner& runner, test::FakeHost::Work inside) {
  return [&runner, inside = std::move(inside)](test::FakeHost& host, std::uint32_t records) -> op::Host::Answer {
    runner.enter_host();
    const op::Host::Answer answer = inside(host, records);
    if (!runner.leave_host()) return {op::Host::End::kCutOff, 0};
    return answer;
  };
}

TEST(HostedPipeline, RunsAStageBetweenNativeOnesToItsEnd) {
  const test::Watchdog watchdog(60s, [] { return "records do not come through"; });
  constexpr int kRecords = 2'000;
  const auto pipeline = open_hosted();
  HostedRunner& runner = *pipeline->take_stage("upper");
  test::FakeHost host({.rows = 256}, bracketed(runner, test::FakeHost::answer_all));
  runner.ops()[0]->set_host(&host);
  pipeline->start();
  std::vector<std::string> delivered;
  {
    const StageThread stage(*pipeline, runner);
    std::thread pusher([&] {
      test::JsIngress ingress(*pipeline, 0);
      for (int i = 0; i != kRecords; ++i) ingress.push("!r" + std::to_string(i));
      ingress.flush();
      pipeline->close_ingress();
    });
    test::JsEgress egress(*pipeline, 0);
    while (!egress.drained()) {
      if (egress.poll([&](const std::string& record) { delivered.push_back(record); }) == 0) std::this_thread::yield();
    }
    pusher.join();
  }
  while (!pipeline->threads_ended()) std::this_thread::yield();
  pipeline->halt();
  ASSERT_EQ(delivered.size(), static_cast<std::size_t>(kRecords));
  for (int i = 0; i != kRecords; ++i) ASSERT_EQ(delivered[i], "!R" + std::to_string(i));
  const test::RegionView view(*pipeline);
  EXPECT_EQ(view.stage(0, 1).in.load(), kRecords);
  EXPECT_EQ(view.stage(0, 1).out.load(), kRecords);
}

TEST(HostedPipeline, WhatHasEndedIsTakenByNoThreadThatComesLater) {
  const auto pipeline = open_hosted();
  pipeline->start();
  HostedRunner* const runner = pipeline->take_stage("upper");
  test::FakeHost host({}, bracketed(*runner, test::FakeHost::answer_all));
  runner->ops().front()->set_host(&host);
  pipeline->close_ingress();
  { const StageThread thread(*pipeline, *runner); }
  ASSERT_TRUE(runner->told_end());
  pipeline->give_back_stage(*runner);
  EXPECT_EQ(pipeline->take_stage("upper"), nullptr);
  pipeline->halt();
}

TEST(HostedPipeline, AHaltWhileAFunctionRunsGoesOnWithoutItAndTheLedgerBalances) {
  const test::Watchdog watchdog(60s, [] { return "the halt waits for the function"; });
  const auto pipeline = open_hosted();
  HostedRunner& runner = *pipeline->take_stage("upper");
  std::atomic<bool> inside{false};
  std::atomic<bool> halted{false};
  test::FakeHost host({}, bracketed(runner, [&](test::FakeHost& self, std::uint32_t records) {
                        inside.store(true);
                        while (!halted.load()) std::this_thread::yield();
                        return test::FakeHost::answer_all(self, records);
                      }));
  runner.ops()[0]->set_host(&host);
  pipeline->start();
  {
    const StageThread stage(*pipeline, runner);
    test::JsIngress ingress(*pipeline, 0);
    for (const char* record : {"!a", "!b", "!c"}) ingress.push(record);
    ingress.flush();
    while (!inside.load()) std::this_thread::yield();
    pipeline->halt();
    halted.store(true);
  }
  EXPECT_EQ(host.calls, 1u);
  const test::RegionView view(*pipeline);
  const abi::ConsumerBlock& block = view.stage(0, 1);
  EXPECT_EQ(block.in.load(), 3);
  EXPECT_EQ(block.abandoned.load(), 3);
  EXPECT_EQ(block.out.load(), 0);
}

TEST(HostedPipeline, AFunctionThatDoesNotComeBackFailsThePipelineByItsRecordAndHaltsIt) {
  const test::Watchdog watchdog(60s, [] { return "nothing sees that the function does not come back"; });
  const auto pipeline = open_hosted();
  HostedRunner& runner = *pipeline->take_stage("upper");
  std::atomic<bool> halted{false};
  test::FakeHost host({}, bracketed(runner, [&](test::FakeHost& self, std::uint32_t records) {
                        while (!halted.load()) std::this_thread::yield();
                        return test::FakeHost::answer_all(self, records);
                      }));
  runner.ops()[0]->set_host(&host);
  pipeline->limit_stage(runner, 60'000);
  pipeline->limit_stage(runner, 5);
  pipeline->start();
  {
    const StageThread stage(*pipeline, runner);
    test::JsIngress ingress(*pipeline, 0);
    for (const char* record : {"!a", "!b"}) ingress.push(record);
    ingress.flush();
    while (!pipeline->threads_ended()) std::this_thread::yield();
    halted.store(true);
  }
  pipeline->halt();
  const auto& header = *reinterpret_cast<const abi::RegionHeader*>(pipeline->region().data());
  EXPECT_EQ(header.failed.load(), 1u);
  EXPECT_EQ(header.failed_sequence, 0u);
  const std::string cause(header.failed_cause, header.failed_cause_length);
  EXPECT_EQ(cause.find("the stage's function has not returned within 5 ms"), 0u) << cause;
  const test::RegionView view(*pipeline);
  EXPECT_EQ(view.stage(0, 1).abandoned.load(), 2);
  EXPECT_EQ(view.stage(0, 1).out.load(), 0);
}

TEST(HostedPipeline, AFunctionThatComesBackInTimeIsLeftAlone) {
  const auto pipeline = open_hosted();
  HostedRunner& runner = *pipeline->take_stage("upper");
  pipeline->limit_stage(runner, 5);
  runner.enter_host();
  EXPECT_FALSE(runner.cut_off_late(0).has_value()) << "it has not been there for long";
  EXPECT_EQ(runner.limit_ns(), 5e6);
  pipeline->limit_stage(runner, 0);
  EXPECT_FALSE(runner.cut_off_late(1e18).has_value()) << "it has no limit";
}

TEST(HostedPipeline, WithoutAThreadThatTakesItsStageAHaltEndsIt) {
  const auto pipeline = open_hosted();
  pipeline->start();
  test::JsIngress ingress(*pipeline, 0);
  ingress.push("a");
  ingress.flush();
  pipeline->close_ingress();
  EXPECT_FALSE(pipeline->threads_ended());
  pipeline->halt();
  EXPECT_TRUE(pipeline->threads_ended());
  HostedRunner* const runner = pipeline->take_stage("upper");
  ASSERT_NE(runner, nullptr);
  EXPECT_EQ(runner->turn(), Turn::kEnded);
}

}  // namespace
}  // namespace byteor::run

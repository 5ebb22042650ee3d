// One shipped thread with agents of the test's: what it waits for between two turns, and how it ends when a device does
// not answer.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/clock.hpp"
#include "core/device_call.hpp"
#include "platform/alarm.hpp"
#include "run/thread.hpp"
#include "support/paced_reader.hpp"
#include "support/watchdog.hpp"

namespace byteor::run {
namespace {

using namespace std::chrono_literals;

// Sets an alarm when it is first asked to work, and is done when the time has come. Nothing else ever happens.
class Sleepy final : public core::WaitingAgent {
 public:
  std::uint32_t do_work() noexcept override {
    ++turns;
    if (began_ns_ == 0) {
      began_ns_ = core::now_ns();
      alarm_.set(kMs);
    }
    if (ended.load() || core::now_ns() - began_ns_ < kMs * 1e6) return 0;
    ended.store(true);
    return 1;
  }
  bool done() noexcept override { return ended.load(); }
  core::WaitDescriptor wait_descriptor() const noexcept override {
    return ended.load() ? core::WaitDescriptor{} : alarm_.wait();
  }

  static constexpr std::uint64_t kMs = 40;
  std::atomic<bool> ended{false};
  std::uint64_t turns = 0;

 private:
  double began_ns_ = 0;
  platform::Alarm alarm_;
};

// In one call until the gate opens.
class InOneCall final : public core::Agent {
 public:
  std::uint32_t do_work() noexcept override {
    {
      const core::DeviceCall call;
      inside.store(true);
      open.wait(false);
    }
    if (core::cut_off()) {
      cut.store(true);
      return 0;
    }
    published.fetch_add(1);
    return 1;
  }
  bool done() noexcept override { return false; }

  std::atomic<bool> open{false};
  std::atomic<bool> inside{false};
  std::atomic<bool> cut{false};
  std::atomic<std::uint32_t> published{0};
};

// In many short calls, in one turn.
class InManyCalls final : public core::Agent {
 public:
  std::uint32_t do_work() noexcept override {
    while (!open.load()) {
      {
        const core::DeviceCall call;
        inside.store(true);
        std::this_thread::sleep_for(5ms);
      }
      if (core::cut_off()) return 0;
    }
    return 1;
  }
  bool done() noexcept override { return false; }

  std::atomic<bool> open{false};
  std::atomic<bool> inside{false};
};

// Slow, and in no device call: it is worth waiting for.
class Slow final : public core::Agent {
 public:
  std::uint32_t do_work() noexcept override {
    inside.store(true);
    std::this_thread::sleep_for(400ms);
    published.fetch_add(1);
    return 1;
  }
  bool done() noexcept override { return false; }

  std::atomic<bool> inside{false};
  std::atomic<std::uint32_t> published{0};
};

class Next final : public core::Agent {
 public:
  std::uint32_t do_work() noexcept override {
    turns.fetch_add(1);
    return 0;
  }
  bool done() noexcept override { return false; }
  std::atomic<std::uint32_t> turns{0};
};

class Bench {
 public:
  Bench(std::vector<core::Agent*> agents, WaitStrategy wait)
      : thread(
            block, "tested", wait, std::move(agents), [](std::uint32_t) {}, [this] { ended.store(true); }) {
    thread.start({}, std::nullopt);
  }

  template <class Condition>
  static void until(Condition&& condition) {
    while (!condition()) std::this_thread::sleep_for(1ms);
  }

  abi::ThreadBlock block{};
  std::atomic<bool> ended{false};
  AgentThread thread;
};

double ms_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
}

TEST(AgentThread, AnAlarmEndsItsSleepWhateverTheWaitStrategyAndWhichAgentSetIt) {
  const test::Watchdog watchdog(60s, [] { return "the alarm was dropped"; });
  for (const WaitStrategy wait :
       {WaitStrategy::kAdaptive, WaitStrategy::kSpin, WaitStrategy::kYield, WaitStrategy::kPark}) {
    Sleepy first;
    Next between;
    Sleepy last;
    const auto began = std::chrono::steady_clock::now();
    Bench bench({&first, &between, &last}, wait);
    Bench::until([&] { return first.ended.load() && last.ended.load(); });
    EXPECT_GE(ms_since(began), static_cast<double>(Sleepy::kMs));
    bench.thread.request_halt();
    EXPECT_TRUE(bench.thread.try_join());
    if (wait == WaitStrategy::kPark) {
      EXPECT_LT(first.turns, 20u) << "it slept in between";
    }
  }
}

// A look after arming that is put off would miss what was published before, of which no wake tells.
TEST(AgentThread, OneWhoseReaderPutsLooksOffSleepsOverNoRecord) {
  const test::Watchdog watchdog(60s, [] { return "the thread slept over a record"; });
  for (const WaitStrategy wait :
       {WaitStrategy::kAdaptive, WaitStrategy::kSpin, WaitStrategy::kYield, WaitStrategy::kPark}) {
    std::atomic<std::uint64_t> cursor{0};
    test::PacedReader reader(cursor);
    Bench bench({&reader}, wait);
    std::uint64_t written = 0;
    // Bursts that make the reader put looks off, and after some of them nothing comes until all has been read.
    for (int burst = 0; burst != 2000; ++burst) {
      for (int i = 0; i != 1 + burst % 7; ++i) {
        cursor.store(written += 10);
        bench.thread.wake();
      }
      if (burst % 5 != 0) continue;
      while (reader.read.load() != written) std::this_thread::yield();
    }
    bench.thread.request_halt();
    EXPECT_TRUE(bench.thread.try_join());
  }
}

TEST(AgentThread, OneThatADeviceHoldsIsCutOffAndTouchesNothingAfterwards) {
  const test::Watchdog watchdog(60s, [] { return "a device holds the test"; });
  InOneCall blocked;
  Next next;
  Bench bench({&blocked, &next}, WaitStrategy::kAdaptive);
  Bench::until([&] { return blocked.inside.load(); });
  const auto began = std::chrono::steady_clock::now();
  bench.thread.request_halt();
  EXPECT_FALSE(bench.thread.try_join());
  EXPECT_TRUE(bench.thread.was_cut_off());
  EXPECT_LT(ms_since(began), 5'000);
  EXPECT_EQ(next.turns.load(), 0u);
  blocked.open.store(true);
  blocked.open.notify_all();
  bench.thread.join();
  EXPECT_TRUE(blocked.cut.load());
  EXPECT_EQ(blocked.published.load(), 0u);
  EXPECT_EQ(next.turns.load(), 0u) << "the turn ends where the thread was cut off";
  EXPECT_FALSE(bench.ended.load()) << "what ended without it is not told again";
}

TEST(AgentThread, OneThatGoesFromCallToCallIsCutOffAsWell) {
  const test::Watchdog watchdog(60s, [] { return "a device holds the test"; });
  InManyCalls busy;
  Bench bench({&busy}, WaitStrategy::kAdaptive);
  Bench::until([&] { return busy.inside.load(); });
  bench.thread.request_halt();
  EXPECT_FALSE(bench.thread.try_join());
  bench.thread.join();
  busy.open.store(true);
}

TEST(AgentThread, OneWhoseCallReturnsInTimeIsJoined) {
  const test::Watchdog watchdog(60s, [] { return "a device holds the test"; });
  InOneCall blocked;
  Bench bench({&blocked}, WaitStrategy::kAdaptive);
  Bench::until([&] { return blocked.inside.load(); });
  bench.thread.request_halt();
  std::thread opener([&] {
    std::this_thread::sleep_for(5ms);
    blocked.open.store(true);
    blocked.open.notify_all();
  });
  EXPECT_TRUE(bench.thread.try_join());
  opener.join();
  EXPECT_FALSE(bench.thread.was_cut_off());
  EXPECT_EQ(blocked.published.load(), 1u);
  EXPECT_TRUE(bench.ended.load());
}

TEST(AgentThread, OneThatIsSlowWithoutADeviceIsWaitedFor) {
  Slow slow;
  Bench bench({&slow}, WaitStrategy::kAdaptive);
  Bench::until([&] { return slow.inside.load(); });
  bench.thread.request_halt();
  EXPECT_TRUE(bench.thread.try_join());
  EXPECT_EQ(slow.published.load(), 1u);
}

// Forbidden: both sides believe that they were first, or neither.
TEST(DeviceCalls, AThreadIsCutOffOrComesBackAndBothSidesAgree) {
  std::uint64_t cut_count = 0;
  for (int round = 0; round < 5000; ++round) {
    core::DeviceCalls calls;
    std::uint64_t settled = 0;  // plain: the loser must not touch it
    std::atomic<bool> inside{false};
    bool saw_cut = false;
    std::thread thread([&] {
      calls.bind();
      {
        const core::DeviceCall call;
        inside.store(true);
      }
      saw_cut = core::cut_off();
      if (!saw_cut) ++settled;
    });
    while (!inside.load()) std::this_thread::yield();
    const bool cut = calls.cut_off();
    if (cut) ++settled;
    thread.join();
    ASSERT_EQ(cut, saw_cut) << "round " << round;
    ASSERT_EQ(settled, 1u) << "round " << round;
    cut_count += cut ? 1 : 0;
  }
  RecordProperty("cut_off", static_cast<int>(cut_count));
}

TEST(DeviceCalls, OnAThreadWithoutThemNothingIsCutOff) {
  const core::DeviceCall call;
  EXPECT_FALSE(core::cut_off());
}

}  // namespace
}  // namespace byteor::run

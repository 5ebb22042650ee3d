// Sleeping and waking with the shipped class and no timeout: a lost wake-up ends in the watchdog.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

#include "core/coded_error.hpp"
#include "platform/futex.hpp"
#include "platform/wake.hpp"
#include "support/no_descriptors.hpp"
#include "support/watchdog.hpp"

namespace byteor::platform {
namespace {

using std::chrono::seconds;

struct Side {
  explicit Side(std::size_t descriptor_max) : sleeper(armed, word, descriptor_max) {}

  alignas(128) std::atomic<std::uint32_t> armed{0};
  std::atomic<std::uint32_t> word{0xfffffff0u};  // wraps during the test
  alignas(128) std::atomic<std::uint64_t> sequence{0};
  std::uint64_t sleeps = 0;
  Sleeper sleeper;

  std::string describe(const char* name) const {
    return std::string(name) + ": sequence " + std::to_string(sequence.load()) + ", armed " +
           std::to_string(armed.load()) + ", word " + std::to_string(word.load()) + "; ";
  }
};

// Waits, sleeping whenever there is nothing, until the other side's sequence is at least `target`.
void await(Side& self, const std::atomic<std::uint64_t>& other, std::uint64_t target) {
  while (other.load(std::memory_order_seq_cst) < target) {
    self.sleeper.arm();
    if (other.load(std::memory_order_seq_cst) >= target) {
      self.sleeper.disarm();
      return;
    }
    ++self.sleeps;
    self.sleeper.sleep();
  }
}

// The left side is at most `window` hand-overs ahead of the right one; both sleep when they must wait.
void hand_over(std::uint64_t count, std::uint64_t window, std::size_t left_descriptors, std::size_t right_descriptors) {
  Side left(left_descriptors);
  Side right(right_descriptors);
  const test::Watchdog watchdog(seconds(300), [&] { return left.describe("left") + right.describe("right"); });
  std::thread consumer([&] {
    for (std::uint64_t i = 1; i <= count; ++i) {
      await(right, left.sequence, i);
      right.sequence.store(i, std::memory_order_seq_cst);
      left.sleeper.wake();
    }
  });
  for (std::uint64_t i = 1; i <= count; ++i) {
    if (i > window) await(left, right.sequence, i - window);
    left.sequence.store(i, std::memory_order_seq_cst);
    right.sleeper.wake();
  }
  consumer.join();
  EXPECT_EQ(left.sequence.load(), count);
  EXPECT_EQ(right.sequence.load(), count);
  EXPECT_EQ(left.armed.load(), 0u);
  EXPECT_EQ(right.armed.load(), 0u);
  EXPECT_GT(left.sleeps + right.sleeps, 0u) << "nobody ever slept, so nothing was shown";
}

TEST(Sleeper, DoesNotSleepOverADescriptorThatItHasNoRoomToWatch) {
  const test::Watchdog watchdog(seconds(60), [] { return "a descriptor was dropped"; });
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  for (const std::size_t room : {std::size_t{0}, std::size_t{1}}) {
    Side side(room);
    for (int turn = 0; turn < 3; ++turn) {
      side.sleeper.arm();
      for (std::size_t i = 0; i <= room; ++i) side.sleeper.watch(ends[0], POLLIN);
      side.sleeper.sleep();
      EXPECT_EQ(side.armed.load(), 0u);
    }
  }
  close(ends[0]);
  close(ends[1]);
}

TEST(Sleeper, LosesNoWakeInAMillionHandOversOnTheWord) { hand_over(1'000'000, 16, 0, 0); }

TEST(Sleeper, LosesNoWakeInAMillionHandOversOnDescriptors) { hand_over(1'000'000, 16, 1, 1); }

TEST(Sleeper, LosesNoWakeWhenEveryHandOverIsAwaited) {
  hand_over(20'000, 1, 0, 0);
  hand_over(20'000, 1, 1, 0);
}

TEST(Sleeper, IsWokenByManyWakersAtATime) {
  Side side(0);
  constexpr std::uint64_t kEach = 100'000;
  const test::Watchdog watchdog(seconds(300), [&] { return side.describe("side"); });
  const auto waker = [&] {
    for (std::uint64_t i = 0; i < kEach; ++i) {
      side.sequence.fetch_add(1, std::memory_order_seq_cst);
      side.sleeper.wake();
    }
  };
  std::thread first(waker);
  std::thread second(waker);
  for (std::uint64_t seen = 0; seen != 2 * kEach;) {
    const std::uint64_t target = seen + 1;
    await(side, side.sequence, target);
    seen = side.sequence.load(std::memory_order_seq_cst);
  }
  first.join();
  second.join();
  EXPECT_EQ(side.armed.load(), 0u);
}

TEST(Sleeper, WakesWhenAWatchedDescriptorBecomesReady) {
  Side side(1);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const test::Watchdog watchdog(seconds(60));
  std::thread writer([&] { EXPECT_EQ(write(ends[1], "x", 1), 1); });
  for (pollfd ready{ends[0], POLLIN, 0}; poll(&ready, 1, 0) == 0;) {
    side.sleeper.arm();
    side.sleeper.watch(ends[0], POLLIN);
    side.sleeper.sleep();
  }
  writer.join();
  EXPECT_EQ(side.armed.load(), 0u);
  close(ends[0]);
  close(ends[1]);
}

TEST(Sleeper, ForgetsWatchedDescriptorsAfterOneSleep) {
  Side side(1);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  const test::Watchdog watchdog(seconds(60));
  side.sleeper.arm();
  side.sleeper.watch(ends[0], POLLIN);
  side.sleeper.sleep();  // ends at once: the pipe is readable, and stays so
  std::atomic<bool> woke{false};
  std::thread sleeper([&] {
    side.sleeper.arm();
    side.sleeper.sleep();
    EXPECT_TRUE(woke.load(std::memory_order_seq_cst)) << "the pipe of the sleep before ended this one";
  });
  while (side.armed.load(std::memory_order_seq_cst) == 0) std::this_thread::yield();
  // Time for a sleep that ends by mistake; a right one lasts however long this takes.
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  woke.store(true, std::memory_order_seq_cst);
  side.sleeper.wake();
  sleeper.join();
  close(ends[0]);
  close(ends[1]);
}

TEST(Sleeper, IgnoresNegativeDescriptors) {
  Side side(1);
  side.sleeper.arm();
  side.sleeper.watch(-1, POLLIN);
  side.sleeper.wake();
  const test::Watchdog watchdog(seconds(60));
  side.sleeper.sleep();
  EXPECT_EQ(side.armed.load(), 0u);
}

TEST(Sleeper, WakesAfterACallerExchangedArmedItself) {
  for (const std::size_t descriptors : {0u, 1u}) {
    Side side(descriptors);
    const test::Watchdog watchdog(seconds(60));
    side.sleeper.arm();
    ASSERT_EQ(side.armed.exchange(0, std::memory_order_seq_cst), 1u);
    side.sleeper.rouse();
    side.sleeper.sleep();
    EXPECT_EQ(side.armed.load(), 0u);
  }
}

TEST(Sleeper, WakeOfAThreadThatIsAwakeChangesNothing) {
  Side side(0);
  const std::uint32_t before = side.word.load();
  side.sleeper.wake();
  EXPECT_EQ(side.word.load(), before);
  side.sleeper.arm();
  side.sleeper.disarm();
  side.sleeper.wake();
  EXPECT_EQ(side.word.load(), before);
}

TEST(Sleeper, SaysWhatToDoWhenThereIsNoDescriptorLeft) {
  std::atomic<std::uint32_t> armed{0};
  std::atomic<std::uint32_t> word{0};
  try {
    const test::NoDescriptors none;
    const Sleeper sleeper(armed, word, 1);
    FAIL() << "a sleeper with descriptors was made";
  } catch (const core::CodedError& error) {
    EXPECT_EQ(error.code(), abi::ErrorCode::kNoResource);
    EXPECT_NE(std::string(error.what()).find("raise the limit of open files (ulimit -n)"), std::string::npos)
        << error.what();
  }
}

TEST(Futex, WaitReturnsAtOnceWhenTheWordIsAnother) {
  std::atomic<std::uint32_t> word{1};
  const test::Watchdog watchdog(seconds(60));
  futex_wait(word, 0);
  EXPECT_EQ(word.load(), 1u);
}

TEST(Sleeper, GivesItsDescriptorBackAndALateWakeWritesIntoNoOtherFile) {
  Side side(1);
  side.sleeper.close();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
  side.armed.store(1);
  side.sleeper.wake();
  side.sleeper.rouse();
  char byte = 0;
  EXPECT_EQ(read(ends[0], &byte, 1), -1) << "the pipe has the number that the sleeper's descriptor had";
  side.sleeper.close();
  EXPECT_NE(fcntl(ends[0], F_GETFD), -1) << "closed once only";
  EXPECT_NE(fcntl(ends[1], F_GETFD), -1);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace byteor::platform

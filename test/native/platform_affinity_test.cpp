// CPUs and what a thread asks of the operating system; every request runs in a thread of its own.

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <thread>

#include "core/clock.hpp"
#include "platform/affinity.hpp"
#include "platform/cpu_distance.hpp"
#include "platform/thread_times.hpp"
#include "support/temp_folder.hpp"

namespace byteor::platform {
namespace {

RequestOutcome in_a_thread(const std::function<RequestOutcome()>& request) {
  RequestOutcome outcome;
  std::thread([&] { outcome = request(); }).join();
  return outcome;
}

TEST(CpuListText, ReadsRangesAndSingles) {
  EXPECT_EQ(parse_cpu_list("0-2,5\n"), (CpuList{0, 1, 2, 5}));
  EXPECT_EQ(parse_cpu_list("7"), (CpuList{7}));
  EXPECT_EQ(parse_cpu_list("3,1,1-2"), (CpuList{1, 2, 3}));
}

TEST(CpuListText, RefusesWhatIsNotAList) {
  for (const char* text : {"", "\n", "a", "1-", "-1", "2-1", "1,,2", "1,", "1;2", "99999999999", "0-4000000000"})
    EXPECT_TRUE(parse_cpu_list(text).empty()) << text;
}

TEST(CpuListText, WritesWhatItReads) {
  EXPECT_EQ(format_cpu_list({0, 1, 2, 5, 7, 8}), "0-2,5,7-8");
  EXPECT_EQ(format_cpu_list({}), "");
}

TEST(Affinity, SomeCpuIsAlwaysAllowed) {
  const CpuList allowed = allowed_cpus();
  ASSERT_FALSE(allowed.empty());
  EXPECT_TRUE(std::is_sorted(allowed.begin(), allowed.end()));
}

TEST(Affinity, TheBudgetIsWithinTheAllowedCpus) {
  const CpuBudget budget = cpu_budget();
  EXPECT_GE(budget.threads, 1u);
  EXPECT_LE(budget.threads, budget.allowed.size());
  EXPECT_LE(budget.cpus, static_cast<double>(budget.allowed.size()));
}

TEST(Affinity, APinnedThreadRunsOnItsCpuAndCanBeUnpinned) {
  const CpuList allowed = allowed_cpus();
  for (const std::uint32_t cpu : allowed) {
    std::thread([&] {
      EXPECT_EQ(pin_this_thread(cpu).state, abi::PinState::kApplied);
      EXPECT_EQ(current_cpu(), cpu);
      EXPECT_EQ(allowed_cpus(), allowed) << "a pin of one thread does not change what the process may use";
      EXPECT_EQ(unpin_this_thread(allowed).state, abi::PinState::kApplied);
    }).join();
  }
}

TEST(Affinity, ACpuThatDoesNotExistIsRefusedWithTheOnesThatDo) {
  for (const std::uint32_t cpu : {9000u, 4000000000u}) {
    const RequestOutcome outcome = in_a_thread([cpu] { return pin_this_thread(cpu); });
    EXPECT_EQ(outcome.state, abi::PinState::kFailed);
    EXPECT_NE(outcome.reason.find("CPU " + std::to_string(cpu)), std::string::npos) << outcome.reason;
    EXPECT_NE(outcome.reason.find(format_cpu_list(allowed_cpus())), std::string::npos) << outcome.reason;
  }
}

TEST(Affinity, NoCpuAtAllIsRefused) {
  EXPECT_EQ(in_a_thread([] { return unpin_this_thread({}); }).state, abi::PinState::kFailed);
}

TEST(Affinity, IsolatedCpusAreThoseThatAreAllowedToo) {
  const test::TempFolder root;
  EXPECT_TRUE(isolated_cpus(root.path()).empty());
  root.write("sys/devices/system/cpu/isolated", "\n");
  EXPECT_TRUE(isolated_cpus(root.path()).empty());
  root.write("sys/devices/system/cpu/isolated", format_cpu_list(allowed_cpus()) + ",60000\n");
  EXPECT_EQ(isolated_cpus(root.path()), allowed_cpus());
}

TEST(Affinity, AThreadShowsItsNameCutToWhatTheSystemKeeps) {
  std::thread([] {
    EXPECT_EQ(name_this_thread("byteor-stage-with-a-long-name").state, abi::PinState::kApplied);
    char name[32] = {};
    ASSERT_EQ(pthread_getname_np(pthread_self(), name, sizeof name), 0);
    EXPECT_STREQ(name, "byteor-stage-wi");
  }).join();
}

TEST(Affinity, TheRealTimeClassIsAppliedOrSaysWhyNot) {
  const RequestOutcome outcome = in_a_thread([] { return real_time_this_thread(); });
  if (outcome.state == abi::PinState::kApplied) return;
  EXPECT_NE(outcome.reason.find("CAP_SYS_NICE"), std::string::npos) << outcome.reason;
}

TEST(Affinity, AnImpossibleRealTimePriorityIsNotApplied) {
  const RequestOutcome outcome = in_a_thread([] { return real_time_this_thread(1000); });
  EXPECT_NE(outcome.state, abi::PinState::kApplied);
  EXPECT_NE(outcome.reason.find("the real-time class was refused"), std::string::npos) << outcome.reason;
}

// The sanitizers make mlock do nothing and succeed.
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
TEST(Affinity, MemoryIsLockedOrTheLimitIsNamed) {
  const long page = sysconf(_SC_PAGESIZE);
  void* data = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(data, MAP_FAILED);
  const RequestOutcome outcome = lock_memory(data, page);
  if (outcome.state != abi::PinState::kApplied) {
    EXPECT_NE(outcome.reason.find("ulimit -l"), std::string::npos) << outcome.reason;
  }
  ASSERT_EQ(munmap(data, page), 0);
  const RequestOutcome unmapped = lock_memory(data, page);
  EXPECT_EQ(unmapped.state, abi::PinState::kFailed);
  EXPECT_NE(unmapped.reason.find("the limit memlock is"), std::string::npos) << unmapped.reason;
}
#endif

TEST(Affinity, ThreadsHaveDifferentIds) {
  std::uint32_t other = 0;
  std::thread([&] { other = this_thread_id(); }).join();
  EXPECT_NE(other, this_thread_id());
}

TEST(ThreadTimes, AThreadThatWorksHasUsedItsCpuAndSaysHowLongItWaited) {
  ThreadTimes times;
  double taken = 0;
  std::thread([&] {
    const double begin = core::now_ns();
    do times = this_thread_times();
    while (times.cpu_seconds < 0.01);
    taken = (core::now_ns() - begin) * 1e-9;
  }).join();
  EXPECT_GE(times.cpu_seconds, 0.01);
#if defined(__linux__)
  ASSERT_TRUE(times.waited_seconds.has_value());
  // What it did not run it waited, but for the moments before and after the loop.
  EXPECT_LE(times.cpu_seconds + *times.waited_seconds, taken + 0.05);
#endif
}

TEST(CpuDistance, TwoCpusAnswerEachOther) {
  const CpuList cpus = allowed_cpus();
  if (cpus.size() < 2) GTEST_SKIP() << "one CPU";
  const std::optional<double> ns = flag_round_trip_ns(cpus[0], cpus[1]);
  // Nothing where the machine is so busy that one of them got no CPU for a tenth of a second.
  if (ns.has_value()) {
    EXPECT_GT(*ns, 1.0);
  }
}

TEST(CpuDistance, ACpuThatThisProcessMayNotUseHasNone) {
  EXPECT_EQ(flag_round_trip_ns(allowed_cpus().front(), 100'000), std::nullopt);
}

}  // namespace
}  // namespace byteor::platform

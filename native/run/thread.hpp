// One native thread and the agents it runs in turn. Agents of one thread never wait for each other: they work over the
// same batch while it is in the cache. The thread looks, spins, arms and sleeps as its wait strategy says; nothing else
// in the core waits. Construction and start on the opening thread, run() on its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/agent.hpp"
#include "core/cpu.hpp"
#include "core/device_call.hpp"
#include "platform/affinity.hpp"
#include "platform/cpu_lock.hpp"
#include "platform/thread_times.hpp"
#include "platform/wake.hpp"
#include "run/options.hpp"
#include "run/runner.hpp"

namespace byteor::run {

// How long a device call may take before the pipeline ends without it: long enough for what devices that work need,
// short enough for a JavaScript thread to wait.
inline constexpr double kDeviceGraceNs = 100e6;

// What a thread asks of the operating system, and what became of it.
struct ThreadRequests {
  std::optional<std::uint32_t> cpu;
  bool real_time = false;  // if it can be pinned
};

class alignas(core::kCacheBlock) AgentThread final : public Runner {
 public:
  // `wait` is resolved (never kProfile). `ended` is called last, on this thread.
  AgentThread(abi::ThreadBlock& block, std::string name, WaitStrategy wait, std::vector<core::Agent*> agents,
              Notify notify, std::function<void()> ended);
  ~AgentThread() override;

  void start(ThreadRequests requests, std::optional<platform::CpuLock> lock);

  // Any thread, any number of times. The thread leaves within one round, unless a device does not answer.
  void request_halt() noexcept;
  // After request_halt(): waits until the thread has ended, and joins it. False: it is in a device call that takes
  // longer than kDeviceGraceNs, and has been cut off (core/device_call.hpp): join() waits for the device.
  bool try_join() noexcept;
  void join() noexcept;
  // After join(): gives back the descriptors of its agents and its own. May wait for a device.
  void close_files() noexcept;

  void wake() noexcept override { sleeper_.wake(); }
  void rouse() noexcept override;

  // try_join() has answered no. Any thread.
  bool was_cut_off() const noexcept { return was_cut_off_.load(std::memory_order_relaxed); }

  const std::string& name() const noexcept { return name_; }
  // SYNC POINT S12: the outcomes below are valid once started() is true.
  bool started() const noexcept { return started_.load(std::memory_order_acquire); }
  const platform::RequestOutcome& pin_outcome() const noexcept { return pin_outcome_; }
  const platform::RequestOutcome& real_time_outcome() const noexcept { return real_time_outcome_; }
  // What its agents were given in all; nothing until it has ended by itself or was halted, nor where it was cut off.
  // Any thread.
  std::optional<platform::ThreadTimes> times();

 private:
  void run(ThreadRequests requests);
  void work() noexcept;
  void prepare(const ThreadRequests& requests);
  void keep_times() noexcept;
  bool round() noexcept;
  void rest(std::uint32_t& idle_rounds, double& idle_since) noexcept;
  void park() noexcept;

  abi::ThreadBlock& block_;
  const std::string name_;
  const WaitStrategy wait_;
  const std::function<void()> ended_;
  const std::vector<const core::WaitingAgent*> waiting_;  // those of the agents that may wait for something outside
  // In the core's own memory: whatever is written into the region, native threads wake each other.
  alignas(core::kCacheBlock) std::atomic<std::uint32_t> armed_{0};
  std::atomic<std::uint32_t> word_{0};
  platform::Sleeper sleeper_;  // with room for what each of waiting_ waits for
  std::atomic<bool> halt_{false};
  std::atomic<bool> started_{false};
  platform::RequestOutcome pin_outcome_;
  platform::RequestOutcome real_time_outcome_;
  std::optional<platform::CpuLock> lock_;  // from start() on, the thread's
  std::uint64_t parks_ = 0;
  std::uint64_t rounds_ = 0;
  std::uint64_t idle_rounds_ = 0;
  core::DeviceCalls device_;
  std::mutex left_mutex_;
  std::condition_variable left_changed_;
  std::atomic<bool> was_cut_off_{false};
  bool left_ = false;                   // the thread has ended, all but its return
  platform::ThreadTimes times_before_;  // the first round
  std::optional<platform::ThreadTimes> times_;
  std::thread thread_;  // last: joined before anything above goes
};

}  // namespace byteor::run

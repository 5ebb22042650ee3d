// One native thread and the agents it runs in turn. Agents of one thread never wait for each other: they work over the
// same batch while it is in the cache. The thread looks, spins, arms and sleeps as its wait strategy says; nothing else
// in the core waits. Construction and start on the opening thread, run() on its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/agent.hpp"
#include "core/cpu.hpp"
#include "platform/affinity.hpp"
#include "platform/cpu_lock.hpp"
#include "platform/wake.hpp"
#include "run/options.hpp"

namespace byteor::run {

// A JS thread that sleeps: its cell in the region, and what to tell it.
struct ForeignSleeper {
  std::atomic<std::uint32_t>* armed;
  std::uint32_t event;  // run::Event
};

// What a thread asks of the operating system, and what became of it.
struct ThreadRequests {
  std::optional<std::uint32_t> cpu;
  bool real_time = false;
};

class alignas(core::kCacheBlock) AgentThread {
 public:
  using Notify = std::function<void(std::uint32_t events)>;

  // `wait` is resolved (never kProfile). `notify` wakes JS threads; `ended` is called last, on this thread.
  AgentThread(abi::ThreadBlock& block, std::string name, WaitStrategy wait, std::size_t descriptor_max, Notify notify,
              std::function<void()> ended);
  ~AgentThread();

  AgentThread(const AgentThread&) = delete;
  AgentThread& operator=(const AgentThread&) = delete;

  // Before start(). Agents run in the order in which they were added: upstream first.
  void add_agent(core::Agent* agent) { agents_.push_back(agent); }
  void add_neighbour(AgentThread* thread);
  void add_foreign(ForeignSleeper sleeper);

  void start(ThreadRequests requests, std::optional<platform::CpuLock> lock);

  // Any thread, any number of times. The thread leaves within one round; join() waits for that.
  void request_halt() noexcept;
  void join() noexcept;
  // After join(): gives back the descriptors of its agents and its own, and its CPU.
  void close_descriptors() noexcept;

  // Any thread, after a seq_cst publication of what this thread may wait for.
  void wake() noexcept { sleeper_.wake(); }
  // For a JS thread that has, or has not, exchanged `armed` itself.
  void rouse() noexcept;

  const std::string& name() const noexcept { return name_; }
  // SYNC POINT S12: the outcomes below are valid once started() is true.
  bool started() const noexcept { return started_.load(std::memory_order_acquire); }
  const platform::RequestOutcome& pin_outcome() const noexcept { return pin_outcome_; }
  const platform::RequestOutcome& real_time_outcome() const noexcept { return real_time_outcome_; }

 private:
  void run(ThreadRequests requests);
  void prepare(const ThreadRequests& requests);
  bool round() noexcept;
  void signal() noexcept;
  bool all_done() noexcept;
  void rest(std::uint32_t& idle_rounds, double& idle_since) noexcept;
  void park() noexcept;

  abi::ThreadBlock& block_;
  const std::string name_;
  const WaitStrategy wait_;
  const Notify notify_;
  const std::function<void()> ended_;
  platform::Sleeper sleeper_;
  std::vector<core::Agent*> agents_;
  std::vector<AgentThread*> neighbours_;
  std::vector<ForeignSleeper> foreign_;
  std::atomic<bool> halt_{false};
  std::atomic<bool> started_{false};
  platform::RequestOutcome pin_outcome_;
  platform::RequestOutcome real_time_outcome_;
  std::optional<platform::CpuLock> lock_;
  std::uint64_t parks_ = 0;
  std::uint64_t rounds_ = 0;
  std::uint64_t idle_rounds_ = 0;
  std::thread thread_;  // last: joined before anything above goes
};

}  // namespace byteor::run

// What a profile asks of the machine, and what became of each request: Requested, Applied, Degraded or Failed, with the
// reason. Decides the wait strategy and the CPUs; asks nothing of a thread itself (that is AgentThread::prepare).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "platform/affinity.hpp"
#include "platform/cpu_lock.hpp"
#include "run/options.hpp"

namespace byteor::run {

class AgentThread;

class Tuning {
 public:
  // Looks at the machine. `uses_js`: an end is run by JavaScript, so the CPU that this thread runs on is left to it.
  static Tuning decide(const Options& options, bool uses_js);

  WaitStrategy wait = WaitStrategy::kAdaptive;  // resolved
  platform::CpuBudget budget;

  bool may_sleep() const noexcept { return wait == WaitStrategy::kAdaptive || wait == WaitStrategy::kPark; }

  void memory_locked(platform::RequestOutcome outcome) { memory_ = std::move(outcome); }

  // Before the first thread: where the profile asks for real time, keeps one CPU of this process free of it, so that
  // JavaScript, Node's own threads and whatever else runs there go on whatever the pipeline's threads do.
  void spare_cpu();
  // The lock of the CPU for thread `index`, or nothing (and then why, for describe_thread): not asked for, none free.
  std::optional<platform::CpuLock> choose_cpu(std::uint32_t index);
  // After choose_cpu(): whether the thread may ask for the real-time class (else why not, for describe_requests). Only
  // on a CPU that is its own, that JavaScript does not run on, and with one spared.
  bool may_be_real_time(std::uint32_t index);
  // All threads have ended, or none got the real-time class.
  void give_back() noexcept { spared_.reset(); }

  // JSON members: "cpu":…,"pin":{"state":…,"reason":…}, and what it was given for its work.
  void describe_thread(std::string& text, std::uint32_t index, AgentThread& thread) const;
  // A JSON array of every request with its state and reason.
  void describe_requests(std::string& text, const std::vector<std::unique_ptr<AgentThread>>& threads) const;

 private:
  struct Choice {
    std::optional<std::uint32_t> cpu;
    std::string why_not;
    std::string why_no_real_time;
  };

  Profile profile_ = Profile::kDefault;
  bool pin_ = true;
  std::vector<std::uint32_t> asked_;  // options.cpus
  platform::CpuList candidates_;      // not tried yet, in the order in which threads take them
  std::string last_refusal_;
  platform::RequestOutcome memory_;
  std::vector<Choice> choices_;                      // of the threads that may be pinned
  std::shared_ptr<const platform::CpuLock> spared_;  // shared by the pipelines of this process
  std::string why_none_spared_;
};

}  // namespace byteor::run

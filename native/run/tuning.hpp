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
#include "platform/user_folder.hpp"
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

  // The lock of the CPU for thread `index`, or nothing (and then why, for describe_thread): not asked for, none free.
  std::optional<platform::CpuLock> choose_cpu(std::uint32_t index, const std::optional<platform::UserFolder>& folder,
                                              const std::string& folder_problem);

  // JSON members: "cpu":…,"pin":{"state":…,"reason":…}
  void describe_thread(std::string& text, std::uint32_t index, const AgentThread& thread) const;
  // A JSON array of every request with its state and reason.
  void describe_requests(std::string& text, const std::vector<std::unique_ptr<AgentThread>>& threads) const;

 private:
  struct Choice {
    std::optional<std::uint32_t> cpu;
    std::string why_not;
  };

  Profile profile_ = Profile::kDefault;
  bool pin_ = true;
  std::vector<std::uint32_t> asked_;  // options.cpus
  platform::CpuList candidates_;      // in the order in which threads take them
  platform::RequestOutcome memory_;
  std::vector<Choice> choices_;
};

}  // namespace byteor::run

#include "run/tuning.hpp"

#include <algorithm>
#include <utility>

#include "op/text.hpp"
#include "run/pipeline.hpp"
#include "run/thread.hpp"

namespace byteor::run {
namespace {

const char* state_word(abi::PinState state) {
  switch (state) {
    case abi::PinState::kApplied:
      return "Applied";
    case abi::PinState::kDegraded:
      return "Degraded";
    case abi::PinState::kFailed:
      return "Failed";
    case abi::PinState::kNotAsked:
      break;
  }
  return "Requested";
}

void append_outcome(std::string& text, const char* state, const std::string& reason) {
  text += "{\"state\":\"";
  text += state;
  text += '"';
  if (!reason.empty()) {
    text += ",\"reason\":";
    op::append_json_string(text, reason);
  }
  text += '}';
}

bool contains(const platform::CpuList& cpus, std::uint32_t cpu) {
  return std::find(cpus.begin(), cpus.end(), cpu) != cpus.end();
}

// Isolated CPUs first where the profile wants them; the CPU that JavaScript runs on last, or not at all.
platform::CpuList candidate_cpus(const platform::CpuBudget& budget, Profile profile, bool uses_js) {
  platform::CpuList candidates;
  const platform::CpuList isolated =
      profile == Profile::kIsolatedCore ? platform::isolated_cpus() : platform::CpuList{};
  const std::optional<std::uint32_t> here = uses_js ? platform::current_cpu() : std::nullopt;
  for (const std::uint32_t cpu : isolated)
    if (contains(budget.allowed, cpu)) candidates.push_back(cpu);
  for (const std::uint32_t cpu : budget.allowed) {
    if (contains(candidates, cpu)) continue;
    if (budget.allowed.size() > 1 && here == cpu) continue;
    candidates.push_back(cpu);
  }
  return candidates;
}

}  // namespace

Tuning Tuning::decide(const Options& options, bool uses_js) {
  Tuning tuning;
  tuning.profile_ = options.profile;
  tuning.pin_ = options.pin;
  tuning.asked_ = options.cpus;
  tuning.budget = platform::cpu_budget();
  const WaitStrategy of_profile = options.profile == Profile::kDefault ? WaitStrategy::kAdaptive : WaitStrategy::kSpin;
  tuning.wait = options.wait == WaitStrategy::kProfile ? of_profile : options.wait;
  for (const std::uint32_t cpu : options.cpus) {
    if (contains(tuning.budget.allowed, cpu)) continue;
    throw OpenError("CPU_NOT_ALLOWED", "cpus names CPU " + std::to_string(cpu) + ", which this process may not use; " +
                                           "choose from " + platform::format_cpu_list(tuning.budget.allowed));
  }
  tuning.candidates_ = options.cpus.empty() ? candidate_cpus(tuning.budget, options.profile, uses_js) : options.cpus;
  return tuning;
}

std::optional<platform::CpuLock> Tuning::choose_cpu(std::uint32_t index,
                                                    const std::optional<platform::UserFolder>& folder,
                                                    const std::string& folder_problem) {
  choices_.resize(std::max<std::size_t>(choices_.size(), index + 1));
  Choice& choice = choices_[index];
  if (!pin_) return std::nullopt;
  if (!folder.has_value()) {
    choice.why_not = "CPUs cannot be locked: " + folder_problem;
    return std::nullopt;
  }
  std::string reason;
  for (const std::uint32_t cpu : candidates_) {
    const auto taken = [&](const Choice& other) { return other.cpu == cpu; };
    if (std::any_of(choices_.begin(), choices_.end(), taken)) continue;
    if (std::optional<platform::CpuLock> lock = platform::CpuLock::try_take(*folder, cpu, reason)) {
      choice.cpu = cpu;
      return lock;
    }
  }
  choice.why_not = "no CPU of " + platform::format_cpu_list(budget.allowed) +
                   " is free for this thread (one is left to JavaScript, and other threads of byteor keep theirs); it "
                   "runs unpinned. Ask for fewer threads or allow more CPUs";
  if (!reason.empty()) choice.why_not += " (" + reason + ")";
  return std::nullopt;
}

void Tuning::describe_thread(std::string& text, std::uint32_t index, const AgentThread& thread) const {
  const Choice none;
  const Choice& choice = index < choices_.size() ? choices_[index] : none;
  text += "\"cpu\":" + (choice.cpu.has_value() ? std::to_string(*choice.cpu) : std::string("null")) + ",\"pin\":";
  if (!choice.why_not.empty())
    append_outcome(text, "Degraded", choice.why_not);
  else if (choice.cpu.has_value() && thread.started())
    append_outcome(text, state_word(thread.pin_outcome().state), thread.pin_outcome().reason);
  else
    append_outcome(text, pin_ && index < choices_.size() ? "Requested" : "NotAsked", "");
}

void Tuning::describe_requests(std::string& text, const std::vector<std::unique_ptr<AgentThread>>& threads) const {
  static constexpr const char* kWaits[] = {"profile", "adaptive", "spin", "yield", "park"};
  text += "[{\"request\":\"wait ";
  text += kWaits[static_cast<std::uint32_t>(wait)];
  const bool starves = wait == WaitStrategy::kSpin && threads.size() > budget.threads;
  text += "\",\"outcome\":";
  append_outcome(text, starves ? "Degraded" : "Applied",
                 starves ? "more spinning threads than CPUs of this process: they take turns by time slice; use the "
                           "default profile or fewer threads"
                         : "");
  text += '}';
  if (profile_ != Profile::kDefault) {
    text += ",{\"request\":\"lock memory\",\"outcome\":";
    append_outcome(text, state_word(memory_.state), memory_.reason);
    text += '}';
  }
  if (profile_ == Profile::kIsolatedCore) {
    for (const auto& thread : threads) {
      text += ",{\"request\":";
      op::append_json_string(text, "real-time class for " + thread->name());
      text += ",\"outcome\":";
      const bool known = thread->started();
      append_outcome(text, known ? state_word(thread->real_time_outcome().state) : "Requested",
                     known ? thread->real_time_outcome().reason : "");
      text += '}';
    }
    const platform::CpuList isolated = platform::isolated_cpus();
    text += ",{\"request\":\"isolated CPUs\",\"outcome\":";
    append_outcome(
        text, isolated.empty() ? "Degraded" : "Applied",
        isolated.empty() ? "this machine keeps no CPU free (kernel parameter isolcpus); ordinary CPUs are used" : "");
    text += '}';
  }
  text += ']';
}

}  // namespace byteor::run

#include "run/tuning.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "abi/words.hpp"
#include "core/coded_error.hpp"
#include "op/text.hpp"
#include "run/thread.hpp"

namespace byteor::run {
namespace {

// What no thread has answered yet.
constexpr const char* kRequested = "Requested";

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

void append_outcome(std::string& text, abi::PinState state, const std::string& reason) {
  append_outcome(text, abi::word_of(state), reason);
}

// Of a thread that was asked: one that has no answer has not come to it.
void append_outcome(std::string& text, const platform::RequestOutcome& answer) {
  append_outcome(text, answer.state == abi::PinState::kNotAsked ? kRequested : abi::word_of(answer.state),
                 answer.reason);
}

bool contains(const platform::CpuList& cpus, std::uint32_t cpu) {
  return std::find(cpus.begin(), cpus.end(), cpu) != cpus.end();
}

// The CPU that this process keeps free of real time, as long as a pipeline needs one: its lock, so that no thread of
// byteor, of this process or another, is pinned to it. Leaked on purpose, as the registry of pipelines is.
std::shared_ptr<const platform::CpuLock> process_spare(const platform::CpuList& choice, std::string& why_not) {
  struct Spare {
    std::mutex mutex;
    std::weak_ptr<const platform::CpuLock> lock;
  };
  static Spare* const spare = new Spare;
  const std::lock_guard guard(spare->mutex);
  if (std::shared_ptr<const platform::CpuLock> held = spare->lock.lock()) return held;
  for (const std::uint32_t cpu : choice) {
    std::optional<platform::CpuLock> lock = platform::CpuLock::try_take(cpu, why_not);
    if (!lock.has_value()) continue;
    auto held = std::make_shared<const platform::CpuLock>(std::move(*lock));
    spare->lock = held;
    return held;
  }
  return nullptr;
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
    throw core::CodedError(abi::ErrorCode::kCpuNotAllowed, "cpus names CPU " + std::to_string(cpu) +
                                                               ", which this process may not use; " + "choose from " +
                                                               platform::format_cpu_list(tuning.budget.allowed));
  }
  tuning.candidates_ = options.cpus.empty() ? candidate_cpus(tuning.budget, options.profile, uses_js) : options.cpus;
  return tuning;
}

void Tuning::spare_cpu() {
  if (profile_ != Profile::kIsolatedCore) return;
  const std::optional<std::uint32_t> here = platform::current_cpu();
  platform::CpuList choice;
  const auto add = [&](auto&& wanted) {
    for (const std::uint32_t cpu : budget.allowed)
      if (!contains(choice, cpu) && wanted(cpu)) choice.push_back(cpu);
  };
  const platform::CpuList isolated = platform::isolated_cpus();
  add([&](std::uint32_t cpu) { return cpu == here && !contains(asked_, cpu); });
  add([&](std::uint32_t cpu) { return !contains(asked_, cpu) && !contains(isolated, cpu); });
  add([&](std::uint32_t cpu) { return cpu == here; });
  add([](std::uint32_t) { return true; });
  spared_ = process_spare(choice, why_none_spared_);
}

std::optional<platform::CpuLock> Tuning::choose_cpu(std::uint32_t index) {
  choices_.resize(std::max<std::size_t>(choices_.size(), index + 1));
  Choice& choice = choices_[index];
  if (!pin_) return std::nullopt;
  // One that was not free a moment ago is not asked for again.
  while (!candidates_.empty()) {
    const std::uint32_t cpu = candidates_.front();
    candidates_.erase(candidates_.begin());
    if (std::optional<platform::CpuLock> lock = platform::CpuLock::try_take(cpu, last_refusal_)) {
      choice.cpu = cpu;
      return lock;
    }
  }
  choice.why_not = "no CPU of " + platform::format_cpu_list(budget.allowed) +
                   " is free for this thread (one is left to JavaScript, and other threads of byteor keep theirs); it "
                   "runs unpinned. Ask for fewer threads or allow more CPUs";
  if (!last_refusal_.empty()) choice.why_not += " (" + last_refusal_ + ")";
  return std::nullopt;
}

bool Tuning::may_be_real_time(std::uint32_t index) {
  if (profile_ != Profile::kIsolatedCore) return false;
  Choice& choice = choices_[index];
  std::string& why_not = choice.why_no_real_time;
  if (!choice.cpu.has_value()) {
    why_not = std::string("real time needs a CPU of the thread's own: ") +
              (pin_ ? choice.why_not : "nothing is pinned, as asked for (pin: false)");
  } else if (spared_ == nullptr) {
    why_not = "no CPU would be left without real time for JavaScript and the rest of the process; allow one more (" +
              why_none_spared_ + ")";
  } else if (platform::current_cpu() == choice.cpu) {
    why_not = "JavaScript runs on CPU " + std::to_string(*choice.cpu) + "; name another one in cpus";
  } else {
    why_not = platform::real_time_hazard(*choice.cpu);
  }
  if (!why_not.empty()) why_not += ". The thread runs in the ordinary class";
  return why_not.empty();
}

namespace {

void append_times(std::string& text, const std::optional<platform::ThreadTimes>& times) {
  text += ",\"cpu_seconds\":" + (times.has_value() ? std::to_string(times->cpu_seconds) : std::string("null"));
  const bool told = times.has_value() && times->waited_seconds.has_value();
  text += ",\"waited_seconds\":" + (told ? std::to_string(*times->waited_seconds) : std::string("null"));
}

}  // namespace

void Tuning::describe_thread(std::string& text, std::uint32_t index, AgentThread& thread) const {
  const Choice none;
  const Choice& choice = index < choices_.size() ? choices_[index] : none;
  text += "\"cpu\":" + (choice.cpu.has_value() ? std::to_string(*choice.cpu) : std::string("null")) + ",\"pin\":";
  if (!choice.why_not.empty())
    append_outcome(text, abi::PinState::kDegraded, choice.why_not);
  else if (choice.cpu.has_value() && thread.started())
    append_outcome(text, thread.pin_outcome());
  else if (pin_ && index < choices_.size())
    append_outcome(text, kRequested, "");
  else
    append_outcome(text, abi::PinState::kNotAsked, "");
  if (thread.was_cut_off()) text += ",\"left_in_device_call\":true";
  append_times(text, thread.times());
}

void Tuning::describe_requests(std::string& text, const std::vector<std::unique_ptr<AgentThread>>& threads) const {
  text += "[{\"request\":\"wait ";
  text += abi::word_of(wait);
  const bool starves = wait == WaitStrategy::kSpin && threads.size() > budget.threads;
  text += "\",\"outcome\":";
  append_outcome(text, starves ? abi::PinState::kDegraded : abi::PinState::kApplied,
                 starves ? "more spinning threads than CPUs of this process: they take turns by time slice; use the "
                           "default profile or fewer threads"
                         : "");
  text += '}';
  if (profile_ != Profile::kDefault) {
    text += ",{\"request\":\"lock memory\",\"outcome\":";
    append_outcome(text, memory_);
    text += '}';
  }
  if (profile_ == Profile::kIsolatedCore) {
    // Threads of devices are not asked about: they sleep most of the time.
    for (std::size_t i = 0; i < choices_.size(); ++i) {
      const AgentThread& thread = *threads[i];
      text += ",{\"request\":";
      op::append_json_string(text, "real-time class for " + thread.name());
      text += ",\"outcome\":";
      if (!choices_[i].why_no_real_time.empty())
        append_outcome(text, abi::PinState::kDegraded, choices_[i].why_no_real_time);
      else if (thread.started())
        append_outcome(text, thread.real_time_outcome());
      else
        append_outcome(text, kRequested, "");
      text += '}';
    }
    const platform::CpuList isolated = platform::isolated_cpus();
    text += ",{\"request\":\"isolated CPUs\",\"outcome\":";
    append_outcome(
        text, isolated.empty() ? abi::PinState::kDegraded : abi::PinState::kApplied,
        isolated.empty() ? "this machine keeps no CPU free (kernel parameter isolcpus); ordinary CPUs are used" : "");
    text += '}';
  }
  text += ']';
}

}  // namespace byteor::run

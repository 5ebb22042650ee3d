// Threads and CPUs: which CPUs this process may use, how much of them, and what a thread can ask of the operating
// system. A request is never an exception: it says what became of it, with a reason and a remedy, because `describe`,
// `doctor` and the summary show that to the user. Control path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "abi/abi_generated.hpp"
#include "platform/cgroup.hpp"

namespace byteor::platform {

// What became of a request. `reason` is empty when it was applied, else a sentence with a remedy.
struct RequestOutcome {
  abi::PinState state = abi::PinState::kNotAsked;
  std::string reason;
};

// CPU numbers, ascending.
using CpuList = std::vector<std::uint32_t>;

// Linux's notation, "0-3,8". Empty when the text is empty or malformed.
CpuList parse_cpu_list(std::string_view text);
std::string format_cpu_list(const CpuList& cpus);

// CPUs this process may run on (cpuset and taskset respected), as its main thread sees them. Never empty.
CpuList allowed_cpus();
// CPUs that the kernel keeps ordinary threads away from (isolcpus=), as far as they are allowed.
CpuList isolated_cpus(const std::string& root = {});

struct CpuBudget {
  CpuList allowed;
  std::optional<CpuQuota> quota;
  double cpus = 1;            // CPU seconds a second that this process can get; may be a fraction
  std::uint32_t threads = 1;  // how many threads may be busy all the time without being throttled; at least 1
};
CpuBudget cpu_budget();

// CPU the calling thread runs on at this moment, if the system tells.
std::optional<std::uint32_t> current_cpu();

// The following are called from inside the thread that they concern.

RequestOutcome pin_this_thread(std::uint32_t cpu);
// Undoes a pin: any of `cpus` again.
RequestOutcome unpin_this_thread(const CpuList& cpus);
// As debuggers and top show it. Linux keeps 15 bytes; a longer name is cut.
RequestOutcome name_this_thread(std::string_view name);
// Why a thread that works all the time must not be in the real-time class on that CPU; empty: nothing speaks against
// it.
std::string real_time_hazard(std::uint32_t cpu, const std::string& root = {});
// First-in-first-out real-time class. Degraded: a better nice value instead.
RequestOutcome real_time_this_thread(int priority = 1);

// Keeps a mapping in memory (no page is swapped out, none is faulted in later). Any thread.
RequestOutcome lock_memory(const void* data, std::size_t bytes);

// Thread id as the operating system shows it; 0 when it has none.
std::uint32_t this_thread_id();

}  // namespace byteor::platform

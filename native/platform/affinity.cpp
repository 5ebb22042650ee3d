#include "platform/affinity.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <thread>
#if defined(__linux__)
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace byteor::platform {

namespace {

RequestOutcome applied() { return {abi::PinState::kApplied, {}}; }
RequestOutcome failed(std::string reason) { return {abi::PinState::kFailed, std::move(reason)}; }

CpuList every_cpu() {
  CpuList cpus(std::max(1u, std::thread::hardware_concurrency()));
  for (std::uint32_t cpu = 0; cpu < cpus.size(); ++cpu) cpus[cpu] = cpu;
  return cpus;
}

}  // namespace

CpuList parse_cpu_list(std::string_view text) {
  CpuList cpus;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    std::uint32_t first = 0;
    auto parsed = std::from_chars(at, end, first);
    if (parsed.ec != std::errc{}) return {};
    std::uint32_t last = first;
    if (parsed.ptr != end && *parsed.ptr == '-') {
      parsed = std::from_chars(parsed.ptr + 1, end, last);
      if (parsed.ec != std::errc{}) return {};
    }
    if (last < first || last >= abi::kCpuListEnd) return {};
    for (std::uint32_t cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
    if (parsed.ptr == end) break;
    if (*parsed.ptr != ',' || parsed.ptr + 1 == end) return {};
    at = parsed.ptr + 1;
  }
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  return cpus;
}

std::string format_cpu_list(const CpuList& cpus) {
  std::string text;
  for (std::size_t i = 0; i < cpus.size();) {
    std::size_t j = i;
    while (j + 1 < cpus.size() && cpus[j + 1] == cpus[j] + 1) ++j;
    if (!text.empty()) text += ',';
    text += std::to_string(cpus[i]);
    if (j != i) text += '-' + std::to_string(cpus[j]);
    i = j + 1;
  }
  return text;
}

CpuList isolated_cpus(const std::string& root) {
  std::ifstream file(root + "/sys/devices/system/cpu/isolated");
  std::string line;
  std::getline(file, line);
  const CpuList isolated = parse_cpu_list(line);
  const CpuList allowed = allowed_cpus();
  CpuList both;
  std::set_intersection(isolated.begin(), isolated.end(), allowed.begin(), allowed.end(), std::back_inserter(both));
  return both;
}

CpuBudget cpu_budget() {
  CpuBudget budget;
  budget.allowed = allowed_cpus();
  budget.quota = cpu_quota();
  budget.cpus = static_cast<double>(budget.allowed.size());
  if (budget.quota) budget.cpus = std::min(budget.cpus, budget.quota->cpus);
  budget.threads = std::max(1u, static_cast<std::uint32_t>(std::floor(budget.cpus + 1e-6)));
  return budget;
}

#if defined(__linux__)

namespace {

// A CPU set of any size: the kernel refuses one that is smaller than its own.
class CpuSet {
 public:
  explicit CpuSet(std::uint32_t count) : set_(CPU_ALLOC(count)), bytes_(CPU_ALLOC_SIZE(count)), count_(count) {
    CPU_ZERO_S(bytes_, set_);
  }
  ~CpuSet() { CPU_FREE(set_); }
  CpuSet(const CpuSet&) = delete;
  CpuSet& operator=(const CpuSet&) = delete;

  void add(std::uint32_t cpu) { CPU_SET_S(cpu, bytes_, set_); }
  bool read(pid_t thread) { return sched_getaffinity(thread, bytes_, set_) == 0; }
  bool write() const { return sched_setaffinity(0, bytes_, set_) == 0; }
  CpuList list() const {
    CpuList cpus;
    for (std::uint32_t cpu = 0; cpu < count_; ++cpu)
      if (CPU_ISSET_S(cpu, bytes_, set_)) cpus.push_back(cpu);
    return cpus;
  }

 private:
  cpu_set_t* set_;
  std::size_t bytes_;
  std::uint32_t count_;
};

}  // namespace

CpuList allowed_cpus() {
  // The main thread's set: a thread of ours that asks may be pinned itself.
  for (std::uint32_t count = 1024; count <= abi::kCpuListEnd; count *= 2) {
    CpuSet set(count);
    if (set.read(getpid())) return set.list();
    if (errno != EINVAL) break;
  }
  return every_cpu();
}

std::optional<std::uint32_t> current_cpu() {
  const int cpu = sched_getcpu();
  return cpu < 0 ? std::nullopt : std::optional(static_cast<std::uint32_t>(cpu));
}

RequestOutcome pin_this_thread(std::uint32_t cpu) {
  if (cpu >= abi::kCpuListEnd)
    return failed("CPU " + std::to_string(cpu) + " does not exist; name one of " + format_cpu_list(allowed_cpus()));
  CpuSet set(std::max(1024u, cpu + 1));
  set.add(cpu);
  if (set.write()) return applied();
  return failed("CPU " + std::to_string(cpu) + " cannot be used (" + std::strerror(errno) + "); this process may use " +
                format_cpu_list(allowed_cpus()));
}

RequestOutcome unpin_this_thread(const CpuList& cpus) {
  CpuSet set(std::max(1024u, cpus.empty() ? 0 : cpus.back() + 1));
  for (const std::uint32_t cpu : cpus) set.add(cpu);
  if (set.write()) return applied();
  return failed("the CPUs " + format_cpu_list(cpus) + " cannot be given back to the thread (" + std::strerror(errno) +
                "); this process may use " + format_cpu_list(allowed_cpus()));
}

RequestOutcome name_this_thread(std::string_view name) {
  const std::string cut(name.substr(0, 15));
  const int error = pthread_setname_np(pthread_self(), cut.c_str());
  if (error != 0) return failed("the thread cannot be named " + cut + " (" + std::strerror(error) + ")");
  return applied();
}

std::string real_time_hazard(std::uint32_t cpu, const std::string& root) {
  rlimit limit{};
  if (getrlimit(RLIMIT_RTTIME, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    return "the limit rttime is " + std::to_string(limit.rlim_cur) +
           " microseconds, after which the kernel ends a process whose real-time thread has not slept; raise it to "
           "unlimited (ulimit -R)";
  std::ifstream file(root + "/proc/sys/kernel/sched_rt_runtime_us");
  std::string line;
  std::getline(file, line);
  const CpuList isolated = isolated_cpus(root);
  if (line != "-1" || std::binary_search(isolated.begin(), isolated.end(), cpu)) return {};
  return "kernel.sched_rt_runtime_us is -1, so a thread that spins would keep the kernel's own threads off CPU " +
         std::to_string(cpu) + " for ever; isolate the CPU (kernel parameter isolcpus) or set 950000";
}

RequestOutcome real_time_this_thread(int priority) {
  sched_param parameters{};
  parameters.sched_priority = priority;
  const int error = pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameters);
  if (error == 0) return applied();
  const std::string why = "the real-time class was refused (" + std::string(std::strerror(error)) +
                          "); grant CAP_SYS_NICE or raise the limit rtprio (ulimit -r)";
  constexpr int kNice = -10;
  if (setpriority(PRIO_PROCESS, static_cast<id_t>(this_thread_id()), kNice) == 0)
    return {abi::PinState::kDegraded, why + "; the thread runs at nice " + std::to_string(kNice) + " instead"};
  return failed(why);
}

std::uint32_t this_thread_id() { return static_cast<std::uint32_t>(syscall(SYS_gettid)); }

#else

CpuList allowed_cpus() { return every_cpu(); }
std::optional<std::uint32_t> current_cpu() { return std::nullopt; }

RequestOutcome pin_this_thread(std::uint32_t cpu) {
  return failed("this operating system does not pin threads to CPUs (CPU " + std::to_string(cpu) +
                " was asked for); run without pinning");
}

RequestOutcome unpin_this_thread(const CpuList&) { return applied(); }
std::string real_time_hazard(std::uint32_t, const std::string&) { return {}; }
RequestOutcome real_time_this_thread(int) { return failed("the real-time class is asked for on Linux only"); }
std::uint32_t this_thread_id() { return 0; }

RequestOutcome name_this_thread(std::string_view name) {
#if defined(__APPLE__)
  const std::string cut(name.substr(0, 63));
  if (pthread_setname_np(cut.c_str()) == 0) return applied();
#endif
  return failed("the thread cannot be named " + std::string(name) + " on this operating system");
}

#endif

RequestOutcome lock_memory(const void* data, std::size_t bytes) {
  if (mlock(data, bytes) == 0) return applied();
  const int error = errno;
  std::string limit = "unknown";
  rlimit allowed{};
  if (getrlimit(RLIMIT_MEMLOCK, &allowed) == 0)
    limit = allowed.rlim_cur == RLIM_INFINITY ? "unlimited" : std::to_string(allowed.rlim_cur) + " bytes";
  return failed(std::to_string(bytes) + " bytes of memory cannot be locked (" + std::strerror(error) +
                "); the limit memlock is " + limit + ": raise it (ulimit -l) or grant CAP_IPC_LOCK");
}

}  // namespace byteor::platform

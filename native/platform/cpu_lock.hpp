// Two threads pinned to one CPU spoil each other: each spins while the other should run. So a thread is pinned only
// with the CPU's lock: a socket bound to the abstract name `byteor-cpu-N`. A name can be bound once in a network
// namespace, whichever user, folder or environment the process has; it leaves no file behind, so there is none to be
// planted, linked or left by another user; and the kernel gives it back when the process is killed. It holds between
// two pipelines of one process as well. Only ever tried, never waited for. Who holds one: `ss -xap | grep byteor-cpu`.
// Decision 092. Linux; elsewhere nothing is pinned.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace byteor::platform {

// The right to pin one thread to one CPU. Given back when the object dies. Control path; any thread.
class CpuLock {
 public:
  // Nothing when another thread has it, or the system gives no lock; then `reason` is a sentence that says which.
  static std::optional<CpuLock> try_take(std::uint32_t cpu, std::string& reason);

  CpuLock(CpuLock&& other) noexcept;
  CpuLock& operator=(CpuLock&& other) noexcept;
  ~CpuLock();

  std::uint32_t cpu() const noexcept { return cpu_; }

 private:
  CpuLock(int descriptor, std::uint32_t cpu) : descriptor_(descriptor), cpu_(cpu) {}

  int descriptor_ = -1;
  std::uint32_t cpu_ = 0;
};

}  // namespace byteor::platform

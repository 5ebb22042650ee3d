// Two threads pinned to one CPU spoil each other: each spins while the other should run. So whoever pins a thread first
// takes the CPU's lock: a flock on cpu-N.lock in the user's folder. Every lock is its own open file, so it also holds
// between two pipelines of one process, and the kernel gives it back when the process is killed. Only ever tried, never
// waited for. The file itself is left: removing it would let two processes lock two files of the same name.
//
// No folder (UserFolder::open threw), no locks: then nothing is pinned, and the caller reports Degraded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "platform/user_folder.hpp"

namespace byteor::platform {

// The right to pin one thread to one CPU. Given back when the object dies. Control path; any thread.
class CpuLock {
 public:
  // Nothing when somebody has it, or the lock file cannot be used; then `reason` is a sentence that says which.
  static std::optional<CpuLock> try_take(const UserFolder& folder, std::uint32_t cpu, std::string& reason);

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

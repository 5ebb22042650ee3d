#include "platform/cpu_lock.hpp"

#include <utility>

#if !defined(_WIN32)
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#endif

namespace byteor::platform {

CpuLock::CpuLock(CpuLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)), cpu_(other.cpu_) {}

CpuLock& CpuLock::operator=(CpuLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(cpu_, other.cpu_);
  return *this;
}

#if !defined(_WIN32)

CpuLock::~CpuLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::optional<CpuLock> CpuLock::try_take(const UserFolder& folder, std::uint32_t cpu, std::string& reason) {
  const std::string name = "cpu-" + std::to_string(cpu) + ".lock";
  const int descriptor = openat(folder.descriptor(), name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    reason = folder.path() + "/" + name + " cannot be opened (" + std::strerror(errno) + "); remove it";
    return std::nullopt;
  }
  CpuLock lock(descriptor, cpu);
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
  reason = errno == EWOULDBLOCK ? "CPU " + std::to_string(cpu) + " is taken by another thread that byteor pinned"
                                : folder.path() + "/" + name + " cannot be locked (" + std::strerror(errno) + ")";
  return std::nullopt;
}

#else

CpuLock::~CpuLock() = default;

std::optional<CpuLock> CpuLock::try_take(const UserFolder&, std::uint32_t, std::string& reason) {
  reason = "threads are not pinned on Windows";
  return std::nullopt;
}

#endif

}  // namespace byteor::platform

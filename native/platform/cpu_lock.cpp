#include "platform/cpu_lock.hpp"

#include <utility>

#if defined(__linux__)
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#endif

namespace byteor::platform {

CpuLock::CpuLock(CpuLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)), cpu_(other.cpu_) {}

CpuLock& CpuLock::operator=(CpuLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(cpu_, other.cpu_);
  return *this;
}

#if defined(__linux__)

CpuLock::~CpuLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::optional<CpuLock> CpuLock::try_take(std::uint32_t cpu, std::string& reason) {
  const std::string name = "byteor-cpu-" + std::to_string(cpu);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // The byte before the name is 0: it is not a path.
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  // Bound and never listened on, so that nothing can be sent to it.
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) {
    reason = "CPU " + std::to_string(cpu) + " cannot be locked (no socket: " + std::strerror(errno) + ")";
    return std::nullopt;
  }
  CpuLock lock(descriptor, cpu);
  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&address), bytes) == 0) return lock;
  reason = errno == EADDRINUSE
               ? "CPU " + std::to_string(cpu) + " is taken by another thread that byteor pinned"
               : "CPU " + std::to_string(cpu) + " cannot be locked (name " + name + ": " + std::strerror(errno) + ")";
  return std::nullopt;
}

#else

CpuLock::~CpuLock() = default;

std::optional<CpuLock> CpuLock::try_take(std::uint32_t, std::string& reason) {
  reason = "threads are pinned on Linux only";
  return std::nullopt;
}

#endif

}  // namespace byteor::platform

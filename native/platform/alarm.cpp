#include "platform/alarm.hpp"

#if defined(__linux__)
#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>
#endif

namespace byteor::platform {

#if defined(__linux__)

Alarm::Alarm() noexcept : descriptor_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {}

Alarm::~Alarm() { close(); }

void Alarm::close() noexcept {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

core::WaitDescriptor Alarm::wait() const noexcept { return {descriptor_, POLLIN}; }

void Alarm::set(std::uint64_t ms) noexcept {
  if (descriptor_ < 0) return;
  itimerspec when{};
  when.it_value.tv_sec = static_cast<time_t>(ms / 1000);
  when.it_value.tv_nsec = static_cast<long>(ms % 1000) * 1'000'000;
  // Setting also forgets that an earlier alarm went off.
  timerfd_settime(descriptor_, 0, &when, nullptr);
}

#else

Alarm::Alarm() noexcept = default;
Alarm::~Alarm() = default;
void Alarm::close() noexcept {}
core::WaitDescriptor Alarm::wait() const noexcept { return {}; }
void Alarm::set(std::uint64_t) noexcept {}

#endif

}  // namespace byteor::platform

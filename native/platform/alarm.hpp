// A descriptor that becomes ready after a while: how an agent that must do something at a time, and not because
// of a publication, ends its thread's sleep (core::WaitingAgent). Linux; elsewhere descriptor()
// is -1 and an agent that would set an alarm does its work at once instead. Its owner's thread only.
#pragma once

#include <cstdint>

#include "core/agent.hpp"

namespace byteor::platform {

class Alarm {
 public:
  Alarm() noexcept;
  ~Alarm();
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  // -1 where there are no alarms.
  int descriptor() const noexcept { return descriptor_; }
  // What to poll for.
  core::WaitDescriptor wait() const noexcept;
  // Gives the descriptor back; from now on there are no alarms.
  void close() noexcept;
  // Ready `ms` from now on; replaces the alarm before it. 0: silences it.
  void set(std::uint64_t ms) noexcept;

 private:
  int descriptor_ = -1;
};

}  // namespace byteor::platform

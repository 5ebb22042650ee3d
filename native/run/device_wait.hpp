// Waiting for a thread that may be in a call to a device. Nothing wakes such a wait when a call begins or grows old, so
// it looks from time to time. Control path.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "core/device_call.hpp"

namespace byteor::run {

// Waits under `lock` until `done()`, and answers true. False: `give_up(since_ns)` said so while the thread was in a
// call that began at `since_ns`.
template <class Done, class GiveUp>
bool wait_beside_device(std::unique_lock<std::mutex>& lock, std::condition_variable& changed,
                        const core::DeviceCalls& device, Done&& done, GiveUp&& give_up) {
  constexpr std::chrono::milliseconds kLook(2);
  while (!changed.wait_for(lock, kLook, done)) {
    const double since_ns = device.inside_since_ns();
    if (since_ns != 0 && give_up(since_ns)) return false;
  }
  return true;
}

}  // namespace byteor::run

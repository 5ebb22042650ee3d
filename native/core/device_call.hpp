// A thread's calls to a device that may take any time: a disk that hangs, a network file system whose server is gone.
// A thread that is to end while it is in such a call is not waited for: it is cut off, and the pipeline settles without
// it.
//
//   the thread                                the thread that ends it (halt)
//   { DeviceCall call;  read, write, sync }   cut_off(): only while the other is inside
//   if (cut_off()) leave at once
//
// What a thread that is cut off has still to do is its own alone: after the call it touches nothing that others see
// (the region, its counters, failures), because those have been settled and may be read at this moment. The call itself
// goes on, and what it was given stays where it is until it returns (native/run/pipeline.cpp).
//
// Calls may nest; the outermost counts. Entering and leaving cost a look at the clock and two atomic operations, so a
// call is a block of bytes or a group of records and not one record.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/clock.hpp"

namespace byteor::core {

class DeviceCalls {
 public:
  DeviceCalls() = default;
  DeviceCalls(const DeviceCalls&) = delete;
  DeviceCalls& operator=(const DeviceCalls&) = delete;

  // --- The thread itself --------------------------------------------------------------------------------------------

  // DeviceCall and core::cut_off() of this thread mean this object from now on.
  void bind() noexcept;
  bool is_cut_off() const noexcept { return cut_off_; }

  // --- Another thread -----------------------------------------------------------------------------------------------

  // Since when the thread has been inside; 0: it is not, or it is cut off already.
  double inside_since_ns() const noexcept {
    // SYNC POINT S14.
    const double since = since_ns_.load(std::memory_order_acquire);
    return since == kCutOff ? 0 : since;
  }
  // Cuts the thread off if it is inside. True: it will leave without touching what others see, and what it did before
  // the call is visible.
  bool cut_off() noexcept {
    double since = inside_since_ns();
    // SYNC POINT S14: against leave(), which finds out in the same step.
    return since != 0 && since_ns_.compare_exchange_strong(since, kCutOff, std::memory_order_acq_rel);
  }

 private:
  friend class DeviceCall;
  static constexpr double kCutOff = -1;

  // SYNC POINT S14: what the thread did before is complete for the one who cuts it off.
  void enter() noexcept {
    if (depth_++ == 0 && !cut_off_) since_ns_.store(now_ns(), std::memory_order_release);
  }
  void leave() noexcept {
    // SYNC POINT S14.
    if (--depth_ == 0) cut_off_ = cut_off_ || since_ns_.exchange(0, std::memory_order_acq_rel) == kCutOff;
  }

  std::atomic<double> since_ns_{0};
  bool cut_off_ = false;
  int depth_ = 0;
};

namespace detail {
inline constinit thread_local DeviceCalls* device_calls = nullptr;
}  // namespace detail

inline void DeviceCalls::bind() noexcept { detail::device_calls = this; }

// This thread was cut off in its last device call.
inline bool cut_off() noexcept { return detail::device_calls != nullptr && detail::device_calls->is_cut_off(); }

// One call, from construction to destruction. Does nothing on a thread that has no DeviceCalls.
class DeviceCall {
 public:
  DeviceCall() noexcept : calls_(detail::device_calls) {
    if (calls_ != nullptr) calls_->enter();
  }
  ~DeviceCall() {
    if (calls_ != nullptr) calls_->leave();
  }
  DeviceCall(const DeviceCall&) = delete;
  DeviceCall& operator=(const DeviceCall&) = delete;

 private:
  DeviceCalls* const calls_;
};

}  // namespace byteor::core

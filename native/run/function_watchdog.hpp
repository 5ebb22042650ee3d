// What sees that a call to a host (op/host.hpp) does not come back. The thread in it cannot be interrupted, and all who
// wait for the pipeline would wait for it. A thread of its own, which sleeps.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "run/hosted_runner.hpp"

namespace byteor::run {

class FunctionWatchdog {
 public:
  using Late = std::function<void(const HostedRunner::LateCall&)>;

  // `runners` outlive it. `late` is called once at most, on its thread, behind which it ends; it may destroy this
  // object. Throws std::system_error.
  FunctionWatchdog(std::vector<HostedRunner*> runners, Late late);
  ~FunctionWatchdog();

  FunctionWatchdog(const FunctionWatchdog&) = delete;
  FunctionWatchdog& operator=(const FunctionWatchdog&) = delete;

  // Any thread. Another limit has been set.
  void look();
  // Any thread. Does not wait for a call of `late`.
  void stop();

 private:
  // Also the thread's: `late` may destroy this object.
  struct Shared {
    std::vector<HostedRunner*> runners;
    Late late;
    std::mutex mutex;
    std::condition_variable wakes;
    bool stopped = false;  // guarded by mutex
    bool looks = false;    // likewise
  };
  static void watch(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace byteor::run

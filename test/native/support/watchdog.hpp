// Ends the program when a test hangs: a lost wake-up would otherwise look like a slow machine for ever.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace byteor::test {

class Watchdog {
 public:
  // After `limit`, prints what `describe` says and aborts. `describe` runs on the watchdog's thread.
  explicit Watchdog(
      std::chrono::seconds limit, std::function<std::string()> describe = [] { return std::string(); })
      : thread_([this, limit, describe = std::move(describe)] {
          std::unique_lock lock(mutex_);
          if (ended_.wait_for(lock, limit, [this] { return done_; })) return;
          std::fprintf(stderr, "watchdog: the test hangs: %s\n", describe().c_str());
          std::abort();
        }) {}

  ~Watchdog() {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
    }
    ended_.notify_one();
    thread_.join();
  }

  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool done_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace byteor::test

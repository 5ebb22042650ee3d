// The stages of a pipeline that JavaScript runs: which of its threads has which, and a watch over their functions.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "run/function_watchdog.hpp"
#include "run/hosted_runner.hpp"

namespace byteor::run {

class HostedStages {
 public:
  // Before anything runs; in the order of their threads.
  void add(std::string id, std::unique_ptr<HostedRunner> runner);

  std::size_t size() const noexcept { return stages_.size(); }
  HostedRunner& runner(std::size_t stage) const noexcept { return *stages_[stage].runner; }

  // Any thread. One at a time has a stage; nullptr: another one has it, or there is no such stage.
  HostedRunner* take(const std::string& id);
  void give_back(const std::string& id);

  // Any thread. How long a call of that stage's function may take; 0: as long as it likes. `late`: FunctionWatchdog's.
  // Throws CodedError where there is no thread that watches.
  void limit(HostedRunner& stage, double limit_ms, FunctionWatchdog::Late late);

  void rouse() noexcept;
  // Any thread. None is at work afterwards, and none will be.
  void halt() noexcept;

  // A JSON list.
  void describe(std::string& text) const;

 private:
  struct Stage {
    std::string id;
    std::unique_ptr<HostedRunner> runner;
    bool taken = false;  // guarded by mutex_
  };

  std::vector<Stage> stages_;
  std::mutex mutex_;
  bool halted_ = false;                         // guarded by mutex_
  std::unique_ptr<FunctionWatchdog> watchdog_;  // likewise; none before a stage has a limit
};

}  // namespace byteor::run

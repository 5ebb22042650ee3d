// The stages of a pipeline that JavaScript runs: which of its threads has which, and a watch over their functions. A
// stage that several threads are to run has a runner for each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.hpp"
#include "run/function_watchdog.hpp"
#include "run/hosted_runner.hpp"
#include "run/options.hpp"

namespace byteor::run {

class HostedStages {
 public:
  // Whom the runners tell.
  struct Told {
    Runner::Notify notify;
    std::function<void()> ended;
  };

  // Before anything runs; in the order of their threads. `agents`: one a shard. They are dealt out to as many runners
  // as `asked` has for the stage, and at most to so many as there are.
  void add(const graph::HostedStage& stage, abi::ThreadBlock& block, const std::vector<core::Agent*>& agents,
           const std::vector<StageWorkers>& asked, const Told& told);

  // Runners.
  std::size_t size() const noexcept { return stages_.size(); }
  std::vector<Runner*> of_thread(std::uint32_t thread) const;

  // Any thread. One at a time has a stage, or a part of it; nullptr: others have all of it, or there is no such stage.
  HostedRunner* take(const std::string& id);
  // The thread that has it. What has come to its end is taken by none any more: a thread that comes late gets its own.
  void give_back(const HostedRunner& runner);

  // Any thread. What no thread has of the stage fails with this cause, and is taken by none any more.
  void fail(const std::string& id, std::string_view cause);

  // Any thread. How long a call of that stage's function may take; 0: as long as it likes. `late`: FunctionWatchdog's.
  // Throws CodedError where there is no thread that watches.
  void limit(HostedRunner& stage, double limit_ms, FunctionWatchdog::Late late);

  void rouse() noexcept;
  void rouse(std::uint32_t thread) noexcept;
  // Any thread. None is at work afterwards, and none will be.
  void halt() noexcept;

  // A JSON list.
  void describe(std::string& text) const;

 private:
  struct Stage {
    std::string id;
    std::uint32_t thread;
    std::unique_ptr<HostedRunner> runner;
    bool taken = false;  // guarded by mutex_
  };

  std::vector<Stage> stages_;
  std::mutex mutex_;
  bool halted_ = false;                         // guarded by mutex_
  std::unique_ptr<FunctionWatchdog> watchdog_;  // likewise; none before a stage has a limit
};

}  // namespace byteor::run

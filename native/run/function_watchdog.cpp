#include "run/function_watchdog.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "core/clock.hpp"

namespace byteor::run {
namespace {

// Between two looks: a part of the limit, so that it is seen soon after it has passed, and no more often than a thread
// of the machine is worth.
constexpr double kLooksInLimit = 8;
constexpr double kShortestNs = 1e6;
constexpr double kLongestNs = 1e9;

}  // namespace

FunctionWatchdog::FunctionWatchdog(std::vector<HostedRunner*> runners, Late late)
    : shared_(std::make_shared<Shared>()) {
  shared_->runners = std::move(runners);
  shared_->late = std::move(late);
  thread_ = std::thread([shared = shared_] { watch(shared); });
}

FunctionWatchdog::~FunctionWatchdog() {
  stop();
  if (thread_.get_id() == std::this_thread::get_id())
    thread_.detach();
  else
    thread_.join();
}

void FunctionWatchdog::look() {
  const std::lock_guard lock(shared_->mutex);
  shared_->looks = true;
  shared_->wakes.notify_one();
}

void FunctionWatchdog::stop() {
  const std::lock_guard lock(shared_->mutex);
  shared_->stopped = true;
  shared_->wakes.notify_one();
}

void FunctionWatchdog::watch(const std::shared_ptr<Shared>& shared) {
  std::unique_lock lock(shared->mutex);
  while (!shared->stopped) {
    shared->looks = false;
    double pause_ns = kLongestNs;
    const double now = core::now_ns();
    std::optional<HostedRunner::LateCall> late;
    for (HostedRunner* runner : shared->runners) {
      late = runner->cut_off_late(now);
      if (late.has_value()) break;
      if (runner->limit_ns() != 0) pause_ns = std::min(pause_ns, runner->limit_ns() / kLooksInLimit);
    }
    if (late.has_value()) {
      lock.unlock();
      shared->late(*late);
      return;
    }
    shared->wakes.wait_for(lock, std::chrono::nanoseconds(static_cast<std::int64_t>(std::max(pause_ns, kShortestNs))),
                           [&] { return shared->stopped || shared->looks; });
  }
}

}  // namespace byteor::run

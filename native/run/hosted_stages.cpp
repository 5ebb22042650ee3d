#include "run/hosted_stages.hpp"

#include <cstdint>
#include <system_error>
#include <utility>

#include "core/coded_error.hpp"
#include "op/text.hpp"

namespace byteor::run {

void HostedStages::add(std::string id, std::unique_ptr<HostedRunner> runner) {
  stages_.push_back({std::move(id), std::move(runner)});
}

HostedRunner* HostedStages::take(const std::string& id) {
  const std::lock_guard lock(mutex_);
  for (Stage& stage : stages_)
    if (stage.id == id) return std::exchange(stage.taken, true) ? nullptr : stage.runner.get();
  return nullptr;
}

void HostedStages::give_back(const std::string& id) {
  const std::lock_guard lock(mutex_);
  for (Stage& stage : stages_)
    if (stage.id == id) stage.taken = false;
}

void HostedStages::limit(HostedRunner& stage, double limit_ms, FunctionWatchdog::Late late) {
  const std::lock_guard lock(mutex_);
  stage.set_limit_ns(limit_ms * 1e6);
  if (halted_ || limit_ms == 0) return;
  if (watchdog_ != nullptr) return watchdog_->look();
  std::vector<HostedRunner*> runners;
  for (const Stage& one : stages_) runners.push_back(one.runner.get());
  try {
    watchdog_ = std::make_unique<FunctionWatchdog>(std::move(runners), std::move(late));
  } catch (const std::system_error& error) {
    throw core::CodedError(abi::ErrorCode::kNoThread,
                           "the thread that watches functions of stages cannot be started (" + error.code().message() +
                               "); raise the limit of processes (ulimit -u, pids.max of the control group), or give "
                               "the stages timeoutMs: Infinity");
  }
}

void HostedStages::rouse() noexcept {
  for (const Stage& stage : stages_) stage.runner->rouse();
}

void HostedStages::halt() noexcept {
  {
    const std::lock_guard lock(mutex_);
    halted_ = true;
    if (watchdog_ != nullptr) watchdog_->stop();
  }
  for (const Stage& stage : stages_) stage.runner->halt();
}

void HostedStages::describe(std::string& text) const {
  text += '[';
  for (const Stage& stage : stages_) {
    if (&stage != stages_.data()) text += ',';
    const double limit_ms = stage.runner->limit_ns() / 1e6;
    text += "{\"id\":";
    op::append_json_string(text, stage.id);
    text += ",\"timeout_ms\":" + (limit_ms == 0 ? "null" : std::to_string(static_cast<std::uint64_t>(limit_ms))) + '}';
  }
  text += ']';
}

}  // namespace byteor::run

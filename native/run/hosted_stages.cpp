#include "run/hosted_stages.hpp"

#include <algorithm>
#include <cstdint>
#include <system_error>
#include <utility>

#include "core/coded_error.hpp"
#include "op/text.hpp"

namespace byteor::run {

void HostedStages::add(const graph::HostedStage& stage, abi::ThreadBlock& block,
                       const std::vector<core::Agent*>& agents, const std::vector<StageWorkers>& asked,
                       const Told& told) {
  const auto said = std::ranges::find(asked, stage.id, &StageWorkers::stage);
  const std::size_t workers = said == asked.end() ? 1 : said->workers;
  const std::size_t runners = std::clamp<std::size_t>(workers, 1, stage.ops.size());
  for (std::size_t first = 0; first < runners; ++first) {
    std::vector<core::Agent*> own;
    std::vector<op::HostedOp*> ops;
    HostedPart part{{}, runners > 1};
    for (std::size_t shard = first; shard < stage.ops.size(); shard += runners) {
      own.push_back(agents[shard]);
      ops.push_back(stage.ops[shard].get());
      if (said != asked.end()) ops.back()->observe(abi::HostPhase::kLoading);
      part.shards.push_back(static_cast<std::uint32_t>(shard));
    }
    stages_.push_back({stage.id, stage.thread,
                       std::make_unique<HostedRunner>(block, stage.id, std::move(own), std::move(ops), told.notify,
                                                      told.ended, std::move(part))});
  }
}

std::vector<Runner*> HostedStages::of_thread(std::uint32_t thread) const {
  std::vector<Runner*> found;
  for (const Stage& stage : stages_)
    if (stage.thread == thread) found.push_back(stage.runner.get());
  return found;
}

HostedRunner* HostedStages::take(const std::string& id) {
  const std::lock_guard lock(mutex_);
  for (Stage& stage : stages_)
    if (stage.id == id && !std::exchange(stage.taken, true)) return stage.runner.get();
  return nullptr;
}

void HostedStages::give_back(const HostedRunner& runner) {
  const std::lock_guard lock(mutex_);
  for (Stage& stage : stages_)
    if (stage.runner.get() == &runner) stage.taken = runner.told_end();
}

void HostedStages::fail(const std::string& id, std::string_view cause) {
  // A failure calls back: not under the lock.
  while (HostedRunner* const runner = take(id)) runner->fail(cause);
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

void HostedStages::rouse(std::uint32_t thread) noexcept {
  for (const Stage& stage : stages_)
    if (stage.thread == thread) stage.runner->rouse();
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
  const std::string* before = nullptr;
  for (const Stage& stage : stages_) {
    // Its runners stand beside each other.
    if (before != nullptr && *before == stage.id) continue;
    if (before != nullptr) text += ',';
    before = &stage.id;
    const double limit_ms = stage.runner->limit_ns() / 1e6;
    text += "{\"id\":";
    op::append_json_string(text, stage.id);
    text += ",\"timeout_ms\":" + (limit_ms == 0 ? "null" : std::to_string(static_cast<std::uint64_t>(limit_ms))) + '}';
  }
  text += ']';
}

}  // namespace byteor::run

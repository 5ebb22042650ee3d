#include "addon/hold.hpp"

#include <algorithm>
#include <utility>

namespace byteor::addon {

Hold::Hold(napi_env env, std::shared_ptr<run::Pipeline> pipeline, std::shared_ptr<EventChannel> channel, bool opener)
    : env_(env), pipeline_(std::move(pipeline)), channel_(std::move(channel)), opener_(opener) {
  napi_add_env_cleanup_hook(env_, on_environment_end, this);
  listener_ = pipeline_->add_listener([channel = channel_](std::uint32_t events) { channel->send(events); });
}

Hold::~Hold() {
  if (ended_) return;
  napi_remove_env_cleanup_hook(env_, on_environment_end, this);
  end();
  if (scratch_reference_ != nullptr) napi_delete_reference(env_, scratch_reference_);
}

void Hold::on_environment_end(void* hold) {
  // References go with the environment; only what threads could still touch has to end here.
  static_cast<Hold*>(hold)->end();
}

void Hold::end() noexcept {
  if (ended_) return;
  ended_ = true;
  if (opener_) pipeline_->halt();
  detach();
  stages_.clear();
}

void Hold::detach() noexcept {
  if (!attached_) return;
  attached_ = false;
  for (const std::string& id : ports_) pipeline_->give_back_port(id);
  ports_.clear();
  for (Stage& stage : stages_) {
    for (op::HostedOp* op : stage.runner->ops()) op->set_host(nullptr);
    // The last turn of a stage that is at its end, or has failed with this thread, needs no host.
    stage.runner->turn();
    pipeline_->give_back_stage(*stage.runner);
  }
  // When this returns, no listener runs and none will be started: the channel may close.
  pipeline_->remove_listener(listener_);
  channel_->close();
}

bool Hold::take_port(const std::string& id) {
  if (!attached_ || !pipeline_->take_port(id)) return false;
  ports_.push_back(id);
  return true;
}

void Hold::give_back_port(const std::string& id) {
  const auto held = std::find(ports_.begin(), ports_.end(), id);
  if (held == ports_.end()) return;
  ports_.erase(held);
  pipeline_->give_back_port(id);
}

std::optional<std::uint32_t> Hold::take_stage(const std::string& id) {
  run::HostedRunner* const runner = attached_ ? pipeline_->take_stage(id) : nullptr;
  if (runner == nullptr) return std::nullopt;
  stages_.push_back({runner, {}});
  return static_cast<std::uint32_t>(stages_.size() - 1);
}

run::HostedRunner::Turn Hold::turn_stage(std::uint32_t number, StageTurn how) noexcept {
  const Stage* const held = stage(number);
  if (held == nullptr) return run::HostedRunner::Turn::kEnded;
  run::HostedRunner& runner = *held->runner;
  const run::HostedRunner::Turn turn = (runner.*how)();
  // It let go of the stage in the turn itself, of which a thread that took it since has seen nothing but that it is
  // busy.
  if (!attached_) runner.rouse();
  return turn;
}

napi_status Hold::set_scratch(napi_value array) {
  void* data = nullptr;
  std::size_t length = 0;
  napi_typedarray_type type{};
  napi_status status = napi_get_typedarray_info(env_, array, &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok) return status;
  if (type != napi_uint8_array) return napi_invalid_arg;
  napi_ref reference = nullptr;
  status = napi_create_reference(env_, array, 1, &reference);
  if (status != napi_ok) return status;
  if (scratch_reference_ != nullptr) napi_delete_reference(env_, scratch_reference_);
  scratch_reference_ = reference;
  scratch_ = {static_cast<const std::byte*>(data), length};
  return napi_ok;
}

std::span<const std::byte> Hold::scratch(std::uint32_t length) const noexcept {
  return scratch_.first(std::min<std::size_t>(length, scratch_.size()));
}

}  // namespace byteor::addon

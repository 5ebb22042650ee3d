// One environment's hold on a running pipeline: what the object NativePipeline of lib/runtime/native.ts stands for.
//
// Life: the JavaScript functions of that object share it; it goes with the last of them. It ends early when its
// environment ends (cleanup hook). The thread that opened the pipeline halts it then; one that attached only lets go.
// Every function runs on the environment's thread.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "addon/event_channel.hpp"
#include "addon/js_host.hpp"
#include "run/pipeline.hpp"

namespace byteor::addon {

class Hold {
 public:
  // Registers the cleanup hook and the listener. `opener`: halts the pipeline when this hold ends.
  Hold(napi_env env, std::shared_ptr<run::Pipeline> pipeline, std::shared_ptr<EventChannel> channel, bool opener);
  ~Hold();

  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

  run::Pipeline& pipeline() noexcept { return *pipeline_; }
  const std::shared_ptr<run::Pipeline>& share() const noexcept { return pipeline_; }

  bool take_port(const std::string& id);
  void give_back_port(const std::string& id);

  // A stage that this environment runs, or some shards of it. `hosts`: one a shard.
  struct Stage {
    run::HostedRunner* runner;
    std::vector<std::unique_ptr<JsHost>> hosts;
  };
  // Its number, for turns; nothing where another environment has it, or there is no such stage.
  std::optional<std::uint32_t> take_stage(const std::string& id);
  // nullptr: no such number, or it has been given back.
  Stage* stage(std::uint32_t number) noexcept {
    return attached_ && number < stages_.size() ? &stages_[number] : nullptr;
  }
  // A turn of it, or arming: kEnded also where there is no such stage.
  using StageTurn = run::HostedRunner::Turn (run::HostedRunner::*)() noexcept;
  run::HostedRunner::Turn turn_stage(std::uint32_t number, StageTurn how) noexcept;

  void ref() noexcept { channel_->ref(env_); }
  void unref() noexcept { channel_->unref(env_); }

  // No more events; ports given back. The pipeline stays, for its reports and its region.
  void detach() noexcept;

  // Where routed records and keys stand. `array` is kept alive by a reference.
  napi_status set_scratch(napi_value array);
  std::span<const std::byte> scratch(std::uint32_t length) const noexcept;

 private:
  static void on_environment_end(void* hold);
  void end() noexcept;

  const napi_env env_;
  const std::shared_ptr<run::Pipeline> pipeline_;
  const std::shared_ptr<EventChannel> channel_;
  const bool opener_;
  std::uint64_t listener_ = 0;
  bool attached_ = true;
  bool ended_ = false;
  std::vector<std::string> ports_;
  std::vector<Stage> stages_;
  std::span<const std::byte> scratch_;
  napi_ref scratch_reference_ = nullptr;
};

}  // namespace byteor::addon

// A function of JavaScript as the host of a stage's op (op/host.hpp), one a shard: memory that JavaScript owns, and the
// function that works on it. Everything on the environment's thread.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <memory>
#include <span>

#include "op/host.hpp"
#include "run/hosted_runner.hpp"

namespace byteor::addon {

class JsHost final : public op::Host {
 public:
  // `records` and `elements`: Uint8Array; `rows`: Uint32Array, eight words a row; `work(shard, first,
  // records): number`, answered and held in one (js_host.cpp), with -1 for `first` behind the last record. Null where
  // one of them is not that. They are kept alive by references. `runner` outlives the host.
  static std::unique_ptr<JsHost> create(napi_env env, run::HostedRunner& runner, std::uint32_t shard,
                                        napi_value records, napi_value rows, napi_value elements, napi_value work,
                                        std::uint32_t at_once);
  ~JsHost() override;

  JsHost(const JsHost&) = delete;
  JsHost& operator=(const JsHost&) = delete;

  Answer work(std::uint32_t first, std::uint32_t records) noexcept override;
  void end() noexcept override;
  op::HostMemory memory() const noexcept override { return memory_; }

  // JavaScript has given other memory to elements. False: it is none.
  bool set_elements(napi_value elements) noexcept;

 private:
  JsHost(napi_env env, run::HostedRunner& runner, std::uint32_t shard) : env_(env), runner_(runner), shard_(shard) {}

  // `done`: what the function answered. False: it did not.
  bool call(std::int32_t first, std::uint32_t records, std::int64_t& done) noexcept;

  const napi_env env_;
  run::HostedRunner& runner_;
  const std::uint32_t shard_;
  op::HostMemory memory_;
  napi_ref records_ = nullptr;
  napi_ref rows_ = nullptr;
  napi_ref elements_ = nullptr;
  napi_ref work_ = nullptr;
};

}  // namespace byteor::addon

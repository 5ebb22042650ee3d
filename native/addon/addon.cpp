// The entry of the addon: what JavaScript can call. Only this folder knows Node-API.

#include <napi.h>

#include "abi/abi_generated.hpp"

namespace byteor::addon {
namespace {

/// The layout version of the lowered buffer this build understands; called from any environment's thread.
Napi::Value abi_version(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), abi::kSpecLayoutVersion);
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("abiVersion", Napi::Function::New(env, abi_version, "abiVersion"));
  return exports;
}

}  // namespace

NODE_API_MODULE(byteor, init)

}  // namespace byteor::addon

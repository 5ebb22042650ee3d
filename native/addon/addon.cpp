// The entry of the addon: what JavaScript can call. Only this folder knows Node-API.

#include <napi.h>

#include "abi/abi_generated.hpp"

namespace byteor::addon {
namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
  // The layout version of the lowered buffer that this build understands.
  exports.Set("abiVersion", Napi::Number::New(env, abi::kSpecLayoutVersion));
  return exports;
}

}  // namespace

NODE_API_MODULE(byteor, init)

}  // namespace byteor::addon

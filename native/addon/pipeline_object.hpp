// Builds the object NativePipeline of lib/runtime/native.ts over a hold. Environment's thread.
#pragma once

#include <napi.h>

#include <memory>

#include "abi/words.hpp"
#include "addon/hold.hpp"
#include "core/coded_error.hpp"

namespace byteor::addon {

// Throws CodedError (REGION_TOO_LARGE) when JavaScript runs an end and Node could not show it the region.
void refuse_invisible(run::Pipeline& pipeline);

// `external`: hand the region out in place where this Node allows it. An empty value when a JavaScript exception is
// pending.
Napi::Value make_pipeline_object(Napi::Env env, const std::shared_ptr<Hold>& hold, bool external);

// Runs `body() -> napi_value` so that no C++ exception crosses into JavaScript: it becomes an Error, with the code that
// a CodedError carries. The one place where the core's errors are caught for good.
template <class Body>
napi_value guarded(napi_env env, Body&& body) noexcept {
  try {
    return body();
  } catch (const core::CodedError& error) {
    napi_throw_error(env, abi::word_of(error.code()), error.what());
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, abi::word_of(abi::ErrorCode::kNoMemory),
                     "there is no memory for what byteor was asked to do; ask for smaller sizes");
  } catch (const std::exception& error) {
    napi_throw_error(env, abi::word_of(abi::ErrorCode::kNativeError), error.what());
  }
  return nullptr;
}

}  // namespace byteor::addon

// The entry of the addon: what JavaScript can call. Only this folder knows Node-API. Nothing here is shared between
// environments but the registry of pipelines, which native/run guards; the addon may be loaded in any number of
// workers.

#include <napi.h>

#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "addon/capabilities.hpp"
#include "addon/evaluate.hpp"
#include "addon/event_channel.hpp"
#include "addon/hold.hpp"
#include "addon/pipeline_object.hpp"
#include "addon/read_options.hpp"
#include "core/coded_error.hpp"
#include "platform/cpu_distance.hpp"
#include "run/letter_files.hpp"
#include "run/pipeline.hpp"
#include "run/ports.hpp"

namespace byteor::addon {
namespace {

// The channel comes before the hold, and with it before the cleanup hook: hooks run in reverse.
std::shared_ptr<Hold> make_hold(Napi::Env env, std::shared_ptr<run::Pipeline> pipeline, const Napi::Value& on_event,
                                bool opener) {
  std::shared_ptr<EventChannel> channel = EventChannel::create(env, on_event);
  if (channel == nullptr) throw core::CodedError(abi::ErrorCode::kNativeError, "onEvent is not a function");
  return std::make_shared<Hold>(env, std::move(pipeline), std::move(channel), opener);
}

std::span<const std::byte> bytes_of(const Napi::Value& value) {
  const auto bytes = value.As<Napi::Uint8Array>();
  return {reinterpret_cast<const std::byte*>(bytes.Data()), bytes.ByteLength()};
}

// open(spec: Uint8Array, layout: Uint8Array, options: NativeOpenOptions, onEvent): NativePipeline
Napi::Value open(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return {env, guarded(env, [&]() -> napi_value {
            if (info.Length() < 4 || !info[0].IsTypedArray() || !info[1].IsTypedArray() || !info[2].IsObject() ||
                !info[3].IsFunction())
              throw core::CodedError(abi::ErrorCode::kNativeError,
                                     "open takes a spec, a layout, options and a listener");
            const auto options = info[2].As<Napi::Object>();
            std::shared_ptr<run::Pipeline> pipeline =
                run::Pipeline::open(bytes_of(info[0]), bytes_of(info[1]), read_options(options));
            refuse_invisible(*pipeline);
            const std::shared_ptr<Hold> hold = make_hold(env, pipeline, info[3], true);
            // Before JavaScript has anything of it: where a thread cannot be started, all is given back here and now.
            pipeline->start();
            const Napi::Value object = make_pipeline_object(env, hold, options.Get("external").ToBoolean().Value());
            if (object.IsEmpty()) {
              pipeline->halt();
              return nullptr;
            }
            return object;
          })};
}

// attach(number, external, onEvent): NativePipeline | null
Napi::Value attach(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return {env, guarded(env, [&]() -> napi_value {
            if (info.Length() < 3 || !info[0].IsNumber() || !info[2].IsFunction())
              throw core::CodedError(abi::ErrorCode::kNativeError, "attach takes a number, a flag and a listener");
            std::shared_ptr<run::Pipeline> pipeline = run::Pipeline::find(info[0].As<Napi::Number>().Uint32Value());
            if (pipeline == nullptr) return env.Null();
            const std::shared_ptr<Hold> hold = make_hold(env, std::move(pipeline), info[2], false);
            return make_pipeline_object(env, hold, info[1].ToBoolean().Value());
          })};
}

Napi::Value halt_all(const Napi::CallbackInfo& info) {
  run::Pipeline::halt_all();
  return info.Env().Undefined();
}

Napi::Value capabilities_text(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return {env, guarded(env, [&]() -> napi_value { return Napi::String::New(env, capabilities()); })};
}

// sourceFacts(spec: Uint8Array, port: NativePort): string
Napi::Value source_facts(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return {env, guarded(env, [&]() -> napi_value {
            if (info.Length() < 2 || !info[0].IsTypedArray())
              throw core::CodedError(abi::ErrorCode::kNativeError, "a spec and a port are wanted");
            return Napi::String::New(env, run::source_facts(bytes_of(info[0]), read_port(info[1])));
          })};
}

// flagRoundTrip(cpu, other): number | null
Napi::Value flag_round_trip(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return {env, guarded(env, [&]() -> napi_value {
            if (info.Length() < 2 || !info[0].IsNumber() || !info[1].IsNumber())
              throw core::CodedError(abi::ErrorCode::kNativeError, "two CPU numbers are wanted");
            const std::optional<double> ns = platform::flag_round_trip_ns(info[0].As<Napi::Number>().Uint32Value(),
                                                                          info[1].As<Napi::Number>().Uint32Value());
            if (!ns.has_value()) return env.Null();
            return Napi::Number::New(env, *ns);
          })};
}

// readLetters(folder, after): ArrayBuffer
Napi::Value read_letters(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return {env, guarded(env, [&]() -> napi_value {
            if (info.Length() < 2 || !info[0].IsString() || !(info[1].IsNumber() || info[1].IsNull()))
              throw core::CodedError(abi::ErrorCode::kNativeError, "a folder and a number, or null, are wanted");
            std::optional<std::uint64_t> after;
            if (info[1].IsNumber()) after = static_cast<std::uint64_t>(info[1].As<Napi::Number>().Int64Value());
            const std::vector<std::byte> page = run::read_letters(info[0].As<Napi::String>(), after);
            Napi::ArrayBuffer bytes = Napi::ArrayBuffer::New(env, page.size());
            if (!page.empty()) std::memcpy(bytes.Data(), page.data(), page.size());
            return bytes;
          })};
}

// pruneLetters(folder, before): number
Napi::Value prune_letters(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return {env, guarded(env, [&]() -> napi_value {
            if (info.Length() < 2 || !info[0].IsString() || !info[1].IsNumber())
              throw core::CodedError(abi::ErrorCode::kNativeError, "a folder and a number are wanted");
            const auto before = static_cast<std::uint64_t>(info[1].As<Napi::Number>().Int64Value());
            const std::uint64_t first = run::prune_letters(info[0].As<Napi::String>(), before);
            return Napi::Number::New(env, static_cast<double>(first));
          })};
}

// appendLetter(folder, record: Uint8Array)
Napi::Value append_letter(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return {env, guarded(env, [&]() -> napi_value {
            if (info.Length() < 2 || !info[0].IsString() || !info[1].IsTypedArray())
              throw core::CodedError(abi::ErrorCode::kNativeError, "a folder and a record are wanted");
            run::append_letter(info[0].As<Napi::String>(), bytes_of(info[1]));
            return env.Undefined();
          })};
}

Napi::Value live_regions(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), run::live_regions()); }

Napi::Object init(Napi::Env env, Napi::Object exports) {
  // The layout version of the lowered buffer that this build understands.
  exports.Set("abiVersion", Napi::Number::New(env, abi::kSpecLayoutVersion));
  exports.Set("open", Napi::Function::New(env, open, "open"));
  exports.Set("attach", Napi::Function::New(env, attach, "attach"));
  exports.Set("haltAll", Napi::Function::New(env, halt_all, "haltAll"));
  exports.Set("capabilities", Napi::Function::New(env, capabilities_text, "capabilities"));
  exports.Set("sourceFacts", Napi::Function::New(env, source_facts, "sourceFacts"));
  exports.Set("readLetters", Napi::Function::New(env, read_letters, "readLetters"));
  exports.Set("pruneLetters", Napi::Function::New(env, prune_letters, "pruneLetters"));
  exports.Set("appendLetter", Napi::Function::New(env, append_letter, "appendLetter"));
  exports.Set("evaluateExpression", Napi::Function::New(env, evaluate_expression, "evaluateExpression"));
  exports.Set("flagRoundTrip", Napi::Function::New(env, flag_round_trip, "flagRoundTrip"));
  exports.Set("liveRegions", Napi::Function::New(env, live_regions, "liveRegions"));
  return exports;
}

}  // namespace

NODE_API_MODULE(byteor, init)

}  // namespace byteor::addon

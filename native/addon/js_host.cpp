#include "addon/js_host.hpp"

namespace byteor::addon {
namespace {

// Bytes of a typed array, and a reference that keeps it; empty where it is none of that type.
std::span<std::byte> hold_array(napi_env env, napi_value value, napi_typedarray_type wanted, napi_ref& reference) {
  napi_typedarray_type type{};
  std::size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok || type != wanted)
    return {};
  napi_ref made = nullptr;
  if (napi_create_reference(env, value, 1, &made) != napi_ok) return {};
  if (reference != nullptr) napi_delete_reference(env, reference);
  reference = made;
  const std::size_t size = wanted == napi_uint32_array ? sizeof(std::uint32_t) : 1;
  return {static_cast<std::byte*>(data), length * size};
}

}  // namespace

std::unique_ptr<JsHost> JsHost::create(napi_env env, run::HostedRunner& runner, std::uint32_t shard, napi_value records,
                                       napi_value rows, napi_value elements, napi_value work, std::uint32_t at_once) {
  std::unique_ptr<JsHost> host(new JsHost(env, runner, shard));
  host->memory_.at_once = at_once;
  napi_valuetype type{};
  if (napi_typeof(env, work, &type) != napi_ok || type != napi_function ||
      napi_create_reference(env, work, 1, &host->work_) != napi_ok)
    return nullptr;
  host->memory_.records = hold_array(env, records, napi_uint8_array, host->records_);
  const std::span<std::byte> table = hold_array(env, rows, napi_uint32_array, host->rows_);
  host->memory_.rows = {reinterpret_cast<abi::HostRow*>(table.data()), table.size() / sizeof(abi::HostRow)};
  if (host->memory_.records.empty() || host->memory_.rows.empty() || !host->set_elements(elements)) return nullptr;
  return host;
}

JsHost::~JsHost() {
  for (napi_ref reference : {records_, rows_, elements_, work_})
    if (reference != nullptr) napi_delete_reference(env_, reference);
}

bool JsHost::set_elements(napi_value elements) noexcept {
  const std::span<std::byte> bytes = hold_array(env_, elements, napi_uint8_array, elements_);
  if (bytes.empty()) return false;
  memory_.elements = bytes;
  return true;
}

bool JsHost::call(std::int32_t first, std::uint32_t records, std::int64_t& done) noexcept {
  napi_value function = nullptr;
  napi_value self = nullptr;
  napi_value arguments[3] = {};
  napi_value result = nullptr;
  return napi_get_reference_value(env_, work_, &function) == napi_ok && napi_get_undefined(env_, &self) == napi_ok &&
         napi_create_uint32(env_, shard_, &arguments[0]) == napi_ok &&
         napi_create_int32(env_, first, &arguments[1]) == napi_ok &&
         napi_create_uint32(env_, records, &arguments[2]) == napi_ok &&
         napi_call_function(env_, self, function, 3, arguments, &result) == napi_ok &&
         napi_get_value_int64(env_, result, &done) == napi_ok;
}

op::Host::Answer JsHost::work(std::uint32_t first, std::uint32_t records) noexcept {
  std::int64_t done = 0;
  runner_.enter_host();
  const bool answered = call(static_cast<std::int32_t>(first), records, done);
  if (!runner_.leave_host()) return {End::kCutOff, 0};
  // The function catches what the user's code throws: only the end of its thread breaks it off.
  if (!answered) return {End::kGone, 0};
  return {End::kAnswered, static_cast<std::uint32_t>(done % abi::kHostHeldUnit),
          static_cast<std::uint32_t>(done / abi::kHostHeldUnit)};
}

void JsHost::end() noexcept {
  std::int64_t done = 0;
  runner_.enter_host();
  call(-1, 0, done);
  // Where it was cut off, or its thread ends, there is nothing to go on with either way.
  runner_.leave_host();
}

}  // namespace byteor::addon

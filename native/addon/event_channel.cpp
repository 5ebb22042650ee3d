#include "addon/event_channel.hpp"

namespace byteor::addon {

std::shared_ptr<EventChannel> EventChannel::create(napi_env env, napi_value callback) {
  auto channel = std::make_shared<EventChannel>();
  napi_value name;
  if (napi_create_string_utf8(env, "byteor events", NAPI_AUTO_LENGTH, &name) != napi_ok) return nullptr;
  auto* share = new std::shared_ptr<EventChannel>(channel);
  const napi_status status = napi_create_threadsafe_function(env, callback, nullptr, name, 0, 1, share, finished,
                                                             channel.get(), deliver, &channel->function_);
  if (status != napi_ok) {
    delete share;
    return nullptr;
  }
  napi_unref_threadsafe_function(env, channel->function_);
  return channel;
}

void EventChannel::send(std::uint32_t events) noexcept {
  // SYNC POINT S13: who turns the mask from 0 makes the call; the bits of all others are seen by it.
  if (pending_.fetch_or(events, std::memory_order_seq_cst) != 0) return;
  // A closing environment answers napi_closing: then no listener is left.
  napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking);
}

void EventChannel::ref(napi_env env) noexcept {
  if (function_ != nullptr) napi_ref_threadsafe_function(env, function_);
}

void EventChannel::unref(napi_env env) noexcept {
  if (function_ != nullptr) napi_unref_threadsafe_function(env, function_);
}

void EventChannel::close() noexcept {
  if (function_ == nullptr) return;
  napi_release_threadsafe_function(function_, napi_tsfn_abort);
  function_ = nullptr;
}

void EventChannel::deliver(napi_env env, napi_value callback, void* context, void*) {
  // SYNC POINT S13: emptied before the listener looks, so that what comes while it looks makes another call.
  // A function that is being closed hands out what is still queued after it has been finished: the channel is gone
  // then.
  if (env == nullptr || callback == nullptr) return;
  const std::uint32_t events = static_cast<EventChannel*>(context)->pending_.exchange(0, std::memory_order_seq_cst);
  if (events == 0) return;
  napi_value undefined;
  napi_value argument;
  if (napi_get_undefined(env, &undefined) != napi_ok) return;
  if (napi_create_uint32(env, events, &argument) != napi_ok) return;
  if (napi_call_function(env, undefined, callback, 1, &argument, nullptr) != napi_pending_exception) return;
  // What a listener throws belongs to no promise: it becomes an uncaught exception, as in any event handler.
  napi_value error;
  if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
}

void EventChannel::finished(napi_env, void* data, void*) { delete static_cast<std::shared_ptr<EventChannel>*>(data); }

}  // namespace byteor::addon

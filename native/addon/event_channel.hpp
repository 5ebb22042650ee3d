// How native threads reach one JavaScript environment: a thread-safe function that is called at most once until it has
// been answered. Events that come meanwhile are bits in a mask, so that a busy event loop costs memory for one call and
// not for a million.
//
// Life: made on the environment's thread, before the cleanup hook of its hold (hooks run in reverse order, and the
// channel must still stand when the hold ends the native threads that use it). Kept by shared_ptr: the listener has one
// share, the hold one, and Node one until it has finished with the function.
#pragma once

#include <node_api.h>

#include <atomic>
#include <cstdint>
#include <memory>

namespace byteor::addon {

class EventChannel {
 public:
  // Environment's thread. `callback(events: number)`. Does not keep the event loop alive. Null when Node refuses.
  static std::shared_ptr<EventChannel> create(napi_env env, napi_value callback);

  EventChannel() = default;
  EventChannel(const EventChannel&) = delete;
  EventChannel& operator=(const EventChannel&) = delete;

  // Any thread, until close(). Never blocks.
  void send(std::uint32_t events) noexcept;

  // Environment's thread. The event loop lives, or need not live, while a wait is pending.
  void ref(napi_env env) noexcept;
  void unref(napi_env env) noexcept;

  // Environment's thread; idempotent. The caller has made sure that no thread is in send() or will call it again.
  void close() noexcept;

 private:
  static void deliver(napi_env env, napi_value callback, void* context, void* data);
  static void finished(napi_env env, void* data, void* hint);

  napi_threadsafe_function function_ = nullptr;
  std::atomic<std::uint32_t> pending_{0};
};

}  // namespace byteor::addon

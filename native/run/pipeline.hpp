// A running pipeline: one region, its agents on their threads, and the way it ends. Knows no JavaScript.
// Held by shared_ptr: every holder that shows the region keeps it mapped. All functions are control path and may be
// called from any thread, unless they say otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "abi/abi_generated.hpp"
#include "run/options.hpp"

namespace byteor::run {

// Why a listener is called: the bits of abi::NativeEvent.
enum Event : std::uint32_t {
  kEventRecords = static_cast<std::uint32_t>(abi::NativeEvent::kRecords),
  kEventRoom = static_cast<std::uint32_t>(abi::NativeEvent::kRoom),
  kEventEnded = static_cast<std::uint32_t>(abi::NativeEvent::kEnded),
  kEventDurable = static_cast<std::uint32_t>(abi::NativeEvent::kDurable),
  kEventStages = static_cast<std::uint32_t>(abi::NativeEvent::kStages),
};

class Delivered;
class HostedRunner;

class Pipeline {
 public:
  // Called on a native thread, must not block, must not call back into the pipeline.
  using Listener = std::function<void(std::uint32_t events)>;

  // Checks the spec, the layout and the options, maps the region, builds the graph, opens native adapters. Does not
  // start threads. Throws CodedError.
  static std::shared_ptr<Pipeline> open(std::span<const std::byte> spec, std::span<const std::byte> layout,
                                        const Options& options);
  ~Pipeline();  // halts

  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // Starts the threads. Once. Throws CodedError when the system gives no thread; those that had started are joined
  // then, and the pipeline is halted.
  void start();

  std::span<std::byte> region() noexcept;
  // Its prefix that observers see.
  std::span<std::byte> observable() noexcept;
  std::uint32_t number() const noexcept;  // of this pipeline in this process; for attach from another environment

  // Listeners of several environments; the token removes. Events for a port go to all of them.
  std::uint64_t add_listener(Listener listener);
  void remove_listener(std::uint64_t token);

  // The one-writer right on a boundary. False: another thread has it, or the boundary is not a JS port.
  bool take_port(const std::string& id);
  void give_back_port(const std::string& id);

  // The one-runner right on a stage that JavaScript runs, or on some of its shards where several threads are to run it.
  // nullptr: other threads have all of it, or there is no such stage. Its ops have no hosts yet: the caller gives them
  // some before the first turn. Valid as long as the pipeline.
  HostedRunner* take_stage(const std::string& id);
  void give_back_stage(const HostedRunner& runner);
  // A thread that ran the stage, or should have, has ended for good: `cause`, a sentence with a remedy, says how. A
  // failure of the pipeline, unless what no thread has of the stage is at its end.
  void fail_stage(const std::string& id, std::string_view cause);

  // Wakes what had armed itself (a JS thread calls this after it exchanged `armed`; see lib/runtime).
  void wake_thread(std::uint32_t thread) noexcept;

  // No more records come in. A native source stops reading; a JS ingress counts as closed. Idempotent.
  void close_ingress() noexcept;
  // One JS ingress; the others go on. The last one closes the pipeline's. Idempotent.
  void close_ingress(const std::string& id) noexcept;

  // Asks for the same without cutting the owner of a JS ingress short: its environments get kEventRoom, see the region
  // Closing, and the owner publishes what it has before it closes. Closes at once where the ingress has no owner.
  void request_close() noexcept;

  // Calls every listener: how one environment tells the others that it moved on.
  void notify(std::uint32_t events);

  // Every native thread has ended by itself (all published records went through, or the failure has been drained).
  bool threads_ended() const noexcept;

  // Ends now: stops and joins all threads, settles the counters (what is left is `abandoned`), region state Stopped.
  // A thread that is in a device call which does not return is left there (kDeviceGraceNs), with what it uses.
  // Idempotent, safe from any thread but a native thread of this pipeline.
  void halt() noexcept;

  // What is delivered of each ingress's records, where Options::delivered asks for it.
  Delivered& delivered() noexcept;

  // JavaScript runs a boundary with a handle.
  bool uses_js() const noexcept;

  // Which shard a record belongs to: nothing for a keyless one. And the shard of a key that the caller has found
  // himself.
  std::optional<std::uint32_t> find_shard(std::span<const std::byte> record) const noexcept;
  std::uint32_t shard_of_key(std::span<const std::byte> key) const noexcept;

  // How long a call of that stage's function may take (milliseconds; 0: as long as it likes) before the pipeline fails
  // and is halted. Throws CodedError where there is no thread that watches.
  void limit_stage(HostedRunner& stage, double limit_ms);

  // JSON texts. op_reports: {stage id: what the op reports}. status: threads, pins, tuning requests and their outcome,
  // adapters (bytes, lines, where they stand). Both may be called while it runs.
  std::string op_reports() const;
  std::string status() const;

  // What the opener said about the pipeline; for environments that attach.
  const std::string& note() const noexcept;

  // A pipeline of this process by its number, or nullptr when it is gone.
  static std::shared_ptr<Pipeline> find(std::uint32_t number);
  // Halts every pipeline of this process (process.on('exit')).
  static void halt_all() noexcept;

 private:
  struct Impl;
  explicit Pipeline(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // shared with threads that a device holds
};

// Regions of this process that are still mapped (leak tests).
std::uint32_t live_regions() noexcept;

}  // namespace byteor::run

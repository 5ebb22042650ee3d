// One lap of a plan over files, as `open` runs it, without JavaScript: from the start of its threads to the end of the
// last one. A process a lap, so that no side of a comparison keeps memory that the other side has not.
//
//   byteor_lap SPEC BATCH ID=PATH …
//
// Threads spin while they wait, so that a thread without a CPU is one that was disturbed, and memory is touched before
// the clock starts. Prints {"seconds":…,"distance_ns":[before,after]|null,"peak_kib":…,"status":…}; ends with 1 where a
// record failed.
#include <sys/resource.h>

#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "abi/abi_generated.hpp"
#include "core/clock.hpp"
#include "graph/description.hpp"
#include "plan/arguments.hpp"
#include "platform/affinity.hpp"
#include "platform/cpu_distance.hpp"
#include "run/pipeline.hpp"

namespace byteor::bench {
namespace {

std::optional<double> distance() {
  const platform::CpuList cpus = platform::allowed_cpus();
  if (cpus.size() < 2) return std::nullopt;
  return platform::flag_round_trip_ns(cpus[0], cpus[1]);
}

// Of the whole process, KiB.
long peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

double seconds_of(run::Pipeline& pipeline) {
  std::mutex mutex;
  std::condition_variable changed;
  double end = 0;
  const std::uint64_t token = pipeline.add_listener([&](std::uint32_t events) {
    if ((events & run::kEventEnded) == 0 || !pipeline.threads_ended()) return;
    const std::lock_guard lock(mutex);
    if (end == 0) end = core::now_ns();
    changed.notify_one();
  });
  const double begin = core::now_ns();
  pipeline.start();
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return end != 0; });
  }
  pipeline.remove_listener(token);
  pipeline.halt();
  return (end - begin) * 1e-9;
}

int run(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: byteor_lap SPEC BATCH ID=PATH …\n");
    return 2;
  }
  const Called called(argc, argv);
  run::Options options = options_of(graph::decode(called.spec), called);
  options.profile = run::Profile::kLowLatency;
  const std::shared_ptr<run::Pipeline> pipeline = run::Pipeline::open(called.spec, options);
  const std::optional<double> before = distance();
  const double seconds = seconds_of(*pipeline);
  const std::optional<double> after = distance();
  const auto* const header = reinterpret_cast<const abi::RegionHeader*>(pipeline->region().data());
  if (header->failed.load(std::memory_order_acquire) != 0) {
    std::fprintf(stderr, "byteor_lap: failed: %.*s\n", static_cast<int>(header->failed_cause_length),
                 header->failed_cause);
    return 1;
  }
  std::string places = "null";
  if (before.has_value() && after.has_value())
    places = '[' + std::to_string(*before) + ',' + std::to_string(*after) + ']';
  std::printf("{\"seconds\":%.9f,\"distance_ns\":%s,\"peak_kib\":%ld,\"status\":%s}\n", seconds, places.c_str(),
              peak_memory(), pipeline->status().c_str());
  return 0;
}

}  // namespace
}  // namespace byteor::bench

int main(int argc, char** argv) {
  return byteor::bench::guarded("byteor_lap", [&] { return byteor::bench::run(argc, argv); });
}

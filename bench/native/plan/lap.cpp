// Laps of a plan over files, as `open` runs it, without JavaScript: each from the start of its threads to the end of
// the last one, with memory of its own. One for every line on standard input; ends with it.
//
//   byteor_lap SPEC BATCH ID=PATH …
//
// Memory is touched before the clock starts (the profile), since the first touch of a ring is much of a short lap and
// would hide what a record costs; threads wait as in the default profile. A lap prints
// {"seconds":…,"distance_ns":[before,after]|null,"peak_kib":…,"status":…} on a line; ends with 1 where a record failed.
#include <sys/resource.h>

#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>

#include "abi/abi_generated.hpp"
#include "core/clock.hpp"
#include "graph/description.hpp"
#include "plan/arguments.hpp"
#include "plan/distance.hpp"
#include "run/pipeline.hpp"

namespace byteor::bench {
namespace {

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

// What the lap prints; throws where a record failed.
std::string lap(const Called& called, const run::Options& options) {
  const std::shared_ptr<run::Pipeline> pipeline =
      run::Pipeline::open(called.planned.spec(), called.planned.layout(), options);
  const std::optional<double> before = distance();
  const double seconds = seconds_of(*pipeline);
  const std::string places = distances_text(before, distance());
  const auto* const header = reinterpret_cast<const abi::RegionHeader*>(pipeline->region().data());
  if (header->failed.load(std::memory_order_acquire) != 0)
    throw std::runtime_error("failed: " + std::string(header->failed_cause, header->failed_cause_length));
  return "{\"seconds\":" + std::to_string(seconds) + ",\"distance_ns\":" + places +
         ",\"peak_kib\":" + std::to_string(peak_memory()) + ",\"status\":" + pipeline->status() + '}';
}

int run(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: byteor_lap SPEC BATCH ID=PATH …\n");
    return 2;
  }
  const Called called(argc, argv);
  run::Options options = options_of(graph::decode(called.planned.spec()), called);
  options.profile = run::Profile::kLowLatency;
  options.wait = run::WaitStrategy::kAdaptive;
  answer_lines([&] { return lap(called, options); });
  return 0;
}

}  // namespace
}  // namespace byteor::bench

int main(int argc, char** argv) {
  return byteor::bench::guarded("byteor_lap", [&] { return byteor::bench::run(argc, argv); });
}

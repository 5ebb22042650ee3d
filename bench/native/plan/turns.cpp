// A plan as `open` builds it, without JavaScript and without threads: all its agents in one loop, each in its turn.
// What it does is the same in every run, to the instruction, so callgrind's counts of it can be held against those of
// another build. Under callgrind (--instr-atstart=no) the loop alone is counted, or what `open` does before it.
//
//   byteor_turns turns|open SPEC BATCH ID=PATH …
//
// Prints {"adapters":…,"turns":N}.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION static_cast<void>(0)
#define CALLGRIND_STOP_INSTRUMENTATION static_cast<void>(0)
#endif

#include "core/agent.hpp"
#include "graph/description.hpp"
#include "plan/arguments.hpp"
#include "plan/ends.hpp"
#include "plan/struct_source.hpp"
#include "run/assembled.hpp"

namespace byteor::bench {
namespace {

class Failures final : public core::FailureReporter {
 public:
  void report_failure(std::uint32_t, std::uint64_t sequence, std::string_view cause) noexcept override {
    std::fprintf(stderr, "failed at sequence %llu: %.*s\n", static_cast<unsigned long long>(sequence),
                 static_cast<int>(cause.size()), cause.data());
    std::exit(1);
  }
};

// So many rounds in which nobody moved anything come only when something waits for what will never happen.
constexpr std::uint64_t kIdleTurnsMax = 1'000'000;

// Rounds over all agents until none has anything left to do. Nobody waits, and nothing depends on a clock.
std::uint64_t run_in_turns(const std::vector<core::Agent*>& agents) {
  std::uint64_t turns = 0;
  for (std::uint64_t idle = 0; idle <= kIdleTurnsMax; ++turns) {
    std::uint32_t moved = 0;
    for (core::Agent* const agent : agents) moved += agent->do_work();
    idle = moved == 0 ? idle + 1 : 0;
    if (moved != 0) continue;
    bool done = true;
    for (core::Agent* const agent : agents) done = agent->done() && done;
    if (done) return turns;
  }
  throw std::runtime_error("the plan does not come to its end");
}

// What `open` does without its threads.
struct Opened {
  explicit Opened(const Called& called, core::FailureReporter& failures)
      : description(graph::decode(called.planned.spec())), options(options_of(description, called)) {
    options.pin = false;
    made.emplace(std::move(description), called.planned.layout(), options,
                 run::AssembledFor{1, failures, state, [] {}});
    for (const std::vector<core::Agent*>& of_thread : made->agents_by_thread())
      agents.insert(agents.end(), of_thread.begin(), of_thread.end());
    for (const auto& [id, count] : called.structs) add_struct_source(id, count, called.batch);
  }

  // In the place of the adapter that the options name there, which never runs.
  void add_struct_source(const std::string& id, std::uint64_t count, std::uint32_t batch) {
    const std::vector<run::Port>& ports = made->ports.all();
    for (std::uint32_t boundary = 0; boundary < ports.size(); ++boundary) {
      if (ports[boundary].options.id != id) continue;
      sources.push_back(
          agent_at<core::Agent>(made->graph->writing_end(boundary), [&]<class End>(std::vector<End*> ends) {
            return std::make_unique<StructSource<End>>(*ends.front(), count, batch);
          }));
      replace_adapter(agents, ports[boundary], *sources.back());
    }
  }

  const std::atomic<std::uint32_t> state{static_cast<std::uint32_t>(abi::RegionState::kRunning)};
  graph::Description description;
  run::Options options;
  std::optional<run::Assembled> made;
  std::vector<std::unique_ptr<core::Agent>> sources;
  std::vector<core::Agent*> agents;
};

int run(int argc, char** argv) {
  const std::string_view counts = argc > 1 ? argv[1] : "";
  if (argc < 5 || (counts != "turns" && counts != "open")) {
    std::fprintf(stderr, "usage: byteor_turns turns|open SPEC BATCH ID=PATH …\n");
    return 2;
  }
  const Called called(argc - 1, argv + 1);
  Failures failures;
  if (counts == "open") CALLGRIND_START_INSTRUMENTATION;
  Opened opened(called, failures);
  if (counts == "open") CALLGRIND_STOP_INSTRUMENTATION;
  if (counts == "turns") CALLGRIND_START_INSTRUMENTATION;
  const std::uint64_t turns = run_in_turns(opened.agents);
  if (counts == "turns") CALLGRIND_STOP_INSTRUMENTATION;
  opened.made->graph->settle();
  opened.made->ports.settle(*opened.made->graph);
  opened.made->graph->close_files();
  std::string text = "{\"adapters\":";
  opened.made->ports.describe(text);
  std::printf("%s,\"turns\":%llu}\n", text.c_str(), static_cast<unsigned long long>(turns));
  return 0;
}

}  // namespace
}  // namespace byteor::bench

int main(int argc, char** argv) {
  return byteor::bench::guarded("byteor_turns", [&] { return byteor::bench::run(argc, argv); });
}

// Feeds hostile bytes to everything that stands between the lowered buffer and the first record: the decoder, and for
// what it accepts, the sizes, the plan of the region and the graph that is built in it. Refusal is an error of a stated
// type; anything else (a crash, a read past the end, another exception) is a finding. Found inputs become tests beside
// the decoder's own.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "core/agent.hpp"
#include "graph/description.hpp"
#include "graph/region_plan.hpp"
#include "graph/ring_graph.hpp"
#include "run/pipeline.hpp"
#include "run/sizes.hpp"

namespace byteor {
namespace {

// A graph of more bytes is not built: with 64 shards of 64 stages each run would only fill memory.
constexpr std::uint64_t kRegionBytesMax = 4u << 20;
constexpr std::size_t kPageBytes = 4096;

struct IgnoreFailures : core::FailureReporter {
  void report_failure(std::uint32_t, std::uint64_t, std::string_view) noexcept override {}
};

struct FreeRegion {
  void operator()(std::byte* memory) const noexcept { std::free(memory); }
};

// Every stage on one thread, both ends with JavaScript.
graph::Placement one_thread(const graph::RingDescription& ring) {
  graph::Placement placement;
  placement.stage_threads.assign(ring.shards, std::vector<std::uint32_t>(ring.entries.size(), 0));
  return placement;
}

void build_graph(const graph::RingDescription& ring) {
  run::Options options;
  options.capacity = 8;
  const graph::ShardSizes sizes = run::resolve_sizes(ring, options);
  graph::Placement placement = one_thread(ring);
  graph::RegionPlan plan = graph::plan_region(ring, sizes, placement.threads);
  if (plan.total_bytes > kRegionBytesMax) return;
  const std::size_t bytes = (plan.total_bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
  const std::unique_ptr<std::byte, FreeRegion> memory(static_cast<std::byte*>(std::aligned_alloc(kPageBytes, bytes)));
  std::fill_n(memory.get(), bytes, std::byte{0});
  IgnoreFailures failures;
  try {
    graph::RingGraph built({memory.get(), plan.total_bytes}, ring, plan, sizes, placement, {}, failures);
    built.settle();
  } catch (const std::invalid_argument&) {
    // What only an op can judge, a key for instance; open turns it into its own error.
  }
}

}  // namespace
}  // namespace byteor

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace byteor;
  try {
    build_graph(graph::decode_ring(std::as_bytes(std::span(data, size))));
  } catch (const graph::DecodeError&) {
    // The decoder refuses: the expected end of most inputs.
  } catch (const run::OpenError&) {
    // A description that is sound but asks for more than a ring can be.
  }
  return 0;
}

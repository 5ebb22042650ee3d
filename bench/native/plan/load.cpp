// A plan under open-loop load, built as `open` builds it, without JavaScript: how long after it was due each record
// came to an egress. A lap for every line on standard input, with memory of its own; ends with it.
//
//   byteor_load SPEC lines|structs RECORDS_PER_SECOND COUNT
//
// Threads wait as the default profile says, but for the one that the load comes from, which nobody could wake when a
// record is due. A lap prints {"latencies":[[index,count],…],"records":N,"seconds":…,"distance_ns":[before,after]|null,
// "status":{"threads":[{"waited_seconds":…},…]}} on a line; `index` counts as core::histogram_index. Ends with 1 where
// a record failed.
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/clock.hpp"
#include "graph/description.hpp"
#include "plan/arguments.hpp"
#include "plan/distance.hpp"
#include "plan/ends.hpp"
#include "plan/timed_ends.hpp"
#include "run/assembled.hpp"
#include "run/thread.hpp"

namespace byteor::bench {
namespace {

class FirstFailure final : public core::FailureReporter {
 public:
  void report_failure(std::uint32_t, std::uint64_t, std::string_view cause) noexcept override {
    const std::lock_guard lock(mutex_);
    if (cause_.empty()) cause_ = cause;
  }
  void rethrow() {
    const std::lock_guard lock(mutex_);
    if (!cause_.empty()) throw std::runtime_error("failed: " + cause_);
  }

 private:
  std::mutex mutex_;
  std::string cause_;
};

// What one lap runs: the graph with the ends of this program in the place of its adapters.
class Loaded {
 public:
  Loaded(const Planned& planned, const run::Options& options, const Load& load)
      : made_(graph::decode(planned.spec()), planned.layout(), options, run::AssembledFor{1, failures_, state_, [] {}}),
        load_(load) {
    std::vector<std::vector<core::Agent*>> agents = made_.agents_by_thread();
    std::vector<bool> loads(agents.size(), false);
    const std::vector<run::Port>& ports = made_.ports.all();
    for (std::uint32_t boundary = 0; boundary < ports.size(); ++boundary) {
      const run::Port& port = ports[boundary];
      if (port.shown == nullptr) continue;
      ends_.push_back(port.is_ingress() ? source_at(boundary) : sink_at(boundary));
      const std::uint32_t thread = made_.graph->boundary_thread(boundary);
      if (port.is_ingress()) loads[thread] = true;
      replace_adapter(agents[thread], port, *ends_.back());
    }
    for (std::uint32_t i = 0; i < agents.size(); ++i)
      threads_.push_back(std::make_unique<run::AgentThread>(
          made_.graph->thread_block(i), "load-" + std::to_string(i),
          loads[i] ? run::WaitStrategy::kSpin : made_.tuning.wait, std::move(agents[i]), [](std::uint32_t) {},
          [this] { one_ended(); }));
    for (const auto& [own, other] : made_.neighbours()) threads_[own]->add_neighbour(threads_[other].get());
  }

  double run() {
    running_ = static_cast<std::uint32_t>(threads_.size());
    const double begin = core::now_ns();
    for (std::uint32_t i = 0; i < threads_.size(); ++i) {
      std::optional<platform::CpuLock> lock = made_.tuning.choose_cpu(i);
      run::ThreadRequests requests;
      if (lock.has_value()) requests.cpu = lock->cpu();
      threads_[i]->start(requests, std::move(lock));
    }
    for (std::uint32_t left = running_.load(); left != 0; left = running_.load()) running_.wait(left);
    const double seconds = (core::now_ns() - begin) * 1e-9;
    for (const auto& thread : threads_) thread->request_halt();
    for (const auto& thread : threads_) thread->join();
    failures_.rethrow();
    return seconds;
  }

  std::string latencies(std::uint64_t& records) const {
    std::string text = "[";
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      const std::uint32_t count = counts_[i].load(std::memory_order_relaxed);
      records += count;
      if (count != 0) text += (text.size() > 1 ? ",[" : "[") + std::to_string(i) + ',' + std::to_string(count) + ']';
    }
    return text + ']';
  }

  std::string waited() {
    std::string text = "[";
    for (const auto& thread : threads_) {
      const std::optional<platform::ThreadTimes> times = thread->times();
      const bool told = times.has_value() && times->waited_seconds.has_value();
      text += std::string(text.size() > 1 ? "," : "") +
              "{\"waited_seconds\":" + (told ? std::to_string(*times->waited_seconds) : "null") + '}';
    }
    return text + ']';
  }

 private:
  std::unique_ptr<core::Agent> source_at(std::uint32_t boundary) {
    return agent_at<core::Agent>(made_.graph->writing_end(boundary), [&]<class End>(std::vector<End*> ends) {
      return std::make_unique<PacedSource<End>>(std::move(ends), load_);
    });
  }
  std::unique_ptr<core::Agent> sink_at(std::uint32_t boundary) {
    return agent_at<core::Agent>(made_.graph->reading_end(boundary), [&]<class End>(std::vector<End*> ends) {
      return std::make_unique<TimedSink<End>>(std::move(ends), load_, core::Histogram(counts_.data()));
    });
  }
  void one_ended() {
    running_.fetch_sub(1);
    running_.notify_one();
  }

  FirstFailure failures_;
  const std::atomic<std::uint32_t> state_{static_cast<std::uint32_t>(abi::RegionState::kRunning)};
  run::Assembled made_;
  const Load load_;
  std::vector<std::atomic<std::uint32_t>> counts_ = std::vector<std::atomic<std::uint32_t>>(abi::kHistogramCounts);
  std::vector<std::unique_ptr<core::Agent>> ends_;
  std::atomic<std::uint32_t> running_{0};
  std::vector<std::unique_ptr<run::AgentThread>> threads_;
};

std::string lap(const Planned& planned, const run::Options& options, const Load& load) {
  Loaded loaded(planned, options, load);
  const std::optional<double> before = distance();
  const double seconds = loaded.run();
  const std::string places = distances_text(before, distance());
  std::uint64_t records = 0;
  const std::string latencies = loaded.latencies(records);
  return "{\"latencies\":" + latencies + ",\"records\":" + std::to_string(records) +
         ",\"seconds\":" + std::to_string(seconds) + ",\"distance_ns\":" + places +
         ",\"status\":{\"threads\":" + loaded.waited() + "}}";
}

// The adapters that the options name never run.
run::Options options_of(const graph::Description& description) {
  run::Options options;
  for (const graph::BoundaryDescription& boundary : run::catalog_of(description).boundaries)
    options.ports.push_back(lines_port(boundary.id, "/dev/null"));
  return options;
}

int run(int argc, char** argv) {
  const std::string_view kind = argc == 5 ? argv[2] : "";
  if (kind != "lines" && kind != "structs") {
    std::fprintf(stderr, "usage: byteor_load SPEC lines|structs RECORDS_PER_SECOND COUNT\n");
    return 2;
  }
  const Load load{kind == "lines" ? Records::kLines : Records::kStructs, std::strtod(argv[3], nullptr),
                  std::strtoull(argv[4], nullptr, 10)};
  if (!(load.per_second > 0) || load.count == 0) throw std::runtime_error("give a positive rate and count");
  const Planned planned(argv[1]);
  const run::Options options = options_of(graph::decode(planned.spec()));
  answer_lines([&] { return lap(planned, options, load); });
  return 0;
}

}  // namespace
}  // namespace byteor::bench

int main(int argc, char** argv) {
  return byteor::bench::guarded("byteor_load", [&] { return byteor::bench::run(argc, argv); });
}

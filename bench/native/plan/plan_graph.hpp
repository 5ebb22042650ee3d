// A plan as a contestant: all that `open` makes of it, its agents dealt out to two pinned threads as `open` deals them.
// In the place of the line adapters at its ends are a source and a sink of the benchmark's, which use the same calls.
//
//   CPU 0 │ sources, stages and roles │ stages and roles, sinks │ CPU 1        where the cut lies, placement decides
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/agent.hpp"
#include "core/cpu.hpp"
#include "core/record.hpp"
#include "graph/description.hpp"
#include "plan/ends.hpp"
#include "plan/plan_case.hpp"
#include "rings/harness.hpp"
#include "run/assembled.hpp"
#include "run/assembly.hpp"

namespace byteor::bench {

// What a source writes and a sink adds up: records that are one struct each.
template <class P>
struct Structs {
  std::uint32_t bytes(std::uint64_t) const noexcept { return sizeof(P); }
  void write(std::byte* to, std::uint64_t i) const noexcept { reinterpret_cast<P*>(to)->fill(i); }
  std::uint64_t sum(const core::RecordRef& record) const noexcept {
    return reinterpret_cast<const P*>(record.data)->sum();
  }
};

// Writes the records `first`, `first + step`, … < `end` of a lap, `batchRecords` a turn, and publishes at its end.
class LapSource : public core::Agent {
 public:
  virtual void begin(std::uint64_t first, std::uint64_t step, std::uint64_t end) = 0;
};

// `End`: core::RecordProducer, or the writing end of a lane with the same calls.
template <class End, class Records>
class alignas(core::kCacheBlock) Source final : public LapSource {
 public:
  Source(End& end, const Records& records, std::uint32_t turn) : end_(end), records_(records), turn_(turn) {}

  void begin(std::uint64_t first, std::uint64_t step, std::uint64_t end) override {
    next_ = first;
    step_ = step;
    until_ = end;
  }

  std::uint32_t do_work() noexcept override {
    std::uint64_t next = next_;
    std::uint32_t moved = 0;
    for (; moved != turn_ && next < until_; ++moved, next += step_) {
      const std::uint32_t bytes = records_.bytes(next);
      std::byte* const to = end_.try_claim(bytes);
      if (to == nullptr) break;
      records_.write(to, next);
      end_.commit(bytes, 0);
    }
    next_ = next;
    if (moved != 0) end_.publish();
    return moved;
  }
  bool done() noexcept override { return next_ >= until_; }

 private:
  End& end_;
  const Records records_;
  const std::uint32_t turn_;
  std::uint64_t next_ = 0;
  std::uint64_t step_ = 1;
  std::uint64_t until_ = 0;
};

// Adds up the records of a lap. The one that takes the last of them closes it.
class LapSink : public core::Agent {
 public:
  // `open`: sinks that have not taken all of theirs yet.
  virtual void begin(std::uint64_t records, std::atomic<std::uint32_t>& open) = 0;
  virtual std::uint64_t sum() const = 0;
};

// `End`: core::RecordConsumer, or the reading end of a lane with the same calls.
template <class End, class Records>
class alignas(core::kCacheBlock) Sink final : public LapSink {
 public:
  Sink(End& end, const Records& records, std::uint32_t turn) : end_(end), records_(records), turn_(turn) {}

  void begin(std::uint64_t records, std::atomic<std::uint32_t>& open) override {
    left_ = records;
    open_ = &open;
    sum_ = 0;
  }
  std::uint64_t sum() const override { return sum_; }

  std::uint32_t do_work() noexcept override {
    std::uint64_t sum = 0;
    const std::uint32_t moved = end_.consume(turn_, [this, &sum](std::uint64_t, const core::RecordRef& record) {
      sum += records_.sum(record);
      return true;
    });
    end_.release();
    if (moved == 0) return 0;
    sum_ += sum;
    left_ -= moved;
    if (left_ == 0) open_->fetch_sub(1, std::memory_order_release);
    return moved;
  }
  bool done() noexcept override { return left_ == 0; }

 private:
  End& end_;
  const Records records_;
  const std::uint32_t turn_;
  std::uint64_t left_ = 0;
  std::uint64_t sum_ = 0;
  std::atomic<std::uint32_t>* open_ = nullptr;
};

template <class Records>
class PlanGraph final : public core::FailureReporter {
 public:
  PlanGraph(const PlanCase& plan, const Records& records)
      : options_(with_ends(plan)),
        made_(graph::decode(plan.planned.spec()), plan.planned.layout(), options_,
              run::AssembledFor{1, *this, state_, [] {}}) {
    agents_ = made_.agents_by_thread();
    const std::vector<run::Port>& ports = made_.ports.all();
    for (std::uint32_t boundary = 0; boundary < ports.size(); ++boundary) {
      if (ports[boundary].is_ingress())
        replace(ports[boundary], boundary, sources_, source_of(boundary, records));
      else
        replace(ports[boundary], boundary, sinks_, sink_of(boundary, records));
    }
  }

  PlanGraph(const PlanGraph&) = delete;
  PlanGraph& operator=(const PlanGraph&) = delete;

  std::size_t sinks() const noexcept { return sinks_.size(); }

  // `n` records through the graph, dealt out to its sources in turn; `sum` of all that its sinks got, each of them n.
  Lap lap(std::uint64_t n, std::uint64_t& sum) {
    open_.store(static_cast<std::uint32_t>(sinks_.size()));
    for (std::size_t i = 0; i < sources_.size(); ++i) sources_[i]->begin(i, sources_.size(), n);
    for (const auto& sink : sinks_) sink->begin(n, open_);
    std::vector<Job> jobs;
    for (const std::vector<core::Agent*>& agents : agents_)
      jobs.push_back({static_cast<int>(jobs.size()), [this, &agents] { run_turns(agents); }});
    const Lap took = run_jobs(jobs);
    for (const auto& sink : sinks_) sum += sink->sum();
    return took;
  }

  void report_failure(std::uint32_t, std::uint64_t sequence, std::string_view cause) noexcept override {
    std::fprintf(stderr, "failed at sequence %llu: %.*s\n", static_cast<unsigned long long>(sequence),
                 static_cast<int>(cause.size()), cause.data());
    std::exit(1);
  }

 private:
  // Native ends, whose adapters are made and never run; the harness pins.
  static run::Options with_ends(const PlanCase& plan) {
    run::Options options = plan.options;
    options.pin = false;
    const graph::Description description = graph::decode(plan.planned.spec());
    for (const graph::BoundaryDescription& boundary : run::catalog_of(description).boundaries)
      options.ports.push_back(lines_port(boundary.id, "/dev/null"));
    return options;
  }

  std::unique_ptr<LapSource> source_of(std::uint32_t boundary, const Records& records) {
    return agent_at<LapSource>(made_.graph->writing_end(boundary), [&]<class End>(std::vector<End*> ends) {
      return std::make_unique<Source<End, Records>>(*ends.front(), records, run::batch_records(options_));
    });
  }

  std::unique_ptr<LapSink> sink_of(std::uint32_t boundary, const Records& records) {
    return agent_at<LapSink>(made_.graph->reading_end(boundary), [&]<class End>(std::vector<End*> ends) {
      return std::make_unique<Sink<End, Records>>(*ends.front(), records, run::batch_records(options_));
    });
  }

  // In the place of a port's adapter, and seen by observers as that is.
  template <class End>
  void replace(const run::Port& port, std::uint32_t boundary, std::vector<std::unique_ptr<End>>& all,
               std::unique_ptr<End> end) {
    shown_.push_back(made_.graph->observe_end(*end, boundary));
    all.push_back(std::move(end));
    for (std::vector<core::Agent*>& agents : agents_) replace_adapter(agents, port, *shown_.back());
  }

  // As a thread that spins runs its agents.
  void run_turns(const std::vector<core::Agent*>& agents) const noexcept {
    for (;;) {
      std::uint32_t moved = 0;
      for (core::Agent* const agent : agents) moved += agent->do_work();
      if (moved != 0) continue;
      if (open_.load(std::memory_order_acquire) == 0) return;
      core::cpu_relax();
    }
  }

  alignas(core::kCacheBlock) std::atomic<std::uint32_t> open_{0};
  alignas(core::kCacheBlock) const std::atomic<std::uint32_t> state_{
      static_cast<std::uint32_t>(abi::RegionState::kRunning)};
  const run::Options options_;
  run::Assembled made_;
  std::vector<std::unique_ptr<LapSource>> sources_;
  std::vector<std::unique_ptr<LapSink>> sinks_;
  std::vector<std::unique_ptr<core::Agent>> shown_;
  std::vector<std::vector<core::Agent*>> agents_;
};

}  // namespace byteor::bench

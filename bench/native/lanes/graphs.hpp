// Lanes and roles at work on two pinned threads: three stages in a row, one writer with two readers, two writers with
// one reader. What has no thread of its own takes turns.
//
//   chain       writer, stage │ stage, sink          broadcast   writer (router) │ reader, reader
//   merge       writer, writer │ merge, reader        CPU 0 │ CPU 1
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "lane/ends.hpp"
#include "lane/router_role.hpp"
#include "lanes/ours.hpp"
#include "rings/chain.hpp"
#include "rings/harness.hpp"
#include "rings/limit.hpp"
#include "rings/peers.hpp"

namespace byteor::bench {

inline constexpr std::uint32_t kGraphBatch = 256;

// What a role needs around it. Nothing fails here.
class Site final : public core::FailureReporter {
 public:
  void report_failure(std::uint32_t, std::uint64_t, std::string_view) noexcept override { std::abort(); }

  lane::RoleContext context() {
    lane::RoleContext context;
    context.entry = &entry_;
    context.failures = this;
    context.stop = &stop_;
    context.batch_records = kGraphBatch;
    return context;
  }

 private:
  abi::AgentEntry entry_{};
  alignas(128) std::atomic<std::uint32_t> stop_{0};
};

template <class Lane>
lane::InletEnd inlet_of(Lane& lane, std::uint32_t reader = 0) {
  return {lane.reader(reader), &lane.consumer(reader), &lane.producer(), nullptr, 1, 0};
}
template <class Lane>
lane::OutletEnd outlet_of(Lane& lane) {
  return {lane.writer(), 0, false, 1, {}};
}

// Writes records `next`, `next + step`, … < `end`, at most a batch; how many there was room for.
template <class P, class Writer>
std::uint32_t write_some(Writer& writer, std::uint64_t& next, std::uint64_t end, std::uint64_t step = 1) {
  const std::uint64_t left = (end - std::min(next, end) + step - 1) / step;
  const auto limit = static_cast<std::uint32_t>(std::min<std::uint64_t>(kGraphBatch, left));
  const std::uint32_t count = write_batch<P, kGraphBatch>(writer, limit, next, step);
  next += count * step;
  return count;
}

template <class P>
std::uint32_t read_some(lane::FramedReader& reader, std::uint64_t& sum) {
  std::uint64_t read = 0;
  const std::uint32_t count = reader.consume(kGraphBatch, [&read](std::uint64_t, const core::RecordRef& record) {
    read += reinterpret_cast<const P*>(record.data)->sum();
    return true;
  });
  reader.release();
  sum += read;
  return count;
}

template <class P>
std::uint32_t read_some(lane::SlotsReader& reader, std::uint64_t& sum) {
  const core::FixedSpan span = reader.span(0, kGraphBatch);
  const P* const records = reinterpret_cast<const P*>(span.data);
  std::uint64_t read = 0;
  for (std::uint32_t i = 0; i != span.count; ++i) read += records[i].sum();
  sum += read;
  reader.consume(span.count);
  reader.release();
  return span.count;
}

// Runs both turns until each has moved its number of records.
template <class Front, class Back>
Lap run_turns(std::uint64_t front_records, std::uint64_t back_records, Front front, Back back) {
  const auto until = [](std::uint64_t records, auto& turn) {
    for (std::uint64_t moved = 0; moved < records;) {
      const std::uint64_t some = turn();
      if (some == 0) core::cpu_relax();
      moved += some;
    }
  };
  return run_jobs({{0, [&] { until(front_records, front); }}, {1, [&] { until(back_records, back); }}});
}

// The last stage of a chain of lanes has no outlet, so it sums up what it would have written.
template <class P>
class SumPlusOne {
 public:
  static constexpr bool kWrites = false;
  static constexpr bool kFilters = false;
  static constexpr bool kFails = false;
  std::uint64_t sum = 0;

  op::Outcome apply(core::RecordRef& record) noexcept {
    sum += reinterpret_cast<const P*>(record.data)->sum() + sizeof(P) / 8;
    return op::Outcome::kPass;
  }
  std::string cause() const { return {}; }
};

template <class P, class Lane>
class LaneChain {
 public:
  explicit LaneChain(std::uint32_t capacity) {
    for (std::size_t i = 0; i < 3; ++i)
      lanes_[i] = std::make_unique<Lane>(capacity, sizeof(P), LaneProfile::kLowLatency, 1,
                                         i == 0 ? LaneOf::kIngress : LaneOf::kRole, i == 1);
    writer_ = lanes_[0]->writer();
    for (std::size_t i = 0; i < 3; ++i) {
      lane::RoleContext context = sites_[i].context();
      context.inlets.push_back(inlet_of(*lanes_[i]));
      if (i < 2) context.outlets.push_back(outlet_of(*lanes_[i + 1]));
      if (i < 2)
        roles_[i] = lane::make_stage_role(std::move(context), ops_[i]);
      else
        roles_[i] = lane::make_stage_role(std::move(context), last_);
    }
  }

  Lap lap(std::uint64_t n, std::uint64_t& sum) {
    last_.sum = 0;
    std::uint64_t next = 0;
    const Lap took = run_turns(
        2 * n, 2 * n, [&] { return write_some<P>(*writer_, next, n) + roles_[0]->do_work(); },
        [&] { return roles_[1]->do_work() + roles_[2]->do_work(); });
    sum = last_.sum;
    return took;
  }

 private:
  std::array<std::unique_ptr<Lane>, 3> lanes_;
  std::array<Site, 3> sites_;
  std::array<AddOne<P, false>, 2> ops_;
  alignas(128) SumPlusOne<P> last_;
  std::unique_ptr<typename Lane::Writer> writer_;
  std::array<std::unique_ptr<lane::Role>, 3> roles_;
};

// ---- one writer, two readers ---------------------------------------------------------------------------------------

struct TwiceExpected {
  template <class P>
  static std::uint64_t expected(std::uint64_t n) {
    return 2 * P::expected(n);
  }
};

template <class P, class Lane>
struct LaneBroadcast : TwiceExpected {
  explicit LaneBroadcast(std::uint32_t capacity)
      : lane(capacity, sizeof(P), LaneProfile::kLowLatency, 2),
        writer(lane.writer()),
        readers{lane.reader(0), lane.reader(1)} {}
  Lane lane;
  std::unique_ptr<typename Lane::Writer> writer;
  std::unique_ptr<typename Lane::Reader> readers[2];

  Lap lap(std::uint64_t n, std::uint64_t& sum) {
    std::uint64_t next = 0;
    return run_turns(
        n, 2 * n, [&] { return write_some<P>(*writer, next, n); },
        [&] { return read_some<P>(*readers[0], sum) + read_some<P>(*readers[1], sum); });
  }
};

template <class P, class Lane>
struct RoutedBroadcast : TwiceExpected {
  explicit RoutedBroadcast(std::uint32_t capacity)
      : inlet(capacity, sizeof(P), LaneProfile::kLowLatency, 1, LaneOf::kIngress, false), writer(inlet.writer()) {
    lane::RoleContext context = site.context();
    context.inlets.push_back(inlet_of(inlet));
    for (int i = 0; i < 2; ++i) {
      outlets[i] = std::make_unique<Lane>(capacity, sizeof(P), LaneProfile::kLowLatency, 1, LaneOf::kRole);
      readers[i] = outlets[i]->reader();
      context.outlets.push_back(outlet_of(*outlets[i]));
    }
    router = std::make_unique<lane::RouterRole<lane::BroadcastChoice>>(std::move(context));
  }
  Site site;
  Lane inlet;
  std::unique_ptr<typename Lane::Writer> writer;
  std::unique_ptr<Lane> outlets[2];
  std::unique_ptr<typename Lane::Reader> readers[2];
  std::unique_ptr<lane::Role> router;

  Lap lap(std::uint64_t n, std::uint64_t& sum) {
    std::uint64_t next = 0;
    return run_turns(
        3 * n, 2 * n, [&] { return write_some<P>(*writer, next, n) + router->do_work(); },
        [&] { return read_some<P>(*readers[0], sum) + read_some<P>(*readers[1], sum); });
  }
};

// One span of memory that two readers look at, the second after the first.
template <class P>
struct LimitBroadcast : TwiceExpected {
  explicit LimitBroadcast(std::uint32_t capacity) : spans(capacity) {}
  Spans<P, 2> spans;
  std::uint64_t from = 0;

  Lap lap(std::uint64_t n, std::uint64_t& sum) {
    std::uint64_t next = from;
    std::uint64_t gate = from;
    std::uint64_t at[2] = {from, from};
    const Lap took = run_turns(
        n, 2 * n,
        [&] {
          const std::uint64_t k = next - from;
          const std::uint64_t count =
              k == n ? 0 : spans.fill(next, gate, std::min<std::uint64_t>(kGraphBatch, n - k), k);
          next += count;
          return count;
        },
        [&] {
          std::uint64_t read = 0;
          const auto take = [&read](const P& record) { read += record.sum(); };
          const std::uint64_t one = spans.drain(spans.written, spans.done[0], at[0], kGraphBatch, take);
          const std::uint64_t two = spans.drain(spans.done[0], spans.done[1], at[1], kGraphBatch, take);
          sum += read;
          at[0] += one;
          at[1] += two;
          return one + two;
        });
    from += n;
    return took;
  }
};

// Takes up to 64 records from a peer's queue.
template <class P, class Queue>
std::uint64_t pop_some(Queue& queue, std::uint64_t& sum) {
  P batch[64];
  const std::size_t count = queue.pop(batch, 64);
  for (std::size_t i = 0; i < count; ++i) sum += batch[i].sum();
  return count;
}

// Puts up to 64 records `next`, `next + step`, … < `end` into a peer's queue. What it does not take is made again.
template <class P, class Queue>
std::uint64_t push_some(Queue& queue, std::uint64_t& next, std::uint64_t end, std::uint64_t step = 1) {
  P batch[64];
  std::size_t count = 0;
  for (std::uint64_t k = next; count != 64 && k < end; k += step) batch[count++].fill(k);
  const std::size_t pushed = count == 0 ? 0 : queue.push(batch, count);
  next += pushed * step;
  return pushed;
}

template <class Queue, class P>
struct PeerBroadcast : TwiceExpected {
  explicit PeerBroadcast(std::uint32_t capacity) : one(capacity), two(capacity) {}
  Queue one;
  Queue two;

  Lap lap(std::uint64_t n, std::uint64_t& sum) {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    return run_turns(
        2 * n, 2 * n, [&] { return push_some<P>(one, first, n) + push_some<P>(two, second, n); },
        [&] { return pop_some<P>(one, sum) + pop_some<P>(two, sum); });
  }
};

// ---- two writers, one reader ---------------------------------------------------------------------------------------

struct OnceExpected {
  template <class P>
  static std::uint64_t expected(std::uint64_t n) {
    return P::expected(n);
  }
};

template <class P, class Lane>
struct LaneMerge : OnceExpected {
  explicit LaneMerge(std::uint32_t capacity)
      : outlet(capacity, sizeof(P), LaneProfile::kLowLatency, 1, LaneOf::kRole, false), reader(outlet.reader()) {
    lane::RoleContext context = site.context();
    for (int i = 0; i < 2; ++i) {
      inlets[i] = std::make_unique<Lane>(capacity, sizeof(P), LaneProfile::kLowLatency);
      writers[i] = inlets[i]->writer();
      context.inlets.push_back(inlet_of(*inlets[i]));
    }
    context.outlets.push_back(outlet_of(outlet));
    merge = lane::make_merge_role(std::move(context));
  }
  Site site;
  std::unique_ptr<Lane> inlets[2];
  std::unique_ptr<typename Lane::Writer> writers[2];
  Lane outlet;
  std::unique_ptr<typename Lane::Reader> reader;
  std::unique_ptr<lane::Role> merge;

  Lap lap(std::uint64_t n, std::uint64_t& sum) {
    std::uint64_t even = 0;
    std::uint64_t odd = 1;
    return run_turns(
        n, 2 * n, [&] { return write_some<P>(*writers[0], even, n, 2) + write_some<P>(*writers[1], odd, n, 2); },
        [&] { return merge->do_work() + read_some<P>(*reader, sum); });
  }
};

// Two spans of memory that the reader looks at in turn: it needs no third.
template <class P>
struct LimitMerge : OnceExpected {
  explicit LimitMerge(std::uint32_t capacity) : one(capacity), two(capacity) {}
  Spans<P, 1> one;
  Spans<P, 1> two;
  std::uint64_t from[2] = {0, 0};

  Lap lap(std::uint64_t n, std::uint64_t& sum) {
    Spans<P, 1>* const spans[2] = {&one, &two};
    const std::uint64_t half[2] = {n / 2, n - n / 2};
    std::uint64_t next[2] = {from[0], from[1]};
    std::uint64_t gate[2] = {from[0], from[1]};
    std::uint64_t at[2] = {from[0], from[1]};
    const Lap took = run_turns(
        n, n,
        [&] {
          std::uint64_t moved = 0;
          for (int i = 0; i < 2; ++i) {
            const std::uint64_t k = next[i] - from[i];
            if (k == half[i]) continue;
            // The first half of the numbers, then the rest: the sum is that of all.
            const std::uint64_t count = spans[i]->fill(
                next[i], gate[i], std::min<std::uint64_t>(kGraphBatch, half[i] - k), k + (i == 0 ? 0 : half[0]));
            next[i] += count;
            moved += count;
          }
          return moved;
        },
        [&] {
          std::uint64_t moved = 0;
          for (int i = 0; i < 2; ++i) {
            std::uint64_t read = 0;
            const std::uint64_t count = spans[i]->drain(spans[i]->written, spans[i]->done[0], at[i], kGraphBatch,
                                                        [&read](const P& record) { read += record.sum(); });
            sum += read;
            at[i] += count;
            moved += count;
          }
          return moved;
        });
    for (int i = 0; i < 2; ++i) from[i] = next[i];
    return took;
  }
};

// The same with a peer's queues.
template <class Queue, class P>
struct PeerMerge : OnceExpected {
  explicit PeerMerge(std::uint32_t capacity) : one(capacity), two(capacity) {}
  Queue one;
  Queue two;

  Lap lap(std::uint64_t n, std::uint64_t& sum) {
    std::uint64_t even = 0;
    std::uint64_t odd = 1;
    return run_turns(
        n, n, [&] { return push_some<P>(one, even, n, 2) + push_some<P>(two, odd, n, 2); },
        [&] { return pop_some<P>(one, sum) + pop_some<P>(two, sum); });
  }
};

}  // namespace byteor::bench

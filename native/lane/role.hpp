// What every role of a LaneGraph is: an agent between lanes, with a stop flag, a state that observers see, and a ledger
// that balances whenever it stops. A role never blocks: when a lane is full it keeps its input, says "stalled" and
// takes up the same record in its next turn.
//
//   inlets ──▶ role ──▶ outlets          stop ◀── the thread that ends the pipeline
//
// Rules that all of them keep:
//   - What has been consumed from an inlet is done with: passed on, filtered, failed. A record that waits for room is
//     not consumed, however much has been done to it, so a halt at any moment leaves it in its lane, where settle()
//     finds it. At the end of a turn everything done is published and released.
//   - Something that another thread may sleep for (records, room, a watermark, an end) counts as work.
//   - Watermarked outlets hear the least ordinal that may still come, also when nothing does.
// Hot code: no allocation after construction, no exception. settle() is called when the role's thread has ended.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/agent.hpp"
#include "core/sequence.hpp"
#include "lane/endpoint.hpp"
#include "lane/failed_records.hpp"
#include "lane/ordinal.hpp"

namespace byteor::lane {

struct InletEnd {
  std::unique_ptr<Inlet> inlet;
  abi::ConsumerBlock* block = nullptr;           // this reader's
  const abi::ProducerBlock* producer = nullptr;  // the lane's writer's
  // Journal lanes: records of earlier runs that were handed to this reader; they are not part of `producer`'s count.
  const std::atomic<double>* replayed = nullptr;
  std::uint64_t ordinal_step = 1;           // ordinal.hpp; of a lane that is watermarked
  std::uint32_t writer_agent = abi::kNone;  // whom the role waits for when there is nothing to read
};

struct OutletEnd {
  std::unique_ptr<Outlet> outlet;
  std::uint32_t reader_agent = abi::kNone;  // whom the role waits for when there is no room: the (first) reader
  bool watermarked = false;
  std::uint64_t ordinal_step = 1;  // ordinal.hpp; an Ordered merge gives its records ordinals by it
  std::string lane;                // its id, for causes
};

// What a role is given by the graph's builder.
struct RoleContext {
  std::vector<InletEnd> inlets;
  std::vector<OutletEnd> outlets;
  abi::AgentEntry* entry = nullptr;
  std::uint32_t agent_index = 0;
  core::FailureReporter* failures = nullptr;
  const std::atomic<std::uint32_t>* stop = nullptr;  // not 0: close the outlets and end; what is left is abandoned
  std::uint32_t ordinal_shift = 0;                   // from an ordinal to the place in the ingress's order
  std::uint32_t batch_records = abi::kBatchRecordsDefault;
  std::uint32_t headroom = 0;  // what a writing op may put before a record, bytes
  std::uint32_t tailroom = 0;  // and behind
  OnError on_error = {};       // of a stage
};

// Records that a reader will never read, now that no thread runs any more: published (or replayed) and not consumed.
// They are counted as read. Also for the native ends of a graph, whose blocks are of the same kind.
inline double settle_unread(abi::ConsumerBlock& block, const abi::ProducerBlock& producer,
                            const std::atomic<double>* replayed) noexcept {
  const double written = producer.published.load(std::memory_order_relaxed) +
                         (replayed != nullptr ? replayed->load(std::memory_order_relaxed) : 0);
  const double read = block.in.load(std::memory_order_relaxed);
  if (written <= read) return 0;
  block.in.store(written, std::memory_order_relaxed);
  return written - read;
}

// True when all records of these ends are the same struct, so that they can be copied span by span.
inline bool copies_spans(const RoleContext& context) noexcept {
  const std::uint32_t stride = context.inlets.front().inlet->struct_stride();
  return stride != 0 &&
         std::ranges::all_of(context.inlets, [&](const auto& end) { return end.inlet->struct_stride() == stride; }) &&
         std::ranges::all_of(context.outlets, [&](const auto& end) { return end.outlet->struct_stride() == stride; });
}

struct Moved {
  std::uint32_t records;
  bool full;  // the outlet had no room for the next one
};

// Hands at most `limit` records to `pass(span) -> count`, which answers how many there was room for. Where
// copies_spans().
template <class In, class Pass>
Moved pass_spans(In& from, std::uint32_t limit, const Pass& pass) noexcept {
  std::uint32_t moved = 0;
  while (moved != limit) {
    const core::FixedSpan span = from.span(0, limit - moved);
    const std::uint32_t passed = span.count == 0 ? 0 : pass(span);
    from.consume(passed);
    moved += passed;
    if (passed != span.count) return {moved, true};
    if (passed == 0) break;
  }
  return {moved, false};
}

// The same, to another end.
inline Moved move_spans(Inlet& from, Outlet& to, std::uint32_t limit) noexcept {
  return pass_spans(from, limit, [&to](const core::FixedSpan& span) { return to.put_span(span); });
}

class Role : public core::Agent {
 public:
  explicit Role(RoleContext context) : context_(std::move(context)) {}

  bool done() noexcept override { return finished(); }

  void end_backoff() noexcept override {
    for (InletEnd& end : context_.inlets) end.inlet->end_backoff();
  }

  // The final counters: what is left in the inlets counts as read and abandoned. Once, after all threads have ended.
  virtual void settle() noexcept = 0;

 protected:
  enum class Phase : std::uint8_t {
    kAtWork,
    kAtFailed,  // of a stage: the next record has failed, and is not done with
    kFinished,
  };

  bool finished() const noexcept { return phase_ == Phase::kFinished; }

  static void store(std::atomic<double>& cell, std::uint64_t value) noexcept {
    cell.store(static_cast<double>(value), std::memory_order_relaxed);
  }

  static void add(std::atomic<double>& cell, double value) noexcept {
    cell.store(cell.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
  }

  // SYNC POINT L2: seq_cst, because it is one of the things that a thread looks at after it has armed (S5).
  bool stopping() const noexcept { return context_.stop->load(std::memory_order_seq_cst) != 0; }

  void observe(abi::AgentState state, std::uint32_t waits_for) noexcept {
    if (state == observed_ && waits_for == waits_for_) return;
    observed_ = state;
    waits_for_ = waits_for;
    context_.entry->waits_for.store(waits_for, std::memory_order_relaxed);
    context_.entry->state.store(static_cast<std::uint32_t>(state), std::memory_order_relaxed);
  }

  void observe_work() noexcept { observe(abi::AgentState::kWorking, abi::kNone); }
  void observe_wait(const InletEnd& end) noexcept { observe(abi::AgentState::kWaiting, end.writer_agent); }
  void observe_stall(const OutletEnd& end) noexcept { observe(abi::AgentState::kStalled, end.reader_agent); }

  // The stage keeps a record whose letter has no room.
  void observe_letters(const FailedRecords& records) noexcept {
    observe(abi::AgentState::kStalled, records.letters_agent());
  }

  // True when the outlet's watermark moved. That nothing will come any more is said by closing it.
  static bool advance(Outlet& outlet, std::uint64_t bound) noexcept {
    return bound != core::kNoLimit && outlet.advance(bound);
  }

  // Nothing more comes out of this role. Answers 1: sleeping readers must hear of the closed lanes.
  std::uint32_t finish(abi::AgentState state = abi::AgentState::kDone) noexcept {
    for (OutletEnd& end : context_.outlets) end.outlet->close();
    context_.on_error.close();
    phase_ = Phase::kFinished;
    observe(state, abi::kNone);
    return 1;
  }

  // The same, because of a record.
  std::uint32_t fail(std::uint64_t ordinal, std::string_view cause) noexcept {
    context_.failures->report_failure(context_.agent_index, ordinal >> context_.ordinal_shift, cause);
    return finish(abi::AgentState::kFailed);
  }

  std::uint32_t fail_too_large(const LaneRecord& record, const OutletEnd& end) noexcept {
    return fail_too_large(record.ordinal, record.length, end);
  }

  std::uint32_t fail_too_large(std::uint64_t ordinal, std::uint64_t length, const OutletEnd& end) noexcept {
    return fail(ordinal, too_large_cause(length, end));
  }

  // Cold: a failure may allocate, as the ops' causes do.
  static std::string too_large_cause(std::uint64_t length, const OutletEnd& end) {
    return "a record needs " + std::to_string(length) + " bytes, but lane " + end.lane + " takes at most " +
           std::to_string(end.outlet->record_max()) + "; raise record_max, or capacity_bytes of the lane";
  }

  RoleContext context_;
  Phase phase_ = Phase::kAtWork;

 private:
  abi::AgentState observed_ = abi::AgentState::kIdle;
  std::uint32_t waits_for_ = abi::kNone;
};

}  // namespace byteor::lane

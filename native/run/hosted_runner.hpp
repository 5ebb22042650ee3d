// What JavaScript runs of one hosted stage: its agents, one a shard, a turn at a time, on whichever of its threads has
// taken the stage. Where several threads are to, each has a runner of some of the shards, beside the others. Between
// two turns it sleeps as a native thread does, in that native threads and handles see it armed, and it is woken by an
// event.
//
//   asleep ──event──▶ JavaScript: turn(), turn(), … nothing to do ──▶ arm(): nothing after all ──▶ asleep
//
// A turn calls JavaScript (op/host.hpp), in which anything may happen, the end of the pipeline included, on this thread
// or on another one. So the host's calls are bracketed: a halt that finds the runner in one goes on without it, and
// what comes back from the call touches nothing of the pipeline any more.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "abi/abi_generated.hpp"
#include "op/hosted.hpp"
#include "run/runner.hpp"

namespace byteor::run {

// Which shards of a stage a runner has, in the order of its agents. Where others have the rest, they share a block.
struct HostedPart {
  std::vector<std::uint32_t> shards = {0};
  bool shares_block = false;
};

class HostedRunner final : public Runner {
 public:
  using Turn = abi::HostTurn;

  // `ops`: of the agents, in their order; they outlive it. `ended` is called once, on the thread of the last turn.
  HostedRunner(abi::ThreadBlock& block, const std::string& id, std::vector<core::Agent*> agents,
               std::vector<op::HostedOp*> ops, Notify notify, std::function<void()> ended, HostedPart part = {});

  const std::vector<op::HostedOp*>& ops() const noexcept { return ops_; }
  // In the order of the ops.
  const std::vector<std::uint32_t>& shards() const noexcept { return part_.shards; }

  // The thread that has taken the stage.
  Turn turn() noexcept { return turn(false); }
  // From now on an event tells of work. kIdle: there is none now. Anything else: not armed, as after turn().
  Turn arm() noexcept;

  // Around a call to the host, on that thread (SYNC POINT S15). leave_host(): false: it was cut off.
  void enter_host() noexcept;
  bool leave_host() noexcept;

  // Any thread but the one that has taken the stage, which has ended: nothing will run the stage any more, and that is
  // a failure of the pipeline, unless the stage had come to its end.
  void fail(std::string_view cause) noexcept;

  // The thread that has taken the stage: all of its agents are done, and that has been told.
  bool told_end() const noexcept { return told_end_; }

  void wake() noexcept override;
  void rouse() noexcept override;

  // Any thread, any number of times. Afterwards no agent is at work, and none will be.
  void halt() noexcept;

  // How long a call to its host may take; 0: as long as it likes. Any thread.
  void set_limit_ns(double ns) noexcept { limit_ns_.store(ns, std::memory_order_relaxed); }
  double limit_ns() const noexcept { return limit_ns_.load(std::memory_order_relaxed); }

  // A call that took longer: whose it was, and the first record that had no answer.
  struct LateCall {
    std::uint32_t agent;
    std::uint64_t sequence;
    double limit_ns;
  };
  // Any thread. Where there is one, the runner is halted, and what comes back from the call touches nothing any more.
  std::optional<LateCall> cut_off_late(double now_ns) noexcept;

 private:
  // SYNC POINT S15: kWorking is the runner's alone; a halt waits for its end, and takes the runner from any other
  // phase.
  enum class Phase : std::uint32_t { kResting, kWorking, kInHost, kHalted };

  // `arms`: a look that was put off would miss what was published before, of which no wake tells.
  Turn turn(bool arms) noexcept;
  Turn round(bool arms) noexcept;
  Turn end_hosts() noexcept;
  void end() noexcept;
  void disarm() noexcept;

  abi::ThreadBlock& block_;
  const std::vector<op::HostedOp*> ops_;
  const HostedPart part_;
  const std::function<void()> ended_;
  std::atomic<Phase> phase_{Phase::kResting};
  // As a native thread's (platform/wake.hpp): its own, and a copy for JavaScript in the region.
  std::atomic<std::uint32_t> armed_{0};
  // Of the agent at work, and when its call began: written before the phase, and read once it is kInHost.
  std::atomic<std::uint32_t> at_work_{0};
  std::atomic<double> entered_ns_{0};
  std::atomic<double> limit_ns_{0};
  std::uint64_t rounds_ = 0;
  bool hosts_ended_ = false;
  bool told_end_ = false;
};

}  // namespace byteor::run

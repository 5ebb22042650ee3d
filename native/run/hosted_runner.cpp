#include "run/hosted_runner.hpp"

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>

#include "core/clock.hpp"
#include "run/pipeline.hpp"

namespace byteor::run {

HostedRunner::HostedRunner(abi::ThreadBlock& block, const std::string& id, std::vector<core::Agent*> agents,
                           std::vector<op::HostedOp*> ops, Notify notify, std::function<void()> ended, HostedPart part)
    : Runner(std::move(agents), std::move(notify)),
      block_(block),
      ops_(std::move(ops)),
      part_(std::move(part)),
      ended_(std::move(ended)) {
  const std::string name = "js:" + id;
  const std::size_t length = std::min(name.size(), sizeof(block_.name));
  std::memcpy(block_.name, name.data(), length);
  block_.name_length = static_cast<std::uint32_t>(length);
}

HostedRunner::Turn HostedRunner::turn(bool arms) noexcept {
  Phase before = Phase::kResting;
  // SYNC POINT S15.
  if (!phase_.compare_exchange_strong(before, Phase::kWorking, std::memory_order_seq_cst))
    return before == Phase::kHalted ? Turn::kEnded : Turn::kBusy;
  const Turn turn = round(arms);
  // SYNC POINT S15: also when it was cut off, which only a call to the host can be.
  Phase working = Phase::kWorking;
  if (!phase_.compare_exchange_strong(working, Phase::kResting, std::memory_order_seq_cst)) return Turn::kEnded;
  if (turn == Turn::kEnded) end();
  return turn;
}

HostedRunner::Turn HostedRunner::round(bool arms) noexcept {
  if (arms) end_backoff();
  bool moved = false;
  for (std::uint32_t i = 0; i != agents_.size(); ++i) {
    at_work_.store(i, std::memory_order_relaxed);
    const std::uint32_t by_agent = agents_[i]->do_work();
    if (phase_.load(std::memory_order_relaxed) == Phase::kHalted) return Turn::kEnded;
    if (by_agent == 0) continue;
    moved = true;
    // Not at the end of the round: the next agent may call its host, which may take long.
    signal();
  }
  if (!moved) return all_done() ? end_hosts() : Turn::kIdle;
  block_.rounds.store(static_cast<double>(++rounds_), std::memory_order_relaxed);
  return Turn::kMoved;
}

// Before the end is told: who hears of it finds what the hosts have to report.
HostedRunner::Turn HostedRunner::end_hosts() noexcept {
  if (std::exchange(hosts_ended_, true)) return Turn::kEnded;
  for (std::uint32_t i = 0; i != ops_.size(); ++i) {
    at_work_.store(i, std::memory_order_relaxed);
    ops_[i]->end_host();
    if (phase_.load(std::memory_order_relaxed) == Phase::kHalted) break;
  }
  return Turn::kEnded;
}

HostedRunner::Turn HostedRunner::arm() noexcept {
  // SYNC POINT S5: armed, then the inputs; pairs with wake(), which comes after the input was published.
  armed_.store(1, std::memory_order_seq_cst);
  block_.armed.store(1, std::memory_order_seq_cst);
  const Turn now = turn(true);
  if (now != Turn::kIdle) disarm();
  return now;
}

void HostedRunner::disarm() noexcept {
  // SYNC POINT S5: a wake() in between is one for nothing.
  armed_.store(0, std::memory_order_seq_cst);
  // Another runner may sleep, and a wake is for all of them.
  if (!part_.shares_block) block_.armed.store(0, std::memory_order_seq_cst);
}

void HostedRunner::enter_host() noexcept {
  const double now_ns = core::now_ns();
  if (!ops_.empty()) ops_[at_work_.load(std::memory_order_relaxed)]->observe_call(now_ns);
  entered_ns_.store(now_ns, std::memory_order_relaxed);
  // SYNC POINT S15.
  phase_.store(Phase::kInHost, std::memory_order_seq_cst);
}

std::optional<HostedRunner::LateCall> HostedRunner::cut_off_late(double now_ns) noexcept {
  const double limit = limit_ns();
  // SYNC POINT S15: the thread that is in the host wrote the place and the time of the call before.
  if (limit == 0 || phase_.load(std::memory_order_seq_cst) != Phase::kInHost ||
      now_ns - entered_ns_.load(std::memory_order_relaxed) < limit)
    return std::nullopt;
  Phase in_host = Phase::kInHost;
  if (!phase_.compare_exchange_strong(in_host, Phase::kHalted, std::memory_order_seq_cst)) return std::nullopt;
  const op::HostedOp& op = *ops_[at_work_.load(std::memory_order_relaxed)];
  return LateCall{op.site().agent, op.unanswered(), limit};
}

bool HostedRunner::leave_host() noexcept {
  Phase in_host = Phase::kInHost;
  // SYNC POINT S15.
  return phase_.compare_exchange_strong(in_host, Phase::kWorking, std::memory_order_seq_cst);
}

void HostedRunner::fail(std::string_view cause) noexcept {
  Phase before = Phase::kResting;
  // SYNC POINT S15: comes after everything that the last turn wrote. A thread that gives the stage back makes a turn.
  while (!phase_.compare_exchange_strong(before, Phase::kWorking, std::memory_order_seq_cst)) {
    if (before != Phase::kWorking) return;
    before = Phase::kResting;
    std::this_thread::yield();
  }
  hosts_ended_ = true;
  for (core::Agent* agent : agents_)
    if (!agent->done()) agent->give_up(cause);
  signal();
  // SYNC POINT S15: a halt waits while it is working.
  phase_.store(Phase::kResting, std::memory_order_seq_cst);
  end();
}

void HostedRunner::wake() noexcept {
  // SYNC POINT S5: the caller's publication, then armed.
  if (armed_.load(std::memory_order_seq_cst) == 0) return;
  if (armed_.exchange(0, std::memory_order_seq_cst) != 0) notify(kEventStages);
}

void HostedRunner::rouse() noexcept {
  armed_.exchange(0, std::memory_order_seq_cst);
  notify(kEventStages);
}

void HostedRunner::halt() noexcept {
  for (;;) {
    // SYNC POINT S15: a turn in the core is short, and a call to the host may be long.
    Phase before = phase_.load(std::memory_order_seq_cst);
    if (before == Phase::kHalted) return;
    if (before == Phase::kWorking) {
      std::this_thread::yield();
      continue;
    }
    if (phase_.compare_exchange_weak(before, Phase::kHalted, std::memory_order_seq_cst)) return;
  }
}

// A sleeping neighbour may wait for this runner's end rather than for its work.
void HostedRunner::end() noexcept {
  if (std::exchange(told_end_, true)) return;
  wake_neighbours();
  ended_();
}

}  // namespace byteor::run

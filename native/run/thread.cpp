#include "run/thread.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/clock.hpp"
#include "core/cpu.hpp"
#include "run/device_wait.hpp"

namespace byteor::run {
namespace {

// A wake-up across CPUs costs its sleeper and its waker together about this long (measured: 34–52 µs), so waiting this
// long before sleeping at most doubles the cost of the worst case and avoids it in all others.
constexpr double kSpinNs = 50'000;
// Rounds without work between two looks at the clock, which costs as much as a round.
constexpr std::uint32_t kRoundsPerClock = 32;
// Rounds a yielding thread spins before it offers its CPU to others.
constexpr std::uint32_t kRoundsBeforeYield = 100;
// Pauses between two looks: fewer steals of the line that the other side is about to write.
constexpr int kPausesPerRound = 8;

std::vector<const core::WaitingAgent*> waiting_among(const std::vector<core::Agent*>& agents) {
  std::vector<const core::WaitingAgent*> waiting;
  for (const core::Agent* agent : agents)
    if (const core::WaitingAgent* const one = agent->waiting()) waiting.push_back(one);
  return waiting;
}

}  // namespace

AgentThread::AgentThread(abi::ThreadBlock& block, std::string name, WaitStrategy wait, std::vector<core::Agent*> agents,
                         Notify notify, std::function<void()> ended)
    : Runner(std::move(agents), std::move(notify)),
      block_(block),
      name_(std::move(name)),
      wait_(wait),
      ended_(std::move(ended)),
      waiting_(waiting_among(agents_)),
      sleeper_(armed_, word_, waiting_.size(), &block.armed) {
  const std::size_t length = std::min(name_.size(), sizeof(block_.name));
  std::memcpy(block_.name, name_.data(), length);
  block_.name_length = static_cast<std::uint32_t>(length);
}

AgentThread::~AgentThread() {
  request_halt();
  join();
}

void AgentThread::start(ThreadRequests requests, std::optional<platform::CpuLock> lock) {
  lock_ = std::move(lock);
  try {
    thread_ = std::thread([this, requests] { run(requests); });
  } catch (...) {
    lock_.reset();
    throw;
  }
}

void AgentThread::request_halt() noexcept {
  // SYNC POINT S8: halt, then wake; the thread looks at halt after it has armed.
  halt_.store(true, std::memory_order_seq_cst);
  rouse();
}

bool AgentThread::try_join() noexcept {
  if (!thread_.joinable()) return true;
  const double asked_ns = core::now_ns();
  {
    std::unique_lock lock(left_mutex_);
    // One long call, or many short ones.
    const auto too_long = [this, asked_ns](double since_ns) {
      return core::now_ns() - std::min(since_ns, asked_ns) >= kDeviceGraceNs && device_.cut_off();
    };
    if (!wait_beside_device(
            lock, left_changed_, device_, [this] { return left_; }, too_long)) {
      was_cut_off_.store(true, std::memory_order_relaxed);
      return false;
    }
  }
  thread_.join();
  return true;
}

void AgentThread::join() noexcept {
  if (thread_.joinable()) thread_.join();
}

void AgentThread::close_files() noexcept {
  for (core::Agent* agent : agents_) agent->close_files();
  sleeper_.close();
}

// SYNC POINT S5: the thread that exchanges armed from 1 to 0 has the duty to wake.
void AgentThread::rouse() noexcept {
  armed_.exchange(0, std::memory_order_seq_cst);
  sleeper_.rouse();
}

void AgentThread::prepare(const ThreadRequests& requests) {
  platform::name_this_thread(name_);
  block_.tid.store(platform::this_thread_id(), std::memory_order_relaxed);
  if (requests.cpu.has_value()) {
    pin_outcome_ = platform::pin_this_thread(*requests.cpu);
    if (pin_outcome_.state == abi::PinState::kApplied) block_.cpu = static_cast<std::int32_t>(*requests.cpu);
    block_.pin_state = static_cast<std::uint32_t>(pin_outcome_.state);
  } else {
    // A new thread inherits the pin of the thread that opened the pipeline, if that has one.
    platform::unpin_this_thread(platform::allowed_cpus());
  }
  // Only where it can take no CPU but its own.
  if (requests.real_time && pin_outcome_.state == abi::PinState::kApplied)
    real_time_outcome_ = platform::real_time_this_thread();
  else if (requests.real_time)
    real_time_outcome_ = {abi::PinState::kDegraded,
                          "the thread could not be pinned to its CPU: " + pin_outcome_.reason};
  // SYNC POINT S12: the outcomes are complete before any thread reads them.
  started_.store(true, std::memory_order_release);
}

void AgentThread::run(ThreadRequests requests) {
  prepare(requests);
  device_.bind();
  // To be made and pinned is not the agents' work.
  times_before_ = platform::this_thread_times();
  work();
  // The CPU is free for another thread, however long JavaScript keeps the memory of this one's pipeline.
  lock_.reset();
  const std::lock_guard lock(left_mutex_);
  left_ = true;
  left_changed_.notify_all();
}

void AgentThread::work() noexcept {
  std::uint32_t idle_rounds = 0;
  double idle_since = 0;
  while (!halt_.load(std::memory_order_relaxed)) {
    if (round()) {
      idle_rounds = 0;
      continue;
    }
    if (device_.is_cut_off() || all_done()) break;
    rest(idle_rounds, idle_since);
  }
  // The pipeline has been settled without this thread.
  if (device_.is_cut_off()) return;
  keep_times();
  // A sleeping thread may wait for this thread's end rather than for its work.
  wake_neighbours();
  ended_();
}

void AgentThread::keep_times() noexcept {
  const platform::ThreadTimes times = platform::this_thread_times() - times_before_;
  const std::lock_guard lock(left_mutex_);
  times_ = times;
}

std::optional<platform::ThreadTimes> AgentThread::times() {
  const std::lock_guard lock(left_mutex_);
  return times_;
}

bool AgentThread::round() noexcept {
  std::uint32_t moved = 0;
  for (core::Agent* agent : agents_) {
    moved += agent->do_work();
    if (device_.is_cut_off()) return false;
  }
  if (moved == 0) return false;
  block_.rounds.store(static_cast<double>(++rounds_), std::memory_order_relaxed);
  signal();
  return true;
}

void AgentThread::rest(std::uint32_t& idle_rounds, double& idle_since) noexcept {
  ++idle_rounds;
  ++idle_rounds_;
  switch (wait_) {
    case WaitStrategy::kSpin:
      core::cpu_relax();
      return;
    case WaitStrategy::kYield:
      if (idle_rounds < kRoundsBeforeYield)
        core::cpu_relax();
      else
        std::this_thread::yield();
      return;
    case WaitStrategy::kPark:
      park();
      return;
    default:
      break;
  }
  for (int i = 0; i < kPausesPerRound; ++i) core::cpu_relax();
  if (idle_rounds == 1) idle_since = core::now_ns();
  if (idle_rounds % kRoundsPerClock != 0 || core::now_ns() - idle_since < kSpinNs) return;
  park();
  idle_rounds = 0;
}

void AgentThread::park() noexcept {
  end_backoff();
  sleeper_.arm();
  // SYNC POINT S5: the look after arming. What was published before a waker looked at `armed` is seen here, a halt (S8)
  // included.
  if (halt_.load(std::memory_order_seq_cst) || round() || all_done()) {
    sleeper_.disarm();
    return;
  }
  for (const core::WaitingAgent* agent : waiting_) {
    const core::WaitDescriptor wait = agent->wait_descriptor();
    sleeper_.watch(wait.fd, wait.events);
  }
  block_.parks.store(static_cast<double>(++parks_), std::memory_order_relaxed);
  block_.idle_rounds.store(static_cast<double>(idle_rounds_), std::memory_order_relaxed);
  sleeper_.sleep();
}

}  // namespace byteor::run

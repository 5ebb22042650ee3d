#include "run/runner.hpp"

#include <algorithm>
#include <utility>

namespace byteor::run {

Runner::Runner(std::vector<core::Agent*> agents, Notify notify)
    : agents_(std::move(agents)), notify_(std::move(notify)) {}

void Runner::add_neighbour(Runner* other) {
  if (other != this && std::find(neighbours_.begin(), neighbours_.end(), other) == neighbours_.end())
    neighbours_.push_back(other);
}

void Runner::add_foreign(ForeignSleeper sleeper) {
  const auto same = [&](const ForeignSleeper& other) { return other.armed == sleeper.armed; };
  if (std::none_of(foreign_.begin(), foreign_.end(), same)) foreign_.push_back(sleeper);
}

void Runner::signal() noexcept {
  // SYNC POINT S5: every agent has published seq_cst before; now look who sleeps.
  wake_neighbours();
  std::uint32_t events = 0;
  for (const ForeignSleeper& sleeper : foreign_) {
    if (sleeper.armed->load(std::memory_order_seq_cst) == 0) continue;
    if (sleeper.armed->exchange(0, std::memory_order_seq_cst) != 0) events |= sleeper.event;
  }
  if (events != 0) notify_(events);
}

void Runner::wake_neighbours() noexcept {
  for (Runner* neighbour : neighbours_) neighbour->wake();
}

void Runner::end_backoff() noexcept {
  for (core::Agent* agent : agents_) agent->end_backoff();
}

bool Runner::all_done() noexcept {
  return std::all_of(agents_.begin(), agents_.end(), [](core::Agent* agent) { return agent->done(); });
}

}  // namespace byteor::run

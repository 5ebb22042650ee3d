// What runs agents in turn, and what of others it must wake when they have done something: a thread of the core
// (thread.hpp) or, a turn at a time, JavaScript (hosted_runner.hpp). Wiring on the opening thread, all else on the
// thread that runs the agents.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/agent.hpp"

namespace byteor::run {

// A handle of JavaScript that sleeps: its cell in the region, and what to tell it.
struct ForeignSleeper {
  std::atomic<std::uint32_t>* armed;
  std::uint32_t event;  // run::Event
};

class Runner {
 public:
  using Notify = std::function<void(std::uint32_t events)>;

  // `agents` run in this order: upstream first. `notify` wakes JavaScript.
  Runner(std::vector<core::Agent*> agents, Notify notify);
  virtual ~Runner() = default;

  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Before anything runs.
  void add_neighbour(Runner* other);
  void add_foreign(ForeignSleeper sleeper);

  // Any thread, after a seq_cst publication of what this one may wait for.
  virtual void wake() noexcept = 0;
  // Unconditionally: for a thread of JavaScript that has, or has not, exchanged the region's `armed`, and for a caller
  // that cannot know what one that is gone had still to do.
  virtual void rouse() noexcept = 0;

 protected:
  // An agent has done something: wakes those that sleep.
  void signal() noexcept;
  void wake_neighbours() noexcept;
  void end_backoff() noexcept;
  bool all_done() noexcept;
  void notify(std::uint32_t events) { notify_(events); }

  const std::vector<core::Agent*> agents_;

 private:
  const Notify notify_;
  std::vector<Runner*> neighbours_;
  std::vector<ForeignSleeper> foreign_;
};

}  // namespace byteor::run

// An agent is a role that runs in turn with others on one thread. It never blocks: do_work() moves a bounded batch and
// says how much it moved; waiting is the runner's job (native/run/thread.*).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "abi/abi_generated.hpp"

namespace byteor::core {

// Something outside the process that an agent waits for, in poll(2)'s words; fd -1 when it waits for nothing outside.
struct WaitDescriptor {
  int fd = -1;
  short events = 0;
};

class WaitingAgent;

class Agent {
 public:
  virtual ~Agent() = default;

  // A bounded amount of work; returns how many records (or, for an adapter, blocks) it moved. 0: nothing to do now.
  virtual std::uint32_t do_work() noexcept = 0;

  // What it reads is looked at in its next turn, however soon that is (core/pace.hpp). Called by its own thread before
  // it arms itself: a look that is put off would miss what was published before, of which no wake tells.
  virtual void end_backoff() noexcept {}

  // True once it has nothing left to do for ever. Called by its own thread.
  virtual bool done() noexcept = 0;

  // What did its work outside of the core is gone for good: it fails where it stands, and no record is to blame. In
  // place of a turn, and only while it is not done(). `cause`: a sentence with a remedy.
  virtual void give_up(std::string_view cause) noexcept {}

  // The part of it that may wait for something outside; the same one for its whole life. The thread asks once, before
  // it starts, and keeps room for every one that there is.
  virtual const WaitingAgent* waiting() const noexcept { return nullptr; }

  // After its thread has ended: gives back the descriptors it has, since JavaScript may keep an ended pipeline for
  // long. Counters stay readable. May wait for the device.
  virtual void close_files() noexcept {}
};

// An agent that may wait for something outside. Only this class has a wait_descriptor(), so that no agent can have one
// which its thread has no room for.
class WaitingAgent : public Agent {
 public:
  // What the thread must also wait for when it goes to sleep. Called by its own thread, after do_work() returned 0.
  virtual WaitDescriptor wait_descriptor() const noexcept = 0;

  const WaitingAgent* waiting() const noexcept final { return this; }
};

// As much of a text in UTF-8 as `bytes_max` bytes hold, without a part of a character.
constexpr std::string_view cut_text(std::string_view text, std::size_t bytes_max) noexcept {
  if (text.size() <= bytes_max) return text;
  std::size_t length = bytes_max;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) --length;
  return text.substr(0, length);
}

// Where an agent reports a record (or an adapter a device) that failed. Control path; thread-safe.
class FailureReporter {
 public:
  virtual ~FailureReporter() = default;
  // `agent`: index into AgentEntry. `sequence`: of the record in its shard. `cause`: a sentence with a remedy.
  virtual void report_failure(std::uint32_t agent, std::uint64_t sequence, std::string_view cause) noexcept = 0;
};

}  // namespace byteor::core

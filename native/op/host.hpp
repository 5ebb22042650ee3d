// The border between an op that is done elsewhere (op/hosted.hpp) and what does it: JavaScript's thread, behind
// Node-API. One an agent, used by the thread that runs that agent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "abi/abi_generated.hpp"

namespace byteor::op {

// Memory that the op and its host share. The host can write to all of it at any moment: the op reads nothing of it
// twice and judges what it read.
struct HostMemory {
  std::span<std::byte> records;         // what is shown
  std::span<abi::HostRow> rows;         // one a record, in a circle
  std::span<const std::byte> elements;  // what the host makes
  std::uint32_t at_once = ~0u;          // the most that it works on, where it answers later
};

class Host {
 public:
  enum class End : std::uint8_t {
    kAnswered,
    kGone,    // its thread ends: it will never answer again
    kCutOff,  // the pipeline has been settled meanwhile: nothing of it may be touched any more
  };
  // Of those that it was shown and that are not done with, in their order: how many of the first have an answer, and
  // how many behind them it is at work on. It has not taken the rest, and is shown them again.
  struct Answer {
    End end;
    std::uint32_t records;
    std::uint32_t held = 0;
  };

  virtual ~Host() = default;

  // Works on the records of `records` rows from `first` on, if any, and on those that it held back before. All that it
  // has answered before are done with. Calls out of the core: anything may happen in it, also the pipeline's end.
  virtual Answer work(std::uint32_t first, std::uint32_t records) noexcept = 0;
  // Nothing more comes. Calls out of the core as work() does.
  virtual void end() noexcept = 0;
  // As it is now: the host may give other memory of elements between two answers.
  virtual HostMemory memory() const noexcept = 0;
};

}  // namespace byteor::op

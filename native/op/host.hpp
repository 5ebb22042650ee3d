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
  std::span<abi::HostRow> rows;         // one a record
  std::span<const std::byte> elements;  // what the host makes
};

class Host {
 public:
  enum class End : std::uint8_t {
    kAnswered,
    kGone,    // its thread ends: it will never answer again
    kCutOff,  // the pipeline has been settled meanwhile: nothing of it may be touched any more
  };
  struct Answer {
    End end;
    std::uint32_t records;  // done with so many of the first
  };

  virtual ~Host() = default;

  // Works on the records of the first rows. Calls out of the core: anything may happen in it, also the pipeline's end.
  virtual Answer work(std::uint32_t records) noexcept = 0;
  // Nothing more comes. Calls out of the core as work() does.
  virtual void end() noexcept = 0;
  // As it is now: the host may give other memory of elements between two answers.
  virtual HostMemory memory() const noexcept = 0;
};

}  // namespace byteor::op

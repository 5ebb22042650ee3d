// What is known of an adapter that feeds an ingress, whatever it reads and whatever it writes into. The counters may be
// read from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/agent.hpp"

namespace byteor::adapter {

class Source : public core::WaitingAgent {
 public:
  virtual std::uint64_t bytes_read() const noexcept = 0;
  // Records read: published, or dropped and counted by a lane that drops.
  virtual std::uint64_t records() const noexcept = 0;
  // The size of the input, when it is known beforehand: for progress.
  virtual const std::optional<std::uint64_t>& input_bytes() const noexcept = 0;

  // For status(): the counters as members of a JSON object, each behind a comma. What else an adapter counts comes
  // behind them.
  virtual void describe(std::string& text) const;
};

}  // namespace byteor::adapter

// What is known of an adapter that an egress writes to, whatever it reads from. The counters may be read from any
// thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "core/agent.hpp"

namespace byteor::adapter {

class Sink : public core::WaitingAgent {
 public:
  virtual std::uint64_t bytes_written() const noexcept = 0;
  virtual std::uint64_t records_written() const noexcept = 0;
  // Taken from the graph and not written: while it works what is on its way, after the end the loss, for the ledger.
  virtual std::uint64_t records_unwritten() const noexcept = 0;
  // The cell of records_written(). SYNC POINT J3: the operating system has these records.
  virtual const std::atomic<std::uint64_t>& written() const noexcept = 0;
  // The output has no reader any more.
  virtual bool reader_gone() const noexcept = 0;

  // As Source::describe().
  virtual void describe(std::string& text) const;
};

}  // namespace byteor::adapter

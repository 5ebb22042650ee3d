// What a role, a stage or an adapter reported. Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/agent.hpp"

namespace byteor::test {

struct ReportedFailure {
  std::uint32_t agent;
  std::uint64_t sequence;
  std::string cause;
};

// Keeps what is reported.
class Failures final : public core::FailureReporter {
 public:
  void report_failure(std::uint32_t agent, std::uint64_t sequence, std::string_view cause) noexcept override {
    const std::lock_guard lock(mutex_);
    all_.push_back({agent, sequence, std::string(cause)});
  }

  std::vector<ReportedFailure> all() const {
    const std::lock_guard lock(mutex_);
    return all_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<ReportedFailure> all_;
};

}  // namespace byteor::test

// What becomes of a record that an adapter cannot take or write, by the policy (`on_error`) of its boundary:
//
//   ingress   longer than its shard or lane takes, or not of the plan's struct
//   egress    what the outside cannot hold, as a line feed in a line
//
// Under `stop` the adapter reports the record, and the pipeline stops as at any failure of an end; its counters say
// nothing of it. Cold: called when a record has failed. The adapter's own thread.
#pragma once

#include <cstdint>
#include <string>

#include "abi/abi_generated.hpp"
#include "core/cpu.hpp"
#include "lane/failed_records.hpp"

namespace byteor::adapter {

class FailingRecords {
 public:
  FailingRecords(abi::OnErrorCode on_error, std::uint32_t agent) noexcept
      : on_error_{.code = on_error}, agent_(agent) {}

  bool stops() const noexcept { return on_error_.code == abi::OnErrorCode::kStop; }

  // True where the record is done with, and counted at `end`, which is its producer or its consumer; else the pipeline
  // stops at it.
  template <class End>
  BYTEOR_NEVER_INLINE bool pass_over(End& end, const lane::FailedRecord& record) noexcept {
    if (stops()) return false;
    lane::FailedRecords records(on_error_, end.block(), agent_);
    return records.judge(record, [] { return std::string(); }) == lane::FailedRecords::Fate::kGone;
  }

 private:
  lane::OnError on_error_;
  std::uint32_t agent_;
};

}  // namespace byteor::adapter

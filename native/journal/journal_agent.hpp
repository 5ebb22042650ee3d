// The role between the two ends of a journal lane: takes what the writer published, appends it to the files, and lets
// the reader go on to what is in them as the policy promises.
//
//   writer ──▶ lane in memory ──peek──▶ JournalAgent ──▶ JournalFiles
//                   │                        └─release─▶ its ConsumerBlock.sequence: barrier of the reader,
//                   └──────────────▶ reader                                          one of the writer's gates
//
// One turn is one group commit: everything that lies in the lane is written together and synced once, and while the
// device works the writer fills the rest of the lane for the next turn. A turn waits for the device, so the agent has a
// thread of its own. Construction on the control path; do_work() allocates nothing and throws nothing.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/agent.hpp"
#include "journal/journal_files.hpp"
#include "lane/endpoint.hpp"
#include "platform/alarm.hpp"

namespace byteor::journal {

struct JournalAgentOptions {
  std::uint32_t agent = 0;  // index into AgentEntry, for failures
  // Most bytes in one group commit, so that the first record of a full lane does not wait for the last one's device
  // time.
  std::uint64_t commit_bytes = std::uint64_t{1} << 20;
  // abi::LaneBlock.stop_before, and the agent's own position in the lane: when the files fail, the lane ends for its
  // reader behind what is in them. nullptr: another agent ends it.
  std::atomic<std::uint64_t>* stop_before = nullptr;
  const std::atomic<std::uint64_t>* position = nullptr;
};

class JournalAgent final : public core::WaitingAgent {
 public:
  // All outlive the agent. `lane`: the agent's own end.
  JournalAgent(lane::Inlet& lane, JournalFiles& files, abi::JournalBlock& block, core::FailureReporter& failures,
               const JournalAgentOptions& options);

  std::uint32_t do_work() noexcept override;
  // The lane has ended and everything is as durable as promised, or the files have failed.
  bool done() noexcept override { return ended_; }
  // With the interval policy: the time of the next sync.
  core::WaitDescriptor wait_descriptor() const noexcept override;
  void close_files() noexcept override { alarm_.close(); }

 private:
  std::uint32_t take() noexcept;
  void give_readable() noexcept;
  std::uint32_t rest() noexcept;
  std::uint32_t leave() noexcept;
  void show() noexcept;
  std::string_view files_failure() const noexcept;
  void fail(std::string_view cause) noexcept;

  lane::Inlet& lane_;
  JournalFiles& files_;
  abi::JournalBlock& block_;
  core::FailureReporter& failures_;
  const JournalAgentOptions options_;
  platform::Alarm alarm_;
  std::uint64_t given_;  // records before this journal sequence have been given to the reader
  std::vector<lane::LaneRecord> records_;
  std::uint32_t held_ = 0;  // records that are appended, but not complete in the file: 0 or 1
  bool signals_blocked_ = false;
  bool alarm_set_ = false;
  bool ended_ = false;
};

}  // namespace byteor::journal

// A run of a history: the journal's files, and where an agent works them, the agent and the lane's two ends.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "journal_history.hpp"

namespace byteor::test {

struct JournalHistory::Attempt {
  journal::JournalOptions options;
  std::unique_ptr<journal::JournalFiles> files;  // nullptr: refused
  std::string code;
  std::string message;
  FolderImage before;
  std::uint64_t cursor_on_disk = 0;
  bool armed = false;
};

struct JournalHistory::Writer {
  journal::JournalOptions options;
  std::unique_ptr<journal::JournalFiles> files;
  bool failed = false;
  // With an agent: what it takes from, what it has let the reader have, and what the reader takes.
  FakeLane lane;
  FakeLane read_lane;
  std::vector<std::uint64_t> lane_ids;
  std::uint64_t fed = 0;
  std::uint64_t read_at = 0;  // sequence of the record that the inlet gives next
  abi::JournalBlock block{};
  Reporter failures;
  Reporter reader_failures;
  std::unique_ptr<journal::JournalAgent> agent;
  std::unique_ptr<journal::JournalInlet> inlet;
};

}  // namespace byteor::test

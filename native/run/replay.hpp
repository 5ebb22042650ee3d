// Ports that get the records of a journal: the reader, standing where the port's options say, and the source over it.
// Control path.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/agent.hpp"
#include "core/source.hpp"
#include "graph/graph.hpp"
#include "journal/journal_reader.hpp"
#include "op/key.hpp"
#include "run/options.hpp"

namespace byteor::run {

// Opens the journal of a port whose records are of `type`. Throws CodedError: the journal's codes, JOURNAL_GAP also for
// a `from` behind the journal's end.
std::unique_ptr<journal::JournalReader> open_replay(const PortOptions& port, const journal::RecordType& type);

struct ReplayParts {
  const PortOptions& port;
  const op::KeyReader* key;
  core::FailureReporter& failures;
  const std::atomic<std::uint32_t>& region_state;
  std::uint32_t agent;  // index into AgentEntry
  std::uint32_t batch_records;
};
// The parts but `port` outlive the source. Throws CodedError.
std::unique_ptr<core::Source> make_replay(std::unique_ptr<journal::JournalReader> reader, graph::WritingEnd end,
                                          const ReplayParts& parts);

// What a replay of `port` would feed, counted by reading all of it: JSON for lib/runtime/native.ts. Needs the plan for
// the record type only; no pipeline is made. What stops a replay halfway is `failure` in the answer. Throws CodedError
// when nothing can be read.
std::string journal_facts(std::span<const std::byte> spec, const PortOptions& port);

}  // namespace byteor::run

// A native end of a pipeline: what an adapter makes of a boundary's configuration. native/run takes all ends of a
// pipeline through the same phases, and knows no adapter by name:
//
//   make    the configuration is read; nothing outside is touched. Ends say what others must know of them
//   open    opens what it reads or writes, and changes nothing of it
//           (the opened files of all ends are compared here)
//   begin   all ends are open: other pipelines are told
//   start   the agent over the graph's end. From here on an output may be emptied
//   …       the agent works; describe() at any time
//
// Whatever throws before `start` leaves the world as it was. Control path; describe() from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "adapter/opened_file.hpp"
#include "adapter/sink.hpp"
#include "adapter/source.hpp"
#include "core/agent.hpp"
#include "graph/graph.hpp"
#include "lane/failed_records.hpp"
#include "op/key.hpp"

namespace byteor::adapter {

class End {
 public:
  virtual ~End() = default;

  // A folder that is read while the pipeline runs, so that no journal lane of the plan may write it. Empty: none.
  virtual std::string reads_folder() const { return {}; }

  // Throws CodedError.
  virtual void open() {}
  // After open().
  virtual std::optional<OpenedFile> file() const { return std::nullopt; }

  // Throws CodedError.
  virtual void begin() {}

  // For status(): what the end is, as members of a JSON object, each behind a comma.
  virtual void describe(std::string& text) const = 0;
};

// What an agent gets of its pipeline; all of it outlives the agent.
struct SourceParts {
  std::uint32_t agent;          // index into AgentEntry, for failures
  std::uint32_t batch_records;  // most records in one turn
  const op::KeyReader* key;     // nullptr: the plan has none
  core::FailureReporter& failures;
  const std::atomic<std::uint32_t>& region_state;  // abi::RegionState: from Closing on a source ends
  lane::OnError* on_error = nullptr;               // of its boundary; nullptr: stop
};
struct SinkParts {
  std::uint32_t agent;
  std::uint32_t batch_records;
  core::FailureReporter& failures;
  // Every record was a line when it came and nothing put a line feed into it.
  bool lines_only;
  // To be called once, on the sink's thread, when the output has no reader any more.
  std::function<void()> on_reader_gone;
  lane::OnError* on_error = nullptr;
};

class SourceEnd : public End {
 public:
  // None of its records holds a line feed.
  virtual bool gives_lines() const noexcept { return false; }
  // Instead of open() and all that follows: what it would give, counted by reading all of it, as JSON. Empty: it cannot
  // tell. Throws CodedError.
  virtual std::string facts() { return {}; }
  // Once, after begin(). Throws CodedError.
  virtual std::unique_ptr<Source> start(graph::WritingEnd end, const SourceParts& parts) = 0;
};

class SinkEnd : public End {
 public:
  virtual std::unique_ptr<Sink> start(graph::ReadingEnd end, SinkParts parts) = 0;
};

}  // namespace byteor::adapter

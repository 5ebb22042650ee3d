// The batch contract of adapters: how one that is no template over the ends of a graph gives or takes records. It
// knows its device; an agent around it knows shards and their keys, lanes that drop, records that do not fit, back
// pressure, the closing of the pipeline, failures and counters.
//
//   BatchSource ──records in its memory──▶ BatchSourceAgent ──claim, copy, publish──▶ shards, or a lane
//   shards, or a lane ──records in place──▶ BatchSinkAgent ──records──▶ BatchSink
//
// One virtual call is for a batch, and its answer says what the adapter needs next: never a bare 0. Made and destroyed
// on the control path; describe() from any thread; all else on the agent's thread, which waits in none of it. A call
// that a device may hold up is in order: the agent marks every call as one (core/device_call.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "adapter/end.hpp"
#include "core/agent.hpp"

namespace byteor::adapter {

struct BatchRecord {
  const std::byte* data;
  std::uint32_t length;  // bytes
  std::uint32_t flags;   // abi::TerminatorCode in the low bits
};

// Records of one call at most.
inline constexpr std::uint32_t kBatchRecords = 64;

enum class ReadStatus {
  kRecords,  // `count` > 0 records are described
  kNotNow,   // none at this moment: ask again when wait_descriptor() is ready
  kEnd,      // there will never be another
  kFailed,   // nor here: failure() says why
};
struct ReadAnswer {
  ReadStatus status;
  std::uint32_t count = 0;
};

class BatchSource {
 public:
  virtual ~BatchSource() = default;

  // Describes at most into.size() records that come next. What they point to stays as it is until the next call, which
  // comes when all of them have gone into the graph.
  virtual ReadAnswer read(std::span<BatchRecord> into) noexcept = 0;
  // After kNotNow: nothing else wakes a thread that sleeps.
  virtual core::WaitDescriptor wait_descriptor() const noexcept = 0;
  // After kFailed: a sentence with a remedy.
  virtual std::string failure() const = 0;

  // For messages: what the records come from, and the record at `index` of the last answer.
  virtual std::string name() const = 0;
  virtual std::string name_of(std::uint32_t index) const = 0;
  // What to do about a record that has not the one length of the plan's struct.
  virtual std::string_view length_remedy() const noexcept { return "use the codec bytes"; }

  // For status(): what is not in Source::describe(), as members of a JSON object, each behind a comma.
  virtual void describe(std::string& text) const {}
  // After the thread has ended: gives descriptors back. May wait for the device.
  virtual void close() noexcept {}
};

enum class WriteStatus {
  kOk,          // go on; of records that were given, one at least was taken
  kNotNow,      // takes nothing more at this moment: ask again when wait_descriptor() is ready
  kReaderGone,  // takes nothing more for ever, and that is no failure
  kFailed,      // nor here: failure() says why. The record behind the last one that was taken is the one that failed
};
struct WriteAnswer {
  WriteStatus status;
  std::uint32_t taken = 0;    // of the records that were given, from the first on: their memory goes back to the graph
  std::uint64_t written = 0;  // records taken now or before that the outside has had since the last answer
  std::uint64_t bytes = 0;    // that it has had since
};

class BatchSink {
 public:
  virtual ~BatchSink() = default;

  // Records in order. One that was not taken is given again.
  virtual WriteAnswer write(std::span<const BatchRecord> records) noexcept = 0;
  // No record is waiting: what was taken and not written goes out. Called while there is something, and once more after
  // the last record.
  virtual WriteAnswer flush() noexcept { return {WriteStatus::kOk}; }
  // After kNotNow.
  virtual core::WaitDescriptor wait_descriptor() const noexcept = 0;
  virtual std::string failure() const = 0;

  virtual void describe(std::string& text) const {}
  virtual void close() noexcept {}
};

// The agents for an end of a graph. `make_source_agent` throws CodedError (SHARD_KEY).
std::unique_ptr<Source> make_source_agent(std::unique_ptr<BatchSource> source, graph::WritingEnd end,
                                          const SourceParts& parts);
std::unique_ptr<Sink> make_sink_agent(std::unique_ptr<BatchSink> sink, graph::ReadingEnd end, SinkParts parts);

}  // namespace byteor::adapter

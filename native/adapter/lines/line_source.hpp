// Reads a file, pipe or terminal and publishes every line as a record: the bytes without their terminator, which is
// kept as a flag (LF, CR LF, or none at the end of the input). A lone CR, NUL and any other byte are content.
//
//   file ──read──▶ | front │ block | ──copy──▶ claimed record ──publish──▶ shard
//
// Reads go to the start of the page-aligned block; the unfinished line at the end of a block is moved before it first.
// A line that outgrows half a block is continued in place instead, so that no byte is moved more than twice, and no
// more memory is touched than the longest line needs. Lines are whole when they are copied: a key can be read before
// the shard is claimed.
//
// Nothing here waits. A full shard, or an input with nothing to read, leaves the state as it is; do_work() answers 0
// and wait_descriptor() says what to poll for. Construction on the control path; the agent's functions on its own
// thread; the counters from any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "abi/abi_generated.hpp"
#include "adapter/failing_records.hpp"
#include "adapter/lines/file.hpp"
#include "adapter/lines/newline_scanner.hpp"
#include "adapter/source.hpp"
#include "core/agent.hpp"
#include "core/producer.hpp"
#include "op/key.hpp"
#include "platform/memory.hpp"

namespace byteor::adapter {

struct LineSourceOptions {
  std::uint32_t agent = 0;            // index into AgentEntry, for failures
  std::uint32_t batch_records = 256;  // most records in one turn
  // Bytes asked for in one read. The default is the fastest measured (docs/lab/line-adapters.md); tests make it tiny.
  std::uint32_t block_bytes = 256 * 1024;
  // Of a line that is no record: too long, or not of the plan's struct. Outlives the source; nullptr: stop.
  lane::OnError* on_error = nullptr;
};

// `Producer`: core::RecordProducer, or the writing end of a lane with the same calls (and drops(), count_dropped()).
template <class Producer>
class BasicLineSource final : public Source {
 public:
  // `shards`: one producer each, all of one plan; they outlive the source, as do `key`, `failures` and `region_state`
  // (abi::RegionState; from Closing on, the source stops reading and closes the producers). `key` may be nullptr with
  // one shard. Throws CodedError when a key is missing, or when there is no memory.
  BasicLineSource(InputFile file, std::vector<Producer*> shards, const op::KeyReader* key,
                  core::FailureReporter& failures, const std::atomic<std::uint32_t>& region_state,
                  const LineSourceOptions& options);

  std::uint32_t do_work() noexcept override;
  // Everything is published and the producers are closed.
  bool done() noexcept override { return state_ == State::kEnded; }
  core::WaitDescriptor wait_descriptor() const noexcept override;
  void close_files() noexcept override { file_.close(); }

  const std::string& name() const noexcept { return file_.name(); }
  std::uint64_t bytes_read() const noexcept override { return bytes_read_.load(std::memory_order_relaxed); }
  std::uint64_t records() const noexcept override { return lines_shown_.load(std::memory_order_relaxed); }
  const std::optional<std::uint64_t>& input_bytes() const noexcept override { return input_bytes_; }

 private:
  enum class State {
    kReading,
    kDraining,  // the input has ended; lines are left
    kEnded,
  };

  // The line that comes next, found but not published yet: kept while its shard is full.
  struct Line {
    const char* begin = nullptr;
    const char* after = nullptr;  // where the next line begins
    std::uint32_t length = 0;
    std::uint32_t flags = 0;
    std::uint32_t shard = 0;
    bool keyless = false;
  };

  // One that is no record. It begins where the next line would.
  struct FailingLine {
    const char* after = nullptr;  // where the next line begins, or end of what was read of it
    std::uint64_t length = 0;     // as far as it was read
    std::uint32_t flags = 0;
    abi::FailureCause cause = {};
    bool whole = true;
  };

  std::uint32_t take_lines() noexcept;
  bool find_line() noexcept;
  bool drops_too_long(std::uint64_t length) const noexcept;
  void drop_line(const char* after) noexcept;
  bool skip_line() noexcept;
  bool resume_line() noexcept;
  bool accept(const char* end, const char* after, abi::TerminatorCode terminator) noexcept;
  bool publish_line() noexcept;
  std::uint32_t refill() noexcept;
  void make_room() noexcept;
  bool give_up_line() noexcept;
  void stop_at_line() noexcept;
  std::string words_of(const FailingLine& line) const;
  void fail(std::string_view what) noexcept;
  void finish() noexcept;

  InputFile file_;
  const std::optional<std::uint64_t> input_bytes_;
  const std::vector<Producer*> shards_;
  const op::KeyReader* const key_;
  core::FailureReporter& failures_;
  const std::atomic<std::uint32_t>& region_state_;
  const LineSourceOptions options_;
  const std::uint32_t record_max_;
  const std::uint32_t record_bytes_;
  const std::uint32_t line_max_;  // a longer one is given up where it was read so far
  const std::size_t front_bytes_;
  const platform::Mapping buffer_;
  char* const start_;  // of the block
  char* const limit_;  // end of what a read may fill

  State state_ = State::kReading;
  bool waits_for_input_ = false;
  bool line_found_ = false;
  bool skipping_ = false;          // the line that begins here is given up, and not to its end
  bool waits_for_letter_ = false;  // for room; it is still all there
  FailingRecords failing_;
  FailingLine failing_line_;
  Line line_;
  char* begin_;  // first byte not published
  char* end_;    // first byte not read
  NewlineScanner scanner_;
  std::uint64_t lines_ = 0;
  std::atomic<std::uint64_t> bytes_read_{0};
  std::atomic<std::uint64_t> lines_shown_{0};
};

// Of a ring's shards.
using LineSource = BasicLineSource<core::RecordProducer>;

}  // namespace byteor::adapter

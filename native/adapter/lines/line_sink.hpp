// Writes every record as a line: its bytes, then the terminator that its flags name. A record whose line had none (the
// last one of a file) gets a line feed only when another record follows, so an unsharded identity run reproduces its
// input byte for byte, and a sharded one never glues two lines.
//
//   shards ──copy, in turn──▶ buffer ──write──▶ file
//
// Records are given back to their shard as soon as they are copied, before they are written: a slow disk holds up the
// buffer and not the ring. What that could lose is counted: records_unwritten() are those taken whose last byte has not
// reached the file. While the sink works these are the buffer; after the end they are the loss, for the ledger.
//
// A line cannot hold a line feed: a record that does would be read back as two. It fails the sink by its sequence; what
// came before it is written, of it nothing. Under another policy (`on_error`) it is passed over and counted, once its
// letter has room where it gets one. It is looked for once a record, where it may come (`lines_only`).
//
// A reader that goes away (EPIPE) ends the output quietly, a write error is a stated failure; in both cases the sink
// goes on taking records, and counts them as unwritten, so that nothing upstream hangs. Output is never held back: a
// turn that finds no record writes what the buffer has.
//
// Nothing here waits: when the output takes nothing more, wait_descriptor() says what to poll for. Construction on the
// control path; the agent's functions on its own thread; the counters from any thread.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "abi/abi_generated.hpp"
#include "adapter/failing_records.hpp"
#include "adapter/lines/file.hpp"
#include "adapter/sink.hpp"
#include "core/agent.hpp"
#include "core/consumer.hpp"
#include "platform/memory.hpp"

namespace byteor::adapter {

struct LineSinkOptions {
  std::uint32_t agent = 0;            // index into AgentEntry, for failures
  std::uint32_t batch_records = 256;  // most records of a shard in one turn
  // Bytes of one write. The default is the fastest measured (docs/lab/line-adapters.md); tests make it tiny.
  std::uint32_t buffer_bytes = 256 * 1024;
  // Every record was a line when it came and nothing put a line feed into it: none is looked for.
  bool lines_only = false;
  // Of a record that holds a line feed. Outlives the sink; nullptr: stop.
  lane::OnError* on_error = nullptr;
  // Called once, on the sink's thread, when the output has no reader any more: time to close the ingress. May be empty.
  std::function<void()> on_reader_gone{};
};

// `Consumer`: core::RecordConsumer, or the reading end of a lane with the same calls.
template <class Consumer>
class BasicLineSink final : public Sink {
 public:
  // `shards`: one consumer each; they and `failures` outlive the sink. Empties a file that is to be replaced: compare
  // it with the input before. Throws CodedError when that fails, or when there is no memory.
  BasicLineSink(OutputFile file, std::vector<Consumer*> shards, core::FailureReporter& failures,
                LineSinkOptions options);

  std::uint32_t do_work() noexcept override;
  // Every shard has ended, and all of its records are written or counted as unwritten.
  bool done() noexcept override { return state_ == State::kEnded; }
  core::WaitDescriptor wait_descriptor() const noexcept override;
  void close_files() noexcept override { file_.close(); }
  void end_backoff() noexcept override {
    for (Consumer* shard : shards_) shard->end_backoff();
  }

  const std::string& name() const noexcept { return file_.name(); }
  std::uint64_t bytes_written() const noexcept override { return bytes_written_.load(std::memory_order_relaxed); }
  std::uint64_t records_written() const noexcept override {
    const std::uint64_t done = done_.load(std::memory_order_relaxed);
    return done - std::min(failed_done_.load(std::memory_order_relaxed), done);
  }
  std::uint64_t records_unwritten() const noexcept override {
    const std::uint64_t written = records_written();
    return std::max(taken_.load(std::memory_order_relaxed), written) - written;
  }
  const std::atomic<std::uint64_t>& written() const noexcept override { return done_; }
  bool reader_gone() const noexcept override { return reader_gone_.load(std::memory_order_relaxed); }
  // The output was reported as failed.
  bool failed() const noexcept { return failed_.load(std::memory_order_relaxed); }

 private:
  enum class State {
    kWriting,
    kLast,        // what the buffer holds is still written; records are counted only
    kDiscarding,  // the output takes nothing any more; records are counted only
    kEnded,
  };

  struct Line {
    std::uint32_t end;       // in the buffer; of a record that failed, kFailedLine too
    std::uint32_t sequence;  // its low half
  };
  // A record's line: the line feed that the line before it lacks, the record, its terminator.
  using Parts = std::array<std::string_view, 3>;

  template <bool kLinesOnly>
  std::uint32_t consume(Consumer& shard) noexcept;
  bool take(std::uint64_t sequence, const core::RecordRef& record) noexcept;
  bool take_line_feed(Consumer& shard, std::uint64_t sequence, const core::RecordRef& record) noexcept;
  bool makes_line_room() noexcept;
  void refuse_line_feed(std::uint64_t sequence, const core::RecordRef& record) noexcept;
  std::string words_of(const core::RecordRef& record) const;
  bool take_piecewise(std::uint64_t sequence, const core::RecordRef& record) noexcept;
  void copy(const Parts& parts) noexcept;
  bool flush() noexcept;
  void count_written(std::size_t bytes) noexcept;
  void count_failed_done(std::size_t before) noexcept;
  std::uint64_t first_unwritten() const noexcept;
  void fail(int error) noexcept;
  void stop_writing() noexcept;
  void finish() noexcept;
  bool all_drained() const noexcept;

  OutputFile file_;
  const std::vector<Consumer*> shards_;
  core::FailureReporter& failures_;
  const LineSinkOptions options_;
  const platform::Mapping buffer_;
  char* const data_;

  State state_ = State::kWriting;
  bool signals_blocked_ = false;
  bool output_full_ = false;      // the last write had to be put off
  bool refused_ = false;          // the last record offered had to stay in its shard
  bool line_open_;                // the last byte of the output is no line feed
  std::size_t turn_ = 0;          // the shard whose turn it is
  std::size_t used_ = 0;          // bytes in the buffer
  std::size_t gone_ = 0;          // of which are written
  std::size_t partial_ = 0;       // bytes of the current record that are in the buffer or written already
  std::vector<Line> lines_;       // that are in the buffer, each with its end in it
  std::size_t lines_gone_ = 0;    // of which are written
  std::size_t failed_lines_ = 0;  // of lines_ behind those: records that failed, which have no byte there
  std::uint64_t taken_count_ = 0;
  std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> done_{0};         // records that are written, and between them those that failed
  std::atomic<std::uint64_t> failed_done_{0};  // of these, those that failed
  std::atomic<std::uint64_t> bytes_written_{0};
  std::atomic<bool> reader_gone_{false};
  std::atomic<bool> failed_{false};
  FailingRecords failing_;
};

// Of a ring's shards.
using LineSink = BasicLineSink<core::RecordConsumer>;

}  // namespace byteor::adapter

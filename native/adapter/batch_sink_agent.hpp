// Gives the records of a graph to a BatchSink: an egress. Records stay where they are until the sink has taken them,
// and are then given back to their shard. A sink that fails, or whose reader goes away, gets no further record; the
// agent goes on taking them, and counts them as unwritten, so that nothing upstream hangs.
//
// Nothing here waits. Construction on the control path; the agent's functions on its own thread; the counters from any
// thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapter/batch.hpp"
#include "core/device_call.hpp"
#include "core/record.hpp"

namespace byteor::adapter {

// `Consumer`: core::RecordConsumer, or the reading end of a lane with the same calls.
template <class Consumer>
class BatchSinkAgent final : public Sink {
 public:
  // `shards`: one consumer each; they outlive the agent.
  BatchSinkAgent(std::unique_ptr<BatchSink> sink, std::vector<Consumer*> shards, SinkParts parts)
      : sink_(std::move(sink)), shards_(std::move(shards)), parts_(std::move(parts)) {
    // A sink of this contract fails as a whole: no record of its own is at fault.
    if (parts_.on_error != nullptr) parts_.on_error->close();
  }

  std::uint32_t do_work() noexcept override {
    if (state_ == State::kEnded) return 0;
    waits_ = false;
    std::uint32_t moved = 0;
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      Consumer& shard = *shards_[turn_];
      moved += take_turn(shard);
      if (core::cut_off()) return 0;
      taken_.store(taken_count_, std::memory_order_relaxed);
      // Records that the sink does not take now keep their shard its turn.
      if (at_ != count_) return moved;
      shard.release();
      turn_ = turn_ + 1 == shards_.size() ? 0 : turn_ + 1;
    }
    if (moved != 0) return moved;
    if (state_ == State::kWriting && taken_count_ != records_written()) return flush() ? 1 : 0;
    if (!all_drained()) return 0;
    return finish() ? 1 : 0;
  }

  // Every shard has ended, and all of its records are written or counted as unwritten.
  bool done() noexcept override { return state_ == State::kEnded; }
  core::WaitDescriptor wait_descriptor() const noexcept override {
    return waits_ ? sink_->wait_descriptor() : core::WaitDescriptor{};
  }
  void close_files() noexcept override { sink_->close(); }
  void end_backoff() noexcept override {
    for (Consumer* shard : shards_) shard->end_backoff();
  }

  std::uint64_t bytes_written() const noexcept override { return bytes_.load(std::memory_order_relaxed); }
  std::uint64_t records_written() const noexcept override { return written_.load(std::memory_order_relaxed); }
  std::uint64_t records_unwritten() const noexcept override {
    const std::uint64_t written = records_written();
    return std::max(taken_.load(std::memory_order_relaxed), written) - written;
  }
  const std::atomic<std::uint64_t>& written() const noexcept override { return written_; }
  bool reader_gone() const noexcept override { return reader_gone_.load(std::memory_order_relaxed); }
  void describe(std::string& text) const override {
    Sink::describe(text);
    sink_->describe(text);
  }

 private:
  enum class State {
    kWriting,
    kDiscarding,  // the sink takes nothing any more; records are counted only
    kEnded,
  };

  // The rest of what this shard has given, or new records of it. How many records were moved over.
  std::uint32_t take_turn(Consumer& shard) noexcept {
    std::uint32_t moved = 0;
    if (at_ == count_) {
      at_ = count_ = 0;
      moved = shard.consume(std::min(parts_.batch_records, kBatchRecords),
                            [this](std::uint64_t sequence, const core::RecordRef& record) {
                              sequences_[count_] = sequence;
                              batch_[count_++] = {record.data, record.length, record.flags};
                              return true;
                            });
    }
    return at_ == count_ ? moved : std::max(moved, give());
  }

  // One call of the sink. How many of the batch it is done with.
  std::uint32_t give() noexcept {
    const std::uint32_t before = at_;
    if (state_ == State::kWriting) {
      WriteAnswer answer{};
      {
        const core::DeviceCall call;
        answer = sink_->write(std::span<const BatchRecord>(batch_).subspan(at_, count_ - at_));
      }
      if (core::cut_off()) return 0;
      at_ += answer.taken;
      taken_count_ += answer.taken;
      accept(answer, at_ == count_ ? shards_[turn_]->next() : sequences_[at_]);
    }
    if (state_ == State::kDiscarding) {
      taken_count_ += count_ - at_;
      at_ = count_;
    }
    return at_ - before;
  }

  // `sequence`: of the record that failed, where one did.
  void accept(const WriteAnswer& answer, std::uint64_t sequence) noexcept {
    bytes_.store(bytes_written() + answer.bytes, std::memory_order_relaxed);
    // SYNC POINT J3: after the write.
    written_.store(records_written() + answer.written, std::memory_order_release);
    switch (answer.status) {
      case WriteStatus::kOk:
        break;
      case WriteStatus::kNotNow:
        waits_ = true;
        break;
      case WriteStatus::kReaderGone:
        state_ = State::kDiscarding;
        reader_gone_.store(true, std::memory_order_relaxed);
        if (parts_.on_reader_gone) parts_.on_reader_gone();
        break;
      case WriteStatus::kFailed:
        state_ = State::kDiscarding;
        try {
          parts_.failures.report_failure(parts_.agent, sequence, sink_->failure());
        } catch (const std::exception&) {
          parts_.failures.report_failure(parts_.agent, sequence, "the output failed");
        }
        break;
    }
  }

  // True when that led anywhere.
  bool flush() noexcept {
    const std::uint64_t before = records_written();
    WriteAnswer answer{};
    {
      const core::DeviceCall call;
      answer = sink_->flush();
    }
    if (core::cut_off()) return false;
    accept(answer, shards_[turn_]->next());
    return records_written() != before || state_ != State::kWriting;
  }

  // True once it is done. Called when every shard has ended and the sink holds no record that it could still write.
  bool finish() noexcept {
    if (state_ == State::kWriting) flush();
    if (core::cut_off() || waits_) return false;
    state_ = State::kEnded;
    return true;
  }

  bool all_drained() const noexcept {
    return std::all_of(shards_.begin(), shards_.end(), [](const Consumer* shard) { return shard->drained(); });
  }

  const std::unique_ptr<BatchSink> sink_;
  const std::vector<Consumer*> shards_;
  const SinkParts parts_;
  State state_ = State::kWriting;
  bool waits_ = false;
  std::size_t turn_ = 0;  // the shard whose turn it is
  BatchRecord batch_[kBatchRecords];
  std::uint64_t sequences_[kBatchRecords];
  std::uint32_t at_ = 0;  // first record of the batch that the sink has not taken
  std::uint32_t count_ = 0;
  std::uint64_t taken_count_ = 0;
  std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<bool> reader_gone_{false};
};

}  // namespace byteor::adapter

#include "journal/journal_agent.hpp"

#include <algorithm>
#include <utility>

#include "core/device_call.hpp"
#include "core/record.hpp"
#include "core/shard_end.hpp"

namespace byteor::journal {

JournalAgent::JournalAgent(lane::Inlet& lane, JournalFiles& files, abi::JournalBlock& block,
                           core::FailureReporter& failures, const JournalAgentOptions& options)
    : lane_(lane),
      files_(files),
      block_(block),
      failures_(failures),
      options_(options),
      given_(files.opened_at()),
      records_(abi::kBatchRecordsDefault) {
  block_.opened_at.store(static_cast<double>(files_.opened_at()), std::memory_order_relaxed);
  block_.cut_bytes.store(static_cast<double>(files_.recovered().cut_bytes), std::memory_order_relaxed);
  show();
}

std::uint32_t JournalAgent::do_work() noexcept {
  if (ended_) return 0;
  if (!signals_blocked_) {
    platform::block_write_signals();
    signals_blocked_ = true;
  }
  std::uint32_t taken = 0;
  bool idle = false;
  bool good = true;
  {
    const core::DeviceCall call;
    taken = take();
    idle = taken == 0 && held_ == 0 && !files_.failed() && files_.sync_due_ms() != 0;
    if (!idle) good = taken != 0 && held_ != 0 ? files_.commit_blocks() : files_.commit();
  }
  if (core::cut_off()) return leave();
  if (idle) return rest();
  if (!good) {
    fail(files_failure());
    return 1;
  }
  if (!files_.has_unwritten()) lane_.consume(std::exchange(held_, 0));
  if (files_.sync_due_ms() == kNoSequence) alarm_set_ = false;
  show();
  lane_.release();
  given_ = files_.next_sequence() - held_;
  return std::max(taken, 1u);
}

core::WaitDescriptor JournalAgent::wait_descriptor() const noexcept {
  return alarm_set_ ? alarm_.wait() : core::WaitDescriptor{};
}

// Appends what lies in the lane. The records stay there until they are as durable as promised. A commit that is nearly
// as large as it may be ends with a block, and a record that is not complete there is held: appended, not consumed.
std::uint32_t JournalAgent::take() noexcept {
  std::uint32_t taken = 0;
  const std::uint64_t begin = files_.bytes();
  while (files_.bytes() - begin < options_.commit_bytes) {
    const std::uint32_t count = lane_.peek(records_.data(), static_cast<std::uint32_t>(records_.size()));
    // Fewer than before: what was held has been overwritten since.
    if (count <= held_) break;
    const auto some = static_cast<std::uint32_t>(files_.append({records_.data() + held_, std::size_t{count} - held_}));
    if (some == 0) break;
    taken += some;
    const bool ends = files_.reaches_block_end() && files_.bytes() - begin >= options_.commit_bytes / 4 * 3;
    const std::uint32_t done = held_ + some;
    held_ = ends ? files_.records_behind_block() : 0;
    lane_.consume(done - held_);
    if (held_ != 0) break;
  }
  return taken;
}

// Nothing lies in the lane, and no sync is due.
std::uint32_t JournalAgent::rest() noexcept {
  if (lane_.damaged()) {
    fail(core::kDamagedRecord);
    return 1;
  }
  const bool ended = lane_.ended();
  const std::uint64_t due_ms = files_.sync_due_ms();
  if (due_ms != kNoSequence && (ended || alarm_.descriptor() < 0)) {
    // The end, or no way to be woken when the time has come.
    bool good = false;
    {
      const core::DeviceCall call;
      good = files_.sync();
    }
    if (core::cut_off()) return leave();
    if (!good) fail(files_failure());
    show();
    return 1;
  }
  if (ended) {
    ended_ = true;
    return 1;
  }
  if (due_ms != kNoSequence && !alarm_set_) {
    alarm_.set(due_ms);
    alarm_set_ = true;
  }
  return 0;
}

// Halted while the device worked, and settled: what the files hold now is for the next run to find out.
std::uint32_t JournalAgent::leave() noexcept {
  ended_ = true;
  return 0;
}

void JournalAgent::show() noexcept {
  const JournalStatus status = files_.status();
  const auto put = [](std::atomic<double>& cell, std::uint64_t value) {
    cell.store(static_cast<double>(value), std::memory_order_relaxed);
  };
  put(block_.appended, status.next);
  put(block_.synced, status.synced);
  put(block_.first, status.first);
  put(block_.syncs, status.syncs);
  put(block_.bytes, status.bytes);
  block_.segments.store(status.segments, std::memory_order_relaxed);
  // SYNC POINT J1: durable, then the look at durable_armed, which the thread takes after the turn.
  block_.durable.store(static_cast<double>(status.durable), std::memory_order_seq_cst);
}

std::string_view JournalAgent::files_failure() const noexcept {
  return files_.failure().empty() ? std::string_view("the journal's files cannot be written") : files_.failure();
}

// Of what this turn took from the lane, the reader gets what the files hold as the policy promises. The rest goes back.
void JournalAgent::give_readable() noexcept {
  const std::uint64_t readable = files_.readable();
  if (!lane_.rewind()) return;
  while (given_ < readable) {
    const auto limit = static_cast<std::uint32_t>(std::min<std::uint64_t>(records_.size(), readable - given_));
    const std::uint32_t count = lane_.peek(records_.data(), limit);
    if (count == 0) break;
    lane_.consume(count);
    given_ += count;
  }
  lane_.release();
}

void JournalAgent::fail(std::string_view cause) noexcept {
  ended_ = true;
  give_readable();
  show();
  if (options_.stop_before != nullptr && options_.position != nullptr)
    core::stop_shard_before(*options_.stop_before, options_.position->load(std::memory_order_relaxed));
  failures_.report_failure(options_.agent, given_, cause);
}

}  // namespace byteor::journal

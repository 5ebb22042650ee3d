#include "journal/journal_inlet.hpp"

#include <algorithm>
#include <exception>
#include <string>

#include "core/device_call.hpp"
#include "core/sequence.hpp"

namespace byteor::journal {

JournalInlet::JournalInlet(lane::Inlet& lane, JournalFiles& files, abi::JournalBlock& block,
                           core::FailureReporter& failures, const JournalInletOptions& options)
    : lane_(lane),
      files_(files),
      block_(block),
      failures_(failures),
      options_(options),
      began_at_(files.cursor().stored()),
      consumed_(began_at_),
      released_(began_at_),
      stored_(began_at_),
      settled_(began_at_) {
  if (!serves_files()) return;
  ReaderOptions reading;
  reading.folder = files.folder();
  reading.type = files.options().type;
  reading.record_max = files.options().record_max;
  reading.disk = files.options().disk;
  reader_ = std::make_unique<JournalReader>(reading);
  reader_->seek(began_at_);
  reader_->stop_before(files.opened_at());
  batch_.resize(abi::kBatchRecordsDefault);
}

JournalInlet::~JournalInlet() {
  if (options_.delivery == nullptr) follow(1);
}

std::uint32_t JournalInlet::peek(lane::LaneRecord* records, std::uint32_t limit) noexcept {
  if (failed_) return 0;
  const bool all_released = consumed_ == released_;
  if (all_released && released_ - stored_ >= options_.cursor_records) {
    follow(options_.cursor_records);
    if (core::cut_off()) return 0;
  }
  if (serves_files() && batch_at_ == batch_end_) read_on();
  if (failed_) return 0;
  if (serves_files()) {
    const std::uint32_t count = std::min(limit, batch_end_ - batch_at_);
    for (std::uint32_t i = 0; i < count; ++i) {
      const JournalRecord& record = batch_[batch_at_ + i];
      // The buffer is this inlet's own, so the reader may write to its records as it may in a lane.
      records[i] = {const_cast<std::byte*>(record.data), record.length, record.flags, earlier_ordinal(record.sequence)};
    }
    return count;
  }
  const std::uint32_t count = lane_.peek(records, limit);
  if (count == 0 && all_released) follow(options_.cursor_records);
  return count;
}

void JournalInlet::consume(std::uint32_t count) noexcept {
  if (!serves_files()) {
    lane_.consume(count);
    consumed_ += count;
    return;
  }
  batch_at_ += count;
  holds_batch_ = true;
  if (count != 0) consumed_ = batch_[batch_at_ - 1].sequence + 1;
}

bool JournalInlet::release() noexcept {
  bool any = holds_batch_;
  if (holds_batch_) {
    holds_batch_ = false;
    const std::uint64_t replayed = records_from_begin(std::min(consumed_, files_.opened_at()));
    block_.replayed.store(static_cast<double>(replayed), std::memory_order_relaxed);
  }
  if (consumed_ > files_.opened_at() && lane_.release()) any = true;
  // Over what the lane's end has counted: its records alone.
  if (any && options_.counts != nullptr)
    options_.counts->in.store(static_cast<double>(records_from_begin(consumed_)), std::memory_order_relaxed);
  released_ = consumed_;
  return any;
}

std::uint64_t JournalInlet::lower_bound() noexcept {
  if (failed_) return core::kNoLimit;
  if (serves_files()) return earlier_ordinal(consumed_);
  return lane_.lower_bound();
}

bool JournalInlet::ended() noexcept {
  if (failed_) return true;
  if (serves_files() || !lane_.ended()) return false;
  follow(options_.cursor_records);
  return !core::cut_off();
}

// The next batch from the files; the one before it must be released, because it lies in the same buffer.
void JournalInlet::read_on() noexcept {
  if (holds_batch_) return;
  batch_at_ = 0;
  std::uint32_t got = 0;
  {
    const core::DeviceCall call;
    got = reader_->read(batch_.data(), static_cast<std::uint32_t>(batch_.size()));
  }
  if (core::cut_off()) return;
  batch_end_ = got;
  if (got != 0) return;
  // Sequences that no record has come before this run's.
  if (!reader_->failed() && reader_->next() >= files_.opened_at()) {
    consumed_ = files_.opened_at();
    return;
  }
  // The writer's recovery has seen these records.
  fail(reader_->failed() ? reader_->failure().what()
                         : "records of the journal that were there when it was opened are gone; leave a running "
                           "journal's folder alone");
}

// Where the cursor may stand: behind what has arrived, when that is so many records, or all; else where it stands.
std::uint64_t JournalInlet::reached(std::uint64_t at_least) noexcept {
  if (stored_ == released_) return stored_;
  std::uint64_t arrived = released_;
  // A record may be delivered before its release.
  if (options_.delivery != nullptr)
    arrived = std::min(arrived, sequence_behind(files_.recovered().gaps, began_at_,
                                                options_.delivery->arrived(records_from_begin(released_))));
  return arrived - stored_ < at_least && arrived != released_ ? stored_ : arrived;
}

void JournalInlet::follow(std::uint64_t at_least) noexcept {
  const std::uint64_t sequence = reached(at_least);
  if (sequence != stored_) store_cursor(sequence);
}

void JournalInlet::store_cursor(std::uint64_t sequence) noexcept {
  if (failed_) return;
  stored_ = sequence;
  int error = 0;
  {
    const core::DeviceCall call;
    error = files_.cursor().store(sequence);
  }
  if (error == 0 || core::cut_off()) return;
  try {
    const std::string cause = "cannot write " + short_path(files_.cursor().path()) + ": " + disk_error_text(error) +
                              "; " + disk_remedy(error);
    fail(cause.c_str());
  } catch (const std::exception&) {
    fail("the reader's cursor cannot be written");
  }
}

void JournalInlet::fail(const char* cause) noexcept {
  failed_ = true;
  failures_.report_failure(options_.agent, consumed_, cause);
}

}  // namespace byteor::journal

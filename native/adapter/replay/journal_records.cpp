#include "adapter/replay/journal_records.hpp"

#include <algorithm>
#include <utility>

#include "core/clock.hpp"
#include "journal/error.hpp"
#include "op/text.hpp"

namespace byteor::adapter {

JournalRecords::JournalRecords(std::unique_ptr<journal::JournalReader> reader, JournalRecordsOptions options)
    : reader_(std::move(reader)), options_(std::move(options)) {
  if (options_.pace == Pace::kRecorded && alarm_.descriptor() < 0)
    throw core::CodedError(abi::ErrorCode::kJournalOpen,
                           "records cannot be replayed at their recorded pace on this system; replay them "
                           "as fast as possible");
}

ReadAnswer JournalRecords::read(std::span<BatchRecord> into) noexcept {
  if (at_ == end_ && !read_on(into.size())) return {reader_->failed() ? ReadStatus::kFailed : ReadStatus::kEnd};
  given_ = at_;
  const std::uint32_t most = std::min(end_, at_ + static_cast<std::uint32_t>(into.size()));
  for (; at_ != most; ++at_) {
    const journal::JournalRecord& record = batch_[at_];
    if (options_.pace == Pace::kRecorded && !due(record.time_ms)) break;
    into[at_ - given_] = {record.data, record.length, record.flags};
  }
  if (at_ == given_) return {ReadStatus::kNotNow};
  return {ReadStatus::kRecords, at_ - given_};
}

bool JournalRecords::read_on(std::size_t most) noexcept {
  at_ = end_ = 0;
  const std::uint64_t limit = std::min<std::uint64_t>({most, kBatchRecords, options_.records_max - read_});
  if (limit != 0) end_ = reader_->read(batch_, static_cast<std::uint32_t>(limit));
  read_ += end_;
  if (end_ == 0) torn_bytes_.store(reader_->torn_bytes(), std::memory_order_relaxed);
  return end_ != 0;
}

// True when as much time has passed since the first record as did when it was recorded.
bool JournalRecords::due(std::uint64_t time_ms) noexcept {
  const double now = core::now_ns();
  if (!began_) {
    began_ = true;
    began_ns_ = now;
    began_ms_ = time_ms;
  }
  const double left_ns = began_ns_ + 1e6 * static_cast<double>(time_ms - began_ms_) - now;
  if (left_ns <= 0) return true;
  alarm_.set(static_cast<std::uint64_t>(left_ns / 1e6) + 1);
  return false;
}

std::string JournalRecords::name_of(std::uint32_t index) const {
  return "the record with sequence " + std::to_string(batch_[given_ + index].sequence) + " of the journal";
}

void JournalRecords::describe(std::string& text) const {
  text += ",\"replay\":{\"journal\":";
  op::append_json_string(text, options_.folder);
  text += ",\"torn_bytes\":" + std::to_string(torn_bytes_.load(std::memory_order_relaxed)) + '}';
}

void JournalRecords::close() noexcept {
  reader_.reset();
  alarm_.close();
}

}  // namespace byteor::adapter

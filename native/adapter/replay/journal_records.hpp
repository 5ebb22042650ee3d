// The records of a journal, batch by batch: as fast as they are taken, or at the pace at which they were recorded (to a
// millisecond: docs/journal.md). Reads without a lock, so the journal may be one that is being written; the source ends
// at the last record that is whole when it gets there.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "adapter/batch.hpp"
#include "journal/journal_reader.hpp"
#include "platform/alarm.hpp"

namespace byteor::adapter {

enum class Pace { kFast, kRecorded };

struct JournalRecordsOptions {
  std::string folder = {};  // for messages
  Pace pace = Pace::kFast;
  std::uint64_t records_max = journal::kNoSequence;  // the source ends after so many
};

class JournalRecords final : public BatchSource {
 public:
  // `reader` stands where the replay begins. Throws CodedError where there are no alarms to keep a pace with.
  JournalRecords(std::unique_ptr<journal::JournalReader> reader, JournalRecordsOptions options);

  ReadAnswer read(std::span<BatchRecord> into) noexcept override;
  core::WaitDescriptor wait_descriptor() const noexcept override { return alarm_.wait(); }
  std::string failure() const override { return reader_->failure().what(); }

  std::string name() const override { return options_.folder; }
  // By its sequence in the journal; a failure names its place in the pipeline beside.
  std::string name_of(std::uint32_t index) const override;
  std::string_view length_remedy() const noexcept override { return "replay it through the plan that wrote it"; }

  void describe(std::string& text) const override;
  void close() noexcept override;

 private:
  bool read_on(std::size_t most) noexcept;
  bool due(std::uint64_t time_ms) noexcept;

  std::unique_ptr<journal::JournalReader> reader_;  // gone once the descriptors have been given back
  const JournalRecordsOptions options_;
  platform::Alarm alarm_;
  journal::JournalRecord batch_[kBatchRecords];
  std::uint32_t given_ = 0;  // where the last answer begins in the batch
  std::uint32_t at_ = 0;     // behind it
  std::uint32_t end_ = 0;
  std::uint64_t read_ = 0;
  bool began_ = false;
  double began_ns_ = 0;
  std::uint64_t began_ms_ = 0;
  std::atomic<std::uint64_t> torn_bytes_{0};
};

}  // namespace byteor::adapter

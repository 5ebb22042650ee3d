// Puts the records of a BatchSource into a graph: an ingress. Each record goes into the shard of its key. Nothing here
// waits. A full producer leaves the record for the next turn; a lane that drops takes it, and counts it. Construction
// on the control path; the agent's functions on its own thread; the counters from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "adapter/batch.hpp"
#include "adapter/dropping.hpp"
#include "adapter/failing_records.hpp"
#include "core/coded_error.hpp"
#include "core/device_call.hpp"
#include "op/hash.hpp"
#include "op/key.hpp"

namespace byteor::adapter {

// `Producer`: core::RecordProducer, or the writing end of a lane with the same calls (and drops(), count_dropped()).
template <class Producer>
class BatchSourceAgent final : public Source {
 public:
  // `shards`: one producer each; they outlive the agent. Throws CodedError (SHARD_KEY) where there are several and no
  // key.
  BatchSourceAgent(std::unique_ptr<BatchSource> source, std::vector<Producer*> shards, const SourceParts& parts)
      : source_(std::move(source)), shards_(std::move(shards)), parts_(parts) {
    if (shards_.size() > 1 && parts_.key == nullptr)
      throw core::CodedError(abi::ErrorCode::kShardKey, "records of " + source_->name() + " cannot be spread over " +
                                                            std::to_string(shards_.size()) +
                                                            " shards without a key; give the plan a shard_key");
  }

  std::uint32_t do_work() noexcept override {
    if (ended_) return 0;
    waits_ = false;
    // SYNC POINT S9: also the look after arming.
    if (parts_.region_state.load(std::memory_order_seq_cst) >= static_cast<std::uint32_t>(abi::RegionState::kClosing)) {
      finish();
      return 1;
    }
    std::uint32_t moved = 0;
    while (moved < parts_.batch_records && !ended_ && take()) ++moved;
    if (core::cut_off()) return 0;
    for (Producer* shard : shards_) shard->publish();
    show();
    // The end is work too: a sleeping reader must hear of the closed producer.
    return ended_ && moved == 0 ? 1 : moved;
  }

  bool done() noexcept override { return ended_; }

  core::WaitDescriptor wait_descriptor() const noexcept override {
    return waits_ ? source_->wait_descriptor() : core::WaitDescriptor{};
  }
  void close_files() noexcept override { source_->close(); }

  std::uint64_t records() const noexcept override { return records_shown_.load(std::memory_order_relaxed); }
  std::uint64_t bytes_read() const noexcept override { return bytes_shown_.load(std::memory_order_relaxed); }
  const std::optional<std::uint64_t>& input_bytes() const noexcept override { return input_bytes_; }
  void describe(std::string& text) const override {
    Source::describe(text);
    source_->describe(text);
  }

 private:
  // Publishes the next record. False: not now, or the end.
  bool take() noexcept {
    if (at_ == count_ && !read_on()) return false;
    const BatchRecord& record = batch_[at_];
    if (!routed_) route(record);
    Producer& shard = *shards_[shard_];
    const bool fits =
        record.length <= shard.record_max() && (shard.record_bytes() == 0 || record.length == shard.record_bytes());
    if (!fits && !may_drop(shard)) {
      const FailingRecords::Fate fate = judge(record, shard);
      if (fate == FailingRecords::Fate::kStop) refuse(record, shard);
      return fate == FailingRecords::Fate::kGone;
    }
    std::byte* const to = fits ? shard.try_claim(record.length) : nullptr;
    if (to == nullptr) {
      if (!may_drop(shard)) return false;
      count_dropped(shard, !fits);
    } else {
      std::memcpy(to, record.data, record.length);
      shard.commit(record.length, record.flags);
    }
    if (keyless_) shard.count_keyless();
    routed_ = false;
    bytes_ += record.length;
    ++at_;
    ++records_;
    return true;
  }

  void route(const BatchRecord& record) noexcept {
    routed_ = true;
    if (shards_.size() == 1) return;
    const auto hash = parts_.key->find_hash({reinterpret_cast<const char*>(record.data), record.length});
    keyless_ = !hash.has_value();
    shard_ = keyless_ ? 0 : op::shard_of(*hash, static_cast<std::uint32_t>(shards_.size()));
  }

  bool read_on() noexcept {
    at_ = count_ = 0;
    ReadAnswer answer{};
    {
      const core::DeviceCall call;
      answer = source_->read(batch_);
    }
    if (core::cut_off()) return false;
    switch (answer.status) {
      case ReadStatus::kRecords:
        count_ = answer.count;
        return true;
      case ReadStatus::kNotNow:
        waits_ = true;
        return false;
      case ReadStatus::kFailed:
        try {
          fail(source_->failure());
        } catch (const std::exception&) {
          fail("the input failed");
        }
        break;
      case ReadStatus::kEnd:
        break;
    }
    finish();
    return false;
  }

  // What the boundary's policy says of a record that does not fit. kGone: it is counted, and done with.
  FailingRecords::Fate judge(const BatchRecord& record, Producer& shard) noexcept {
    const bool too_large = record.length > shard.record_max();
    const lane::FailedRecord failed{.data = record.data,
                                    .length = record.length,
                                    .flags = record.flags,
                                    .sequence = shard.published() + shard.unpublished(),
                                    .cause = too_large ? abi::FailureCause::kTooLarge : abi::FailureCause::kBadRecord,
                                    .shard = shard_};
    const FailingRecords::Fate fate = failing_.judge(shard, failed, [&] { return words_of(record, shard); });
    if (fate != FailingRecords::Fate::kGone) return fate;
    if (too_large) shard.count_too_large();
    routed_ = false;
    bytes_ += record.length;
    ++at_;
    ++records_;
    return fate;
  }

  std::string words_of(const BatchRecord& record, const Producer& shard) const {
    const std::string words = source_->name_of(at_) + " has " + std::to_string(record.length) + " bytes, ";
    if (shard.record_bytes() != 0)
      return words + "but every record of this plan has " + std::to_string(shard.record_bytes()) + " (struct codec); " +
             std::string(source_->length_remedy());
    return words + "more than the record maximum of " + std::to_string(shard.record_max()) +
           "; raise it with --record-max";
  }

  void refuse(const BatchRecord& record, Producer& shard) noexcept {
    shard.count_too_large();
    try {
      fail(words_of(record, shard));
    } catch (const std::exception&) {
      fail("a record does not have a length that this plan takes");
    }
    finish();
  }

  // At the sequence that the record would have had in the pipeline, as every ingress does: failures of one pipeline are
  // compared by it.
  void fail(std::string_view cause) noexcept {
    const Producer& shard = *shards_[shard_];
    parts_.failures.report_failure(parts_.agent, shard.published() + shard.unpublished(), cause);
  }

  void show() noexcept {
    records_shown_.store(records_, std::memory_order_relaxed);
    bytes_shown_.store(bytes_, std::memory_order_relaxed);
  }

  void finish() noexcept {
    show();
    for (Producer* shard : shards_) shard->close();
    failing_.close();
    ended_ = true;
  }

  const std::unique_ptr<BatchSource> source_;
  const std::vector<Producer*> shards_;
  const SourceParts parts_;
  FailingRecords failing_{parts_.on_error, parts_.agent};
  BatchRecord batch_[kBatchRecords];
  std::uint32_t at_ = 0;
  std::uint32_t count_ = 0;
  std::uint32_t shard_ = 0;  // of the next record, once it is routed
  bool routed_ = false;
  bool keyless_ = false;
  bool waits_ = false;
  bool ended_ = false;
  std::uint64_t records_ = 0;
  std::uint64_t bytes_ = 0;
  // Not known: what a batch takes in its device is the adapter's own.
  const std::optional<std::uint64_t> input_bytes_ = std::nullopt;
  std::atomic<std::uint64_t> records_shown_{0};
  std::atomic<std::uint64_t> bytes_shown_{0};
};

}  // namespace byteor::adapter

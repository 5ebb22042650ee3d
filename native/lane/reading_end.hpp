// What the reading ends of all lanes have in common: how ordinals are known, counters, and the hop's latency. Hot code:
// no allocation after construction, no exception.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "abi/abi_generated.hpp"
#include "core/clock.hpp"
#include "core/histogram.hpp"
#include "core/stamps.hpp"

namespace byteor::lane {

struct ReaderOptions {
  std::uint64_t first = 0;  // position (Framed) or sequence (slots) at which the lane begins; a position is a multiple
                            // of 8
  // The lane comes from an ingress: its ordinals are dense, and are counted here instead of being read.
  bool counts_ordinals = false;
  std::uint64_t first_ordinal = 0;  // where they are counted: the first record's place in its ingress's order
  std::uint32_t ordinal_shift = 0;
  // The reader is an egress: what it read, it passed on.
  bool delivers = false;
  // Most records that one peek() describes.
  std::uint32_t batch_records = 1024;
  bool paces = false;  // the writer runs on another thread: its cursor is looked at as core/pace.hpp says
};

// What the last peek() described, kept so that what is consumed is what was described: its headers lie in memory that
// JavaScript can write to, and are not read again.
class PeekedRecords {
 public:
  // Units (bytes of a lane of frames, or slots) and record bytes of a number of records.
  struct Extent {
    std::uint32_t units = 0;
    std::uint32_t bytes = 0;
  };

  explicit PeekedRecords(std::uint32_t most)
      : most_(most), ends_(std::make_unique_for_overwrite<Extent[]>(std::size_t{most} + 1)) {
    ends_[0] = {};
  }

  std::uint32_t most() const noexcept { return most_; }
  // Records that were described and not consumed.
  std::uint32_t left() const noexcept { return count_ - taken_; }

  void clear() noexcept { count_ = taken_ = 0; }
  // The next record. `units`, `bytes`: of all since clear().
  void add(std::uint32_t units, std::uint32_t bytes) noexcept { ends_[++count_] = {units, bytes}; }
  // Moves over the next `count` ≤ left() records.
  Extent take(std::uint32_t count) noexcept {
    const Extent before = ends_[taken_];
    taken_ += count;
    return {ends_[taken_].units - before.units, ends_[taken_].bytes - before.bytes};
  }

 private:
  const std::uint32_t most_;
  const std::unique_ptr<Extent[]> ends_;  // behind so many records
  std::uint32_t count_ = 0;
  std::uint32_t taken_ = 0;
};

// Counts and samples what one reader reads. Stamps go by the number that the writer gives a record: in a lane of frames
// they are counted from 0, in one of slots from where the lane begins.
class ReadingEnd {
 public:
  ReadingEnd(abi::ConsumerBlock& block, core::StampTable stamps, core::Histogram histogram, bool delivers,
             std::uint64_t first_number) noexcept
      : block_(&block), stamps_(stamps), histogram_(histogram), delivers_(delivers), first_number_(first_number) {}

  void add(std::uint64_t records, std::uint64_t bytes) noexcept {
    read_ += records;
    bytes_ += bytes;
  }

  // What was added since the last settle_batch(), in part.
  void take_back(std::uint64_t records, std::uint64_t bytes) noexcept {
    read_ -= records;
    bytes_ -= bytes;
  }

  std::uint64_t read() const noexcept { return read_; }

  // Of an egress: a record that is read has failed there, and is not passed on.
  void count_failed() noexcept { ++failed_; }

  // To be called before what was read is given back: its stamps may then be overwritten.
  void settle_batch() noexcept {
    if (stamps_.cells != nullptr) measure();
    measured_ = read_;
    block_->in.store(static_cast<double>(read_), std::memory_order_relaxed);
    if (delivers_) block_->out.store(static_cast<double>(read_ - failed_), std::memory_order_relaxed);
    block_->bytes.store(static_cast<double>(bytes_), std::memory_order_relaxed);
  }

 private:
  void measure() noexcept {
    const std::uint64_t end = first_number_ + read_;
    const std::uint64_t sampled = core::first_sampled(first_number_ + measured_, end);
    if (sampled == end) return;
    const double now = core::now_ns();
    for (std::uint64_t s = sampled; s < end; s += std::uint64_t{1} << abi::kSampleShift)
      histogram_.record(now - stamps_.at(s));
  }

  abi::ConsumerBlock* block_;
  core::StampTable stamps_;
  core::Histogram histogram_;
  bool delivers_;
  std::uint64_t first_number_;
  std::uint64_t read_ = 0;
  std::uint64_t measured_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t failed_ = 0;  // of read_
};

}  // namespace byteor::lane

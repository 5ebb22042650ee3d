// What the reading ends of all lanes have in common: how ordinals are known, counters, and the hop's latency. Hot code:
// no allocation after construction, no exception.
#pragma once

#include <atomic>
#include <cstdint>

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
  // The writer is JavaScript, which can be made to write anything: every description is judged before it is used.
  bool checks = false;
  // The reader is an egress: what it read, it passed on.
  bool delivers = false;
  bool paces = false;  // the writer runs on another thread: its cursor is looked at as core/pace.hpp says
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

  std::uint64_t read() const noexcept { return read_; }

  // To be called before what was read is given back: its stamps may then be overwritten.
  void settle_batch() noexcept {
    if (stamps_.cells != nullptr) measure();
    measured_ = read_;
    block_->in.store(static_cast<double>(read_), std::memory_order_relaxed);
    if (delivers_) block_->out.store(static_cast<double>(read_), std::memory_order_relaxed);
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
};

}  // namespace byteor::lane

// A lane's reading end over records that a test puts in by hand, and a reporter that remembers. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "core/agent.hpp"
#include "core/sequence.hpp"
#include "lane/endpoint.hpp"

namespace byteor::test {

class FakeLane final : public lane::Inlet {
 public:
  void put(std::string text, std::uint32_t flags = 0) { records_.push_back({std::move(text), flags, put_++}); }
  void close() { closed_ = true; }
  std::uint64_t released() const { return released_; }
  std::uint64_t consumed() const { return released_ + consumed_; }

  std::uint32_t peek(lane::LaneRecord* records, std::uint32_t limit) noexcept override {
    const auto left = static_cast<std::uint32_t>(records_.size() - consumed_);
    const std::uint32_t count = std::min(limit, left);
    for (std::uint32_t i = 0; i < count; ++i) {
      Record& record = records_[consumed_ + i];
      records[i] = {reinterpret_cast<std::byte*>(record.text.data()), static_cast<std::uint32_t>(record.text.size()),
                    record.flags, record.ordinal};
    }
    return count;
  }
  void consume(std::uint32_t count) noexcept override { consumed_ += count; }
  bool rewind() noexcept override {
    consumed_ = 0;
    return true;
  }
  bool release() noexcept override {
    if (consumed_ == 0) return false;
    records_.erase(records_.begin(), records_.begin() + static_cast<std::ptrdiff_t>(consumed_));
    released_ += std::exchange(consumed_, 0);
    return true;
  }
  std::uint64_t lower_bound() noexcept override {
    if (consumed_ < records_.size()) return records_[consumed_].ordinal;
    return closed_ ? core::kNoLimit : put_;
  }
  bool ended() noexcept override { return closed_ && consumed_ == records_.size(); }

 private:
  struct Record {
    std::string text;
    std::uint32_t flags;
    std::uint64_t ordinal;
  };
  std::deque<Record> records_;
  std::size_t consumed_ = 0;
  std::uint64_t released_ = 0;
  std::uint64_t put_ = 0;
  bool closed_ = false;
};

struct Reporter final : core::FailureReporter {
  void report_failure(std::uint32_t by, std::uint64_t at, std::string_view why) noexcept override {
    ++count;
    agent = by;
    sequence = at;
    cause = why;
  }
  int count = 0;
  std::uint32_t agent = 0;
  std::uint64_t sequence = 0;
  std::string cause;
};

}  // namespace byteor::test

// The ends of a plan under open-loop load: a source whose records are due at times of their own, however the plan keeps
// up, and a sink that knows from each record how long ago it was due. What stands before a full lane waits, and its
// waiting counts.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/agent.hpp"
#include "core/clock.hpp"
#include "core/histogram.hpp"
#include "core/record.hpp"

namespace byteor::bench {

// A structure has the time in its last 8 bytes, which no plan of the benchmark changes; a line has it behind a mark.
enum class Records { kStructs, kLines };

inline constexpr std::string_view kDueMark = " due=";
inline constexpr std::size_t kDueDigits = 16;

struct Load {
  Records records;
  double per_second;
  std::uint64_t count;
};

// Times between arrivals that do not depend on each other (exponential), the same in every lap.
class Arrivals {
 public:
  explicit Arrivals(double per_second) {
    std::mt19937_64 random(1);
    for (double& gap : gaps_) gap = -1e9 / per_second * std::log((static_cast<double>(random() >> 11) + 0.5) * 0x1p-53);
  }
  double after(std::uint64_t arrival) const { return gaps_[arrival % gaps_.size()]; }

 private:
  std::array<double, 4096> gaps_;
};

// `End`: core::RecordProducer, or the writing end of a lane with the same calls. Shards get records in turn.
template <class End>
class PacedSource final : public core::Agent {
 public:
  PacedSource(std::vector<End*> ends, const Load& load) : ends_(std::move(ends)), load_(load), gaps_(load.per_second) {}

  std::uint32_t do_work() noexcept override {
    if (due_ == 0) due_ = core::now_ns();
    std::uint32_t moved = 0;
    const double now = core::now_ns();
    for (; made_ < load_.count && due_ <= now && moved < kBatch; ++moved) {
      if (!push(*ends_[made_ % ends_.size()])) break;
      due_ += gaps_.after(made_++);
    }
    if (moved > 0)
      for (End* end : ends_) end->publish();
    if (made_ == load_.count && !std::exchange(closed_, true))
      for (End* end : ends_) end->close();
    return moved;
  }
  bool done() noexcept override { return closed_; }

 private:
  static constexpr std::uint32_t kBatch = 64;

  bool push(End& end) noexcept {
    const std::uint32_t bytes = load_.records == Records::kStructs ? end.record_max() : kLineBytes;
    std::byte* const to = end.try_claim(bytes);
    if (to == nullptr) return false;
    const auto due = static_cast<std::uint64_t>(due_);
    if (load_.records == Records::kStructs) {
      std::memset(to, 0, bytes);
      std::memcpy(to + bytes - sizeof(due), &due, sizeof(due));
    } else {
      write_line(reinterpret_cast<char*>(to), due);
    }
    end.commit(bytes, 0);
    return true;
  }

  // As a line of an access log: every eighth has another status, every eighth asks for its health.
  void write_line(char* to, std::uint64_t due) const noexcept {
    static constexpr std::array<std::string_view, 2> kTexts = {
        "10.0.0.7 - - [01/Jan/2026:00:00:00 +0000] \"GET /api/items HTTP/1.1\" 200 512 12",
        "10.0.0.9 - - [01/Jan/2026:00:00:00 +0000] \"GET /health/now HTTP/1.1\" 500 51 12",
    };
    static_assert(kTexts[0].size() == kTextBytes && kTexts[1].size() == kTextBytes);
    std::memcpy(to, kTexts[made_ % 8 == 0 ? 1 : 0].data(), kTextBytes);
    std::memcpy(to + kTextBytes, kDueMark.data(), kDueMark.size());
    char* digit = to + kLineBytes;
    for (std::size_t i = 0; i < kDueDigits; ++i, due >>= 4) *--digit = "0123456789abcdef"[due & 15];
  }

  static constexpr std::uint32_t kTextBytes = 78;
  static constexpr std::uint32_t kLineBytes = kTextBytes + kDueMark.size() + kDueDigits;

  const std::vector<End*> ends_;
  const Load load_;
  const Arrivals gaps_;
  double due_ = 0;
  std::uint64_t made_ = 0;
  bool closed_ = false;
};

// `End`: core::RecordConsumer, or the reading end of a lane with the same calls.
template <class End>
class TimedSink final : public core::Agent {
 public:
  TimedSink(std::vector<End*> ends, const Load& load, core::Histogram histogram)
      : ends_(std::move(ends)), load_(load), histogram_(histogram) {}

  std::uint32_t do_work() noexcept override {
    std::uint32_t moved = 0;
    for (End* end : ends_) {
      moved += end->consume(kBatch, [this](std::uint64_t, const core::RecordRef& record) {
        histogram_.record(core::now_ns() - static_cast<double>(due_of(record)));
        return true;
      });
      end->release();
    }
    return moved;
  }
  bool done() noexcept override {
    return std::all_of(ends_.begin(), ends_.end(), [](End* end) { return end->drained(); });
  }
  void end_backoff() noexcept override {
    for (End* end : ends_) end->end_backoff();
  }

 private:
  static constexpr std::uint32_t kBatch = 64;

  std::uint64_t due_of(const core::RecordRef& record) const noexcept {
    std::uint64_t due = 0;
    const char* const data = reinterpret_cast<const char*>(record.data);
    if (load_.records == Records::kStructs) {
      std::memcpy(&due, data + record.length - sizeof(due), sizeof(due));
      return due;
    }
    const std::string_view line(data, record.length);
    const std::size_t at = line.rfind(kDueMark) + kDueMark.size();
    std::from_chars(data + at, data + at + kDueDigits, due, 16);
    return due;
  }

  const std::vector<End*> ends_;
  const Load load_;
  core::Histogram histogram_;
};

}  // namespace byteor::bench

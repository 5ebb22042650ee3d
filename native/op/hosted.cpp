#include "op/hosted.hpp"

#include <utility>

namespace byteor::op {
namespace {

// As much of what a host says as a failure can tell.
constexpr std::uint32_t kSaidBytesMax = 400;

}  // namespace

HostedOp::HostedOp(std::uint32_t room, std::uint32_t batch_records, std::uint32_t elements_max)
    : room_(room),
      batch_records_(batch_records),
      elements_max_(elements_max),
      shown_(std::make_unique<Shown[]>(batch_records)) {
  said_.reserve(kSaidBytesMax);
}

std::uint64_t HostedOp::unanswered() const noexcept {
  if (rows_ == 0) return 0;
  const HostMemory memory = host_->memory();
  for (std::uint32_t i = 0; i != called_; ++i) {
    const std::uint32_t place = row_of(accepted_ + i);
    if (memory.rows[place].action == static_cast<std::uint32_t>(abi::HostAction::kUnanswered))
      return shown_[place].sequence;
  }
  return shown_[row_of(accepted_ + called_ == 0 ? 0 : accepted_ + called_ - 1)].sequence;
}

void HostedOp::tell(std::string report) {
  const std::lock_guard lock(report_mutex_);
  report_ = std::move(report);
}

std::string HostedOp::report() const {
  const std::lock_guard lock(report_mutex_);
  return report_;
}

void HostedOp::say(std::span<const std::byte> elements, const abi::HostRow& row) noexcept {
  const Element text = element_of(elements, row.first);
  said_.clear();
  if (text.data != nullptr)
    said_.assign(reinterpret_cast<const char*>(text.data), std::min(text.length, kSaidBytesMax));
  // Whatever else it names is for the core to say.
  const bool bad_record = row.count == static_cast<std::uint32_t>(abi::FailureCause::kBadRecord);
  said_cause_ = bad_record ? abi::FailureCause::kBadRecord : abi::FailureCause::kThrown;
}

abi::FailureCause HostedOp::cause_code() const noexcept {
  switch (broken_) {
    case Broken::kTooLong:
      return abi::FailureCause::kTooLarge;
    case Broken::kTooMany:
      return abi::FailureCause::kTooMany;
    case Broken::kSaid:
      return said_cause_;
    default:
      return abi::FailureCause::kBadAnswer;
  }
}

std::string HostedOp::cause() const {
  switch (broken_) {
    case Broken::kTooLong:
      return "the record is longer than the memory that its function is given for records";
    case Broken::kTooMany:
      return "the stage's function made more than one record of one, which a slot of a ring cannot hold; return one at "
             "most, or use a LaneGraph";
    case Broken::kGone:
      return "the JavaScript thread that ran the stage's function has ended while it worked; keep it alive until the "
             "pipeline has ended";
    case Broken::kSaid:
    case Broken::kLate:
      return said_.empty() ? "the stage's function failed without a message" : said_;
    default:
      return "the stage's function left an answer that is none: its memory was written over; write to the record only, "
             "and not after the function has returned";
  }
}

}  // namespace byteor::op

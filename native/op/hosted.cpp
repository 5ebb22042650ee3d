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
      shown_(std::make_unique<Shown[]>(batch_records)),
      promised_ns_(std::make_unique<double[]>(batch_records)) {
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
      if (site_.in_slot)
        return "the stage's function made more than one record of one, which a slot of a ring cannot hold; return one "
               "at most, or use a LaneGraph";
      return "the stage's function made " + std::to_string(received_) + " records of one, and its stage may make " +
             std::to_string(elements_max_) + "; return fewer, or declare emits and a larger emits_max";
    case Broken::kGone:
      return "the JavaScript thread that ran the stage's function has ended while it worked; keep it alive until the "
             "pipeline has ended";
    case Broken::kSaid:
    case Broken::kLate:
      return said_.empty() ? "the stage's function failed without a message" : said_;
    default:
      return "the answer of the stage's function cannot be carried out: " + wrong_answer() +
             "; the memory that the function shares with the pipeline was written over: write to the record only, and "
             "not after the function has returned or its promise has settled";
  }
}

// With what was received, and what is allowed.
std::string HostedOp::wrong_answer() const {
  const std::string received = std::to_string(received_);
  const std::string allowed = std::to_string(allowed_);
  switch (wrong_) {
    case Wrong::kCount:
      return "it is for " + received + " records, and 1 to " + allowed + " are allowed, as many as were shown";
    case Wrong::kForgotten:
      return "it is for " + received + " records, and " + allowed +
             " or more are allowed, as many as wait for promises";
    case Wrong::kAction:
      return received == std::to_string(static_cast<std::uint32_t>(abi::HostAction::kUnanswered))
                 ? "it says nothing of a record that it counts as answered"
                 : "it has the action " + received + ", and 0 to " +
                       std::to_string(static_cast<std::uint32_t>(abi::HostAction::kLate)) + " are allowed";
    case Wrong::kLength:
      return "it changed the record to " + received + " bytes, and at most " + allowed + " are allowed";
    case Wrong::kElement:
      return "it has an element at byte " + received + " of " + allowed + ", which does not end within them";
  }
  return {};
}

}  // namespace byteor::op

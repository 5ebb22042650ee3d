// Fails the first record that meets a condition, and with it the pipeline: for what must never be in the input.
// Hot code: no allocation, no exception; cause(), in reject.cpp, is the control path.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "op/matcher.hpp"
#include "op/op.hpp"

namespace byteor::op {

class RejectOp : public BuiltIn<abi::OpCode::kReject> {
 public:
  using Config = Condition;

  explicit RejectOp(const Condition& condition) : matcher_(condition) {}

  Outcome apply(core::RecordRef& record) noexcept {
    if (!matcher_.matches(bytes_of(record))) [[likely]]
      return Outcome::kPass;
    keep_excerpt(bytes_of(record));
    return Outcome::kFail;
  }

  // Why the last failed record failed, and what to do; empty when none did. At most 500 bytes. The op's own thread, or
  // any after that one has stopped.
  std::string cause() const;

  static std::string report(std::span<const RejectOp* const>) { return "null"; }

 private:
  // What cause() shows of a record: its bytes may be overwritten before cause() is called.
  static constexpr std::size_t kExcerptBytesMax = 128;
  static constexpr std::size_t kContextBytes = 24;

  void keep_excerpt(std::string_view record) noexcept {
    const std::size_t place = matcher_.place_in(record);
    excerpt_begin_ = place > kContextBytes ? place - kContextBytes : 0;
    excerpt_length_ = std::min(record.size() - excerpt_begin_, kExcerptBytesMax);
    if (excerpt_length_ != 0) std::memcpy(excerpt_.data(), record.data() + excerpt_begin_, excerpt_length_);
    record_length_ = record.size();
    failed_ = true;
  }

  Matcher matcher_;
  std::array<char, kExcerptBytesMax> excerpt_;
  std::size_t excerpt_begin_ = 0;
  std::size_t excerpt_length_ = 0;
  std::size_t record_length_ = 0;
  bool failed_ = false;
};

}  // namespace byteor::op

// Fails the first record that meets a condition, and with it the pipeline: for what must never be in the input.
// Hot code: no allocation, no exception; cause(), in reject.cpp, is the control path.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "op/excerpt.hpp"
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
    keep(bytes_of(record));
    return Outcome::kFail;
  }

  // Why the last failed record failed, and what to do; empty when none did. At most 500 bytes. The op's own thread, or
  // any after that one has stopped.
  std::string cause() const;

  static std::string report(std::span<const RejectOp* const>) { return "null"; }

 private:
  // Never inlined: the records that pass would pay for it in registers.
  [[gnu::noinline]] void keep(std::string_view record) noexcept { excerpt_.keep(record, matcher_.place_in(record)); }

  Matcher matcher_;
  RecordExcerpt excerpt_;
};

}  // namespace byteor::op

// Lets the records pass that meet a condition; the others are filtered, for the stages that depend on this one.
// Hot code: no allocation, no exception.
#pragma once

#include <span>
#include <string>

#include "op/matcher.hpp"
#include "op/op.hpp"

namespace byteor::op {

class FilterOp : public BuiltIn<abi::OpCode::kFilter> {
 public:
  using Config = Condition;

  explicit FilterOp(const Condition& condition) : matcher_(condition) {}

  Outcome apply(core::RecordRef& record) noexcept {
    return matcher_.matches(bytes_of(record)) ? Outcome::kPass : Outcome::kFilter;
  }

  std::string cause() const { return {}; }
  static std::string report(std::span<const FilterOp* const>) { return "null"; }

 private:
  Matcher matcher_;
};

}  // namespace byteor::op

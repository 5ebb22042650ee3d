// The op that does nothing: a stage to measure the pipeline itself with. Hot code: no allocation, no exception.
#pragma once

#include <span>
#include <string>

#include "op/op.hpp"

namespace byteor::op {

class IdentityOp : public BuiltIn<abi::OpCode::kIdentity> {
 public:
  using Config = NoConfig;

  explicit IdentityOp(const NoConfig&) noexcept {}

  Outcome apply(core::RecordRef&) noexcept { return Outcome::kPass; }

  std::string cause() const { return {}; }
  static std::string report(std::span<const IdentityOp* const>) { return "null"; }
};

}  // namespace byteor::op

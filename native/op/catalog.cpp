// See catalog.hpp.
#include "op/catalog.hpp"

#include <string>

#include "core/coded_error.hpp"

namespace byteor::op {

void refuse_op(abi::OpCode code) {
  const std::string number = std::to_string(static_cast<std::uint32_t>(code));
  if (code == abi::OpCode::kJs || code == abi::OpCode::kNative) {
    throw core::CodedError(abi::ErrorCode::kOpUnavailable, "op code " + number + (code == abi::OpCode::kJs ? " (js)" : " (native)") +
                                " is an op of the caller's, not one of the built-in catalog; pass it at open");
  }
  throw core::CodedError(abi::ErrorCode::kOpUnavailable, "unknown op code " + number + "; compile the plan again with this version of byteor");
}

}  // namespace byteor::op

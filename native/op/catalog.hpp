// Which class is which op: the one place where an op code from a spec becomes C++. Control path; throws.
#pragma once

#include <utility>

#include "op/affix.hpp"
#include "op/checksum.hpp"
#include "op/count.hpp"
#include "op/filter.hpp"
#include "op/identity.hpp"
#include "op/op.hpp"
#include "op/reject.hpp"

namespace byteor::op {

// Throws std::invalid_argument that names the code: a caller's op (js, native) or an unknown one has no class here.
[[noreturn]] void refuse_op(abi::OpCode code);

// Answers visitor.template operator()<Op>() with the class of the configured op.
template <class Visitor>
decltype(auto) visit_op(const OpConfig& config, Visitor&& visitor) {
  switch (config.code) {
    case abi::OpCode::kIdentity:
      return visitor.template operator()<IdentityOp>();
    case abi::OpCode::kFilter:
      return visitor.template operator()<FilterOp>();
    case abi::OpCode::kPrepend:
      return visitor.template operator()<PrependOp>();
    case abi::OpCode::kAppend:
      return visitor.template operator()<AppendOp>();
    case abi::OpCode::kCount:
      return visitor.template operator()<CountOp>();
    case abi::OpCode::kChecksum:
      return visitor.template operator()<ChecksumOp>();
    case abi::OpCode::kReject:
      return visitor.template operator()<RejectOp>();
    case abi::OpCode::kJs:
    case abi::OpCode::kNative:
      break;
  }
  refuse_op(config.code);
}

}  // namespace byteor::op

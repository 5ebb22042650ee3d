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
#include "op/set_field.hpp"

namespace byteor::op {

// Throws CodedError (OP_UNAVAILABLE) that names the code: a caller's op (js, native) or an unknown one has no class here.
[[noreturn]] void refuse_op(abi::OpCode code);

// A class for the widths that a register has, and one for all others.
template <class Visitor>
decltype(auto) visit_set_field(const FieldWrite& field, Visitor&& visitor) {
  if (field.write == abi::FieldWriteCode::kAdd) return visitor.template operator()<AddFieldOp>();
  switch (field.length) {
    case 1:
      return visitor.template operator()<SetFieldOp<1>>();
    case 2:
      return visitor.template operator()<SetFieldOp<2>>();
    case 4:
      return visitor.template operator()<SetFieldOp<4>>();
    case 8:
      return visitor.template operator()<SetFieldOp<8>>();
    default:
      return visitor.template operator()<SetFieldOp<0>>();
  }
}

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
    case abi::OpCode::kSetField:
      return visit_set_field(*config.field, visitor);
    case abi::OpCode::kJs:
    case abi::OpCode::kNative:
      break;
  }
  refuse_op(config.code);
}

}  // namespace byteor::op

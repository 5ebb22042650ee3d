// What the operands of each instruction are, for code that checks or shows a program. Control path.
#pragma once

#include <cstdint>

#include "expression/program_generated.hpp"

namespace byteor::expression {

enum class Operand : std::uint8_t {
  kUnused,
  kRegister,
  kPair,   // a register and the next one
  kRange,  // a register, and as many from it on as the last operand says
  kConstant,
  kKey,  // a constant that is a string
  kSlot,
  kDfa,
  kJump,
  kCount,  // of values
  kPairs,  // of pairs of values
  kFunction,
};

struct Operands {
  Operand dst = Operand::kUnused;
  Operand a = Operand::kUnused;
  Operand b = Operand::kUnused;
  bool known = true;
};

// `known` is false of a code that is no instruction.
constexpr Operands operands_of(ExprOp op) noexcept {
  using enum Operand;
  switch (op) {
    case ExprOp::kReturn:
      return {kUnused, kRegister, kUnused};
    case ExprOp::kConstant:
      return {kRegister, kConstant, kUnused};
    case ExprOp::kRecord:
      return {kRegister, kUnused, kUnused};
    case ExprOp::kSlot:
    case ExprOp::kHasSlot:
      return {kRegister, kSlot, kUnused};
    case ExprOp::kSelect:
    case ExprOp::kHas:
    case ExprOp::kOptSelect:
      return {kRegister, kRegister, kKey};
    case ExprOp::kIndex:
    case ExprOp::kOptIndex:
    case ExprOp::kAnd:
    case ExprOp::kOr:
    case ExprOp::kEqual:
    case ExprOp::kNotEqual:
    case ExprOp::kLess:
    case ExprOp::kLessEqual:
    case ExprOp::kGreater:
    case ExprOp::kGreaterEqual:
    case ExprOp::kAdd:
    case ExprOp::kSubtract:
    case ExprOp::kMultiply:
    case ExprOp::kDivide:
    case ExprOp::kModulo:
    case ExprOp::kIn:
    case ExprOp::kAppendPair:
      return {kRegister, kRegister, kRegister};
    case ExprOp::kMove:
    case ExprOp::kOptOf:
    case ExprOp::kNot:
    case ExprOp::kNotStrictlyFalse:
    case ExprOp::kNegate:
    case ExprOp::kAppend:
    case ExprOp::kCollected:
    case ExprOp::kAppendOptional:
    case ExprOp::kCollectedMap:
    case ExprOp::kIsError:
      return {kRegister, kRegister, kUnused};
    case ExprOp::kJump:
      return {kUnused, kUnused, kJump};
    case ExprOp::kJumpIfFalse:
    case ExprOp::kJumpIfTrue:
      return {kUnused, kRegister, kJump};
    case ExprOp::kJumpIfNone:
    case ExprOp::kJumpUnlessBool:
    case ExprOp::kNext:
      return {kRegister, kRegister, kJump};
    case ExprOp::kNextPair:
      return {kPair, kRegister, kJump};
    case ExprOp::kEqualConstant:
    case ExprOp::kNotEqualConstant:
    case ExprOp::kLessConstant:
    case ExprOp::kLessEqualConstant:
    case ExprOp::kGreaterConstant:
    case ExprOp::kGreaterEqualConstant:
      return {kRegister, kRegister, kConstant};
    case ExprOp::kList:
      return {kRegister, kRange, kCount};
    case ExprOp::kMap:
      return {kRegister, kRange, kPairs};
    case ExprOp::kCall:
      return {kRegister, kRange, kFunction};
    case ExprOp::kMatches:
      return {kRegister, kRegister, kDfa};
    case ExprOp::kIterate:
      return {kPair, kRegister, kUnused};
    case ExprOp::kCollect:
      return {kPair, kUnused, kUnused};
  }
  return {kUnused, kUnused, kUnused, false};
}

}  // namespace byteor::expression

// From the op code and the config of a lowered plan to the class that runs them. Control path; throws.
#pragma once

#include <cstddef>
#include <span>

#include "op/catalog_generated.hpp"
#include "op/op.hpp"

namespace byteor::op {

// Throws CodedError (SPEC_DAMAGED) where an op without a config has one, or one that needs it none that could be its
// own.
void check_presence(const abi::OpRow& op, std::size_t config_bytes);

// What the graph must know of a config, once every bound of it has been checked. Throws CodedError (SPEC_DAMAGED).
ConfigFacts check_config(abi::OpCode code, std::span<const std::byte> config);

template <class Op>
typename Op::Config read_config(std::span<const std::byte> bytes) {
  check_presence(Op::kRow, bytes.size());
  return Op::Config::read(decode::Buffer(bytes));
}

// Answers visitor.template operator()<Op>(config) with the class of an op of this code and what its config says, whose
// texts are those of `bytes`.
template <class Visitor>
decltype(auto) visit_op(abi::OpCode code, std::span<const std::byte> bytes, Visitor&& visitor) {
  return visit_built_in(code, [&]<class Op>() -> decltype(auto) {
    const typename Op::Config config = read_config<Op>(bytes);
    if constexpr (requires { Op::visit_class(config, visitor); })
      return Op::visit_class(config, visitor);
    else
      return visitor.template operator()<Op>(config);
  });
}

}  // namespace byteor::op

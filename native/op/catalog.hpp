// From the op code and the config of a lowered plan to the class that runs them. Control path; throws.
#pragma once

#include "op/catalog_generated.hpp"
#include "op/op.hpp"

namespace byteor::op {

// Answers visitor.template operator()<Op>() with the class of the configured op. An op with classes of its own to choose
// from by its config has visit_class().
template <class Visitor>
decltype(auto) visit_op(const OpConfig& config, Visitor&& visitor) {
  return visit_built_in(config.code, [&]<class Op>() -> decltype(auto) {
    if constexpr (requires { Op::visit_class(config, visitor); })
      return Op::visit_class(config, visitor);
    else
      return visitor.template operator()<Op>();
  });
}

}  // namespace byteor::op

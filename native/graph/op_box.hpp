// An op on blocks of its own: a neighbour on the heap may belong to another thread.
#pragma once

#include "core/cpu.hpp"
#include "op/op.hpp"

namespace byteor::graph {

template <class Op>
struct alignas(core::kCacheBlock) OpBox {
  explicit OpBox(const typename Op::Config& config) : op(config) {}
  Op op;
};

}  // namespace byteor::graph

// An op on blocks of its own: a neighbour on the heap may belong to another thread.
#pragma once

#include <concepts>
#include <cstdint>

#include "core/cpu.hpp"
#include "op/op.hpp"

namespace byteor::graph {

template <class Op>
struct alignas(core::kCacheBlock) OpBox {
  // `record_bytes_max`: of the records that the op is shown.
  OpBox(const typename Op::Config& config, std::uint32_t record_bytes_max)
      : op([&] {
          if constexpr (std::constructible_from<Op, const typename Op::Config&, std::uint32_t>)
            return Op(config, record_bytes_max);
          else
            return Op(config);
        }()) {}
  Op op;
};

}  // namespace byteor::graph

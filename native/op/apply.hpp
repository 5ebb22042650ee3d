// An op at work on structs that lie side by side. Hot code: no allocation, no exception.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "core/cpu.hpp"
#include "core/record.hpp"
#include "op/identity.hpp"
#include "op/op.hpp"

namespace byteor::op {

// Looks at no record, and changes none.
template <class Op>
inline constexpr bool kPassive = std::is_same_v<Op, IdentityOp>;

// `stride`: a constant where it is a common one, so that the compiler can work on several records at once.
template <class Op, class Stride>
BYTEOR_ALWAYS_INLINE void apply_at_stride(Op& op, std::byte* __restrict records, std::uint32_t count,
                                          std::uint32_t length, const std::byte* __restrict from,
                                          Stride stride) noexcept {
  for (std::size_t i = 0; i != count; ++i) {
    if (from != nullptr) std::memcpy(records + i * stride, from + i * stride, stride);
    if constexpr (requires { op.apply_to_struct(records); }) {
      op.apply_to_struct(records + i * stride);
    } else {
      core::RecordRef record{records + i * stride, length, 0};
      op.apply(record);
    }
  }
}

// The compiler cannot work on several records where each of them might change the op, so a small one works from a copy.
template <class Op, class Stride>
BYTEOR_ALWAYS_INLINE void apply_by_copy(Op& op, const core::FixedSpan& records, std::uint32_t length,
                                        const std::byte* from, Stride stride) noexcept {
  // Atomics are trivially copyable, and cannot be copied.
  constexpr bool kCopies = std::is_trivially_copyable_v<Op> && std::copyable<Op>;
  if constexpr (kCopies && sizeof(Op) <= core::kCacheLine) {
    Op copy = op;
    apply_at_stride(copy, records.data, records.count, length, from, stride);
    op = copy;
  } else {
    apply_at_stride(op, records.data, records.count, length, from, stride);
  }
}

// apply_to_span(), compiled for the CPU of the function that it is inlined into.
template <class Op>
BYTEOR_ALWAYS_INLINE void apply_to_each(Op& op, const core::FixedSpan& records, std::uint32_t length,
                                        const std::byte* from) noexcept {
  const auto apply = [&](auto stride) BYTEOR_INLINED_LAMBDA {
    if constexpr (Op::kWrites) {
      if (from != nullptr) return apply_by_copy(op, records, length, from, stride);
    }
    apply_by_copy(op, records, length, nullptr, stride);
  };
  switch (records.stride) {
    case 8:
      return apply(std::integral_constant<std::size_t, 8>());
    case 16:
      return apply(std::integral_constant<std::size_t, 16>());
    case core::kCacheLine:
      return apply(std::integral_constant<std::size_t, core::kCacheLine>());
    default:
      return apply(std::size_t{records.stride});
  }
}

// With what every CPU of the build's baseline has.
template <class Op>
BYTEOR_NEVER_INLINE void apply_to_span_narrow(Op& op, const core::FixedSpan& records, std::uint32_t length,
                                              const std::byte* from) noexcept {
  apply_to_each(op, records, length, from);
}

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#define BYTEOR_WIDE_SPANS

// Line by line: structs that fill lines are loaded and stored with one instruction a line, and a stage of 64-byte
// structs moves a third more. Floating-point ops would have to forbid contraction: these instructions include fused
// ones.
template <class Op>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512"), gnu::noinline]] void apply_to_span_wide(
    Op& op, const core::FixedSpan& records, std::uint32_t length, const std::byte* from) noexcept {
  apply_to_each(op, records, length, from);
}

// VBMI2 came when wide registers no longer slowed the whole core down.
inline bool has_wide_spans() noexcept {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vbmi2");
}

inline const bool kHasWideSpans = has_wide_spans();
#endif

// Applies an op that passes all structs to each of the span. `length`: of a struct, bytes. `from`: where the
// structs are to be copied from first, at the same stride, or nullptr.
template <class Op>
void apply_to_span(Op& op, const core::FixedSpan& records, std::uint32_t length,
                   const std::byte* from = nullptr) noexcept {
  static_assert(PassesStructs<Op>);
  if constexpr (kPassive<Op>) return;
#ifdef BYTEOR_WIDE_SPANS
  if (kHasWideSpans) return apply_to_span_wide(op, records, length, from);
#endif
  apply_to_span_narrow(op, records, length, from);
}

}  // namespace byteor::op

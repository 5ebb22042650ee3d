// A field of a struct, written in place: a constant, another field, or the sum of the field and a constant. No other
// byte of the record is touched. Where records may be of another length than the struct (a ring whose later stages
// change it), one that ends before the field fails; among structs that lie side by side that was decided when the plan
// was decoded. Hot code: no allocation, no exception; what allocates is in set_field.cpp.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/cpu.hpp"
#include "op/field.hpp"
#include "op/op.hpp"

namespace byteor::op {

// What set_field does: docs/ops.md. The decoder has seen that the field and the one that is copied lie in the records.
struct FieldWrite {
  abi::FieldWriteCode write = abi::FieldWriteCode::kValue;
  abi::FieldCode kind = abi::FieldCode::kU8;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  std::uint32_t from = 0;
  std::uint64_t bits = 0;
  std::string_view name = {};
  std::string_view text = {};

  static FieldWrite read(const decode::Buffer& config);

  // Bytes of a record that hold all that is read and written.
  std::uint64_t end() const noexcept { return std::uint64_t{std::max(offset, from)} + length; }
};

// The bytes of a constant as they lie in its field; zeros where the field is copied from another one.
std::string field_constant(const FieldWrite& field);

// Why a record failed whose sum its field cannot hold; `bits`: of the field, as it is.
std::string sum_cause(std::string_view name, abi::FieldCode kind, std::uint64_t bits, std::uint64_t addend);

// Stores a constant or another field. `kWidth`: bytes of the field, or 0: any number of them.
template <std::size_t kWidth>
class StoreFieldOp : public BuiltIn<abi::OpCode::kSetField> {
 public:
  using Config = FieldWrite;

  explicit StoreFieldOp(const FieldWrite& field)
      : name_(field.name),
        offset_(field.offset),
        from_(field.from),
        end_(static_cast<std::uint32_t>(field.end())),
        copies_(field.write == abi::FieldWriteCode::kFrom) {
    const std::string bytes = field_constant(field);
    if constexpr (kAnyWidth)
      constant_ = bytes;
    else
      std::memcpy(constant_.data(), bytes.data(), kWidth);
  }

  Outcome apply(core::RecordRef& record) noexcept {
    if (record.length < end_) [[unlikely]] {
      short_length_ = record.length;
      failed_ = true;
      return Outcome::kFail;
    }
    apply_to_struct(record.data);
    return Outcome::kPass;
  }

  // The same of a record that is known to be a whole struct.
  BYTEOR_ALWAYS_INLINE void apply_to_struct(std::byte* record) const noexcept {
    const void* const source = copies_ ? static_cast<const void*>(record + from_) : constant_.data();
    if constexpr (kAnyWidth)
      std::memcpy(record + offset_, source, constant_.size());
    else
      std::memcpy(record + offset_, source, kWidth);
  }

  std::string cause() const {
    return failed_ ? short_record_cause(kRow.name, name_, end_, short_length_) : std::string();
  }
  static std::string report(std::span<const StoreFieldOp* const>) { return "null"; }

 private:
  static constexpr bool kAnyWidth = kWidth == 0;

  std::string_view name_;
  std::conditional_t<kAnyWidth, std::string, std::array<char, kWidth>> constant_;
  std::uint32_t offset_;
  std::uint32_t from_;
  std::uint32_t end_;
  std::uint32_t short_length_ = 0;
  bool copies_;
  bool failed_ = false;
};

class AddFieldOp : public BuiltIn<abi::OpCode::kSetField> {
 public:
  using Config = FieldWrite;

  explicit AddFieldOp(const FieldWrite& field)
      : name_(field.name),
        addend_(field.bits),
        offset_(field.offset),
        end_(static_cast<std::uint32_t>(field.end())),
        kind_(field.kind) {}

  Outcome apply(core::RecordRef& record) noexcept {
    if (record.length < end_) [[unlikely]]
      return fail(record, 0);
    std::byte* const field = record.data + offset_;
    switch (kind_) {
      case abi::FieldCode::kU8:
        return add<std::uint8_t>(record, field);
      case abi::FieldCode::kU16:
        return add<std::uint16_t>(record, field);
      case abi::FieldCode::kU32:
        return add<std::uint32_t>(record, field);
      case abi::FieldCode::kU64:
        return add<std::uint64_t>(record, field);
      case abi::FieldCode::kI8:
        return add<std::int8_t>(record, field);
      case abi::FieldCode::kI16:
        return add<std::int16_t>(record, field);
      case abi::FieldCode::kI32:
        return add<std::int32_t>(record, field);
      case abi::FieldCode::kI64:
        return add<std::int64_t>(record, field);
      case abi::FieldCode::kF32:
        return add<float>(record, field);
      default:
        return add<double>(record, field);
    }
  }

  std::string cause() const {
    if (!failed_) return {};
    if (failed_length_ < end_) return short_record_cause(kRow.name, name_, end_, failed_length_);
    return sum_cause(name_, kind_, failed_bits_, addend_);
  }
  static std::string report(std::span<const AddFieldOp* const>) { return "null"; }

 private:
  template <class T>
  BYTEOR_ALWAYS_INLINE Outcome add(const core::RecordRef& record, std::byte* field) noexcept {
    T value;
    T addend;
    T sum;
    std::memcpy(&value, field, sizeof value);
    std::memcpy(&addend, &addend_, sizeof addend);
    bool holds;
    if constexpr (std::integral<T>) {
      holds = !__builtin_add_overflow(value, addend, &sum);
    } else {
      sum = value + addend;
      holds = std::isfinite(sum);
    }
    if (!holds) [[unlikely]] {
      std::uint64_t bits = 0;
      std::memcpy(&bits, &value, sizeof value);
      return fail(record, bits);
    }
    std::memcpy(field, &sum, sizeof sum);
    return Outcome::kPass;
  }

  BYTEOR_NEVER_INLINE Outcome fail(const core::RecordRef& record, std::uint64_t bits) noexcept {
    failed_length_ = record.length;
    failed_bits_ = bits;
    failed_ = true;
    return Outcome::kFail;
  }

  std::string_view name_;
  std::uint64_t addend_;  // its low bytes
  std::uint64_t failed_bits_ = 0;
  std::uint32_t offset_;
  std::uint32_t end_;
  std::uint32_t failed_length_ = 0;
  abi::FieldCode kind_;
  bool failed_ = false;
};

struct SetFieldOp : BuiltIn<abi::OpCode::kSetField> {
  using Config = FieldWrite;
  static ConfigFacts facts(const FieldWrite& field) noexcept { return {.struct_bytes = field.end()}; }

  // A class for the widths that a register has, and one for all others.
  template <class Visitor>
  static decltype(auto) visit_class(const FieldWrite& field, Visitor&& visitor) {
    if (field.write == abi::FieldWriteCode::kAdd) return visitor.template operator()<AddFieldOp>(field);
    switch (field.length) {
      case 1:
        return visitor.template operator()<StoreFieldOp<1>>(field);
      case 2:
        return visitor.template operator()<StoreFieldOp<2>>(field);
      case 4:
        return visitor.template operator()<StoreFieldOp<4>>(field);
      case 8:
        return visitor.template operator()<StoreFieldOp<8>>(field);
      default:
        return visitor.template operator()<StoreFieldOp<0>>(field);
    }
  }
};

}  // namespace byteor::op

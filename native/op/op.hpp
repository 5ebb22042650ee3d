// What a built-in op is to the ring and to a lane. An op is a plain class, used as a template argument of the agent
// that runs it, so that a batch costs one virtual call and a record none:
//
//   class SomeOp : public BuiltIn<abi::OpCode::kSome> {  // kWrites, kFilters, kFails, kKeepsLayout: its row's
//    public:
//     explicit SomeOp(const OpConfig&);                 // control path: may allocate, throws std::invalid_argument
//     Outcome apply(core::RecordRef&) noexcept;         // hot: no allocation, no exception; one thread at a time
//     void apply_to_struct(std::byte*) noexcept;        // where it has one: apply() of a record that is a whole struct
//                                                       // and therefore passes
//     std::string cause() const;                        // control path: why the last record failed, and the remedy
//     static std::string report(std::span<const SomeOp* const> shards);  // JSON text of what it has to tell, or "null"
//   };
//
// There is one object a shard. report() may run on another thread while the op works: what it reads is atomic.
// Headers hold what is hot and compile with -fno-exceptions; constructors that check, causes and reports are in .cpp
// files. Which class belongs to which code: lib/abi/ops.ts, and op/catalog_generated.hpp which is made of it.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "abi/abi_generated.hpp"
#include "core/record.hpp"
#include "op/traits.hpp"

namespace byteor::op {

enum class Outcome : std::uint8_t { kPass, kFilter, kFail };

// How a key is found in a record: docs/plan.md, keys. Text views point into the decoded description, which outlives
// ops.
struct KeySpec {
  abi::KeyCode kind = abi::KeyCode::kBytes;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  std::uint32_t index = 0;
  std::string_view text;  // Token: separator; Json: pointer; Field: name
};

// What set_field does: docs/ops.md. As the description, whose checks have seen that the field and the one that is
// copied lie in the records.
struct FieldWrite {
  abi::FieldWriteCode write = abi::FieldWriteCode::kValue;
  abi::FieldCode kind = abi::FieldCode::kU8;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  std::uint32_t from = 0;
  std::uint64_t bits = 0;
  std::string_view name = {};
  std::string_view text = {};
};

// Bytes of a record that hold all that the write reads and writes.
inline std::uint32_t field_end(const FieldWrite& field) noexcept {
  return std::max(field.offset, field.from) + field.length;
}

struct OpConfig {
  abi::OpCode code = abi::OpCode::kIdentity;
  std::string_view text;  // filter, reject: needle; prepend, append: affix
  abi::MatchCode match = abi::MatchCode::kNone;
  bool invert = false;
  std::optional<KeySpec> key;       // count
  std::optional<FieldWrite> field;  // set_field
};

// Whether it passes every record that is a whole struct.
template <class Op>
concept PassesStructs = !Op::kFilters && (!Op::kFails || requires(Op & op, std::byte* record) {
  { op.apply_to_struct(record) }
  noexcept;
});

// The bytes of a record as text; valid as long as the record is.
inline std::string_view bytes_of(const core::RecordRef& record) noexcept {
  return {reinterpret_cast<const char*>(record.data), record.length};
}

}  // namespace byteor::op

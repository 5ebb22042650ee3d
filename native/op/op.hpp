// What a built-in op is to the ring and to a lane. An op is a plain class, used as a template argument of the agent
// that runs it, so that a batch costs one virtual call and a record none:
//
//   class SomeOp : public BuiltIn<abi::OpCode::kSome> {  // kWrites, kFilters, kFails, kKeepsLayout: its row's
//    public:
//     using Config = …;                                 // what its config says: `static Config read(const
//     decode::Buffer&)`
//                                                       // checks it; control path, throws CodedError (SPEC_DAMAGED)
//     static ConfigFacts facts(const Config&);          // where the graph must know something of it
//     explicit SomeOp(const Config&);                   // control path: may allocate, throws CodedError
//     (OP_UNAVAILABLE); where its memory follows from the records, SomeOp(const Config&, std::uint32_t
//     record_bytes_max) Outcome apply(core::RecordRef&) noexcept;         // hot: no allocation, no exception; one
//     thread at a time void apply_to_struct(std::byte*) noexcept;        // where it has one: apply() of a record that
//     is a whole struct
//                                                       // and therefore passes
//     std::string cause() const;                        // control path: why the last record failed, and the remedy
//     static std::string report(std::span<const SomeOp* const> shards);  // JSON text of what it has to tell, or "null"
//   };
//
// Texts of a config point into its bytes, which outlive the op. An op that has several classes, of which the config
// picks one, answers visit_class() instead of being one (SetFieldOp).
//
// There is one object a shard. report() may run on another thread while the op works: what it reads is atomic.
// Headers hold what is hot and compile with -fno-exceptions; constructors that check, causes and reports are in .cpp
// files. Which class belongs to which code: lib/abi/ops.ts, and op/catalog_generated.hpp which is made of it.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "abi/abi_generated.hpp"
#include "core/record.hpp"
#include "decode/buffer.hpp"
#include "op/traits.hpp"

namespace byteor::op {

enum class Outcome : std::uint8_t { kPass, kFilter, kFail };

// How a key is found in a record: docs/plan.md, keys. The text is that of the decoded description, which outlives this.
struct KeySpec {
  abi::KeyCode kind = abi::KeyCode::kBytes;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  std::uint32_t index = 0;
  std::string_view text;  // Token: separator; Json: pointer; Field: name
};

// The config of an op that has none.
struct NoConfig {
  static NoConfig read(const decode::Buffer&) noexcept { return {}; }
};

// What the graph must know of a stage's config.
struct ConfigFacts {
  std::uint64_t headroom = 0;      // bytes that the op writes before a record
  std::uint64_t tailroom = 0;      // and behind it
  std::uint64_t struct_bytes = 0;  // not 0: it works on structs of at least as many bytes, and on nothing else
  std::uint32_t emits_max = 0;     // of an op that the caller brings: records that it emits at most for one
  bool line_feed = false;          // it may put one into a record
};

// Whether an op has this contract. One that has not works on batches: op/batch.hpp.
template <class Op>
concept JudgesRecords = requires(Op& op, core::RecordRef& record) {
  { op.apply(record) }
  noexcept;
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

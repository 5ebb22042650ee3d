// What both targets' decoders share: the sections of a lowered plan, and the catalogs of boundaries, stages and keys.
// Control path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "abi/abi_generated.hpp"
#include "decode/buffer.hpp"
#include "graph/description.hpp"

namespace byteor::graph {

using decode::read_enum;
using decode::refuse;
using decode::require;

// A buffer and its sections. Knows places and sizes, not what they mean.
class SpecReader {
 public:
  explicit SpecReader(std::span<const std::byte> bytes) : buffer_(bytes) {}

  template <class T>
  T at(std::uint64_t offset) const {
    return buffer_.at<T>(offset);
  }

  // Checks the header of a buffer for `target`.
  abi::SpecHeader open_header(abi::TargetCode target) const;

  // Checks the section table: exactly the `kinds` that the target has, each once, all inside the buffer.
  void open_sections(const abi::SpecHeader& header, std::span<const abi::SectionKind> kinds);

  std::uint32_t count(abi::SectionKind kind) const { return section(kind).count; }

  template <class T>
  T row(abi::SectionKind kind, std::uint32_t index) const {
    const abi::SpecSection& s = section(kind);
    require(s.stride == sizeof(T), "a table has rows of another size", s.stride);
    require(index < s.count, "an index points past its table", index);
    return at<T>(s.offset + std::uint64_t{index} * sizeof(T));
  }

  std::string text(std::uint32_t offset, std::uint32_t length, std::uint32_t most) const {
    require(length <= most, "a text is longer than its limit", length);
    return std::string(bytes_of(abi::SectionKind::kText).text(offset, length));
  }

  // A section of bytes.
  decode::Buffer bytes_of(abi::SectionKind kind) const {
    const abi::SpecSection& s = section(kind);
    require(s.stride == 1, "a section of bytes has rows of another size", s.stride);
    return decode::Buffer(buffer_.part(s.offset, s.count));
  }

 private:
  static constexpr std::uint32_t kKinds = static_cast<std::uint32_t>(abi::SectionKind::kConfigs);

  const abi::SpecSection& section(abi::SectionKind kind) const { return sections_[static_cast<std::uint32_t>(kind)]; }

  decode::Buffer buffer_;
  abi::SpecSection sections_[kKinds + 1]{};
  bool present_[kKinds + 1]{};
};

// An author's id (docs/plan.md).
std::string read_id(const SpecReader& reader, std::uint32_t offset, std::uint32_t length);

inline std::optional<std::uint32_t> read_index(std::uint32_t value, std::size_t count, const char* what) {
  if (value == abi::kNone) return std::nullopt;
  require(value < count, what, value);
  return value;
}

// The name of the plan and its three catalogs. `stages_max` and `keys_max` bound the work on a hostile buffer.
void read_catalogs(const SpecReader& reader, const abi::SpecHeader& header, std::uint32_t stages_max,
                   std::uint32_t keys_max, CatalogDescription& out);

// A stage whose op works on structs has some, of `record_bytes`, that are as long as it needs; 0: no structs.
void check_structs(const StageDescription& stage, std::uint32_t record_bytes);

}  // namespace byteor::graph

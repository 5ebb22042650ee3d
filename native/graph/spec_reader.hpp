// What both targets' decoders share: bounds-checked reading of a spec buffer, and the catalogs of boundaries, stages
// and keys. A hostile buffer is an expected input: nothing is read before its bounds have been checked. Control path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <type_traits>

#include "abi/abi_generated.hpp"
#include "graph/description.hpp"

namespace byteor::graph {

// Throws CodedError (SPEC_DAMAGED).
[[noreturn]] void refuse(const std::string& what);
[[noreturn]] void refuse(const std::string& what, std::uint64_t received);

inline void require(bool holds, const char* what, std::uint64_t received) {
  if (!holds) refuse(what, received);
}

// Bounds-checked access to a buffer and its sections. Knows places and sizes, not what they mean.
class SpecReader {
 public:
  explicit SpecReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <class T>
  T at(std::uint64_t offset) const {
    static_assert(std::is_trivially_copyable_v<T>);
    require(offset <= bytes_.size() && bytes_.size() - offset >= sizeof(T), "a table reaches past the end", offset);
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
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
    const abi::SpecSection& s = section(abi::SectionKind::kText);
    require(s.stride == 1, "the text section has rows of another size", s.stride);
    require(length <= most, "a text is longer than its limit", length);
    require(offset <= s.count && s.count - offset >= length, "a text reaches past the text section", offset);
    return {reinterpret_cast<const char*>(bytes_.data()) + s.offset + offset, length};
  }

 private:
  static constexpr std::uint32_t kKinds = static_cast<std::uint32_t>(abi::SectionKind::kFieldWrites);

  const abi::SpecSection& section(abi::SectionKind kind) const { return sections_[static_cast<std::uint32_t>(kind)]; }

  std::span<const std::byte> bytes_;
  abi::SpecSection sections_[kKinds + 1]{};
  bool present_[kKinds + 1]{};
};

// An author's id (docs/plan.md).
std::string read_id(const SpecReader& reader, std::uint32_t offset, std::uint32_t length);

template <class Enum>
Enum read_enum(std::uint32_t value, Enum least, Enum most, const char* what) {
  require(value >= static_cast<std::uint32_t>(least) && value <= static_cast<std::uint32_t>(most), what, value);
  return static_cast<Enum>(value);
}

inline std::optional<std::uint32_t> read_index(std::uint32_t value, std::size_t count, const char* what) {
  if (value == abi::kNone) return std::nullopt;
  require(value < count, what, value);
  return value;
}

// The name of the plan and its three catalogs. `stages_max` and `keys_max` bound the work on a hostile buffer.
void read_catalogs(const SpecReader& reader, const abi::SpecHeader& header, std::uint32_t stages_max,
                   std::uint32_t keys_max, CatalogDescription& out);

// A stage that sets a field, if it is one, has structs of `record_bytes`, and the field in them; 0: no structs.
void check_field_write(const StageDescription& stage, std::uint32_t record_bytes);

}  // namespace byteor::graph

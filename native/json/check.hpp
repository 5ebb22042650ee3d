// Whether a text is JSON (RFC 8259) to its last byte: for ops that write or emit JSON, and where an ingress checks.
// It works on the index that is there anyway. Any thread that owns the index. Hot code: no allocation, no exception.
#pragma once

#include <cstdint>

#include "json/index.hpp"

namespace byteor::json {

// Arrays and objects within each other. Deeper text is refused.
inline constexpr std::uint32_t kDepthMax = 1024;

enum class Flaw : std::uint8_t { kNone, kStructure, kDepth, kAtom, kNumber, kEscape };

struct Checked {
  Flaw flaw = Flaw::kNone;
  std::uint32_t position = 0;  // first byte of what is wrong
};

// Of an index that has been read. Numbers that no double can hold are JSON, and so are lone surrogates as escapes.
Checked check(const Index& index) noexcept;

}  // namespace byteor::json

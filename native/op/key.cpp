// What a key may look like, checked once when an op or a shard map is built. Control path: allocates and throws.
#include "op/key.hpp"

#include <algorithm>
#include <limits>

#include "core/coded_error.hpp"
#include "op/text.hpp"

namespace byteor::op {

namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw core::CodedError(abi::ErrorCode::kOpUnavailable,
                         "key: " + what + "; compile the plan again with this version of byteor");
}

// RFC 6901: ~1 is '/', ~0 is '~', nothing else may follow a '~'.
std::string unescape_reference(std::string_view pointer, std::string_view reference) {
  std::string name;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    if (reference[i] != '~') {
      name += reference[i];
      continue;
    }
    ++i;
    if (i == reference.size() || (reference[i] != '0' && reference[i] != '1'))
      refuse("in the JSON pointer \"" + printable(pointer, 80) + "\" a ~ must be followed by 0 (for ~) or 1 (for /)");
    name += reference[i] == '0' ? '~' : '/';
  }
  return name;
}

// RFC 6901: digits without a leading zero. More digits than a record could have elements name no element.
bool parse_index(std::string_view name, std::uint64_t& index) {
  static constexpr std::size_t kDigitsMax = 18;
  if (name.empty() || name.size() > kDigitsMax || (name[0] == '0' && name.size() > 1)) return false;
  index = 0;
  for (const char c : name) {
    if (c < '0' || c > '9') return false;
    index = index * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return true;
}

}  // namespace

KeySpec read_key(const abi::SpecKey& row, std::string_view text) {
  const abi::KeyCode kind = decode::read_enum(row.kind, abi::KeyCode::kBytes, abi::KeyCode::kField, "unknown key kind");
  decode::require(std::uint64_t{row.offset} + row.length <= std::numeric_limits<std::uint32_t>::max(),
                  "a key reaches past the largest record", row.offset);
  decode::require(kind != abi::KeyCode::kToken || !text.empty(), "a token key has no separator", text.size());
  return {kind, row.offset, row.length, row.index, text};
}

std::vector<KeyReader::Segment> KeyReader::parse_pointer(std::string_view pointer) {
  std::vector<Segment> segments;
  if (pointer.empty()) return segments;
  if (pointer[0] != '/')
    refuse("a JSON pointer is empty or begins with /, received \"" + printable(pointer, 80) + "\"");
  for (std::size_t begin = 1; begin <= pointer.size();) {
    const std::size_t stop = std::min(pointer.find('/', begin), pointer.size());
    Segment segment{unescape_reference(pointer, pointer.substr(begin, stop - begin)), Segment::kNoIndex};
    std::uint64_t index = 0;
    if (parse_index(segment.name, index)) segment.index = index;
    segments.push_back(std::move(segment));
    begin = stop + 1;
  }
  if (segments.size() > json::kJsonDepthMax)
    refuse("a JSON pointer has at most " + std::to_string(json::kJsonDepthMax) + " parts, received " +
           std::to_string(segments.size()));
  return segments;
}

KeyReader::KeyReader(const KeySpec& spec)
    : kind_(spec.kind),
      offset_(spec.offset),
      length_(spec.length),
      index_(spec.index),
      separator_(spec.kind == abi::KeyCode::kToken ? spec.text : std::string_view()) {
  switch (spec.kind) {
    case abi::KeyCode::kBytes:
    case abi::KeyCode::kField:
      return;
    case abi::KeyCode::kToken:
      if (spec.text.empty()) refuse("a token's separator has at least one byte, received none");
      separator_word_ = simd::repeat_byte(spec.text[0]);
      return;
    case abi::KeyCode::kJson:
      segments_ = parse_pointer(spec.text);
      return;
  }
  refuse("unknown key kind " + std::to_string(static_cast<std::uint32_t>(spec.kind)));
}

}  // namespace byteor::op

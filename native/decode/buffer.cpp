// See buffer.hpp.
#include "decode/buffer.hpp"

#include <algorithm>

#include "core/coded_error.hpp"

namespace byteor::decode {

void refuse(const std::string& what) {
  throw core::CodedError(abi::ErrorCode::kSpecDamaged, "the lowered plan is damaged or from another release: " + what +
                                                           "; compile the plan again with this release of byteor");
}

void refuse(const std::string& what, std::uint64_t received) {
  refuse(what + " (received " + std::to_string(received) + ")");
}

std::string_view read_id(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto rest = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  if (text.empty() || text.size() > abi::kIdCharsMax || !letter(text[0]) ||
      !std::all_of(text.begin(), text.end(), rest))
    refuse("an id is not an id", text.size());
  return text;
}

}  // namespace byteor::decode

// The condition that filter and reject share: one way to look for one needle, possibly inverted.
// Immutable after construction. Hot code: no allocation, no exception; the constructor, in matcher.cpp, checks.
#pragma once

#include <string>
#include <string_view>

#include "op/op.hpp"
#include "op/search.hpp"

namespace byteor::op {

class Matcher {
 public:
  // Throws CodedError (OP_UNAVAILABLE) when the config names no way to match.
  explicit Matcher(const OpConfig& config);

  // Does the record meet the condition? An empty needle matches every record, but `equals` only an empty one.
  bool matches(std::string_view record) const noexcept { return found(record) != invert_; }

  // The condition as a sentence about a record: `contains "ERROR"`, `does not end with "\x00"`. At most 120 bytes.
  std::string condition() const;

  // Where in the record to look for what the condition speaks of: at the needle, at the end for `ends_with`, else 0.
  std::size_t place_in(std::string_view record) const noexcept;

 private:
  bool found(std::string_view record) const noexcept {
    switch (match_) {
      case abi::MatchCode::kContains:
        return search_.find(record) != nullptr;
      case abi::MatchCode::kStartsWith:
        return starts_with(record, search_.needle());
      case abi::MatchCode::kEndsWith:
        return ends_with(record, search_.needle());
      case abi::MatchCode::kEquals:
        return equals(record, search_.needle());
      case abi::MatchCode::kNone:
        break;
    }
    return false;
  }

  ByteSearch search_;
  abi::MatchCode match_;
  bool invert_;
};

}  // namespace byteor::op

// The condition that filter and reject share: one way to look for one needle, possibly inverted.
// Immutable after construction. Hot code: no allocation, no exception; what reads and tells it is in matcher.cpp.
#pragma once

#include <string>
#include <string_view>

#include "op/op.hpp"
#include "op/search.hpp"

namespace byteor::op {

struct Condition {
  abi::MatchCode match = abi::MatchCode::kContains;
  bool invert = false;
  std::string_view text;

  static Condition read(const decode::Buffer& config);
};

class Matcher {
 public:
  explicit Matcher(const Condition& condition)
      : search_(condition.text), match_(condition.match), invert_(condition.invert) {}

  // Does the record meet the condition? An empty needle matches every record, but `equals` only an empty one.
  bool matches(std::string_view record) const noexcept { return found(record) != invert_; }

  // The condition as a sentence about a record: `contains "ERROR"`, `does not end with "\x00"`. At most 120 bytes.
  std::string condition() const;

  // Where in the record to look for what the condition speaks of: at the needle, at the end for `ends_with`, else 0.
  std::size_t place_in(std::string_view record) const noexcept;

 private:
  bool found(std::string_view record) const noexcept {
    // By far the most frequent, and a comparison costs less than a switch.
    if (match_ == abi::MatchCode::kContains) return search_.find(record) != nullptr;
    switch (match_) {
      case abi::MatchCode::kStartsWith:
        return starts_with(record, search_.needle());
      case abi::MatchCode::kEndsWith:
        return ends_with(record, search_.needle());
      case abi::MatchCode::kEquals:
        return equals(record, search_.needle());
      case abi::MatchCode::kContains:
        break;
    }
    return false;
  }

  ByteSearch search_;
  abi::MatchCode match_;
  bool invert_;
};

}  // namespace byteor::op

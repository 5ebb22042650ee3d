// See matcher.hpp. Control path: allocates and throws.
#include "op/matcher.hpp"

#include "op/text.hpp"

namespace byteor::op {

namespace {

struct Words {
  std::string_view plain;
  std::string_view inverted;
};

Words words_of(abi::MatchCode match) {
  switch (match) {
    case abi::MatchCode::kContains:
      return {"contains ", "does not contain "};
    case abi::MatchCode::kStartsWith:
      return {"starts with ", "does not start with "};
    case abi::MatchCode::kEndsWith:
      return {"ends with ", "does not end with "};
    case abi::MatchCode::kEquals:
      return {"equals ", "does not equal "};
  }
  return {};
}

}  // namespace

Condition Condition::read(const decode::Buffer& config) {
  const auto row = config.at<abi::MatchConfig>(0);
  decode::require(row.invert <= 1, "invert is neither 0 nor 1", row.invert);
  return {decode::read_enum(row.match, abi::MatchCode::kContains, abi::MatchCode::kEquals, "unknown match"),
          row.invert == 1, config.text(row.text_offset, row.text_length)};
}

std::string Matcher::condition() const {
  static constexpr std::size_t kNeedleCharactersMax = 80;
  const Words words = words_of(match_);
  std::string text(invert_ ? words.inverted : words.plain);
  text += '"';
  text += printable(search_.needle(), kNeedleCharactersMax);
  text += '"';
  return text;
}

std::size_t Matcher::place_in(std::string_view record) const noexcept {
  const std::size_t needle_length = search_.needle().size();
  if (match_ == abi::MatchCode::kEndsWith) return record.size() > needle_length ? record.size() - needle_length : 0;
  if (match_ != abi::MatchCode::kContains) return 0;
  const char* const place = search_.find(record);
  return place == nullptr ? 0 : static_cast<std::size_t>(place - record.data());
}

}  // namespace byteor::op

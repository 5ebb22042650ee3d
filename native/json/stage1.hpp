// Where the structure of a JSON text is: simdjson's first stage, which finds every bracket, colon, comma, opening quote
// and start of a scalar, checks that strings end and hold no control character, and that the text is UTF-8. It needs
// no padding behind the text. Nothing else of simdjson is used (docs/decisions/144), and only stage1.cpp includes it.
//
// One thread at a time. The constructor allocates and throws; run() does neither.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace byteor::json {

// Whether this build has simdjson. One without it refuses to make a Stage1 (OP_UNAVAILABLE).
bool has_stage1() noexcept;

// Whether the bytes are UTF-8.
bool is_utf8(std::string_view bytes) noexcept;

class Stage1 {
 public:
  enum class Result : std::uint8_t { kIndexed, kNotUtf8, kNotJson, kTooLong };

  // Throws std::bad_alloc, CodedError (OP_UNAVAILABLE). `bytes_max`: of the longest text.
  explicit Stage1(std::uint32_t bytes_max);
  ~Stage1();

  // Of kIndexed only are there positions. A text of white space is kNotJson.
  Result run(std::string_view text) noexcept;

  // Room for count() + 2 of them.
  std::uint32_t* positions() const noexcept { return positions_; }
  std::uint32_t count() const noexcept { return count_; }

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::uint32_t* positions_ = nullptr;
  std::uint32_t count_ = 0;
  std::uint32_t bytes_max_;
};

}  // namespace byteor::json

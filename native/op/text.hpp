// Bytes of a record or a key as text that a person or a JSON parser can read, whatever they are.
// Any thread. Control path: allocates.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace byteor::op {

// For messages: UTF-8 stays, quotes, backslashes and control characters are escaped as in C (\" \\ \n \x07), a byte
// that is not part of valid UTF-8 is \xHH. At most `characters_max` bytes of text, then "…" when something was left
// out.
std::string printable(std::string_view bytes, std::size_t characters_max);

// For reports: appends a JSON string, quotes included. A byte that is not part of valid UTF-8 becomes \udcHH, a lone
// surrogate, as in Python's "surrogateescape": valid JSON, and different byte strings stay different.
// At most 6 characters a byte, and the quotes.
void append_json_string(std::string& out, std::string_view bytes);

// Length of the valid UTF-8 sequence that `bytes` begins with, 1…4, or 0: overlong forms, surrogates and code points
// over U+10FFFF are not valid.
std::size_t utf8_length(std::string_view bytes) noexcept;

}  // namespace byteor::op

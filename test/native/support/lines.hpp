// What lines are, said a second time and as plainly as possible: the model that the line adapters are compared with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "abi/abi_generated.hpp"

namespace byteor::test {

struct Line {
  std::string bytes;
  abi::TerminatorCode terminator;

  bool operator==(const Line&) const = default;
};

inline std::vector<Line> lines_of(std::string_view content) {
  std::vector<Line> lines;
  std::string bytes;
  for (const char c : content) {
    if (c != '\n') {
      bytes += c;
      continue;
    }
    const bool crlf = bytes.ends_with('\r');
    if (crlf) bytes.pop_back();
    lines.push_back({bytes, crlf ? abi::TerminatorCode::kCrLf : abi::TerminatorCode::kLf});
    bytes.clear();
  }
  if (!bytes.empty()) lines.push_back({bytes, abi::TerminatorCode::kNone});
  return lines;
}

// Every text of at most `length` characters of `alphabet`.
inline std::vector<std::string> all_texts(std::string_view alphabet, std::size_t length) {
  std::vector<std::string> texts{""};
  for (std::size_t begin = 0, round = 0; round < length; ++round) {
    const std::size_t end = texts.size();
    for (; begin != end; ++begin)
      for (const char c : alphabet) texts.push_back(texts[begin] + c);
  }
  return texts;
}

}  // namespace byteor::test

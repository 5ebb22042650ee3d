// What is shown of a record that was rejected: its bytes may be overwritten before anyone asks. keep() is hot code: no
// allocation, no exception; show(), in reject.cpp, is the control path.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace byteor::op {

class RecordExcerpt {
 public:
  // `place`: the byte that is to be seen.
  void keep(std::string_view record, std::size_t place) noexcept {
    begin_ = place > kContextBytes ? place - kContextBytes : 0;
    length_ = std::min(record.size() - begin_, kBytesMax);
    if (length_ != 0) std::memcpy(bytes_.data(), record.data() + begin_, length_);
    record_length_ = record.size();
    kept_ = true;
  }

  bool kept() const noexcept { return kept_; }

  // `; it has 12 bytes: "…"`. At most 200 bytes.
  std::string show() const;

 private:
  static constexpr std::size_t kBytesMax = 128;
  static constexpr std::size_t kContextBytes = 24;

  std::array<char, kBytesMax> bytes_;
  std::size_t begin_ = 0;
  std::size_t length_ = 0;
  std::size_t record_length_ = 0;
  bool kept_ = false;
};

}  // namespace byteor::op

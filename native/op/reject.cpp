// See reject.hpp. Control path: allocates.
#include "op/reject.hpp"

#include "op/text.hpp"

namespace byteor::op {

std::string RejectOp::cause() const {
  static constexpr std::size_t kExcerptCharactersMax = 160;
  if (!failed_) return {};
  std::string text = "reject: the record " + matcher_.condition() + "; it has " + std::to_string(record_length_) +
                     (record_length_ == 1 ? " byte" : " bytes");
  if (excerpt_length_ != 0) {
    std::string shown = printable({excerpt_.data(), excerpt_length_}, kExcerptCharactersMax);
    if (excerpt_begin_ + excerpt_length_ < record_length_ && !shown.ends_with("…")) shown += "…";
    text += excerpt_begin_ == 0 ? ": \"" : ", from byte " + std::to_string(excerpt_begin_) + ": \"…";
    text += shown + "\"";
  }
  return text + ". Correct the input, filter such records out before this stage, or change its condition.";
}

}  // namespace byteor::op

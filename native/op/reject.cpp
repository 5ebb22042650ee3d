// See reject.hpp. Control path: allocates.
#include "op/reject.hpp"

#include "op/text.hpp"

namespace byteor::op {

std::string RecordExcerpt::show() const {
  static constexpr std::size_t kCharactersMax = 160;
  std::string text = "; it has " + std::to_string(record_length_) + (record_length_ == 1 ? " byte" : " bytes");
  if (length_ == 0) return text;
  std::string shown = printable({bytes_.data(), length_}, kCharactersMax);
  if (begin_ + length_ < record_length_ && !shown.ends_with("…")) shown += "…";
  text += begin_ == 0 ? ": \"" : ", from byte " + std::to_string(begin_) + ": \"…";
  return text + shown + "\"";
}

std::string RejectOp::cause() const {
  if (!excerpt_.kept()) return {};
  return "reject: the record " + matcher_.condition() + excerpt_.show() +
         ". Correct the input, filter such records out before this stage, or change its condition.";
}

}  // namespace byteor::op

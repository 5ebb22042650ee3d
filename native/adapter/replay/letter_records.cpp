#include "adapter/replay/letter_records.hpp"

#include <optional>

namespace byteor::adapter {

ReadAnswer LetterRecords::read(std::span<BatchRecord> into) noexcept {
  const std::optional<journal::FedLetter> letter = letters_->next();
  if (!letter.has_value()) return {letters_->failed() ? ReadStatus::kFailed : ReadStatus::kEnd};
  number_ = letter->origin.number;
  into.front() = {letter->body, letter->length, letter->flags};
  return {ReadStatus::kRecords, 1};
}

}  // namespace byteor::adapter

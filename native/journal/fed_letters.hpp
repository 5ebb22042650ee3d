// Letters of a folder that are fed again, in the order in which they were written. Which ones is said by their numbers,
// as ranges: `0-4,7`. Control path until the first is read; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/coded_error.hpp"
#include "journal/journal_reader.hpp"

namespace byteor::journal {

struct FedLetter {
  abi::LetterOrigin origin;
  const std::byte* body;  // the record, as its stage received it; valid until the next call
  std::uint32_t length;
  std::uint32_t flags;  // abi::TerminatorCode in the low bits
};

class FedLetters {
 public:
  // Throws CodedError: OPTION_RANGE for numbers that are no ascending ranges.
  FedLetters(const std::string& folder, std::string_view numbers, platform::Disk* disk = nullptr);

  // The next one; nothing at the end, and when it failed.
  std::optional<FedLetter> next() noexcept;

  bool failed() const noexcept { return reader_.failed(); }
  const core::CodedError& failure() const noexcept { return reader_.failure(); }

 private:
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges_;  // first and last of each
  std::size_t at_ = 0;                                           // the range that is read
  JournalReader reader_;
};

}  // namespace byteor::journal

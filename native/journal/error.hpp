// What can be wrong with a journal, in words. A stated failure has a code, names the file, and says what to do.
// Control path.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace byteor::journal {

// `code` is stable: JOURNAL_OPEN, JOURNAL_LOCKED, JOURNAL_FORMAT, JOURNAL_CODEC, JOURNAL_FOREIGN, JOURNAL_DAMAGED,
// JOURNAL_GAP, JOURNAL_READ, JOURNAL_WRITE, JOURNAL_CURSOR. docs/journal.md explains them one by one.
class JournalError : public std::runtime_error {
 public:
  JournalError(std::string code, const std::string& message) : std::runtime_error(message), code_(std::move(code)) {}
  const std::string& code() const noexcept { return code_; }

 private:
  std::string code_;
};

// "No space left on device", of a negated errno as platform::Disk gives it.
std::string disk_error_text(int error);
// What may help against it.
const char* disk_remedy(int error);
// A path short enough for a failure's cause: a long one loses its middle.
std::string short_path(const std::string& path);

}  // namespace byteor::journal

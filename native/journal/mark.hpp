// How far the records of a journal have come, kept beside them: what a file that is missing or shorter cannot say of
// itself. The writer stores it after each write and sync that it speaks of, and before the promise; docs/journal.md
// says what it proves. Open and read on the control path; the rest belongs to the journal's thread.
#pragma once

#include <cstdint>
#include <string>

#include "journal/folder.hpp"
#include "journal/format.hpp"
#include "journal/slot_file.hpp"

namespace byteor::journal {

class WriterMark {
 public:
  using Content = SlotFile<MarkSlot>::Content;
  // What the file says. Throws CodedError: JOURNAL_DAMAGED when neither of its slots can be believed, JOURNAL_READ.
  static Content read(const Folder& folder);

  // Opens the file, which is made when it is missing. Throws CodedError.
  WriterMark(const Folder& folder, std::uint64_t journal, const Content& content, Made& made)
      : file_(folder, kMarkName, journal, content, made), says_(content.newest.has_value()) {}

  // 0 or a negated errno. What stands there already is not written again.
  int store(std::uint64_t written, std::uint64_t synced, bool sync_failed) noexcept;
  // The same as before, and that a sync has failed. `synced`: what is known to be on the device where nothing was
  // stored.
  void note_failed_sync(std::uint64_t synced) noexcept;
  // 0 or a negated errno.
  int sync() noexcept { return file_.sync(); }
  const std::string& path() const noexcept { return file_.path(); }

 private:
  SlotFile<MarkSlot> file_;
  bool says_;  // something has been stored
};

}  // namespace byteor::journal

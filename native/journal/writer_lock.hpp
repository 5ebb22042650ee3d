// One writer a journal: a lock on the folder, which no removal of a file takes away, and one on the file in it that
// earlier versions take. The file also tells which start of the machine the last writer ran in. Control path, but for
// holds(), which any thread may call.
#pragma once

#include <string>

#include "journal/folder.hpp"

namespace byteor::journal {

class WriterLock {
 public:
  // Takes what can be locked without a change to the folder. Throws CodedError: JOURNAL_LOCKED, JOURNAL_OPEN.
  explicit WriterLock(const Folder& folder);

  // The same for those that take no lock.
  static bool was_restarted(const Folder& folder);

  // The machine may have gone down since the last writer opened the journal, or that cannot be told.
  bool restarted() const noexcept { return restarted_; }

  // Makes the lock's file where it is missing, with room for what note_boot() writes. Throws CodedError.
  void make(const Folder& folder, Made& made);
  // The opening has succeeded: the next writer compares with this start of the machine. `sync`: also its room is to be
  // on the device. Throws CodedError.
  void note_boot(bool sync);

  // False: the file's lock is the only one, and the file was removed or replaced, so that another writer may have one
  // as well.
  bool holds() const noexcept;

  // Another writer may open the journal.
  void release() noexcept;

 private:
  void lock_file(const Folder& folder);

  platform::Disk* disk_;
  std::string path_;
  OpenFile folder_;  // -1: the file system locks no folders
  OpenFile file_;
  std::string boot_;
  bool restarted_ = false;
};

}  // namespace byteor::journal

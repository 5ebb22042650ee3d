#include "journal/writer_lock.hpp"

#include <cerrno>
#include <utility>

#include "core/coded_error.hpp"
#include "journal/error.hpp"
#include "journal/format.hpp"

namespace byteor::journal {

namespace {

[[noreturn]] void fail(const char* what, const std::string& path, int error) {
  throw core::CodedError(abi::ErrorCode::kJournalOpen, std::string("cannot ") + what + " " + path + ": " +
                                                           disk_error_text(error) + "; " + disk_remedy(error));
}

// In a file that no writer has opened a journal with: a start of the machine that never was.
constexpr char kNoBoot = '-';

// What the file says, and one more byte than `boot` has where it is longer.
std::string boot_in(platform::Disk& disk, const OpenFile& file, const std::string& boot) {
  std::string text(boot.size() + 1, '\0');
  const std::int64_t got = disk.read(file.number(), text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

[[noreturn]] void fail_locked(const Folder& folder) {
  throw core::CodedError(abi::ErrorCode::kJournalLocked,
                         "the journal " + folder.path() +
                             " is being written by another pipeline; stop that one, or name another "
                             "folder");
}

}  // namespace

WriterLock::WriterLock(const Folder& folder)
    : disk_(&folder.disk()), path_(folder.path_of(kLockName)), boot_(disk_->boot()) {
  // A descriptor of its own, which release() closes while others still use the folder.
  const int number = disk_->open_folder(folder.path().c_str());
  if (number < 0) fail("open the journal", folder.path(), number);
  folder_ = OpenFile(*disk_, number);
  const int error = disk_->lock(number);
  if (error == -EWOULDBLOCK) fail_locked(folder);
  if (error != 0) folder_ = OpenFile();
  int missing = 0;
  file_ = folder.file(kLockName, platform::FileAccess::kUpdate, missing);
  if (missing == -ENOENT) {
    restarted_ = true;
    return;
  }
  if (missing != 0) fail("open", path_, missing);
  lock_file(folder);
  const std::string before = boot_in(*disk_, file_, boot_);
  restarted_ = boot_.empty() || before != boot_;
}

bool WriterLock::was_restarted(const Folder& folder) {
  int error = 0;
  const OpenFile file = folder.file(kLockName, platform::FileAccess::kRead, error);
  if (error != 0) return true;
  const std::string boot = folder.disk().boot();
  return boot.empty() || boot_in(folder.disk(), file, boot) != boot;
}

void WriterLock::lock_file(const Folder& folder) {
  const int error = disk_->lock(file_.number());
  if (error == -EWOULDBLOCK) fail_locked(folder);
  if (error != 0) fail("lock", path_, error);
}

void WriterLock::make(const Folder& folder, Made& made) {
  if (file_.number() >= 0) return;
  file_ = made.file(folder, kLockName);
  lock_file(folder);
  const std::string none(boot_.size(), kNoBoot);
  std::size_t moved = 0;
  const int error = write_all(*disk_, file_.number(), none.data(), none.size(), 0, moved);
  if (error != 0) fail("write", path_, error);
}

void WriterLock::note_boot(bool sync) {
  if (!restarted_ || boot_.empty()) return;
  std::size_t moved = 0;
  int error = write_all(*disk_, file_.number(), boot_.data(), boot_.size(), 0, moved);
  // What was written there before may have been longer.
  if (error == 0) error = disk_->truncate(file_.number(), boot_.size());
  if (error == 0 && sync) error = disk_->sync_data(file_.number());
  if (error != 0) fail("write", path_, error);
}

bool WriterLock::holds() const noexcept {
  if (folder_.number() >= 0) return true;
  const platform::FileFacts own = disk_->facts(file_.number());
  const platform::FileFacts named = disk_->facts_at(path_.c_str());
  return own.error == 0 && named.error == 0 && own.is_same_file(named);
}

void WriterLock::release() noexcept {
  file_ = OpenFile();
  folder_ = OpenFile();
}

}  // namespace byteor::journal

#include "journal/folder.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>

#include "journal/error.hpp"
#include "journal/format.hpp"

namespace byteor::journal {

namespace {

[[noreturn]] void fail(const char* what, const std::string& path, int error) {
  throw JournalError("JOURNAL_OPEN", std::string("cannot ") + what + " " + path + ": " + disk_error_text(error) + "; " +
                                         disk_remedy(error));
}

std::string parent_of(const std::string& path) {
  const std::size_t end = path.find_last_not_of('/');
  const std::size_t slash = end == std::string::npos ? end : path.find_last_of('/', end);
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// True when a folder was made that was not there before.
bool make_missing(platform::Disk& disk, const std::string& path) {
  int error = disk.make_folder(path.c_str());
  if (error == -ENOENT && parent_of(path) != path) {
    make_missing(disk, parent_of(path));
    error = disk.make_folder(path.c_str());
  }
  if (error == -EEXIST) return false;
  if (error != 0) fail("make the journal's folder", path, error);
  const std::string parent = parent_of(path);
  const OpenFile above(disk, disk.open_folder(parent.c_str()));
  const int synced = above.number() < 0 ? above.number() : disk.sync_folder(above.number());
  if (synced != 0) fail("make the name of the journal's folder safe in", parent, synced);
  return true;
}

}  // namespace

Folder Folder::make(platform::Disk& disk, const std::string& path) {
  make_missing(disk, path);
  return open(disk, path);
}

Folder Folder::open(platform::Disk& disk, const std::string& path) {
  const int number = disk.open_folder(path.c_str());
  if (number < 0) fail("open the journal", path, number);
  return Folder(disk, OpenFile(disk, number), path);
}

OpenFile Folder::file(const char* name, platform::FileAccess access, int& error) const noexcept {
  const int number = disk_->open_file(descriptor(), name, access);
  error = number < 0 ? number : 0;
  return number < 0 ? OpenFile() : OpenFile(*disk_, number);
}

OpenFile Folder::file(const char* name, platform::FileAccess access) const {
  int error = 0;
  OpenFile opened = file(name, access, error);
  if (error != 0) fail("open", path_of(name), error);
  return opened;
}

std::vector<std::uint64_t> Folder::segments() const {
  std::vector<std::string> names;
  const int error = disk_->list(descriptor(), names);
  if (error != 0) fail("list the journal", path_, error);
  std::vector<std::uint64_t> firsts;
  for (const std::string& name : names) {
    if (!name.ends_with(kSegmentEnding)) continue;
    const std::optional<std::uint64_t> first = sequence_of(name);
    if (!first.has_value())
      throw JournalError("JOURNAL_FOREIGN", path_of(name) +
                                                " ends like a segment of a journal, but its name is not a sequence of "
                                                "20 digits; move it out of the folder");
    firsts.push_back(*first);
  }
  std::sort(firsts.begin(), firsts.end());
  return firsts;
}

}  // namespace byteor::journal

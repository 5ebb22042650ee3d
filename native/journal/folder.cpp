#include "journal/folder.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>

#include "core/coded_error.hpp"
#include "journal/error.hpp"
#include "journal/format.hpp"

namespace byteor::journal {

namespace {

[[noreturn]] void fail(const char* what, const std::string& path, int error) {
  throw core::CodedError(abi::ErrorCode::kJournalOpen, std::string("cannot ") + what + " " + path + ": " +
                                                           disk_error_text(error) + "; " + disk_remedy(error));
}

std::string parent_of(const std::string& path) {
  const std::size_t end = path.find_last_not_of('/');
  if (end == std::string::npos) return path.empty() ? "." : "/";
  const std::size_t slash = path.find_last_of('/', end);
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

int write_all(platform::Disk& disk, int file, const void* from, std::size_t bytes, std::uint64_t offset,
              std::size_t& moved) noexcept {
  moved = 0;
  while (moved < bytes) {
    const std::int64_t put =
        disk.write(file, static_cast<const std::byte*>(from) + moved, bytes - moved, offset + moved);
    if (put <= 0) return put < 0 ? static_cast<int>(put) : -ENOSPC;
    moved += static_cast<std::size_t>(put);
  }
  return 0;
}

void Made::folder(const std::string& path) {
  int error = disk_->make_folder(path.c_str());
  const std::string parent = parent_of(path);
  if (error == -ENOENT && parent != path) {
    folder(parent);
    error = disk_->make_folder(path.c_str());
  }
  if (error == -EEXIST) return;
  if (error != 0) fail("make the folder", path, error);
  things_.push_back({path, ""});
}

OpenFile Made::file(const Folder& folder, const char* name) {
  int error = 0;
  OpenFile opened = folder.file(name, platform::FileAccess::kUpdate, error);
  if (error == 0) return opened;
  if (error != -ENOENT) fail("open", folder.path_of(name), error);
  opened = folder.file(name, platform::FileAccess::kCreateNew);
  note(folder, name);
  return opened;
}

void Made::note(const Folder& folder, const char* name) { things_.push_back({folder.path(), name}); }

void Made::take_back() noexcept {
  for (auto thing = things_.rbegin(); thing != things_.rend(); ++thing) {
    if (thing->name.empty()) {
      (void)disk_->remove_folder(thing->folder.c_str());
      continue;
    }
    const OpenFile folder(*disk_, disk_->open_folder(thing->folder.c_str()));
    if (folder.number() >= 0) (void)disk_->remove(folder.number(), thing->name.c_str());
  }
  things_.clear();
}

Folder Folder::open(platform::Disk& disk, const std::string& path) {
  const int number = disk.open_folder(path.c_str());
  if (number < 0) fail("open the journal", path, number);
  return Folder(disk, OpenFile(disk, number), path);
}

void Folder::sync_way() const {
  for (std::string path = path_; path != parent_of(path);) {
    path = parent_of(path);
    const OpenFile above(*disk_, disk_->open_folder(path.c_str()));
    if (above.number() == -EACCES || above.number() == -EPERM) return;
    if (above.number() < 0) fail("open the folder", path, above.number());
    const int error = disk_->sync_folder(above.number());
    if (error != 0) fail("sync the folder", path, error);
  }
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
      throw core::CodedError(abi::ErrorCode::kJournalForeign,
                             path_of(name) +
                                 " ends like a segment of a journal, but its name is not a sequence of "
                                 "20 digits; move it out of the folder");
    firsts.push_back(*first);
  }
  std::sort(firsts.begin(), firsts.end());
  return firsts;
}

}  // namespace byteor::journal

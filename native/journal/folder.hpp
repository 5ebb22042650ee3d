// A journal's folder and the files in it, opened relative to one descriptor. Control path.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "platform/disk.hpp"

namespace byteor::journal {

// An open file or folder, closed with the object.
class OpenFile {
 public:
  OpenFile() = default;
  OpenFile(platform::Disk& disk, int number) noexcept : disk_(&disk), number_(number) {}
  OpenFile(OpenFile&& other) noexcept : disk_(other.disk_), number_(std::exchange(other.number_, -1)) {}
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(disk_, other.disk_);
    std::swap(number_, other.number_);
    return *this;
  }
  ~OpenFile() {
    if (number_ >= 0) disk_->close(number_);
  }

  // -1 when nothing is open.
  int number() const noexcept { return number_; }

 private:
  platform::Disk* disk_ = nullptr;
  int number_ = -1;
};

// Writes all of it, in as many parts as the system makes of it; `moved`: bytes that are in the file. 0 or a negated
// errno.
int write_all(platform::Disk& disk, int file, const void* from, std::size_t bytes, std::uint64_t offset,
              std::size_t& moved) noexcept;

class Folder;

// What an opening has made: taken back with the object, last first, unless keep() was called. A folder that is not
// empty by then stays.
class Made {
 public:
  explicit Made(platform::Disk& disk) : disk_(&disk) {}
  Made(Made&& other) noexcept : disk_(other.disk_), things_(std::exchange(other.things_, {})), kept_(other.kept_) {}
  Made& operator=(Made&&) = delete;
  ~Made() {
    if (!kept_) take_back();
  }

  // Makes a folder, and those above it that are missing, each 0700. Throws CodedError.
  void folder(const std::string& path);
  // Opens a file, which is made when it is missing. Throws CodedError.
  OpenFile file(const Folder& folder, const char* name);
  // A file of this name was made by other means.
  void note(const Folder& folder, const char* name);

  bool empty() const noexcept { return things_.empty(); }
  void keep() noexcept { kept_ = true; }
  // Also after keep().
  void take_back() noexcept;

 private:
  struct Thing {
    std::string folder;
    std::string name;  // empty: the folder itself
  };
  platform::Disk* disk_;
  std::vector<Thing> things_;
  bool kept_ = false;
};

class Folder {
 public:
  static Folder open(platform::Disk& disk, const std::string& path);

  // The names on the way to the folder are on the device, as far up as may be looked at. Throws CodedError.
  void sync_way() const;

  platform::Disk& disk() const noexcept { return *disk_; }
  int descriptor() const noexcept { return folder_.number(); }
  const std::string& path() const noexcept { return path_; }
  std::string path_of(const std::string& name) const { return path_ + "/" + name; }

  // Gives its descriptor back; the path stays known, and nothing can be opened any more.
  void close() noexcept { folder_ = OpenFile(); }

  // Opens a file in it; number() < 0 and `error` set when it cannot be.
  OpenFile file(const char* name, platform::FileAccess access, int& error) const noexcept;
  // Throws CodedError (JOURNAL_OPEN) instead.
  OpenFile file(const char* name, platform::FileAccess access) const;

  // First sequences of all segments, in order. Throws CodedError: JOURNAL_FOREIGN for a name that ends like a
  // segment's and is none.
  std::vector<std::uint64_t> segments() const;

 private:
  Folder(platform::Disk& disk, OpenFile folder, std::string path)
      : disk_(&disk), folder_(std::move(folder)), path_(std::move(path)) {}

  platform::Disk* disk_;
  OpenFile folder_;
  std::string path_;
};

}  // namespace byteor::journal

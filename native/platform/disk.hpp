// The calls to the operating system that a journal's safety rests on, one function each, so that a test can put a disk
// in their place that is full, fails or loses what was not synced. Numbers are answered as they come: a count or a
// descriptor when it went well, a negated errno when not. Nothing here throws, and nothing allocates but list() and
// boot(). Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace byteor::platform {

enum class FileAccess {
  kRead,
  kUpdate,     // read and write a file that is there
  kCreate,     // the same, made when it is missing (mode 0600)
  kCreateNew,  // the same, -EEXIST when it is there
};

struct FileFacts {
  int error = 0;  // negated errno
  std::uint64_t bytes = 0;
  std::uint64_t links = 0;  // 0: its last name has been removed, and it goes with its last descriptor
  // Which file it is: two names, or a name and a descriptor, that agree in both mean the same one.
  std::uint64_t device = 0;
  std::uint64_t inode = 0;

  bool is_same_file(const FileFacts& other) const noexcept { return device == other.device && inode == other.inode; }
};

class Disk {
 public:
  virtual ~Disk() = default;
  // This machine's.
  static Disk& system() noexcept;

  // A folder of mode 0700, without its parents; -EEXIST when something has that name.
  virtual int make_folder(const char* path) noexcept;
  // An empty one; -ENOTEMPTY otherwise.
  virtual int remove_folder(const char* path) noexcept;
  virtual int open_folder(const char* path) noexcept;
  // Relative to an open folder, so that the folder cannot be swapped in between. Links are not followed.
  virtual int open_file(int folder, const char* name, FileAccess access) noexcept;
  virtual void close(int descriptor) noexcept;

  // May move fewer bytes than asked for; 0 from read: the end.
  virtual std::int64_t read(int file, void* to, std::size_t bytes, std::uint64_t offset) noexcept;
  virtual std::int64_t write(int file, const void* from, std::size_t bytes, std::uint64_t offset) noexcept;
  virtual FileFacts facts(int file) noexcept;
  // Of what has this name now; a link is not followed at its end.
  virtual FileFacts facts_at(const char* path) noexcept;
  virtual int truncate(int file, std::uint64_t bytes) noexcept;

  // The content of a file, and what is needed to read it back, is on the device.
  virtual int sync_data(int file) noexcept;
  // The names in a folder are on the device.
  virtual int sync_folder(int folder) noexcept;

  virtual int remove(int folder, const char* name) noexcept;
  // A file that has the new name already is replaced.
  virtual int rename(int folder, const char* from, const char* to) noexcept;
  virtual int list(int folder, std::vector<std::string>& names);
  // A lock on a file or a folder that goes with its descriptor, also when the process is killed; -EWOULDBLOCK when
  // another descriptor has it. Some file systems lock no folders: another error.
  virtual int lock(int descriptor) noexcept;

  // Milliseconds since 1970.
  virtual std::uint64_t wall_ms() noexcept;
  // Differs from start to start of the machine; empty where it cannot be told.
  virtual std::string boot();
};

// Keeps a write to a closed pipe or past the file size limit from ending the process with a signal: for the calling
// thread only, which then gets an error number instead. Called from the thread that writes.
void block_write_signals() noexcept;

}  // namespace byteor::platform

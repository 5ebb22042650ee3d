#include "platform/disk.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "platform/retry.hpp"

namespace byteor::platform {

Disk& Disk::system() noexcept {
  // Never destroyed: the thread of a journal may outlive the objects of the library it is loaded with.
  static Disk& disk = *new Disk;
  return disk;
}

std::uint64_t Disk::wall_ms() noexcept {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
}

namespace {

int answer(int result) noexcept { return result >= 0 ? result : -errno; }

FileFacts facts_of(const struct stat& facts) noexcept {
  return {0, static_cast<std::uint64_t>(facts.st_size), static_cast<std::uint64_t>(facts.st_nlink),
          static_cast<std::uint64_t>(facts.st_dev), static_cast<std::uint64_t>(facts.st_ino)};
}

}  // namespace

int Disk::make_folder(const char* path) noexcept { return answer(mkdir(path, 0700)); }

int Disk::remove_folder(const char* path) noexcept { return answer(rmdir(path)); }

int Disk::open_folder(const char* path) noexcept { return answer(::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }

int Disk::open_file(int folder, const char* name, FileAccess access) noexcept {
  // Not blocking, so that a FIFO with a segment's name is an error and not a wait.
  int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  flags |= access == FileAccess::kRead ? O_RDONLY : O_RDWR;
  if (access == FileAccess::kCreate) flags |= O_CREAT;
  if (access == FileAccess::kCreateNew) flags |= O_CREAT | O_EXCL;
  return answer(openat(folder, name, flags, 0600));
}

void Disk::close(int descriptor) noexcept { ::close(descriptor); }

std::int64_t Disk::read(int file, void* to, std::size_t bytes, std::uint64_t offset) noexcept {
  const ssize_t got = retry_interrupted([=] { return pread(file, to, bytes, static_cast<off_t>(offset)); });
  return got >= 0 ? got : -errno;
}

std::int64_t Disk::write(int file, const void* from, std::size_t bytes, std::uint64_t offset) noexcept {
  const ssize_t put = retry_interrupted([=] { return pwrite(file, from, bytes, static_cast<off_t>(offset)); });
  return put >= 0 ? put : -errno;
}

FileFacts Disk::facts(int file) noexcept {
  struct stat facts {};
  if (fstat(file, &facts) != 0) return {.error = -errno};
  return facts_of(facts);
}

FileFacts Disk::facts_at(const char* path) noexcept {
  struct stat facts {};
  if (lstat(path, &facts) != 0) return {.error = -errno};
  return facts_of(facts);
}

int Disk::truncate(int file, std::uint64_t bytes) noexcept {
  return answer(ftruncate(file, static_cast<off_t>(bytes)));
}

int Disk::sync_data(int file) noexcept {
#if defined(__APPLE__)
  // fsync(2) leaves the data in the device's own cache there.
  return answer(fcntl(file, F_FULLFSYNC));
#else
  return answer(fdatasync(file));
#endif
}

int Disk::sync_folder(int folder) noexcept {
  if (fsync(folder) == 0) return 0;
  // Some file systems keep names safe by themselves and refuse the call.
  return errno == EINVAL || errno == ENOTSUP ? 0 : -errno;
}

int Disk::remove(int folder, const char* name) noexcept { return answer(unlinkat(folder, name, 0)); }

int Disk::rename(int folder, const char* from, const char* to) noexcept {
  return answer(renameat(folder, from, folder, to));
}

int Disk::list(int folder, std::vector<std::string>& names) {
  // A descriptor of its own: reading a folder moves a position that all copies share.
  const int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (own < 0) return -errno;
  DIR* const entries = fdopendir(own);
  if (entries == nullptr) {
    const int error = -errno;
    ::close(own);
    return error;
  }
  errno = 0;
  while (const dirent* entry = readdir(entries)) names.emplace_back(entry->d_name);
  const int error = -errno;
  closedir(entries);
  return error;
}

int Disk::lock(int descriptor) noexcept { return answer(flock(descriptor, LOCK_EX | LOCK_NB)); }

std::string Disk::boot() {
  std::string text(64, '\0');
  const int file = ::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  const std::int64_t got = file < 0 ? 0 : read(file, text.data(), text.size(), 0);
  if (file >= 0) ::close(file);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text.substr(0, text.find('\n'));
}

void block_write_signals() noexcept {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  sigaddset(&signals, SIGXFSZ);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace byteor::platform

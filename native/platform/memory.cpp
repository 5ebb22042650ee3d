#include "platform/memory.hpp"

#include <stdexcept>
#include <utility>

#if defined(_WIN32)
#include <windows.h>
#else
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "platform/retry.hpp"
#endif

namespace byteor::platform {

namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

[[noreturn]] void fail(std::size_t bytes, const std::string& where, const std::string& why) {
  throw std::runtime_error(std::to_string(bytes) + " bytes cannot be mapped" + where + " (" + why +
                           "); ask for less: fewer shards, a smaller capacity or a smaller record maximum");
}

}  // namespace

Mapping::Mapping(Mapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)),
      path_(std::exchange(other.path_, {})) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  std::swap(path_, other.path_);
  return *this;
}

#if defined(_WIN32)

Mapping::~Mapping() {
  if (data_ != nullptr) VirtualFree(data_, 0, MEM_RELEASE);
}

void Mapping::remove_file() const noexcept {}

Mapping Mapping::anonymous(std::size_t bytes, const MappingOptions& options) {
  void* data = VirtualAlloc(nullptr, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  if (data == nullptr) fail(bytes, "", "error " + std::to_string(GetLastError()));
  Mapping mapping(static_cast<std::byte*>(data), bytes);
  mapping.prepare(options);
  return mapping;
}

Mapping Mapping::shared(const UserFolder&, const std::string& name, std::size_t bytes, const MappingOptions&) {
  fail(bytes, " for " + name, "observation needs Linux or macOS");
}

void Mapping::prepare(const MappingOptions& options) noexcept {
  if (!options.prefault) return;
  for (std::size_t at = 0; at < bytes_; at += 4096) *static_cast<volatile std::byte*>(data_ + at) = std::byte{0};
}

#else

Mapping::~Mapping() {
  if (data_ == nullptr) return;
  munmap(data_, bytes_);
  remove_file();
}

void Mapping::remove_file() const noexcept {
  if (!path_.empty()) unlink(path_.c_str());
}

namespace {

// A mapping that begins at a multiple of a huge page: map more, cut both ends off.
std::byte* map_aligned(std::size_t bytes) {
  const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* raw = mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  std::byte* const begin = static_cast<std::byte*>(raw);
  const std::size_t before = (kHugePage - reinterpret_cast<std::uintptr_t>(begin) % kHugePage) % kHugePage;
  std::byte* const data = begin + before;
  if (before > 0) munmap(begin, before);
  std::byte* const end = data + (bytes + page - 1) / page * page;
  const std::size_t after = static_cast<std::size_t>(begin + bytes + kHugePage - end);
  if (after >= page) munmap(end, after / page * page);
  return data;
}

#if defined(__linux__)

// What cannot fit is refused before a byte of it is taken from those who share the file system.
bool has_room(int descriptor, std::size_t bytes) {
  struct statvfs facts {};
  // A tmpfs without a limit says that it has no blocks.
  if (fstatvfs(descriptor, &facts) != 0 || facts.f_blocks == 0) return true;
  return bytes / facts.f_frsize <= facts.f_bavail;
}

// Reserves the file's blocks; ftruncate alone would only promise them. tmpfs gives up, and takes back what it had done,
// when a signal waits for the thread; so it is asked for a piece at a time, each again until it is there.
int reserve(int descriptor, std::size_t bytes) {
  if (!has_room(descriptor, bytes)) return ENOSPC;
  constexpr std::size_t kPiece = std::size_t{16} << 20;
  for (std::size_t at = 0; at < bytes;) {
    const std::size_t piece = std::min(bytes - at, kPiece);
    const int error = posix_fallocate(descriptor, static_cast<off_t>(at), static_cast<off_t>(piece));
    if (error == EINTR) continue;
    if (error != 0) return error;
    at += piece;
  }
  return 0;
}

#else

int reserve(int descriptor, std::size_t bytes) {
  return retry_interrupted([&] { return ftruncate(descriptor, static_cast<off_t>(bytes)); }) == 0 ? 0 : errno;
}

#endif

// Handlers run on other threads meanwhile; what cannot be blocked ends the process anyway.
class BlockedSignals {
 public:
  BlockedSignals() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_;
};

bool lacks_room(int error) { return error == ENOSPC || error == ENOMEM || error == EDQUOT || error == EFBIG; }

[[noreturn]] void fail_file(std::size_t bytes, const std::string& path, int error) {
  const std::string why = std::strerror(error);
  if (lacks_room(error)) fail(bytes, " in " + path, why);
  throw FolderError(path + " cannot be made for a pipeline that is observed (" + why +
                    "); look at its folder, or set XDG_RUNTIME_DIR to another one");
}

}  // namespace

Mapping Mapping::anonymous(std::size_t bytes, const MappingOptions& options) {
  std::byte* data = nullptr;
  if (options.huge_pages) {
    data = map_aligned(bytes);
  } else {
    void* mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped != MAP_FAILED) data = static_cast<std::byte*>(mapped);
  }
  if (data == nullptr) fail(bytes, "", std::strerror(errno));
  Mapping mapping(data, bytes);
  mapping.prepare(options);
  return mapping;
}

Mapping Mapping::shared(const UserFolder& folder, const std::string& name, std::size_t bytes,
                        const MappingOptions& options) {
  const std::string path = folder.path() + "/" + name;
  const BlockedSignals blocked;
  const int descriptor = retry_interrupted([&] {
    return openat(folder.descriptor(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  });
  if (descriptor < 0) fail_file(bytes, path, errno);
  int error = reserve(descriptor, bytes);
  void* data = MAP_FAILED;
  if (error == 0) {
    data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (data == MAP_FAILED) error = errno;
  }
  close(descriptor);
  if (error != 0) {
    unlinkat(folder.descriptor(), name.c_str(), 0);
    fail_file(bytes, path, error);
  }
  Mapping mapping(static_cast<std::byte*>(data), bytes);
  mapping.path_ = path;
  mapping.prepare(options);
  return mapping;
}

void Mapping::prepare(const MappingOptions& options) noexcept {
#if defined(MADV_HUGEPAGE)
  if (options.huge_pages) madvise(data_, bytes_, MADV_HUGEPAGE);
#endif
  if (!options.prefault) return;
#if defined(MADV_POPULATE_WRITE)
  if (madvise(data_, bytes_, MADV_POPULATE_WRITE) == 0) return;
#endif
  const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  for (std::size_t at = 0; at < bytes_; at += page) *static_cast<volatile std::byte*>(data_ + at) = std::byte{0};
}

#endif

}  // namespace byteor::platform

#include "platform/memory.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "core/coded_error.hpp"
#include "platform/retry.hpp"

namespace byteor::platform {

namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

[[noreturn]] void fail(std::size_t bytes, const std::string& where, const std::string& why) {
  throw core::CodedError(abi::ErrorCode::kNoMemory,
                         std::to_string(bytes) + " bytes cannot be mapped" + where + " (" + why +
                             "); ask for less: fewer shards, a smaller capacity or a smaller record maximum");
}

}  // namespace

Mapping::Mapping(Mapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)),
      whole_(std::exchange(other.whole_, nullptr)),
      whole_bytes_(std::exchange(other.whole_bytes_, 0)),
      path_(std::exchange(other.path_, {})) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  std::swap(whole_, other.whole_);
  std::swap(whole_bytes_, other.whole_bytes_);
  std::swap(path_, other.path_);
  return *this;
}

Mapping::~Mapping() {
  if (whole_ == nullptr) return;
  munmap(whole_, whole_bytes_);
  remove_file();
}

void Mapping::remove_file() const noexcept {
  if (!path_.empty()) unlink(path_.c_str());
}

namespace {

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
int reserve_blocks(int descriptor, std::size_t bytes) {
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

int reserve_blocks(int descriptor, std::size_t bytes) {
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
  throw core::CodedError(abi::ErrorCode::kObserveFolder,
                         path + " cannot be made for a pipeline that is observed (" + why +
                             "); look at its folder, or set XDG_RUNTIME_DIR to another one");
}

}  // namespace

Mapping Mapping::reserve(std::size_t bytes, std::size_t alignment) {
  Mapping mapping;
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t rounded = (bytes + page - 1) / page * page;
  // A page before the first multiple of the alignment at least, and one behind the end.
  const std::size_t whole_bytes = rounded + std::max(alignment, page) + page;
  void* const whole = mmap(nullptr, whole_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (whole == MAP_FAILED) return mapping;
  mapping.whole_ = static_cast<std::byte*>(whole);
  mapping.whole_bytes_ = whole_bytes;
  const auto first = reinterpret_cast<std::uintptr_t>(mapping.whole_ + page);
  mapping.data_ = mapping.whole_ + page + (alignment - first % alignment) % alignment;
  mapping.bytes_ = bytes;
  return mapping;
}

Mapping Mapping::anonymous(std::size_t bytes, const MappingOptions& options) {
  Mapping mapping = reserve(bytes, options.huge_pages ? kHugePage : 1);
  if (mapping.data_ == nullptr ||
      mmap(mapping.data_, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
    fail(bytes, "", std::strerror(errno));
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
  int error = reserve_blocks(descriptor, bytes);
  Mapping mapping;
  if (error == 0) {
    mapping = reserve(bytes, 1);
    if (mapping.data_ == nullptr ||
        mmap(mapping.data_, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, descriptor, 0) == MAP_FAILED)
      error = errno;
  }
  close(descriptor);
  if (error != 0) {
    unlinkat(folder.descriptor(), name.c_str(), 0);
    fail_file(bytes, path, error);
  }
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

}  // namespace byteor::platform

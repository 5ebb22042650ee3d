#include "platform/file_use.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "platform/retry.hpp"

namespace byteor::platform {

#if defined(F_OFD_SETLK)

namespace {

// No file of a file system in use is as long.
constexpr off_t kWriters = off_t{1} << 62;
constexpr off_t kReaders = kWriters + 1;

// False only when another opening is in the way: a file system without locks keeps nothing apart.
bool mark(int descriptor, short type, off_t at) noexcept {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = at;
  lock.l_len = 1;
  const int result = retry_interrupted([&] { return fcntl(descriptor, F_OFD_SETLK, &lock); });
  return result == 0 || (errno != EAGAIN && errno != EACCES);
}

}  // namespace

FileConflict begin_file_use(int descriptor, FileUse use) noexcept {
  if (use == FileUse::kRead) {
    // In the way can only be a writer that empties it at this moment; what is there then may be read.
    mark(descriptor, F_RDLCK, kReaders);
    return FileConflict::kNone;
  }
  if (!mark(descriptor, F_WRLCK, kWriters)) return FileConflict::kWritten;
  if (use == FileUse::kAppend || mark(descriptor, F_WRLCK, kReaders)) return FileConflict::kNone;
  end_file_use(descriptor);
  return FileConflict::kRead;
}

void file_is_emptied(int descriptor) noexcept { mark(descriptor, F_UNLCK, kReaders); }

void end_file_use(int descriptor) noexcept {
  mark(descriptor, F_UNLCK, kReaders);
  mark(descriptor, F_UNLCK, kWriters);
}

#else

FileConflict begin_file_use(int descriptor, FileUse use) noexcept {
  if (use == FileUse::kRead || flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
    return FileConflict::kNone;
  return FileConflict::kWritten;
}

void file_is_emptied(int) noexcept {}
void end_file_use(int descriptor) noexcept { flock(descriptor, LOCK_UN); }

#endif

}  // namespace byteor::platform

// Preloaded before a process of a test: while the file named by BYTEOR_TEST_HANG exists, a sync of a file does not
// return, as on a network disk whose server is gone. Afterwards it goes on.
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace {
void wait_for_device() {
  const char* const path = std::getenv("BYTEOR_TEST_HANG");
  while (path != nullptr && ::access(path, F_OK) == 0) ::usleep(2000);
}
}  // namespace

extern "C" int fdatasync(int file) {
  wait_for_device();
  return static_cast<int>(::syscall(SYS_fdatasync, file));
}

extern "C" int fsync(int file) {
  wait_for_device();
  return static_cast<int>(::syscall(SYS_fsync, file));
}


#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include "adapter/lines/file.hpp"
#include "adapter/opened_file.hpp"
#include "core/coded_error.hpp"
#include "platform/disk.hpp"
#include "platform/file_use.hpp"
#include "platform/retry.hpp"

namespace byteor::adapter {

namespace {

#if defined(MSG_NOSIGNAL)
constexpr int kSendFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
#else
constexpr int kSendFlags = MSG_DONTWAIT;
#endif

FileKind kind_of(int descriptor, const struct stat& facts) {
  if (S_ISREG(facts.st_mode)) return FileKind::kRegular;
  if (S_ISFIFO(facts.st_mode)) return FileKind::kPipe;
  if (S_ISSOCK(facts.st_mode)) return FileKind::kSocket;
  if (isatty(descriptor)) return FileKind::kTerminal;
  return FileKind::kDevice;
}

// `events` that are ready at this moment, errors and hang-ups included; POLLNVAL never happens to an open descriptor.
short ready(int descriptor, short events) noexcept {
  pollfd polled{descriptor, events, 0};
  return poll(&polled, 1, 0) > 0 ? polled.revents : short{0};
}

// A second, private opening of an inherited pipe or terminal; invalid when the system refuses.
Descriptor reopen(int descriptor, int flags) {
#if defined(__linux__)
  const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  return Descriptor(::open(path.c_str(), flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY), true);
#else
  static_cast<void>(descriptor);
  static_cast<void>(flags);
  return {};
#endif
}

bool shares_its_flags(FileKind kind) { return kind == FileKind::kPipe || kind == FileKind::kTerminal; }

const char* open_remedy(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return "check the path";
    case EACCES:
    case EPERM:
    case EROFS:
      return "change its permissions or use another file";
    case EISDIR:
      return "name a file in it";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (ulimit -n)";
    case ENXIO:
      return "if it is a FIFO, start its reader first; a socket cannot be opened by path";
    default:
      return "use another file";
  }
}

[[noreturn]] void fail_open(bool reading, const std::string& name, int error) {
  throw core::CodedError(reading ? abi::ErrorCode::kInputOpen : abi::ErrorCode::kOutputOpen,
                         std::string("cannot ") + (reading ? "read " : "write ") + name + ": " + error_text(error) +
                             "; " + open_remedy(error));
}

struct stat facts_of(bool reading, int descriptor, const std::string& name) {
  struct stat facts {};
  if (fstat(descriptor, &facts) != 0) {
    if (errno == EBADF)
      throw core::CodedError(reading ? abi::ErrorCode::kInputOpen : abi::ErrorCode::kOutputOpen,
                             std::string("cannot ") + (reading ? "read " : "write ") + name +
                                 ": it is closed; redirect it or name a file");
    fail_open(reading, name, errno);
  }
  if (S_ISDIR(facts.st_mode)) fail_open(reading, name, EISDIR);
  const int mode = fcntl(descriptor, F_GETFL) & O_ACCMODE;
  if (mode == (reading ? O_WRONLY : O_RDONLY))
    throw core::CodedError(reading ? abi::ErrorCode::kInputOpen : abi::ErrorCode::kOutputOpen,
                           std::string("cannot ") + (reading ? "read " : "write ") + name + ": it is open only for " +
                               (reading ? "writing" : "reading") + "; redirect it the other way or name a file");
  return facts;
}

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept
    : number_(std::exchange(other.number_, -1)), owned_(std::exchange(other.owned_, false)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  std::swap(owned_, other.owned_);
  return *this;
}

int Descriptor::close() noexcept {
  const int number = std::exchange(number_, -1);
  if (number < 0 || !std::exchange(owned_, false)) return 0;
  // An interrupted close has closed the descriptor all the same.
  return ::close(number) == 0 || errno == EINTR ? 0 : errno;
}

InputFile InputFile::open(const std::string& path) {
  const int number =
      platform::retry_interrupted([&] { return ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY); });
  if (number < 0) fail_open(true, path, errno);
  return InputFile(Descriptor(number, true), path);
}

InputFile InputFile::lend(int descriptor, std::string name) {
  InputFile file(Descriptor(descriptor, false), std::move(name));
  if (!shares_its_flags(file.kind_)) return file;
  file.own_ = reopen(descriptor, O_RDONLY);
  file.poll_first_ = file.own_.number() < 0;
  return file;
}

InputFile::InputFile(Descriptor given, std::string name) : given_(std::move(given)), name_(std::move(name)) {
  const struct stat facts = facts_of(true, given_.number(), name_);
  kind_ = kind_of(given_.number(), facts);
  if (kind_ != FileKind::kRegular) return;
  const off_t at = lseek(given_.number(), 0, SEEK_CUR);
  if (at >= 0 && facts.st_size > at) bytes_ahead_ = static_cast<std::uint64_t>(facts.st_size - at);
#if defined(POSIX_FADV_SEQUENTIAL)
  posix_fadvise(given_.number(), 0, 0, POSIX_FADV_SEQUENTIAL);
#endif
}

bool InputFile::readable_now() const noexcept { return ready(given_.number(), POLLIN) != 0; }

// A pipe without a writer reads as empty both before the first writer came and after the last one left. Only poll(2) on
// the descriptor as it was opened first tells which: it reports a hang-up only for writers it has seen.
bool InputFile::hung_up() const noexcept { return (ready(given_.number(), POLLIN) & (POLLHUP | POLLERR)) != 0; }

void InputFile::begin_use() noexcept {
  if (kind_ == FileKind::kRegular) platform::begin_file_use(given_.number(), platform::FileUse::kRead);
}

TransferResult InputFile::read(std::byte* to, std::size_t bytes) noexcept {
  if (poll_first_ && !readable_now()) return {Transfer::kNotNow};
  const int from = own_.number() >= 0 ? own_.number() : given_.number();
  for (bool last_look = false;;) {
    const ssize_t got = kind_ == FileKind::kSocket ? recv(from, to, bytes, MSG_DONTWAIT) : ::read(from, to, bytes);
    if (got > 0) return {Transfer::kBytes, static_cast<std::size_t>(got)};
    if (got == 0) {
      if (kind_ != FileKind::kPipe || last_look) return {Transfer::kEnd};
      if (!hung_up()) return {Transfer::kNotNow};
      // A writer may have come, written and left since the read.
      last_look = true;
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {Transfer::kNotNow};
    return {Transfer::kError, 0, errno};
  }
}

core::WaitDescriptor InputFile::wait() const noexcept { return {given_.number(), POLLIN}; }

void InputFile::close() noexcept {
  if (kind_ == FileKind::kRegular && given_.number() >= 0) platform::end_file_use(given_.number());
  own_.close();
  given_.close();
}

OutputFile OutputFile::open(const std::string& path, bool append) {
  const int flags = O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | (append ? O_APPEND : 0);
  const int number = platform::retry_interrupted([&] { return ::open(path.c_str(), flags, 0666); });
  if (number < 0) fail_open(false, path, errno);
  OutputFile file(Descriptor(number, true), path);
  file.append_ = append;
  file.replace_ = !append;
  return file;
}

OutputFile OutputFile::lend(int descriptor, std::string name) {
  OutputFile file(Descriptor(descriptor, false), std::move(name));
  if (!shares_its_flags(file.kind_)) return file;
  file.own_ = reopen(descriptor, O_WRONLY);
  file.poll_first_ = file.own_.number() < 0;
  return file;
}

OutputFile::OutputFile(Descriptor given, std::string name) : given_(std::move(given)), name_(std::move(name)) {
  kind_ = kind_of(given_.number(), facts_of(false, given_.number(), name_));
}

void OutputFile::begin_use() {
  if (kind_ != FileKind::kRegular) return;
  const platform::FileConflict conflict =
      platform::begin_file_use(given_.number(), replace_ ? platform::FileUse::kReplace : platform::FileUse::kAppend);
  if (conflict == platform::FileConflict::kNone) return;
  const std::string other = "another pipeline, of this process or of another, is ";
  throw core::CodedError(
      abi::ErrorCode::kOutputBusy,
      "cannot write " + name_ + ": " + other +
          (conflict == platform::FileConflict::kWritten
               ? "writing it, and their lines would be mixed; let that one end, or name another file"
               : "reading it, and what it has not read would be emptied away; let that one end, append, "
                 "or name another file"));
}

int OutputFile::truncate() noexcept {
  if (!replace_ || kind_ != FileKind::kRegular) return 0;
  if (platform::retry_interrupted([&] { return ftruncate(given_.number(), 0); }) != 0) return errno;
  platform::file_is_emptied(given_.number());
  return 0;
}

bool OutputFile::ends_inside_a_line() const noexcept {
  struct stat facts {};
  if (!append_ || kind_ != FileKind::kRegular || fstat(given_.number(), &facts) != 0 || facts.st_size == 0)
    return false;
  // The descriptor is open only for writing; without the right to read, the file is taken as it is.
  const Descriptor reading(
      platform::retry_interrupted([&] { return ::open(name_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY); }), true);
  char last = '\n';
  if (reading.number() < 0 || !same_file(reading.number(), given_.number())) return false;
  const auto got = platform::retry_interrupted([&] { return pread(reading.number(), &last, 1, facts.st_size - 1); });
  return got == 1 && last != '\n';
}

TransferResult OutputFile::write(const std::byte* from, std::size_t bytes) noexcept {
  if (poll_first_) {
    if (ready(given_.number(), POLLOUT) == 0) return {Transfer::kNotNow};
    // As much as a pipe that is ready takes without waiting.
    bytes = std::min(bytes, static_cast<std::size_t>(PIPE_BUF));
  }
  for (;;) {
    const ssize_t put =
        kind_ == FileKind::kSocket ? send(target(), from, bytes, kSendFlags) : ::write(target(), from, bytes);
    if (put > 0) return {Transfer::kBytes, static_cast<std::size_t>(put)};
    if (put == 0) return {Transfer::kError, 0, EIO};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {Transfer::kNotNow};
    if (errno == EPIPE || errno == ECONNRESET) return {Transfer::kReaderGone};
    return {Transfer::kError, 0, errno};
  }
}

core::WaitDescriptor OutputFile::wait() const noexcept { return {target(), POLLOUT}; }

int OutputFile::close() noexcept {
  if (kind_ == FileKind::kRegular && given_.number() >= 0) platform::end_file_use(given_.number());
  own_.close();
  return given_.close();
}

void block_write_signals() noexcept { platform::block_write_signals(); }

}  // namespace byteor::adapter

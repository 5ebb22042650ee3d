// Windows has no poll(2) over files and pipes, so here adapters block in their own calls, on their own thread; stopping
// a pipeline waits for the read or write in progress. The rest is the same.
#if defined(_WIN32)

#include <fcntl.h>
#include <io.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

#include "adapter/error.hpp"
#include "adapter/file.hpp"

namespace byteor::adapter {

namespace {

FileKind kind_of(int descriptor) {
  struct _stat64 facts {};
  if (_fstat64(descriptor, &facts) == 0 && (facts.st_mode & _S_IFREG) != 0) return FileKind::kRegular;
  return _isatty(descriptor) ? FileKind::kTerminal : FileKind::kDevice;
}

unsigned int_size(std::size_t bytes) { return static_cast<unsigned>(std::min<std::size_t>(bytes, INT_MAX)); }

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
  return _close(number) == 0 ? 0 : errno;
}

InputFile InputFile::open(const std::string& path) {
  const int number = _open(path.c_str(), _O_RDONLY | _O_BINARY | _O_NOINHERIT | _O_SEQUENTIAL);
  if (number < 0)
    throw AdapterError("INPUT_OPEN", "cannot read " + path + ": " + error_text(errno) + "; check the path");
  return InputFile(Descriptor(number, true), path);
}

InputFile InputFile::lend(int descriptor, std::string name) {
  _setmode(descriptor, _O_BINARY);
  return InputFile(Descriptor(descriptor, false), std::move(name));
}

InputFile::InputFile(Descriptor given, std::string name)
    : given_(std::move(given)), name_(std::move(name)), kind_(kind_of(given_.number())) {
  const __int64 length = kind_ == FileKind::kRegular ? _filelengthi64(given_.number()) : -1;
  const __int64 at = length > 0 ? _telli64(given_.number()) : -1;
  if (at >= 0 && length > at) bytes_ahead_ = static_cast<std::uint64_t>(length - at);
}

void InputFile::begin_use() noexcept {}

TransferResult InputFile::read(std::byte* to, std::size_t bytes) noexcept {
  const int got = _read(given_.number(), to, int_size(bytes));
  if (got > 0) return {Transfer::kBytes, static_cast<std::size_t>(got)};
  if (got == 0 || errno == EPIPE) return {Transfer::kEnd};
  return {Transfer::kError, 0, errno};
}

core::WaitDescriptor InputFile::wait() const noexcept { return {}; }
void InputFile::close() noexcept { given_.close(); }

OutputFile OutputFile::open(const std::string& path, bool append) {
  const int flags = _O_WRONLY | _O_CREAT | _O_BINARY | _O_NOINHERIT | (append ? _O_APPEND : 0);
  const int number = _open(path.c_str(), flags, _S_IREAD | _S_IWRITE);
  if (number < 0)
    throw AdapterError("OUTPUT_OPEN", "cannot write " + path + ": " + error_text(errno) + "; use another file");
  OutputFile file(Descriptor(number, true), path);
  file.append_ = append;
  file.replace_ = !append;
  return file;
}

OutputFile OutputFile::lend(int descriptor, std::string name) {
  _setmode(descriptor, _O_BINARY);
  return OutputFile(Descriptor(descriptor, false), std::move(name));
}

OutputFile::OutputFile(Descriptor given, std::string name)
    : given_(std::move(given)), name_(std::move(name)), kind_(kind_of(given_.number())) {}

void OutputFile::begin_use() {}

int OutputFile::truncate() noexcept {
  if (!replace_ || kind_ != FileKind::kRegular) return 0;
  return _chsize_s(given_.number(), 0);
}

bool OutputFile::ends_inside_a_line() const noexcept {
  if (!append_ || kind_ != FileKind::kRegular) return false;
  const Descriptor reading(_open(name_.c_str(), _O_RDONLY | _O_BINARY | _O_NOINHERIT), true);
  char last = '\n';
  return reading.number() >= 0 && _lseeki64(reading.number(), -1, SEEK_END) >= 0 &&
         _read(reading.number(), &last, 1) == 1 && last != '\n';
}

TransferResult OutputFile::write(const std::byte* from, std::size_t bytes) noexcept {
  const int put = _write(target(), from, int_size(bytes));
  if (put > 0) return {Transfer::kBytes, static_cast<std::size_t>(put)};
  if (put == 0) return {Transfer::kError, 0, ENOSPC};
  return errno == EPIPE ? TransferResult{Transfer::kReaderGone} : TransferResult{Transfer::kError, 0, errno};
}

core::WaitDescriptor OutputFile::wait() const noexcept { return {}; }
int OutputFile::close() noexcept { return given_.close(); }

bool same_file(int descriptor, int other) noexcept {
  // The C library gives no file numbers here; equal descriptors are all it can tell.
  return descriptor == other;
}

void block_write_signals() noexcept {}

}  // namespace byteor::adapter

#endif

// Files, pipes, terminals and sockets as adapters use them: never waiting. A pipe or a terminal that this process
// inherited shares its flags with the process that handed it down, so it is not made non-blocking in place: it is
// opened a second time through /proc/self/fd, with flags of its own. Where that is refused, every access asks poll(2)
// first. Ordinary files are read and written as they are; the kernel answers for them from its cache.
//
// Opening is control path and throws CodedError. Reading and writing belong to the adapter's thread, and never throw.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "core/agent.hpp"

namespace byteor::adapter {

// An operating system's descriptor, closed with the object unless it was only lent.
class Descriptor {
 public:
  Descriptor() = default;
  Descriptor(int number, bool owned) noexcept : number_(number), owned_(owned) {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { close(); }

  int number() const noexcept { return number_; }
  // The error of close(2), or 0; a lent descriptor is only forgotten.
  int close() noexcept;

 private:
  int number_ = -1;
  bool owned_ = false;
};

enum class FileKind { kRegular, kPipe, kTerminal, kSocket, kDevice };

enum class Transfer {
  kBytes,       // `bytes` > 0 were moved
  kNotNow,      // wait for wait() and try again
  kEnd,         // reading: nothing more will come
  kReaderGone,  // writing: no reader is left
  kError,       // `error` is an errno
};

struct TransferResult {
  Transfer outcome;
  std::size_t bytes = 0;
  int error = 0;
};

class InputFile {
 public:
  static InputFile open(const std::string& path);
  // A descriptor that is not ours, such as standard input; stays open. `name` is what messages call it.
  static InputFile lend(int descriptor, std::string name);

  // Other pipelines know that it is read (platform/file_use.hpp). After refuse_same_file().
  void begin_use() noexcept;

  TransferResult read(std::byte* to, std::size_t bytes) noexcept;
  // What to poll for after kNotNow.
  core::WaitDescriptor wait() const noexcept;
  void close() noexcept;

  const std::string& name() const noexcept { return name_; }
  FileKind kind() const noexcept { return kind_; }
  // What lies ahead, when the size is known and not 0 (files that the kernel makes up have size 0).
  std::optional<std::uint64_t> bytes_ahead() const noexcept { return bytes_ahead_; }
  // For OpenedFile.
  int descriptor() const noexcept { return given_.number(); }

 private:
  InputFile(Descriptor given, std::string name);
  bool readable_now() const noexcept;
  bool hung_up() const noexcept;

  Descriptor given_;
  Descriptor own_;  // a pipe's or terminal's second opening; number -1 when `given_` is read
  std::string name_;
  FileKind kind_ = FileKind::kRegular;
  bool poll_first_ = false;
  std::optional<std::uint64_t> bytes_ahead_;
};

class OutputFile {
 public:
  // Creates the file when it is missing. Does not empty it: the caller compares it with its inputs first.
  static OutputFile open(const std::string& path, bool append);
  static OutputFile lend(int descriptor, std::string name);

  // Keeps other pipelines from writing it, and from being emptied under them. After refuse_same_file(), before
  // truncate(). Throws CodedError (OUTPUT_BUSY).
  void begin_use();

  // Empties a file that open() was asked to replace. The error number, or 0.
  int truncate() noexcept;
  // Appending to a file whose last line has no terminator: the next line would be glued to it.
  bool ends_inside_a_line() const noexcept;

  TransferResult write(const std::byte* from, std::size_t bytes) noexcept;
  core::WaitDescriptor wait() const noexcept;
  // What close(2) had to say: a network file system may report a full disk only here. 0 when all is well.
  int close() noexcept;

  const std::string& name() const noexcept { return name_; }
  FileKind kind() const noexcept { return kind_; }
  int descriptor() const noexcept { return given_.number(); }

 private:
  OutputFile(Descriptor given, std::string name);
  int target() const noexcept { return own_.number() >= 0 ? own_.number() : given_.number(); }

  Descriptor given_;
  Descriptor own_;
  std::string name_;
  FileKind kind_ = FileKind::kRegular;
  bool poll_first_ = false;
  bool replace_ = false;
  bool append_ = false;
};

// Keeps a write to a closed pipe or past the file size limit from ending the process with a signal: for the calling
// thread only, which then gets an error number instead. Called from the thread that writes.
void block_write_signals() noexcept;

// "No space left on device", and what may help against it.
std::string error_text(int error);
const char* write_remedy(int error);
// A name short enough for a failure's cause: long paths lose their middle.
std::string short_name(const std::string& name);

}  // namespace byteor::adapter

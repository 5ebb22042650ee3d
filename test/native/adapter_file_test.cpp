// What files, pipes, terminals and sockets do when an adapter opens them, and what is said when they cannot be.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>

#include "abi/words.hpp"
#include "adapter/lines/file.hpp"
#include "adapter/opened_file.hpp"
#include "core/coded_error.hpp"
#include "support/no_descriptors.hpp"
#include "support/temp_folder.hpp"

namespace byteor::adapter {
namespace {

// "CODE message", or "" when nothing is thrown.
std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const core::CodedError& error) {
    return std::string(abi::word_of(error.code())) + " " + error.what();
  }
  return "";
}

std::string read_all(InputFile& file) {
  std::string content;
  std::byte block[64];
  for (;;) {
    const TransferResult result = file.read(block, sizeof block);
    if (result.outcome != Transfer::kBytes) return content;
    content.append(reinterpret_cast<const char*>(block), result.bytes);
  }
}

TransferResult write_text(OutputFile& file, const std::string& text) {
  return file.write(reinterpret_cast<const std::byte*>(text.data()), text.size());
}

struct Pipe {
  Pipe() {
    if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  }
  ~Pipe() {
    close_reading();
    close_writing();
  }
  void close_reading() { close_once(ends[0]); }
  void close_writing() { close_once(ends[1]); }
  static void close_once(int& end) {
    if (end >= 0) close(end);
    end = -1;
  }
  int ends[2];
};

TEST(InputFile, NamesAMissingFile) {
  EXPECT_EQ(refusal([] { InputFile::open("missing/file.log"); }),
            "INPUT_OPEN cannot read missing/file.log: No such file or directory; check the path");
  EXPECT_EQ(refusal([] { InputFile::open(""); }), "INPUT_OPEN cannot read : No such file or directory; check the path");
}

TEST(InputFile, RefusesADirectoryByPathAndAsStandardInput) {
  const test::TempFolder temp;
  EXPECT_EQ(refusal([&] { InputFile::open(temp.path()); }),
            "INPUT_OPEN cannot read " + temp.path() + ": Is a directory; name a file in it");
  const int folder = ::open(temp.path().c_str(), O_RDONLY | O_DIRECTORY);
  EXPECT_EQ(refusal([&] { InputFile::lend(folder, "standard input"); }),
            "INPUT_OPEN cannot read standard input: Is a directory; name a file in it");
  close(folder);
}

TEST(InputFile, RefusesAClosedDescriptorAndOneForWriting) {
  EXPECT_EQ(refusal([] { InputFile::lend(987654, "standard input"); }),
            "INPUT_OPEN cannot read standard input: it is closed; redirect it or name a file");
  Pipe pipe;
  EXPECT_EQ(refusal([&] { InputFile::lend(pipe.ends[1], "standard input"); }),
            "INPUT_OPEN cannot read standard input: it is open only for writing; redirect it the other way or name a "
            "file");
}

TEST(InputFile, RefusesAFileWithoutPermission) {
  const test::TempFolder temp;
  const std::string path = temp.write("secret", "x");
  ASSERT_EQ(chmod(path.c_str(), 0), 0);
  int answer[2];
  ASSERT_EQ(pipe(answer), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (geteuid() == 0 && setuid(65534) != 0) _exit(1);  // root may read everything
    const std::string text = refusal([&] { InputFile::open(path); });
    _exit(write(answer[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  close(answer[1]);
  InputFile child_says = InputFile::lend(answer[0], "child");
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_EQ(read_all(child_says),
            "INPUT_OPEN cannot read " + path + ": Permission denied; change its permissions or use another file");
  close(answer[0]);
}

TEST(InputFile, KnowsHowMuchLiesAheadFromWhereTheDescriptorStands) {
  const test::TempFolder temp;
  const std::string path = temp.write("file", "0123456789");
  EXPECT_EQ(InputFile::open(path).bytes_ahead(), 10u);
  const int descriptor = ::open(path.c_str(), O_RDONLY);
  ASSERT_EQ(lseek(descriptor, 4, SEEK_SET), 4);
  InputFile file = InputFile::lend(descriptor, "standard input");
  EXPECT_EQ(file.bytes_ahead(), 6u);
  EXPECT_EQ(read_all(file), "456789") << "a redirected file is read on from where it stands";
  close(descriptor);
  EXPECT_EQ(InputFile::open("/proc/self/status").bytes_ahead(), std::nullopt) << "its size is said to be 0";
}

TEST(InputFile, ReadsALentPipeWithoutChangingItsFlags) {
  Pipe pipe;
  InputFile file = InputFile::lend(pipe.ends[0], "standard input");
  std::byte block[8];
  EXPECT_EQ(file.read(block, sizeof block).outcome, Transfer::kNotNow);
  EXPECT_EQ(fcntl(pipe.ends[0], F_GETFL) & O_NONBLOCK, 0) << "whoever shares the pipe would fail with EAGAIN";
  ASSERT_EQ(write(pipe.ends[1], "abc", 3), 3);
  EXPECT_EQ(read_all(file), "abc");
  EXPECT_EQ(file.read(block, sizeof block).outcome, Transfer::kNotNow);
  pipe.close_writing();
  EXPECT_EQ(file.read(block, sizeof block).outcome, Transfer::kEnd);
}

TEST(InputFile, ReadsALentPipeThatCannotBeOpenedAgain) {
  Pipe pipe;
  std::optional<InputFile> file;
  {
    const test::NoDescriptors none;
    file = InputFile::lend(pipe.ends[0], "standard input");
  }
  std::byte block[8];
  EXPECT_EQ(file->read(block, sizeof block).outcome, Transfer::kNotNow) << "it would have to wait";
  ASSERT_EQ(write(pipe.ends[1], "abc", 3), 3);
  EXPECT_EQ(read_all(*file), "abc");
  pipe.close_writing();
  EXPECT_EQ(file->read(block, sizeof block).outcome, Transfer::kEnd);
}

TEST(InputFile, LeavesALentDescriptorOpen) {
  Pipe pipe;
  { InputFile::lend(pipe.ends[0], "standard input").close(); }
  EXPECT_NE(fcntl(pipe.ends[0], F_GETFD), -1);
}

TEST(InputFile, AFifoIsNotAtItsEndBeforeAWriterCame) {
  const test::TempFolder temp;
  ASSERT_EQ(mkfifo(temp.path("fifo").c_str(), 0600), 0);
  InputFile file = InputFile::open(temp.path("fifo"));
  std::byte block[8];
  EXPECT_EQ(file.read(block, sizeof block).outcome, Transfer::kNotNow);
  const int writer = ::open(temp.path("fifo").c_str(), O_WRONLY);
  EXPECT_EQ(file.read(block, sizeof block).outcome, Transfer::kNotNow);
  ASSERT_EQ(write(writer, "abc", 3), 3);
  close(writer);
  EXPECT_EQ(read_all(file), "abc");
  EXPECT_EQ(file.read(block, sizeof block).outcome, Transfer::kEnd);
}

TEST(InputFile, ALentFifoWhoseWriterLeftBeforeIsReadToItsEnd) {
  const test::TempFolder temp;
  ASSERT_EQ(mkfifo(temp.path("fifo").c_str(), 0600), 0);
  const int both = ::open(temp.path("fifo").c_str(), O_RDWR);  // lets the two ends open without waiting
  const int reader = ::open(temp.path("fifo").c_str(), O_RDONLY);
  ASSERT_EQ(write(both, "abc", 3), 3);
  close(both);
  InputFile file = InputFile::lend(reader, "standard input");
  EXPECT_EQ(read_all(file), "abc");
  std::byte block[8];
  EXPECT_EQ(file.read(block, sizeof block).outcome, Transfer::kEnd);
  close(reader);
}

TEST(InputFile, ReadsATerminalWithoutWaiting) {
  const int keyboard = posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(keyboard, 0);
  ASSERT_EQ(grantpt(keyboard), 0);
  ASSERT_EQ(unlockpt(keyboard), 0);
  const int terminal = ::open(ptsname(keyboard), O_RDWR | O_NOCTTY);
  ASSERT_GE(terminal, 0);
  InputFile file = InputFile::lend(terminal, "standard input");
  EXPECT_EQ(file.kind(), FileKind::kTerminal);
  std::byte block[8];
  EXPECT_EQ(file.read(block, sizeof block).outcome, Transfer::kNotNow);
  EXPECT_EQ(fcntl(terminal, F_GETFL) & O_NONBLOCK, 0);
  ASSERT_EQ(write(keyboard, "hi\n", 3), 3);
  TransferResult result = file.read(block, sizeof block);
  EXPECT_EQ(result.bytes, 3u);
  ASSERT_EQ(write(keyboard, "\x04", 1), 1);  // Ctrl-D
  EXPECT_EQ(file.read(block, sizeof block).outcome, Transfer::kEnd);
  close(terminal);
  close(keyboard);
}

TEST(InputFile, ReadsASocketWithoutWaiting) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  InputFile file = InputFile::lend(ends[0], "standard input");
  std::byte block[8];
  EXPECT_EQ(file.read(block, sizeof block).outcome, Transfer::kNotNow);
  ASSERT_EQ(write(ends[1], "abc", 3), 3);
  EXPECT_EQ(read_all(file), "abc");
  close(ends[1]);
  EXPECT_EQ(file.read(block, sizeof block).outcome, Transfer::kEnd);
  close(ends[0]);
}

TEST(InputFile, AReadErrorIsAnErrorNumber) {
  InputFile file = InputFile::open("/proc/self/mem");  // nothing is mapped at address 0
  std::byte block[8];
  const TransferResult result = file.read(block, sizeof block);
  EXPECT_EQ(result.outcome, Transfer::kError);
  EXPECT_EQ(result.error, EIO);
}

TEST(OutputFile, NamesWhatCannotBeWritten) {
  const test::TempFolder temp;
  EXPECT_EQ(refusal([&] { OutputFile::open(temp.path(), false); }),
            "OUTPUT_OPEN cannot write " + temp.path() + ": Is a directory; name a file in it");
  EXPECT_EQ(refusal([&] { OutputFile::open(temp.path("no/file"), false); }),
            "OUTPUT_OPEN cannot write " + temp.path("no/file") + ": No such file or directory; check the path");
  EXPECT_EQ(refusal([] { OutputFile::lend(987654, "standard output"); }),
            "OUTPUT_OPEN cannot write standard output: it is closed; redirect it or name a file");
  Pipe pipe;
  EXPECT_EQ(refusal([&] { OutputFile::lend(pipe.ends[0], "standard output"); }),
            "OUTPUT_OPEN cannot write standard output: it is open only for reading; redirect it the other way or name "
            "a file");
}

TEST(OutputFile, RefusesAFifoThatNobodyReads) {
  const test::TempFolder temp;
  ASSERT_EQ(mkfifo(temp.path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(refusal([&] { OutputFile::open(temp.path("fifo"), false); }),
            "OUTPUT_OPEN cannot write " + temp.path("fifo") +
                ": No such device or address; if it is a FIFO, start its reader first; a socket cannot be opened by "
                "path");
}

TEST(OutputFile, IsEmptiedOnlyWhenAskedTo) {
  const test::TempFolder temp;
  const std::string path = temp.write("file", "old");
  OutputFile replaced = OutputFile::open(path, false);
  EXPECT_EQ(temp.read("file"), "old") << "it may be the input";
  EXPECT_EQ(replaced.truncate(), 0);
  EXPECT_EQ(temp.read("file"), "");
}

TEST(OutputFile, AppendingKeepsWhatIsThere) {
  const test::TempFolder temp;
  const std::string path = temp.write("file", "old");
  OutputFile appended = OutputFile::open(path, true);
  EXPECT_EQ(appended.truncate(), 0);
  EXPECT_TRUE(appended.ends_inside_a_line());
  EXPECT_EQ(write_text(appended, "new").bytes, 3u);
  EXPECT_EQ(temp.read("file"), "oldnew");
  temp.write("whole", "line\n");
  EXPECT_FALSE(OutputFile::open(temp.path("whole"), true).ends_inside_a_line());
  EXPECT_FALSE(OutputFile::open(temp.path("new"), true).ends_inside_a_line());
}

TEST(OutputFile, ARedirectedFileIsNeitherEmptiedNorRewound) {
  const test::TempFolder temp;
  const int descriptor = ::open(temp.write("file", "head:").c_str(), O_WRONLY | O_APPEND);
  OutputFile file = OutputFile::lend(descriptor, "standard output");
  EXPECT_EQ(file.truncate(), 0);
  EXPECT_EQ(write_text(file, "x").bytes, 1u);
  EXPECT_EQ(file.close(), 0);
  EXPECT_EQ(temp.read("file"), "head:x");
  close(descriptor);
}

// Writes until nothing more goes in; how much did.
std::size_t fill(OutputFile& file) {
  std::size_t total = 0;
  for (;;) {
    const TransferResult result = write_text(file, std::string(10000, 'x'));
    if (result.outcome != Transfer::kBytes) return total;
    total += result.bytes;
  }
}

TEST(OutputFile, AFullPipeIsNotWaitedFor) {
  Pipe pipe;
  OutputFile file = OutputFile::lend(pipe.ends[1], "standard output");
  EXPECT_GT(fill(file), 0u);
  EXPECT_EQ(write_text(file, "x").outcome, Transfer::kNotNow);
  EXPECT_EQ(fcntl(pipe.ends[1], F_GETFL) & O_NONBLOCK, 0);
}

TEST(OutputFile, AFullPipeThatCannotBeOpenedAgainIsNotWaitedFor) {
  Pipe pipe;
  std::optional<OutputFile> file;
  {
    const test::NoDescriptors none;
    file = OutputFile::lend(pipe.ends[1], "standard output");
  }
  EXPECT_GT(fill(*file), 0u);
  EXPECT_EQ(write_text(*file, "x").outcome, Transfer::kNotNow);
}

TEST(OutputFile, AReaderThatLeftIsNoError) {
  block_write_signals();
  Pipe pipe;
  OutputFile file = OutputFile::lend(pipe.ends[1], "standard output");
  pipe.close_reading();
  EXPECT_EQ(write_text(file, "x").outcome, Transfer::kReaderGone);
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  OutputFile socket = OutputFile::lend(ends[0], "standard output");
  close(ends[1]);
  EXPECT_EQ(write_text(socket, "x").outcome, Transfer::kReaderGone);
  close(ends[0]);
}

TEST(OutputFile, AFullDeviceIsAnErrorNumber) {
  OutputFile file = OutputFile::open("/dev/full", false);
  EXPECT_EQ(file.truncate(), 0);
  const TransferResult result = write_text(file, "x");
  EXPECT_EQ(result.outcome, Transfer::kError);
  EXPECT_EQ(result.error, ENOSPC);
}

template <class File>
OpenedFile opened(const File& file) {
  return {file.descriptor(), file.name()};
}

TEST(SameFile, IsRefusedAlsoThroughAnotherName) {
  const test::TempFolder temp;
  const std::string path = temp.write("file", "x\n");
  ASSERT_EQ(link(path.c_str(), temp.path("hard").c_str()), 0);
  ASSERT_EQ(symlink(path.c_str(), temp.path("soft").c_str()), 0);
  for (const char* name : {"file", "hard", "soft"}) {
    EXPECT_EQ(refusal([&] {
                const InputFile input = InputFile::open(path);
                const OutputFile output = OutputFile::open(temp.path(name), false);
                refuse_same_file(opened(input), opened(output));
              }),
              "SAME_FILE " + path + " and " + temp.path(name) +
                  " are the same file, which would be overwritten while it is read; write to another file");
  }
  EXPECT_EQ(temp.read("file"), "x\n");
}

TEST(SameFile, DoesNotMeanDevicesOrEqualContent) {
  const test::TempFolder temp;
  const InputFile null = InputFile::open("/dev/null");
  EXPECT_EQ(refusal([&] { refuse_same_file(opened(null), opened(OutputFile::open("/dev/null", false))); }), "");
  const InputFile one = InputFile::open(temp.write("one", "x"));
  EXPECT_EQ(refusal([&] { refuse_same_file(opened(one), opened(OutputFile::open(temp.write("two", "x"), false))); }),
            "");
}

std::string claim(OutputFile& file) {
  return refusal([&] { file.begin_use(); });
}

TEST(FileUse, OneFileHasOneWriter) {
  const test::TempFolder temp;
  const std::string path = temp.write("file", "x\n");
  ASSERT_EQ(link(path.c_str(), temp.path("hard").c_str()), 0);
  OutputFile first = OutputFile::open(path, true);
  EXPECT_EQ(claim(first), "");
  EXPECT_EQ(claim(first), "") << "of its own use it takes no notice";
  for (const bool append : {true, false}) {
    OutputFile second = OutputFile::open(temp.path("hard"), append);
    EXPECT_EQ(claim(second), "OUTPUT_BUSY cannot write " + temp.path("hard") +
                                 ": another pipeline, of this process or of another, is writing it, and their lines "
                                 "would be mixed; let that one end, or name another file");
  }
  first.close();
  OutputFile third = OutputFile::open(path, false);
  EXPECT_EQ(claim(third), "");
  EXPECT_EQ(temp.read("file"), "x\n") << "it was not emptied";
}

TEST(FileUse, AFileIsNotEmptiedUnderItsReaders) {
  const test::TempFolder temp;
  const std::string path = temp.write("file", "x\n");
  InputFile reader = InputFile::open(path);
  reader.begin_use();
  InputFile other = InputFile::open(path);
  other.begin_use();
  OutputFile replaced = OutputFile::open(path, false);
  EXPECT_EQ(claim(replaced), "OUTPUT_BUSY cannot write " + path +
                                 ": another pipeline, of this process or of another, is reading it, and what it has "
                                 "not read would be emptied away; let that one end, append, or name another file");
  OutputFile appended = OutputFile::open(path, true);
  EXPECT_EQ(claim(appended), "") << "a refused writer keeps no other away";
  appended.close();
  reader.close();
  EXPECT_NE(claim(replaced), "");
  other.close();
  EXPECT_EQ(claim(replaced), "");
  EXPECT_EQ(replaced.truncate(), 0);
  InputFile late = InputFile::open(path);
  late.begin_use();
  OutputFile again = OutputFile::open(path, false);
  replaced.close();
  EXPECT_NE(claim(again), "") << "a reader that came after it was emptied counts";
}

TEST(FileUse, EndsWithALentDescriptorThatStaysOpen) {
  const test::TempFolder temp;
  const std::string path = temp.write("file", "");
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  OutputFile lent = OutputFile::lend(descriptor, "standard output");
  EXPECT_EQ(claim(lent), "");
  OutputFile other = OutputFile::open(path, true);
  EXPECT_NE(claim(other), "");
  EXPECT_EQ(lent.close(), 0);
  EXPECT_EQ(claim(other), "");
  close(descriptor);
}

TEST(FileUse, IsNoMatterOfPipesAndDevices) {
  for (int i = 0; i < 2; ++i) {
    static std::vector<OutputFile> kept;
    kept.push_back(OutputFile::open("/dev/null", false));
    EXPECT_EQ(claim(kept.back()), "");
  }
}

TEST(ShortName, KeepsTheEndsOfALongPath) {
  EXPECT_EQ(short_name("a/b.log"), "a/b.log");
  const std::string path = "/start" + std::string(500, 'x') + "/end.log";
  EXPECT_LT(short_name(path).size(), 210u);
  EXPECT_TRUE(short_name(path).starts_with("/start"));
  EXPECT_TRUE(short_name(path).ends_with("x/end.log"));
}

}  // namespace
}  // namespace byteor::adapter

// What pipelines, of one process or of several, do with one ordinary file at a time: any number may read it, one may
// write it, and it is emptied only while no pipeline reads it. Two writers would mix parts of their lines, and emptying
// a file takes from its readers what they have not read.
//
// The marks are advisory locks of an open file (fcntl, F_OFD_SETLK) on two bytes far behind any content, so they hold
// under every name of the file, go with the descriptor, also when the process is killed, and are in no other
// program's way. Where the kernel has none (macOS), flock(2) keeps writers apart; where a file system keeps no
// locks, nothing is kept apart. Control path; any thread.
#pragma once

namespace byteor::platform {

enum class FileUse { kRead, kAppend, kReplace };

enum class FileConflict {
  kNone,
  kWritten,  // another opening of the file is being written
  kRead,     // another opening is being read, and would be emptied
};

// Marks the open file behind `descriptor`, until end_file_use() or its last close. Never waits.
FileConflict begin_file_use(int descriptor, FileUse use) noexcept;
// A file that was to be replaced has been emptied: from now on it may be read again.
void file_is_emptied(int descriptor) noexcept;
// For a descriptor that others hold too, such as standard output.
void end_file_use(int descriptor) noexcept;

}  // namespace byteor::platform

// What the tests of the journal share: records whose content follows from their sequence, and files changed by hand.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "abi/words.hpp"
#include "core/coded_error.hpp"
#include "journal/journal_files.hpp"
#include "journal/journal_reader.hpp"
#include "temp_folder.hpp"

namespace byteor::test {

// The record that a test appends with `sequence`: 0 to 96 bytes, its terminator one of three.
inline std::string record_text(std::uint64_t sequence) {
  std::string text = "record " + std::to_string(sequence) + ":";
  const std::size_t bytes = static_cast<std::size_t>(sequence * 37 % 97);
  while (text.size() < bytes) text += static_cast<char>('a' + (sequence + text.size()) % 26);
  return text.substr(0, bytes);
}
inline std::uint32_t record_flags(std::uint64_t sequence) { return static_cast<std::uint32_t>(sequence % 3); }

inline bool append_text(journal::JournalFiles& files, std::string text, std::uint32_t flags = 0) {
  const lane::LaneRecord record{reinterpret_cast<std::byte*>(text.data()), static_cast<std::uint32_t>(text.size()),
                                flags, 0};
  return files.append({&record, 1}) == 1;
}

inline bool append_record(journal::JournalFiles& files) {
  const std::uint64_t sequence = files.next_sequence();
  return append_text(files, record_text(sequence), record_flags(sequence));
}

// `count` records, a commit after every `batch`.
inline bool append_records(journal::JournalFiles& files, std::uint64_t count, std::uint64_t batch = 1) {
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!append_record(files)) return false;
    if ((i + 1) % batch == 0 && !files.commit()) return false;
  }
  return files.commit();
}

inline journal::JournalOptions journal_in(const std::string& folder) {
  journal::JournalOptions options;
  options.folder = folder;
  return options;
}

// A journal named `lane` on a disk of the test's.
inline journal::JournalOptions journal_on(platform::Disk& disk, const TempFolder& temp,
                                          abi::FsyncCode fsync = abi::FsyncCode::kEachBatch) {
  journal::JournalOptions options = journal_in(temp.path("lane"));
  options.disk = &disk;
  options.fsync = fsync;
  return options;
}

// Blocks so small that a test fills some.
inline journal::JournalOptions in_small_blocks(const std::string& folder, abi::FsyncCode fsync) {
  journal::JournalOptions options = journal_in(folder);
  options.fsync = fsync;
  options.buffer_bytes = 4096;
  return options;
}

// Reads from `first` to the end; every record must be the one that its sequence says. Returns how many there were.
inline std::uint64_t read_records(journal::JournalReader& reader) {
  journal::JournalRecord records[16];
  std::uint64_t count = 0;
  while (const std::uint32_t got = reader.read(records, 16)) {
    for (std::uint32_t i = 0; i < got; ++i) {
      const std::string text(reinterpret_cast<const char*>(records[i].data), records[i].length);
      EXPECT_EQ(text, record_text(records[i].sequence)) << records[i].sequence;
      EXPECT_EQ(records[i].flags, record_flags(records[i].sequence));
      EXPECT_EQ(records[i].sequence + got - i, reader.next());
    }
    count += got;
  }
  return count;
}

inline std::uint64_t read_records(const std::string& folder, std::uint64_t from = 0) {
  journal::ReaderOptions options;
  options.folder = folder;
  journal::JournalReader reader(options);
  if (from != 0) reader.seek(from);
  const std::uint64_t count = read_records(reader);
  EXPECT_FALSE(reader.failed()) << reader.failure().what();
  return count;
}

// The failure that `run` must end with.
template <class Run>
std::string failure_of(const std::string& code, Run&& run) {
  try {
    run();
  } catch (const core::CodedError& error) {
    EXPECT_EQ(abi::word_of(error.code()), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no failure, where " << code << " was expected";
  return {};
}

inline std::vector<std::string> segment_names(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".journal") names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

inline std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void overwrite(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

// What a journal's files say of themselves beside the segments, put back as it was at an earlier moment: how a writer
// that was killed then has left them.
class EarlierWord {
 public:
  explicit EarlierWord(std::string folder)
      : folder_(std::move(folder)),
        mark_(slurp(folder_ + "/writer.mark")),
        cursor_(slurp(folder_ + "/reader.cursor")) {}
  void put_back() const {
    overwrite(folder_ + "/writer.mark", mark_);
    overwrite(folder_ + "/reader.cursor", cursor_);
  }

 private:
  const std::string folder_;
  const std::string mark_;
  const std::string cursor_;
};

// Every file of a folder with its content.
inline std::vector<std::pair<std::string, std::string>> contents_of(const std::string& folder) {
  std::vector<std::pair<std::string, std::string>> contents;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    contents.emplace_back(entry.path().filename().string(), slurp(entry.path().string()));
  std::sort(contents.begin(), contents.end());
  return contents;
}

}  // namespace byteor::test

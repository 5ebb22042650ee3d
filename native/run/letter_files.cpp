#include "run/letter_files.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "core/coded_error.hpp"
#include "core/cpu.hpp"
#include "journal/journal_files.hpp"
#include "journal/journal_reader.hpp"
#include "journal/letters_agent.hpp"

namespace byteor::run {
namespace {

constexpr std::size_t kPageBytes = 256 * 1024;

struct PageRow {
  std::uint64_t number;
  std::uint32_t length;
  std::uint32_t zero;
};

void put(std::vector<std::byte>& page, const journal::JournalRecord& record) {
  const PageRow row{record.sequence, record.length, 0};
  const std::size_t at = page.size();
  page.resize(core::round_up(at + sizeof row + record.length, 8));
  std::memcpy(page.data() + at, &row, sizeof row);
  if (record.length != 0) std::memcpy(page.data() + at + sizeof row, record.data, record.length);
}

std::unique_ptr<journal::JournalFiles> open_files(const std::string& folder, std::uint32_t record_max) {
  // A wrong path is told here, before a folder is made.
  { const journal::JournalReader known({.folder = folder, .type = journal::kLettersType}); }
  journal::JournalOptions options;
  options.folder = folder;
  options.type = journal::kLettersType;
  options.record_max = record_max;
  return journal::JournalFiles::open(options);
}

}  // namespace

std::vector<std::byte> read_letters(const std::string& folder, std::optional<std::uint64_t> after) {
  journal::JournalReader reader({.folder = folder, .type = journal::kLettersType});
  std::vector<std::byte> page;
  // Not the one behind it: no record may have that number.
  if (after.has_value()) reader.seek(*after);
  std::array<journal::JournalRecord, 64> records;
  while (page.size() < kPageBytes) {
    const std::uint32_t count = reader.read(records.data(), page.empty() ? 1 : records.size());
    for (std::uint32_t i = 0; i < count; ++i)
      if (!after.has_value() || records[i].sequence > *after) put(page, records[i]);
    if (reader.failed() && page.empty()) throw reader.failure();
    if (count == 0) break;
  }
  return page;
}

std::uint64_t prune_letters(const std::string& folder, std::uint64_t before) {
  const auto files = open_files(folder, 1);
  if (!files->remove_before(before)) throw core::CodedError(abi::ErrorCode::kJournalWrite, files->failure());
  const std::uint64_t first = files->status().first;
  files->close();
  return first;
}

void append_letter(const std::string& folder, std::span<const std::byte> record) {
  const auto files = open_files(folder, static_cast<std::uint32_t>(std::max<std::size_t>(record.size(), 1)));
  std::vector<std::byte> bytes(record.begin(), record.end());
  const lane::LaneRecord row{bytes.data(), static_cast<std::uint32_t>(bytes.size()), 0, 0};
  if (files->append({&row, 1}) != 1 || !files->commit())
    throw core::CodedError(abi::ErrorCode::kJournalWrite, files->failure());
  files->close();
}

}  // namespace byteor::run

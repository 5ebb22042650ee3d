#include "journal/fed_letters.hpp"

#include <charconv>
#include <cstring>

#include "journal/letters_agent.hpp"

namespace byteor::journal {
namespace {

ReaderOptions options_of(const std::string& folder, platform::Disk* disk) {
  ReaderOptions options;
  options.folder = folder;
  options.type = kLettersType;
  options.disk = disk;
  return options;
}

[[noreturn]] void refuse_numbers(std::string_view numbers) {
  throw core::CodedError(abi::ErrorCode::kOptionRange, "letters is \"" + std::string(numbers.substr(0, 64)) +
                                                           "\"; give numbers of letters in their order, like 0-4,7");
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges_of(std::string_view numbers) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  const char* at = numbers.data();
  const char* const end = at + numbers.size();
  const auto number = [&] {
    std::uint64_t value = 0;
    const auto [behind, error] = std::from_chars(at, end, value);
    if (error != std::errc()) refuse_numbers(numbers);
    at = behind;
    return value;
  };
  while (at != end) {
    if (!ranges.empty() && *at++ != ',') refuse_numbers(numbers);
    const std::uint64_t first = number();
    std::uint64_t last = first;
    if (at != end && *at == '-') {
      ++at;
      last = number();
    }
    if (last < first || (!ranges.empty() && first <= ranges.back().second)) refuse_numbers(numbers);
    ranges.emplace_back(first, last);
  }
  return ranges;
}

// Nothing where the bytes are not a letter of this version.
std::optional<abi::LetterRecord> letter_of(const JournalRecord& record) noexcept {
  abi::LetterRecord row;
  if (record.length < sizeof row) return std::nullopt;
  std::memcpy(&row, record.data, sizeof row);
  const std::uint64_t texts = std::uint64_t{row.plan_length} + row.element_length + row.ingress_length +
                              row.code_length + row.message_length + row.body_length;
  const bool letter =
      row.version == abi::kLetterVersion && row.kind == static_cast<std::uint32_t>(abi::LetterKind::kLetter);
  if (!letter || texts != record.length - sizeof row) return std::nullopt;
  return row;
}

}  // namespace

FedLetters::FedLetters(const std::string& folder, std::string_view numbers, platform::Disk* disk)
    : ranges_(ranges_of(numbers)), reader_(options_of(folder, disk)) {
  reader_.stop_before(ranges_.empty() ? 0 : ranges_.back().second + 1);
}

std::optional<FedLetter> FedLetters::next() noexcept {
  JournalRecord record;
  while (reader_.read(&record, 1) != 0) {
    while (at_ != ranges_.size() && ranges_[at_].second < record.sequence) ++at_;
    if (at_ == ranges_.size() || record.sequence < ranges_[at_].first) continue;
    const std::optional<abi::LetterRecord> row = letter_of(record);
    if (!row.has_value()) continue;
    return FedLetter{.origin = {.number = record.sequence, .first_ms = row->first_ms, .attempt = row->attempt},
                     .body = record.data + record.length - row->body_length,
                     .length = row->body_length,
                     .flags = row->record_flags & ~abi::kLetterCut};
  }
  return std::nullopt;
}

}  // namespace byteor::journal

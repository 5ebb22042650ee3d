#include "adapter/replay/replay.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "abi/words.hpp"
#include "adapter/batch.hpp"
#include "adapter/replay/journal_records.hpp"
#include "adapter/replay/letter_records.hpp"
#include "core/coded_error.hpp"
#include "journal/error.hpp"
#include "journal/fed_letters.hpp"
#include "journal/journal_reader.hpp"
#include "op/text.hpp"

namespace byteor::adapter {
namespace {

// What was counted so far.
struct Counts {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::uint64_t longest = 0;
  std::optional<journal::JournalRecord> first = {};
  std::optional<journal::JournalRecord> last = {};
};

Counts count_all(journal::JournalReader& reader) {
  constexpr std::uint32_t kBatch = 256;
  Counts counts;
  journal::JournalRecord batch[kBatch];
  while (const std::uint32_t got = reader.read(batch, kBatch)) {
    if (!counts.first.has_value()) counts.first = batch[0];
    counts.last = batch[got - 1];
    counts.records += got;
    for (std::uint32_t i = 0; i < got; ++i) {
      counts.bytes += batch[i].length;
      counts.longest = std::max<std::uint64_t>(counts.longest, batch[i].length);
    }
  }
  return counts;
}

void append_number(std::string& text, const char* name, std::optional<std::uint64_t> value) {
  text += ",\"" + std::string(name) + "\":" + (value.has_value() ? std::to_string(*value) : "null");
}

// lib/runtime/journal-facts.ts has its shape.
std::string facts_text(const Counts& counts, const journal::JournalReader& reader) {
  const auto of = [](const std::optional<journal::JournalRecord>& record,
                     std::uint64_t journal::JournalRecord::*field) {
    return record.has_value() ? std::optional((*record).*field) : std::nullopt;
  };
  std::string text = "{\"records\":" + std::to_string(counts.records);
  append_number(text, "bytes", counts.bytes);
  append_number(text, "longest", counts.longest);
  append_number(text, "first", of(counts.first, &journal::JournalRecord::sequence));
  append_number(text, "last", of(counts.last, &journal::JournalRecord::sequence));
  append_number(text, "first_time_ms", of(counts.first, &journal::JournalRecord::time_ms));
  append_number(text, "last_time_ms", of(counts.last, &journal::JournalRecord::time_ms));
  append_number(text, "oldest", reader.first());
  append_number(text, "torn_bytes", reader.torn_bytes());
  if (reader.failed()) {
    text += ",\"failure\":{\"code\":";
    op::append_json_string(text, abi::word_of(reader.failure().code()));
    text += ",\"sequence\":" + std::to_string(reader.next()) + ",\"cause\":";
    op::append_json_string(text, reader.failure().what());
    text += '}';
  }
  return text + '}';
}

class ReplayEnd final : public SourceEnd {
 public:
  ReplayEnd(const Config& config, const graph::BoundaryDescription& boundary)
      : folder_(config.text("folder")),
        from_(config.number("from")),
        last_(config.number("last")),
        letters_(config.word("letters", "")),
        pace_(config.word("pace", "fast") == "recorded" ? Pace::kRecorded : Pace::kFast),
        type_{boundary.codec, boundary.layout_hash} {
    config.allow_only({"folder", "from", "last", "letters", "pace"});
  }

  std::string reads_folder() const override { return folder_; }

  void open() override {
    if (!letters_.empty()) {
      fed_ = std::make_unique<journal::FedLetters>(folder_, letters_);
      return;
    }
    journal::ReaderOptions options;
    options.folder = folder_;
    options.type = type_;
    reader_ = std::make_unique<journal::JournalReader>(options);
    place();
  }

  // Of a journal's records.
  std::string facts() override {
    open();
    const Counts counts = count_all(*reader_);
    return facts_text(counts, *reader_);
  }

  std::unique_ptr<Source> start(graph::WritingEnd end, const SourceParts& parts) override {
    if (!letters_.empty())
      return make_source_agent(std::make_unique<LetterRecords>(std::move(fed_), folder_), std::move(end), parts);
    JournalRecordsOptions options;
    options.folder = folder_;
    options.pace = pace_;
    return make_source_agent(std::make_unique<JournalRecords>(std::move(reader_), std::move(options)), std::move(end),
                             parts);
  }

  void describe(std::string& text) const override {
    text += ",\"path\":";
    op::append_json_string(text, folder_);
  }

 private:
  void place() {
    if (last_.has_value()) reader_->seek_last(*last_);
    if (!from_.has_value()) return;
    reader_->seek(*from_);
    if (reader_->next() < *from_)
      throw core::CodedError(abi::ErrorCode::kJournalGap, "the journal " + folder_ + " ends before sequence " +
                                                              std::to_string(reader_->next()) +
                                                              ", so there is nothing to replay from sequence " +
                                                              std::to_string(*from_) + " on; begin earlier");
  }

  const std::string folder_;
  const std::optional<std::uint64_t> from_;
  const std::optional<std::uint64_t> last_;
  const std::string letters_;  // the records of letters with these numbers, instead of the journal's
  const Pace pace_;
  const journal::RecordType type_;
  std::unique_ptr<journal::JournalReader> reader_;
  std::unique_ptr<journal::FedLetters> fed_;
};

}  // namespace

std::unique_ptr<SourceEnd> replay_source(const Config& config, const graph::BoundaryDescription& boundary) {
  return std::make_unique<ReplayEnd>(config, boundary);
}

}  // namespace byteor::adapter

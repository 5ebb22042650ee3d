#include "run/replay.hpp"

#include <algorithm>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "abi/words.hpp"
#include "core/coded_error.hpp"
#include "journal/replay_source.hpp"
#include "op/text.hpp"
#include "run/assembly.hpp"

namespace byteor::run {
namespace {

void place(journal::JournalReader& reader, const PortOptions& port) {
  if (port.last.has_value()) reader.seek_last(*port.last);
  if (!port.from.has_value()) return;
  reader.seek(*port.from);
  if (reader.next() < *port.from)
    throw core::CodedError(abi::ErrorCode::kJournalGap, "the journal " + port.path + " ends before sequence " +
                                                   std::to_string(reader.next()) +
                                                   ", so there is nothing to replay from sequence " +
                                                   std::to_string(*port.from) + " on; begin earlier");
}

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

const graph::BoundaryDescription& boundary_of(const graph::CatalogDescription& catalog, const std::string& id) {
  for (const graph::BoundaryDescription& boundary : catalog.boundaries)
    if (boundary.id == id) return boundary;
  throw core::CodedError(abi::ErrorCode::kPortUnknown, "the plan has no boundary " + id);
}

}  // namespace

std::unique_ptr<journal::JournalReader> open_replay(const PortOptions& port, const journal::RecordType& type) {
  journal::ReaderOptions options;
  options.folder = port.path;
  options.type = type;
  auto reader = std::make_unique<journal::JournalReader>(options);
  place(*reader, port);
  return reader;
}

std::unique_ptr<core::Source> make_replay(std::unique_ptr<journal::JournalReader> reader, graph::WritingEnd end,
                                          const ReplayParts& parts) {
  journal::ReplayOptions options;
  options.agent = parts.agent;
  options.batch_records = parts.batch_records;
  options.pace = parts.port.recorded_pace ? journal::Pace::kRecorded : journal::Pace::kFast;
  return std::visit(
      [&](auto ends) -> std::unique_ptr<core::Source> {
        auto all = graph::as_vector(ends);
        using Producer = std::remove_pointer_t<typename decltype(all)::value_type>;
        if (all.size() > 1 && parts.key == nullptr)
          throw core::CodedError(abi::ErrorCode::kShardKey, "records of " + parts.port.path +
                                                                " cannot be spread over " + std::to_string(all.size()) +
                                                                " shards without a key; give the plan a shard_key");
        return std::make_unique<journal::ReplaySource<Producer>>(std::move(reader), std::move(all), parts.key,
                                                                 parts.failures, parts.region_state, options);
      },
      std::move(end));
}

std::string journal_facts(std::span<const std::byte> spec, const PortOptions& port) {
  const graph::Description description = graph::decode(spec);
  const graph::BoundaryDescription& boundary = boundary_of(catalog_of(description), port.id);
  const auto reader = open_replay(port, {boundary.codec, boundary.layout_hash});
  const Counts counts = count_all(*reader);
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
  append_number(text, "oldest", reader->first());
  append_number(text, "torn_bytes", reader->torn_bytes());
  if (reader->failed()) {
    text += ",\"failure\":{\"code\":";
    op::append_json_string(text, abi::word_of(reader->failure().code()));
    text += ",\"sequence\":" + std::to_string(reader->next()) + ",\"cause\":";
    op::append_json_string(text, reader->failure().what());
    text += '}';
  }
  return text + '}';
}

}  // namespace byteor::run

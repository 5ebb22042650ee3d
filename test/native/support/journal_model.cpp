#include "journal_model.hpp"

#include <algorithm>
#include <cstring>

#include "split_mix.hpp"

namespace byteor::test {

namespace {

std::string numbers(std::initializer_list<std::pair<const char*, std::uint64_t>> values) {
  std::string text;
  for (const auto& [name, value] : values)
    text += std::string(text.empty() ? "" : ", ") + name + " " + std::to_string(value);
  return text;
}

}  // namespace

std::string record_content(std::uint64_t id) {
  SplitMix random(id);
  std::size_t bytes = 8;
  switch (random.below(20)) {
    case 0:
      // Too short to be told from all others.
      bytes = random.below(8);
      break;
    case 1:
    case 2:
    case 3:
      bytes = 100 + random.below(600);
      break;
    case 4:
      bytes = 700 + random.below(3000);
      break;
    default:
      bytes = 8 + random.below(92);
      break;
  }
  std::string text(bytes, '\0');
  const std::uint64_t pattern = random.next();
  for (std::size_t at = 0; at < bytes; at += sizeof pattern) {
    const std::uint64_t word = pattern + at;
    std::memcpy(text.data() + at, &word, std::min(sizeof word, bytes - at));
  }
  return text;
}

void JournalModel::promise_written(std::uint64_t sequence) {
  if (sequence > ids_.size())
    throw Violation("promise-of-nothing", numbers({{"written", sequence}, {"appended", ids_.size()}}));
  written_ = std::max(written_, sequence);
}

void JournalModel::promise_synced(std::uint64_t sequence) {
  if (sequence > ids_.size())
    throw Violation("promise-of-nothing", numbers({{"synced", sequence}, {"appended", ids_.size()}}));
  synced_ = std::max(synced_, sequence);
  written_ = std::max(written_, sequence);
}

void JournalModel::cursor_stored(std::uint64_t sequence, bool stored) {
  cursor_ = std::max(cursor_, sequence);
  if (!stored) cursor_lossy_ = true;
}

void JournalModel::restored(std::uint64_t count) { ids_.resize(std::min<std::uint64_t>(ids_.size(), count)); }

std::uint64_t JournalModel::records_end(std::uint64_t before) const {
  std::uint64_t end = std::min<std::uint64_t>(ids_.size(), before);
  while (end != 0 && ids_[end - 1] == kNoRecord) --end;
  return end;
}

void JournalModel::check_opened(const Opened& opened, const std::vector<std::uint64_t>& served) {
  const std::string said =
      numbers({{"first", opened.first},
               {"next", opened.next},
               {"cursor", opened.cursor},
               {"synced", opened.synced},
               {"cursor in the files", opened.cursor_on_disk},
               {"served", served.size()}}) +
      "; the model: " +
      numbers({{"synced", synced_}, {"written", written_}, {"appended", ids_.size()}, {"cursor", cursor_}}) +
      (lossy_ ? ", after a loss" : "");
  std::vector<bool> has(opened.next, false);
  for (const std::uint64_t sequence : served) {
    if (sequence >= opened.next) throw Violation("served-behind-the-end", said);
    has[sequence] = true;
  }
  const auto gone = [&](std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t s = from; s < std::min<std::uint64_t>(to, ids_.size()); ++s)
      if (ids_[s] != kNoRecord && (s >= has.size() || !has[s])) return true;
    return false;
  };
  // The oldest may be removed behind the reader.
  if (gone(opened.first, floor()))
    throw Violation(sync_failed_ ? "promised-records-lost-after-a-failed-sync" : "promised-records-lost", said);
  if (gone(cursor_, std::min(opened.first, floor()))) throw Violation("unread-records-removed", said);
  if (opened.next < floor()) throw Violation("sequence-given-again", said);
  if (opened.next < opened.cursor_on_disk) throw Violation("sequence-below-cursor", said);
  if (opened.next > std::max<std::uint64_t>(ids_.size(), opened.cursor_on_disk))
    throw Violation("records-from-nowhere", said);
  if (opened.cursor > opened.next || opened.first > opened.cursor) throw Violation("cursor-out-of-bounds", said);
  // It may pass what is gone.
  for (std::uint64_t s = cursor_; s < opened.cursor; ++s)
    if (has[s]) throw Violation("cursor-skips-records", said);
  if (!cursor_lossy_ && opened.cursor < cursor_) throw Violation("cursor-moved-back", said);
  // What is left out has lost its sequence, and must not come back.
  ids_.resize(opened.next, kNoRecord);
  for (std::uint64_t s = opened.first; s != opened.next; ++s)
    if (!has[s]) ids_[s] = kNoRecord;
  written_ = opened.next;
  synced_ = std::min(synced_, opened.next);
  promise_synced(opened.synced);
  cursor_ = opened.cursor;
  lossy_ = cursor_lossy_ = false;
}

void JournalModel::check_record(std::uint64_t sequence, std::string_view content, std::uint32_t flags) const {
  if (sequence >= ids_.size())
    throw Violation("records-from-nowhere", numbers({{"sequence", sequence}, {"appended", ids_.size()}}));
  const std::uint64_t id = ids_[sequence];
  if (id == kNoRecord) throw Violation("taken-back-record-served", numbers({{"sequence", sequence}}));
  if (content != record_content(id) || flags != record_content_flags(id))
    throw Violation("wrong-record", numbers({{"sequence", sequence},
                                             {"bytes", content.size()},
                                             {"bytes of the right one", record_content(id).size()}}));
}

void JournalModel::check_safe(std::uint64_t sequence) const {
  if (sequence >= synced_)
    throw Violation("reader-ahead-of-promise", numbers({{"sequence", sequence}, {"synced", synced_}}));
}

}  // namespace byteor::test

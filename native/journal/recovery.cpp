#include "journal/recovery.hpp"

#include <algorithm>
#include <utility>

#include "core/coded_error.hpp"
#include "journal/error.hpp"

namespace byteor::journal {

namespace {

std::uint64_t bytes_of_file(const Folder& folder, const OpenFile& file, const std::string& path) {
  const platform::FileFacts facts = folder.disk().facts(file.number());
  if (facts.error != 0)
    throw core::CodedError(
        abi::ErrorCode::kJournalOpen,
        "cannot look at " + path + ": " + disk_error_text(facts.error) + "; " + disk_remedy(facts.error));
  return facts.bytes;
}

class Recovery {
 public:
  Recovery(const Folder& folder, const RecoveryOptions& options) : folder_(folder), options_(options) {}

  Recovered run() {
    found_.cursor_file = ReaderCursor::read(folder_);
    found_.mark_file = WriterMark::read(folder_);
    names_ = folder_.segments();
    if (options_.restarted) forget_other_journals();
    weigh();
    for (std::size_t i = 0; i < names_.size() && !stopped_; ++i) take(i);
    check_owner();
    drop_what_misses_its_begin();
    if (headers_.empty())
      begin_anew();
    else
      walk();
    go_on();
    place_cursor();
    return std::move(found_);
  }

 private:
  const std::optional<MarkSlot>& mark() const { return found_.mark_file.newest; }
  const std::optional<CursorSlot>& cursor() const { return found_.cursor_file.newest; }

  // A mark and a cursor of a journal whose segments went with the power, and whose place this one took.
  void forget_other_journals() {
    for (const std::uint64_t first : names_) {
      const OpenFile file = folder_.file(SegmentName(first).text, platform::FileAccess::kRead);
      const HeaderLook look = look_at_header(folder_, file, first);
      if (look.state != HeaderState::kSound) continue;
      if (mark().has_value() && mark()->journal != look.header.journal) found_.mark_file.newest.reset();
      if (cursor().has_value() && cursor()->journal != look.header.journal) found_.cursor_file.newest.reset();
      return;
    }
  }

  // What must be there, what may not be given again, and how far the device is known to have the records.
  void weigh() {
    safe_ = !options_.restarted && !found_.sync_failed();
    floor_ = promised_floor(found_.cursor_file, found_.mark_file, safe_);
    if (mark().has_value()) {
      found_.synced = mark()->synced;
      ahead_ = std::max(mark()->written, mark()->synced);
    } else if (options_.proves) {
      found_.synced = last_without_mark();
      floor_ = std::max(floor_, found_.synced);
    }
    if (cursor().has_value()) ahead_ = std::max(ahead_, cursor()->sequence);
  }

  // Versions that kept no mark synced a segment before it got a successor, unless they synced nothing: the first
  // sequence of the last that they began.
  std::uint64_t last_without_mark() const {
    std::uint64_t last = 0;
    for (const std::uint64_t first : names_) {
      const OpenFile file = folder_.file(SegmentName(first).text, platform::FileAccess::kRead);
      const HeaderLook look = look_at_header(folder_, file, first);
      if (look.state == HeaderState::kSound && !look.header.has_mark()) last = first;
    }
    return last;
  }

  // Nothing that begins here was promised, and it may be there in part.
  bool may_cut(std::uint64_t first) const { return !safe_ && first >= floor_; }

  void take(std::size_t at) {
    const std::uint64_t first = names_[at];
    const OpenFile file = folder_.file(SegmentName(first).text, platform::FileAccess::kRead);
    const std::string path = folder_.path_of(SegmentName(first).text);
    const std::uint64_t bytes = bytes_of_file(folder_, file, path);
    const HeaderLook look = look_at_header(folder_, file, first);
    if (look.state == HeaderState::kUnfinished && ends_unfinished(at + 1)) {
      // A segment whose writer was stopped between making the file and writing its header.
      if (!unfinished_.has_value()) unfinished_ = first;
      if (headers_.empty()) ahead_ = std::max(ahead_, first);
      set_aside(at, path, bytes);
      return;
    }
    if (look.state != HeaderState::kSound) {
      if (look.checks || !may_cut(first)) fail_header(folder_, first, look, at + 1 != names_.size());
      set_aside_from(at);
      return;
    }
    check_type(path, look.header, options_.type);
    if (!headers_.empty() && !continues(at, look.header)) return;
    if (look.header.skipped() != 0 && !headers_.empty()) found_.gaps.push_back({first - look.header.skipped(), first});
    headers_.push_back(look.header);
    found_.journal = look.header.journal;
    if (!found_.segments.empty()) found_.segments.back().last_ms = look.header.created_ms;
    found_.segments.push_back({first, bytes, look.header.created_ms, look.header.created_ms});
  }

  // Nothing follows, or only what was begun and removed again, on a full disk: a power failure may bring such names
  // back.
  bool ends_unfinished(std::size_t at) const {
    for (; at < names_.size(); ++at) {
      if (safe_) return false;
      const OpenFile file = folder_.file(SegmentName(names_[at]).text, platform::FileAccess::kRead);
      if (look_at_header(folder_, file, names_[at]).state != HeaderState::kUnfinished) return false;
    }
    return true;
  }

  // False: it does not, and need not.
  bool continues(std::size_t at, const SegmentHeader& header) {
    try {
      check_chain(folder_, headers_.back(), found_.segments.back().bytes, header);
      return true;
    } catch (const core::CodedError& error) {
      if (error.code() == abi::ErrorCode::kJournalForeign || !may_cut(header.first)) throw;
    }
    // Names that retention had removed may be back: what the reader is done with is not missed.
    if (header.previous_first != headers_.back().first && cursor().has_value() && header.first <= cursor()->sequence) {
      drop_behind(0);
      return true;
    }
    set_aside_from(at);
    return false;
  }

  void set_aside(const Aside& aside, const std::string& path, std::uint64_t bytes) {
    found_.asides.push_back(aside);
    note_cut(path, 0, bytes);
  }

  void set_aside(std::size_t at, const std::string& path, std::uint64_t bytes) {
    set_aside({names_[at], bytes > sizeof(SegmentHeader)}, path, bytes);
  }

  void set_aside_from(std::size_t at) {
    stopped_ = true;
    for (; at < names_.size(); ++at) {
      const OpenFile file = folder_.file(SegmentName(names_[at]).text, platform::FileAccess::kRead);
      const std::string path = folder_.path_of(SegmentName(names_[at]).text);
      set_aside(at, path, bytes_of_file(folder_, file, path));
    }
  }

  void note_cut(const std::string& path, std::uint64_t offset, std::uint64_t bytes) {
    found_.cut_bytes += bytes;
    if (!found_.cut_file.empty()) return;
    found_.cut_file = path;
    found_.cut_offset = offset;
  }

  void check_owner() {
    if (found_.journal == 0) {
      found_.journal = mark().has_value() ? mark()->journal : cursor().has_value() ? cursor()->journal : 0;
      return;
    }
    if (mark().has_value() && mark()->journal != found_.journal)
      throw core::CodedError(abi::ErrorCode::kJournalForeign,
                             folder_.path_of(kMarkName) +
                                 " belongs to another journal; restore it from a copy, or remove it to "
                                 "go by the segments and the reader's cursor alone");
    if (cursor().has_value() && cursor()->journal != found_.journal)
      throw core::CodedError(abi::ErrorCode::kJournalCursor,
                             folder_.path_of(kCursorName) +
                                 " belongs to another journal; remove it to read this one from its "
                                 "first record");
  }

  // Records that the reader wants may have gone with the names of their files: nothing behind them is served either.
  void drop_what_misses_its_begin() {
    if (headers_.empty() || !cursor().has_value() || cursor()->sequence >= headers_.front().first) return;
    if (may_cut(headers_.front().first)) drop_behind(0);
  }

  // No segment can be gone on with. When the reader had been given everything, they were removed: sequences go on where
  // it is, so that none is used twice.
  void begin_anew() {
    const std::uint64_t delivered = cursor().has_value() ? cursor()->sequence : 0;
    if (floor_ > unfinished_.value_or(delivered))
      throw core::CodedError(abi::ErrorCode::kJournalGap,
                             "the journal " + folder_.path() + " has lost its segments: records before sequence " +
                                 std::to_string(floor_) + " were promised, and its reader has those before " +
                                 std::to_string(delivered) + "; restore them from a copy, or move the folder away");
    found_.end = ahead_;
  }

  // The first segment whose frames are looked at: whatever is not known to be whole lies there or behind.
  std::size_t first_walked() const {
    const std::uint64_t from = options_.proves || !safe_ ? found_.synced : floor_;
    if (!options_.proves && safe_) return headers_.size() - 1;
    std::size_t at = headers_.size() - 1;
    while (at > 0 && headers_[at].first > from) --at;
    return at;
  }

  void walk() {
    for (std::size_t at = first_walked(); at < headers_.size(); ++at)
      if (!walk(at)) break;
    if (found_.end < floor_) fail_end();
    // An empty segment that is not where the records end: it had a predecessor that is missing.
    if (safe_ && unfinished_.has_value() && *unfinished_ != found_.end) fail_gap(found_.end, *unfinished_);
  }

  // False: the records end in this segment, and there is none behind it any more.
  bool walk(std::size_t at) {
    SegmentState& segment = found_.segments[at];
    SegmentReader reader(kRecoveryBufferBytes, abi::kRecordBytesMax);
    reader.open(folder_, folder_.file(SegmentName(segment.first).text, platform::FileAccess::kRead), headers_[at]);
    Frame frame;
    while (reader.advance(frame)) segment.last_ms = headers_[at].created_ms + frame.header.time_ms;
    found_.end = reader.sequence();
    const bool last = at + 1 == headers_.size();
    const std::uint64_t rest = segment.bytes - reader.offset();
    if (rest == 0 && (last || found_.end + headers_[at + 1].skipped() == headers_[at + 1].first)) {
      if (!last) segment.last_ms = headers_[at + 1].created_ms;
      return true;
    }
    judge_end(reader, rest, at);
    drop_behind(at + 1);
    std::erase_if(found_.gaps, [&](const Gap& gap) { return gap.first >= found_.end; });
    if (rest == 0) return false;
    found_.cut = true;
    note_cut(reader.path(), reader.offset(), rest);
    segment.bytes = reader.offset();
    return false;
  }

  // Throws when what does not check may not be cut.
  void judge_end(const SegmentReader& reader, std::uint64_t rest, std::size_t at) {
    if (found_.end < floor_) fail_lost(reader.path(), reader.offset(), rest, found_.end, floor_);
    const bool last = at + 1 == headers_.size();
    if (safe_ && !last) {
      if (rest != 0) fail_damaged(reader.path(), reader.offset(), found_.end);
      fail_gap(found_.end, headers_[at + 1].first);
    }
    if (rest == 0 || (safe_ && mark().has_value())) return;
    const Behind behind =
        look_behind(folder_, reader.file(), headers_[at], reader.offset(), found_.segments[at].bytes, found_.end);
    // Without a restart, everything that a killed writer wrote is there in its order: whole frames behind the place
    // mean damage, synced or not.
    if (behind == Behind::kFramesAfterSync || (behind == Behind::kFrames && safe_))
      fail_damaged(reader.path(), reader.offset(), found_.end);
  }

  // Sets aside the segments from this one on.
  void drop_behind(std::size_t at) {
    for (std::size_t i = at; i < headers_.size(); ++i) {
      set_aside({headers_[i].first, found_.segments[i].bytes > sizeof(SegmentHeader)},
                folder_.path_of(SegmentName(headers_[i].first).text), found_.segments[i].bytes);
      // Sequences before it have been given. A name without a sound header says nothing.
      ahead_ = std::max(ahead_, headers_[i].first);
    }
    headers_.resize(at);
    found_.segments.resize(at);
    if (at == 0) found_.gaps.clear();
  }

  void go_on() {
    found_.next = std::max(found_.end, ahead_);
    if (headers_.empty() || found_.next == found_.end) return;
    if (found_.next - found_.end > SegmentHeader::kSkippedMax) fail_gap(found_.end, found_.next);
    found_.gaps.push_back({found_.end, found_.next});
  }

  [[noreturn]] void fail_end() const {
    const SegmentState& last = found_.segments.back();
    fail_lost(folder_.path_of(SegmentName(last.first).text), last.bytes, 0, found_.end, floor_);
  }

  [[noreturn]] void fail_gap(std::uint64_t from, std::uint64_t to) const {
    throw core::CodedError(abi::ErrorCode::kJournalGap,
                           "the journal " + folder_.path() + " holds no record between sequence " +
                               std::to_string(from) + " and " + std::to_string(to) +
                               ": a segment is missing; restore it from a copy, or move the folder away");
  }

  void place_cursor() {
    const std::uint64_t begin = found_.segments.empty() ? found_.next : found_.segments.front().first;
    found_.cursor = begin;
    if (cursor().has_value() && cursor()->sequence < begin && !found_.segments.empty())
      throw core::CodedError(abi::ErrorCode::kJournalGap,
                             "the journal " + folder_.path() + " begins with sequence " + std::to_string(begin) +
                                 ", but its reader wants " + std::to_string(cursor()->sequence) +
                                 ": segments were removed that it had not read; restore them, or remove " +
                                 kCursorName + " to go on without them");
    if (cursor().has_value()) found_.cursor = std::max(begin, cursor()->sequence);
    for (const Gap& gap : found_.gaps)
      if (found_.cursor >= gap.first && found_.cursor < gap.end) found_.cursor = gap.end;
  }

  const Folder& folder_;
  const RecoveryOptions& options_;
  Recovered found_;
  std::vector<std::uint64_t> names_;    // of all segments in the folder
  std::vector<SegmentHeader> headers_;  // of found_.segments
  bool stopped_ = false;
  std::optional<std::uint64_t> unfinished_;
  bool safe_ = true;         // nothing can have taken what was written
  std::uint64_t floor_ = 0;  // records before it must be there
  std::uint64_t ahead_ = 0;  // sequences before it have been given
};

}  // namespace

std::uint64_t records_between(const std::vector<Gap>& gaps, std::uint64_t from, std::uint64_t to) {
  std::uint64_t records = to - from;
  for (const Gap& gap : gaps)
    if (gap.first >= from && gap.first < to) records -= std::min(gap.end, to) - gap.first;
  return records;
}

std::uint64_t sequence_behind(const std::vector<Gap>& gaps, std::uint64_t from, std::uint64_t count) {
  std::uint64_t sequence = from + count;
  for (const Gap& gap : gaps)
    if (gap.first >= from && gap.first < sequence) sequence += gap.end - gap.first;
  return sequence;
}

std::uint64_t promised_floor(const ReaderCursor::Content& cursor, const WriterMark::Content& mark, bool safe) {
  std::uint64_t floor = 0;
  if (mark.newest.has_value()) {
    floor = mark.newest->synced;
    if (safe) floor = std::max(floor, mark.newest->written);
  }
  if (cursor.newest.has_value() && (safe || cursor.newest->is_synced == 1))
    floor = std::max(floor, cursor.newest->sequence);
  return floor;
}

void check_chain(const Folder& folder, const SegmentHeader& before, std::uint64_t before_bytes,
                 const SegmentHeader& header) {
  const std::string path = folder.path_of(SegmentName(header.first).text);
  const std::string before_path = folder.path_of(SegmentName(before.first).text);
  if (header.journal != before.journal)
    throw core::CodedError(abi::ErrorCode::kJournalForeign, path + " belongs to another journal than " + before_path +
                                                                "; move the foreign one out of the folder");
  if (header.previous_first != before.first)
    throw core::CodedError(abi::ErrorCode::kJournalGap,
                           "a segment is missing between " + before_path + " and " + path +
                               (header.previous_first == kNoSequence
                                    ? std::string()
                                    : ", which begins with sequence " + std::to_string(header.previous_first)) +
                               "; restore it from a copy, or move the folder away");
  if (header.previous_bytes != before_bytes)
    throw core::CodedError(
        abi::ErrorCode::kJournalDamaged,
        before_path + " is damaged at offset " + std::to_string(std::min(before_bytes, header.previous_bytes)) +
            ": it has " + std::to_string(before_bytes) + " bytes, but had " + std::to_string(header.previous_bytes) +
            " when the segment with sequence " + std::to_string(header.first) +
            " was begun; restore the file from a copy, or move the folder away");
}

void fail_lost(const std::string& path, std::uint64_t offset, std::uint64_t rest, std::uint64_t sequence,
               std::uint64_t floor) {
  const std::string promised = "records before sequence " + std::to_string(floor) + " were promised";
  if (rest == 0)
    throw core::CodedError(abi::ErrorCode::kJournalGap,
                           path + " ends with sequence " + std::to_string(sequence) + ", but " + promised +
                               ": it was cut, or a segment behind it is missing; restore it from a copy, "
                               "or move the folder away");
  throw core::CodedError(abi::ErrorCode::kJournalDamaged,
                         path + " is damaged at offset " + std::to_string(offset) + ": the record with sequence " +
                             std::to_string(sequence) + " does not match its checksum, and " + promised +
                             "; restore the file from a copy, or move the folder away");
}

Recovered recover(const Folder& folder, const RecoveryOptions& options) { return Recovery(folder, options).run(); }

}  // namespace byteor::journal

#include "journal/journal_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>
#include <vector>

#include "core/coded_error.hpp"
#include "journal/recovery.hpp"
#include "journal/writer_lock.hpp"

namespace byteor::journal {

namespace {

platform::Disk& disk_of(const ReaderOptions& options) {
  return options.disk != nullptr ? *options.disk : platform::Disk::system();
}

}  // namespace

JournalReader::JournalReader(const ReaderOptions& options)
    : folder_(Folder::open(disk_of(options), options.folder)),
      type_(options.type),
      segment_(
          std::max<std::size_t>(options.buffer_bytes, options.record_max < abi::kRecordBytesMax
                                                          ? static_cast<std::size_t>(frame_bytes(options.record_max))
                                                          : 0),
          options.record_max) {
  const std::vector<std::uint64_t> firsts = folder_.segments();
  if (firsts.empty())
    throw core::CodedError(abi::ErrorCode::kJournalOpen,
                           folder_.path() + " holds no segment of a journal; name the folder of one");
  first_ = next_ = firsts.front();
  look_at_promises();
  if (!open_segment(first_) && firsts.size() > 1) fail_header(folder_, first_, {}, true);
}

// As far as they can be read: a reader needs neither file.
void JournalReader::look_at_promises() {
  try {
    const WriterMark::Content mark = WriterMark::read(folder_);
    const bool failed = mark.newest.has_value() && mark.newest->sync_failed != 0;
    safe_ = !failed && !WriterLock::was_restarted(folder_);
    floor_ = promised_floor(ReaderCursor::read(folder_), mark, safe_);
  } catch (const core::CodedError&) {
  }
}

RecordType JournalReader::type() const noexcept {
  return {static_cast<abi::CodecCode>(segment_.header().codec), segment_.header().layout_hash};
}

// False: the segment was about to be made.
bool JournalReader::open_segment(std::uint64_t first) {
  const SegmentName name(first);
  OpenFile file = folder_.file(name.text, platform::FileAccess::kRead);
  const HeaderLook look = look_at_header(folder_, file, first);
  if (look.state == HeaderState::kUnfinished) return false;
  if (look.state != HeaderState::kSound) fail_header(folder_, first, look, false);
  if (type_.has_value()) check_type(folder_.path_of(name.text), look.header, *type_);
  if (segment_.is_open()) {
    const platform::FileFacts facts = folder_.disk().facts(segment_.file());
    check_chain(folder_, segment_.header(), facts.bytes, look.header);
  }
  segment_.open(folder_, std::move(file), look.header);
  return true;
}

// Goes on in the segment after the one that ends here. False: it was about to be made.
bool JournalReader::open_successor(std::uint64_t first) {
  if (!open_segment(first)) return false;
  const std::uint64_t missing = first - next_;
  if (missing != segment_.header().skipped())
    throw core::CodedError(abi::ErrorCode::kJournalGap,
                           "the journal " + folder_.path() + " holds no record between sequence " +
                               std::to_string(next_) + " and " + std::to_string(first) +
                               ": a segment is missing; restore it, or begin with " + std::to_string(first));
  next_ = first;
  return true;
}

void JournalReader::seek(std::uint64_t sequence) {
  place(sequence);
  if (next_ > sequence)
    throw core::CodedError(abi::ErrorCode::kJournalGap, "the journal " + folder_.path() +
                                                            " has no record with sequence " + std::to_string(sequence) +
                                                            ": a power failure took it; begin with " +
                                                            std::to_string(next_));
}

// At `sequence`, at the end, or behind the sequences that no record has.
void JournalReader::place(std::uint64_t sequence) {
  if (sequence < first_)
    throw core::CodedError(abi::ErrorCode::kJournalGap,
                           "the journal " + folder_.path() + " begins with sequence " + std::to_string(first_) +
                               "; a record with sequence " + std::to_string(sequence) +
                               " is no longer in it: begin with " + std::to_string(first_));
  const std::vector<std::uint64_t> firsts = folder_.segments();
  const auto after = std::upper_bound(firsts.begin(), firsts.end(), sequence);
  if (after == firsts.begin())
    throw core::CodedError(abi::ErrorCode::kJournalGap, "the journal " + folder_.path() + " no longer holds sequence " +
                                                            std::to_string(sequence) +
                                                            ": retention has removed it; begin later");
  std::uint64_t from = *(after - 1);
  segment_.close();
  torn_bytes_ = 0;
  end_.reset();
  failure_.reset();
  if (!open_segment(from) && after - 1 != firsts.begin()) {
    from = *(after - 2);
    open_segment(from);
  }
  next_ = from;
  const std::uint64_t limit = std::exchange(stop_before_, sequence);
  JournalRecord skipped[64];
  while (next_ < sequence && read_or_throw(skipped, 64) != 0) {
  }
  stop_before_ = limit;
}

void JournalReader::seek_last(std::uint64_t count) {
  const std::uint64_t limit = std::exchange(stop_before_, kNoSequence);
  place(folder_.segments().back());
  JournalRecord skipped[64];
  while (read_or_throw(skipped, 64) != 0) {
  }
  stop_before_ = limit;
  place(std::max(first_, next_ - std::min(next_, count)));
}

std::uint32_t JournalReader::read(JournalRecord* records, std::uint32_t limit) noexcept {
  if (failed()) return 0;
  try {
    return read_or_throw(records, limit);
  } catch (const core::CodedError& error) {
    failure_ = error;
  } catch (const std::exception& error) {
    failure_ = core::CodedError(abi::ErrorCode::kJournalRead, error.what());
  }
  return 0;
}

std::uint32_t JournalReader::read_or_throw(JournalRecord* records, std::uint32_t limit) {
  std::uint32_t count = 0;
  Frame frame;
  if (!segment_.is_open() && !open_segment(next_)) {
    check_end(0);
    return 0;
  }
  while (count < limit && next_ < stop_before_) {
    const SegmentReader::Next next = segment_.next(frame);
    if (next == SegmentReader::Next::kFrame) {
      end_.reset();
      records[count++] = {frame.data, frame.header.length, frame.header.flags & abi::kTerminatorMask, next_++,
                          segment_.header().created_ms + frame.header.time_ms};
      continue;
    }
    // What is described already lies in the buffer.
    if (count != 0) break;
    if (next == SegmentReader::Next::kMore && segment_.refill()) continue;
    if (!at_end_of_segment()) break;
  }
  return count;
}

// Nothing whole lies at the reader's place. True: there is something to read after all.
bool JournalReader::at_end_of_segment() {
  if (!end_.has_value()) {
    // A writer that is at work may have been halfway. What is known to be there now is read once more, and only a place
    // that does not check even then says something.
    end_ = End{folder_.disk().facts(segment_.file()).bytes, later_segment()};
    segment_.reread();
    if (segment_.refill()) return true;
  }
  const End end = *std::exchange(end_, std::nullopt);
  const std::uint64_t rest = end.bytes - std::min(end.bytes, segment_.offset());
  if (end.later.has_value()) {
    if (rest != 0) fail_damaged(segment_.path(), segment_.offset(), next_);
    if (open_successor(*end.later)) return true;
    check_end(0);
    return false;
  }
  check_end(rest);
  torn_bytes_ = rest;
  if (rest == 0) return false;
  const Behind behind = look_behind(folder_, segment_.file(), segment_.header(), segment_.offset(), end.bytes, next_);
  if (behind == Behind::kFramesAfterSync || (behind == Behind::kFrames && safe_))
    fail_damaged(segment_.path(), segment_.offset(), next_);
  return false;
}

// The records end here, with so many bytes behind them that are not records: more may have been promised.
void JournalReader::check_end(std::uint64_t rest) const {
  if (next_ >= floor_) return;
  if (segment_.is_open()) fail_lost(segment_.path(), segment_.offset(), rest, next_, floor_);
  fail_lost(folder_.path_of(SegmentName(next_).text), 0, rest, next_, floor_);
}

// First sequence of the segment after the one being read.
std::optional<std::uint64_t> JournalReader::later_segment() const {
  for (const std::uint64_t first : folder_.segments())
    if (first > segment_.header().first) return first;
  return std::nullopt;
}

}  // namespace byteor::journal

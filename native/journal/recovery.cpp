#include "journal/recovery.hpp"

#include <algorithm>
#include <utility>

#include "journal/error.hpp"

namespace byteor::journal {

namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;

[[noreturn]] void fail_write(const std::string& what, const std::string& path, int error) {
  throw JournalError("JOURNAL_OPEN",
                     "cannot " + what + " " + path + ": " + disk_error_text(error) + "; " + disk_remedy(error));
}

std::uint64_t bytes_of_file(const Folder& folder, const OpenFile& file, const std::string& path) {
  const platform::FileFacts facts = folder.disk().facts(file.number());
  if (facts.error != 0) fail_write("look at", path, facts.error);
  return facts.bytes;
}

class Recovery {
 public:
  Recovery(const Folder& folder, const RecordType& type, bool restarted)
      : folder_(folder), type_(type), restarted_(restarted) {}

  Recovered run() {
    const std::vector<std::uint64_t> firsts = folder_.segments();
    for (const std::uint64_t first : firsts) take(first, first == firsts.back());
    if (!found_.segments.empty()) walk_last();
    place_cursor();
    return std::move(found_);
  }

 private:
  void take(std::uint64_t first, bool last) {
    const SegmentName text(first);
    const OpenFile file = folder_.file(text.text, platform::FileAccess::kUpdate);
    const std::string path = folder_.path_of(text.text);
    const std::uint64_t bytes = bytes_of_file(folder_, file, path);
    const std::optional<SegmentHeader> header = read_header(folder_, file, first, &type_);
    if (!header.has_value()) {
      if (!last)
        throw JournalError("JOURNAL_DAMAGED", path +
                                                  " is damaged at offset 0: it has no header, and other segments "
                                                  "follow it; restore the file from a copy, or move the folder "
                                                  "away");
      remove_unfinished(text.text, path, bytes, first);
      return;
    }
    if (!found_.segments.empty()) {
      check_chain(folder_, header_, found_.segments.back().bytes, *header);
      found_.segments.back().last_ms = header->created_ms;
    }
    header_ = *header;
    found_.journal = header->journal;
    found_.segments.push_back({first, bytes, header->created_ms, header->created_ms});
    found_.next = first;
  }

  // A segment whose writer was stopped between making the file and writing its header.
  void remove_unfinished(const char* name, const std::string& path, std::uint64_t bytes, std::uint64_t first) {
    const int error = folder_.disk().remove(folder_.descriptor(), name);
    if (error != 0) fail_write("remove the unfinished segment", path, error);
    note_cut(path, 0, bytes);
    if (found_.segments.empty()) found_.next = first;
  }

  void walk_last() {
    SegmentState& last = found_.segments.back();
    OpenFile file = folder_.file(SegmentName(last.first).text, platform::FileAccess::kUpdate);
    SegmentReader reader(kBufferBytes, abi::kRecordBytesMax);
    reader.open(folder_, std::move(file), header_);
    Frame frame;
    for (;;) {
      const SegmentReader::Next next = reader.next(frame);
      if (next == SegmentReader::Next::kFrame) {
        last.last_ms = header_.created_ms + frame.header.time_ms;
        continue;
      }
      if (next == SegmentReader::Next::kBad || !reader.refill()) break;
    }
    found_.next = reader.sequence();
    if (reader.offset() < last.bytes) cut(reader, last);
  }

  void cut(const SegmentReader& reader, SegmentState& last) {
    const Behind behind = look_behind(folder_, reader.file(), header_, reader.offset(), last.bytes, reader.sequence());
    // Without a restart, everything that a killed writer wrote is there in its order: whole frames behind the place
    // mean damage, synced or not.
    if (behind == Behind::kFramesAfterSync || (behind == Behind::kFrames && !restarted_))
      fail_damaged(reader.path(), reader.offset(), reader.sequence());
    platform::Disk& disk = folder_.disk();
    int error = disk.truncate(reader.file(), reader.offset());
    if (error == 0) error = disk.sync_data(reader.file());
    if (error != 0) fail_write("cut the torn end of", reader.path(), error);
    note_cut(reader.path(), reader.offset(), last.bytes - reader.offset());
    last.bytes = reader.offset();
  }

  void note_cut(const std::string& path, std::uint64_t offset, std::uint64_t bytes) {
    found_.cut_bytes += bytes;
    found_.cut_file = path;
    found_.cut_offset = offset;
  }

  void place_cursor() {
    const std::optional<CursorSlot> cursor = ReaderCursor::read(folder_);
    found_.cursor = found_.segments.empty() ? found_.next : found_.segments.front().first;
    if (!cursor.has_value()) return;
    const std::string path = folder_.path_of(kCursorName);
    if (found_.segments.empty()) {
      // Somebody removed the segments: sequences go on where the reader is, so that none is used twice.
      found_.next = std::max(found_.next, cursor->sequence);
      found_.cursor = found_.next;
      return;
    }
    if (cursor->journal != found_.journal)
      throw JournalError("JOURNAL_CURSOR", path +
                                               " belongs to another journal; remove it to read this one from its "
                                               "first record");
    if (cursor->sequence < found_.cursor)
      throw JournalError("JOURNAL_GAP", "the journal " + folder_.path() + " begins with sequence " +
                                            std::to_string(found_.cursor) + ", but its reader wants " +
                                            std::to_string(cursor->sequence) +
                                            ": segments were removed that it had not read; restore them, or remove " +
                                            kCursorName + " to go on without them");
    found_.cursor = cursor->sequence;
    if (cursor->sequence <= found_.next) return;
    found_.cursor_moved_back = cursor->sequence - found_.next;
    found_.cursor = found_.next;
  }

  const Folder& folder_;
  const RecordType& type_;
  const bool restarted_;
  Recovered found_;
  SegmentHeader header_{};  // of the last segment taken
};

}  // namespace

void check_chain(const Folder& folder, const SegmentHeader& before, std::uint64_t before_bytes,
                 const SegmentHeader& header) {
  const std::string path = folder.path_of(SegmentName(header.first).text);
  const std::string before_path = folder.path_of(SegmentName(before.first).text);
  if (header.journal != before.journal)
    throw JournalError("JOURNAL_FOREIGN", path + " belongs to another journal than " + before_path +
                                              "; move the foreign one out of the folder");
  if (header.previous_first != before.first)
    throw JournalError("JOURNAL_GAP",
                       "a segment is missing between " + before_path + " and " + path +
                           (header.previous_first == kNoSequence
                                ? std::string()
                                : ", which begins with sequence " + std::to_string(header.previous_first)) +
                           "; restore it from a copy, or move the folder away");
  if (header.previous_bytes != before_bytes)
    throw JournalError("JOURNAL_DAMAGED", before_path + " is damaged at offset " +
                                              std::to_string(std::min(before_bytes, header.previous_bytes)) +
                                              ": it has " + std::to_string(before_bytes) + " bytes, but had " +
                                              std::to_string(header.previous_bytes) +
                                              " when the segment with sequence " + std::to_string(header.first) +
                                              " was begun; restore the file from a copy, or move the folder away");
}

Recovered recover(const Folder& folder, const RecordType& type, bool restarted) {
  return Recovery(folder, type, restarted).run();
}

}  // namespace byteor::journal

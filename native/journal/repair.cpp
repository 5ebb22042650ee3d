#include "journal/repair.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/coded_error.hpp"
#include "journal/error.hpp"

namespace byteor::journal {

namespace {

[[noreturn]] void fail_write(const std::string& what, const std::string& path, int error) {
  throw core::CodedError(abi::ErrorCode::kJournalOpen,
                         "cannot " + what + " " + path + ": " + disk_error_text(error) + "; " + disk_remedy(error));
}

void sync_file(const Folder& folder, const OpenFile& file, const std::string& path) {
  const int error = folder.disk().sync_data(file.number());
  if (error != 0)
    throw SyncFailed(abi::ErrorCode::kJournalOpen,
                     "cannot sync " + path + ": " + disk_error_text(error) + "; " + disk_remedy(error));
}

// One that no file of the folder has.
std::string aside_name(const std::vector<std::string>& names, const std::string& name) {
  const std::string begin = name + std::string(kAsideEnding);
  std::string free = begin;
  for (int i = 2; std::find(names.begin(), names.end(), free) != names.end(); ++i)
    free = begin + "-" + std::to_string(i);
  return free;
}

// Writes what a segment holds from `from` on again, as it is read and checked.
class Rewriter {
 public:
  Rewriter(const Folder& folder, const SegmentState& segment)
      : folder_(folder),
        segment_(segment),
        path_(folder.path_of(SegmentName(segment.first).text)),
        file_(folder.file(SegmentName(segment.first).text, platform::FileAccess::kUpdate)) {}

  void run(std::uint64_t from) {
    OpenFile reading = folder_.file(SegmentName(segment_.first).text, platform::FileAccess::kRead);
    const HeaderLook look = look_at_header(folder_, reading, segment_.first);
    if (look.state != HeaderState::kSound) fail_header(folder_, segment_.first, look, false);
    if (from <= segment_.first) write(&look.header, sizeof look.header, 0);
    SegmentReader reader(kRecoveryBufferBytes, abi::kRecordBytesMax);
    reader.open(folder_, std::move(reading), look.header);
    Frame frame;
    for (;;) {
      const SegmentReader::Next next = reader.next(frame);
      if (next == SegmentReader::Next::kFrame && frame.header.sequence >= from) {
        gather(frame);
        continue;
      }
      if (next == SegmentReader::Next::kFrame) continue;
      // Reading on moves what is gathered.
      flush();
      if (next == SegmentReader::Next::kBad || !reader.refill()) break;
    }
    if (reader.offset() != segment_.bytes) fail_damaged(path_, reader.offset(), reader.sequence());
    sync_file(folder_, file_, path_);
  }

 private:
  // Frames lie side by side in the reader's buffer.
  void gather(const Frame& frame) {
    if (bytes_ == 0) {
      begin_ = frame.data - sizeof(FrameHeader);
      offset_ = frame.offset;
    }
    bytes_ += static_cast<std::size_t>(frame_bytes(frame.header.length));
  }

  void flush() { write(begin_, std::exchange(bytes_, 0), offset_); }

  void write(const void* from, std::size_t bytes, std::uint64_t offset) {
    std::size_t moved = 0;
    const int error = write_all(folder_.disk(), file_.number(), from, bytes, offset, moved);
    if (error != 0) fail_write("write to", path_, error);
  }

  const Folder& folder_;
  const SegmentState& segment_;
  const std::string path_;
  const OpenFile file_;
  const std::byte* begin_ = nullptr;
  std::size_t bytes_ = 0;
  std::uint64_t offset_ = 0;
};

// Brings to the device what the system may hold of a segment.
void sync_segment(const Folder& folder, std::uint64_t first) {
  const SegmentName name(first);
  const OpenFile file = folder.file(name.text, platform::FileAccess::kUpdate);
  sync_file(folder, file, folder.path_of(name.text));
}

}  // namespace

void set_aside(const Folder& folder, const Recovered& found) {
  if (found.asides.empty()) return;
  platform::Disk& disk = folder.disk();
  std::vector<std::string> names;
  if (const int error = disk.list(folder.descriptor(), names); error != 0)
    fail_write("list the journal", folder.path(), error);
  // From the last to the first, so that no name is missing in the middle.
  for (auto aside = found.asides.rbegin(); aside != found.asides.rend(); ++aside) {
    const std::string name = SegmentName(aside->first).text;
    if (!aside->has_records) {
      const int error = disk.remove(folder.descriptor(), name.c_str());
      if (error != 0) fail_write("remove the unfinished segment", folder.path_of(name), error);
      continue;
    }
    const std::string free = aside_name(names, name);
    const int error = disk.rename(folder.descriptor(), name.c_str(), free.c_str());
    if (error != 0) fail_write("set aside the segment", folder.path_of(name), error);
    names.push_back(free);
  }
}

void cut_end(const Folder& folder, const Recovered& found) {
  if (!found.cut) return;
  const SegmentState& last = found.segments.back();
  const OpenFile file = folder.file(SegmentName(last.first).text, platform::FileAccess::kUpdate);
  const std::string path = folder.path_of(SegmentName(last.first).text);
  const int error = folder.disk().truncate(file.number(), last.bytes);
  if (error != 0) fail_write("cut the torn end of", path, error);
  sync_file(folder, file, path);
}

void prove_again(const Folder& folder, const Recovered& found, bool rewrites) {
  for (std::size_t at = 0; at < found.segments.size(); ++at) {
    const bool last = at + 1 == found.segments.size();
    const std::uint64_t end = last ? found.end : found.segments[at + 1].first;
    // Where everything ends that is on the device, the file may end elsewhere there: a writer that was closed cuts the
    // begin of a record that it gave up. What follows in the next segment would not fit to it after a power failure.
    if (end < found.synced) continue;
    // Of the last one also when it is empty: its header may not be on the device.
    const bool has_unproven = end > found.synced || (last && found.segments[at].first == end);
    if (rewrites && has_unproven)
      Rewriter(folder, found.segments[at]).run(found.synced);
    else
      sync_segment(folder, found.segments[at].first);
  }
}

}  // namespace byteor::journal

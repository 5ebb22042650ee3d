#include "journal/journal_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <random>
#include <utility>

#include "core/clock.hpp"
#include "journal/error.hpp"

namespace byteor::journal {

namespace {

// Room in the list of segments that is had without an allocation.
constexpr std::size_t kSegmentsReserved = 1024;
// A segment takes records for this part of retain_ms at most, so that little is kept for longer than asked.
constexpr std::uint64_t kAgeParts = 4;
constexpr std::uint64_t kRollMsMin = 1000;

std::uint64_t random_number() {
  std::random_device device;
  const std::uint64_t number = (std::uint64_t{device()} << 32) | device();
  return number == 0 ? 1 : number;
}

JournalOptions with_defaults(JournalOptions options) {
  if (options.segment_bytes == 0) options.segment_bytes = abi::kJournalSegmentBytesDefault;
  if (options.disk == nullptr) options.disk = &platform::Disk::system();
  return options;
}

// The one writer's lock. `restarted`: the last writer ran before the machine started, or that cannot be told.
OpenFile take_lock(const Folder& folder, bool& restarted) {
  platform::Disk& disk = folder.disk();
  OpenFile file = folder.file(kLockName, platform::FileAccess::kCreate);
  const std::string path = folder.path_of(kLockName);
  const int error = disk.lock(file.number());
  if (error == -EWOULDBLOCK)
    throw JournalError("JOURNAL_LOCKED", "the journal " + folder.path() +
                                             " is being written by another pipeline; stop that one, or name another "
                                             "folder");
  if (error != 0)
    throw JournalError("JOURNAL_OPEN",
                       "cannot lock " + path + ": " + disk_error_text(error) + "; " + disk_remedy(error));
  const std::string boot = disk.boot();
  std::string before(boot.size(), '\0');
  const std::int64_t got = disk.read(file.number(), before.data(), before.size(), 0);
  restarted = !boot.empty() && (got < static_cast<std::int64_t>(boot.size()) || before != boot);
  if (!restarted) return file;
  const std::int64_t put = disk.write(file.number(), boot.data(), boot.size(), 0);
  if (put != static_cast<std::int64_t>(boot.size())) {
    const int reason = put < 0 ? static_cast<int>(put) : -ENOSPC;
    throw JournalError("JOURNAL_OPEN",
                       "cannot write " + path + ": " + disk_error_text(reason) + "; " + disk_remedy(reason));
  }
  return file;
}

}  // namespace

std::unique_ptr<JournalFiles> JournalFiles::open(const JournalOptions& given) {
  const JournalOptions options = with_defaults(given);
  Folder folder = Folder::make(*options.disk, options.folder);
  bool restarted = false;
  OpenFile lock = take_lock(folder, restarted);
  Recovered recovered = recover(folder, options.type, restarted);
  std::unique_ptr<JournalFiles> files(
      new JournalFiles(options, std::move(folder), std::move(lock), std::move(recovered)));
  files->throw_failure();
  return files;
}

JournalFiles::JournalFiles(const JournalOptions& options, Folder folder, OpenFile lock, Recovered recovered)
    : options_(options),
      folder_(std::move(folder)),
      disk_(folder_.disk()),
      lock_(std::move(lock)),
      recovered_(std::move(recovered)),
      opened_at_(recovered_.next),
      journal_(recovered_.journal != 0 ? recovered_.journal : random_number()),
      crc_(journal_),
      roll_after_ms_(options.retain_ms == 0 ? kNoSequence : std::max(options.retain_ms / kAgeParts, kRollMsMin)),
      frame_bytes_max_(std::max<std::size_t>(options.buffer_bytes, frame_bytes(options.record_max))),
      buffer_(platform::Mapping::anonymous(options.buffer_bytes + frame_bytes_max_)),
      segments_(recovered_.segments),
      next_(opened_at_),
      written_(opened_at_),
      synced_(opened_at_) {
  segments_.reserve(std::max(kSegmentsReserved, 2 * segments_.size()));
  for (const SegmentState& segment : segments_) bytes_ += segment.bytes;
  if (!segments_.empty()) {
    file_ = folder_.file(SegmentName(active().first).text, platform::FileAccess::kUpdate);
    now_ms_ = active().last_ms;
    // Records that a killed writer left in the kernel's cache are served from now on, so they must be as safe as
    // others.
    const int error = options_.fsync == abi::FsyncCode::kNone ? 0 : disk_.sync_data(file_.number());
    if (error != 0) {
      fail("sync", error);
      return;
    }
    names_unsynced_ = options_.fsync != abi::FsyncCode::kNone;
  } else {
    now_ms_ = disk_.wall_ms();
    if (!begin_segment()) return;
  }
  cursor_ = std::make_unique<ReaderCursor>(folder_, journal_, recovered_.cursor);
  if (names_unsynced_) {
    const int error = disk_.sync_folder(folder_.descriptor());
    if (error != 0) fail("sync the folder of", error);
    names_unsynced_ = false;
  }
  now_ms_ = std::max(now_ms_, disk_.wall_ms());
  retire();
}

JournalFiles::~JournalFiles() = default;

void JournalFiles::close() noexcept {
  // A record that was abandoned while the end of its frame was not in the file is not there at all, rather than a torn
  // end for the next writer. Should that fail, it finds one.
  if (used_ != 0 && used_ < last_frame_bytes_ && !failed_)
    (void)disk_.truncate(file_.number(), active().bytes + used_ - last_frame_bytes_);
  cursor_.reset();
  file_ = OpenFile();
  // Last: until here nobody else writes.
  lock_ = OpenFile();
  folder_.close();
}

std::size_t JournalFiles::append(std::span<const lane::LaneRecord> records) noexcept {
  const auto bytes = static_cast<std::size_t>(frame_bytes(records.front().length));
  if (bytes > room_ && !make_room(bytes)) return 0;
  return put_frames(records);
}

// Those that there is room for, of which the first is one; how many. Members stay in registers meanwhile.
std::size_t JournalFiles::put_frames(std::span<const lane::LaneRecord> records) noexcept {
  std::byte* const begin = buffer_.data() + used_;
  std::byte* frame = begin;
  std::size_t room = room_;
  std::size_t count = 0;
  const FrameCrc crc = crc_;
  const std::uint64_t synced = synced_;
  FrameHeader header{};
  header.sequence = next_;
  header.time_ms = time_ms_;
  for (; count != records.size(); ++count) {
    const lane::LaneRecord& record = records[count];
    const auto bytes = static_cast<std::size_t>(frame_bytes(record.length));
    if (bytes > room) break;
    header.length = record.length;
    header.flags = static_cast<std::uint16_t>(record.flags);
    header.behind = static_cast<std::uint16_t>(std::min<std::uint64_t>(header.sequence - synced, kBehindUnknown));
    crc.put(frame, bytes, header, record.data);
    frame += bytes;
    room -= bytes;
    ++header.sequence;
  }
  last_frame_bytes_ = static_cast<std::size_t>(frame_bytes(header.length));
  next_ = header.sequence;
  used_ += static_cast<std::size_t>(frame - begin);
  room_ = room;
  return count;
}

// Sees to it that a frame of `bytes` can follow, and counts how many bytes can before this has to be asked again: when
// the buffer or the segment is full, and after a commit, when time may have gone on.
bool JournalFiles::make_room(std::size_t bytes) noexcept {
  if (failed_) return false;
  if (!clock_read_) {
    // The clock may be set back; time in a journal does not go back.
    now_ms_ = std::max(now_ms_, disk_.wall_ms());
    clock_read_ = true;
  }
  if (bytes > frame_bytes_max_)
    return fail_with("write to", "a record is longer than the record maximum", "raise it with --record-max");
  if (wants_new_segment(bytes) && !roll()) return false;
  if (!write_blocks()) return false;
  time_ms_ = static_cast<std::uint32_t>(now_ms_ - active().created_ms);
  const std::uint64_t end = active().bytes + used_;
  const std::uint64_t left = std::min(options_.buffer_bytes - end % options_.buffer_bytes,
                                      options_.segment_bytes - std::min(options_.segment_bytes, end));
  // The frame may go beyond: then the next one has to ask again.
  room_ = too_old() ? bytes : std::max(bytes, static_cast<std::size_t>(left));
  return true;
}

bool JournalFiles::commit() noexcept { return write_out() && end_commit(); }

bool JournalFiles::commit_blocks() noexcept { return !failed_ && write_blocks() && end_commit(); }

bool JournalFiles::end_commit() noexcept {
  clock_read_ = false;
  room_ = 0;
  bool good = true;
  if (options_.fsync == abi::FsyncCode::kEachBatch || sync_due_ms() == 0)
    good = sync();
  else
    good = check_active();
  return good && retire();
}

bool JournalFiles::sync() noexcept {
  if (failed_) return false;
  if (synced_ == written_) return true;
  if (names_unsynced_) {
    const int error = disk_.sync_folder(folder_.descriptor());
    if (error != 0) return fail("sync the folder of", error);
    names_unsynced_ = false;
  }
  const int error = disk_.sync_data(file_.number());
  if (error != 0) return fail("sync", error);
  if (!check_active()) return false;
  synced_ = written_;
  ++syncs_;
  return true;
}

std::uint64_t JournalFiles::sync_due_ms() const noexcept {
  if (options_.fsync != abi::FsyncCode::kInterval || synced_ == written_ || failed_) return kNoSequence;
  const double left = written_since_ns_ + 1e6 * options_.fsync_interval_ms - core::now_ns();
  return left <= 0 ? 0 : static_cast<std::uint64_t>(left / 1e6) + 1;
}

JournalStatus JournalFiles::status() const noexcept {
  return {next_,
          durable(),
          synced_,
          segments_.empty() ? next_ : segments_.front().first,
          opened_at_,
          syncs_,
          bytes_,
          recovered_.cut_bytes,
          over_limit_bytes_,
          removed_segments_,
          static_cast<std::uint32_t>(segments_.size())};
}

bool JournalFiles::write_out() noexcept {
  if (failed_) return false;
  return used_ == 0 || write_buffered(used_);
}

// Writes up to the last multiple of the buffer's bytes in the file, where the kernel has the largest pieces of memory.
bool JournalFiles::write_blocks() noexcept {
  return !reaches_block_end() || write_buffered(used_ - static_cast<std::size_t>(behind_block()));
}

// What is left is the end of the last frame: there were no others beyond.
bool JournalFiles::write_buffered(std::size_t bytes) noexcept {
  if (!write_all(buffer_.data(), bytes, active().bytes)) return false;
  if (synced_ == written_) written_since_ns_ = core::now_ns();
  active().bytes += bytes;
  active().last_ms = now_ms_;
  bytes_ += bytes;
  used_ -= bytes;
  std::memmove(buffer_.data(), buffer_.data() + bytes, used_);
  written_ = used_ == 0 ? next_ : next_ - 1;
  return true;
}

bool JournalFiles::write_all(const std::byte* from, std::size_t bytes, std::uint64_t offset) noexcept {
  while (bytes > 0) {
    const std::int64_t put = disk_.write(file_.number(), from, bytes, offset);
    if (put <= 0) return fail("write to", put < 0 ? static_cast<int>(put) : -ENOSPC);
    from += put;
    offset += static_cast<std::uint64_t>(put);
    bytes -= static_cast<std::size_t>(put);
  }
  return true;
}

bool JournalFiles::wants_new_segment(std::uint64_t frame) noexcept {
  const std::uint64_t bytes = active().bytes + used_;
  // A segment holds at least one record, however long.
  if (bytes == sizeof(SegmentHeader)) return false;
  return bytes + frame > options_.segment_bytes || too_old();
}

bool JournalFiles::too_old() const noexcept {
  const std::uint64_t age_ms = now_ms_ - segments_.back().created_ms;
  return age_ms > UINT32_MAX || age_ms >= roll_after_ms_;
}

// What is complete is safe before its successor exists: only the last segment can be torn.
bool JournalFiles::roll() noexcept {
  if (!write_out()) return false;
  if (options_.fsync == abi::FsyncCode::kNone ? !check_active() : !sync()) return false;
  return begin_segment();
}

bool JournalFiles::begin_segment() noexcept {
  SegmentHeader header{};
  header.magic = kSegmentMagic;
  header.format = kFormat;
  header.header_bytes = sizeof header;
  header.codec = static_cast<std::uint32_t>(options_.type.codec);
  header.layout_hash = options_.type.layout_hash;
  header.journal = journal_;
  header.first = next_;
  header.created_ms = now_ms_;
  header.previous_first = segments_.empty() ? kNoSequence : active().first;
  header.previous_bytes = segments_.empty() ? 0 : active().bytes;
  header.crc = header_crc(op::Crc32c(), header);
  try {
    segments_.push_back({next_, 0, now_ms_, now_ms_});
  } catch (const std::exception&) {
    return fail("make", -ENOMEM);
  }
  int error = 0;
  OpenFile file = folder_.file(SegmentName(next_).text, platform::FileAccess::kCreateNew, error);
  if (error != 0) return fail("make", error);
  file_ = std::move(file);
  if (!write_all(reinterpret_cast<const std::byte*>(&header), sizeof header, 0)) return false;
  active().bytes = sizeof header;
  bytes_ += sizeof header;
  names_unsynced_ = options_.fsync != abi::FsyncCode::kNone;
  return true;
}

// A file that somebody removes, cuts or writes to holds less than was promised, and the calls that write to it succeed.
bool JournalFiles::check_active() noexcept {
  const platform::FileFacts facts = disk_.facts(file_.number());
  if (facts.error != 0) return fail("look at", facts.error);
  if (facts.links == 0)
    return fail_with("write to", "somebody has removed it",
                     "leave a running journal's folder alone, or name another folder");
  if (facts.bytes == active().bytes) return true;
  return fail_with("write to", "somebody else has changed its length",
                   "leave a running journal's folder alone, or name another folder");
}

bool JournalFiles::over_limit(const SegmentState& segment, std::uint64_t bytes) const noexcept {
  return (options_.retain_bytes != 0 && bytes > options_.retain_bytes) ||
         (options_.retain_ms != 0 && now_ms_ - segment.last_ms > options_.retain_ms);
}

// Removes the oldest segments while there is more than was asked for, but none that holds a record the reader has not
// read, and never the one being written.
bool JournalFiles::retire() noexcept {
  over_limit_bytes_ = 0;
  bool cursor_synced = false;
  while (segments_.size() > 1 && over_limit(segments_.front(), bytes_)) {
    if (cursor_->stored() < segments_[1].first) {
      count_over_limit();
      return true;
    }
    // A cursor that is older on the device would want records that are no longer there.
    const int synced = cursor_synced ? 0 : cursor_->sync();
    if (synced != 0) return fail("sync the reader's cursor beside", synced);
    cursor_synced = true;
    int error = disk_.remove(folder_.descriptor(), SegmentName(segments_.front().first).text);
    // One name at a time is lost for good, so that no crash leaves a gap between two that remain.
    if ((error == 0 || error == -ENOENT) && options_.fsync != abi::FsyncCode::kNone)
      error = disk_.sync_folder(folder_.descriptor());
    if (error != 0 && error != -ENOENT) return fail("remove an old segment beside", error);
    bytes_ -= segments_.front().bytes;
    segments_.erase(segments_.begin());
    ++removed_segments_;
  }
  return true;
}

void JournalFiles::count_over_limit() noexcept {
  std::uint64_t bytes = bytes_;
  for (std::size_t i = 0; i + 1 < segments_.size() && over_limit(segments_[i], bytes); ++i) {
    over_limit_bytes_ += segments_[i].bytes;
    bytes -= segments_[i].bytes;
  }
}

bool JournalFiles::fail(const char* what, int error) noexcept {
  try {
    return fail_with(what, disk_error_text(error), disk_remedy(error));
  } catch (const std::exception&) {
    return fail_with(what, "an error without a text", disk_remedy(error));
  }
}

bool JournalFiles::fail_with(const char* what, std::string_view why, const char* remedy) noexcept {
  failed_ = true;
  room_ = 0;
  try {
    const std::string path = folder_.path_of(SegmentName(segments_.empty() ? next_ : active().first).text);
    failure_ = std::string("cannot ") + what + " " + short_path(path) + ": " + std::string(why) +
               "; records from sequence " + std::to_string(durable()) + " on are not in the journal; " + remedy;
  } catch (const std::exception&) {
    failure_.clear();
  }
  return false;
}

void JournalFiles::throw_failure() const {
  if (failed_) throw JournalError("JOURNAL_WRITE", failure_);
}

}  // namespace byteor::journal

#include "journal/journal_files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <optional>
#include <random>
#include <utility>

#include "core/clock.hpp"
#include "core/coded_error.hpp"
#include "journal/error.hpp"
#include "journal/repair.hpp"

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

}  // namespace

std::unique_ptr<JournalFiles> JournalFiles::open(const JournalOptions& given) {
  const JournalOptions options = with_defaults(given);
  platform::Disk& disk = *options.disk;
  // Given back last: what was made is taken back under it.
  std::optional<WriterLock> lock;
  Made made(disk);
  made.folder(options.folder);
  Folder folder = Folder::open(disk, options.folder);
  try {
    lock.emplace(folder);
  } catch (const core::CodedError& error) {
    // The other writer may be about to use a folder that was made here.
    if (error.code() == abi::ErrorCode::kJournalLocked) made.keep();
    throw;
  }
  Recovered recovered = recover(folder, {options.type, lock->restarted(), options.fsync != abi::FsyncCode::kNone});
  std::unique_ptr<JournalFiles> files(
      new JournalFiles(options, std::move(*lock), std::move(made), std::move(folder), std::move(recovered)));
  files->repair();
  files->go_on();
  files->throw_failure();
  return files;
}

JournalFiles::JournalFiles(const JournalOptions& options, WriterLock lock, Made made, Folder folder,
                           Recovered recovered)
    : options_(options),
      disk_(folder.disk()),
      lock_(std::move(lock)),
      made_(std::move(made)),
      folder_(std::move(folder)),
      recovered_(std::move(recovered)),
      opened_at_(recovered_.next),
      journal_(recovered_.is_new() ? random_number() : recovered_.journal),
      crc_(journal_),
      roll_after_ms_(options.retain_ms == 0 ? kNoSequence : std::max(options.retain_ms / kAgeParts, kRollMsMin)),
      frame_bytes_max_(std::max<std::size_t>(options.buffer_bytes, frame_bytes(options.record_max))),
      buffer_(platform::Mapping::anonymous(options.buffer_bytes + frame_bytes_max_)),
      segments_(recovered_.segments),
      next_(opened_at_),
      written_(opened_at_),
      synced_(recovered_.synced),
      now_ms_(segments_.empty() ? 0 : active().last_ms) {
  segments_.reserve(std::max(kSegmentsReserved, 2 * segments_.size()));
  for (const SegmentState& segment : segments_) bytes_ += segment.bytes;
}

// Brings the folder to where a writer can go on: first what can fail without a trace. Throws CodedError.
void JournalFiles::repair() {
  // The run that made the folder, and those above it, may not have come to this, or synced nothing.
  if (proves() && !is_proven()) folder_.sync_way();
  lock_.make(folder_, made_);
  const bool synced_before_read = options_.fsync == abi::FsyncCode::kEachBatch;
  cursor_ = std::make_unique<ReaderCursor>(folder_, journal_, recovered_.cursor_file, synced_before_read, made_);
  mark_ = std::make_unique<WriterMark>(folder_, journal_, recovered_.mark_file, made_);
  try {
    set_aside(folder_, recovered_);
    cut_end(folder_, recovered_);
    if (proves()) prove_again(folder_, recovered_, syncs() || recovered_.sync_failed());
  } catch (const SyncFailed&) {
    remember_failed_sync();
    throw;
  }
}

// An earlier run has brought everything to the device, the names too.
bool JournalFiles::is_proven() const noexcept {
  return !recovered_.sync_failed() && !segments_.empty() && recovered_.end == opened_at_ &&
         recovered_.synced == opened_at_ && recovered_.synced > segments_.back().first && recovered_.asides.empty() &&
         recovered_.mark_file.newest.has_value() && recovered_.cursor_file.newest.has_value() && made_.empty();
}

// Begins a segment when there is none to go on with, and leaves word of how far the journal is. Sets the failure when
// it cannot; throws CodedError.
void JournalFiles::go_on() {
  const bool begins = segments_.empty() || recovered_.end != opened_at_;
  const bool proven = is_proven();
  now_ms_ = std::max(now_ms_, disk_.wall_ms());
  if (begins) {
    if (!begin_segment(segments_.empty() ? 0 : opened_at_ - recovered_.end)) return;
    // With a mark that was there before, it stays: the mark is about to speak of it.
    if (!recovered_.mark_file.newest.has_value()) made_.note(folder_, SegmentName(opened_at_).text);
    checked_ = false;
  } else {
    file_ = folder_.file(SegmentName(active().first).text, platform::FileAccess::kUpdate);
    path_ = folder_.path_of(SegmentName(active().first).text);
    identity_ = disk_.facts(file_.number());
    if (!check_active()) return;
  }
  names_unsynced_ = proves() && !proven;
  // The rest of what lies there has been synced by the repair.
  if (int error = names_unsynced_ ? sync_device() : 0; error != 0) {
    fail_sync_data(error);
    return;
  }
  // Before the mark: once that says that records are safe, the reader must not want any that the repair has left out.
  // What the next opening writes must have its room on the device, too. Where it stands already, an opening that then
  // failed may have put it there.
  const bool cursor_moves = !recovered_.cursor_file.newest.has_value() || recovered_.cursor_file.has_blank_slot ||
                            cursor_->stored() != recovered_.cursor || (proves() && !proven);
  if (int error = cursor_moves ? cursor_->store(recovered_.cursor) : 0; error != 0) {
    fail("write", cursor_->path(), error);
    return;
  }
  if (int error = proves() && cursor_moves ? cursor_->sync() : 0; error != 0) {
    fail_sync("sync", cursor_->path(), error);
    return;
  }
  if (int error = store_mark(proves() ? opened_at_ : synced_); error != 0) {
    fail("write", mark_->path(), error);
    return;
  }
  if (int error = proves() && !proven ? mark_->sync() : 0; error != 0) {
    fail_sync("sync", mark_->path(), error);
    return;
  }
  lock_.note_boot(proves());
  made_.keep();
  opened_ = true;
  retire();
}

JournalFiles::~JournalFiles() = default;

void JournalFiles::close() noexcept {
  // A record that was abandoned while the end of its frame was not in the file is not there at all, rather than a torn
  // end for the next writer. Should that fail, it finds one.
  if (begun_bytes_ != 0 && !failed_ && wrong_with_active() == nullptr)
    (void)disk_.truncate(file_.number(), active().bytes - begun_bytes_);
  cursor_.reset();
  mark_.reset();
  file_ = OpenFile();
  // Last: until here no other writer can begin.
  lock_.release();
  folder_.close();
}

void JournalFiles::take_back() noexcept {
  if (next_ == opened_at_) made_.take_back();
  close();
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
    return commit() &&
           fail_with("write to", path_, "a record is longer than the record maximum", "raise it with --record-max");
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
  checked_ = false;
  room_ = 0;
  const bool now = options_.fsync == abi::FsyncCode::kEachBatch || sync_due_ms() == 0;
  return (now ? sync() : promise(synced_)) && retire();
}

// What was written or synced is shown only when the file is still the journal's, and the mark says it, too: a run that
// syncs nothing would not know of it otherwise.
bool JournalFiles::promise(std::uint64_t synced) noexcept {
  if (!check_active()) return false;
  const int error = store_mark(synced);
  return error == 0 || fail("write", mark_->path(), error);
}

bool JournalFiles::sync() noexcept {
  if (failed_) return false;
  if (!syncs()) return promise(synced_);
  if (synced_ == written_) return check_active();
  if (const int error = sync_device(); error != 0) return fail_sync_data(error);
  if (!promise(written_)) return false;
  ++syncs_;
  return true;
}

// 0 or a negated errno.
int JournalFiles::sync_device() noexcept {
  if (names_unsynced_) {
    const int error = disk_.sync_folder(folder_.descriptor());
    if (error != 0) return error;
    names_unsynced_ = false;
  }
  return disk_.sync_data(file_.number());
}

// `synced_` is what the mark says.
int JournalFiles::store_mark(std::uint64_t synced) noexcept {
  const std::uint64_t written = options_.fsync == abi::FsyncCode::kEachBatch ? synced : written_;
  const int error = mark_->store(written, synced, sync_failed_);
  if (error == 0) synced_ = synced;
  return error;
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
  // A file that was cut would take the write, with a hole before it.
  if (!checked_ && !check_active()) return false;
  checked_ = true;
  std::size_t moved = 0;
  if (const int error = write_all(disk_, file_.number(), buffer_.data(), bytes, active().bytes, moved); error != 0)
    return fail_write(error, moved);
  if (synced_ == written_) written_since_ns_ = core::now_ns();
  active().bytes += bytes;
  active().last_ms = now_ms_;
  bytes_ += bytes;
  used_ -= bytes;
  std::memmove(buffer_.data(), buffer_.data() + bytes, used_);
  rest_bytes_ = used_;
  begun_bytes_ = used_ == 0 ? 0 : last_frame_bytes_ - used_;
  written_ = used_ == 0 ? next_ : next_ - 1;
  return true;
}

void JournalFiles::settle_write(std::size_t moved) noexcept {
  std::uint64_t end = active().bytes - begun_bytes_;
  std::size_t at = rest_bytes_;
  if (begun_bytes_ != 0 && moved >= at) {
    end += begun_bytes_ + at;
    ++written_;
  }
  while (written_ != next_ && moved >= at + sizeof(FrameHeader)) {
    const auto bytes = static_cast<std::size_t>(frame_bytes(load_frame(buffer_.data() + at).length));
    if (moved < at + bytes) break;
    at += bytes;
    end += bytes;
    ++written_;
  }
  const std::uint64_t before = active().bytes;
  active().bytes += moved;
  if (end != active().bytes && disk_.truncate(file_.number(), end) == 0) active().bytes = end;
  bytes_ = bytes_ - before + active().bytes;
  next_ = written_;
  used_ = rest_bytes_ = begun_bytes_ = 0;
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
  if (!write_out() || !sync()) return false;
  // Should the power fail, the mark must know of every segment that is complete.
  if (const int error = syncs() ? mark_->sync() : 0; error != 0) return fail_sync("sync", mark_->path(), error);
  return begin_segment(0);
}

// `skipped`: sequences that are left out before it.
bool JournalFiles::begin_segment(std::uint64_t skipped) noexcept {
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
  header.notes = SegmentHeader::kHasMark | static_cast<std::uint32_t>(skipped);
  header.crc = header_crc(op::Crc32c(), header);
  try {
    segments_.reserve(segments_.size() + 1);
    path_ = folder_.path_of(SegmentName(next_).text);
  } catch (const std::exception&) {
    return fail("make", path_, -ENOMEM);
  }
  int error = 0;
  OpenFile file = folder_.file(SegmentName(next_).text, platform::FileAccess::kCreateNew, error);
  if (error != 0) return fail("make", path_, error);
  std::size_t moved = 0;
  error = write_all(disk_, file.number(), &header, sizeof header, 0, moved);
  const platform::FileFacts facts = disk_.facts(file.number());
  if (error == 0) error = facts.error;
  if (error != 0) {
    // Made a moment ago, and without a record.
    (void)disk_.remove(folder_.descriptor(), SegmentName(next_).text);
    return fail("write to", path_, error);
  }
  segments_.push_back({next_, sizeof header, now_ms_, now_ms_});
  file_ = std::move(file);
  identity_ = facts;
  checked_ = true;
  bytes_ += sizeof header;
  names_unsynced_ = syncs();
  return true;
}

// A file that is removed, moved, cut or written to from outside holds less than was promised, and the calls that write
// to it succeed. nullptr: it is as this run left it.
const char* JournalFiles::wrong_with_active() noexcept {
  const platform::FileFacts facts = disk_.facts_at(path_.c_str());
  if (facts.error != 0 || !facts.is_same_file(identity_))
    return "the file or its folder was removed, moved or replaced while this run writes it";
  if (facts.bytes != active().bytes) return "its length was changed from outside while this run writes it";
  if (!lock_.holds()) return "the lock beside it was removed or replaced while this run writes it";
  return nullptr;
}

bool JournalFiles::check_active() noexcept {
  const char* const wrong = wrong_with_active();
  if (wrong == nullptr) return true;
  return fail_with("write to", path_, wrong, "leave a running journal's folder alone, or name another folder");
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
    if (!remove_oldest(cursor_synced)) return false;
  }
  return true;
}

bool JournalFiles::remove_before(std::uint64_t sequence) noexcept {
  if (failed_) return false;
  if (sequence >= next_ && next_ != active().first) {
    now_ms_ = std::max(now_ms_, disk_.wall_ms());
    if (!roll()) return false;
    // No crash may leave the folder without a segment.
    if (const int error = sync_device(); error != 0) return fail_sync_data(error);
  }
  const auto is_gone = [&](std::size_t place) {
    return place + 1 < segments_.size() && segments_[place + 1].first <= sequence;
  };
  std::size_t gone = 0;
  while (is_gone(gone)) ++gone;
  if (gone == 0) return true;
  if (cursor_->stored() < segments_[gone].first)
    if (const int error = cursor_->store(segments_[gone].first); error != 0)
      return fail("write", cursor_->path(), error);
  bool cursor_synced = false;
  for (; gone != 0; --gone)
    if (!remove_oldest(cursor_synced)) return false;
  return true;
}

bool JournalFiles::remove_oldest(bool& cursor_synced) noexcept {
  // A cursor that is older on the device would want records that are no longer there.
  const int synced = cursor_synced ? 0 : cursor_->sync();
  if (synced != 0) return fail_sync("sync", cursor_->path(), synced);
  cursor_synced = true;
  int error = disk_.remove(folder_.descriptor(), SegmentName(segments_.front().first).text);
  // One name at a time is lost for good, so that no crash leaves a gap between two that remain. With `none`, too:
  // there may be records of a run that synced among them.
  if (error == 0 || error == -ENOENT) {
    if (error = disk_.sync_folder(folder_.descriptor()); error != 0)
      return fail_sync("sync the folder of", path_, error);
  }
  if (error != 0) return fail("remove an old segment beside", path_, error);
  bytes_ -= segments_.front().bytes;
  segments_.erase(segments_.begin());
  ++removed_segments_;
  return true;
}

void JournalFiles::count_over_limit() noexcept {
  std::uint64_t bytes = bytes_;
  for (std::size_t i = 0; i + 1 < segments_.size() && over_limit(segments_[i], bytes); ++i) {
    over_limit_bytes_ += segments_[i].bytes;
    bytes -= segments_[i].bytes;
  }
}

bool JournalFiles::fail_write(int error, std::size_t moved) noexcept {
  settle_write(moved);
  // What is whole in the file may be promised still, and given to the reader, if the device takes it.
  if (wrong_with_active() == nullptr) {
    const int failed = syncs() ? sync_device() : 0;
    sync_failed_ = sync_failed_ || failed != 0;
    (void)store_mark(failed == 0 && syncs() ? written_ : synced_);
  }
  return fail("write to", path_, error);
}

// Whatever file it was: the system now holds what the device may not have, and the next opening would believe it.
bool JournalFiles::fail_sync(const char* what, const std::string& path, int error) noexcept {
  if (!opened_)
    remember_failed_sync();
  else {
    sync_failed_ = true;
    (void)store_mark(synced_);
  }
  return fail(what, path, error);
}

// Of an opening. The mark stays, also one that this opening has made, where it speaks of what was there before.
void JournalFiles::remember_failed_sync() noexcept {
  mark_->note_failed_sync(recovered_.synced);
  if (!recovered_.segments.empty()) made_.keep();
}

bool JournalFiles::fail_sync_data(int error) noexcept {
  return fail_sync(names_unsynced_ ? "sync the folder of" : "sync", path_, error);
}

bool JournalFiles::fail(const char* what, const std::string& path, int error) noexcept {
  try {
    return fail_with(what, path, disk_error_text(error), disk_remedy(error));
  } catch (const std::exception&) {
    return fail_with(what, path, "an error without a text", disk_remedy(error));
  }
}

bool JournalFiles::fail_with(const char* what, const std::string& path, std::string_view why,
                             const char* remedy) noexcept {
  failed_ = true;
  room_ = 0;
  // What lies in the buffer is not written any more.
  next_ = written_;
  used_ = rest_bytes_ = begun_bytes_ = 0;
  try {
    failure_ = std::string("cannot ") + what + " " + short_path(path) + ": " + std::string(why) + "; ";
    if (opened_)
      failure_ += "records from sequence " + std::to_string(durable()) + " on may or may not be in the journal; ";
    failure_ += remedy;
  } catch (const std::exception&) {
    failure_.clear();
  }
  return false;
}

void JournalFiles::throw_failure() const {
  if (failed_) throw core::CodedError(abi::ErrorCode::kJournalWrite, failure_);
}

}  // namespace byteor::journal

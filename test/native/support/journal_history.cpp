#include "journal_history.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "abi/words.hpp"
#include "core/coded_error.hpp"
#include "history_writer.hpp"
#include "journal/journal_reader.hpp"

namespace byteor::test {

using journal::JournalFiles;
using journal::JournalOptions;

namespace {

// On a disk in memory: a file, and its first page.
constexpr std::uint64_t kSegmentRoom = 2;

// This machine's, which does not lose its power during a test: what is synced is no safer for it, and waiting for the
// device would be most of the time.
class FileDisk final : public platform::Disk {
 public:
  int sync_data(int) noexcept override { return 0; }
  int sync_folder(int) noexcept override { return 0; }
};

std::string folder_of(const HistoryPlace& place, std::uint64_t seed) {
  return place.folder + "/" + std::to_string(seed) + "/journals/lane";
}

}  // namespace

JournalHistory::JournalHistory(std::uint64_t seed, const HistoryPlace& place, Outcomes& outcomes,
                               std::vector<std::string>* log)
    : place_(place),
      folder_(folder_of(place, seed)),
      outcomes_(outcomes),
      log_(log),
      memory_(place.in_memory ? std::make_unique<MemoryDisk>(seed ^ 0xd15c) : nullptr),
      real_(place.in_memory ? nullptr : std::make_unique<FileDisk>()),
      disk_(memory_ ? static_cast<platform::Disk&>(*memory_) : *real_, memory_.get(), seed ^ 0xfa017),
      hand_(memory_ ? static_cast<platform::Disk&>(*memory_) : *real_, folder_) {
  SplitMix random(seed);
  if (!memory_) std::filesystem::create_directory(place.folder + "/" + std::to_string(seed));
  if (memory_) {
    (void)memory_->make_folder(place.folder.c_str());
    const int root = memory_->open_folder("/");
    (void)memory_->sync_folder(root);
    memory_->close(root);
    memory_->locks_folders = !random.one_in(4);
    disk_.tells_boot = !random.one_in(12);
    // A part of the path is there, and its name not on the device.
    if (random.one_in(4)) (void)memory_->make_folder((place.folder + "/" + std::to_string(seed)).c_str());
  }
  static constexpr std::uint64_t kSegmentBytes[] = {300, 1024, 4096, 9000, 40'000};
  static constexpr std::size_t kBufferBytes[] = {512, 4096, 4096, 65'536};
  static constexpr std::uint64_t kRetainBytes[] = {0, 0, 0, 1, 2000, 8000};
  static constexpr std::uint64_t kRetainMs[] = {0, 0, 0, 0, 5000};
  static constexpr abi::FsyncCode kPolicies[] = {abi::FsyncCode::kEachBatch, abi::FsyncCode::kInterval,
                                                 abi::FsyncCode::kNone};
  base_.folder = folder_;
  base_.disk = &disk_;
  base_.segment_bytes = random.pick(kSegmentBytes);
  base_.buffer_bytes = random.pick(kBufferBytes);
  base_.retain_bytes = random.pick(kRetainBytes);
  base_.retain_ms = random.pick(kRetainMs);
  base_.record_max = 4096;
  base_.fsync = random.pick(kPolicies);
  disk_.write_in_parts(random.one_in(3));
}

JournalHistory::~JournalHistory() {
  disk_.kill();
  writer_.reset();
  if (!memory_) std::filesystem::remove_all(std::filesystem::path(folder_).parent_path().parent_path());
}

bool JournalHistory::has_segment(const FolderImage& image) {
  return std::any_of(image.begin(), image.end(), [](const auto& file) {
    return file.first.ends_with(journal::kSegmentEnding) && file.second.size() >= sizeof(journal::SegmentHeader) &&
           file.second.starts_with("BTRJ");
  });
}

void JournalHistory::note(const std::string& what) {
  if (log_ != nullptr) log_->push_back(what);
}

void JournalHistory::run(const std::vector<Step>& steps) {
  if (log_ != nullptr) {
    std::ostringstream text;
    text << "segment_bytes " << base_.segment_bytes << ", buffer_bytes " << base_.buffer_bytes << ", retain_bytes "
         << base_.retain_bytes << ", retain_ms " << base_.retain_ms;
    note(text.str());
  }
  for (const Step& each : steps) {
    if (over_) return;
    note(std::string("- ") + step_name(each.kind));
    step(each);
    if (!over_) check_removed();
  }
  if (!over_) finish();
}

void JournalHistory::step(const Step& step) {
  SplitMix random(step.seed);
  switch (step.kind) {
    case StepKind::kOpen:
      return open(random);
    case StepKind::kAppend:
      return writer_ != nullptr && writer_->agent ? append_by_agent(random) : append(random);
    case StepKind::kSync:
      return sync(random);
    case StepKind::kRead:
      return writer_ != nullptr && writer_->inlet ? read_inlet(random) : read(random);
    case StepKind::kLiveRead:
      return live_read(random);
    case StepKind::kClose:
      if (random.one_in(5)) disk_.kill_after(random.below(5));
      close();
      return disk_.dead() ? after_kill(random) : disk_.disarm();
    case StepKind::kCrash:
      return crash();
    case StepKind::kPowerFailure:
      return power_failure();
    case StepKind::kClock:
      // It may be set back.
      disk_.clock_ms += random.below(12'000);
      disk_.clock_ms -= random.below(3'000);
      return;
    case StepKind::kSecondOpen:
      return second_open(random);
    case StepKind::kLockDamage:
      return lock_damage(random);
    case StepKind::kRunningDamage:
      return running_damage(random);
    case StepKind::kClosedDamage:
      return closed_damage(random);
    case StepKind::kCapacity:
      return capacity(random);
    case StepKind::kEvict:
      return evict();
    case StepKind::kForeignOpen:
      return foreign_open(random);
    case StepKind::kLie:
      disk_.lie_once();
      return;
  }
}

// --- Opening -------------------------------------------------------------------------------------------------------

JournalOptions JournalHistory::options(SplitMix& random) {
  static constexpr abi::FsyncCode kPolicies[] = {abi::FsyncCode::kEachBatch, abi::FsyncCode::kInterval,
                                                 abi::FsyncCode::kNone};
  JournalOptions options = base_;
  if (random.one_in(6)) options.fsync = random.pick(kPolicies);
  // Due at once, or not before the test says so: the monotonic clock is not the test's.
  options.fsync_interval_ms = random.one_in(3) ? 0 : 1'000'000'000;
  return options;
}

std::uint64_t JournalHistory::cursor_on_disk() {
  if (!hand_.exists()) return 0;
  const FolderImage image = hand_.image();
  const auto file = image.find(journal::kCursorName);
  if (file == image.end()) return 0;
  std::uint64_t turn = 0;
  std::uint64_t sequence = 0;
  for (const std::uint64_t offset : {std::uint64_t{0}, journal::kSlotStride}) {
    journal::CursorSlot slot{};
    if (file->second.size() < offset + sizeof slot) continue;
    std::memcpy(&slot, file->second.data() + offset, sizeof slot);
    const std::uint32_t crc = op::Crc32c().extend(0, journal::bytes_of(&slot, offsetof(journal::CursorSlot, crc)));
    if (slot.magic != journal::kCursorMagic || slot.crc != crc || slot.turn < turn) continue;
    turn = slot.turn;
    sequence = slot.sequence;
  }
  return sequence;
}

JournalHistory::Attempt JournalHistory::attempt(const JournalOptions& options) {
  Attempt attempt;
  disk_.forget();
  attempt.options = options;
  attempt.before = hand_.image();
  attempt.cursor_on_disk = cursor_on_disk();
  try {
    attempt.files = JournalFiles::open(options);
  } catch (const core::CodedError& error) {
    attempt.code = abi::word_of(error.code());
    attempt.message = error.what();
  } catch (const std::exception& error) {
    throw Violation("open-threw-something-else", error.what());
  }
  if (log_ != nullptr)
    note(attempt.files ? "  opened, fsync " + std::to_string(static_cast<int>(options.fsync)) + ", next " +
                             std::to_string(attempt.files->opened_at()) + ", cursor " +
                             std::to_string(attempt.files->cursor().stored()) + ", synced " +
                             std::to_string(attempt.files->status().synced) + ", cut " +
                             std::to_string(attempt.files->recovered().cut_bytes)
                       : "  refused: " + attempt.code + " " + attempt.message);
  return attempt;
}

void JournalHistory::open(SplitMix& random) {
  if (writer_ != nullptr) return;
  const JournalOptions with = options(random);
  const bool armed = random.one_in(4);
  if (armed) arm(random, 40);
  if (!armed && memory_ && memory_->holds_unproven_pages() && random.one_in(2)) {
    disk_.evict_after(random.below(40));
    leave_room();
  }
  Attempt tried = attempt(with);
  tried.armed = armed;
  if (disk_.dead()) {
    tried.files.reset();
    count("killed in an open");
    return after_kill(random);
  }
  disk_.disarm();
  if (disk_.evicted() != 0) {
    count("pages evicted in an open");
    model_.pages_lost();
    if (disk_.lied()) return judge_after_lie();
  }
  if (tried.files == nullptr) return refuse(tried, false);
  accept(tried);
  begin_run(random);
}

// The open succeeded, and nothing outside the journal is in question.
void JournalHistory::accept(Attempt& attempt) {
  JournalFiles& files = *attempt.files;
  const journal::JournalStatus status = files.status();
  const bool lossy = model_.lossy();
  const std::uint64_t appended_end = model_.records_end(said_appended_.value_or(0));
  model_.check_opened({status.first, files.opened_at(), files.cursor().stored(), status.synced, attempt.cursor_on_disk},
                      served_by_reader(status.first));
  check_removed();
  const std::uint64_t records_end = model_.records_end();
  if (!lossy && said_missing_.has_value() && records_end > *said_missing_)
    throw Violation(
        "failure-says-missing-what-is-there",
        "from " + std::to_string(*said_missing_) + " on, and there is all before " + std::to_string(records_end));
  if (!lossy && said_appended_.has_value() && records_end != appended_end)
    throw Violation("counters-do-not-follow-the-files", "appended " + std::to_string(*said_appended_) +
                                                            ", and there is all before " +
                                                            std::to_string(files.opened_at()));
  said_missing_.reset();
  said_appended_.reset();
  made_ = true;
  count("opened");
  if (lossy) count("opened after a power failure");
  if (files.recovered().cut_bytes != 0) count("cut");
  if (model_.records_end() < files.opened_at()) count("sequences left out");
  if (memory_ && memory_->used() >= memory_->capacity) count("opened on a full disk");
  for (const auto& [name, content] : attempt.before)
    if (name.ends_with(journal::kAsideEnding)) count("set aside");
  if (status.removed_segments != 0) count("retention at opening");
  writer_ = std::make_unique<Writer>();
  writer_->options = attempt.options;
  writer_->files = std::move(attempt.files);
}

// `expected`: there is a reason that the caller knows.
void JournalHistory::refuse(const Attempt& attempt, bool expected) {
  count("refused " + attempt.code);
  if (attempt.message.empty()) throw Violation("refused-without-a-word", attempt.code);
  // A page that goes between two reads is a fault, too.
  if (!expected && disk_.faults() == 0 && disk_.evicted() == 0)
    throw Violation("refused-" + attempt.code, attempt.message);
  if (!expected) count(disk_.full() != 0 ? "refused on a full disk" : "refused with a fault");
  // On a full disk what is there can still be opened.
  if (!expected && made_ && !attempt.armed && disk_.full() != 0 && has_segment(attempt.before))
    throw Violation("refused-on-a-full-disk", attempt.message);
  // A change that failed halfway is a change, what fails in the middle of a repair leaves the part that was done, and
  // so does what was proven again before a page went; every other failure comes before the first change.
  if (!made_ || disk_.faults_of_changes() != 0 || disk_.evicted() != 0) return;
  const FolderImage after = hand_.image();
  if (after == attempt.before) return;
  std::string names;
  for (const auto& [name, content] : after)
    if (!attempt.before.contains(name) || attempt.before.at(name) != content) names += " " + name;
  for (const auto& [name, content] : attempt.before)
    if (!after.contains(name)) names += " -" + name;
  throw Violation("failed-open-changes-files", attempt.code + ":" + names + "; " + attempt.message);
}

// Sequences of the records that a reader gets, which must be the right ones.
std::vector<std::uint64_t> JournalHistory::served_by_reader(std::uint64_t first) {
  std::vector<std::uint64_t> served;
  journal::ReaderOptions options;
  options.folder = folder_;
  options.disk = &disk_;
  options.buffer_bytes = 16 * 1024;
  journal::JournalReader reader(options);
  if (reader.first() != first) throw Violation("reader-begins-elsewhere", std::to_string(reader.first()));
  journal::JournalRecord records[32];
  while (const std::uint32_t got = reader.read(records, 32))
    for (std::uint32_t i = 0; i != got; ++i) {
      model_.check_record(records[i].sequence, {reinterpret_cast<const char*>(records[i].data), records[i].length},
                          records[i].flags);
      served.push_back(records[i].sequence);
    }
  if (reader.failed()) throw Violation("reader-fails-behind-an-open", reader.failure().what());
  return served;
}

// Nothing with records in it is unlinked but by retention, oldest first and behind the reader. Damage has taken records
// from `lost_from` on.
void JournalHistory::check_removed(std::uint64_t lost_from) {
  const std::vector<std::string> removed = disk_.take_removed();
  if (removed.empty()) return;
  const std::vector<std::string> left = hand_.segments();
  for (const std::string& name : removed) {
    if (!retains() || left.empty() || name > left.front()) throw Violation("unlinked-records", name);
    const std::uint64_t end = std::min({*journal::sequence_of(left.front()), model_.appended(), lost_from});
    for (std::uint64_t s = std::max(*journal::sequence_of(name), model_.cursor()); s < end; ++s)
      if (model_.has_record(s)) throw Violation("unlinked-records", name + " with " + std::to_string(s));
    count("retention");
  }
}

void JournalHistory::foreign_open(SplitMix& random) {
  if (writer_ != nullptr) return;
  if (!has_segment(hand_.image())) return;
  JournalOptions with = options(random);
  with.type.codec = abi::CodecCode::kUtf8;
  const Attempt tried = attempt(with);
  // A journal that a power failure has left nothing of is begun again; what was promised may have been retired before.
  const std::uint64_t retired = retains() ? model_.cursor() : 0;
  if (tried.files != nullptr && model_.floor() > retired) throw Violation("codec-ignored", "opened");
  over_ = tried.files != nullptr;
  if (!over_) refuse(tried, tried.code == "JOURNAL_CODEC");
}

void JournalHistory::second_open(SplitMix& random) {
  if (writer_ == nullptr) return;
  const Attempt tried = attempt(options(random));
  if (tried.files != nullptr) throw Violation("two-writers", "opened twice");
  refuse(tried, tried.code == "JOURNAL_LOCKED");
}

// --- Ends ----------------------------------------------------------------------------------------------------------

void JournalHistory::close() {
  if (writer_ == nullptr) return;
  disk_.forget();
  if (writer_->agent && !writer_->failed) end_lane();
  if (writer_ == nullptr) return;
  // Its end stores the cursor.
  if (writer_->inlet) model_.cursor_stored(writer_->read_at, false);
  writer_->inlet.reset();
  writer_->agent.reset();
  writer_->files->close();
  writer_.reset();
  count("closed");
}

void JournalHistory::crash() {
  disk_.kill();
  writer_.reset();
  disk_.revive();
  if (memory_) memory_->end_process();
  count("crash of the process");
}

void JournalHistory::power_failure() {
  if (memory_ == nullptr) return crash();
  crash();
  // By what is there: names may be lost, and others come back.
  check_removed();
  memory_->power_failure();
  ++disk_.boots;
  model_.power_failed();
  leave_room();
  count("power failure");
  if (disk_.lied()) judge_after_lie();
}

// A segment that is begun in place of one that has gone with the power needs room for its name and its header: a limit
// that docs/journal.md names, and all that a full disk is given here.
void JournalHistory::leave_room() {
  if (memory_->capacity == MemoryDisk::kUnlimited) return;
  memory_->capacity = std::max(memory_->capacity, memory_->used() + kSegmentRoom);
}

void JournalHistory::after_kill(SplitMix& random) {
  if (memory_ != nullptr && !random.one_in(3))
    power_failure();
  else
    crash();
}

void JournalHistory::evict() {
  if (memory_ == nullptr || (writer_ != nullptr && !writer_->failed)) return;
  crash();
  if (memory_->evict() == 0) return;
  count("pages evicted");
  model_.pages_lost();
  leave_room();
  if (disk_.lied()) judge_after_lie();
}

// Nothing can be asked of a journal whose device says that something is safe which is not, but that it says something.
void JournalHistory::judge_after_lie() {
  over_ = true;
  count("lied to");
  memory_->capacity = MemoryDisk::kUnlimited;
  const Attempt tried = attempt(base_);
  if (tried.files == nullptr && tried.message.empty()) throw Violation("refused-without-a-word", tried.code);
}

void JournalHistory::finish() {
  disk_.revive();
  if (memory_) memory_->capacity = MemoryDisk::kUnlimited;
  crash();
  Attempt last = attempt(base_);
  if (last.files == nullptr) return refuse(last, false);
  accept(last);
}

void JournalHistory::capacity(SplitMix& random) {
  if (memory_ == nullptr) return;
  memory_->capacity =
      memory_->capacity == MemoryDisk::kUnlimited ? memory_->used() + random.below(6) : MemoryDisk::kUnlimited;
  if (model_.lossy()) leave_room();
}

void JournalHistory::arm(SplitMix& random, std::uint64_t calls) {
  struct Fault {
    DiskCall call;
    int error;
  };
  static constexpr Fault kFaults[] = {
      {DiskCall::kRename, -EIO},   {DiskCall::kFolder, -EMFILE}, {DiskCall::kOpen, -EMFILE},
      {DiskCall::kOpen, -EIO},     {DiskCall::kRead, -EIO},      {DiskCall::kFacts, -EIO},
      {DiskCall::kList, -EMFILE},  {DiskCall::kLock, -ENOLCK},   {DiskCall::kWrite, -EIO},
      {DiskCall::kWrite, -ENOSPC}, {DiskCall::kTruncate, -EIO},  {DiskCall::kRemove, -EIO},
      {DiskCall::kSyncData, -EIO}, {DiskCall::kSyncData, -EIO},  {DiskCall::kSyncFolder, -EIO},
  };
  if (random.one_in(2)) return disk_.kill_after(random.below(calls));
  // A sync that fails matters most.
  const Fault fault = random.one_in(3) ? Fault{DiskCall::kSyncData, -EIO} : random.pick(kFaults);
  const std::uint64_t after = random.below(4);
  disk_.fail_after(after, fault.call, fault.error, random.one_in(3));
}

}  // namespace byteor::test

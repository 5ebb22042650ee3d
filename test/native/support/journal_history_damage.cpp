// What somebody outside does to the files of a journal, closed or running, and what may become of it. Afterwards the
// files are as they were before: what is refused must be accepted again once its cause is gone.
#include <algorithm>

#include "abi/words.hpp"
#include "core/coded_error.hpp"
#include "history_writer.hpp"
#include "journal_damage.hpp"

namespace byteor::test {

using Verdict = JournalDamage::Verdict;

void JournalHistory::closed_damage(SplitMix& random) {
  if (!made_) return;
  if (writer_ != nullptr && random.one_in(2))
    close();
  else
    crash();
  if (memory_) memory_->capacity = MemoryDisk::kUnlimited;
  Attempt before = attempt(base_);
  if (before.files == nullptr) return refuse(before, false);
  accept(before);
  close();
  // Where it cannot be told, it may have been.
  const bool restarted = random.one_in(3) || !disk_.tells_boot;
  if (restarted) ++disk_.boots;
  const FolderImage saved = hand_.image();
  if (hand_.segments().empty()) return;
  const std::optional<JournalDamage> damage = damage_at_random(hand_, model_, cursor_on_disk(), restarted, random);
  if (damage.has_value()) judge_damage(*damage, saved, restarted);
}

void JournalHistory::judge_damage(const JournalDamage& damage, const FolderImage& saved, bool restarted) {
  const JournalModel truth = model_;
  if (log_ != nullptr) note("  " + damage.what);
  Attempt tried = attempt(base_);
  if (tried.files == nullptr) {
    if (damage.verdict == Verdict::kMustAccept)
      throw Violation("harmless-change-refused", damage.what + ": " + tried.message);
    refuse(tried, true);
    const Attempt again = attempt(base_);
    if (again.code != tried.code) throw Violation("refused-otherwise-the-next-time", tried.code + ", " + again.code);
    count("refused: " + damage.what);
  } else {
    const std::uint64_t next = tried.files->opened_at();
    const std::uint64_t owed = restarted ? truth.synced() : truth.written();
    const std::string said = damage.what + "; next " + std::to_string(next) + " of " +
                             std::to_string(truth.appended()) + ", cursor in the files " +
                             std::to_string(tried.cursor_on_disk);
    if (damage.verdict == Verdict::kMustRefuse) throw Violation("damage-accepted", said);
    if (next < tried.cursor_on_disk) throw Violation("damage-gives-sequences-again", said);
    if (next < damage.end) throw Violation("damage-takes-more-than-it-hit", said);
    if (next < owed && damage.mark) throw Violation("damage-gives-sequences-again", said);
    count("accepted: " + damage.what);
    tried.files.reset();
    read_damaged(std::min(damage.end, damage.read_fails_at));
  }
  check_removed(damage.end);
  crash();
  hand_.restore(saved);
  model_ = truth;
}

// Everything that is owed up to `end` is served, nothing wrong is, and what fails says so.
void JournalHistory::read_damaged(std::uint64_t end) {
  journal::ReaderOptions options;
  options.folder = folder_;
  options.disk = &disk_;
  try {
    journal::JournalReader reader(options);
    std::uint64_t at = reader.first();
    const auto skip_to = [&](std::uint64_t sequence) {
      for (; at < sequence; ++at)
        if (at < end && model_.has_record(at))
          throw Violation("damage-hides-records", std::to_string(at) + " of " + std::to_string(end));
    };
    journal::JournalRecord records[32];
    while (const std::uint32_t got = reader.read(records, 32))
      for (std::uint32_t i = 0; i != got; ++i) {
        model_.check_record(records[i].sequence, {reinterpret_cast<const char*>(records[i].data), records[i].length},
                            records[i].flags);
        skip_to(records[i].sequence);
        ++at;
      }
    skip_to(end);
    if (reader.failed()) count(std::string("reader failed ") + abi::word_of(reader.failure().code()));
  } catch (const core::CodedError& error) {
    count(std::string("reader refused ") + abi::word_of(error.code()));
  }
}

// Appends one more record and wants it promised. True when the journal said so.
bool JournalHistory::commit_more() {
  Writer& run = *writer_;
  std::string text = record_content(next_id_);
  if (run.agent) {
    run.lane_ids.push_back(next_id_);
    run.lane.put(text, record_content_flags(next_id_++));
    const std::uint64_t before = run.lane.released();
    for (int turn = 0; turn != 3; ++turn) run.agent->do_work();
    return run.failures.count == 0 || run.lane.released() != before;
  }
  const lane::LaneRecord record{reinterpret_cast<std::byte*>(text.data()), static_cast<std::uint32_t>(text.size()),
                                record_content_flags(next_id_++), 0};
  return run.files->append({&record, 1}) == 1 && run.files->commit();
}

void JournalHistory::running_damage(SplitMix& random) {
  if (writer_ == nullptr || writer_->failed) return;
  if (memory_) memory_->capacity = MemoryDisk::kUnlimited;
  disk_.forget();
  next_id_ += 1;
  if (!writer_->agent) after_commit(true, writer_->files->commit());
  check_removed();
  const FolderImage saved = hand_.image();
  const JournalModel truth = model_;
  const std::string active = hand_.segments().back();
  const std::size_t bytes = saved.at(active).size();
  static constexpr const char* kWays[] = {"emptied",
                                          "cut to its header",
                                          "cut",
                                          "removed",
                                          "renamed",
                                          "exchanged",
                                          "grown",
                                          "removed, another one made",
                                          "in a folder that was moved"};

  const char* const way = random.pick(kWays);
  const std::string name = way;
  if (name == "emptied") hand_.truncate(active, 0);
  if (name == "cut to its header") hand_.truncate(active, sizeof(journal::SegmentHeader) - random.below(2));
  if (name == "cut") hand_.truncate(active, random.below(bytes));
  if (name == "removed" || name == "removed, another one made") hand_.remove(active);
  if (name == "removed, another one made") hand_.put(active, "");
  if (name == "renamed") hand_.rename(active, active + ".aside");
  if (name == "exchanged") hand_.exchange(active);
  if (name == "grown") hand_.truncate(active, bytes + 1 + random.below(100));
  const bool moved = name == "in a folder that was moved";
  if (moved) hand_.move_folder(true);
  if (!moved && hand_.image() == saved && name != "exchanged") return;
  note("  open segment " + name);
  if (commit_more()) throw Violation("acknowledged-to-a-damaged-file", "open segment " + name);
  count("run failed: open segment " + name);
  crash();
  if (moved) hand_.move_folder(false);
  const std::uint64_t wanted = cursor_on_disk();
  Attempt tried = attempt(base_);
  if (tried.files == nullptr)
    refuse(tried, true);
  else if (tried.files->opened_at() < wanted)
    throw Violation("damage-gives-sequences-again", "open segment " + name);
  tried.files.reset();
  check_removed(*journal::sequence_of(active));
  crash();
  hand_.restore(saved);
  model_ = truth;
  model_.restored(std::max(truth.written(), truth.appended()));
}

// The lock file is removed or exchanged under a writer, and another one opens: of the two only the second may go on.
void JournalHistory::lock_damage(SplitMix& random) {
  if (writer_ == nullptr || writer_->failed || writer_->agent) return;
  if (memory_) memory_->capacity = MemoryDisk::kUnlimited;
  disk_.forget();
  after_commit(true, writer_->files->commit());
  const std::string lock = hand_.content(journal::kLockName);
  if (random.one_in(3))
    hand_.remove(journal::kLockName);
  else if (random.one_in(2))
    hand_.exchange(journal::kLockName);
  else
    hand_.truncate(journal::kLockName, 0);
  std::unique_ptr<Writer> first = std::move(writer_);
  Attempt tried = attempt(base_);
  if (tried.files == nullptr) {
    refuse(tried, true);
    count("second writer refused without the lock file");
    writer_ = std::move(first);
    crash();
    // Its room is needed should the disk be full the next time.
    return hand_.put(journal::kLockName, lock);
  }
  accept(tried);
  std::swap(first, writer_);
  const bool both = commit_more();
  std::swap(first, writer_);
  disk_.kill();
  first.reset();
  disk_.revive();
  if (both) throw Violation("two-writers-acknowledge", "the lock file was removed");
  count("first writer failed without its lock");
  disk_.forget();
  model_.appended(next_id_);
  if (!commit_more()) throw Violation("second-writer-failed", writer_->files->failure());
  after_commit(true, true);
  const std::vector<std::uint64_t> served = served_by_reader(writer_->files->status().first);
  if (served.empty() || served.back() + 1 != model_.appended())
    throw Violation("second-writer-lost-records", std::to_string(served.size()));
}

}  // namespace byteor::test

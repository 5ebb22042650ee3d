// The steps of a run: what is appended and promised, and what readers get.
#include <algorithm>

#include "core/coded_error.hpp"
#include "history_writer.hpp"

namespace byteor::test {

using journal::JournalFiles;
using journal::JournalStatus;

namespace {

// A record as the lane hands it over; `text` outlives it.
lane::LaneRecord lane_record(std::string& text, std::uint64_t id) {
  return {reinterpret_cast<std::byte*>(text.data()), static_cast<std::uint32_t>(text.size()), record_content_flags(id),
          0};
}

// "records from sequence N on are not in the journal": N.
std::optional<std::uint64_t> missing_in(const std::string& failure) {
  const std::size_t end = failure.find(" on are not in the journal");
  const std::size_t begin = failure.rfind("from sequence ", end);
  if (end == std::string::npos || begin == std::string::npos) return std::nullopt;
  return std::stoull(failure.substr(begin + 14, end - begin - 14));
}

}  // namespace

void JournalHistory::begin_run(SplitMix& random) {
  if (!random.one_in(3)) return;
  Writer& run = *writer_;
  count("run with an agent");
  journal::JournalAgentOptions agent;
  if (random.one_in(2)) agent.commit_bytes = 2000;
  run.agent = std::make_unique<journal::JournalAgent>(run.lane, *run.files, run.block, run.failures, agent);
  journal::JournalInletOptions inlet;
  inlet.cursor_records = 1 + random.below(6);
  run.read_at = run.files->cursor().stored();
  try {
    run.inlet =
        std::make_unique<journal::JournalInlet>(run.read_lane, *run.files, run.block, run.reader_failures, inlet);
  } catch (const core::CodedError& error) {
    throw Violation("inlet-refused", error.what());
  }
}

// Whether the run may have failed: something was wrong with the disk. Takes down what the failure says.
bool JournalHistory::has_failed(const std::string& why) {
  writer_->failed = true;
  if (log_ != nullptr) note("  failed: " + why);
  if (disk_.faults() == 0) throw Violation("failed-without-a-cause", why);
  if (why.empty()) throw Violation("failed-without-a-word", "");
  count("run failed");
  if (disk_.full() != 0) count("run failed on a full disk");
  if (disk_.failed_syncs() != 0) {
    count("run failed with a failed sync");
    model_.sync_failed();
  }
  said_missing_ = missing_in(why);
  return true;
}

// After append() and a commit: what may be believed from now on.
void JournalHistory::after_commit(bool whole, bool good) {
  Writer& run = *writer_;
  const JournalStatus status = run.files->status();
  if (!good) has_failed(run.files->failure());
  if (good && whole) model_.promise_written(status.next);
  if (run.options.fsync == abi::FsyncCode::kNone)
    model_.promise_written(status.durable);
  else
    model_.promise_synced(status.durable);
  model_.promise_synced(status.synced);
  if (log_ != nullptr)
    note("  next " + std::to_string(status.next) + ", durable " + std::to_string(status.durable) + ", synced " +
         std::to_string(status.synced) + ", segments " + std::to_string(status.segments));
}

void JournalHistory::append(SplitMix& random) {
  if (writer_ == nullptr) return;
  Writer& run = *writer_;
  std::vector<std::string> texts(1 + random.below(random.one_in(8) ? 40 : 8));
  std::vector<lane::LaneRecord> records;
  for (std::size_t i = 0; i != texts.size(); ++i) {
    texts[i] = record_content(next_id_ + i);
    records.push_back(lane_record(texts[i], next_id_ + i));
  }
  disk_.forget();
  if (random.one_in(4)) arm(random, 12);
  std::size_t done = 0;
  while (done != records.size()) {
    const std::size_t took = run.files->append({records.data() + done, records.size() - done});
    if (took == 0) break;
    done += took;
    if (run.failed) throw Violation("append-after-a-failure", "taken");
  }
  for (std::size_t i = 0; i != done; ++i) model_.appended(next_id_++);
  next_id_ += records.size() - done;
  bool good = done == records.size();
  const std::uint64_t way = random.below(10);
  if (way != 0) good = (way < 3 ? run.files->commit_blocks() : run.files->commit()) && good;
  if (way == 3) good = run.files->sync() && good;
  if (disk_.dead()) {
    count("killed in a commit");
    return after_kill(random);
  }
  disk_.disarm();
  if (run.failed) {
    if (good) throw Violation("commit-after-a-failure", "good");
    return;
  }
  after_commit(way > 2, good);
}

void JournalHistory::append_by_agent(SplitMix& random) {
  Writer& run = *writer_;
  for (std::uint64_t left = random.below(random.one_in(8) ? 40 : 8); left != 0; --left) {
    run.lane_ids.push_back(next_id_);
    run.lane.put(record_content(next_id_), record_content_flags(next_id_));
    ++next_id_;
  }
  disk_.forget();
  if (random.one_in(4)) arm(random, 12);
  for (std::uint64_t turns = 1 + random.below(3); turns != 0 && !disk_.dead(); --turns) run.agent->do_work();
  if (disk_.dead()) {
    note_lane();
    count("killed in a turn");
    return after_kill(random);
  }
  disk_.disarm();
  after_turn();
}

// Whatever was put into the lane may be in the files.
void JournalHistory::note_lane() {
  Writer& run = *writer_;
  while (model_.appended() - run.files->opened_at() < run.lane_ids.size())
    model_.appended(run.lane_ids[model_.appended() - run.files->opened_at()]);
}

// What the agent's turns have come to: its counters, and what it lets the reader have.
void JournalHistory::after_turn() {
  Writer& run = *writer_;
  const JournalFiles& files = *run.files;
  note_lane();
  if (run.failed) return;
  const bool good = run.failures.count == 0;
  const bool full = disk_.full() != 0 && disk_.full() == disk_.faults();
  after_commit(!files.has_unwritten(), good);
  if (run.block.durable.load() != static_cast<double>(files.durable()))
    throw Violation("counter-of-durable-is-old", std::to_string(run.block.durable.load()));
  if (!good && run.failures.cause.empty()) throw Violation("failed-without-a-word", "agent");
  if (!good && full) said_appended_ = static_cast<std::uint64_t>(run.block.appended.load());
  for (; run.fed != run.lane.released(); ++run.fed) {
    const std::uint64_t id = run.lane_ids[run.fed];
    run.read_lane.put(record_content(id), record_content_flags(id));
  }
  if (good) model_.promise_written(files.opened_at() + run.fed);
}

// The writer has closed the lane: the agent ends when all is as durable as it was promised.
void JournalHistory::end_lane() {
  Writer& run = *writer_;
  run.lane.close();
  // A turn commits so many bytes at most, however much lies in the lane.
  for (int idle = 0; idle != 8 && !run.agent->done() && !disk_.dead();) idle = run.agent->do_work() == 0 ? idle + 1 : 0;
  note_lane();
  if (disk_.dead()) return;
  if (!run.agent->done()) throw Violation("agent-does-not-end", std::to_string(run.lane.consumed()));
  after_turn();
  const JournalStatus status = run.files->status();
  if (!run.failed && (status.durable != status.next || model_.appended() != status.next))
    throw Violation("agent-ends-before-its-promise",
                    std::to_string(status.durable) + " of " + std::to_string(model_.appended()));
}

void JournalHistory::sync(SplitMix& random) {
  if (writer_ == nullptr || writer_->failed || writer_->agent) return;
  disk_.forget();
  if (random.one_in(5)) arm(random, 4);
  const bool good = writer_->files->sync();
  if (disk_.dead()) return after_kill(random);
  disk_.disarm();
  after_commit(false, good);
}

// The cursor's file has what the reader stored, or not, where the disk failed.
void JournalHistory::follow_cursor() {
  Writer& run = *writer_;
  model_.cursor_stored(run.files->cursor().stored(), true);
  if (disk_.faults() != 0) model_.cursor_stored(std::max(run.read_at, model_.cursor()), false);
}

void JournalHistory::read(SplitMix& random) {
  if (writer_ == nullptr) return;
  Writer& run = *writer_;
  const std::uint64_t end = run.options.fsync == abi::FsyncCode::kEachBatch ? model_.synced() : model_.written();
  const std::uint64_t sequence = std::min(end, run.files->cursor().stored() + random.below(12));
  if (sequence < run.files->cursor().stored()) return;
  disk_.forget();
  run.read_at = sequence;
  const int error = run.files->cursor().store(sequence);
  if (error != 0 && disk_.faults() == 0) throw Violation("cursor-not-stored", std::to_string(error));
  follow_cursor();
  count("cursor stored");
}

void JournalHistory::read_inlet(SplitMix& random) {
  Writer& run = *writer_;
  lane::LaneRecord records[16];
  disk_.forget();
  const std::uint32_t got = run.inlet->peek(records, static_cast<std::uint32_t>(1 + random.below(16)));
  for (std::uint32_t i = 0; i != got; ++i) {
    // No record has those that a power failure took.
    while (run.read_at < run.files->opened_at() && !model_.has_record(run.read_at)) ++run.read_at;
    const std::uint64_t sequence = run.read_at++;
    model_.check_record(sequence, {reinterpret_cast<const char*>(records[i].data), records[i].length},
                        records[i].flags);
    if (run.options.fsync == abi::FsyncCode::kEachBatch) model_.check_safe(sequence);
    // Behind a failure it gets what the files hold, promised or not.
    if (!run.failed && sequence >= model_.written())
      throw Violation("reader-ahead-of-the-files", std::to_string(sequence));
    count(sequence < run.files->opened_at() ? "replayed" : "read from the lane");
  }
  run.inlet->consume(got);
  run.inlet->release();
  follow_cursor();
  if (run.reader_failures.count != 0 && disk_.faults() == 0)
    throw Violation("reader-failed", run.reader_failures.cause);
  if (run.reader_failures.count != 0) run.inlet.reset();
}

// A reader without a lock, beside the writer or before the next one has repaired anything.
void JournalHistory::live_read(SplitMix& random) {
  if (hand_.segments().empty() || !made_ || disk_.lied()) return;
  if (writer_ != nullptr && writer_->failed) return;
  journal::ReaderOptions options;
  options.folder = folder_;
  options.disk = &disk_;
  options.buffer_bytes = 64 + random.below(8000);
  // Retention has removed what lies before.
  std::uint64_t at = *journal::sequence_of(hand_.segments().front());
  std::string failure;
  try {
    journal::JournalReader reader(options);
    at = reader.first();
    const std::uint64_t to = at + random.below(model_.floor() + 1);
    if (to < model_.floor() && model_.has_record(to)) reader.seek(at = to);
    journal::JournalRecord records[32];
    while (const std::uint32_t got = reader.read(records, 32))
      for (std::uint32_t i = 0; i != got; ++i) {
        const journal::JournalRecord& record = records[i];
        model_.check_record(record.sequence, {reinterpret_cast<const char*>(record.data), record.length}, record.flags);
        for (; at != record.sequence; ++at)
          if (model_.has_record(at)) throw Violation("live-reader-skips", std::to_string(at));
        ++at;
      }
    if (reader.failed()) failure = reader.failure().what();
  } catch (const core::CodedError& error) {
    failure = error.what();
  }
  while (at < model_.floor() && !model_.has_record(at)) ++at;
  // What no crash can take is there, whatever lies behind it.
  if (at < model_.floor())
    throw Violation(failure.empty() ? "live-reader-ends-early" : "live-reader-fails",
                    "at " + std::to_string(at) + " of " + std::to_string(model_.floor()) + ": " + failure);
  if (!failure.empty() && !model_.lossy()) throw Violation("live-reader-fails-at-the-end", failure);
  count(model_.lossy() ? "live read after a power failure" : "live read");
}

}  // namespace byteor::test

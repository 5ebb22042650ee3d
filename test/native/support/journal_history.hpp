// SplitMix histories of one journal: what its writer, its reader, its operator and its machine do to it, step by step.
// Each step has a seed of its own, so that a history from which steps are taken out does the same in those that are
// left.
//
//   steps ──▶ JournalHistory ──▶ JournalFiles, JournalAgent, JournalInlet, JournalReader (the shipped ones)
//                  │                          │
//                  ▼                          ▼
//             JournalModel                HistoryDisk ──▶ MemoryDisk, or this machine's
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fake_lane.hpp"
#include "history_disk.hpp"
#include "journal/journal_agent.hpp"
#include "journal/journal_files.hpp"
#include "journal/journal_inlet.hpp"
#include "journal_model.hpp"
#include "memory_disk.hpp"
#include "operator_hand.hpp"
#include "split_mix.hpp"

namespace byteor::test {

enum class StepKind : std::uint8_t {
  kOpen,    // perhaps with faults, perhaps killed
  kAppend,  // some records and a commit, perhaps with faults, perhaps killed
  kSync,
  kRead,      // the lane's reader takes some and moves the cursor
  kLiveRead,  // another reader, without a lock
  kClose,
  kCrash,         // of the process
  kPowerFailure,  // of the machine
  kClock,
  kSecondOpen,  // while the journal is being written
  kLockDamage,
  kRunningDamage,
  kClosedDamage,
  kCapacity,
  kEvict,
  kForeignOpen,  // with a plan of another codec
  kLie,
};
inline constexpr std::size_t kStepKinds = 17;
const char* step_name(StepKind kind);

struct Step {
  StepKind kind;
  std::uint64_t seed;
};

// The steps of the history with this seed.
std::vector<Step> steps_of(std::uint64_t seed);

// How often each outcome was met.
using Outcomes = std::map<std::string, std::uint64_t>;
// Those that some of 10^5 histories in memory must meet: where one is not, the histories do not test what they say.
const std::vector<std::string>& expected_outcomes();

// Where a history takes place.
struct HistoryPlace {
  // nullptr: this machine's files below `folder`, which is there. Then there are no power failures.
  bool in_memory = true;
  std::string folder = "/data";
};

struct JournalDamage;

class JournalHistory {
 public:
  JournalHistory(std::uint64_t seed, const HistoryPlace& place, Outcomes& outcomes, std::vector<std::string>* log);
  ~JournalHistory();

  // Throws Violation.
  void run(const std::vector<Step>& steps);

 private:
  struct Writer;
  struct Attempt;
  void step(const Step& step);
  void open(SplitMix& random);
  void append(SplitMix& random);
  void append_by_agent(SplitMix& random);
  void sync(SplitMix& random);
  void read(SplitMix& random);
  void read_inlet(SplitMix& random);
  void live_read(SplitMix& random);
  void close();
  void crash();
  void power_failure();
  void second_open(SplitMix& random);
  void lock_damage(SplitMix& random);
  void running_damage(SplitMix& random);
  void closed_damage(SplitMix& random);
  void capacity(SplitMix& random);
  void evict();
  void foreign_open(SplitMix& random);
  void finish();

  // Opens with `options`, and judges nothing.
  Attempt attempt(const journal::JournalOptions& options);
  void accept(Attempt& attempt);
  void refuse(const Attempt& attempt, bool expected);
  void begin_run(SplitMix& random);
  void end_run();
  void leave_room();
  void after_kill(SplitMix& random);
  void arm(SplitMix& random, std::uint64_t calls);
  void after_commit(bool whole, bool good);
  void after_turn();
  void note_lane();
  void end_lane();
  bool has_failed(const std::string& why);
  void follow_cursor();
  void judge_after_lie();
  void judge_damage(const JournalDamage& damage, const FolderImage& saved, bool restarted);
  void read_damaged(std::uint64_t end);
  bool commit_more();
  std::vector<std::uint64_t> served_by_reader(std::uint64_t first);
  void check_removed(std::uint64_t lost_from = UINT64_MAX);
  journal::JournalOptions options(SplitMix& random);
  std::uint64_t cursor_on_disk();
  bool retains() const { return base_.retain_bytes != 0 || base_.retain_ms != 0; }
  static bool has_segment(const FolderImage& image);
  void note(const std::string& what);
  void count(const std::string& what) { ++outcomes_[what]; }

  const HistoryPlace place_;
  const std::string folder_;
  Outcomes& outcomes_;
  std::vector<std::string>* const log_;
  std::unique_ptr<MemoryDisk> memory_;
  std::unique_ptr<platform::Disk> real_;
  HistoryDisk disk_;
  OperatorHand hand_;
  JournalModel model_;
  std::unique_ptr<Writer> writer_;
  journal::JournalOptions base_;
  std::uint64_t next_id_ = 1;
  bool made_ = false;                           // an open has succeeded
  bool over_ = false;                           // the device lied: nothing can be asked of this journal any more
  std::optional<std::uint64_t> said_missing_;   // a failure said that records from here on are not in the journal
  std::optional<std::uint64_t> said_appended_;  // the counter of a run that ended with a full disk
};

// Runs the history with this seed. Nothing, or what it violates.
std::optional<Violation> violation_of(std::uint64_t seed, const HistoryPlace& place, const std::vector<Step>& steps,
                                      Outcomes& outcomes, std::vector<std::string>* log = nullptr);

// The least of `steps` that still violate the same.
std::vector<Step> shrunk(std::uint64_t seed, const HistoryPlace& place, std::vector<Step> steps,
                         const std::string& kind);

}  // namespace byteor::test

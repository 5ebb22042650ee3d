// SplitMix histories of a journal against a model of what it owes, on a disk in memory and on files.
//
//   BYTEOR_MODEL_HISTORIES=N   how many in memory
//   BYTEOR_MODEL_SEED=S        the first one's seed
//   BYTEOR_MODEL_ONLY=S        this one history alone
//   BYTEOR_MODEL_LIST=1        goes on behind a violation, lists one of each kind, and says how often each was met
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

#include "support/journal_history.hpp"
#include "support/temp_folder.hpp"

namespace byteor::test {
namespace {

// 10^5 histories take less than a minute of one core as they are shipped. Sanitizers and an emulated processor are
// here for what they find in any history, not for rare ones: as many as take about as long.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t kHistories = 5'000;
#elif defined(__SANITIZE_THREAD__) || !(defined(__x86_64__) || defined(__APPLE__))
constexpr std::uint64_t kHistories = 3'000;
#else
constexpr std::uint64_t kHistories = 100'000;
#endif
constexpr std::uint64_t kHistoriesOnFiles = kHistories / 100;
// Below so many a rare outcome may be missed by chance.
constexpr std::uint64_t kAllOutcomes = 100'000;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 0);
}

// The least history that shows the violation, step by step.
std::string story_of(std::uint64_t seed, const HistoryPlace& place, const Violation& violation) {
  const std::vector<Step> steps = shrunk(seed, place, steps_of(seed), violation.kind);
  Outcomes ignored;
  std::vector<std::string> log;
  const std::optional<Violation> found = violation_of(seed, place, steps, ignored, &log);
  std::string text = "BYTEOR_MODEL_ONLY=" + std::to_string(seed) + "\n";
  for (const std::string& line : log) text += line + "\n";
  return text + "=> " + (found.has_value() ? found->what() : violation.what());
}

struct Histories {
  std::uint64_t count;
  Outcomes outcomes;
  std::map<std::string, std::uint64_t> violations;
};

Histories run_histories(std::uint64_t count, const HistoryPlace& place) {
  const std::uint64_t only = number_from("BYTEOR_MODEL_ONLY", 0);
  const std::uint64_t begin = only != 0 ? only : number_from("BYTEOR_MODEL_SEED", 1);
  const bool lists = number_from("BYTEOR_MODEL_LIST", 0) != 0;
  Histories all{only != 0 ? 1 : count, {}, {}};
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  for (std::uint64_t i = 0; i != all.count; ++i) {
    const std::uint64_t seed = begin + i;
    const std::optional<Violation> violation = violation_of(seed, place, steps_of(seed), all.outcomes);
    if (violation.has_value()) {
      if (lists) std::cout << seed << " " << violation->what() << "\n";
      if (++all.violations[violation->kind] == 1) ADD_FAILURE() << story_of(seed, place, *violation);
      if (!lists) return all;
    }
    if (all.count > kAllOutcomes && (i + 1) % kAllOutcomes == 0)
      std::cout << i + 1 << " of " << all.count << " histories, " << seconds() << " s" << std::endl;
  }
  std::cout << all.count << " histories from seed " << begin << " in " << seconds() << " s\n";
  for (const auto& [kind, times] : all.violations) std::cout << "violation " << kind << ": " << times << "\n";
  if (lists || all.count > kAllOutcomes)
    for (const auto& [what, times] : all.outcomes) std::cout << "  " << what << ": " << times << "\n";
  return all;
}

TEST(JournalModel, NoHistoryOnADiskInMemoryBreaksAPromise) {
  const Histories all = run_histories(number_from("BYTEOR_MODEL_HISTORIES", kHistories), {});
  if (all.count < kAllOutcomes || HasFailure()) return;
  for (const std::string& what : expected_outcomes()) EXPECT_TRUE(all.outcomes.contains(what)) << "never met: " << what;
}

TEST(JournalModel, NoHistoryOnFilesBreaksAPromise) {
  const TempFolder temp;
  run_histories(kHistoriesOnFiles, {false, temp.path()});
}

}  // namespace
}  // namespace byteor::test

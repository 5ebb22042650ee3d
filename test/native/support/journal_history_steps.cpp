// Which steps a history has, and which of them matter.
#include <algorithm>

#include "journal_history.hpp"

namespace byteor::test {

namespace {

struct StepWeight {
  StepKind kind;
  const char* name;
  std::uint32_t weight;  // of 100 and some
};

constexpr StepWeight kWeights[] = {
    {StepKind::kOpen, "open", 26},
    {StepKind::kAppend, "append", 30},
    {StepKind::kSync, "sync", 4},
    {StepKind::kRead, "read", 14},
    {StepKind::kLiveRead, "live read", 3},
    {StepKind::kClose, "close", 5},
    {StepKind::kCrash, "crash", 6},
    {StepKind::kPowerFailure, "power failure", 9},
    {StepKind::kClock, "clock", 3},
    {StepKind::kSecondOpen, "second open", 2},
    {StepKind::kLockDamage, "lock damage", 2},
    {StepKind::kRunningDamage, "running damage", 2},
    {StepKind::kClosedDamage, "closed damage", 3},
    {StepKind::kCapacity, "capacity", 3},
    {StepKind::kEvict, "evict", 3},
    {StepKind::kForeignOpen, "foreign open", 2},
    {StepKind::kLie, "lie", 1},
};
static_assert(std::size(kWeights) == kStepKinds);

}  // namespace

const char* step_name(StepKind kind) { return kWeights[static_cast<std::size_t>(kind)].name; }

const std::vector<std::string>& expected_outcomes() {
  static const std::vector<std::string> all = {
      "opened",
      "opened after a power failure",
      "opened on a full disk",
      "cut",
      "closed",
      "crash of the process",
      "power failure",
      "killed in an open",
      "killed in a commit",
      "killed in a turn",
      "pages evicted",
      "pages evicted in an open",
      "lied to",
      "replayed",
      "read from the lane",
      "live read",
      "live read after a power failure",
      "cursor stored",
      "retention",
      "retention at opening",
      "run with an agent",
      "run failed",
      "run failed on a full disk",
      "run failed with a failed sync",
      "refused JOURNAL_OPEN",
      "refused JOURNAL_LOCKED",
      "refused JOURNAL_FORMAT",
      "refused JOURNAL_CODEC",
      "refused JOURNAL_FOREIGN",
      "refused JOURNAL_DAMAGED",
      "refused JOURNAL_GAP",
      "refused JOURNAL_CURSOR",
      "refused JOURNAL_READ",
      "refused with a fault",
  };
  return all;
}

std::vector<Step> steps_of(std::uint64_t seed) {
  SplitMix random(seed ^ 0x5eedu);
  std::uint64_t total = 0;
  for (const StepWeight& weight : kWeights) total += weight.weight;
  std::vector<Step> steps(5 + random.below(24));
  for (Step& step : steps) {
    std::uint64_t at = random.below(total);
    const StepWeight* weight = kWeights;
    while (at >= weight->weight) at -= (weight++)->weight;
    step = {weight->kind, random.next()};
  }
  steps.front().kind = StepKind::kOpen;
  return steps;
}

std::optional<Violation> violation_of(std::uint64_t seed, const HistoryPlace& place, const std::vector<Step>& steps,
                                      Outcomes& outcomes, std::vector<std::string>* log) {
  try {
    JournalHistory(seed, place, outcomes, log).run(steps);
  } catch (const Violation& violation) {
    return violation;
  }
  return std::nullopt;
}

std::vector<Step> shrunk(std::uint64_t seed, const HistoryPlace& place, std::vector<Step> steps,
                         const std::string& kind) {
  const auto violates = [&](const std::vector<Step>& some) {
    Outcomes ignored;
    const std::optional<Violation> found = violation_of(seed, place, some, ignored);
    return found.has_value() && found->kind == kind;
  };
  for (std::size_t part = std::max<std::size_t>(1, steps.size() / 2); part != 0;) {
    bool smaller = false;
    for (std::size_t at = 0; at + part <= steps.size();) {
      std::vector<Step> fewer = steps;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(at),
                  fewer.begin() + static_cast<std::ptrdiff_t>(at + part));
      if (violates(fewer)) {
        steps = std::move(fewer);
        smaller = true;
      } else {
        ++at;
      }
    }
    if (!smaller || part > 1) part /= 2;
  }
  return steps;
}

}  // namespace byteor::test

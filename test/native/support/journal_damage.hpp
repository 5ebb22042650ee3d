// What an operator, a tool or a device does to the files of a journal that nothing is writing, and what an open may
// make of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "journal_model.hpp"
#include "operator_hand.hpp"
#include "split_mix.hpp"

namespace byteor::test {

struct JournalDamage {
  enum class Verdict { kMustRefuse, kMayRefuse, kMustAccept };

  std::string what;
  Verdict verdict;
  std::uint64_t end;  // when it is accepted, nothing before it may be missing
  std::uint64_t read_fails_at = UINT64_MAX;
  bool mark = true;  // the journal's own note of what it has promised is as it was
};

// Hits the files of a journal of which everything is known. `cursor`: what they say of the reader. `restarted`: the
// journal must take it that the machine went down since. Nothing: there was nothing to hit in that way.
std::optional<JournalDamage> damage_at_random(OperatorHand& hand, const JournalModel& model, std::uint64_t cursor,
                                              bool restarted, SplitMix& random);

}  // namespace byteor::test

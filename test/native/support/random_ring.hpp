// Random rings that a validator would accept, random records for them, and a plain interpreter: one record after the
// other, one stage after the other, no threads, no batches, no memory that is used twice.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "spec_builder.hpp"

namespace byteor::test {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  // 0 ≤ result < bound.
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(engine_() % bound); }
  bool one_in(std::uint32_t n) { return below(n) == 0; }
  template <class T>
  const T& pick(const std::vector<T>& values) {
    return values[below(static_cast<std::uint32_t>(values.size()))];
  }
  // Few letters, so that short needles are found and missed.
  std::string text(std::uint32_t length) {
    std::string text(length, ' ');
    for (char& c : text) c = "abc "[below(4)];
    return text;
  }

 private:
  std::mt19937_64 engine_;
};

struct RandomRingLimits {
  std::uint32_t stages_max = 64;
  bool writers = true;
  bool rejects = false;
};

// Writers meet the race rule because each of them comes after everything before it and before everything after it: the
// ring is a row of sections, and a section's first stage depends on all ends of the section before.
class RandomRing {
 public:
  static RingSpec make(Random& random, const RandomRingLimits& limits) { return RandomRing(random, limits).ring_; }

 private:
  RandomRing(Random& random, const RandomRingLimits& limits) : random_(random), limits_(limits) {
    const std::uint32_t most = random_.one_in(8) ? limits.stages_max : std::min(limits.stages_max, 8u);
    const std::uint32_t count = 1 + random_.below(most);
    while (ring_.stages.size() < count) add_stage();
  }

  void add_stage() {
    const auto index = static_cast<std::uint32_t>(ring_.stages.size());
    const bool first_of_section = random_.one_in(3);
    StageSpec stage;
    stage.id = "s" + std::to_string(index);
    stage.dependencies = first_of_section ? ends_ : pick_dependencies(index);
    const bool alone = first_of_section || index == 0;
    choose_op(stage, alone && limits_.writers);
    const bool writes = stage.op == abi::OpCode::kPrepend || stage.op == abi::OpCode::kAppend;
    if (alone) {
      section_ = index;
      section_is_written_ = section_is_written_ || writes;
    }
    for (const std::uint32_t on : stage.dependencies) std::erase(ends_, on);
    ends_.push_back(index);
    ring_.stages.push_back(std::move(stage));
  }

  // At least one stage of this section once a writer has been seen, so that everything comes after it; any others.
  std::vector<std::uint32_t> pick_dependencies(std::uint32_t index) {
    std::vector<std::uint32_t> on;
    if (index == 0) return on;
    if (section_is_written_) on.push_back(section_ + random_.below(index - section_));
    for (std::uint32_t more = random_.below(4); more > 0; --more) {
      const std::uint32_t other = random_.below(index);
      if (std::find(on.begin(), on.end(), other) == on.end()) on.push_back(other);
    }
    return on;
  }

  void choose_op(StageSpec& stage, bool may_write) {
    switch (random_.below(may_write ? 9 : 7)) {
      case 0:
      case 1:
        stage.op = abi::OpCode::kFilter;
        condition(stage);
        return;
      case 2:
        stage.op = limits_.rejects ? abi::OpCode::kReject : abi::OpCode::kCount;
        // Rare enough that most records come through: a text that random records seldom have.
        if (limits_.rejects) {
          stage.match = abi::MatchCode::kContains;
          stage.text = random_.text(7);
        }
        return;
      case 3:
        stage.op = abi::OpCode::kCount;
        if (random_.one_in(4)) {
          stage.key.emplace();
          stage.key->kind = static_cast<std::uint32_t>(abi::KeyCode::kToken);
          stage.key->index = random_.below(3);
          stage.key_text = " ";
        }
        return;
      case 4:
        stage.op = abi::OpCode::kChecksum;
        return;
      case 7:
        stage.op = abi::OpCode::kPrepend;
        stage.text = random_.text(random_.below(10));
        return;
      case 8:
        stage.op = abi::OpCode::kAppend;
        stage.text = random_.text(random_.below(10));
        return;
      default:
        return;
    }
  }

  void condition(StageSpec& stage) {
    stage.match = static_cast<abi::MatchCode>(1 + random_.below(4));
    stage.text = random_.text(1 + random_.below(3));
    // So that chains of filters let something through.
    stage.invert = !random_.one_in(4);
  }

  Random& random_;
  const RandomRingLimits limits_;
  RingSpec ring_;
  std::vector<std::uint32_t> ends_;  // stages that nothing depends on yet
  std::uint32_t section_ = 0;        // first stage of the section
  bool section_is_written_ = false;  // a writer stands at or before the section's first stage
};

struct StageCounts {
  double in = 0;
  double skipped = 0;
  double filtered = 0;
};

struct Interpreted {
  std::vector<std::string> delivered;
  std::vector<StageCounts> stages;  // of the records before the failed one
  StageCounts egress;
  std::optional<std::uint64_t> failed_at;  // index of the record
  std::uint64_t failed_entries = 0;        // bit mask: any of these may be reported
};

class Interpreter {
 public:
  explicit Interpreter(const RingSpec& ring) : ring_(ring) {
    for (const StageSpec& stage : ring.stages) {
      std::uint64_t before = 0;
      for (const std::uint32_t on : stage.dependencies) before |= ancestors_[on] | std::uint64_t{1} << on;
      ancestors_.push_back(before);
    }
  }

  // The records of one shard, in order.
  Interpreted run(const std::vector<std::string>& records) const {
    Interpreted result;
    result.stages.resize(ring_.stages.size());
    for (std::uint64_t i = 0; i < records.size(); ++i) {
      const std::vector<StageCounts> before = result.stages;
      run_one(records[i], result);
      if (result.failed_entries == 0) continue;
      result.failed_at = i;
      result.stages = before;
      break;
    }
    return result;
  }

 private:
  void run_one(const std::string& record, Interpreted& result) const {
    std::string text = record;
    std::uint64_t filtered = 0;
    for (std::size_t entry = 0; entry < ring_.stages.size(); ++entry) {
      const StageSpec& stage = ring_.stages[entry];
      StageCounts& counts = result.stages[entry];
      if ((ancestors_[entry] & result.failed_entries) != 0) continue;
      if ((ancestors_[entry] & filtered) != 0) {
        counts.skipped += 1;
        continue;
      }
      counts.in += 1;
      if (stage.op == abi::OpCode::kPrepend) text = stage.text + text;
      if (stage.op == abi::OpCode::kAppend) text += stage.text;
      if (stage.op == abi::OpCode::kReject && matches(stage, text)) result.failed_entries |= std::uint64_t{1} << entry;
      if (stage.op == abi::OpCode::kFilter && !matches(stage, text)) {
        counts.filtered += 1;
        filtered |= std::uint64_t{1} << entry;
      }
    }
    if (result.failed_entries != 0) return;
    if (filtered != 0) {
      result.egress.skipped += 1;
    } else {
      result.egress.in += 1;
      result.delivered.push_back(std::move(text));
    }
  }

  static bool matches(const StageSpec& stage, const std::string& text) {
    bool found = false;
    switch (stage.match) {
      case abi::MatchCode::kContains:
        found = text.find(stage.text) != std::string::npos;
        break;
      case abi::MatchCode::kStartsWith:
        found = text.starts_with(stage.text);
        break;
      case abi::MatchCode::kEndsWith:
        found = text.ends_with(stage.text);
        break;
      default:
        found = text == stage.text;
    }
    return found != stage.invert;
  }

  const RingSpec& ring_;
  std::vector<std::uint64_t> ancestors_;
};

}  // namespace byteor::test

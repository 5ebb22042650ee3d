// A lane of letters, and what stands in them.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "lane/failed_records.hpp"
#include "lanes.hpp"

namespace byteor::test {

struct Letter {
  std::uint64_t sequence;
  std::uint32_t agent;
  abi::FailureCause cause;
  std::uint32_t flags;
  std::string message;
  std::string record;
};

inline Letter letter_of(const lane::LaneRecord& record) {
  abi::LetterHeader header;
  std::memcpy(&header, record.data, sizeof header);
  EXPECT_EQ(record.length, sizeof header + header.message_length + header.record_length);
  const char* const text = reinterpret_cast<const char*>(record.data) + sizeof header;
  return {header.sequence,
          header.agent,
          static_cast<abi::FailureCause>(header.cause),
          header.record_flags,
          std::string(text, header.message_length),
          std::string(text + header.message_length, header.record_length)};
}

// A policy, and where letters go.
class Letters {
 public:
  explicit Letters(LaneShape shape = {}) : lane_(shape), reader_(lane_.reader()) {}

  lane::OnError policy(abi::OnErrorCode code) {
    return {code, code == abi::OnErrorCode::kDeadLetter ? lane_.writer() : nullptr, kReader};
  }

  // Reads, consumes and releases at most `limit` letters.
  std::vector<Letter> take(std::uint32_t limit = 64) {
    std::vector<lane::LaneRecord> records(limit);
    const std::uint32_t count = reader_->peek(records.data(), limit);
    std::vector<Letter> letters;
    for (std::uint32_t i = 0; i < count; ++i) letters.push_back(letter_of(records[i]));
    reader_->consume(count);
    reader_->release();
    return letters;
  }
  bool ended() { return reader_->ended(); }

  static constexpr std::uint32_t kReader = 9;  // the agent that reads them

 private:
  Lane lane_;
  std::unique_ptr<lane::Inlet> reader_;
};

inline double cause_of(const abi::ConsumerBlock& block, abi::FailureCause cause) {
  return block.causes[static_cast<std::size_t>(cause)].load();
}

// Whatever has happened: the equations of a stage, and that nothing is counted without a cause.
inline void expect_stage_ledger(const abi::ConsumerBlock& block) {
  const double passed_on = block.out.load() - block.emitted.load();
  EXPECT_EQ(block.in.load(),
            passed_on + block.filtered.load() + block.failed.load() + block.absorbed.load() + block.abandoned.load());
  EXPECT_EQ(block.failed.load(), block.stopped.load() + block.dropped.load() + block.dead_lettered.load());
  EXPECT_LE(block.passed_failed.load(), passed_on);
  double caused = 0;
  for (const std::atomic<double>& count : block.causes) caused += count.load();
  EXPECT_EQ(caused, block.failed.load() + block.passed_failed.load());
  EXPECT_EQ(block.held.load(), 0);
}

}  // namespace byteor::test

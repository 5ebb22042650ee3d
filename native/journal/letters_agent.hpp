// Writes the letters of a pipeline: takes them out of all lanes of letters, and appends each, with what is known of the
// pipeline, to the files of one journal.
//
//   stage ──▶ lane of letters ──┐
//   stage ──▶ lane of letters ──┴─peek─▶ LettersAgent ──▶ JournalFiles
//                                            └─release─▶ once the letters are on the device
//
// One turn is one group commit over all lanes. A letter stays in its lane until it is synced, so a stage whose letters
// are not written waits before it gives up more records. When the files fail, the pipeline does: what they have counts
// as read, and the rest stays in the lanes, where it is abandoned by count.
//
// A turn waits for the device, so the agent has a thread of its own. Construction on the control path; do_work()
// allocates nothing and throws nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/agent.hpp"
#include "journal/journal_files.hpp"
#include "lane/endpoint.hpp"

namespace byteor::journal {

// A lane of letters, and what all letters in it have in common.
struct LetterSource {
  lane::Inlet* lane;    // the agent's own end; outlives it
  std::string element;  // id of the stage or boundary
  std::string ingress;  // id, or empty where several are upstream
  std::uint32_t shard;
};

struct LettersAgentOptions {
  std::uint32_t agent = 0;  // index into AgentEntry, for failures
  std::string plan;         // id of the version, hex
  std::uint64_t first = 0;  // sequence of the first record of this run
  // Of records that are fed again: by shard, from `first` on, the letter that each comes from.
  std::vector<std::vector<abi::LetterOrigin>> origins;
  // Id of the ingress that they are fed through; empty: nothing is fed. And the letters of those that it does not take,
  // in their order: they have no sequence of their own.
  std::string fed;
  std::vector<abi::LetterOrigin> refused;
  // Most bytes and letters in one group commit.
  std::uint64_t commit_bytes = std::uint64_t{1} << 20;
  std::uint32_t commit_letters = 1024;
};

// Letters are told from the records of other journals by this.
inline constexpr RecordType kLettersType{
    abi::CodecCode::kBytes, std::uint64_t{abi::kLettersHashHigh} << 32 | std::uint64_t{abi::kLettersHashLow}};

// Bytes of the largest record of the files, where lanes of letters take so many.
std::uint64_t letter_record_max(std::uint64_t letter_bytes) noexcept;

class LettersAgent final : public core::Agent {
 public:
  // `files` and `failures` outlive the agent. `letter_bytes`: the most that a lane takes.
  LettersAgent(std::vector<LetterSource> sources, JournalFiles& files, core::FailureReporter& failures,
               LettersAgentOptions options, std::uint64_t letter_bytes);

  std::uint32_t do_work() noexcept override;
  // All lanes have ended and their letters are on the device, or the files have failed.
  bool done() noexcept override { return ended_; }
  void end_backoff() noexcept override;

 private:
  std::uint32_t take() noexcept;
  bool append(const LetterSource& source, const lane::LaneRecord& letter) noexcept;
  bool damage() noexcept;
  const abi::LetterOrigin* origin_of(const LetterSource& source, const abi::LetterHeader& header) noexcept;
  std::size_t compose(const LetterSource& source, const abi::LetterHeader& header, const std::byte* texts) noexcept;
  std::uint32_t rest() noexcept;
  void give_back() noexcept;
  std::uint32_t fail(std::string_view cause) noexcept;
  std::string_view files_failure() const noexcept;

  const std::vector<LetterSource> sources_;
  JournalFiles& files_;
  core::FailureReporter& failures_;
  const LettersAgentOptions options_;
  std::vector<std::byte> record_;     // the one that is appended
  std::vector<std::uint32_t> order_;  // by letter of this turn: its source
  std::uint32_t start_ = 0;           // of this turn: its first source
  std::uint32_t taken_ = 0;           // letters of this turn
  std::uint64_t turn_first_ = 0;      // number of the first of them
  std::size_t refused_ = 0;           // of options_.refused, those that have failed again
  bool signals_blocked_ = false;
  bool damaged_ = false;
  bool ended_ = false;
};

}  // namespace byteor::journal

// The lanes of letters of one opening: a lane for each stage with on_error dead_letter, in a ring one a shard, and one
// agent that reads them all and writes the files. They follow from the plan, and the layout has places for them behind
// those of the shards or lanes (lib/layout/letters.ts, in the same order). Control path.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "abi/abi_generated.hpp"
#include "graph/description.hpp"
#include "journal/journal_files.hpp"

namespace byteor::graph {

// Id of the agent: no author's id has a colon.
inline constexpr const char* kLettersAgent = "dead:letters";

struct LetterLane {
  std::string id;        // `stage->dead:letters`, with several shards `stage/shard->dead:letters`
  std::string stage;     // id
  std::string ingress;   // id; empty where several are upstream
  std::uint32_t shard;   // of a ring; 0
  std::uint32_t writer;  // its agent
};

// Shard by shard in the order of the entries; of a graph in the order of the roles.
std::vector<LetterLane> letter_lanes(const RingDescription& ring);
std::vector<LetterLane> letter_lanes(const LaneGraphDescription& graph);

// What a graph is given for its letters.
struct Letters {
  std::vector<LetterLane> lanes;
  std::unique_ptr<journal::JournalFiles> files;         // nullptr where there are none
  std::string version_id;                               // hex
  std::vector<std::vector<abi::LetterOrigin>> origins;  // as journal::LettersAgentOptions has them
};

}  // namespace byteor::graph

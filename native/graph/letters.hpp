// The lanes of letters of one opening: a lane for each stage with on_error dead_letter, in a ring one a shard, a lane
// for each boundary that has it, and one agent that reads them all and writes the files. They follow from the plan, and
// the layout has places for them behind those of the shards or lanes (lib/layout/letters.ts, in the same order).
// Control path.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "abi/abi_generated.hpp"
#include "graph/description.hpp"
#include "journal/journal_files.hpp"

namespace byteor::graph {

// Id of the agent: no author's id has a colon.
inline constexpr const char* kLettersAgent = "dead:letters";

struct LetterLane {
  std::string id;                   // `stage->dead:letters`, with several shards `stage/shard->dead:letters`
  std::string element;              // id of the stage or boundary
  std::string ingress;              // id; empty where several are upstream
  std::uint32_t shard;              // of a ring; 0, also of a boundary, whose letters say it
  std::uint32_t writer;             // its agent
  std::string_view kind = "stage";  // for messages
};

// Shard by shard in the order of the entries, then those of the ingress and the egress; of a graph in the order of the
// roles.
std::vector<LetterLane> letter_lanes(const RingDescription& ring);
std::vector<LetterLane> letter_lanes(const LaneGraphDescription& graph);

// What a graph is given for its letters.
struct Letters {
  std::vector<LetterLane> lanes;
  std::unique_ptr<journal::JournalFiles> files;              // nullptr where there are none
  std::string version_id;                                    // hex
  std::vector<std::vector<abi::LetterOrigin>> origins = {};  // as journal::LettersAgentOptions has them
  std::string fed = {};                                      // likewise
  std::vector<abi::LetterOrigin> refused = {};               // likewise
};

}  // namespace byteor::graph

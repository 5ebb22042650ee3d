// What a caller of open may choose. Plain data; filled by the addon or by a native test; checked by Pipeline::open.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "abi/abi_generated.hpp"
#include "adapter/config.hpp"
#include "platform/disk.hpp"

namespace byteor::run {

enum class Profile : std::uint32_t { kDefault, kLowLatency, kIsolatedCore };

// What a thread does between two looks at its inputs. kProfile: what the profile says.
enum class WaitStrategy : std::uint32_t { kProfile, kAdaptive, kSpin, kYield, kPark };

// How records of a Fixed ring are published. kProfile: by sequence words in the slots for the spinning profiles (single
// records reach the first stage with one cache line instead of two), else by the cursor (batches cost one store).
enum class Publication : std::uint32_t { kProfile, kCursor, kSlot };

// Who runs a boundary. A port without an entry is a JS handle.
struct PortOptions {
  std::string id;  // boundary id
  abi::PortCode port = abi::PortCode::kJs;
  // Of a native port: a row of adapter/registry.cpp, and what that adapter alone understands.
  std::string adapter = {};
  adapter::Config config = {};
};

struct Options {
  std::uint32_t capacity = 0;       // records a shard; 0: default
  std::uint32_t record_max = 0;     // bytes; 0: default
  std::uint32_t arena_bytes = 0;    // a shard, power of two; 0: derived from record_max
  std::uint32_t lane_bytes = 0;     // LaneGraph: of lanes that state no capacity; 0: default
  std::string journal_folder;       // LaneGraph: where journal lanes have their folders; empty: a run directory
  std::uint32_t batch_records = 0;  // most records an agent moves in one turn; 0: default
  std::uint32_t threads = 0;        // native threads; 0: as placement decides
  std::vector<std::uint32_t> cpus;  // CPUs to pin to, in thread order; empty: as placement decides
  bool pin = true;
  bool observe = false;  // back the region with a file, so that another process can look at it
  Profile profile = Profile::kDefault;
  WaitStrategy wait = WaitStrategy::kProfile;
  Publication publication = Publication::kProfile;
  std::uint64_t first_sequence = 0;  // for tests: where all sequences begin
  std::string version_id;            // hex; shown to observers
  std::string note;                  // kept for environments that attach; nothing here reads it
  std::vector<PortOptions> ports;
  platform::Disk* journal_disk = nullptr;  // for tests: what journals are written to; outlives what is halted on it
};

}  // namespace byteor::run

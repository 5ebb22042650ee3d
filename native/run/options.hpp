// What a caller of open may choose, beside the layout that lib/layout has made of sizes and threads. Plain data; filled
// by the addon or by a native test; checked by Pipeline::open.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "abi/abi_generated.hpp"
#include "adapter/config.hpp"
#include "core/coded_error.hpp"
#include "platform/disk.hpp"
#include "plugin/stage_plugin.hpp"

namespace byteor::run {

using abi::Profile;
using abi::WaitStrategy;

// Who runs a boundary. A port without an entry is a JS handle.
struct PortOptions {
  std::string id;  // boundary id
  abi::PortCode port = abi::PortCode::kJs;
  // Of a native port: a row of adapter/registry.cpp, and what that adapter alone understands.
  std::string adapter = {};
  adapter::Config config = {};
};

// Several threads of JavaScript run the shards of a stage; without an entry one does.
struct StageWorkers {
  std::string stage;
  std::uint32_t workers;
};

struct Options {
  std::string journal_folder;  // LaneGraph: where journal lanes have their folders; empty: a run directory
  std::string letters_folder;  // where letters of failed records go; empty: no stage may have any
  // The ingress is fed from the letters in it with these numbers: what fails again counts its attempts on.
  std::string letters_fed;
  std::uint32_t batch_records = 0;  // most records an agent moves in one turn; 0: default
  std::vector<std::uint32_t> cpus;  // CPUs to pin to, in thread order; empty: as placement decides
  bool pin = true;
  bool observe = false;    // back the region with a file, so that another process can look at it
  bool delivered = false;  // tell what is delivered of each ingress's records
  Profile profile = Profile::kDefault;
  WaitStrategy wait = WaitStrategy::kProfile;
  std::uint64_t first_sequence = 0;  // for tests: where all sequences begin
  std::string version_id;            // hex; shown to observers
  std::string note;                  // kept for environments that attach; nothing here reads it
  std::vector<PortOptions> ports;
  std::vector<plugin::StagePlugin> plugins;  // of the stages that have the op `native:`
  std::vector<StageWorkers> stage_workers;
  // For tests: what journals and letters are written to; outlives what is halted on it.
  platform::Disk* journal_disk = nullptr;
};

// An option that this plan cannot have.
[[noreturn]] inline void refuse_option(const std::string& what, std::uint64_t received, const std::string& remedy) {
  throw core::CodedError(abi::ErrorCode::kOptionRange, what + " is " + std::to_string(received) + "; " + remedy);
}

}  // namespace byteor::run

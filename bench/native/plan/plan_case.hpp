// A plan that a benchmark builds, with the options of `open` under which it does: NAME SPEC OPTIONS.
//
// SPEC is a file with the bytes of `compile(plan).spec`. OPTIONS are words of `open`, as
// `capacity=1024,profile=default`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plan/arguments.hpp"
#include "run/options.hpp"

namespace byteor::bench {

struct PlanCase {
  std::string name;
  std::vector<std::byte> spec;
  run::Options options;
};

inline run::Profile profile_of(std::string_view word) {
  if (word == "default") return run::Profile::kDefault;
  if (word == "low-latency") return run::Profile::kLowLatency;
  throw std::runtime_error("profile=" + std::string(word) + ": give default or low-latency");
}

inline run::Publication publication_of(std::string_view word) {
  if (word == "cursor") return run::Publication::kCursor;
  if (word == "slot") return run::Publication::kSlot;
  throw std::runtime_error("publication=" + std::string(word) + ": give cursor or slot");
}

inline void set_option(run::Options& options, std::string_view key, std::string_view value) {
  if (key == "profile") {
    options.profile = profile_of(value);
    return;
  }
  if (key == "publication") {
    options.publication = publication_of(value);
    return;
  }
  const std::pair<std::string_view, std::uint32_t*> numbers[] = {
      {"capacity", &options.capacity},          {"recordMax", &options.record_max},
      {"arenaBytes", &options.arena_bytes},     {"laneBytes", &options.lane_bytes},
      {"batchRecords", &options.batch_records}, {"threads", &options.threads}};
  for (const auto& [name, number] : numbers) {
    if (name != key) continue;
    *number = static_cast<std::uint32_t>(std::stoul(std::string(value)));
    return;
  }
  throw std::runtime_error("option " + std::string(key) + ": the benchmarks of rings and lanes do not set it");
}

inline PlanCase plan_case(const char* name, const char* spec, std::string_view options) {
  PlanCase plan{name, bytes_of_file(spec), {}};
  while (!options.empty()) {
    const std::string_view one = options.substr(0, options.find(','));
    options.remove_prefix(std::min(options.size(), one.size() + 1));
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos)
      throw std::runtime_error(std::string(one) + ": give each option as KEY=VALUE");
    set_option(plan.options, one.substr(0, equals), one.substr(equals + 1));
  }
  return plan;
}

}  // namespace byteor::bench

// A plan that a benchmark builds, with the options of `open` under which it does: NAME SPEC OPTIONS.
//
// SPEC is a file with a spec and the layout that is made from sizes and threads (arguments.hpp). OPTIONS are the
// others, as `batchRecords=256,profile=default`.
#pragma once

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "plan/arguments.hpp"
#include "run/options.hpp"

namespace byteor::bench {

struct PlanCase {
  std::string name;
  Planned planned;
  run::Options options;
};

inline run::Profile profile_of(std::string_view word) {
  if (word == "default") return run::Profile::kDefault;
  if (word == "low-latency") return run::Profile::kLowLatency;
  throw std::runtime_error("profile=" + std::string(word) + ": give default or low-latency");
}

inline void set_option(run::Options& options, std::string_view key, std::string_view value) {
  if (key == "profile")
    options.profile = profile_of(value);
  else if (key == "batchRecords")
    options.batch_records = static_cast<std::uint32_t>(std::stoul(std::string(value)));
  else
    throw std::runtime_error("option " + std::string(key) + ": the benchmarks of rings and lanes do not set it");
}

inline PlanCase plan_case(const char* name, const char* spec, std::string_view options) {
  PlanCase plan{name, Planned(spec), {}};
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

// What the programs of this folder are called with: SPEC BATCH ID=PATH …
//
// SPEC holds the bytes of `compile(plan).spec` and behind them those of the layout that `open` would make
// (bench/support/planned.mjs); BATCH is the option batchRecords, and ID=PATH the file of lines at a
// boundary; an egress without one is discarded, as `open` would. ID=structs:COUNT is an ingress that gets so many
// structs, and STAGE=plugin:LIBRARY,CONFIG the absolute path of a stage's library, with the stage's config as JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/description.hpp"
#include "run/assembly.hpp"
#include "run/options.hpp"

namespace byteor::bench {

inline std::vector<std::byte> bytes_of_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(std::string("cannot read ") + path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto* const begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

// A lowered plan and the layout of its region.
struct Planned {
  explicit Planned(const char* path) : bytes(bytes_of_file(path)) {
    abi::SpecHeader header{};
    if (bytes.size() >= sizeof header) std::memcpy(&header, bytes.data(), sizeof header);
    spec_bytes = header.total_bytes;
    if (spec_bytes == 0 || spec_bytes >= bytes.size())
      throw std::runtime_error(std::string(path) + " does not hold a spec and a layout");
  }
  std::span<const std::byte> spec() const { return std::span(bytes).first(spec_bytes); }
  std::span<const std::byte> layout() const { return std::span(bytes).subspan(spec_bytes); }

  std::vector<std::byte> bytes;
  std::size_t spec_bytes = 0;
};

// The words behind the program's name.
struct Called {
  Called(int argc, char** argv) : planned(argv[1]), batch(std::strtoul(argv[2], nullptr, 10)) {
    for (int i = 3; i < argc; ++i) {
      const std::string_view given = argv[i];
      const std::size_t equals = given.find('=');
      if (equals == std::string_view::npos) throw std::runtime_error("give each boundary as ID=PATH");
      const std::string id(given.substr(0, equals));
      const std::string path(given.substr(equals + 1));
      if (path.starts_with(kPlugin)) {
        plugins.push_back(plugin_of(id, path.substr(kPlugin.size())));
        continue;
      }
      if (path.starts_with(kStructs))
        structs.emplace_back(id, std::strtoull(path.c_str() + kStructs.size(), nullptr, 10));
      files.emplace_back(id, path.starts_with(kStructs) ? "/dev/null" : path);
    }
  }

  Planned planned;
  std::uint32_t batch;
  std::vector<std::pair<std::string, std::string>> files;
  std::vector<std::pair<std::string, std::uint64_t>> structs;  // only byteor_turns makes them
  std::vector<plugin::StagePlugin> plugins;

 private:
  static plugin::StagePlugin plugin_of(const std::string& stage, const std::string& text) {
    const std::size_t comma = text.find(',');
    if (comma == std::string::npos) throw std::runtime_error("give a plug-in as STAGE=plugin:LIBRARY,CONFIG");
    return {.stage = stage, .path = text.substr(0, comma), .config = text.substr(comma + 1)};
  }

  static constexpr std::string_view kPlugin = "plugin:";
  static constexpr std::string_view kStructs = "structs:";
};

inline run::PortOptions lines_port(const std::string& id, const std::string& path) {
  return {.id = id, .port = abi::PortCode::kNative, .adapter = "lines", .config = {{"path", path}}};
}

inline run::Options options_of(const graph::Description& description, const Called& called) {
  run::Options options;
  options.batch_records = called.batch;
  options.plugins = called.plugins;
  for (const graph::BoundaryDescription& boundary : run::catalog_of(description).boundaries)
    if (boundary.kind == abi::BoundaryCode::kEgress)
      options.ports.push_back({.id = boundary.id, .port = abi::PortCode::kDiscard});
  for (const auto& [id, path] : called.files) {
    std::erase_if(options.ports, [&](const run::PortOptions& port) { return port.id == id; });
    options.ports.push_back(lines_port(id, path));
  }
  return options;
}

// An answer for every line on standard input, until it ends.
template <class Answer>
void answer_lines(Answer&& answer) {
  for (int asked = std::getchar(); asked != EOF; asked = std::getchar()) {
    if (asked != '\n') continue;
    // What it used is given back before another process is asked.
    const std::string text = answer();
    std::printf("%s\n", text.c_str());
    std::fflush(stdout);
  }
}

// The body of main(): what `run` answers, or 1 and why it threw.
template <class Run>
int guarded(const char* program, Run&& run) {
  try {
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", program, error.what());
    return 1;
  }
}

}  // namespace byteor::bench

// Layouts for pipelines that no JavaScript plans: right, and no more than that. Those of `open` are made by lib/layout;
// this one has its own sums, so that what the core checks is met by two planners. Control path of tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "graph/layout.hpp"
#include "run/options.hpp"
#include "run/pipeline.hpp"

namespace byteor::test {

// A word of a layout that was changed after it had been planned.
struct Bend {
  std::size_t at = 0;  // bytes from the start of the layout
  std::uint32_t value = 0;
};

// The options of the core, and what JavaScript makes a layout from; 0 is a default.
struct Options : run::Options {
  std::uint32_t capacity = 0;      // records a shard
  std::uint32_t record_max = 0;    // bytes
  std::uint32_t arena_bytes = 0;   // a shard, power of two
  std::uint32_t lane_bytes = 0;    // of lanes that state no capacity
  std::uint32_t letter_bytes = 0;  // of lanes of letters
  std::uint32_t threads = 0;       // of roles and stages; default 2
  bool words = false;              // a ring's structs are published by sequence words
  bool least_memory = false;       // arenas of lanes hold two of the largest records: they wrap, and cost no time
  std::optional<Bend> bend = {};   // only what checked_layout() makes
};

// Throws core::CodedError (OPTION_RANGE) where the sizes do not fit.
graph::RegionLayout plan_layout(const graph::Description& description, const std::vector<abi::PortCode>& ports,
                                const Options& options);

std::vector<std::byte> encode_layout(const graph::RegionLayout& layout);

// As a pipeline gets it: written to bytes, read and checked. Throws what planning and decoding throw.
graph::RegionLayout checked_layout(const graph::Description& description, const std::vector<abi::PortCode>& ports,
                                   const Options& options);

// Throws what run::Pipeline::open throws.
std::shared_ptr<run::Pipeline> open_pipeline(std::span<const std::byte> spec, const Options& options);

}  // namespace byteor::test

// The buffers that lib/lower writes (test/lower/golden) and the sizes that lib/describe/memory.ts announces for them
// (test/describe/golden/memory.txt), read by the side that has to accept the first and to keep the second.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "graph/description.hpp"
#include "graph/region_plan.hpp"
#include "run/sizes.hpp"

namespace byteor {
namespace {

const std::filesystem::path kTests = std::filesystem::path(__FILE__).parent_path().parent_path();

// A hex dump: an offset, two spaces, groups of digits.
std::vector<std::byte> read_golden(const std::string& name) {
  std::ifstream file(kTests / "lower" / "golden" / (name + ".spec.hex"));
  std::vector<std::byte> bytes;
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream groups(line.substr(line.find(' ')));
    std::string group;
    while (groups >> group) {
      for (std::size_t at = 0; at < group.size(); at += 2)
        bytes.push_back(static_cast<std::byte>(std::stoi(group.substr(at, 2), nullptr, 16)));
    }
  }
  return bytes;
}

TEST(GoldenSpec, IsAcceptedAndMapsTheBytesThatDescribeAnnounces) {
  std::ifstream file(kTests / "describe" / "golden" / "memory.txt");
  std::string name;
  std::uint32_t threads = 0;
  std::string publication;
  std::uint64_t total_bytes = 0;
  std::uint64_t observable_bytes = 0;
  int lines = 0;
  while (file >> name >> threads >> publication >> total_bytes >> observable_bytes) {
    SCOPED_TRACE(name + " with " + std::to_string(threads) + " threads, published by " + publication);
    const std::vector<std::byte> spec = read_golden(name);
    const graph::RingDescription ring = graph::decode_ring(spec);
    EXPECT_EQ(ring.name, name);
    run::Options options;
    options.publication = publication == "slot" ? run::Publication::kSlot : run::Publication::kCursor;
    const graph::RegionPlan plan = graph::plan_region(ring, run::resolve_sizes(ring, options), threads);
    EXPECT_EQ(plan.total_bytes, total_bytes);
    EXPECT_EQ(plan.observable_bytes, observable_bytes);
    ++lines;
  }
  EXPECT_GE(lines, 20);
}

}  // namespace
}  // namespace byteor

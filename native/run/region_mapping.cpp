#include "run/region_mapping.hpp"

#include <unistd.h>

#include <atomic>
#include <string>

#include "platform/process.hpp"
#include "platform/user_folder.hpp"
#include "run/pipeline.hpp"

namespace byteor::run {
namespace {

std::atomic<std::uint32_t> live_region_count{0};

// No other pipeline's, of whatever process in whatever container: what a killed process leaves behind stays told apart.
std::string region_name(std::uint32_t number) {
  return "pipeline-" + std::to_string(::getpid()) + "-" + std::to_string(number) + "." + platform::process_identity() +
         ".region";
}

platform::Mapping map(std::uint32_t number, std::size_t bytes, bool observe, const platform::MappingOptions& options) {
  if (!observe) return platform::Mapping::anonymous(bytes, options);
  return platform::Mapping::shared(platform::UserFolder::open(), region_name(number), bytes, options);
}

}  // namespace

std::uint32_t live_regions() noexcept { return live_region_count.load(); }

RegionMapping::RegionMapping(std::uint32_t number, std::size_t bytes, bool observe,
                             const platform::MappingOptions& options)
    : mapping_(map(number, bytes, observe, options)) {
  ++live_region_count;
}

RegionMapping::~RegionMapping() { --live_region_count; }

}  // namespace byteor::run

// The memory of one pipeline's region: private, or a file in the user's folder where the pipeline is observed. Control
// path.
#pragma once

#include <cstddef>
#include <cstdint>

#include "platform/memory.hpp"

namespace byteor::run {

class RegionMapping {
 public:
  // `number`: of the pipeline in this process. Throws CodedError: OBSERVE_FOLDER, NO_MEMORY.
  RegionMapping(std::uint32_t number, std::size_t bytes, bool observe, const platform::MappingOptions& options);
  ~RegionMapping();

  RegionMapping(const RegionMapping&) = delete;
  RegionMapping& operator=(const RegionMapping&) = delete;

  const platform::Mapping& get() const noexcept { return mapping_; }

 private:
  platform::Mapping mapping_;
};

}  // namespace byteor::run

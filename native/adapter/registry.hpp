// The adapters of this build: the one table in native/ that names them. Control path.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "adapter/config.hpp"
#include "adapter/end.hpp"
#include "graph/description.hpp"

namespace byteor::adapter {

// A row. Each side makes an end from its configuration for a boundary; nullptr where the adapter has no such side.
// Throws CodedError for a configuration that it does not know.
struct Adapter {
  std::string_view name;
  std::unique_ptr<SourceEnd> (*source)(const Config& config, const graph::BoundaryDescription& boundary);
  std::unique_ptr<SinkEnd> (*sink)(const Config& config, const graph::BoundaryDescription& boundary);
};

std::span<const Adapter> adapters() noexcept;
const Adapter* find_adapter(std::string_view name) noexcept;

}  // namespace byteor::adapter

// The adapter `lines`: one record a line, of a file or a standard stream. Keys: path ("-": the standard stream); of an
// egress also append?. Control path.
#pragma once

#include <memory>

#include "adapter/config.hpp"
#include "adapter/end.hpp"
#include "graph/description.hpp"

namespace byteor::adapter {

std::unique_ptr<SourceEnd> lines_source(const Config& config, const graph::BoundaryDescription& boundary);
std::unique_ptr<SinkEnd> lines_sink(const Config& config, const graph::BoundaryDescription& boundary);

}  // namespace byteor::adapter

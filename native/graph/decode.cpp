// Which decoder a spec buffer is for.
#include "graph/description.hpp"
#include "graph/spec_reader.hpp"

namespace byteor::graph {

Description decode(std::span<const std::byte> spec) {
  const auto header = SpecReader(spec).at<abi::SpecHeader>(0);
  if (header.target == static_cast<std::uint32_t>(abi::TargetCode::kLaneGraph)) return decode_graph(spec);
  return decode_ring(spec);
}

}  // namespace byteor::graph

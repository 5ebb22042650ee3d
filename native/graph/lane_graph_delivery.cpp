// Where records have gone, as the readers of journals and the ingresses are told.
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "graph/lane_graph.hpp"

namespace byteor::graph {

std::unique_ptr<journal::Delivery> LaneGraph::delivery_behind(std::uint32_t first) const {
  const RoleDescription& own = role(first);
  if (own.kind == abi::RoleCode::kBridge) {
    const LaneDescription& outlet = lane(own.outlets.front());
    const RoleDescription& reader = role(outlet.readers.front());
    if (reader.kind == abi::RoleCode::kEgress && outlet.on_full == abi::OnFullCode::kBlock)
      return std::make_unique<RelayDelivery>(reader_block(own.outlets.front(), 0), &written_[reader.index]);
  }
  return std::make_unique<LaneDelivery>(hops_behind(first, Arrived::kOutOfTheProcess), 1);
}

std::unique_ptr<journal::Delivery> LaneGraph::make_delivery(std::uint32_t boundary, std::uint32_t) const {
  return std::make_unique<LaneDelivery>(hops_behind(boundary_roles_[boundary], Arrived::kDelivered), kDeliveryMarks);
}

// The lanes behind a role, in topological order of their writers, up to journals.
std::vector<DeliveryHop> LaneGraph::hops_behind(std::uint32_t first, Arrived arrived) const {
  std::vector<bool> behind(description_.roles.size(), false);
  behind[first] = true;
  std::vector<DeliveryHop> hops;
  for (std::uint32_t writer = first; writer < description_.roles.size(); ++writer) {
    if (!behind[writer]) continue;
    for (const std::uint32_t index : role(writer).outlets) {
      DeliveryHop hop{.writer = writer_position(index), .producer = &producer_block(index), .readers = {}};
      if (const std::uint64_t files = part(index).files; files != 0) {
        hop.readers.push_back({core::SequenceReader(at<abi::ConsumerBlock>(files).sequence)});
        if (arrived == Arrived::kDelivered) {
          hop.durable = &at<abi::JournalBlock>(part(index).journal).durable;
          hop.opened_at = journals_[index]->opened_at();
        }
        hops.push_back(std::move(hop));
        continue;
      }
      for (std::uint32_t place = 0; place < lane(index).readers.size(); ++place) {
        hop.readers.push_back(delivery_reader(index, place, arrived));
        behind[lane(index).readers[place]] = true;
      }
      hops.push_back(std::move(hop));
    }
  }
  // A stage writes its letters when it has the record, so behind every lane.
  for (std::uint32_t writer = first; writer < description_.roles.size(); ++writer)
    if (behind[writer]) add_letter_hop(hops, writer);
  return hops;
}

DeliveryReader LaneGraph::delivery_reader(std::uint32_t index, std::uint32_t place, Arrived arrived) const {
  const RoleDescription& reader = role(lane(index).readers[place]);
  DeliveryReader made{reader_position(index, place)};
  if (reader.kind == abi::RoleCode::kEgress) made.written = &written_[reader.index];
  // A journal's cursor passes a record that stopped the pipeline: the next run would fail at it again.
  if (reader.kind == abi::RoleCode::kStage && arrived == Arrived::kDelivered)
    made.stopped = &reader_block(index, place).stopped;
  return made;
}

}  // namespace byteor::graph

// The agents that write journal lanes' files, and the readers that begin with what earlier runs have left in them.
#include <memory>
#include <utility>

#include "graph/lane_graph.hpp"
#include "journal/journal_agent.hpp"
#include "journal/journal_inlet.hpp"

namespace byteor::graph {

std::uint32_t LaneGraph::device_threads() const noexcept {
  return agent_count() - static_cast<std::uint32_t>(description_.roles.size());
}

void LaneGraph::make_journal_agents() {
  for (std::uint32_t i = 0; i < description_.lanes.size(); ++i) {
    if (journals_[i] == nullptr) continue;
    const std::uint32_t agent = journal_agents_[i];
    auto& block = at<abi::ConsumerBlock>(part(i).files);
    // What the writer has published; its own position is what the lane's readers wait for. What it takes, it appends.
    lane::ReaderOptions reading = reader_options(i, 0);
    reading.delivers = true;
    journal_ends_.push_back(std::make_unique<lane::FramedReader>(
        framed_memory(i), producer_block(i), block, core::Barrier({writer_position(i)}, lane_block(i).stop_before),
        lane_end(i), core::StampTable{}, core::Histogram{}, reading));
    journal::JournalAgentOptions options;
    options.agent = agent;
    options.stop_before = &lane_block(i).stop_before;
    options.position = &block.sequence;
    agents_.push_back({agent_thread(agent), std::make_unique<journal::JournalAgent>(
                                                *journal_ends_.back(), *journals_[i],
                                                at<abi::JournalBlock>(part(i).journal), failures_, options)});
  }
}

std::unique_ptr<lane::Inlet> LaneGraph::behind_files(std::unique_ptr<lane::Inlet> inlet, std::uint32_t index) {
  journal_ends_.push_back(std::move(inlet));
  journal::JournalInletOptions options;
  options.agent = lane(index).readers.front();
  options.first_ordinal = options_.first_sequence;
  options.ordinal_shift = ordinal_shift_;
  options.counts = &reader_block(index, 0);
  deliveries_.push_back(delivery_behind(lane(index).readers.front()));
  options.delivery = deliveries_.back().get();
  auto made = std::make_unique<journal::JournalInlet>(*journal_ends_.back(), *journals_[index],
                                                      at<abi::JournalBlock>(part(index).journal), failures_, options);
  journal_inlets_.push_back(made.get());
  return made;
}

std::unique_ptr<journal::Delivery> LaneGraph::delivery_behind(std::uint32_t first) const {
  const RoleDescription& own = role(first);
  if (own.kind == abi::RoleCode::kBridge) {
    const LaneDescription& outlet = lane(own.outlets.front());
    const RoleDescription& reader = role(outlet.readers.front());
    if (reader.kind == abi::RoleCode::kEgress && outlet.on_full == abi::OnFullCode::kBlock)
      return std::make_unique<RelayDelivery>(reader_block(own.outlets.front(), 0), &written_[reader.index]);
  }
  return std::make_unique<LaneDelivery>(hops_behind(first));
}

// The lanes behind a role, in topological order of their writers, up to journals: what is in their files has arrived.
std::vector<DeliveryHop> LaneGraph::hops_behind(std::uint32_t first) const {
  std::vector<bool> behind(description_.roles.size(), false);
  behind[first] = true;
  std::vector<DeliveryHop> hops;
  for (std::uint32_t writer = first; writer < description_.roles.size(); ++writer) {
    if (!behind[writer]) continue;
    for (const std::uint32_t index : role(writer).outlets) {
      DeliveryHop hop{writer_position(index), &producer_block(index), {}};
      if (const std::uint64_t files = part(index).files; files != 0) {
        hop.readers.emplace_back(at<abi::ConsumerBlock>(files).sequence);
        hops.push_back(std::move(hop));
        continue;
      }
      for (std::uint32_t place = 0; place < lane(index).readers.size(); ++place) {
        const std::uint32_t reader = lane(index).readers[place];
        hop.readers.push_back(reader_position(index, place));
        behind[reader] = true;
        if (role(reader).kind == abi::RoleCode::kEgress) hop.written = &written_[role(reader).index];
      }
      hops.push_back(std::move(hop));
    }
  }
  return hops;
}

}  // namespace byteor::graph

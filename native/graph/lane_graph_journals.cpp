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

}  // namespace byteor::graph

// The lanes of letters of a graph and the agent that reads them: the same in a ring and in a graph of lanes.
#include "graph/letters.hpp"

#include <algorithm>
#include <utility>

#include "graph/graph.hpp"
#include "graph/observed_end.hpp"
#include "journal/letters_agent.hpp"
#include "lane/role.hpp"

namespace byteor::graph {
namespace {

template <class Element>
bool writes_letters(const Element& element) {
  return element.on_error == abi::OnErrorCode::kDeadLetter;
}

std::string lane_id(const std::string& stage, std::uint32_t shard, std::uint32_t shards) {
  return stage + (shards > 1 ? "/" + std::to_string(shard) : "") + "->" + kLettersAgent;
}

// The only ingress that a role's records come from; empty where there are several.
std::string ingress_of(const LaneGraphDescription& graph, std::uint32_t role) {
  std::vector<bool> above(graph.roles.size(), false);
  above[role] = true;
  std::vector<std::string> found;
  for (std::uint32_t i = role + 1; i-- != 0;) {
    if (!above[i]) continue;
    if (graph.roles[i].kind == abi::RoleCode::kIngress) found.push_back(graph.roles[i].id);
    for (const std::uint32_t inlet : graph.roles[i].inlets) above[graph.lanes[inlet].writer] = true;
  }
  return found.size() == 1 ? found.front() : std::string();
}

}  // namespace

std::vector<LetterLane> letter_lanes(const RingDescription& ring) {
  const std::uint32_t per_shard = static_cast<std::uint32_t>(ring.entries.size()) + 2;
  std::vector<LetterLane> lanes;
  for (std::uint32_t shard = 0; shard < ring.shards; ++shard) {
    for (std::uint32_t entry = 0; entry < ring.entries.size(); ++entry) {
      const StageDescription& stage = ring.stage_of(entry);
      if (!writes_letters(stage)) continue;
      lanes.push_back({lane_id(stage.id, shard, ring.shards), stage.id, ring.boundaries[ring.ingress].id, shard,
                       shard * per_shard + entry + 1});
    }
  }
  // One thread has an end of all shards.
  const std::string& ingress = ring.boundaries[ring.ingress].id;
  const std::string& egress = ring.boundaries[ring.egress].id;
  if (writes_letters(ring.boundaries[ring.ingress]))
    lanes.push_back({lane_id(ingress, 0, 1), ingress, ingress, 0, 0, "ingress"});
  if (writes_letters(ring.boundaries[ring.egress]))
    lanes.push_back({lane_id(egress, 0, 1), egress, ingress, 0, per_shard - 1, "egress"});
  return lanes;
}

std::vector<LetterLane> letter_lanes(const LaneGraphDescription& graph) {
  std::vector<LetterLane> lanes;
  for (std::uint32_t i = 0; i < graph.roles.size(); ++i) {
    const RoleDescription& role = graph.roles[i];
    const bool is_end = role.kind == abi::RoleCode::kIngress || role.kind == abi::RoleCode::kEgress;
    const bool writes = is_end ? writes_letters(graph.boundaries[role.index])
                               : role.kind == abi::RoleCode::kStage && writes_letters(graph.stages[role.index]);
    if (!writes) continue;
    lanes.push_back({lane_id(role.id, 0, 1), role.id, ingress_of(graph, i), 0, i});
    if (is_end) lanes.back().kind = role.kind == abi::RoleCode::kIngress ? "ingress" : "egress";
  }
  return lanes;
}

// ---- what a graph does with them -----------------------------------------------------------------------------------

lane::FramedMemory Graph::letter_memory(std::size_t lane) const noexcept {
  const abi::LayoutPart& own = letter_part(lane);
  // The agent's thread sleeps whatever the wait strategy of the others is.
  return {region_.data() + own.data, own.memory_bytes, own.capacity, own.record_max, true};
}

void Graph::write_letter_lanes() {
  for (std::size_t i = 0; i < letters_.lanes.size(); ++i) {
    const LetterLane& own = letters_.lanes[i];
    const abi::LayoutPart& place = letter_part(i);
    auto& block = at<abi::LaneBlock>(layout_.header.letters + i * sizeof(abi::LaneBlock));
    block.id_offset = write_text(own.id);
    block.id_length = static_cast<std::uint32_t>(own.id.size());
    block.kind = static_cast<std::uint32_t>(abi::LaneKindCode::kEvents);
    block.flags = static_cast<std::uint32_t>(abi::LaneFlag::kInserted);
    block.on_full = static_cast<std::uint32_t>(abi::OnFullCode::kBlock);
    block.layout = place.layout;
    block.writer_agent = own.writer;
    block.writer_port = static_cast<std::uint32_t>(abi::PortCode::kNative);
    block.reader_count = 1;
    block.capacity = place.capacity;
    block.memory_bytes = place.memory_bytes;
    block.record_max = place.record_max;
    block.data_offset = place.data;
    block.producer_offset = place.producer;
    block.readers_offset = write_list({place.consumers});
    block.reader_agents_offset = write_indices({letters_agent()});
    block.stamps_offset = place.stamps;
    block.histograms_offset = place.histograms;
    block.stamp_count = place.stamp_count;
    block.connection = abi::kNone;
    block.stop_before.store(core::kNoLimit, std::memory_order_relaxed);
  }
}

void Graph::write_letters_agent() {
  if (letters_.lanes.empty()) return;
  std::vector<std::uint32_t> writers;
  std::vector<std::uint32_t> inlets;
  for (std::size_t i = 0; i < letters_.lanes.size(); ++i) {
    writers.push_back(letters_.lanes[i].writer);
    inlets.push_back(header().lane_count - static_cast<std::uint32_t>(letters_.lanes.size() - i));
  }
  abi::AgentEntry& entry =
      write_agent(letters_agent(), abi::AgentKind::kLetters, write_text(kLettersAgent), {kLettersAgent, writers});
  entry.inlet_count = static_cast<std::uint32_t>(inlets.size());
  entry.inlets_offset = write_indices(inlets);
  entry.block_offset = letter_part(0).consumers;
  entry.histogram_offset = letter_part(0).histograms;
}

lane::OnError Graph::on_error_at(abi::OnErrorCode code, std::uint32_t agent) {
  const auto own = std::ranges::find(letters_.lanes, agent, &LetterLane::writer);
  if (own == letters_.lanes.end()) return {.code = code};
  const auto index = static_cast<std::size_t>(own - letters_.lanes.begin());
  const abi::LayoutPart& place = letter_part(index);
  std::vector<core::SequenceReader> gates;
  gates.emplace_back(at<abi::ConsumerBlock>(place.consumers).sequence);
  lane::WriterOptions options;
  options.cross_thread = true;
  return {.code = code,
          .letters = std::make_unique<lane::FramedWriter>(
              letter_memory(index), at<abi::ProducerBlock>(place.producer), std::move(gates),
              core::StampTable{&at<double>(place.stamps), place.stamp_count - 1}, options),
          .letters_agent = letters_agent(),
          .letters_failed = &letters_failed_};
}

bool Graph::is_end_of_letters(std::uint32_t agent) noexcept {
  if (letters_.lanes.empty() || agent != letters_agent()) return false;
  // SYNC POINT S4: a boundary that finds no room for a letter from now on looks at this.
  letters_failed_.store(true, std::memory_order_seq_cst);
  return true;
}

std::unique_ptr<lane::FramedReader> Graph::make_letter_reader(std::size_t lane) {
  const abi::LayoutPart& place = letter_part(lane);
  auto& block = at<abi::LaneBlock>(layout_.header.letters + lane * sizeof(abi::LaneBlock));
  auto& producer = at<abi::ProducerBlock>(place.producer);
  lane::ReaderOptions options;
  options.delivers = true;
  std::vector<core::SequenceReader> before;
  before.emplace_back(producer.cursor);
  return std::make_unique<lane::FramedReader>(
      letter_memory(lane), producer, at<abi::ConsumerBlock>(place.consumers),
      core::Barrier(std::move(before), block.stop_before),
      core::ShardEnd{core::SequenceReader(producer.cursor), &producer.closed, &block.stop_before},
      core::StampTable{&at<double>(place.stamps), place.stamp_count - 1},
      core::Histogram(&at<std::atomic<std::uint32_t>>(place.histograms)), options);
}

std::unique_ptr<core::Agent> Graph::make_letters_agent(core::FailureReporter& failures, std::uint64_t first) {
  if (letters_.lanes.empty()) return nullptr;
  std::vector<journal::LetterSource> sources;
  std::uint64_t longest = 0;
  for (std::size_t i = 0; i < letters_.lanes.size(); ++i) {
    const LetterLane& own = letters_.lanes[i];
    letter_readers_.push_back(make_letter_reader(i));
    sources.push_back({letter_readers_.back().get(), own.element, own.ingress, own.shard});
    longest = std::max<std::uint64_t>(longest, letter_part(i).record_max);
  }
  journal::LettersAgentOptions options;
  options.agent = letters_agent();
  options.plan = letters_.version_id;
  options.first = first;
  options.origins = letters_.origins;
  options.fed = letters_.fed;
  options.refused = letters_.refused;
  auto agent = std::make_unique<journal::LettersAgent>(std::move(sources), *letters_.files, failures,
                                                       std::move(options), longest);
  std::vector<ObservedEnd::Shard> shown{{&agent_entry(letters_agent()), letters_.lanes.front().writer}};
  return std::make_unique<ObservedEnd>(std::move(agent), EndSide::kEgress, std::move(shown));
}

void Graph::add_letter_hop(std::vector<DeliveryHop>& hops, std::uint32_t agent) const {
  const auto own = std::ranges::find(letters_.lanes, agent, &LetterLane::writer);
  if (own == letters_.lanes.end()) return;
  const abi::LayoutPart& place = letter_part(static_cast<std::size_t>(own - letters_.lanes.begin()));
  const auto& producer = at<abi::ProducerBlock>(place.producer);
  DeliveryHop hop{.writer = core::SequenceReader(producer.cursor), .producer = &producer, .readers = {}};
  hop.readers.push_back({core::SequenceReader(at<abi::ConsumerBlock>(place.consumers).sequence)});
  hops.push_back(std::move(hop));
}

void Graph::settle_letters() noexcept {
  for (std::size_t i = 0; i < letters_.lanes.size(); ++i) {
    auto& block = at<abi::ConsumerBlock>(letter_part(i).consumers);
    const double left = lane::settle_unread(block, at<abi::ProducerBlock>(letter_part(i).producer), nullptr);
    block.abandoned.store(block.abandoned.load(std::memory_order_relaxed) + left, std::memory_order_relaxed);
  }
}

}  // namespace byteor::graph

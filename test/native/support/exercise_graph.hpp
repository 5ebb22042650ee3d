// What exercise.hpp does for rings, for a LaneGraph: what the decoder accepts is built, given records of every length
// at every ingress, closed, drained and settled by turning its agents by hand. It must come to an end, with a failure
// as without one, every record must lie where records lie, and the ledger of every lane and role must balance.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "exercise.hpp"
#include "fake_host.hpp"
#include "hand_lane_graph.hpp"

namespace byteor::test {

class GraphExerciser {
 public:
  // True when the bytes were accepted as a LaneGraph. Aborts with a sentence when something does not hold.
  static bool run(std::span<const std::byte> spec, Exercise exercise) {
    bool graph = false;
    const bool lived = lives([&] {
      graph::Description description = graph::decode(spec);
      auto* const lowered = std::get_if<graph::LaneGraphDescription>(&description);
      if (lowered == nullptr) return;
      graph = true;
      if (exercise.functions) put_functions(*lowered);
      GraphExerciser(std::move(*lowered), spec, exercise).live();
    });
    return lived && graph;
  }

 private:
  static constexpr std::uint64_t kBytesMax = 8u << 20;
  static constexpr std::uint32_t kCopiesMax = 64;
  static constexpr int kTurnsMax = 1 << 16;

  GraphExerciser(graph::LaneGraphDescription lowered, std::span<const std::byte> spec, Exercise exercise)
      : exercise_(exercise),
        spec_(spec),
        backwards_(exercise.variant / 96 % 2 == 1),
        ports_(ports(lowered, exercise.variant)),
        graph_(bounded(std::move(lowered)), options(exercise), ports_, kBytesMax),
        hosts_(graph_.graph()) {
    const std::vector<graph::BoundaryDescription>& boundaries = description().boundaries;
    for (std::uint32_t i = 0; i < boundaries.size(); ++i) {
      if (boundaries[i].kind == abi::BoundaryCode::kIngress)
        sources_.push_back({graph_.graph().writing_end(i), 0});
      else if (!discards(exercise.variant))
        sinks_.push_back(graph_.graph().reading_end(i));
    }
  }

  static void put_functions(graph::LaneGraphDescription& graph) {
    for (graph::StageDescription& stage : graph.stages) {
      if (stage.has(abi::StageFlag::kWrites)) continue;
      stage.op = abi::OpCode::kJs;
      stage.flags |=
          static_cast<std::uint32_t>(abi::StageFlag::kFails) | static_cast<std::uint32_t>(abi::StageFlag::kFilters);
    }
  }

  static bool discards(std::uint32_t variant) { return variant / 48 % 2 == 1; }

  static Options options(const Exercise& exercise) {
    const std::uint32_t variant = exercise.variant;
    static constexpr std::uint32_t kLaneBytes[] = {64, 72, 200, 1024};
    static constexpr std::uint64_t kFirst[] = {0, (1ull << 31) - 3, (1ull << 32) - 3};
    Options options;
    options.lane_bytes = kLaneBytes[variant % 4];
    options.first_sequence = kFirst[variant / 4 % 3];
    options.batch_records = variant / 12 % 2 == 0 ? 0 : 1;
    options.record_max = variant / 24 % 2 == 0 ? 40 : 0;
    options.threads = 1 + variant % 3;
    options.bend = exercise.bend;
    return options;
  }

  static std::vector<abi::PortCode> ports(const graph::LaneGraphDescription& graph, std::uint32_t variant) {
    std::vector<abi::PortCode> ports;
    for (const graph::BoundaryDescription& boundary : graph.boundaries)
      ports.push_back(boundary.kind == abi::BoundaryCode::kEgress && discards(variant) ? abi::PortCode::kDiscard
                                                                                       : abi::PortCode::kNative);
    return ports;
  }

  // Diamonds in a row double a record each: a graph that is small may mean more work than there is time.
  static graph::LaneGraphDescription bounded(graph::LaneGraphDescription graph) {
    std::vector<std::uint64_t> copies(graph.lanes.size(), 1);
    for (const graph::RoleDescription& role : graph.roles) {
      std::uint64_t in = role.inlets.empty() ? 1 : 0;
      for (const std::uint32_t inlet : role.inlets) in += copies[inlet];
      if (in > kCopiesMax) throw HandGraph::TooLarge{};
      for (const std::uint32_t outlet : role.outlets) copies[outlet] = in;
    }
    return graph;
  }

  static void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "the exercised graph broke its promise: %s\n", what);
    std::abort();
  }

  const graph::LaneGraphDescription& description() { return graph_.graph().description(); }

  struct Source {
    graph::WritingEnd end;
    std::uint32_t pushed;  // or dropped: done with
  };

  // A graph's ends are those of lanes, never shards of a ring.
  template <class End, class Use>
  static auto visit_end(const End& end, Use&& use) {
    if (const auto* slots = std::get_if<2>(&end)) return use(**slots);
    return use(*std::get<1>(end));
  }

  void live() {
    while (push_round()) {
    }
    close();
    rest();
    for (graph::PlacedAgent& placed : graph_.graph().agents())
      require(placed.agent->done(), "an agent does not come to an end");
    for (const graph::ReadingEnd& sink : sinks_)
      require(visit_end(sink, [](const auto& end) { return end.drained(); }), "an egress is not drained");
    graph_.graph().settle();
    check_lanes();
    for (const graph::RoleDescription& role : description().roles) check_role(role);
    require(graph_.graph().op_reports().front() == '{', "a report is not an object");
    require(graph_.graph().sizes().front() == '{', "the sizes are not an object");
  }

  // One record at each ingress that has room. False when all have been pushed, and when nothing goes on any more.
  bool push_round() {
    std::uint32_t pushed = 0;
    std::uint32_t left = 0;
    for (Source& source : sources_) {
      if (source.pushed == exercise_.record_count) continue;
      ++left;
      const std::uint32_t i = source.pushed;
      if (!visit_end(source.end, [&](auto& writer) { return push(writer, i); })) continue;
      ++source.pushed;
      ++pushed;
    }
    if (left == 0 || !graph_.failures().empty()) return false;
    if (pushed != left) rest();
    stuck_ = pushed == 0 ? stuck_ + 1 : 0;
    require(stuck_ < 4 || !graph_.failures().empty(), "a graph that everybody has read stays full");
    return true;
  }

  template <class Writer>
  bool push(Writer& writer, std::uint32_t i) {
    const std::uint32_t length = i * 7 % (writer.record_max() + 1);
    std::byte* const target = writer.try_claim(length);
    if (target == nullptr) {
      writer.publish();
      if (writer.drops()) writer.count_dropped(false);
      return writer.drops();
    }
    for (std::uint32_t b = 0; b < length; ++b) target[b] = spec_[(i * 31 + b) % spec_.size()];
    writer.commit(length, i % 3);
    if (i % 2 == 0) writer.publish();
    return true;
  }

  void close() {
    for (const Source& source : sources_)
      visit_end(source.end, [](auto& writer) {
        writer.close();
        return true;
      });
  }

  // Until nobody has anything left to do.
  void rest() {
    std::uint64_t moved = 1;
    for (int turn = 0; moved != 0; ++turn) {
      require(turn < kTurnsMax, "the agents never come to rest");
      moved = graph_.work_once(backwards_);
      for (const graph::ReadingEnd& sink : sinks_) moved += visit_end(sink, [&](auto& reader) { return take(reader); });
    }
  }

  template <class Reader>
  std::uint64_t take(Reader& reader) {
    reader.end_backoff();  // no turn of this thread comes too early
    const std::uint32_t taken = reader.consume(1u << 16, [&](std::uint64_t, const core::RecordRef& record) {
      for (std::uint32_t b = 0; b < record.length; ++b) sum_ = sum_ + static_cast<std::uint8_t>(record.data[b]);
      return true;
    });
    reader.release();
    return taken;
  }

  double written(std::uint32_t lane) {
    const abi::ProducerBlock& block = graph_.graph().producer_block(lane);
    return block.published + block.dropped + block.too_large;
  }

  void check_lanes() {
    const std::vector<graph::LaneDescription>& lanes = description().lanes;
    for (std::uint32_t i = 0; i < lanes.size(); ++i) {
      const double published = graph_.graph().producer_block(i).published;
      for (std::uint32_t reader = 0; reader < lanes[i].readers.size(); ++reader)
        require(graph_.graph().reader_block(i, reader).in == published, "written = read + dropped");
    }
  }

  const abi::ConsumerBlock& block_of(const graph::RoleDescription& role, std::uint32_t inlet) {
    const auto index = static_cast<std::uint32_t>(&role - description().roles.data());
    const std::vector<std::uint32_t>& readers = description().lanes[inlet].readers;
    const auto place = std::find(readers.begin(), readers.end(), index) - readers.begin();
    return graph_.graph().reader_block(inlet, static_cast<std::uint32_t>(place));
  }

  void check_role(const graph::RoleDescription& role) {
    double in = 0, out = 0, emitted = 0, filtered = 0, failed = 0, absorbed = 0, abandoned = 0, given = 0;
    for (const std::uint32_t inlet : role.inlets) {
      const abi::ConsumerBlock& block = block_of(role, inlet);
      in += block.in;
      out += block.out;
      emitted += block.emitted;
      filtered += block.filtered;
      failed += block.failed;
      absorbed += block.absorbed;
      abandoned += block.abandoned;
    }
    for (const std::uint32_t outlet : role.outlets) given += written(outlet);
    if (role.kind == abi::RoleCode::kIngress) {
      require(given == sources_.at(source_of(role)).pushed, "an ingress counts other records than were pushed");
      return;
    }
    const bool copies = role.kind == abi::RoleCode::kRouter && role.policy == abi::PolicyCode::kBroadcast;
    if (copies) in *= static_cast<double>(role.outlets.size());
    require(in == out - emitted + filtered + failed + absorbed + abandoned,
            "in = passed_on + filtered + failed + absorbed + abandoned");
    require(role.outlets.empty() || out == given, "out = written");
  }

  // Its place among the ingresses, in the order of the boundaries.
  std::size_t source_of(const graph::RoleDescription& role) {
    const auto begin = description().boundaries.begin();
    return static_cast<std::size_t>(std::count_if(
        begin, begin + role.index,
        [](const graph::BoundaryDescription& boundary) { return boundary.kind == abi::BoundaryCode::kIngress; }));
  }

  const Exercise exercise_;
  const std::span<const std::byte> spec_;
  const bool backwards_;
  const std::vector<abi::PortCode> ports_;
  HandLaneGraph graph_;
  FakeHosts hosts_;
  std::vector<Source> sources_;
  std::vector<graph::ReadingEnd> sinks_;
  int stuck_ = 0;
  // Volatile, so that reading every byte that arrives is not optimised away.
  volatile std::uint64_t sum_ = 0;
};

}  // namespace byteor::test

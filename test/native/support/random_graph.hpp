// Random graphs of the shipped lanes and roles, and a plain interpreter that says what must come out of them: one
// ingress, a line of stages and of diamonds (a router, branches, an Ordered merge) nested in one another, one reader.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lane/ends.hpp"
#include "lane/ordered_merge_role.hpp"
#include "lane/router_role.hpp"
#include "lanes.hpp"
#include "op/affix.hpp"
#include "op/filter.hpp"
#include "op/identity.hpp"
#include "random_ring.hpp"

namespace byteor::test {

// The last byte is the key; an empty record has none.
struct LastByteKey {
  std::optional<std::uint64_t> find_hash(std::string_view record) const noexcept {
    if (record.empty()) return std::nullopt;
    return static_cast<std::uint64_t>(record.back());
  }
};

enum class Element { kBridge, kFilter, kAppend, kDiamond };
enum class Spread { kBroadcast, kRoundRobin, kKeyHash };

// One element of a line, and the state that interpreting it needs.
struct Node {
  Element element = Element::kBridge;
  std::string text;  // filter: what must not be in a record; append: what is put behind it
  Spread spread = Spread::kBroadcast;
  std::vector<std::vector<Node>> branches;
  std::uint32_t turn = 0;
};

using NodeLine = std::vector<Node>;

// `counts`: with routers whose choice depends on how many records came before.
inline NodeLine random_line(Random& random, std::uint32_t depth, bool counts = true) {
  NodeLine line;
  const std::uint32_t length = random.below(3) + (depth == 0 ? 1 : 0);
  for (std::uint32_t i = 0; i < length; ++i) {
    Node node;
    node.element = random.pick<Element>({Element::kBridge, Element::kFilter, Element::kAppend, Element::kDiamond});
    if (depth == 2 && node.element == Element::kDiamond) node.element = Element::kFilter;
    node.text = std::string(1, static_cast<char>(node.element == Element::kFilter ? '0' + random.below(10) : 'a'));
    if (node.element == Element::kDiamond) {
      node.spread = random.pick<Spread>({Spread::kBroadcast, Spread::kKeyHash, Spread::kRoundRobin});
      if (!counts && node.spread == Spread::kRoundRobin) node.spread = Spread::kBroadcast;
      const std::uint32_t branches = 2 + random.below(depth == 0 ? 3 : 2);
      for (std::uint32_t b = 0; b < branches; ++b) node.branches.push_back(random_line(random, depth + 1, counts));
    }
    line.push_back(std::move(node));
  }
  return line;
}

// One of the records that a record of the ingress became, and its place among them.
struct Copy {
  std::string text;
  std::uint64_t place = 0;
};

// What the copies of one record become, each of which owns the places up to `step` after its own (lane/ordinal.hpp);
// `step` is that of the results afterwards. Records are given in order, because some routers count.
inline std::vector<Copy> interpret(NodeLine& line, std::vector<Copy> copies, std::uint64_t& step);

// An Ordered merge puts copies in the order of their places, those of one place in the order of the branches.
inline std::vector<Copy> interpret_diamond(Node& node, const std::vector<Copy>& copies, std::uint64_t& step) {
  const auto branches = static_cast<std::uint32_t>(node.branches.size());
  std::vector<std::vector<Copy>> given(branches);
  for (const Copy& copy : copies) {
    if (node.spread == Spread::kBroadcast)
      for (std::vector<Copy>& branch : given) branch.push_back(copy);
    else if (node.spread == Spread::kRoundRobin)
      given[node.turn++ % branches].push_back(copy);
    else
      given[LastByteKey().find_hash(copy.text).value_or(0) % branches].push_back(copy);
  }
  std::vector<std::vector<Copy>> done(branches);
  std::uint64_t least = step;
  for (std::uint32_t i = 0; i < branches; ++i) {
    std::uint64_t own = step;
    done[i] = interpret(node.branches[i], std::move(given[i]), own);
    least = std::min(least, own);
  }
  step = least >> lane::merge_bits(branches);
  std::vector<Copy> joined;
  for (std::uint32_t i = 0; i < branches; ++i)
    for (const Copy& copy : done[i]) joined.push_back({copy.text, copy.place + i * step});
  std::sort(joined.begin(), joined.end(), [](const Copy& a, const Copy& b) { return a.place < b.place; });
  return joined;
}

inline std::vector<Copy> interpret(NodeLine& line, std::vector<Copy> copies, std::uint64_t& step) {
  for (Node& node : line) {
    if (node.element == Element::kFilter)
      std::erase_if(copies, [&](const Copy& copy) { return copy.text.find(node.text) != std::string::npos; });
    if (node.element == Element::kAppend)
      for (Copy& copy : copies) copy.text += node.text;
    if (node.element == Element::kDiamond) copies = interpret_diamond(node, copies, step);
  }
  return copies;
}

// Bits of an ordinal that a line uses up, as the graph's builder counts them.
inline std::uint32_t ordinal_bits(const NodeLine& line) {
  std::uint32_t bits = 0;
  for (const Node& node : line) {
    if (node.element != Element::kDiamond) continue;
    std::uint32_t most = 0;
    for (const NodeLine& branch : node.branches) most = std::max(most, ordinal_bits(branch));
    bits += most + lane::merge_bits(static_cast<std::uint32_t>(node.branches.size()));
  }
  return bits;
}

struct GraphSizes {
  bool smallest = false;  // lanes of 64 bytes or one slot, wherever they may be
  bool drops = false;     // some lanes drop
  std::uint32_t batch_records = 64;
};

class RandomGraph {
 public:
  RandomGraph(const NodeLine& line, GraphSizes sizes, Random& random)
      : sizes_(sizes), random_(random), shift_(ordinal_bits(line)) {
    LaneShape shape = random_shape(false, lane::ordinal_step(shift_, 0));
    shape.slots = false;
    shape.capacity = std::max(shape.capacity, 64u);
    shape.counts_ordinals = true;
    first_ = &add_lane(shape);
    Lane* const last = &build(line, *first_);
    writer_ = first_->framed_writer();
    reader_ = last->reader();
    last_ = last;
  }

  lane::FramedWriter& writer() { return *writer_; }
  lane::Inlet& reader() { return *reader_; }
  std::vector<std::unique_ptr<lane::Role>>& roles() { return roles_; }

  void halt() {
    for (auto& site : sites_) site->stop.store(1);
  }

  // After everybody has stopped. Empty, or the first equation that does not hold.
  std::string ledger_problem() {
    for (auto& role : roles_) role->settle();
    lane::settle_unread(last_->consumer(), last_->producer(), nullptr);
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      const abi::ProducerBlock& producer = lanes_[i]->producer();
      if (lanes_[i]->consumer().in.load() != producer.published.load())
        return "lane " + std::to_string(i) + ": what was published was not all read or abandoned";
    }
    for (const auto& check : checks_)
      if (const std::string problem = check(); !problem.empty()) return problem;
    return {};
  }

  // Where everybody is, for a test that hangs.
  std::string description() {
    std::string text = "shift " + std::to_string(shift_) + "\n";
    for (std::size_t i = 0; i < sites_.size(); ++i)
      text += "role " + std::to_string(i) + ": state " + std::to_string(sites_[i]->entry.state.load()) + "\n";
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      Lane& lane = *lanes_[i];
      text += "lane " + std::to_string(i) + (lane.shape().slots ? " of slots" : " of frames") +
              (lane.shape().drops ? ", drops" : "") + ", capacity " + std::to_string(lane.shape().capacity) +
              ": written to " + std::to_string(lane.producer().cursor.load()) + ", read to " +
              std::to_string(lane.consumer().sequence.load()) + ", watermark " +
              std::to_string(lane.producer().watermark.load()) +
              (lane.producer().closed.load() != 0 ? ", closed" : "") + "\n";
    }
    return text;
  }

  std::string failures() {
    std::string text;
    for (auto& site : sites_)
      for (const ReportedFailure& failure : site->failures.all()) text += failure.cause + "\n";
    return text;
  }

 private:
  LaneShape random_shape(bool may_drop, std::uint64_t step) {
    LaneShape shape;
    shape.watermarked = true;
    shape.ordinal_shift = shift_;
    shape.ordinal_step = step;
    shape.slots = random_.one_in(3);
    if (shape.slots)
      shape.capacity = sizes_.smallest ? 1 : random_.pick<std::uint32_t>({1, 2, 5, 64});
    else
      shape.capacity = sizes_.smallest ? 64 : random_.pick<std::uint32_t>({64, 72, 200, 1024, 4096});
    shape.drops = may_drop && sizes_.drops && random_.one_in(3);
    return shape;
  }

  Lane& add_lane(const LaneShape& shape) {
    lanes_.push_back(std::make_unique<Lane>(shape));
    return *lanes_.back();
  }

  lane::RoleContext context() {
    sites_.push_back(std::make_unique<RoleSite>());
    return sites_.back()->context(sizes_.batch_records, shift_);
  }

  static double written(Lane& lane) {
    return lane.producer().published.load() + lane.producer().dropped.load() + lane.producer().too_large.load();
  }

  Lane& build(const NodeLine& line, Lane& from) {
    Lane* lane = &from;
    for (const Node& node : line)
      lane = node.element == Element::kDiamond ? &diamond(node, *lane) : &stage(node, *lane);
    return *lane;
  }

  Lane& stage(const Node& node, Lane& from) {
    if (node.element == Element::kFilter)
      return add_stage<op::FilterOp>({abi::MatchCode::kContains, true, node.text}, from);
    if (node.element == Element::kAppend) return add_stage<op::AppendOp>({node.text}, from);
    return add_stage<op::IdentityOp>({}, from);
  }

  template <class Op>
  Lane& add_stage(const typename Op::Config& config, Lane& from) {
    Lane& to = add_lane(random_shape(true, from.shape().ordinal_step));
    auto op = std::make_shared<Op>(config);
    lane::RoleContext context = this->context();
    context.inlets.push_back(from.inlet_end());
    context.outlets.push_back(to.outlet_end());
    if constexpr (Op::kWrites) context.tailroom = static_cast<std::uint32_t>(config.text.size());
    roles_.push_back(lane::make_stage_role(std::move(context), *op));
    ops_.push_back(op);
    checks_.push_back([&from, &to] {
      const abi::ConsumerBlock& b = from.consumer();
      if (b.in.load() != b.out.load() + b.filtered.load() + b.failed.load() + b.abandoned.load())
        return std::string("a stage: in is not out + filtered + failed + abandoned");
      return std::string(b.out.load() == written(to) ? "" : "a stage: out is not what its lane was given");
    });
    return to;
  }

  Lane& diamond(const Node& node, Lane& from) {
    std::vector<Lane*> heads;
    lane::RoleContext router = context();
    router.inlets.push_back(from.inlet_end());
    for (std::size_t i = 0; i < node.branches.size(); ++i) {
      heads.push_back(&add_lane(random_shape(true, from.shape().ordinal_step)));
      router.outlets.push_back(heads.back()->outlet_end());
    }
    if (node.spread == Spread::kBroadcast)
      roles_.push_back(std::make_unique<lane::RouterRole<lane::BroadcastChoice>>(std::move(router)));
    else if (node.spread == Spread::kRoundRobin)
      roles_.push_back(std::make_unique<lane::RouterRole<lane::RoundRobinChoice>>(std::move(router)));
    else
      roles_.push_back(std::make_unique<lane::RouterRole<lane::KeyHashChoice<LastByteKey>>>(
          std::move(router), lane::KeyHashChoice<LastByteKey>(key_)));
    const double copies = node.spread == Spread::kBroadcast ? static_cast<double>(heads.size()) : 1;
    checks_.push_back([&from, heads, copies] {
      double sum = from.consumer().abandoned.load();
      for (Lane* lane : heads) sum += written(*lane);
      return std::string(sum == from.consumer().in.load() * copies ? "" : "a router: copies are missing");
    });
    lane::RoleContext merge = context();
    std::vector<Lane*> tails;
    std::uint64_t step = from.shape().ordinal_step;
    for (std::size_t i = 0; i < heads.size(); ++i) {
      tails.push_back(&build(node.branches[i], *heads[i]));
      merge.inlets.push_back(tails.back()->inlet_end());
      step = std::min(step, tails.back()->shape().ordinal_step);
    }
    Lane& to = add_lane(random_shape(false, step >> lane::merge_bits(static_cast<std::uint32_t>(tails.size()))));
    merge.outlets.push_back(to.outlet_end());
    roles_.push_back(std::make_unique<lane::OrderedMergeRole>(std::move(merge)));
    checks_.push_back([tails, &to] {
      double rest = -written(to);
      for (Lane* lane : tails) rest += lane->consumer().in.load() - lane->consumer().abandoned.load();
      return std::string(rest == 0 ? "" : "a merge: in is not out + abandoned");
    });
    return to;
  }

  const GraphSizes sizes_;
  Random& random_;
  const std::uint32_t shift_;
  const LastByteKey key_{};
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<std::unique_ptr<RoleSite>> sites_;
  std::vector<std::shared_ptr<void>> ops_;
  std::vector<std::unique_ptr<lane::Role>> roles_;
  std::vector<std::function<std::string()>> checks_;
  Lane* first_ = nullptr;
  Lane* last_ = nullptr;
  std::unique_ptr<lane::FramedWriter> writer_;
  std::unique_ptr<lane::Inlet> reader_;
};

}  // namespace byteor::test

// Lanes and roles under pressure: a writer and its readers on threads of their own, and random graphs, once in random
// turns on one thread, where a turn of everybody without work is a deadlock, and once with a thread for each role. What
// comes out is compared with a plain interpreter; the ledger is checked after every end and every halt.
//
// BYTEOR_STRESS_ROUNDS: rounds a test, instead of the few of a daily run. BYTEOR_STRESS_SEED: repeat one round (its
// seed is in every failure); otherwise each run draws others.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "support/lanes.hpp"
#include "support/random_graph.hpp"
#include "support/watchdog.hpp"

namespace byteor::test {
namespace {

std::optional<std::uint64_t> number_from_environment(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') return std::nullopt;
  return std::stoull(text);
}

// Calls round(random) as often as the environment wants, each under a watchdog that names the seed.
template <class Round>
void for_each_seed(std::uint64_t rounds_default, Round&& round) {
  const std::optional<std::uint64_t> one = number_from_environment("BYTEOR_STRESS_SEED");
  const std::uint64_t rounds = one ? 1 : number_from_environment("BYTEOR_STRESS_ROUNDS").value_or(rounds_default);
  std::random_device device;
  for (std::uint64_t i = 0; i < rounds && !testing::Test::HasFailure(); ++i) {
    const std::uint64_t seed = one.value_or(device());
    SCOPED_TRACE("BYTEOR_STRESS_SEED=" + std::to_string(seed));
    const Watchdog watchdog(std::chrono::seconds(180), [seed] { return "BYTEOR_STRESS_SEED=" + std::to_string(seed); });
    Random random(seed);
    round(random);
  }
}

// ---- one lane ------------------------------------------------------------------------------------------------------

constexpr std::uint64_t kStressFirsts[] = {0, (1ull << 31) - 128, (1ull << 32) - 128};

// Of a lane of structs all of the struct's length.
std::string text_at(const Lane& lane, std::uint64_t record, std::uint32_t longest) {
  const std::uint32_t bytes = lane.shape().struct_bytes;
  return std::string(bytes != 0 ? bytes : record * 7 % (longest + 1), static_cast<char>('a' + record % 26));
}

// Puts records 0, 1, 2 … with their numbers as ordinals, in batches, and closes. Announces ordinals that are passed
// over.
void write_all(Lane& lane, std::uint64_t count, std::uint32_t longest, Random random) {
  const auto writer = lane.writer();
  std::vector<std::string> texts;
  std::vector<lane::LaneRecord> records;
  for (std::uint64_t next = 0; next < count;) {
    texts.clear();
    records.clear();
    const std::uint64_t batch = std::min<std::uint64_t>(count - next, 1 + random.below(8));
    for (std::uint64_t i = 0; i < batch; ++i) texts.push_back(text_at(lane, next + i, longest));
    for (std::uint64_t i = 0; i < batch; ++i) records.push_back(record_of(texts[i], 2 * (next + i)));
    for (std::uint32_t done = 0; done < batch;) {
      const std::uint32_t put = writer->put(records.data() + done, static_cast<std::uint32_t>(batch) - done);
      writer->publish();
      done += put;
      writer->advance(2 * (next + done));
      if (put == 0) std::this_thread::yield();
    }
    next += batch;
  }
  writer->close();
}

// Reads to the end. Lanes that drop leave gaps; what comes is whole, in order, and never below a bound that was told.
std::uint64_t read_all(Lane& lane, std::uint32_t reader_index, std::uint32_t longest, Random random) {
  const auto reader = lane.reader(reader_index);
  std::vector<lane::LaneRecord> records(16);
  std::uint64_t read = 0;
  std::uint64_t least = 0;
  while (!reader->ended()) {
    const std::uint32_t count = reader->peek(records.data(), 1 + random.below(16));
    for (std::uint32_t i = 0; i < count; ++i) {
      if (records[i].ordinal < least) ADD_FAILURE() << "an ordinal below its bound, after " << read;
      least = records[i].ordinal + 1;
      if (text_of(records[i]) != text_at(lane, records[i].ordinal / 2, longest)) ADD_FAILURE() << "other bytes";
    }
    const std::uint32_t part = count == 0 ? 0 : random.below(count);
    reader->consume(part);
    if (random.one_in(2)) reader->release();
    reader->consume(count - part);
    reader->release();
    read += count;
    if (lane.shape().watermarked) {
      const std::uint64_t bound = reader->lower_bound();
      if (bound != core::kNoLimit) least = std::max(least, bound);
    }
    if (count == 0) std::this_thread::yield();
  }
  return read;
}

TEST(LaneStress, OneWriterAndItsReadersAgreeOnEveryRecord) {
  for_each_seed(24, [](Random& random) {
    LaneShape shape;
    shape.slots = random.one_in(3);
    shape.capacity =
        shape.slots ? random.pick<std::uint32_t>({1, 2, 3, 64}) : random.pick<std::uint32_t>({64, 72, 136, 4096});
    if (shape.slots && random.one_in(2)) shape.struct_bytes = random.pick<std::uint32_t>({1, 8, 12, 64});
    shape.readers = shape.slots ? 1 + random.below(2) : 1 + random.below(3);
    shape.drops = random.one_in(3);
    shape.watermarked = shape.slots || random.one_in(2);  // without it, slots keep no ordinals
    shape.measures = random.one_in(2);
    shape.cross_thread = random.one_in(2);
    shape.paces = random.one_in(2);
    shape.first = kStressFirsts[random.below(3)];
    Lane lane(shape);
    const std::uint32_t longest = shape.slots ? 40 : lane.framed().record_max;
    constexpr std::uint64_t kCount = 4000;
    std::vector<std::thread> threads;
    std::vector<std::uint64_t> read(lane.shape().readers);
    for (std::uint32_t i = 0; i < read.size(); ++i) {
      const std::uint64_t seed = random.below(1u << 30);
      threads.emplace_back([&, i, seed] { read[i] = read_all(lane, i, longest, Random(seed)); });
    }
    write_all(lane, kCount, longest, Random(random.below(1u << 30)));
    for (std::thread& thread : threads) thread.join();
    const abi::ProducerBlock& producer = lane.producer();
    EXPECT_EQ(producer.published.load() + producer.dropped.load() + producer.too_large.load(), kCount);
    for (std::uint32_t i = 0; i < read.size(); ++i) {
      EXPECT_EQ(static_cast<double>(read[i]), producer.published.load());
      EXPECT_EQ(lane.consumer(i).in.load(), producer.published.load());
      EXPECT_EQ(lane.consumer(i).bytes.load(), producer.bytes.load());
    }
  });
}

TEST(LaneStress, SixteenReadersOfOneLaneAllSeeEverything) {
  for_each_seed(2, [](Random& random) {
    Lane lane({.capacity = 256, .readers = 16, .watermarked = true});
    constexpr std::uint64_t kCount = 1000;
    std::vector<std::thread> threads;
    std::vector<std::uint64_t> read(16);
    for (std::uint32_t i = 0; i < 16; ++i) {
      const std::uint64_t seed = random.below(1u << 30);
      threads.emplace_back([&, i, seed] { read[i] = read_all(lane, i, 40, Random(seed)); });
    }
    write_all(lane, kCount, 40, Random(1));
    for (std::thread& thread : threads) thread.join();
    for (std::uint32_t i = 0; i < 16; ++i) EXPECT_EQ(read[i], kCount) << i;
  });
}

// ---- graphs --------------------------------------------------------------------------------------------------------

// The two ends of a graph, as adapters play them.
class Ends {
 public:
  Ends(RandomGraph& graph, std::uint32_t records, std::uint64_t seed)
      : writer_(graph.writer()), reader_(graph.reader()), records_(records), random_(seed) {}

  std::uint32_t write() {
    std::uint32_t moved = 0;
    const std::uint32_t most = 1 + random_.below(8);
    for (; moved != most && next_ != records_; ++moved, ++next_) {
      const std::string text = std::to_string(next_);
      std::byte* const to = writer_.try_claim(static_cast<std::uint32_t>(text.size()));
      if (to == nullptr) break;
      std::memcpy(to, text.data(), text.size());
      writer_.commit(static_cast<std::uint32_t>(text.size()), 0);
    }
    writer_.publish();
    if (next_ != records_ || closed_) return moved;
    writer_.close();
    closed_ = true;
    return moved + 1;
  }

  void close() {
    if (!closed_) writer_.close();
    closed_ = true;
  }

  bool written() const { return closed_; }

  std::uint32_t read() {
    std::vector<lane::LaneRecord> records(1 + reading_.below(8));
    const std::uint32_t count = reader_.peek(records.data(), static_cast<std::uint32_t>(records.size()));
    for (std::uint32_t i = 0; i < count; ++i) {
      if (!ordinals_.empty() && records[i].ordinal <= ordinals_.back()) in_order_ = false;
      ordinals_.push_back(records[i].ordinal);
      texts_.push_back(text_of(records[i]));
    }
    reader_.consume(count);
    reader_.release();
    return count;
  }

  bool ended() { return reader_.ended(); }
  bool in_order() const { return in_order_; }
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  lane::FramedWriter& writer_;
  lane::Inlet& reader_;
  const std::uint32_t records_;
  Random random_;
  Random reading_{3};
  std::uint32_t next_ = 0;
  bool closed_ = false;
  bool in_order_ = true;
  std::vector<std::string> texts_;
  std::vector<std::uint64_t> ordinals_;
};

std::vector<std::string> expected_of(NodeLine line, std::uint32_t records) {
  std::vector<std::string> texts;
  for (std::uint32_t i = 0; i < records; ++i) {
    std::uint64_t step = std::uint64_t{1} << abi::kOrdinalBitsMax;
    for (const Copy& copy : interpret(line, {{std::to_string(i), 0}}, step)) texts.push_back(copy.text);
  }
  return texts;
}

GraphSizes random_sizes(Random& random, bool drops) {
  return {random.one_in(2), drops, random.pick<std::uint32_t>({1, 2, 7, 64})};
}

// True when `some` can be had by leaving out elements of `all`.
bool is_part_of(const std::vector<std::string>& some, const std::vector<std::string>& all) {
  std::size_t at = 0;
  for (const std::string& text : all)
    if (at < some.size() && some[at] == text) ++at;
  return at == some.size();
}

void expect_result(const NodeLine& line, RandomGraph& graph, Ends& ends, std::uint32_t records, bool whole) {
  EXPECT_EQ(graph.failures(), "");
  EXPECT_EQ(graph.ledger_problem(), "");
  EXPECT_TRUE(ends.in_order()) << "ordinals did not grow";
  const std::vector<std::string> expected = expected_of(line, records);
  if (whole)
    EXPECT_EQ(ends.texts(), expected);
  else
    EXPECT_TRUE(is_part_of(ends.texts(), expected)) << "more than filters and drops made of it, or another order";
}

// Everybody once, in a random order; how much was done. Agents that are done are not called again.
std::uint32_t turn_of_all(RandomGraph& graph, Ends& ends, Random& random) {
  std::vector<std::size_t> order(graph.roles().size() + 2);
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size() - 1; i > 0; --i)
    std::swap(order[i], order[random.below(static_cast<std::uint32_t>(i) + 1)]);
  std::uint32_t moved = 0;
  for (const std::size_t agent : order) {
    if (agent == graph.roles().size())
      moved += ends.write();
    else if (agent == graph.roles().size() + 1)
      moved += ends.read();
    else if (!graph.roles()[agent]->done())
      moved += graph.roles()[agent]->do_work();
  }
  return moved;
}

TEST(LaneStress, RandomGraphsRestoreTheOrderAndNeverStandStill) {
  for_each_seed(300, [](Random& random) {
    const NodeLine line = random_line(random, 0);
    RandomGraph graph(line, random_sizes(random, false), random);
    Ends ends(graph, 200, 1);
    while (!ends.ended()) ASSERT_NE(turn_of_all(graph, ends, random), 0u) << "a deadlock: " << graph.description();
    for (auto& role : graph.roles()) EXPECT_TRUE(role->done());
    expect_result(line, graph, ends, 200, true);
  });
}

TEST(LaneStress, RandomGraphsThatDropKeepTheOrderAndCountWhatIsMissing) {
  for_each_seed(200, [](Random& random) {
    const NodeLine line = random_line(random, 0, false);
    RandomGraph graph(line, random_sizes(random, true), random);
    Ends ends(graph, 200, 1);
    while (!ends.ended()) ASSERT_NE(turn_of_all(graph, ends, random), 0u) << "a deadlock: " << graph.description();
    expect_result(line, graph, ends, 200, false);
  });
}

TEST(LaneStress, AHaltAtAnyMomentLeavesALedgerThatBalances) {
  for_each_seed(300, [](Random& random) {
    const bool drops = random.one_in(2);
    const NodeLine line = random_line(random, 0, !drops);
    RandomGraph graph(line, random_sizes(random, drops), random);
    Ends ends(graph, 100, 1);
    for (std::uint32_t turns = random.below(80); turns != 0; --turns) turn_of_all(graph, ends, random);
    graph.halt();
    ends.close();
    for (auto& role : graph.roles()) {
      role->do_work();
      EXPECT_TRUE(role->done());
    }
    expect_result(line, graph, ends, 100, false);
  });
}

// A thread for each role, which ends with it.
std::vector<std::thread> threads_of(std::vector<std::unique_ptr<lane::Role>>& roles) {
  std::vector<std::thread> threads;
  for (auto& role : roles)
    threads.emplace_back([&role] {
      while (!role->done())
        if (role->do_work() == 0) std::this_thread::yield();
    });
  return threads;
}

void run_threads(RandomGraph& graph, Ends& ends, Random& random, bool halts) {
  std::atomic<bool> halted{false};
  std::vector<std::thread> threads = threads_of(graph.roles());
  threads.emplace_back([&] {
    while (!ends.written() && !halted.load())
      if (ends.write() == 0) std::this_thread::yield();
    ends.close();
  });
  if (halts) {
    const std::uint32_t reads = random.below(200);
    for (std::uint32_t i = 0; i < reads; ++i)
      if (ends.read() == 0) std::this_thread::yield();
    graph.halt();
    halted.store(true);
  } else {
    while (!ends.ended())
      if (ends.read() == 0) std::this_thread::yield();
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(LaneStress, RandomGraphsWithAThreadForEachRole) {
  for_each_seed(16, [](Random& random) {
    const bool drops = random.one_in(3);
    const NodeLine line = random_line(random, 0, !drops);
    const bool halts = random.one_in(3);
    RandomGraph graph(line, random_sizes(random, drops), random);
    Ends ends(graph, 1000, 1);
    run_threads(graph, ends, random, halts);
    expect_result(line, graph, ends, 1000, !drops && !halts);
  });
}

// ---- structs in a graph without an Ordered merge ------------------------------------------------------------------

// Marks a struct in place; an op that writes and takes no room of its own.
struct MarkOp {
  static constexpr bool kWrites = true;
  static constexpr bool kFilters = false;
  static constexpr bool kFails = false;
  op::Outcome apply(core::RecordRef& record) noexcept {
    record.data[record.length - 1] = std::byte{1};
    return op::Outcome::kPass;
  }
  std::string cause() const { return {}; }
};

// in ──▶ router ─┬─▶ identity ─▶ merge ─▶ out        a record is its number and, last, a mark
//                └─▶ mark ─────▶                       as large as a part of a line, or as one
class StructDiamond {
 public:
  static constexpr std::uint32_t kLanes = 6;

  explicit StructDiamond(Random& random) : bytes_(random.pick<std::uint32_t>({12, 64})) {
    const std::uint64_t first = kStressFirsts[random.below(3)];
    for (std::uint32_t i = 0; i < kLanes; ++i) {
      const bool drops = i != 0 && random.one_in(6);
      lanes_.push_back(std::make_unique<Lane>(LaneShape{.slots = true,
                                                        .capacity = random.pick<std::uint32_t>({1, 2, 3, 64, 500}),
                                                        .struct_bytes = bytes_,
                                                        .drops = drops,
                                                        .counts_ordinals = i == 0,
                                                        .cross_thread = random.one_in(2),
                                                        .paces = random.one_in(2),
                                                        .first = first}));
      drops_ = drops_ || drops;
    }
    const std::uint32_t batch = random.pick<std::uint32_t>({1, 2, 7, 64});
    roles_.push_back(std::make_unique<lane::RouterRole<lane::BroadcastChoice>>(context(batch, {0}, {1, 2})));
    roles_.push_back(lane::make_stage_role(context(batch, {1}, {3}), identity_));
    roles_.push_back(lane::make_stage_role(context(batch, {2}, {4}), mark_));
    roles_.push_back(lane::make_merge_role(context(batch, {3, 4}, {5})));
    writer_ = lanes_.front()->slots_writer();
    reader_ = lanes_.back()->slots_reader();
  }

  bool drops() const { return drops_; }
  std::vector<std::unique_ptr<lane::Role>>& roles() { return roles_; }

  void write(std::uint64_t records, const std::atomic<bool>& halted, Random random) {
    for (std::uint64_t next = 0; next != records && !halted.load();) {
      const core::FixedSpan span = writer_->try_claim_span(1 + random.below(8));
      const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(span.count, records - next));
      for (std::uint32_t i = 0; i < count; ++i)
        std::memcpy(span.data + std::size_t{i} * span.stride, record(next + i, 0).data(), bytes_);
      writer_->commit_span(count);
      writer_->publish();
      next += count;
      if (count == 0) std::this_thread::yield();
    }
    writer_->close();
  }

  // Reads at most `limit` records, by spans or one by one; each branch must keep the order.
  std::uint32_t read(std::uint32_t limit) {
    const auto look = [this](const std::byte* data) {
      std::uint64_t number = 0;
      std::memcpy(&number, data, sizeof number);
      const auto branch = static_cast<std::size_t>(data[bytes_ - 1]);
      ASSERT_LT(branch, 2u);
      ASSERT_EQ(std::memcmp(data, record(number, branch).data(), bytes_), 0) << number;
      if (!seen_[branch].empty() && number <= seen_[branch].back()) ADD_FAILURE() << "another order";
      seen_[branch].push_back(number);
    };
    std::uint32_t count = 0;
    if (limit % 2 == 0) {
      const core::FixedSpan span = reader_->span(0, limit);
      for (; count != span.count; ++count) look(span.data + std::size_t{count} * span.stride);
      reader_->consume(count);
    } else {
      count = reader_->consume(limit, [&](std::uint64_t, const core::RecordRef& record) {
        look(record.data);
        return true;
      });
    }
    reader_->release();
    return count;
  }
  bool ended() { return reader_->ended(); }
  const std::vector<std::uint64_t>& seen(std::size_t branch) const { return seen_[branch]; }

  void halt() {
    for (auto& site : sites_) site->stop.store(1);
  }

  void expect_ledger() {
    for (auto& role : roles_) role->settle();
    const double unread = lane::settle_unread(lanes_.back()->consumer(), lanes_.back()->producer(), nullptr);
    for (std::uint32_t i = 0; i < kLanes; ++i) {
      const abi::ConsumerBlock& block = lanes_[i]->consumer();
      EXPECT_EQ(block.in.load(), lanes_[i]->producer().published.load()) << "lane " << i;
      const double copies = i == 0 ? 2 : 1;
      if (i != 5) {
        EXPECT_EQ(block.in.load() * copies, block.out.load() + block.abandoned.load()) << "lane " << i;
      }
    }
    EXPECT_EQ(lanes_[0]->consumer().out.load(), written(1) + written(2));
    EXPECT_EQ(lanes_[1]->consumer().out.load(), written(3));
    EXPECT_EQ(lanes_[2]->consumer().out.load(), written(4));
    EXPECT_EQ(lanes_[3]->consumer().out.load() + lanes_[4]->consumer().out.load(), written(5));
    EXPECT_EQ(lanes_[5]->consumer().in.load() - unread, static_cast<double>(seen_[0].size() + seen_[1].size()));
  }

 private:
  // Its number, bytes that follow from that, and the mark.
  std::array<std::uint8_t, 64> record(std::uint64_t number, std::size_t mark) const {
    std::array<std::uint8_t, 64> bytes{};
    std::memcpy(bytes.data(), &number, sizeof number);
    for (std::uint32_t k = sizeof number; k != bytes_; ++k) bytes[k] = static_cast<std::uint8_t>(number + k);
    bytes[bytes_ - 1] = static_cast<std::uint8_t>(mark);
    return bytes;
  }

  lane::RoleContext context(std::uint32_t batch, const std::vector<std::uint32_t>& inlets,
                            const std::vector<std::uint32_t>& outlets) {
    sites_.push_back(std::make_unique<RoleSite>());
    lane::RoleContext context = sites_.back()->context(batch);
    for (const std::uint32_t inlet : inlets) context.inlets.push_back(lanes_[inlet]->inlet_end());
    for (const std::uint32_t outlet : outlets) context.outlets.push_back(lanes_[outlet]->outlet_end());
    return context;
  }
  double written(std::uint32_t lane) {
    return lanes_[lane]->producer().published.load() + lanes_[lane]->producer().dropped.load();
  }

  const std::uint32_t bytes_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<std::unique_ptr<RoleSite>> sites_;
  op::IdentityOp identity_{op::NoConfig{}};
  MarkOp mark_;
  std::vector<std::unique_ptr<lane::Role>> roles_;
  std::unique_ptr<lane::SlotsWriter> writer_;
  std::unique_ptr<lane::SlotsReader> reader_;
  std::vector<std::uint64_t> seen_[2];
  bool drops_ = false;
};

void run_structs(Random& random, bool halts) {
  constexpr std::uint64_t kRecords = 3000;
  StructDiamond graph(random);
  std::atomic<bool> halted{false};
  std::vector<std::thread> threads = threads_of(graph.roles());
  threads.emplace_back([&, seed = random.below(1u << 30)] { graph.write(kRecords, halted, Random(seed)); });
  for (std::uint32_t left = halts ? random.below(2000) : 0; halts ? left != 0 : !graph.ended(); left -= halts ? 1 : 0)
    if (graph.read(1 + random.below(70)) == 0) std::this_thread::yield();
  graph.halt();
  halted.store(true);
  for (std::thread& thread : threads) thread.join();
  graph.expect_ledger();
  if (halts || graph.drops()) return;
  for (std::size_t branch = 0; branch < 2; ++branch) EXPECT_EQ(graph.seen(branch).size(), kRecords) << branch;
}

TEST(LaneStress, StructsComeThroughEveryBranchInOrder) {
  for_each_seed(40, [](Random& random) { run_structs(random, false); });
}

TEST(LaneStress, StructsHaltedAtAnyMomentLeaveALedgerThatBalances) {
  for_each_seed(40, [](Random& random) { run_structs(random, true); });
}

}  // namespace
}  // namespace byteor::test

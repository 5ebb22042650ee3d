// The region belongs to JavaScript as well, which can be made to write anything anywhere in it. Random pipelines on the
// shipped threads are written over while they run, in every part of the region; whatever becomes of the records, the
// process lives and every end returns. The region lies between two pages that cannot be touched (platform::Mapping).
//
//   BYTEOR_HOSTILE_PIPELINES   how many (default 1000; ten times as many by hand)
//   BYTEOR_HOSTILE_SEED        the first pipeline's seed: replays one, as far as threads repeat themselves
//   BYTEOR_HOSTILE_SHOW        set: every seed on stderr, for a run that ends in a fault
//
// Not compiled under ThreadSanitizer: a hostile write is a race by its nature, and every one would be reported.
#include "support/hostile_region.hpp"

#include "core/coded_error.hpp"

#if !defined(__SANITIZE_THREAD__)

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "graph/description.hpp"
#include "run/assembly.hpp"
#include "support/golden.hpp"
#include "support/plan_layout.hpp"
#include "support/spec_builder.hpp"
#include "support/temp_folder.hpp"
#include "support/watchdog.hpp"

namespace byteor::test {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

// Which parts of the region are written over.
enum class Hits { kEverywhere, kCells, kBlocks, kRecords };

// One part of a region, as a writer may aim at it.
struct Part {
  std::uint64_t offset;
  std::uint64_t bytes;
};

// What there is to aim at. Cells: every field that changes while the pipeline runs. Blocks: all tables, lists and
// texts. Records: marks, slots, frames and arenas.
class Aims {
 public:
  Aims(const RegionCopy& copy, std::uint64_t region_bytes) : copy_(copy) {
    const abi::RegionHeader& header = copy.header();
    block(0, sizeof(abi::RegionHeader),
          {offsetof(abi::RegionHeader, state), offsetof(abi::RegionHeader, failed),
           offsetof(abi::RegionHeader, failed_agent), offsetof(abi::RegionHeader, failed_sequence),
           offsetof(abi::RegionHeader, agent_count), offsetof(abi::RegionHeader, thread_count),
           offsetof(abi::RegionHeader, agents_offset), offsetof(abi::RegionHeader, threads_offset),
           offsetof(abi::RegionHeader, observable_bytes)});
    for (std::uint32_t i = 0; i < header.agent_count; ++i)
      block(copy.agent(i), sizeof(abi::AgentEntry),
            {offsetof(abi::AgentEntry, state), offsetof(abi::AgentEntry, waits_for), offsetof(abi::AgentEntry, thread),
             offsetof(abi::AgentEntry, id_offset), offsetof(abi::AgentEntry, id_length),
             offsetof(abi::AgentEntry, dependency_count), offsetof(abi::AgentEntry, dependencies_offset)});
    for (std::uint32_t i = 0; i < header.thread_count; ++i)
      block(copy.thread(i), sizeof(abi::ThreadBlock),
            {offsetof(abi::ThreadBlock, armed), offsetof(abi::ThreadBlock, reserved)});
    for (std::uint32_t i = 0; i < header.ring_count; ++i) ring(copy.ring(i));
    for (std::uint32_t i = 0; i < header.lane_count; ++i) lane(copy.lane(i));
    records_ = {copy.bytes(), region_bytes - copy.bytes()};
    everything_ = {0, region_bytes};
  }

  // A word of that part; 4-byte aligned.
  std::uint64_t pick(Random& random, Hits hits) const {
    if (hits == Hits::kCells) return random.pick(cells_);
    if (hits == Hits::kBlocks) return word_of(random, random.pick(blocks_));
    return word_of(random, hits == Hits::kRecords ? records_ : everything_);
  }

 private:
  static std::uint64_t word_of(Random& random, const Part& part) {
    return part.offset + 4 * std::uint64_t{random.below(static_cast<std::uint32_t>(part.bytes / 4))};
  }

  void block(std::uint64_t offset, std::uint64_t bytes, const std::vector<std::uint64_t>& cells) {
    blocks_.push_back({offset, bytes});
    for (const std::uint64_t cell : cells) cells_.push_back(offset + cell);
  }
  void producer(std::uint64_t offset) {
    block(offset, sizeof(abi::ProducerBlock),
          {offsetof(abi::ProducerBlock, cursor), offsetof(abi::ProducerBlock, cell),
           offsetof(abi::ProducerBlock, closed), offsetof(abi::ProducerBlock, watermark),
           offsetof(abi::ProducerBlock, room_armed), offsetof(abi::ProducerBlock, published)});
  }
  void consumer(std::uint64_t offset) {
    block(offset, sizeof(abi::ConsumerBlock),
          {offsetof(abi::ConsumerBlock, sequence), offsetof(abi::ConsumerBlock, cell),
           offsetof(abi::ConsumerBlock, records_armed), offsetof(abi::ConsumerBlock, in),
           offsetof(abi::ConsumerBlock, failed)});
  }
  void ring(std::uint64_t offset) {
    const auto& ring = copy_.at<abi::RingBlock>(offset);
    block(offset, sizeof(abi::RingBlock),
          {offsetof(abi::RingBlock, stop_before), offsetof(abi::RingBlock, capacity),
           offsetof(abi::RingBlock, slots_offset), offsetof(abi::RingBlock, arena_bytes)});
    producer(ring.producer_offset);
    for (std::uint32_t i = 0; i < copy_.header().agent_count; ++i) {
      const auto& agent = copy_.at<abi::AgentEntry>(copy_.agent(i));
      if (agent.ring == ring.shard && agent.kind != static_cast<std::uint32_t>(abi::AgentKind::kIngress))
        consumer(agent.block_offset);
    }
  }
  void lane(std::uint64_t offset) {
    const auto& lane = copy_.at<abi::LaneBlock>(offset);
    block(offset, sizeof(abi::LaneBlock),
          {offsetof(abi::LaneBlock, stop_before), offsetof(abi::LaneBlock, capacity),
           offsetof(abi::LaneBlock, data_offset), offsetof(abi::LaneBlock, memory_bytes)});
    producer(lane.producer_offset);
    for (const std::uint64_t reader : copy_.list(lane.readers_offset, lane.reader_count)) consumer(reader);
    if (lane.files_offset != 0) consumer(lane.files_offset);
    if (lane.journal_offset != 0)
      block(lane.journal_offset, sizeof(abi::JournalBlock),
            {offsetof(abi::JournalBlock, durable), offsetof(abi::JournalBlock, replayed),
             offsetof(abi::JournalBlock, durable_armed)});
  }

  const RegionCopy& copy_;
  std::vector<std::uint64_t> cells_;
  std::vector<Part> blocks_;
  Part records_{};
  Part everything_{};
};

// Writes one value: small and large ones, what stood there changed a little, what stands elsewhere.
void write_over(const RegionCells& cells, const Aims& aims, Random& random, Hits hits) {
  const std::uint64_t at = aims.pick(random, hits);
  const std::uint32_t before = cells.load(at);
  std::uint32_t value = 0;
  switch (random.below(12)) {
    case 0:
      break;
    case 1:
      value = 1;
      break;
    case 2:
      value = 0xffffffff;
      break;
    case 3:
      value = 0x7fffffff;
      break;
    case 4:
      value = 0x80000000u;
      break;
    case 5:
      value = before + 1 + random.below(64);
      break;
    case 6:
      value = before - 1 - random.below(64);
      break;
    case 7:
      value = before ^ 1u << random.below(32);
      break;
    case 8:
      value = cells.load(aims.pick(random, hits));
      break;
    case 9:
      value = before + (1u << random.below(31));
      break;
    default:
      value = random.below(0xffffffff);
  }
  cells.store(at, value);
  // The upper half of a wide field.
  if (random.one_in(3) && at + 8 <= cells.bytes()) cells.store(at + 4, random.one_in(2) ? value : 0xffffffff);
  if (random.one_in(4)) cells.data(at)[random.below(4)] = static_cast<std::byte>(random.below(256));
}

std::vector<std::byte> random_ring_spec(Random& random) {
  const bool structs = random.one_in(4);
  RingSpec ring = RandomRing::make(random, {.stages_max = 8, .writers = !structs, .rejects = random.one_in(8)});
  if (structs) ring.struct_bytes = random.pick<std::uint32_t>({8, 16, 24, 64, 72});
  if (random.one_in(4)) {
    ring.shards = 2 + random.below(3);
    ring.shard_key.emplace();
    ring.shard_key->kind = static_cast<std::uint32_t>(abi::KeyCode::kBytes);
    ring.shard_key->length = 1;
  }
  return SpecBuilder::build(ring);
}

struct Shape {
  std::vector<std::byte> spec;
  Options options;
};

// A pipeline of any kind: rings of both layouts, graphs of all lanes and roles, ends of JavaScript, files, and none.
Shape random_shape(Random& random, const TempFolder& temp, const std::string& input) {
  static const std::vector<std::string> graphs = golden_graphs();
  Shape shape;
  const bool ring = random.one_in(2);
  shape.spec = ring ? random_ring_spec(random) : read_golden(random.pick(graphs));
  Options& options = shape.options;
  options.capacity = random.pick<std::uint32_t>({1, 7, 64, 200});
  options.record_max = random.pick<std::uint32_t>({64, 100, 256});
  options.lane_bytes = random.pick<std::uint32_t>({2048, 3000, 8192});
  options.batch_records = random.pick<std::uint32_t>({0, 1, 3, 64});
  options.threads = 1 + random.below(3);
  options.pin = false;
  options.observe = random.one_in(16);
  options.wait = random.pick<run::WaitStrategy>(
      {run::WaitStrategy::kAdaptive, run::WaitStrategy::kPark, run::WaitStrategy::kYield});
  options.words = random.one_in(2);
  options.first_sequence = random.pick<std::uint64_t>({0, (1ull << 31) - 3, (1ull << 32) - 3});
  options.journal_folder = temp.path("journals");
  const graph::Description description = graph::decode(shape.spec);
  for (const graph::BoundaryDescription& boundary : run::catalog_of(description).boundaries) {
    run::PortOptions port;
    port.id = boundary.id;
    if (random.one_in(3)) {
      port.port = abi::PortCode::kNative;
      port.adapter = "lines";
      port.config.set("path", boundary.kind == abi::BoundaryCode::kIngress ? input : temp.path("out-" + boundary.id));
    } else if (boundary.kind == abi::BoundaryCode::kEgress && random.one_in(3)) {
      port.port = abi::PortCode::kDiscard;
    }
    options.ports.push_back(port);
  }
  return shape;
}

// A region's tables, which only those change who write over them.
std::vector<Part> unchanging(const RegionCopy& copy) {
  std::vector<Part> parts{{0, offsetof(abi::RegionHeader, started_ns)}};
  const abi::RegionHeader& header = copy.header();
  for (std::uint32_t i = 0; i < header.agent_count; ++i)
    parts.push_back({copy.agent(i), offsetof(abi::AgentEntry, state)});
  for (std::uint32_t i = 0; i < header.ring_count; ++i)
    parts.push_back({copy.ring(i), offsetof(abi::RingBlock, stop_before)});
  for (std::uint32_t i = 0; i < header.lane_count; ++i)
    parts.push_back({copy.lane(i), offsetof(abi::LaneBlock, stop_before)});
  return parts;
}

class HostileRegion : public testing::Test {
 protected:
  static constexpr std::uint32_t kWrites = 100;
  static constexpr auto kEndMost = 20s;  // of a machine that does other things

  // One pipeline; how many writes it got.
  std::uint32_t attack(std::uint64_t seed) {
    Random random(seed);
    temp_.emplace();
    std::string text;
    for (std::uint32_t i = 0; i < 400; ++i) text += random.text(random.below(40)) + "\n";
    const Shape shape = random_shape(random, *temp_, temp_->write("input", text));
    std::shared_ptr<run::Pipeline> pipeline;
    try {
      pipeline = open_pipeline(shape.spec, shape.options);
    } catch (const core::CodedError&) {
      return 0;  // lines into structs, a record maximum that a lane cannot hold: not what is tested
    }
    const RegionCopy copy(*pipeline);
    JsEnds ends(*pipeline, copy);
    const Aims aims(copy, pipeline->region().size());
    pipeline->start();
    const Hits hits = random.pick<Hits>({Hits::kEverywhere, Hits::kCells, Hits::kCells, Hits::kBlocks, Hits::kRecords});
    for (std::uint32_t i = 0; i < kWrites; ++i) {
      if (random.one_in(4)) ends.work(random);
      if (random.one_in(16)) std::this_thread::sleep_for(std::chrono::microseconds(random.below(200)));
      const Hits now = hits == Hits::kEverywhere
                           ? random.pick<Hits>({Hits::kEverywhere, Hits::kCells, Hits::kBlocks, Hits::kRecords})
                           : hits;
      write_over(ends.cells(), aims, random, now);
    }
    ends.work(random);
    EXPECT_EQ(pipeline->status().front(), '{');
    end(*pipeline, random, ends);
    if (hits == Hits::kRecords) expect_tables_unchanged(*pipeline, copy);
    return kWrites;
  }

  // Any of the ways in which a pipeline ends.
  void end(run::Pipeline& pipeline, Random& random, JsEnds& ends) {
    const auto begin = Clock::now();
    if (random.one_in(2)) {
      pipeline.request_close();
      pipeline.close_ingress();
      for (int i = 0; i < 20 && !pipeline.threads_ended(); ++i) {
        ends.work(random);
        std::this_thread::sleep_for(100us);
      }
    } else if (random.one_in(2)) {
      std::this_thread::sleep_for(std::chrono::microseconds(random.below(500)));
    }
    pipeline.halt();
    EXPECT_LT(Clock::now() - begin, kEndMost);
    EXPECT_TRUE(pipeline.threads_ended());
    EXPECT_EQ(pipeline.status().front(), '{');
    EXPECT_EQ(pipeline.op_reports().front(), '{');
  }

  // Whoever reads a record that was written over writes to records at most, and to cells.
  static void expect_tables_unchanged(run::Pipeline& pipeline, const RegionCopy& copy) {
    for (const Part& part : unchanging(copy))
      ASSERT_EQ(std::memcmp(pipeline.region().data() + part.offset, copy.data() + part.offset, part.bytes), 0)
          << "the table at " << part.offset << " was written to";
  }

  std::optional<TempFolder> temp_;
};

// Other machines are emulated in CI, which takes some fifteen times as long.
#if defined(__x86_64__)
constexpr std::uint64_t kPipelines = 1000;
#else
constexpr std::uint64_t kPipelines = 100;
#endif

TEST_F(HostileRegion, LetsTheProcessLiveAndEveryEndReturn) {
  const std::uint64_t first = from_environment("BYTEOR_HOSTILE_SEED", 20261129);
  const std::uint64_t pipelines = from_environment("BYTEOR_HOSTILE_PIPELINES", kPipelines);
  std::atomic<std::uint64_t> seed{first};
  std::uint64_t writes = 0;
  for (std::uint64_t i = 0; i < pipelines; ++i) {
    seed = first + i;
    const Watchdog watchdog(60s, [&] { return "BYTEOR_HOSTILE_SEED=" + std::to_string(seed.load()); });
    SCOPED_TRACE("BYTEOR_HOSTILE_PIPELINES=1 BYTEOR_HOSTILE_SEED=" + std::to_string(seed.load()));
    if (std::getenv("BYTEOR_HOSTILE_SHOW") != nullptr)
      std::fprintf(stderr, "seed %llu\n", static_cast<unsigned long long>(seed.load()));
    writes += attack(seed);
    if (HasFailure()) break;
  }
  RecordProperty("writes", std::to_string(writes));
  EXPECT_GE(writes, pipelines * kWrites * 3 / 4) << "too many shapes could not be opened";
}

}  // namespace
}  // namespace byteor::test

#endif

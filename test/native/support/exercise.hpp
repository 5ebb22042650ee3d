// Takes any bytes for a lowered plan, and what the decoder accepts through the whole life of a ring: build, records of
// every length, close, drain, settle, report. One thread, bounded time and memory. What it checks by itself: that every
// record that arrives lies where records lie, that everybody comes to an end, and that the ledger balances. The rest is
// the sanitizers' work.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/coded_error.hpp"
#include "core/cpu.hpp"
#include "fake_host.hpp"
#include "hand_graph.hpp"
#include "op/key.hpp"
#include "run/pipeline.hpp"

namespace byteor::test {

// Which life: small numbers that pick sizes, ports and the place where sequences begin.
struct Exercise {
  std::uint32_t variant = 0;
  std::uint32_t record_count = 24;
  std::optional<Bend> bend = {};  // of the layout
  bool functions = false;         // of JavaScript in the place of a graph's ops, as far as none of them writes
};

// False when the life was refused by an error of a stated type; any other exception is a finding.
template <class Live>
bool lives(Live&& live) {
  try {
    live();
    return true;
  } catch (const core::CodedError&) {
    // The decoder refuses, which is the expected end of most inputs; or the description asks for more than a pipeline
    // can be, or for what only an op can judge, a key for instance.
  } catch (const HandGraph::TooLarge&) {
    // With 64 shards of 64 stages each run would only fill memory.
  }
  return false;
}

class Exerciser {
 public:
  // True when the bytes were accepted. Aborts with a sentence when something does not hold.
  static bool run(std::span<const std::byte> spec, Exercise exercise) {
    return lives([&] { Exerciser(graph::decode_ring(spec), spec, exercise).live(); });
  }

 private:
  static constexpr std::uint64_t kBytesMax = 4u << 20;
  static constexpr std::uint32_t kRecordMax = 40;

  Exerciser(const graph::RingDescription& ring, std::span<const std::byte> spec, Exercise exercise)
      : exercise_(exercise),
        spec_(spec),
        graph_(ring, options(ring, exercise), abi::PortCode::kNative, egress_port(exercise.variant), kBytesMax),
        hosts_(graph_.graph(), host_sizes(exercise.variant)) {}

  // Memory for one record at a time, and for many.
  static HostSizes host_sizes(std::uint32_t variant) {
    if (variant % 5 == 0) return {.record_bytes = 2 * kRecordMax, .rows = 1, .element_bytes = 8};
    return {};
  }

  static Options options(const graph::RingDescription& ring, const Exercise& exercise) {
    const std::uint32_t variant = exercise.variant;
    static constexpr std::uint64_t kFirst[] = {0, (1ull << 31) - 3, (1ull << 32) - 3};
    static constexpr std::uint32_t kCapacity[] = {1, 2, 3, 8};
    Options options;
    options.capacity = kCapacity[variant % 4];
    options.first_sequence = kFirst[variant / 4 % 3];
    options.batch_records = variant / 12 % 2 == 0 ? 0 : 1;
    options.threads = 1 + variant / 24 % 3;
    options.words = variant / 72 % 2 != 0;
    options.bend = exercise.bend;
    if (ring.layout == abi::LayoutCode::kFixed) return options;
    options.record_max = std::max(kRecordMax, ring.boundaries[ring.ingress].record_bytes);
    // The least arena that holds a record with its room.
    options.arena_bytes = std::bit_ceil(
        2 * static_cast<std::uint32_t>(core::round_up(ring.headroom + options.record_max + ring.tailroom, 8)));
    return options;
  }

  static abi::PortCode egress_port(std::uint32_t variant) {
    return variant / 144 % 2 == 0 ? abi::PortCode::kNative : abi::PortCode::kDiscard;
  }

  static void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "the exercised ring broke its promise: %s\n", what);
    std::abort();
  }

  void live() {
    find_keys();
    std::vector<core::RecordProducer*> producers = graph_.graph().producers();
    for (std::uint32_t i = 0; i < exercise_.record_count; ++i) push(*producers[i % producers.size()], i);
    for (core::RecordProducer* producer : producers) producer->close();
    drain();
    if (graph_.failures().empty()) {
      for (graph::PlacedAgent& placed : graph_.graph().agents())
        require(placed.agent->done(), "an agent does not come to an end");
      for (core::RecordConsumer* consumer : graph_.graph().consumers())
        require(consumer->drained(), "an egress is not drained");
    }
    graph_.graph().settle();
    check_ledger();
    require(graph_.graph().op_reports().front() == '{', "a report is not an object");
  }

  // The shard key, over records and over the spec itself.
  void find_keys() {
    const graph::RingDescription& ring = graph_.graph().description();
    for (const graph::KeyDescription& key : ring.keys) {
      const op::KeyReader reader(key.spec());
      reader.find_hash({reinterpret_cast<const char*>(spec_.data()), std::min<std::size_t>(spec_.size(), 512)});
      reader.find_hash({});
    }
  }

  void push(core::RecordProducer& producer, std::uint32_t i) {
    const std::uint32_t fixed = producer.record_bytes();
    const std::uint32_t length = fixed != 0 ? fixed : i * 7 % (producer.record_max() + 1);
    std::byte* target = producer.try_claim(length);
    for (int turn = 0; target == nullptr && graph_.failures().empty(); ++turn) {
      require(turn < 64, "a ring that everybody has read stays full");
      producer.publish();
      drain();
      target = producer.try_claim(length);
    }
    if (target == nullptr) return;
    for (std::uint32_t b = 0; b < length; ++b) target[b] = spec_[(i * 31 + b) % spec_.size()];
    producer.commit(length, i % 3);
    if (i % 2 == 0) producer.publish();
  }

  void drain() {
    graph_.work_all();
    for (core::RecordConsumer* consumer : graph_.graph().consumers()) {
      consumer->end_backoff();  // no turn of this thread comes too early
      consumer->consume(1u << 16, [&](std::uint64_t, const core::RecordRef& record) {
        take(record);
        return true;
      });
      consumer->release();
    }
  }

  void take(const core::RecordRef& record) {
    const graph::RingDescription& ring = graph_.graph().description();
    require(record.length <= std::uint64_t{graph_.sizes().record_max} + ring.headroom + ring.tailroom,
            "a record grew past its room");
    for (std::uint32_t b = 0; b < record.length; ++b) sum_ = sum_ + static_cast<std::uint8_t>(record.data[b]);
  }

  void check_ledger() {
    const graph::RingDescription& ring = graph_.graph().description();
    for (std::uint32_t shard = 0; shard < ring.shards; ++shard) {
      const double published = graph_.graph().producer_block(shard).published.load();
      for (std::uint32_t entry = 0; entry <= ring.entries.size(); ++entry) {
        const abi::ConsumerBlock& block = graph_.block(entry, shard);
        require(published == block.in + block.skipped, "published = in + skipped");
        require(block.in == block.out + block.filtered + block.failed + block.abandoned,
                "in = out + filtered + failed + abandoned");
      }
    }
  }

  const Exercise exercise_;
  const std::span<const std::byte> spec_;
  HandGraph graph_;
  FakeHosts hosts_;
  // Volatile, so that reading every byte that arrives is not optimised away.
  volatile std::uint64_t sum_ = 0;
};

}  // namespace byteor::test

// The shipped lanes on hand-made memory, for a benchmark: the same classes that a graph runs, without plans or regions
// around them.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "../../alternatives/struct_pushes.hpp"
#include "lane/framed_reader.hpp"
#include "lane/framed_writer.hpp"
#include "lane/slots_reader.hpp"
#include "lane/slots_writer.hpp"
#include "rings/harness.hpp"

namespace byteor::bench {

// Which of the two profiles a lane is made for: in the default one a reader may sleep, and so every publication is
// sequentially consistent.
enum class LaneProfile { kLowLatency, kDefault };

// Who writes a lane: an ingress's records are counted, a role passes on the ordinals that it read.
enum class LaneOf { kIngress, kRole };

// What both kinds of lanes stand on.
class LaneBlocks {
 public:
  explicit LaneBlocks(std::uint32_t readers) : consumers_(readers) {
    limit_->stop_before.store(core::kNoLimit);
    limit_->unused.store(core::kNoLimit);
    for (auto& consumer : consumers_) consumer = std::make_unique<abi::ConsumerBlock>();
  }
  abi::ProducerBlock& producer() { return *producer_; }
  abi::ConsumerBlock& consumer(std::uint32_t reader) { return *consumers_[reader]; }

 protected:
  struct alignas(128) Limit {
    std::atomic<std::uint64_t> stop_before;
    std::atomic<std::uint64_t> unused;
  };
  struct alignas(4096) Page {
    std::byte bytes[4096];
  };
  static std::unique_ptr<Page[]> pages(std::size_t bytes) { return std::make_unique<Page[]>((bytes + 4095) / 4096); }

  std::vector<core::SequenceReader> gates() const {
    std::vector<core::SequenceReader> gates;
    for (const auto& consumer : consumers_) gates.emplace_back(consumer->sequence);
    return gates;
  }
  core::SequenceReader cursor() const { return core::SequenceReader(producer_->cursor); }
  core::Barrier barrier() const { return core::Barrier({cursor()}, limit_->stop_before); }
  core::ShardEnd end() const { return {cursor(), &producer_->closed, &limit_->stop_before}; }
  core::StampTable stamps() { return {stamps_.data(), 63}; }
  core::Histogram histogram() { return core::Histogram(counts_.data()); }

  std::unique_ptr<Limit> limit_ = std::make_unique<Limit>();
  std::unique_ptr<abi::ProducerBlock> producer_ = std::make_unique<abi::ProducerBlock>();
  std::vector<std::unique_ptr<abi::ConsumerBlock>> consumers_;
  std::vector<double> stamps_ = std::vector<double>(64);
  std::vector<std::atomic<std::uint32_t>> counts_ = std::vector<std::atomic<std::uint32_t>>(abi::kHistogramCounts);
};

// A Framed lane that holds `capacity` records of `record_bytes`.
class FramedLane : public LaneBlocks {
 public:
  using Writer = lane::FramedWriter;
  using Reader = lane::FramedReader;

  // `cross_thread`: a reader has another CPU than the writer.
  FramedLane(std::uint32_t capacity, std::uint32_t record_bytes, LaneProfile profile, std::uint32_t readers = 1,
             LaneOf of = LaneOf::kIngress, bool cross_thread = true)
      : LaneBlocks(readers), counts_ordinals_(of == LaneOf::kIngress), cross_thread_(cross_thread) {
    memory_.capacity_bytes = capacity * lane::frame_bytes(record_bytes);
    memory_.memory_bytes = std::bit_ceil(memory_.capacity_bytes);
    memory_.record_max = lane::framed_record_max(memory_.capacity_bytes);
    memory_.may_sleep = profile == LaneProfile::kDefault;
    pages_ = pages(memory_.memory_bytes);
    memory_.data = pages_[0].bytes;
  }
  std::unique_ptr<Writer> writer() {
    return std::make_unique<Writer>(memory_, *producer_, gates(), stamps(),
                                    lane::WriterOptions{.cross_thread = cross_thread_});
  }
  std::unique_ptr<Reader> reader(std::uint32_t reader = 0) {
    return std::make_unique<Reader>(memory_, *producer_, *consumers_[reader], barrier(), end(), stamps(), histogram(),
                                    lane::ReaderOptions{.counts_ordinals = counts_ordinals_, .paces = cross_thread_});
  }

 private:
  const bool counts_ordinals_;
  const bool cross_thread_;
  lane::FramedMemory memory_;
  std::unique_ptr<Page[]> pages_;
};

// What lanes of slots for `capacity` records of at most `record_bytes` have in common. They are in graphs in which
// ordinals are not used, so there are none beside the slots.
class AnySlotsLane : public LaneBlocks {
 public:
  using Writer = lane::SlotsWriter;
  using Reader = lane::SlotsReader;

  AnySlotsLane(std::uint32_t capacity, std::uint32_t record_bytes, std::uint32_t slot_stride, LaneProfile profile,
               std::uint32_t readers, bool cross_thread)
      : LaneBlocks(readers), cross_thread_(cross_thread) {
    ring_.record_max = record_bytes;
    ring_.capacity = capacity;
    ring_.slot_mask = capacity - 1;
    ring_.slot_stride = slot_stride;
    ring_.may_sleep = profile == LaneProfile::kDefault;
    slots_ = pages(std::size_t{capacity} * slot_stride);
    ring_.slots = slots_[0].bytes;
  }
  std::unique_ptr<Writer> writer() {
    std::vector<core::SequenceReader> gates = this->gates();
    gates.resize(std::max<std::size_t>(gates.size(), abi::kSequencedSlotsGates), core::SequenceReader(limit_->unused));
    return std::make_unique<Writer>(ring_, nullptr, *producer_, std::move(gates), stamps(),
                                    lane::WriterOptions{.cross_thread = cross_thread_, .sets_structs = true});
  }
  // In place of a writer.
  std::unique_ptr<StructPushes> pushes() {
    return std::make_unique<StructPushes>(ring_, *producer_, core::Gates(gates(), cross_thread_), stamps(), 0,
                                          cross_thread_);
  }
  std::unique_ptr<Reader> reader(std::uint32_t reader = 0) {
    return std::make_unique<Reader>(ring_, nullptr, *producer_, *consumers_[reader], barrier(), end(), stamps(),
                                    histogram(), lane::ReaderOptions{.paces = cross_thread_});
  }

 protected:
  core::RingMemory ring_;

 private:
  const bool cross_thread_;
  std::unique_ptr<Page[]> slots_;
};

// A SequencedSlots lane of records of any length: slots that point into an arena.
class SlotsLane : public AnySlotsLane {
 public:
  SlotsLane(std::uint32_t capacity, std::uint32_t record_bytes, LaneProfile profile, std::uint32_t readers = 1,
            LaneOf = LaneOf::kIngress, bool cross_thread = true)
      : AnySlotsLane(capacity, record_bytes, sizeof(abi::Slot), profile, readers, cross_thread) {
    ring_.arena_bytes = std::bit_ceil(capacity * ((record_bytes + 7) & ~7u));
    arena_ = pages(ring_.arena_bytes);
    ring_.arena = arena_[0].bytes;
  }

 private:
  std::unique_ptr<Page[]> arena_;
};

// A lane of structs: the records are the slots. What any kind of lane but a journal is where every record is the same
// struct.
class StructLane : public AnySlotsLane {
 public:
  StructLane(std::uint32_t capacity, std::uint32_t record_bytes, LaneProfile profile, std::uint32_t readers = 1,
             LaneOf = LaneOf::kIngress, bool cross_thread = true)
      : AnySlotsLane(capacity, record_bytes, (record_bytes + 7) & ~7u, profile, readers, cross_thread) {
    ring_.fixed = true;
    ring_.record_bytes = record_bytes;
  }
};

// A batch of records that are whole lines is staged and copied in where the reader is cross-core: a copy of lines need
// not fetch what the other CPU has in them. Other records are made where they stay.
template <class P>
inline constexpr bool kStaged = sizeof(P) >= core::kCacheLine;

// Writes at most `limit` ≤ kMost adjacent records, `first`, `first + step`, …; how many there was room for.
template <class P, std::uint32_t kMost, bool kStaging = kStaged<P>>
std::uint32_t write_batch(lane::SlotsWriter& writer, std::uint32_t limit, std::uint64_t first, std::uint64_t step = 1) {
  const auto fill = [&](void* to, std::uint32_t count) {
    for (std::uint32_t k = 0; k != count; ++k) static_cast<P*>(to)[k].fill(first + k * step);
  };
  core::FixedSpan span;
  if (kStaging && writer.prefers_copies(limit)) {
    span = writer.try_claim_span_for_copy(limit);
    P staged[kStaging ? kMost : 1];
    fill(staged, span.count);
    std::memcpy(span.data, staged, std::size_t{span.count} * sizeof(P));
  } else {
    span = writer.try_claim_span(limit);
    fill(span.data, span.count);
  }
  writer.commit_span(span.count);
  writer.publish();
  return span.count;
}

template <class P, std::uint32_t kMost>
std::uint32_t write_batch(lane::FramedWriter& writer, std::uint32_t limit, std::uint64_t first,
                          std::uint64_t step = 1) {
  std::uint32_t count = 0;
  {
    lane::FramedWriter::Batch batch(writer);
    for (std::uint64_t k = first; count != limit; ++count, k += step) {
      std::byte* const to = batch.try_claim(sizeof(P));
      if (to == nullptr) break;
      reinterpret_cast<P*>(to)->fill(k);
      batch.commit(sizeof(P), 0, k);
    }
  }
  writer.publish();
  return count;
}

// One writer and one reader, as native ends of a graph use them. Publishes after `Batch` records.
template <class P, class Lane, std::uint32_t Batch, LaneProfile kProfile>
struct OneLane {
  explicit OneLane(std::uint32_t capacity)
      : lane(capacity, sizeof(P), kProfile), writer(lane.writer()), reader(lane.reader()) {}
  Lane lane;
  std::unique_ptr<typename Lane::Writer> writer;
  std::unique_ptr<typename Lane::Reader> reader;

  void produce(std::uint64_t n) {
    if constexpr (Batch != 1 && std::is_same_v<Lane, FramedLane>) return produce_batches(n);
    for (std::uint64_t i = 0; i < n; ++i) {
      std::byte* to;
      while ((to = writer->try_claim(sizeof(P))) == nullptr) {
        writer->publish();
        core::cpu_relax();
      }
      reinterpret_cast<P*>(to)->fill(i);
      writer->commit(sizeof(P), 0);
      if (writer->unpublished() == Batch) writer->publish();
    }
    writer->publish();
  }

  void produce_batches(std::uint64_t n) {
    for (std::uint64_t i = 0; i < n;) {
      const auto limit = static_cast<std::uint32_t>(std::min<std::uint64_t>(Batch, n - i));
      const std::uint32_t written = write_batch<P, Batch>(*writer, limit, i);
      if (written == 0) core::cpu_relax();
      i += written;
    }
  }

  std::uint64_t consume(std::uint64_t n) {
    std::uint64_t sum = 0;
    for (std::uint64_t got = 0; got < n;) {
      const std::uint32_t count = reader->consume(64, [&sum](std::uint64_t, const core::RecordRef& record) {
        sum += reinterpret_cast<const P*>(record.data)->sum();
        return true;
      });
      if (count == 0) {
        core::cpu_relax();
        continue;
      }
      reader->release();
      got += count;
    }
    return sum;
  }
};

// The same over a lane of structs, in spans of adjacent records.
template <class P, std::uint32_t Batch, LaneProfile kProfile, bool kStaging = Batch != 1 && kStaged<P>>
struct OneStructLane {
  explicit OneStructLane(std::uint32_t capacity)
      : lane(capacity, sizeof(P), kProfile), writer(lane.writer()), reader(lane.reader()) {
    if (Batch == 1) pushes = lane.pushes();
  }
  StructLane lane;
  std::unique_ptr<lane::SlotsWriter> writer;
  std::unique_ptr<StructPushes> pushes;  // in its place, where records go one by one
  std::unique_ptr<lane::SlotsReader> reader;

  void produce(std::uint64_t n) {
    if constexpr (Batch == 1) return produce_one_by_one(n);
    for (std::uint64_t i = 0; i < n;) {
      const auto limit = static_cast<std::uint32_t>(std::min<std::uint64_t>(Batch, n - i));
      const std::uint32_t written = write_batch<P, Batch, kStaging>(*writer, limit, i);
      if (written == 0) core::cpu_relax();
      i += written;
    }
  }

  void produce_one_by_one(std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      std::byte* to;
      while ((to = pushes->try_claim()) == nullptr) core::cpu_relax();
      reinterpret_cast<P*>(to)->fill(i);
      pushes->push();
    }
  }

  std::uint64_t consume(std::uint64_t n) {
    std::uint64_t sum = 0;
    for (std::uint64_t got = 0; got < n;) {
      const core::FixedSpan span = reader->span(0, 64);
      if (span.count == 0) {
        core::cpu_relax();
        continue;
      }
      const P* const records = reinterpret_cast<const P*>(span.data);
      for (std::uint32_t k = 0; k < span.count; ++k) sum += records[k].sum();
      reader->consume(span.count);
      reader->release();
      got += span.count;
    }
    return sum;
  }
};

}  // namespace byteor::bench

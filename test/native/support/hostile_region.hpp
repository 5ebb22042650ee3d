// A pipeline whose JavaScript writes anywhere: the ends that JavaScript runs, played through what it read of the region
// when it opened, and writes to any part of the region while the native threads work. One thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "abi/abi_generated.hpp"
#include "lane/framed_memory.hpp"
#include "random_ring.hpp"
#include "run/pipeline.hpp"

namespace byteor::test {

// What was in the observable part of a region before anything was written over: where everything lies.
class RegionCopy {
 public:
  explicit RegionCopy(run::Pipeline& pipeline)
      : bytes_(pipeline.observable().size()),
        copy_(static_cast<std::byte*>(::operator new (bytes_, std::align_val_t{kAlign}))) {
    std::memcpy(copy_.get(), pipeline.observable().data(), bytes_);
  }

  template <class T>
  const T& at(std::uint64_t offset) const {
    return *reinterpret_cast<const T*>(copy_.get() + offset);
  }
  std::size_t bytes() const { return bytes_; }
  const std::byte* data() const { return copy_.get(); }
  const abi::RegionHeader& header() const { return at<abi::RegionHeader>(0); }
  std::uint64_t ring(std::uint32_t index) const { return header().rings_offset + index * sizeof(abi::RingBlock); }
  std::uint64_t lane(std::uint32_t index) const { return header().lanes_offset + index * sizeof(abi::LaneBlock); }
  std::uint64_t agent(std::uint32_t index) const { return header().agents_offset + index * sizeof(abi::AgentEntry); }
  std::uint64_t thread(std::uint32_t index) const { return header().threads_offset + index * sizeof(abi::ThreadBlock); }
  std::vector<std::uint64_t> list(std::uint64_t offset, std::uint32_t count) const {
    std::vector<std::uint64_t> values(count);
    if (count != 0) std::memcpy(values.data(), copy_.get() + offset, count * sizeof(std::uint64_t));
    return values;
  }
  bool is_js(std::uint32_t agent_index) const { return at<abi::AgentEntry>(agent(agent_index)).thread == abi::kNone; }

 private:
  static constexpr std::size_t kAlign = 128;
  struct Free {
    void operator()(std::byte* bytes) const { ::operator delete (bytes, std::align_val_t{kAlign}); }
  };
  const std::size_t bytes_;
  const std::unique_ptr<std::byte, Free> copy_;
};

// Cells are atomics, so that what native threads read of them is a value.
class RegionCells {
 public:
  explicit RegionCells(run::Pipeline& pipeline) : pipeline_(pipeline), base_(pipeline.region().data()) {}
  std::uint32_t load(std::uint64_t offset) const { return cell(offset).load(std::memory_order_seq_cst); }
  void store(std::uint64_t offset, std::uint32_t value) const { cell(offset).store(value, std::memory_order_seq_cst); }
  std::byte* data(std::uint64_t offset) const { return base_ + offset; }
  std::uint64_t bytes() const { return pipeline_.region().size(); }
  // As JavaScript wakes: by the region's cell.
  void wake(const std::vector<std::uint64_t>& threads, std::uint64_t threads_at) const {
    for (const std::uint64_t at : threads)
      if (load(at + offsetof(abi::ThreadBlock, armed)) == 1)
        pipeline_.wake_thread(static_cast<std::uint32_t>((at - threads_at) / sizeof(abi::ThreadBlock)));
  }

 private:
  std::atomic<std::uint32_t>& cell(std::uint64_t offset) const {
    return *reinterpret_cast<std::atomic<std::uint32_t>*>(base_ + offset);
  }
  run::Pipeline& pipeline_;
  std::byte* const base_;
};

// One end that JavaScript runs.
class JsEnd {
 public:
  virtual ~JsEnd() = default;
  virtual void work(Random& random) = 0;
};

inline std::uint32_t record_length(Random& random, std::uint32_t most) {
  return random.one_in(16) ? most : random.below(std::min(most, 48u) + 1);
}

inline void fill(std::byte* to, std::uint32_t length, Random& random) {
  for (std::uint32_t i = 0; i < length; ++i) to[i] = static_cast<std::byte>("abc 0\"{}:,"[random.below(10)]);
}

// Where the records of a shard, or of a lane of slots, lie.
struct SlotPlaces {
  std::uint64_t producer, slots, data;
  std::uint32_t mask, stride, capacity, record_max, headroom, tailroom, arena_bytes, word_bytes;
  bool fixed;
  std::vector<std::uint64_t> gates;  // cells
  std::vector<std::uint64_t> wakes;
};

class JsSlotWriter final : public JsEnd {
 public:
  JsSlotWriter(const RegionCells& cells, SlotPlaces places, std::uint64_t threads_at)
      : cells_(cells), places_(std::move(places)), threads_at_(threads_at) {
    next_ = gate_ = cells_.load(cell());
  }

  void work(Random& random) override {
    for (std::uint32_t count = 1 + random.below(24); count != 0; --count)
      if (!push(record_length(random, places_.record_max), random)) break;
    cells_.store(cell(), next_);
    cells_.wake(places_.wakes, threads_at_);
  }

 private:
  std::uint64_t cell() const { return places_.producer + offsetof(abi::ProducerBlock, cell); }

  bool push(std::uint32_t length, Random& random) {
    if (next_ - gate_ >= places_.capacity) refresh();
    if (next_ - gate_ >= places_.capacity) return false;
    const std::uint64_t slot = places_.slots + std::uint64_t{next_ & places_.mask} * places_.stride;
    if (places_.fixed) {
      fill(cells_.data(slot + places_.word_bytes), places_.record_max, random);
      if (places_.word_bytes != 0) cells_.store(slot, next_ + 1);
    } else {
      const std::uint32_t need = (places_.headroom + length + places_.tailroom + 7) & ~7u;
      if (!fits(need)) refresh();
      if (!fits(need)) return false;
      fill(cells_.data(places_.data + (claimed_ & (places_.arena_bytes - 1)) + places_.headroom), length, random);
      cells_.store(slot, claimed_);
      cells_.store(slot + 4, claimed_ + places_.headroom);
      cells_.store(slot + 8, length);
      cells_.store(slot + 12, 0);
      head_ = claimed_ + need;
    }
    ++next_;
    return true;
  }

  bool fits(std::uint32_t need) {
    const std::uint32_t offset = head_ & (places_.arena_bytes - 1);
    claimed_ = offset + need > places_.arena_bytes ? head_ + (places_.arena_bytes - offset) : head_;
    return claimed_ + need - tail_ <= places_.arena_bytes;
  }

  // What JavaScript's writing end does: it believes no gate that is behind the ring or before it.
  void refresh() {
    std::uint32_t behind = 0;
    for (const std::uint64_t gate : places_.gates)
      behind = std::max(behind, std::min(next_ - cells_.load(gate), places_.capacity));
    gate_ = next_ - behind;
    if (!places_.fixed)
      tail_ = behind == 0 ? head_ : cells_.load(places_.slots + std::uint64_t{gate_ & places_.mask} * places_.stride);
  }

  const RegionCells& cells_;
  const SlotPlaces places_;
  const std::uint64_t threads_at_;
  std::uint32_t next_ = 0, gate_ = 0, head_ = 0, tail_ = 0, claimed_ = 0;
};

// Where the frames of a lane lie.
struct FramePlaces {
  std::uint64_t producer, data;
  std::uint32_t memory_bytes, capacity, record_max;
  std::vector<std::uint64_t> gates;
  std::vector<std::uint64_t> wakes;
};

class JsFrameWriter final : public JsEnd {
 public:
  JsFrameWriter(const RegionCells& cells, FramePlaces places, std::uint64_t threads_at)
      : cells_(cells), places_(std::move(places)), threads_at_(threads_at) {
    head_ = tail_ = cells_.load(cell());
  }

  void work(Random& random) override {
    for (std::uint32_t count = 1 + random.below(24); count != 0; --count)
      if (!push(record_length(random, places_.record_max), random)) break;
    cells_.store(cell(), head_);
    cells_.wake(places_.wakes, threads_at_);
  }

 private:
  std::uint64_t cell() const { return places_.producer + offsetof(abi::ProducerBlock, cell); }

  bool push(std::uint32_t length, Random& random) {
    const std::uint32_t need = lane::frame_bytes(length);
    if (!fits(need)) refresh();
    if (!fits(need)) return false;
    const std::uint32_t mask = places_.memory_bytes - 1;
    if (claimed_ != head_) {
      cells_.store(places_.data + (head_ & mask), claimed_ - head_);
      cells_.store(places_.data + (head_ & mask) + 4, abi::kFramePadding);
    }
    const std::uint64_t at = places_.data + (claimed_ & mask);
    cells_.store(at, length);
    cells_.store(at + 4, 0);
    cells_.store(at + 8, ordinal_++);
    cells_.store(at + 12, 0);
    fill(cells_.data(at + abi::kFrameHeaderBytes), length, random);
    head_ = claimed_ + need;
    return true;
  }

  bool fits(std::uint32_t need) {
    const std::uint32_t offset = head_ & (places_.memory_bytes - 1);
    claimed_ = offset + need > places_.memory_bytes ? head_ + (places_.memory_bytes - offset) : head_;
    return claimed_ + need - tail_ <= places_.capacity;
  }

  void refresh() {
    std::uint32_t behind = 0;
    for (const std::uint64_t gate : places_.gates)
      behind = std::max(behind, std::min(head_ - cells_.load(gate), places_.capacity));
    tail_ = head_ - behind;
  }

  const RegionCells& cells_;
  const FramePlaces places_;
  const std::uint64_t threads_at_;
  std::uint32_t head_ = 0, tail_ = 0, claimed_ = 0, ordinal_ = 0;
};

// Gives back whatever may be read.
class JsReader final : public JsEnd {
 public:
  JsReader(const RegionCells& cells, std::uint64_t consumer, std::vector<std::uint64_t> readable,
           std::vector<std::uint64_t> wakes, std::uint64_t threads_at)
      : cells_(cells),
        cell_(consumer + offsetof(abi::ConsumerBlock, cell)),
        readable_(std::move(readable)),
        wakes_(std::move(wakes)),
        threads_at_(threads_at) {
    next_ = cells_.load(cell_);
  }

  void work(Random&) override {
    std::int32_t ahead = 0x7fffffff;
    for (const std::uint64_t cell : readable_)
      ahead = std::min(ahead, static_cast<std::int32_t>(cells_.load(cell) - next_));
    if (ahead <= 0) return;
    next_ += static_cast<std::uint32_t>(ahead);
    cells_.store(cell_, next_);
    cells_.wake(wakes_, threads_at_);
  }

 private:
  const RegionCells& cells_;
  const std::uint64_t cell_;
  const std::vector<std::uint64_t> readable_;
  const std::vector<std::uint64_t> wakes_;
  const std::uint64_t threads_at_;
  std::uint32_t next_ = 0;
};

// The ends of a pipeline that JavaScript runs, as it finds them when it opens.
class JsEnds {
 public:
  JsEnds(run::Pipeline& pipeline, const RegionCopy& copy) : cells_(pipeline), copy_(copy) {
    const abi::RegionHeader& header = copy_.header();
    for (std::uint32_t i = 0; i < header.ring_count; ++i) add_ring(copy_.at<abi::RingBlock>(copy_.ring(i)));
    for (std::uint32_t i = 0; i < header.lane_count; ++i) add_lane(copy_.at<abi::LaneBlock>(copy_.lane(i)));
  }

  const RegionCells& cells() const { return cells_; }
  void work(Random& random) {
    for (const auto& end : ends_) end->work(random);
  }

 private:
  static constexpr auto kJs = static_cast<std::uint32_t>(abi::PortCode::kJs);
  static constexpr std::uint64_t kSequence = offsetof(abi::ConsumerBlock, sequence);
  static constexpr std::uint64_t kConsumerCell = offsetof(abi::ConsumerBlock, cell);

  void add_ring(const abi::RingBlock& ring) {
    const std::uint64_t threads = copy_.header().threads_offset;
    const bool fixed = ring.layout == static_cast<std::uint32_t>(abi::LayoutCode::kFixed);
    const bool js_reads = ring.egress_port == kJs;
    if (ring.ingress_port == kJs)
      ends_.push_back(
          std::make_unique<JsSlotWriter>(cells_,
                                         SlotPlaces{ring.producer_offset,
                                                    ring.slots_offset,
                                                    ring.arena_offset,
                                                    ring.slot_count - 1,
                                                    ring.slot_stride,
                                                    ring.capacity,
                                                    fixed ? ring.record_bytes : ring.record_max,
                                                    ring.headroom,
                                                    ring.tailroom,
                                                    ring.arena_bytes,
                                                    ring.word_bytes,
                                                    fixed,
                                                    {ring.egress_offset + (js_reads ? kConsumerCell : kSequence)},
                                                    copy_.list(ring.publish_wakes_offset, ring.publish_wake_count)},
                                         threads));
    if (!js_reads) return;
    std::vector<std::uint64_t> terminals = copy_.list(ring.terminals_offset, ring.terminal_count);
    for (std::uint64_t& terminal : terminals) terminal += kSequence;
    ends_.push_back(std::make_unique<JsReader>(cells_, ring.egress_offset, std::move(terminals),
                                               copy_.list(ring.release_wakes_offset, ring.release_wake_count),
                                               threads));
  }

  void add_lane(const abi::LaneBlock& lane) {
    const std::uint64_t threads = copy_.header().threads_offset;
    const std::vector<std::uint64_t> readers = copy_.list(lane.readers_offset, lane.reader_count);
    const auto* agents = &copy_.at<std::uint32_t>(lane.reader_agents_offset);
    if (lane.writer_port == kJs) {
      std::vector<std::uint64_t> gates;
      for (const std::uint64_t reader : readers) gates.push_back(reader + kSequence);
      add_writer(lane, std::move(gates), copy_.list(lane.publish_wakes_offset, lane.publish_wake_count));
    }
    for (std::uint32_t i = 0; i < lane.reader_count; ++i) {
      if (!copy_.is_js(agents[i])) continue;
      const std::uint64_t readable = lane.files_offset != 0
                                         ? lane.files_offset + kSequence
                                         : lane.producer_offset + offsetof(abi::ProducerBlock, cursor);
      ends_.push_back(std::make_unique<JsReader>(cells_, readers[i], std::vector{readable},
                                                 copy_.list(lane.release_wakes_offset, lane.release_wake_count),
                                                 threads));
    }
  }

  void add_writer(const abi::LaneBlock& lane, std::vector<std::uint64_t> gates, std::vector<std::uint64_t> wakes) {
    const std::uint64_t threads = copy_.header().threads_offset;
    if (lane.layout == static_cast<std::uint32_t>(abi::LayoutCode::kFramed)) {
      ends_.push_back(std::make_unique<JsFrameWriter>(
          cells_,
          FramePlaces{lane.producer_offset, lane.data_offset, lane.memory_bytes, lane.capacity, lane.record_max,
                      std::move(gates), std::move(wakes)},
          threads));
      return;
    }
    const bool fixed = lane.layout == static_cast<std::uint32_t>(abi::LayoutCode::kFixed);
    ends_.push_back(std::make_unique<JsSlotWriter>(
        cells_,
        SlotPlaces{
            lane.producer_offset, fixed ? lane.data_offset : lane.slots_offset, lane.data_offset, lane.slot_count - 1,
            fixed ? lane.memory_bytes / lane.slot_count : static_cast<std::uint32_t>(sizeof(abi::Slot)), lane.capacity,
            lane.record_max, 0, 0, fixed ? 0 : lane.memory_bytes, 0, fixed, std::move(gates), std::move(wakes)},
        threads));
  }

  const RegionCells cells_;
  const RegionCopy& copy_;
  std::vector<std::unique_ptr<JsEnd>> ends_;
};

}  // namespace byteor::test

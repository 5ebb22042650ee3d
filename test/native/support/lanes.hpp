// A lane as the graph's builder would make it, in memory of its own whose ends a sanitizer watches, and what roles need
// around it. Not thread-safe before its ends are handed out; then each end belongs to one thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/agent.hpp"
#include "failures.hpp"
#include "lane/framed_reader.hpp"
#include "lane/framed_writer.hpp"
#include "lane/role.hpp"
#include "lane/slots_reader.hpp"
#include "lane/slots_writer.hpp"

namespace byteor::test {

struct LaneShape {
  bool slots = false;
  std::uint32_t capacity = 1024;   // bytes, or records of a lane of slots
  std::uint32_t record_max = 0;    // 0: as large as the lane allows; slots: 64
  std::uint32_t struct_bytes = 0;  // slots that are structs of so many bytes
  std::uint32_t readers = 1;
  bool drops = false;
  bool watermarked = false;
  bool js_writer = false;  // publishes `cell`; its ordinals are counted
  bool js_reader = false;  // the last reader releases by `cell`
  bool counts_ordinals = false;
  bool measures = false;
  bool cross_thread = false;
  bool paces = false;
  bool spins = false;  // nobody may sleep
  std::uint64_t first = 0;
  std::uint64_t first_ordinal = 0;
  std::uint32_t ordinal_shift = 0;
  std::uint64_t ordinal_step = 1;
};

class Lane {
 public:
  explicit Lane(LaneShape shape = {}) : shape_(shape) {
    stop_before_.store(core::kNoLimit);
    unused_.store(core::kNoLimit);
    producer_.cursor.store(shape.first);
    producer_.cell.store(static_cast<std::uint32_t>(shape.first));
    if (shape.slots)
      make_slots();
    else
      make_frames();
    for (std::uint32_t i = 0; i < shape.readers; ++i) {
      consumers_.push_back(std::make_unique<abi::ConsumerBlock>());
      consumers_.back()->sequence.store(shape.first);
      consumers_.back()->cell.store(static_cast<std::uint32_t>(shape.first));
      histograms_.push_back(std::make_unique<std::atomic<std::uint32_t>[]>(abi::kHistogramCounts));
    }
  }

  const LaneShape& shape() const { return shape_; }
  const lane::FramedMemory& framed() const { return framed_; }
  abi::ProducerBlock& producer() { return producer_; }
  abi::ConsumerBlock& consumer(std::uint32_t reader = 0) { return *consumers_[reader]; }
  std::atomic<std::uint64_t>& stop_before() { return stop_before_; }
  std::byte* data() { return data_.get(); }
  std::byte* slots() { return slots_.get(); }
  abi::Slot& slot(std::uint64_t sequence) {
    return reinterpret_cast<abi::Slot*>(slots_.get())[sequence & ring_.slot_mask];
  }

  std::uint64_t samples(std::uint32_t reader = 0) const {
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < abi::kHistogramCounts; ++i) sum += histograms_[reader][i].load();
    return sum;
  }

  std::unique_ptr<lane::FramedWriter> framed_writer() {
    return std::make_unique<lane::FramedWriter>(framed_, producer_, gates(), stamps(), writer_options());
  }

  std::unique_ptr<lane::SlotsWriter> slots_writer() {
    std::vector<core::SequenceReader> gates = this->gates();
    gates.resize(std::max<std::size_t>(gates.size(), abi::kSequencedSlotsGates), core::SequenceReader(unused_));
    return std::make_unique<lane::SlotsWriter>(ring_, ordinals_.get(), producer_, std::move(gates), stamps(),
                                               writer_options());
  }

  std::unique_ptr<lane::Outlet> writer() {
    if (shape_.slots) return slots_writer();
    return framed_writer();
  }

  std::unique_ptr<lane::FramedReader> framed_reader(std::uint32_t reader = 0) {
    return std::make_unique<lane::FramedReader>(framed_, producer_, consumer(reader), barrier(), end(), stamps(),
                                                histogram(reader), reader_options());
  }

  std::unique_ptr<lane::SlotsReader> slots_reader(std::uint32_t reader = 0) {
    return std::make_unique<lane::SlotsReader>(ring_, ordinals_.get(), producer_, consumer(reader), barrier(), end(),
                                               stamps(), histogram(reader), reader_options());
  }

  std::unique_ptr<lane::Inlet> reader(std::uint32_t reader = 0) {
    if (shape_.slots) return slots_reader(reader);
    return framed_reader(reader);
  }

  lane::InletEnd inlet_end(std::uint32_t reader = 0, std::uint32_t writer_agent = 1) {
    return {this->reader(reader), &consumer(reader), &producer_, nullptr, shape_.ordinal_step, writer_agent};
  }

  lane::OutletEnd outlet_end(std::uint32_t reader_agent = 2) {
    return {writer(), reader_agent, shape_.watermarked, shape_.ordinal_step, "test->lane"};
  }

  // What a writer of slots stands on.
  const core::RingMemory& ring() const { return ring_; }
  std::vector<core::SequenceReader> gates() {
    std::vector<core::SequenceReader> gates;
    for (std::uint32_t i = 0; i < shape_.readers; ++i) gates.push_back(gate(i));
    return gates;
  }

  core::StampTable stamps() {
    if (!shape_.measures && !shape_.slots) return {};
    return {stamps_.data(), kStamps - 1};
  }

 private:
  static constexpr std::uint32_t kStamps = 256;

  void make_frames() {
    framed_.memory_bytes = std::bit_ceil(shape_.capacity);
    framed_.capacity_bytes = shape_.capacity;
    framed_.record_max = shape_.record_max != 0 ? shape_.record_max : lane::framed_record_max(shape_.capacity);
    data_ = std::make_unique<std::byte[]>(framed_.memory_bytes);
    framed_.data = data_.get();
    framed_.may_sleep = !shape_.spins;
  }

  void make_slots() {
    ring_.fixed = shape_.struct_bytes != 0;
    ring_.record_bytes = shape_.struct_bytes;
    ring_.record_max = shape_.record_max != 0 ? shape_.record_max : 64;
    ring_.capacity = shape_.capacity;
    ring_.slot_mask = std::bit_ceil(shape_.capacity) - 1;
    ring_.slot_stride = sizeof(abi::Slot);
    if (ring_.fixed) {
      ring_.record_max = shape_.struct_bytes;
      ring_.slot_stride = (shape_.struct_bytes + 7) & ~7u;
    } else {
      ring_.arena_bytes = std::bit_ceil(2 * ((ring_.record_max + 7) & ~7u));
      data_ = std::make_unique<std::byte[]>(ring_.arena_bytes);
    }
    slots_ = std::make_unique<std::byte[]>((ring_.slot_mask + 1) * ring_.slot_stride);
    if (shape_.watermarked) ordinals_ = std::make_unique<std::uint64_t[]>(ring_.slot_mask + 1);
    ring_.arena = data_.get();
    ring_.slots = slots_.get();
    ring_.may_sleep = !shape_.spins;
  }

  core::SequenceReader gate(std::uint32_t reader) {
    if (shape_.js_reader && reader + 1 == shape_.readers) return core::SequenceReader(consumer(reader).cell);
    return core::SequenceReader(consumer(reader).sequence);
  }

  core::SequenceReader cursor() {
    return shape_.js_writer ? core::SequenceReader(producer_.cell) : core::SequenceReader(producer_.cursor);
  }

  core::Barrier barrier() { return core::Barrier(std::vector{cursor()}, stop_before_); }
  core::ShardEnd end() { return {cursor(), &producer_.closed, &stop_before_}; }

  core::Histogram histogram(std::uint32_t reader) { return core::Histogram(histograms_[reader].get()); }

  lane::WriterOptions writer_options() const {
    return {.drops = shape_.drops,
            .watermarked = shape_.watermarked,
            .cross_thread = shape_.cross_thread,
            .first = shape_.first,
            .record_bytes = shape_.struct_bytes,
            .first_ordinal = shape_.first_ordinal,
            .ordinal_shift = shape_.ordinal_shift};
  }
  lane::ReaderOptions reader_options() const {
    return {.first = shape_.first,
            .counts_ordinals = shape_.counts_ordinals || shape_.js_writer,
            .first_ordinal = shape_.first_ordinal,
            .ordinal_shift = shape_.ordinal_shift,
            .paces = shape_.paces};
  }

  const LaneShape shape_;
  lane::FramedMemory framed_;
  core::RingMemory ring_;
  abi::ProducerBlock producer_{};
  std::vector<std::unique_ptr<abi::ConsumerBlock>> consumers_;
  std::vector<std::unique_ptr<std::atomic<std::uint32_t>[]>> histograms_;
  std::atomic<std::uint64_t> stop_before_;
  std::atomic<std::uint64_t> unused_;
  std::unique_ptr<std::byte[]> data_;
  std::unique_ptr<std::byte[]> slots_;
  std::unique_ptr<std::uint64_t[]> ordinals_;
  std::vector<double> stamps_ = std::vector<double>(kStamps);
};

// ---- records -------------------------------------------------------------------------------------------------------

inline lane::LaneRecord record_of(std::string_view text, std::uint64_t ordinal = 0, std::uint32_t flags = 0) {
  return {reinterpret_cast<std::byte*>(const_cast<char*>(text.data())), static_cast<std::uint32_t>(text.size()), flags,
          ordinal};
}

inline std::string text_of(const lane::LaneRecord& record) {
  return {reinterpret_cast<const char*>(record.data), record.length};
}

// Puts and publishes one record; false when it was not taken.
inline bool put(lane::Outlet& outlet, std::string_view text, std::uint64_t ordinal = 0, std::uint32_t flags = 0) {
  const lane::LaneRecord record = record_of(text, ordinal, flags);
  const bool taken = outlet.put(&record, 1) == 1;
  outlet.publish();
  return taken;
}

// Reads, consumes and releases at most `limit` records.
inline std::vector<std::string> take(lane::Inlet& inlet, std::uint32_t limit = 64) {
  std::vector<lane::LaneRecord> records(limit);
  const std::uint32_t count = inlet.peek(records.data(), limit);
  std::vector<std::string> texts;
  for (std::uint32_t i = 0; i < count; ++i) texts.push_back(text_of(records[i]));
  inlet.consume(count);
  inlet.release();
  return texts;
}

// ---- around a role -------------------------------------------------------------------------------------------------

// Entry, stop flag and failures of one role.
struct RoleSite {
  abi::AgentEntry entry{};
  std::atomic<std::uint32_t> stop{0};
  Failures failures;

  lane::RoleContext context(std::uint32_t batch_records = 64, std::uint32_t ordinal_shift = 0) {
    lane::RoleContext context;
    context.entry = &entry;
    context.agent_index = 7;
    context.failures = &failures;
    context.stop = &stop;
    context.batch_records = batch_records;
    context.ordinal_shift = ordinal_shift;
    return context;
  }
  abi::AgentState state() const { return static_cast<abi::AgentState>(entry.state.load()); }
};

}  // namespace byteor::test

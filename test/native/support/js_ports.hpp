// Plays the JS side of a pipeline in a native test: writes and reads the region through nothing but the offsets that
// lib/runtime uses, publishing 32-bit cells. One thread each.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "abi/abi_generated.hpp"
#include "core/sequence.hpp"
#include "run/pipeline.hpp"

namespace byteor::test {

class RegionView {
 public:
  explicit RegionView(run::Pipeline& pipeline) : base_(pipeline.region().data()) {}
  template <class T>
  T& at(std::uint64_t offset) const {
    return *reinterpret_cast<T*>(base_ + offset);
  }
  abi::RegionHeader& header() const { return at<abi::RegionHeader>(0); }
  abi::RingBlock& ring(std::uint32_t shard) const {
    return at<abi::RingBlock>(header().rings_offset + shard * sizeof(abi::RingBlock));
  }
  abi::AgentEntry& agent(std::uint32_t index) const {
    return at<abi::AgentEntry>(header().agents_offset + index * sizeof(abi::AgentEntry));
  }
  abi::ConsumerBlock& stage(std::uint32_t shard, std::uint32_t entry) const {
    return at<abi::ConsumerBlock>(agent(shard * (header().stage_count + 2) + entry + 1).block_offset);
  }
  std::byte* base() const { return base_; }

 private:
  std::byte* base_;
};

// Pushes through shard `shard`, one record at a time, publishing every `publish_every`.
class JsIngress {
 public:
  JsIngress(run::Pipeline& pipeline, std::uint32_t shard, std::uint32_t publish_every = 16)
      : pipeline_(pipeline),
        view_(pipeline),
        ring_(view_.ring(shard)),
        block_(view_.at<abi::ProducerBlock>(ring_.producer_offset)),
        publish_every_(publish_every),
        next_(static_cast<std::uint64_t>(block_.next.load())),
        gate_(next_),
        published_(next_) {}

  bool try_push(const std::string& record) {
    if (next_ - gate_ >= ring_.capacity) refresh();
    if (next_ - gate_ >= ring_.capacity) return full();
    std::byte* target = nullptr;
    if (ring_.layout == static_cast<std::uint32_t>(abi::LayoutCode::kFixed)) {
      target =
          view_.base() + ring_.slots_offset + (next_ & (ring_.slot_count - 1)) * ring_.slot_stride + ring_.word_bytes;
    } else {
      const auto need = static_cast<std::uint32_t>((ring_.headroom + record.size() + ring_.tailroom + 7) & ~7ull);
      if (!fits(need)) refresh();
      if (!fits(need)) return full();
      auto& slot = view_.at<abi::Slot>(ring_.slots_offset + (next_ & (ring_.slot_count - 1)) * sizeof(abi::Slot));
      slot = {claimed_, claimed_ + ring_.headroom, static_cast<std::uint32_t>(record.size()), 0};
      target = view_.base() + ring_.arena_offset + ((claimed_ + ring_.headroom) & (ring_.arena_bytes - 1));
      head_ = claimed_ + need;
    }
    std::memcpy(target, record.data(), record.size());
    if ((next_ & ((1u << abi::kSampleShift) - 1)) == 0)
      view_.at<double>(ring_.producer_stamps_offset + 8 * ((next_ >> abi::kSampleShift) & (ring_.stamp_count - 1))) = 1;
    if (ring_.word_bytes != 0)
      view_.at<std::atomic<std::uint32_t>>(ring_.slots_offset + (next_ & (ring_.slot_count - 1)) * ring_.slot_stride)
          .store(static_cast<std::uint32_t>(next_ + 1));
    ++next_;
    if (next_ - published_ >= publish_every_) flush();
    return true;
  }

  void push(const std::string& record) {
    while (!try_push(record)) std::this_thread::yield();
  }

  void flush() {
    published_ = next_;
    block_.cell.store(static_cast<std::uint32_t>(next_), std::memory_order_seq_cst);
    for (std::uint32_t i = 0; i < ring_.publish_wake_count; ++i) {
      const auto offset = view_.at<std::uint64_t>(ring_.publish_wakes_offset + 8 * i);
      if (view_.at<abi::ThreadBlock>(offset).armed.load() == 0) continue;
      pipeline_.wake_thread(
          static_cast<std::uint32_t>((offset - view_.header().threads_offset) / sizeof(abi::ThreadBlock)));
    }
  }

 private:
  bool full() {
    if (published_ != next_) flush();
    return false;
  }
  bool fits(std::uint32_t need) {
    const std::uint32_t offset = head_ & (ring_.arena_bytes - 1);
    claimed_ = offset + need > ring_.arena_bytes ? head_ + (ring_.arena_bytes - offset) : head_;
    return claimed_ + need - tail_ <= ring_.arena_bytes;
  }
  void refresh() {
    const auto& gate = view_.at<abi::ConsumerBlock>(view_.at<std::uint64_t>(ring_.gates_offset));
    const bool js = ring_.egress_port == static_cast<std::uint32_t>(abi::PortCode::kJs);
    gate_ = js ? core::widen(gate.cell.load(), gate_) : gate.sequence.load();
    tail_ = gate_ == next_ ? head_
                           : view_.at<abi::Slot>(ring_.slots_offset + (gate_ & (ring_.slot_count - 1)) * 16).position;
  }

  run::Pipeline& pipeline_;
  RegionView view_;
  abi::RingBlock& ring_;
  abi::ProducerBlock& block_;
  const std::uint32_t publish_every_;
  std::uint64_t next_, gate_, published_;
  std::uint32_t head_ = 0, tail_ = 0, claimed_ = 0;
};

// Polls shard `shard`.
class JsEgress {
 public:
  JsEgress(run::Pipeline& pipeline, std::uint32_t shard)
      : pipeline_(pipeline),
        view_(pipeline),
        ring_(view_.ring(shard)),
        block_(view_.at<abi::ConsumerBlock>(ring_.egress_offset)),
        producer_(view_.at<abi::ProducerBlock>(ring_.producer_offset)),
        next_(block_.cell.load()) {
    next_ = static_cast<std::uint64_t>(producer_.next.load());
  }

  // Records delivered; releases what it read.
  std::uint32_t poll(const std::function<void(const std::string&)>& take, std::uint32_t limit = 256) {
    std::uint64_t end = core::kNoLimit;
    for (std::uint32_t i = 0; i < ring_.terminal_count; ++i)
      end = std::min(
          end, view_.at<abi::ConsumerBlock>(view_.at<std::uint64_t>(ring_.terminals_offset + 8 * i)).sequence.load());
    end = std::min(end, next_ + limit);
    std::uint32_t delivered = 0;
    const std::uint64_t begin = next_;
    for (; next_ < end; ++next_) {
      const std::uint32_t index = static_cast<std::uint32_t>(next_) & (ring_.slot_count - 1);
      if (marked(index)) {
        ++skipped_;
        continue;
      }
      take(record(index));
      ++delivered;
    }
    in_ += delivered;
    if (next_ != begin) {
      block_.in.store(in_);
      block_.out.store(in_);
      block_.skipped.store(skipped_);
      block_.cell.store(static_cast<std::uint32_t>(next_), std::memory_order_seq_cst);
      for (std::uint32_t i = 0; i < ring_.release_wake_count; ++i) {
        const auto offset = view_.at<std::uint64_t>(ring_.release_wakes_offset + 8 * i);
        if (view_.at<abi::ThreadBlock>(offset).armed.load() == 0) continue;
        pipeline_.wake_thread(
            static_cast<std::uint32_t>((offset - view_.header().threads_offset) / sizeof(abi::ThreadBlock)));
      }
    }
    return delivered;
  }

  std::uint64_t next() const { return next_; }
  bool drained() const {
    if (next_ >= ring_.stop_before.load()) return true;
    if (producer_.closed.load() == 0) return false;
    return producer_.cell.load() == static_cast<std::uint32_t>(next_);
  }

 private:
  bool marked(std::uint32_t index) const {
    for (std::uint32_t i = 0; i < ring_.egress_mark_count; ++i)
      if (view_.at<std::uint8_t>(view_.at<std::uint64_t>(ring_.egress_marks_offset + 8 * i) + index) != 0) return true;
    return false;
  }
  std::string record(std::uint32_t index) const {
    const char* base = reinterpret_cast<const char*>(view_.base());
    if (ring_.layout == static_cast<std::uint32_t>(abi::LayoutCode::kFixed))
      return {base + ring_.slots_offset + std::size_t{index} * ring_.slot_stride + ring_.word_bytes,
              ring_.record_bytes};
    const auto& slot = view_.at<abi::Slot>(ring_.slots_offset + std::size_t{index} * sizeof(abi::Slot));
    return {base + ring_.arena_offset + (slot.start & (ring_.arena_bytes - 1)), slot.length};
  }

  run::Pipeline& pipeline_;
  RegionView view_;
  abi::RingBlock& ring_;
  abi::ConsumerBlock& block_;
  abi::ProducerBlock& producer_;
  std::uint64_t next_;
  double in_ = 0, skipped_ = 0;
};

}  // namespace byteor::test

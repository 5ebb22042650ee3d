// A host of op::HostedOp without JavaScript: memory of its own, whose ends a sanitizer watches, and answers that a test
// gives. What it was shown is kept, so that a test sees that no record is shown twice. One thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/cpu.hpp"
#include "graph/graph.hpp"
#include "op/host.hpp"

namespace byteor::test {

struct HostSizes {
  std::uint32_t record_bytes = 1024;
  std::uint32_t rows = 64;
  std::uint32_t element_bytes = 1024;
};

class FakeHost final : public op::Host {
 public:
  using Work = std::function<Answer(FakeHost& host, std::uint32_t records)>;

  explicit FakeHost(HostSizes sizes = {}, Work work = answer_all)
      : records_(sizes.record_bytes), rows_(sizes.rows), elements_(sizes.element_bytes), work_(std::move(work)) {}

  Answer work(std::uint32_t first, std::uint32_t records) noexcept override {
    ++calls;
    end_ = 0;
    first_ = first;
    for (std::uint32_t i = 0; i != records; ++i) shown.push_back(text((first + i) % rows_.size()));
    return work_(*this, records);
  }
  // Row of the first record that it was shown in this call.
  std::uint32_t first() const { return first_; }
  void end() noexcept override { ++ends; }
  op::HostMemory memory() const noexcept override {
    auto& self = const_cast<FakeHost&>(*this);
    return {self.records_, self.rows_, self.elements_, at_once};
  }

  // From now on it answers in this way.
  void does(Work work) { work_ = std::move(work); }

  // ---- what it was shown, and its answers ----

  abi::HostRow& row(std::uint32_t i) { return rows_[i]; }
  std::byte* bytes(std::uint32_t i) { return records_.data() + rows_[i].at; }
  std::string text(std::uint32_t i) { return {reinterpret_cast<const char*>(bytes(i)), rows_[i].length}; }

  void pass(std::uint32_t i) { act(i, abi::HostAction::kPass); }
  void filter(std::uint32_t i) { act(i, abi::HostAction::kFilter); }
  // In its place, as far as the room goes that the row tells.
  void change(std::uint32_t i, std::string_view to, std::uint32_t flags = 0) {
    std::memcpy(bytes(i), to.data(), std::min<std::size_t>(to.size(), rows_[i].room));
    rows_[i].length = static_cast<std::uint32_t>(to.size());
    rows_[i].flags = flags;
    act(i, abi::HostAction::kChanged);
  }
  void emit(std::uint32_t i, const std::vector<std::string>& texts) {
    rows_[i].first = end_;
    rows_[i].count = static_cast<std::uint32_t>(texts.size());
    for (const std::string& text : texts) put_element(text);
    act(i, abi::HostAction::kElements);
  }
  void fail(std::uint32_t i, std::string_view why) {
    rows_[i].first = end_;
    put_element(why);
    act(i, abi::HostAction::kFail);
  }

  // By what a record says: "-" is filtered, "x…" fails, "!…" changes to its bytes in capitals, "a,b" is taken apart,
  // and the rest passes. The first that fails is the last that it answers, as JavaScript's host has it.
  static Answer answer_all(FakeHost& host, std::uint32_t records) {
    for (std::uint32_t i = 0; i != records; ++i)
      if (!host.answer(i)) return {End::kAnswered, i + 1};
    return {End::kAnswered, records};
  }
  // Of one row. False: it fails.
  bool answer(std::uint32_t i) {
    const std::string text = this->text(i);
    if (text == "-") {
      filter(i);
    } else if (text.starts_with('!')) {
      change(i, capitals(text), rows_[i].flags);
    } else if (text.starts_with('x')) {
      fail(i, text + " is bad");
      return false;
    } else if (text.find(',') != std::string::npos) {
      emit(i, pieces(text));
    } else {
      pass(i);
    }
    return true;
  }

  // From now on it holds records, at most `most` at once, and answers as many of the first as `ready` says.
  void answers_later(std::uint32_t most) {
    at_once = most;
    does([this](FakeHost&, std::uint32_t records) -> Answer {
      // Where it holds none, the core shows the next one where it likes.
      if (held_ == 0) late_row_ = first_;
      held_ += std::min(records, at_once - std::min(at_once, held_));
      std::uint32_t answered = 0;
      while (ready != 0 && held_ != 0) {
        --ready;
        --held_;
        ++answered;
        const bool passes = answer(late_row_);
        late_row_ = (late_row_ + 1) % static_cast<std::uint32_t>(rows_.size());
        if (!passes) break;
      }
      return {End::kAnswered, answered, held_};
    });
  }

  std::vector<std::string> shown;
  std::uint32_t at_once = ~0u;
  std::uint32_t ready = 0;  // of those that it holds
  std::uint32_t calls = 0;
  std::uint32_t ends = 0;  // it was told of

 private:
  void act(std::uint32_t i, abi::HostAction action) { rows_[i].action = static_cast<std::uint32_t>(action); }

  void put_element(std::string_view text) {
    const abi::HostElement head{static_cast<std::uint32_t>(text.size()), 0};
    const std::size_t need = end_ + sizeof head + text.size();
    // Other memory, as JavaScript's host makes it.
    if (need > elements_.size()) elements_.resize(need);
    std::memcpy(elements_.data() + end_, &head, sizeof head);
    std::memcpy(elements_.data() + end_ + sizeof head, text.data(), text.size());
    end_ = static_cast<std::uint32_t>(core::round_up(need, alignof(std::uint64_t)));
  }

  static std::string capitals(std::string text) {
    for (char& c : text)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return text;
  }
  static std::vector<std::string> pieces(std::string_view text) {
    std::vector<std::string> all;
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t stop = std::min(text.find(',', at), text.size());
      all.emplace_back(text.substr(at, stop - at));
      at = stop + 1;
    }
    return all;
  }

  std::vector<std::byte> records_;
  std::vector<abi::HostRow> rows_;
  std::vector<std::byte> elements_;
  std::uint32_t first_ = 0;
  std::uint32_t held_ = 0;
  std::uint32_t late_row_ = 0;
  std::uint32_t end_ = 0;  // of the elements of this batch
  Work work_;
};

// One for every op of a graph that JavaScript would run.
class FakeHosts {
 public:
  explicit FakeHosts(graph::Graph& graph, HostSizes sizes = {}) {
    for (graph::HostedStage& stage : graph.hosted_stages()) {
      for (const auto& op : stage.ops) {
        hosts_.push_back(std::make_unique<FakeHost>(sizes));
        op->set_host(hosts_.back().get());
      }
    }
  }

 private:
  std::vector<std::unique_ptr<FakeHost>> hosts_;
};

}  // namespace byteor::test

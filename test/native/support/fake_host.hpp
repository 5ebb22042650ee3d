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

  Answer work(std::uint32_t records) noexcept override {
    ++calls;
    end_ = 0;
    for (std::uint32_t i = 0; i != records; ++i) shown.push_back(text(i));
    return work_(*this, records);
  }
  void end() noexcept override { ++ends; }
  op::HostMemory memory() const noexcept override {
    auto& self = const_cast<FakeHost&>(*this);
    return {self.records_, self.rows_, self.elements_};
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
    for (std::uint32_t i = 0; i != records; ++i) {
      const std::string text = host.text(i);
      if (text == "-") {
        host.filter(i);
      } else if (text.starts_with('!')) {
        host.change(i, capitals(text), host.rows_[i].flags);
      } else if (text.starts_with('x')) {
        host.fail(i, text + " is bad");
        return {End::kAnswered, i + 1};
      } else if (text.find(',') != std::string::npos) {
        host.emit(i, pieces(text));
      } else {
        host.pass(i);
      }
    }
    return {End::kAnswered, records};
  }

  std::vector<std::string> shown;
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

// Marks that are waited for, oldest first: so many as there was room for when it was made. One thread at a time.
#pragma once

#include <cstddef>
#include <vector>

namespace byteor::graph {

template <class Mark>
class MarkQueue {
 public:
  explicit MarkQueue(std::size_t most) : marks_(most) {}

  std::size_t count() const noexcept { return count_; }
  bool full() const noexcept { return count_ == marks_.size(); }
  // `index` < count(), from the oldest on.
  Mark& at(std::size_t index) noexcept { return marks_[place(index)]; }
  // Where not full().
  Mark& push(const Mark& mark) noexcept {
    Mark& made = marks_[place(count_++)];
    made = mark;
    return made;
  }
  void pop() noexcept {
    first_ = place(1);
    --count_;
  }

 private:
  std::size_t place(std::size_t index) const noexcept {
    const std::size_t at = first_ + index;
    return at < marks_.size() ? at : at - marks_.size();
  }

  std::vector<Mark> marks_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace byteor::graph

// The members of a record that a program reads. Of JSON they are found in one pass over the index, in document order,
// by the trie of all wanted keys, and the pass stops when the member is there that is asked for; it goes on from there
// when the next is asked for. One thread at a time. Hot code: no allocation, no exception after the constructor.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/cpu.hpp"
#include "expression/context.hpp"

namespace byteor::expression {

class Members {
 public:
  // Allocates. `index` is nullptr where records are not JSON.
  Members(const Program& program, json::Index* index);

  // Nothing is read yet.
  void begin(std::string_view record) noexcept;

  // The member of a slot; Absent where there is none, the error where the path meets no object.
  BYTEOR_ALWAYS_INLINE Value slot(std::uint32_t i) noexcept { return slots_[i].is(Tag::kUnread) ? find(i) : slots_[i]; }

  // The root of a JSON text, or the whole text.
  Value record() noexcept;

 private:
  enum class State : std::uint8_t { kUnseen, kOpen, kClosed, kNoObject };

  BYTEOR_NEVER_INLINE Value find(std::uint32_t slot) noexcept;
  Value read_field(const ExprSlot& slot) const noexcept;
  bool read_index() noexcept;
  void walk() noexcept;
  bool enter(std::uint32_t node, std::uint32_t object) noexcept;
  bool go_on_behind(std::uint32_t value) noexcept;
  bool take(const Edge& edge, std::uint32_t value) noexcept;
  const Edge* edge_of(const Node& node, std::string_view key) noexcept;
  const Edge* edge_of_escaped(const Node& node, std::string_view key) noexcept;
  bool stop(ExprFault fault) noexcept;
  bool answer(std::uint32_t node, Value& value) const noexcept;

  const Program& program_;
  json::Index* index_;
  std::string_view record_;
  std::vector<Value> slots_;
  std::vector<State> states_;        // of nodes
  std::vector<std::uint32_t> open_;  // nodes, from the root to the innermost that the pass is in
  std::uint32_t depth_ = 0;
  std::uint32_t at_ = 0;       // index of the next key
  std::uint32_t pending_ = 0;  // value that has been taken and not been skipped yet; 0: none
  bool indexed_ = false;       // or found to be no JSON
  bool over_ = false;
  ExprFault fault_{};  // why the pass has ended before the text did; 0: it has not
  enum class Escapes : std::uint8_t { kUnknown, kNone, kSome } escapes_ = Escapes::kUnknown;
};

}  // namespace byteor::expression

// A compiled expression as it is executed: what lib/abi/expression.ts defines, with every index, jump, register, table
// and bound checked once, so that the machine checks none. Hostile bytes are an expected input. Control path: load()
// allocates and throws CodedError (SPEC_DAMAGED), which says what is wrong; what is loaded is immutable, for any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "expression/value.hpp"
#include "expression/zone.hpp"

namespace byteor::expression {

inline constexpr std::uint32_t kNone = ~0u;

// A wanted key, and where it stands among the others.
struct Edge {
  std::uint64_t head;
  std::uint64_t mask;
  std::string_view text;
  std::uint32_t child;  // node, or 0
  std::uint32_t slot;   // or kNone
  bool escaped;         // a record has to write it with an escape
};

struct Node {
  std::uint64_t lengths;
  std::uint32_t first_edge;
  std::uint32_t edge_count;
  std::uint32_t shortest;  // bytes of its shortest key
  std::uint32_t parent;    // node, or kNone of the root
};

// A pattern of `matches`. States are numbered by the place of their row.
struct Dfa {
  const std::uint8_t* classes;
  std::vector<std::uint16_t> next;
  std::vector<std::uint8_t> accepts;
  // Where a match has been found, every further byte stays there: then it is enough to look now and then.
  bool stays;
};

class Program {
 public:
  static Program load(std::span<const std::byte> bytes);

  Program(Program&&) = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  ExprRecord record() const noexcept { return static_cast<ExprRecord>(header_.record); }
  const ExprHeader& header() const noexcept { return header_; }
  const ExprInstruction* instructions() const noexcept { return instructions_.data(); }
  std::uint32_t first_of(std::uint32_t entry) const noexcept { return entries_[entry].first; }
  const Value& constant(std::uint32_t i) const noexcept { return constants_[i]; }
  const Node& node(std::uint32_t i) const noexcept { return nodes_[i]; }
  const Edge& edge(std::uint32_t i) const noexcept { return edges_[i]; }
  const ExprSlot& slot(std::uint32_t i) const noexcept { return slots_[i]; }
  std::uint32_t node_of_slot(std::uint32_t i) const noexcept { return slot_nodes_[i]; }
  const Dfa& dfa(std::uint32_t i) const noexcept { return dfas_[i]; }
  const Zones& zones() const noexcept { return zones_; }

  // The place in the text that an instruction comes of; nullptr where the program does not say.
  const ExprPlace* place_of(std::uint32_t instruction) const noexcept;

 private:
  friend class Loader;
  Program() = default;

  // In words, so that tables of two bytes are aligned. Texts point into them.
  std::vector<std::uint64_t> bytes_;
  ExprHeader header_{};
  std::vector<ExprEntry> entries_;
  std::vector<ExprInstruction> instructions_;
  std::vector<Value> constants_;
  std::vector<Node> nodes_;
  std::vector<Edge> edges_;
  std::vector<ExprSlot> slots_;
  std::vector<std::uint32_t> slot_nodes_;
  std::vector<ExprPlace> places_;
  std::vector<Dfa> dfas_;
  Zones zones_;
};

}  // namespace byteor::expression

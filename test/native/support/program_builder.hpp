// Programs of expressions, put together by hand for the tests of their evaluation, and values as text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "abi/abi_generated.hpp"
#include "expression/collections.hpp"
#include "expression/evaluator.hpp"
#include "expression/strings.hpp"
#include "expression/time.hpp"

namespace byteor::expression::test {

struct ProgramBuilder {
  explicit ProgramBuilder(ExprRecord record = ExprRecord::kJson) {
    header.magic = kExprMagic;
    header.layout_version = kExprLayoutVersion;
    header.record = static_cast<std::uint32_t>(record);
    header.register_count = 16;
    header.scratch_values = 256;
    header.scratch_bytes = 4096;
    header.steps = 10'000;
    nodes.push_back({});
  }

  std::uint16_t put(ExprTag tag, std::uint64_t payload, std::uint32_t length = 0) {
    constants.push_back({payload, length, static_cast<std::uint32_t>(tag)});
    return static_cast<std::uint16_t>(constants.size() - 1);
  }
  std::uint16_t of_int(std::int64_t value) { return put(ExprTag::kInt, static_cast<std::uint64_t>(value)); }
  std::uint16_t of_uint(std::uint64_t value) { return put(ExprTag::kUint, value); }
  std::uint16_t of_double(double value) { return put(ExprTag::kDouble, std::bit_cast<std::uint64_t>(value)); }
  std::uint16_t of_bool(bool value) { return put(ExprTag::kBool, value ? 1 : 0); }
  std::uint16_t of_null() { return put(ExprTag::kNull, 0); }
  std::uint16_t of_fault(ExprFault fault) { return put(ExprTag::kError, static_cast<std::uint64_t>(fault)); }
  // The offset is completed by bytes().
  std::uint16_t of_text(std::string_view text, ExprTag tag = ExprTag::kString) {
    const std::uint64_t offset = texts.size();
    texts += text;
    return put(tag, offset, static_cast<std::uint32_t>(text.size()));
  }

  // The slot of a path such as `user/lang`, whose keys are put into the trie.
  std::uint16_t slot(std::string_view path) {
    std::size_t node = 0;
    for (;;) {
      const std::size_t slash = path.find('/');
      const std::string key(path.substr(0, slash));
      std::size_t edge = 0;
      while (edge != nodes[node].size() && nodes[node][edge].key != key) ++edge;
      if (edge == nodes[node].size()) nodes[node].push_back({key, 0, 0});
      if (slash == path.npos) {
        slots.push_back({});
        nodes[node][edge].slot = static_cast<std::uint32_t>(slots.size());
        return static_cast<std::uint16_t>(slots.size() - 1);
      }
      if (nodes[node][edge].child == 0) {
        nodes[node][edge].child = static_cast<std::uint32_t>(nodes.size());
        nodes.push_back({});
      }
      node = nodes[node][edge].child;
      path.remove_prefix(slash + 1);
    }
  }
  std::uint16_t field(abi::FieldCode kind, std::uint32_t offset, std::uint32_t length) {
    slots.push_back({static_cast<std::uint32_t>(kind), offset, length, 0});
    return static_cast<std::uint16_t>(slots.size() - 1);
  }

  std::uint16_t op(ExprOp op, int dst = 0, int a = 0, int b = 0) {
    code.push_back({static_cast<std::uint16_t>(op), static_cast<std::uint16_t>(dst), static_cast<std::uint16_t>(a),
                    static_cast<std::uint16_t>(b)});
    return static_cast<std::uint16_t>(code.size() - 1);
  }
  void call(int dst, ExprFunction function, int a) { op(ExprOp::kCall, dst, a, static_cast<int>(function)); }

  // A pattern that finds `needle`: states are the bytes of it that have been seen, classes its bytes and all others.
  void finds(std::string_view needle) { patterns.emplace_back(needle); }

  template <class T>
  static void append(std::string& out, const std::vector<T>& rows) {
    if (!rows.empty()) out.append(reinterpret_cast<const char*>(rows.data()), rows.size() * sizeof(T));
    out.resize((out.size() + 7) / 8 * 8, '\0');
  }

  std::string bytes() const {
    std::vector<ExprNode> node_rows;
    std::vector<ExprEdge> edge_rows;
    std::vector<ExprConstant> constant_rows = constants;
    std::vector<ExprDfa> dfa_rows(patterns.size());
    std::string tail = texts;
    const bool members = header.record == static_cast<std::uint32_t>(ExprRecord::kJson) && !slots.empty();
    if (members) {
      for (const auto& edges : nodes) {
        ExprNode node{0, static_cast<std::uint32_t>(edge_rows.size()), static_cast<std::uint32_t>(edges.size())};
        for (const auto& edge : edges) {
          ExprEdge row{};
          std::memcpy(&row.head, edge.key.data(), std::min<std::size_t>(8, edge.key.size()));
          row.mask = edge.key.size() >= 8 ? ~0ull : (1ull << 8 * edge.key.size()) - 1;
          row.text_offset = static_cast<std::uint32_t>(tail.size());
          row.length = static_cast<std::uint32_t>(edge.key.size());
          row.child = edge.child;
          row.slot = edge.slot;
          tail += edge.key;
          node.lengths |= 1ull << std::min<std::size_t>(63, edge.key.size());
          edge_rows.push_back(row);
        }
        node_rows.push_back(node);
      }
    }
    std::vector<ExprEntry> entry_rows = entries.empty() ? std::vector<ExprEntry>{{0, 0}} : entries;
    ExprHeader head = header;
    head.entry_count = static_cast<std::uint32_t>(entry_rows.size());
    head.instruction_count = static_cast<std::uint32_t>(code.size());
    head.constant_count = static_cast<std::uint32_t>(constants.size());
    head.node_count = static_cast<std::uint32_t>(node_rows.size());
    head.edge_count = static_cast<std::uint32_t>(edge_rows.size());
    head.slot_count = static_cast<std::uint32_t>(slots.size());
    head.place_count = static_cast<std::uint32_t>(places.size());
    head.dfa_count = static_cast<std::uint32_t>(dfa_rows.size());
    const std::size_t texts_at = sizeof head + entry_rows.size() * sizeof(ExprEntry) +
                                 code.size() * sizeof(ExprInstruction) + constants.size() * sizeof(ExprConstant) +
                                 node_rows.size() * sizeof(ExprNode) + edge_rows.size() * sizeof(ExprEdge) +
                                 slots.size() * sizeof(ExprSlot) + places.size() * sizeof(ExprPlace) +
                                 dfa_rows.size() * sizeof(ExprDfa);
    const auto base = static_cast<std::uint32_t>((texts_at + 7) / 8 * 8);
    for (ExprConstant& row : constant_rows) {
      const auto tag = static_cast<ExprTag>(row.tag);
      if (tag == ExprTag::kString || tag == ExprTag::kBytes || tag == ExprTag::kType) row.payload += base;
    }
    for (ExprEdge& row : edge_rows) row.text_offset += base;
    for (std::size_t i = 0; i != patterns.size(); ++i) {
      tail.resize((tail.size() + 1) / 2 * 2, '\0');
      dfa_rows[i] = compile(patterns[i], base, tail);
    }
    std::string out(reinterpret_cast<const char*>(&head), sizeof head);
    append(out, entry_rows);
    append(out, code);
    append(out, constant_rows);
    append(out, node_rows);
    append(out, edge_rows);
    append(out, slots);
    append(out, places);
    append(out, dfa_rows);
    out += tail;
    reinterpret_cast<ExprHeader*>(out.data())->bytes = static_cast<std::uint32_t>(out.size());
    return out;
  }

  Program load() const {
    const std::string made = bytes();
    return Program::load({reinterpret_cast<const std::byte*>(made.data()), made.size()});
  }

  struct Key {
    std::string key;
    std::uint32_t child;
    std::uint32_t slot;  // plus one
  };

  ExprHeader header{};
  std::vector<ExprEntry> entries;
  std::vector<ExprInstruction> code;
  std::vector<ExprConstant> constants;
  std::vector<std::vector<Key>> nodes;
  std::vector<ExprSlot> slots;
  std::vector<ExprPlace> places;
  std::vector<std::string> patterns;
  std::string texts;

 private:
  static ExprDfa compile(const std::string& needle, std::uint32_t base, std::string& tail) {
    const std::size_t states = needle.size() + 1;
    std::string distinct;
    for (const char c : needle)
      if (distinct.find(c) == distinct.npos) distinct += c;
    const std::size_t classes = distinct.size() + 1;
    std::vector<std::uint16_t> next(states * classes, 0);
    for (std::size_t state = 0; state != states; ++state) {
      for (std::size_t c = 0; c != classes; ++c) {
        std::size_t to = needle.size();
        if (state != needle.size()) {
          std::string seen = needle.substr(0, state);
          if (c != 0) seen += distinct[c - 1];
          to = c == 0 ? 0 : seen.size();
          while (to != 0 && needle.substr(0, to) != seen.substr(seen.size() - to)) --to;
        }
        next[state * classes + c] = static_cast<std::uint16_t>(to);
      }
    }
    ExprDfa row{};
    row.class_count = static_cast<std::uint32_t>(classes);
    row.state_count = static_cast<std::uint32_t>(states);
    row.states_offset = base + static_cast<std::uint32_t>(tail.size());
    tail.append(reinterpret_cast<const char*>(next.data()), next.size() * 2);
    row.classes_offset = base + static_cast<std::uint32_t>(tail.size());
    for (int byte = 0; byte != 256; ++byte)
      tail += static_cast<char>(distinct.find(static_cast<char>(byte)) + 1);  // npos + 1 is 0
    row.accepts_offset = base + static_cast<std::uint32_t>(tail.size());
    for (std::size_t state = 0; state != states; ++state) tail += state == needle.size() ? '\1' : '\0';
    return row;
  }
};

// A value as CEL writes it; an error by its name.
inline std::string show(Context& context, const Value& value) {
  char text[kTimeTextMax];
  const std::string quoted = "\"";
  switch (value.tag) {
    case Tag::kAbsent:
      return "absent";
    case Tag::kError:
      return "error " + std::string(fault_name(value.fault()));
    case Tag::kUint:
      return std::to_string(value.payload) + "u";
    case Tag::kString: {
      Value plain = value;
      return resolve(context, plain) ? quoted + std::string(plain.text()) + quoted : show(context, plain);
    }
    case Tag::kBytes:
      return "b\"" + std::string(value.text()) + quoted;
    case Tag::kType:
      return "type " + std::string(value.text());
    case Tag::kTimestamp:
      return std::string(timestamp_text(value, text));
    case Tag::kDuration:
      return std::string(duration_text(value, text));
    case Tag::kDouble: {
      const std::string shown(double_text(value.as_double(), text));
      return shown.find_first_of(".eNI") == shown.npos ? shown + ".0" : shown;
    }
    case Tag::kOptional:
      return value.length == 0 ? "none" : "optional " + show(context, value_of(context, value));
    case Tag::kList:
    case Tag::kMap: {
      std::string shown;
      Value cursor = cursor_over(context, value);
      Value key;
      Value element;
      for (Found more; (more = advance(context, cursor, key, element)) != Found::kNo;) {
        if (more == Found::kFailed) return "error " + std::string(fault_name(context.fault));
        if (!shown.empty()) shown += ", ";
        if (value.is(Tag::kMap)) shown += show(context, key) + ": ";
        shown += show(context, element);
      }
      return value.is(Tag::kMap) ? "{" + shown + "}" : "[" + shown + "]";
    }
    case Tag::kNull:
      return "null";
    case Tag::kBool:
      return value.as_bool() ? "true" : "false";
    case Tag::kInt:
      return std::to_string(value.as_int());
    default:
      return "internal";
  }
}

// What the first entry of a program makes of a record.
inline std::string evaluate(const ProgramBuilder& builder, std::string_view record = "{}") {
  const Program program = builder.load();
  Evaluator evaluator(program, static_cast<std::uint32_t>(std::max<std::size_t>(record.size(), 64)));
  evaluator.begin(record);
  return show(evaluator.context(), evaluator.run(0));
}

// The config of filter and reject with `where`.
inline std::string where_config(std::string_view program, std::uint32_t invert, std::string_view text) {
  abi::WhereConfig row{};
  row.invert = invert;
  row.program_offset = sizeof row;
  row.program_length = static_cast<std::uint32_t>(program.size());
  row.text_offset = row.program_offset + row.program_length;
  row.text_length = static_cast<std::uint32_t>(text.size());
  return std::string(reinterpret_cast<const char*>(&row), sizeof row) + std::string(program) + std::string(text);
}

}  // namespace byteor::expression::test

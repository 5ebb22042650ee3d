// See program.hpp.
#include "expression/program.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "abi/abi_generated.hpp"
#include "decode/buffer.hpp"
#include "expression/operands.hpp"
#include "expression/time.hpp"

namespace byteor::expression {

using decode::refuse;
using decode::require;

class Loader {
 public:
  explicit Loader(Program& program) : program_(program) {}

  void run(std::span<const std::byte> bytes) {
    read_header(bytes);
    read_tables();
    check_entries();
    check_instructions();
    read_constants();
    read_slots();
    read_trie();
    check_places();
    read_dfas();
    read_zones();
  }

 private:
  const ExprHeader& header() const { return program_.header_; }

  void read_header(std::span<const std::byte> bytes) {
    const decode::Buffer buffer(bytes);
    ExprHeader& read = program_.header_;
    read = buffer.at<ExprHeader>(0);
    require(read.magic == kExprMagic, "an expression does not begin as one", read.magic);
    require(read.layout_version == kExprLayoutVersion, "an expression is of another layout version",
            read.layout_version);
    require(read.bytes == bytes.size(), "an expression's length is not what it says", read.bytes);
    require(read.record >= static_cast<std::uint32_t>(ExprRecord::kJson) &&
                read.record <= static_cast<std::uint32_t>(ExprRecord::kBytes),
            "an expression is of unknown records", read.record);
    require(read.entry_count >= 1 && read.entry_count <= kExprInstructionsMax, "an expression has no entry or too many",
            read.entry_count);
    require(read.instruction_count >= 1 && read.instruction_count <= kExprInstructionsMax,
            "an expression has no instruction or too many", read.instruction_count);
    require(read.constant_count <= kExprConstantsMax, "an expression has too many constants", read.constant_count);
    require(read.register_count >= 1 && read.register_count <= kExprRegistersMax,
            "an expression has no register or too many", read.register_count);
    require(read.scratch_values <= kExprScratchValuesMax, "an expression wants too many scratch values",
            read.scratch_values);
    require(read.scratch_bytes <= kExprScratchBytesMax, "an expression wants too many scratch bytes",
            read.scratch_bytes);
    require(read.steps >= 1 && read.steps <= kExprStepsMax, "an expression may take no step or too many", read.steps);
    // The copy is in words, so that what is aligned in the program is aligned in memory.
    program_.bytes_.resize((bytes.size() + 7) / 8);
    std::memcpy(program_.bytes_.data(), bytes.data(), bytes.size());
  }

  decode::Buffer buffer() const {
    return decode::Buffer({reinterpret_cast<const std::byte*>(program_.bytes_.data()), header().bytes});
  }

  template <class T>
  std::vector<T> table(std::uint32_t count) {
    const std::span<const std::byte> part = buffer().part(next_, std::uint64_t{count} * sizeof(T));
    std::vector<T> rows(count);
    if (count != 0) std::memcpy(rows.data(), part.data(), part.size());
    next_ = (next_ + part.size() + 7) / 8 * 8;
    return rows;
  }

  void read_tables() {
    next_ = sizeof(ExprHeader);
    program_.entries_ = table<ExprEntry>(header().entry_count);
    program_.instructions_ = table<ExprInstruction>(header().instruction_count);
    constants_ = table<ExprConstant>(header().constant_count);
    nodes_ = table<ExprNode>(header().node_count);
    edges_ = table<ExprEdge>(header().edge_count);
    program_.slots_ = table<ExprSlot>(header().slot_count);
    program_.places_ = table<ExprPlace>(header().place_count);
    dfas_ = table<ExprDfa>(header().dfa_count);
  }

  void check_entries() {
    for (const ExprEntry& entry : program_.entries_)
      require(entry.first < header().instruction_count, "an entry begins behind the instructions", entry.first);
  }

  void check_instructions() {
    for (std::uint32_t i = 0; i != header().instruction_count; ++i) {
      const ExprInstruction& it = program_.instructions_[i];
      const Operands operands = operands_of(static_cast<ExprOp>(it.op));
      require(operands.known, "an expression has an unknown instruction", it.op);
      check_operand(operands.dst, it.dst, it, i);
      check_operand(operands.b, it.b, it, i);
      check_operand(operands.a, it.a, it, i);
    }
    const auto last = static_cast<ExprOp>(program_.instructions_.back().op);
    require(last == ExprOp::kReturn || last == ExprOp::kJump, "an expression does not end with Return or Jump",
            program_.instructions_.back().op);
  }

  // How many registers the operands of an instruction are that stand one behind the other.
  std::uint32_t range_of(const ExprInstruction& it) const {
    switch (static_cast<ExprOp>(it.op)) {
      case ExprOp::kMap:
        return 2u * it.b;
      case ExprOp::kCall:
        return static_cast<std::uint32_t>(operands_of(std::uint32_t{it.b}));
      default:
        return it.b;
    }
  }

  void check_operand(Operand kind, std::uint32_t value, const ExprInstruction& it, std::uint32_t i) {
    switch (kind) {
      case Operand::kUnused:
      case Operand::kCount:
      case Operand::kPairs:
        return;
      case Operand::kRegister:
        return require(value < header().register_count, "an instruction names a register that is not there", value);
      case Operand::kPair:
        return require(value + 1 < header().register_count, "an instruction names a register that is not there", value);
      case Operand::kRange:
        return require(value + range_of(it) <= header().register_count,
                       "an instruction names a register that is not there", value);
      case Operand::kConstant:
      case Operand::kKey:
        require(value < header().constant_count, "an instruction names a constant that is not there", value);
        return require(
            kind == Operand::kConstant || constants_[value].tag == static_cast<std::uint32_t>(ExprTag::kString),
            "a key is not a string", value);
      case Operand::kSlot:
        return require(value < header().slot_count, "an instruction names a slot that is not there", value);
      case Operand::kDfa:
        return require(value < header().dfa_count, "an instruction names a pattern that is not there", value);
      case Operand::kFunction:
        return require(operands_of(value) >= 0, "an instruction names a function that is not there", value);
      case Operand::kJump:
        return check_jump(value, it, i);
    }
  }

  // Backward only to a Next, which costs a step and ends.
  void check_jump(std::uint32_t to, const ExprInstruction& it, std::uint32_t i) {
    require(to < header().instruction_count, "a jump leads behind the instructions", to);
    if (to > i) return;
    const auto target = static_cast<ExprOp>(program_.instructions_[to].op);
    require(static_cast<ExprOp>(it.op) == ExprOp::kJump && (target == ExprOp::kNext || target == ExprOp::kNextPair),
            "a jump leads back to what is no Next", to);
  }

  std::string_view text(std::uint64_t offset, std::uint32_t length, bool utf8) {
    const std::string_view text = buffer().text(offset, length);
    require(!utf8 || is_utf8(text), "a text of an expression is not UTF-8", offset);
    return text;
  }

  // Of the control path, without simdjson, which a build may lack.
  static bool is_utf8(std::string_view text) {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    for (std::size_t i = 0; i < text.size();) {
      const unsigned lead = byte(i);
      const std::size_t length = lead < 0x80   ? 1
                                 : lead < 0xc2 ? 0
                                 : lead < 0xe0 ? 2
                                 : lead < 0xf0 ? 3
                                 : lead < 0xf5 ? 4
                                               : 0;
      if (length == 0) return false;
      for (std::size_t k = 1; k != length; ++k)
        if ((byte(i + k) & 0xc0) != 0x80) return false;
      const unsigned second = byte(i + 1);
      if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) || (lead == 0xf0 && second < 0x90) ||
          (lead == 0xf4 && second > 0x8f))
        return false;
      i += length;
    }
    return true;
  }

  void read_constants() {
    program_.constants_.resize(constants_.size());
    depths_.assign(constants_.size(), 0);
    std::vector<bool> owned(constants_.size(), false);
    // What a list holds stands behind it, so that its depth is known when the list is looked at.
    for (std::uint32_t i = header().constant_count; i-- != 0;) program_.constants_[i] = constant(i, owned);
  }

  Value constant(std::uint32_t i, std::vector<bool>& owned) {
    const ExprConstant& row = constants_[i];
    const auto tag = static_cast<ExprTag>(row.tag);
    const Value value{row.payload, row.length, static_cast<Tag>(row.tag)};
    switch (tag) {
      case ExprTag::kError:
        require(row.payload >= 1 && row.payload <= static_cast<std::uint64_t>(ExprFault::kNoSuchAttribute),
                "a constant is an unknown error", row.payload);
        return error(static_cast<ExprFault>(row.payload));
      case ExprTag::kNull:
        return of_null();
      case ExprTag::kBool:
        require(row.payload <= 1, "a constant is no bool", row.payload);
        return of_bool(row.payload == 1);
      case ExprTag::kInt:
      case ExprTag::kUint:
      case ExprTag::kDouble:
        return {row.payload, 0, value.tag};
      case ExprTag::kString:
      case ExprTag::kType:
        return of_text(value.tag, text(row.payload, row.length, true));
      case ExprTag::kBytes:
        return of_text(value.tag, text(row.payload, row.length, false));
      case ExprTag::kTimestamp:
        require(row.length < kNanosecondsASecond && in_range(static_cast<std::int64_t>(row.payload)),
                "a constant is no timestamp", row.payload);
        return value;
      case ExprTag::kDuration: {
        const Value duration = make_duration(static_cast<std::int64_t>(row.payload), row.length);
        require(row.length < kNanosecondsASecond && !has_failed(duration), "a constant is no duration", row.payload);
        return duration;
      }
      case ExprTag::kList:
      case ExprTag::kMap:
        own(i, row, owned);
        return {row.payload, row.length, value.tag, Form::kConstant};
      default:
        refuse("a constant is of an unknown type", row.tag);
    }
  }

  void own(std::uint32_t i, const ExprConstant& row, std::vector<bool>& owned) {
    const bool is_map = row.tag == static_cast<std::uint32_t>(ExprTag::kMap);
    const std::uint64_t count = std::uint64_t{row.length} * (is_map ? 2 : 1);
    if (count == 0) return;
    require(row.payload > i && row.payload <= header().constant_count && count <= header().constant_count - row.payload,
            "a constant holds others that do not stand behind it", row.payload);
    for (std::uint64_t k = row.payload; k != row.payload + count; ++k) {
      require(!owned[k], "a constant stands in two others", k);
      owned[k] = true;
      depths_[i] = std::max(depths_[i], depths_[k] + 1);
      const Value& element = program_.constants_[k];
      require(!element.is(Tag::kError), "an error stands in a list", k);
      const bool is_key = is_map && (k - row.payload) % 2 == 0;
      require(!is_key || element.is(Tag::kBool) || element.is(Tag::kInt) || element.is(Tag::kUint) ||
                  element.is(Tag::kString),
              "a key of a map is of another type than bool, int, uint and string", k);
    }
    require(depths_[i] <= kExprDepthMax, "constants stand too deep within each other", depths_[i]);
  }

  void read_slots() {
    const bool is_struct = program_.record() == ExprRecord::kStruct;
    require(is_struct || program_.record() == ExprRecord::kJson || header().slot_count == 0,
            "an expression reads members of a text", header().slot_count);
    require(!is_struct || header().node_count == 0, "an expression reads members of a struct by keys",
            header().node_count);
    if (!is_struct) return;
    for (const ExprSlot& slot : program_.slots_) {
      const std::uint32_t width = width_of(slot.field);
      require(width != 0, "a slot is of an unknown type", slot.field);
      require(width == kAnyWidth || width == slot.length, "a slot has another width than its type", slot.length);
      require(std::uint64_t{slot.offset} + slot.length <= kNone, "a slot reaches past every struct", slot.offset);
    }
  }

  static constexpr std::uint32_t kAnyWidth = ~0u;

  static std::uint32_t width_of(std::uint32_t field) {
    switch (static_cast<abi::FieldCode>(field)) {
      case abi::FieldCode::kU8:
      case abi::FieldCode::kI8:
      case abi::FieldCode::kBool:
        return 1;
      case abi::FieldCode::kU16:
      case abi::FieldCode::kI16:
        return 2;
      case abi::FieldCode::kU32:
      case abi::FieldCode::kI32:
      case abi::FieldCode::kF32:
        return 4;
      case abi::FieldCode::kU64:
      case abi::FieldCode::kI64:
      case abi::FieldCode::kF64:
        return 8;
      case abi::FieldCode::kBytes:
      case abi::FieldCode::kUtf8:
        return kAnyWidth;
    }
    return 0;
  }

  void read_trie() {
    program_.nodes_.resize(nodes_.size());
    program_.edges_.resize(edges_.size());
    program_.slot_nodes_.assign(program_.slots_.size(), kNone);
    reached_.assign(nodes_.size(), false);
    if (!nodes_.empty()) {
      reached_[0] = true;
      program_.nodes_[0].parent = kNone;
    }
    std::uint64_t next = 0;
    // The edge that leads to a node stands before it.
    for (std::uint32_t i = 0; i != nodes_.size(); ++i) {
      const ExprNode& row = nodes_[i];
      require(reached_[i], "no key leads to an object", i);
      require(row.first_edge == next && row.edge_count <= edges_.size() - next,
              "the keys of an object do not stand one behind the other", row.first_edge);
      next += row.edge_count;
      Node& node = program_.nodes_[i];
      node.first_edge = row.first_edge;
      node.edge_count = row.edge_count;
      node.lengths = 0;
      node.shortest = kNone;
      for (std::uint32_t k = row.first_edge; k != row.first_edge + row.edge_count; ++k) read_edge(i, node, k);
      require(node.lengths == row.lengths, "the lengths of an object's keys are not those of its keys", i);
    }
    require(next == edges_.size(), "keys belong to no object", edges_.size());
    const bool is_json = program_.record() == ExprRecord::kJson;
    const bool complete =
        std::find(program_.slot_nodes_.begin(), program_.slot_nodes_.end(), kNone) == program_.slot_nodes_.end();
    require(!is_json || complete, "no key leads to a slot", header().slot_count);
    require(is_json || nodes_.empty(), "an expression over a text has keys", nodes_.size());
  }

  void read_edge(std::uint32_t owner, Node& node, std::uint32_t k) {
    const ExprEdge& row = edges_[k];
    Edge& edge = program_.edges_[k];
    edge.text = text(row.text_offset, row.length, true);
    std::uint64_t head = 0;
    const std::size_t counts = std::min<std::size_t>(8, edge.text.size());
    if (counts != 0) std::memcpy(&head, edge.text.data(), counts);
    const std::uint64_t mask = counts == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * counts) - 1;
    require(row.head == head && row.mask == mask, "the head of a key is not that of its text", k);
    edge.head = head;
    edge.mask = mask;
    edge.escaped = std::any_of(edge.text.begin(), edge.text.end(),
                               [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; });
    node.lengths |= std::uint64_t{1} << std::min<std::size_t>(edge.text.size(), 63);
    node.shortest = std::min(node.shortest, static_cast<std::uint32_t>(edge.text.size()));
    require(row.child == 0 || (row.child > owner && row.child < nodes_.size() && !reached_[row.child]),
            "a key leads to an object that is not its own", row.child);
    edge.child = row.child;
    if (row.child != 0) {
      reached_[row.child] = true;
      program_.nodes_[row.child].parent = owner;
    }
    require(row.slot <= program_.slots_.size() && (row.slot == 0 || program_.slot_nodes_[row.slot - 1] == kNone),
            "a key leads to a slot that is not its own", row.slot);
    require(row.slot != 0 || row.child != 0, "a key leads nowhere", k);
    edge.slot = row.slot - 1;
    if (row.slot != 0) program_.slot_nodes_[row.slot - 1] = owner;
  }

  void check_places() {
    for (std::uint32_t i = 1; i < program_.places_.size(); ++i)
      require(program_.places_[i - 1].instruction <= program_.places_[i].instruction,
              "places in the text do not ascend by instruction", i);
  }

  void read_dfas() {
    for (const ExprDfa& row : dfas_) {
      require(row.state_count >= 1 && row.class_count >= 1 && row.class_count <= 256 &&
                  std::uint64_t{row.state_count} * row.class_count * 2 <= kExprDfaBytesMax,
              "a pattern has no state or too many", row.state_count);
      require(row.states_offset % 2 == 0, "the states of a pattern are not aligned", row.states_offset);
      const std::string_view classes = buffer().text(row.classes_offset, 256);
      for (const char c : classes)
        require(static_cast<unsigned char>(c) < row.class_count, "a byte has a class that is not there",
                static_cast<unsigned char>(c));
      const std::uint32_t cells = row.state_count * row.class_count;
      const std::span<const std::byte> states = buffer().part(row.states_offset, std::uint64_t{cells} * 2);
      const std::string_view accepts = buffer().text(row.accepts_offset, row.state_count);
      Dfa dfa{reinterpret_cast<const std::uint8_t*>(classes.data()), {}, {}, true};
      dfa.next.resize(cells);
      std::memcpy(dfa.next.data(), states.data(), states.size());
      dfa.accepts.assign(cells, 0);
      for (std::uint32_t cell = 0; cell != cells; ++cell) {
        const std::uint32_t next = dfa.next[cell];
        require(next < row.state_count, "a pattern leads to a state that is not there", next);
        const std::uint32_t state = cell / row.class_count;
        dfa.next[cell] = static_cast<std::uint16_t>(next * row.class_count);
        dfa.accepts[cell] = static_cast<std::uint8_t>(accepts[state]);
        if ((accepts[state] & 1) != 0 && (accepts[next] & 1) == 0) dfa.stays = false;
      }
      program_.dfas_.push_back(std::move(dfa));
    }
  }

  // A program that asks for local times names their zones.
  void read_zones() {
    const bool asks = std::any_of(program_.instructions_.begin(), program_.instructions_.end(), [](const auto& it) {
      return static_cast<ExprOp>(it.op) == ExprOp::kCall &&
             it.b >= static_cast<std::uint16_t>(ExprFunction::kFullYearIn) &&
             it.b <= static_cast<std::uint16_t>(ExprFunction::kMillisecondsIn);
    });
    if (!asks) return;
    for (const Value& value : program_.constants_)
      if (value.is(Tag::kString)) program_.zones_.add(value.text());
  }

  Program& program_;
  std::uint64_t next_ = 0;
  std::vector<ExprConstant> constants_;
  std::vector<ExprNode> nodes_;
  std::vector<ExprEdge> edges_;
  std::vector<ExprDfa> dfas_;
  std::vector<std::uint32_t> depths_;
  std::vector<bool> reached_;
};

Program Program::load(std::span<const std::byte> bytes) {
  Program program;
  Loader(program).run(bytes);
  return program;
}

const ExprPlace* Program::place_of(std::uint32_t instruction) const noexcept {
  const auto behind = std::upper_bound(places_.begin(), places_.end(), instruction,
                                       [](std::uint32_t i, const ExprPlace& place) { return i < place.instruction; });
  return behind == places_.begin() ? nullptr : &*(behind - 1);
}

}  // namespace byteor::expression

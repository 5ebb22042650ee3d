// See members.hpp.
#include "expression/members.hpp"

#include <algorithm>
#include <cstring>

#include "abi/abi_generated.hpp"
#include "expression/collections.hpp"

namespace byteor::expression {
namespace {

template <class T>
T load(const char* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// The first 8 bytes from a key on, as far as the record goes.
std::uint64_t head_of(const char* key, const char* end) noexcept {
  if (end - key >= 8) [[likely]]
    return load<std::uint64_t>(key);
  std::uint64_t head = 0;
  std::memcpy(&head, key, static_cast<std::size_t>(end - key));
  return head;
}

}  // namespace

Members::Members(const Program& program, json::Index* index)
    : program_(program),
      index_(index),
      slots_(program.header().slot_count),
      states_(program.header().node_count),
      open_(program.header().node_count) {}

void Members::begin(std::string_view record) noexcept {
  record_ = record;
  for (Value& slot : slots_) slot.tag = Tag::kUnread;
  std::fill(states_.begin(), states_.end(), State::kUnseen);
  depth_ = 0;
  pending_ = 0;
  indexed_ = false;
  over_ = false;
  fault_ = {};
  escapes_ = Escapes::kUnknown;
}

Value Members::record() noexcept {
  switch (program_.record()) {
    case ExprRecord::kJson: {
      if (!read_index()) return error(fault_);
      const json::Index& index = *index_;
      const bool alone = !json::Index::opens(index[0]);
      return alone && index.count() != 1 ? error(ExprFault::kBadJson) : value_at(index, 0);
    }
    case ExprRecord::kUtf8:
      return json::is_utf8(record_) ? of_string(record_) : error(ExprFault::kBadUtf8);
    case ExprRecord::kBytes:
      return of_text(Tag::kBytes, record_);
    default:
      return no_overload();
  }
}

Value Members::read_field(const ExprSlot& slot) const noexcept {
  if (record_.size() < std::uint64_t{slot.offset} + slot.length) return error(ExprFault::kNoSuchAttribute);
  const char* const field = record_.data() + slot.offset;
  switch (static_cast<abi::FieldCode>(slot.field)) {
    case abi::FieldCode::kU8:
      return of_uint(load<std::uint8_t>(field));
    case abi::FieldCode::kU16:
      return of_uint(load<std::uint16_t>(field));
    case abi::FieldCode::kU32:
      return of_uint(load<std::uint32_t>(field));
    case abi::FieldCode::kU64:
      return of_uint(load<std::uint64_t>(field));
    case abi::FieldCode::kI8:
      return of_int(load<std::int8_t>(field));
    case abi::FieldCode::kI16:
      return of_int(load<std::int16_t>(field));
    case abi::FieldCode::kI32:
      return of_int(load<std::int32_t>(field));
    case abi::FieldCode::kI64:
      return of_int(load<std::int64_t>(field));
    case abi::FieldCode::kF32:
      return of_double(static_cast<double>(load<float>(field)));
    case abi::FieldCode::kF64:
      return of_double(load<double>(field));
    case abi::FieldCode::kBool:
      return of_bool(*field != 0);
    case abi::FieldCode::kBytes:
      return of_text(Tag::kBytes, {field, slot.length});
    case abi::FieldCode::kUtf8:
      break;
  }
  // Zeros fill the field behind its text.
  std::string_view text(field, slot.length);
  while (text.ends_with('\0')) text.remove_suffix(1);
  return json::is_utf8(text) ? of_string(text) : error(ExprFault::kBadUtf8);
}

bool Members::stop(ExprFault fault) noexcept {
  fault_ = fault;
  over_ = true;
  return false;
}

// The index of the record; false where it has none.
bool Members::read_index() noexcept {
  if (indexed_) return index_->count() != 0;
  indexed_ = true;
  switch (index_->read(record_)) {
    case json::Stage1::Result::kIndexed:
      break;
    case json::Stage1::Result::kNotUtf8:
      return stop(ExprFault::kBadUtf8);
    case json::Stage1::Result::kNotJson:
      return stop(ExprFault::kBadJson);
    case json::Stage1::Result::kTooLong:
      return stop(ExprFault::kTooMuchMemory);
  }
  if (states_.empty()) return true;
  if ((*index_)[0] == '{') {
    enter(0, 0);
  } else {
    states_[0] = State::kNoObject;
    over_ = true;
  }
  return true;
}

// What is known of a member that has not been found: of the node that it belongs to and those around it. False: nothing
// yet.
bool Members::answer(std::uint32_t node, Value& value) const noexcept {
  const bool own = states_[node] == State::kClosed;
  for (std::uint32_t i = node; i != kNone; i = program_.node(i).parent) {
    switch (states_[i]) {
      case State::kOpen:
        return false;
      case State::kClosed:
        value = own ? Value{} : error(ExprFault::kNoSuchKey);
        return true;
      case State::kNoObject:
        value = no_overload();
        return true;
      case State::kUnseen:
        break;
    }
  }
  return false;
}

Value Members::find(std::uint32_t slot) noexcept {
  Value& value = slots_[slot];
  if (program_.record() == ExprRecord::kStruct) return value = read_field(program_.slot(slot));
  if (!read_index()) return value = error(fault_);
  const std::uint32_t node = program_.node_of_slot(slot);
  for (;;) {
    if (!value.is(Tag::kUnread)) return value;
    if (over_ && fault_ != ExprFault{}) return value = error(fault_);
    if (answer(node, value)) return value;
    walk();
  }
}

// The pass goes on until a wanted member has been taken, an object has ended, or all is over.
void Members::walk() noexcept {
  if (pending_ != 0) {
    const std::uint32_t value = pending_;
    pending_ = 0;
    if (!go_on_behind(value)) return;
  }
  const json::Index& index = *index_;
  for (;;) {
    json::Member member;
    if (!index.member(at_, member)) {
      stop(ExprFault::kBadJson);
      return;
    }
    const Edge* const edge = edge_of(program_.node(open_[depth_ - 1]), member.key);
    if (edge == nullptr) {
      if (!go_on_behind(member.value)) return;
    } else if (!take(*edge, member.value)) {
      return;
    }
  }
}

// True: the pass is at the first key of the object. False: it is empty, and the pass behind it.
bool Members::enter(std::uint32_t node, std::uint32_t object) noexcept {
  states_[node] = State::kOpen;
  open_[depth_++] = node;
  at_ = object + 1;
  if ((*index_)[at_] != '}') return true;
  states_[node] = State::kClosed;
  --depth_;
  if (depth_ != 0) {
    pending_ = object;
  } else {
    over_ = true;
    if (at_ + 1 != index_->count()) fault_ = ExprFault::kBadJson;
  }
  return false;
}

// True: the pass is at the next key of the same object. False: it has left one, or it is over.
bool Members::go_on_behind(std::uint32_t value) noexcept {
  const json::Index& index = *index_;
  std::uint32_t behind = index.behind(value);
  const char first = index[behind];
  if (first == ',') [[likely]] {
    at_ = behind + 1;
    return true;
  }
  for (;;) {
    if (behind >= index.count() || index[behind] != '}') return stop(ExprFault::kBadJson);
    states_[open_[--depth_]] = State::kClosed;
    ++behind;
    if (depth_ == 0) {
      over_ = true;
      if (behind != index.count()) fault_ = ExprFault::kBadJson;
      return false;
    }
    if (behind < index.count() && index[behind] == ',') {
      at_ = behind + 1;
      return false;
    }
  }
}

// A wanted member: into its slot, or into the object behind it. Of several of one name the first counts. True: the pass
// goes on at at_.
bool Members::take(const Edge& edge, std::uint32_t value) noexcept {
  const json::Index& index = *index_;
  const bool fills = edge.slot != kNone && slots_[edge.slot].is(Tag::kUnread);
  if (fills) {
    Value taken = value_at(index, value);
    if (!json::Index::opens(index[value])) {
      const char c = index[value + 1];
      if (c != ',' && c != '}') taken = error(ExprFault::kBadJson);
    }
    slots_[edge.slot] = taken;
  }
  if (edge.child != 0 && states_[edge.child] == State::kUnseen) {
    if (index[value] == '{') return enter(edge.child, value) && !fills;
    states_[edge.child] = State::kNoObject;
    pending_ = value;
    return false;
  }
  if (!fills) return go_on_behind(value);
  pending_ = value;
  return false;
}

const Edge* Members::edge_of(const Node& node, std::string_view key) noexcept {
  const std::uint64_t length = std::uint64_t{1} << std::min<std::size_t>(key.size(), 63);
  if ((node.lengths & length) != 0) {
    const std::uint64_t head = head_of(key.data(), index_->end());
    for (std::uint32_t i = node.first_edge; i != node.first_edge + node.edge_count; ++i) {
      const Edge& edge = program_.edge(i);
      if (((head ^ edge.head) & edge.mask) != 0 || edge.text.size() != key.size() || edge.escaped) continue;
      if (key.size() <= 8 || std::memcmp(key.data() + 8, edge.text.data() + 8, key.size() - 8) == 0) return &edge;
    }
  }
  if (key.size() <= node.shortest || escapes_ == Escapes::kNone) return nullptr;
  return edge_of_escaped(node, key);
}

// A key that is longer than a wanted one may be the same with escapes. Whether the record has any is looked up once.
const Edge* Members::edge_of_escaped(const Node& node, std::string_view key) noexcept {
  if (escapes_ == Escapes::kUnknown) escapes_ = json::has_escape(record_) ? Escapes::kSome : Escapes::kNone;
  if (escapes_ == Escapes::kNone || !json::has_escape(key)) return nullptr;
  for (std::uint32_t i = node.first_edge; i != node.first_edge + node.edge_count; ++i)
    if (json::stands_for(key, program_.edge(i).text)) return &program_.edge(i);
  return nullptr;
}

}  // namespace byteor::expression

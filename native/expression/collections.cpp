// See collections.hpp.
#include "expression/collections.hpp"

#include <algorithm>

#include "expression/numbers.hpp"
#include "json/number.hpp"

namespace byteor::expression {
namespace {

constexpr std::uint32_t low(std::uint64_t payload) noexcept { return static_cast<std::uint32_t>(payload); }
constexpr std::uint32_t high(std::uint64_t payload) noexcept { return static_cast<std::uint32_t>(payload >> 32); }
constexpr std::uint64_t pack(std::uint32_t low, std::uint32_t high) noexcept { return std::uint64_t{high} << 32 | low; }

Found failed(Context& context, ExprFault fault) noexcept {
  context.fault = fault;
  return Found::kFailed;
}

Found found_if(bool holds) noexcept { return holds ? Found::kYes : Found::kNo; }

// Whether a string of JSON stands for a text: without room, and mostly by one comparison.
bool raw_equals(std::string_view raw, std::string_view text) noexcept {
  if (raw.size() < text.size()) return false;
  if (raw.size() > text.size()) return json::has_escape(raw) && json::stands_for(raw, text);
  return raw == text && !json::has_escape(raw);
}

bool same_string(const Value& a, const Value& b) noexcept {
  if (a.form == Form::kRaw && b.form == Form::kRaw) return json::stand_for_same(a.text(), b.text());
  if (a.form == Form::kRaw) return raw_equals(a.text(), b.text());
  if (b.form == Form::kRaw) return raw_equals(b.text(), a.text());
  return a.text() == b.text();
}

Value raw_string(std::string_view raw) noexcept {
  Value value = of_string(raw);
  value.form = Form::kRaw;
  return value;
}

const Value& stored(const Context& context, Form form, std::uint32_t i) noexcept {
  return form == Form::kConstant ? context.program.constant(i) : context.values[i];
}

// Whether a member of the same name stands before the key at `key` in the object that is opened at `object`.
bool is_repeated(Context& context, std::uint32_t object, std::uint32_t key) noexcept {
  const json::Index& index = *context.index;
  const std::string_view name = index.string(key);
  for (std::uint32_t i = object + 1; i < key;) {
    json::Member member;
    if (!index.member(i, member)) return false;
    if (json::stand_for_same(member.key, name)) return true;
    i = index.behind(member.value) + 1;
  }
  return false;
}

// At what stands behind a value of the record: the place of the next key or element, 0 at the end, kNone where it is
// neither.
std::uint32_t next_place(Context& context, std::uint32_t value, char close) noexcept {
  const json::Index& index = *context.index;
  const std::uint32_t behind = index.behind(value);
  if (behind >= index.count()) return kNone;
  const char c = index[behind];
  if (c == close) return 0;
  return c == ',' ? behind + 1 : kNone;
}

Found advance_json(Context& context, Value& cursor, Value& key, Value& value) noexcept {
  const json::Index& index = *context.index;
  const bool of_map = cursor.of_map != 0;
  const std::uint32_t origin = high(cursor.payload);
  for (;;) {
    const std::uint32_t at = low(cursor.payload);
    if (at == 0) return Found::kNo;
    // Where it fails there is no further element.
    cursor.payload = pack(0, origin);
    std::uint32_t place = at;
    if (of_map) {
      json::Member member;
      if (!index.member(at, member)) return failed(context, ExprFault::kBadJson);
      key = raw_string(member.key);
      place = member.value;
    } else {
      if (at + 1 >= index.count()) return failed(context, ExprFault::kBadJson);
      key = of_int(cursor.length++);
    }
    value = value_at(index, place);
    if (value.is(Tag::kError)) return failed(context, value.fault());
    const std::uint32_t next = next_place(context, place, of_map ? '}' : ']');
    if (next == kNone) return failed(context, ExprFault::kBadJson);
    // Skipping the value took as many steps as it has entries, and looking for its name as many as stand before it.
    const std::uint32_t looked_at = (next > at ? next - at : 0) + (of_map ? at - origin : 0);
    if (!context.charge_index(looked_at)) return Found::kFailed;
    cursor.payload = pack(next, origin);
    if (!of_map || !is_repeated(context, origin, at)) return Found::kYes;
    if (!context.charge(1)) return Found::kFailed;
  }
}

Found look_up_json(Context& context, const Value& map, Value& key, Value& value) noexcept {
  if (!key.is(Tag::kString)) return Found::kNo;
  if (!resolve(context, key)) return failed(context, key.fault());
  const json::Index& index = *context.index;
  const auto object = static_cast<std::uint32_t>(map.payload);
  std::uint32_t i = object + 1;
  if (index[i] == '}') return Found::kNo;
  for (;;) {
    json::Member member;
    if (!index.member(i, member)) return failed(context, ExprFault::kBadJson);
    if (raw_equals(member.key, key.text())) {
      value = value_at(index, member.value);
      return value.is(Tag::kError) ? failed(context, value.fault()) : Found::kYes;
    }
    const std::uint32_t next = next_place(context, member.value, '}');
    if (next == 0) return Found::kNo;
    if (next == kNone) return failed(context, ExprFault::kBadJson);
    if (!context.charge(1) || !context.charge_index(next - i)) return Found::kFailed;
    i = next;
  }
}

Found look_up_stored(Context& context, const Value& map, const Value& key, Value& value) noexcept {
  const auto first = static_cast<std::uint32_t>(map.payload);
  for (std::uint32_t i = 0; i != map.length; ++i) {
    if (!context.charge(1)) return Found::kFailed;
    const Found same = equal(context, stored(context, map.form, first + 2 * i), key);
    if (same == Found::kNo) continue;
    value = stored(context, map.form, first + 2 * i + 1);
    return same;
  }
  return Found::kNo;
}

// The number that an index means; -1 where it is negative, kFailed where it is none.
Found place_of(Context& context, const Value& key, std::uint64_t& place) noexcept {
  switch (key.tag) {
    case Tag::kInt:
    case Tag::kUint:
      place = key.payload;
      return found_if(key.is(Tag::kUint) || key.as_int() >= 0);
    case Tag::kDouble: {
      const double number = key.as_double();
      if (!(number >= 0 && number < 4294967296.0)) return Found::kNo;
      place = static_cast<std::uint64_t>(number);
      return found_if(static_cast<double>(place) == number);
    }
    default:
      return failed(context, ExprFault::kNoSuchOverload);
  }
}

Found element_of(Context& context, const Value& list, const Value& key, Value& value) noexcept {
  std::uint64_t place = 0;
  if (const Found found = place_of(context, key, place); found != Found::kYes) return found;
  if (list.form != Form::kJson) {
    if (place >= list.length) return Found::kNo;
    value = stored(context, list.form, static_cast<std::uint32_t>(list.payload + place));
    return Found::kYes;
  }
  Value cursor = cursor_over(context, list);
  Value number;
  for (;;) {
    const Found found = advance(context, cursor, number, value);
    if (found != Found::kYes || place-- == 0) return found;
    if (!context.charge(1)) return Found::kFailed;
  }
}

Found equal_lists(Context& context, const Value& a, const Value& b, std::uint32_t depth) noexcept {
  if (a.form != Form::kJson && b.form != Form::kJson && a.length != b.length) return Found::kNo;
  Value one = cursor_over(context, a);
  Value other = cursor_over(context, b);
  for (;;) {
    Value number;
    Value left;
    Value right;
    const Found more = advance(context, one, number, left);
    const Found too = advance(context, other, number, right);
    if (more == Found::kFailed || too == Found::kFailed) return Found::kFailed;
    if (more != too) return Found::kNo;
    if (more == Found::kNo) return Found::kYes;
    if (!context.charge(1)) return Found::kFailed;
    if (const Found same = equal(context, left, right, depth + 1); same != Found::kYes) return same;
  }
}

Found equal_maps(Context& context, const Value& a, const Value& b, std::uint32_t depth) noexcept {
  Value left = a;
  Value right = b;
  const Value left_size = size_of(context, left);
  const Value right_size = size_of(context, right);
  for (const Value& size : {left_size, right_size})
    if (size.is(Tag::kError)) return failed(context, size.fault());
  if (left_size.payload != right_size.payload) return Found::kNo;
  Value cursor = cursor_over(context, a);
  for (;;) {
    Value key;
    Value value;
    const Found more = advance(context, cursor, key, value);
    if (more != Found::kYes) return more == Found::kNo ? Found::kYes : more;
    Value other;
    if (const Found found = look_up(context, b, key, other); found != Found::kYes) return found;
    if (!context.charge(1)) return Found::kFailed;
    if (const Found same = equal(context, value, other, depth + 1); same != Found::kYes) return same;
  }
}

}  // namespace

Value value_at(const json::Index& index, std::uint32_t i) noexcept {
  const char* const begin = index.begin_of(i);
  switch (*begin) {
    case '"':
      return raw_string(index.string(i));
    case '{':
      return {i, 0, Tag::kMap, Form::kJson};
    case '[':
      return {i, 0, Tag::kList, Form::kJson};
    case 't':
      return json::is_atom(begin, index.end(), "true") ? of_bool(true) : error(ExprFault::kBadJson);
    case 'f':
      return json::is_atom(begin, index.end(), "false") ? of_bool(false) : error(ExprFault::kBadJson);
    case 'n':
      return json::is_atom(begin, index.end(), "null") ? of_null() : error(ExprFault::kBadJson);
    default:
      break;
  }
  const json::Number number = json::read_number(begin, index.end());
  switch (number.kind) {
    case json::Number::Kind::kInt:
      return {number.bits, 0, Tag::kInt};
    case json::Number::Kind::kUint:
      return {number.bits, 0, Tag::kUint};
    case json::Number::Kind::kDouble:
      return {number.bits, 0, Tag::kDouble};
    case json::Number::Kind::kTooLarge:
      return error(ExprFault::kRange);
    case json::Number::Kind::kNone:
      break;
  }
  return error(ExprFault::kBadJson);
}

Value cursor_over(Context& context, const Value& container) noexcept {
  const bool is_map = container.is(Tag::kMap);
  const auto first = static_cast<std::uint32_t>(container.payload);
  Value cursor{0, 0, Tag::kIterator, container.form, static_cast<std::uint16_t>(is_map)};
  if (container.form == Form::kJson) {
    const bool empty = (*context.index)[first + 1] == (is_map ? '}' : ']');
    cursor.payload = pack(empty ? 0 : first + 1, first);
  } else {
    cursor.payload = pack(first, first + container.length * (is_map ? 2 : 1));
  }
  return cursor;
}

Found advance(Context& context, Value& cursor, Value& key, Value& value) noexcept {
  if (cursor.form == Form::kJson) return advance_json(context, cursor, key, value);
  std::uint32_t at = low(cursor.payload);
  const std::uint32_t end = high(cursor.payload);
  if (at == end) return Found::kNo;
  key = cursor.of_map != 0 ? stored(context, cursor.form, at++) : of_int(cursor.length++);
  value = stored(context, cursor.form, at++);
  cursor.payload = pack(at, end);
  return Found::kYes;
}

Value size_of(Context& context, Value& value) noexcept {
  switch (value.tag) {
    case Tag::kString: {
      if (!resolve(context, value)) return value;
      const std::string_view text = value.text();
      if (!context.charge_text(text.size())) return error(context.fault);
      return of_int(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
    }
    case Tag::kBytes:
      return of_int(value.length);
    case Tag::kList:
    case Tag::kMap:
      break;
    default:
      return no_overload();
  }
  if (value.form != Form::kJson) return of_int(value.length);
  std::int64_t count = 0;
  Value cursor = cursor_over(context, value);
  for (Value key, element;; ++count) {
    const Found more = advance(context, cursor, key, element);
    if (more == Found::kNo) return of_int(count);
    if (more == Found::kFailed) return error(context.fault);
  }
}

Found look_up(Context& context, const Value& container, Value& key, Value& value) noexcept {
  if (container.is(Tag::kList)) return element_of(context, container, key, value);
  switch (key.tag) {
    case Tag::kBool:
    case Tag::kInt:
    case Tag::kUint:
    case Tag::kDouble:
    case Tag::kString:
      break;
    default:
      return failed(context, ExprFault::kNoSuchOverload);
  }
  if (container.form == Form::kJson) return look_up_json(context, container, key, value);
  return look_up_stored(context, container, key, value);
}

Found equal(Context& context, const Value& a, const Value& b, std::uint32_t depth) noexcept {
  if (a.is_number() && b.is_number()) return found_if(compare_numbers(a, b) == Order::kEqual);
  if (a.tag != b.tag) return Found::kNo;
  if (depth > kExprDepthMax) return failed(context, ExprFault::kTooMuchMemory);
  switch (a.tag) {
    case Tag::kNull:
      return Found::kYes;
    case Tag::kBool:
    case Tag::kDuration:
      return found_if(a.payload == b.payload);
    case Tag::kTimestamp:
      return found_if(a.payload == b.payload && a.length == b.length);
    case Tag::kString:
      if (!context.charge_text(std::min(a.length, b.length))) return Found::kFailed;
      return found_if(same_string(a, b));
    case Tag::kBytes:
    case Tag::kType:
      return found_if(a.text() == b.text());
    case Tag::kList:
      return equal_lists(context, a, b, depth);
    case Tag::kMap:
      return equal_maps(context, a, b, depth);
    case Tag::kOptional:
      if (a.length != b.length || a.length == 0) return found_if(a.length == b.length);
      return equal(context, value_of(context, a), value_of(context, b), depth + 1);
    default:
      return failed(context, ExprFault::kNoSuchOverload);
  }
}

Found contains(Context& context, const Value& container, Value& element) noexcept {
  Value value;
  if (container.is(Tag::kMap)) {
    // What can be no key of a map is none of this one.
    const bool can_be = element.is_number() || element.is(Tag::kBool) || element.is(Tag::kString);
    return can_be ? look_up(context, container, element, value) : Found::kNo;
  }
  if (!container.is(Tag::kList)) return failed(context, ExprFault::kNoSuchOverload);
  Value cursor = cursor_over(context, container);
  for (;;) {
    Value number;
    const Found more = advance(context, cursor, number, value);
    if (more != Found::kYes) return more;
    if (!context.charge(1)) return Found::kFailed;
    if (const Found same = equal(context, value, element); same != Found::kNo) return same;
  }
}

Value new_builder() noexcept { return {0, 0, Tag::kBuilder, Form::kScratch}; }

namespace {

// Room for one more value in a builder, whose payload is its first and how many it has room for.
bool grow(Context& context, Value& builder, std::uint32_t used, std::uint32_t more) noexcept {
  const std::uint32_t first = low(builder.payload);
  const std::uint32_t room = high(builder.payload);
  if (used + more <= room) return true;
  const std::uint32_t wanted = std::max(room, 2u) * 2;
  if (room != 0 && first + room == context.values_used) {
    const std::uint32_t further = std::min(wanted - room, context.values_max - context.values_used);
    if (further >= more) {
      context.values_used += further;
      builder.payload = pack(first, room + further);
      return true;
    }
  }
  const std::uint32_t moved = context.take_values(wanted);
  if (moved == kNone) {
    builder = error(ExprFault::kTooMuchMemory);
    return false;
  }
  std::copy_n(context.values + first, used, context.values + moved);
  builder.payload = pack(moved, wanted);
  return true;
}

bool is_key(const Value& key) noexcept {
  return key.is(Tag::kBool) || key.is(Tag::kInt) || key.is(Tag::kUint) || key.is(Tag::kString);
}

// Whether a key can stand behind `count` pairs.
ExprFault judge_key(Context& context, const Value& key, std::uint32_t first, std::uint32_t count, bool& good) noexcept {
  good = false;
  if (!is_key(key)) return ExprFault::kNoSuchOverload;
  Value ignored;
  const Value so_far{first, count, Tag::kMap, Form::kScratch};
  const Found found = look_up_stored(context, so_far, key, ignored);
  good = found == Found::kNo;
  return found == Found::kFailed ? context.fault : ExprFault::kDuplicateKey;
}

}  // namespace

void append(Context& context, Value& builder, const Value& element) noexcept {
  if (builder.is(Tag::kError)) return;
  if (has_failed(element)) {
    builder = used(element);
  } else if (!builder.is(Tag::kBuilder) || builder.of_map != 0) {
    builder = no_overload();
  } else if (grow(context, builder, builder.length, 1)) {
    context.values[low(builder.payload) + builder.length++] = element;
  }
}

void append_pair(Context& context, Value& builder, Value& key, const Value& value) noexcept {
  if (builder.is(Tag::kError)) return;
  if (has_failed(key) || has_failed(value)) {
    builder = used(has_failed(key) ? key : value);
    return;
  }
  if (!builder.is(Tag::kBuilder) || (builder.of_map == 0 && builder.length != 0)) {
    builder = no_overload();
    return;
  }
  builder.of_map = 1;
  bool good = false;
  const ExprFault fault = judge_key(context, key, low(builder.payload), builder.length, good);
  if (!good) {
    builder = error(fault);
  } else if (grow(context, builder, builder.length * 2, 2)) {
    Value* const pair = context.values + low(builder.payload) + builder.length++ * 2;
    pair[0] = key;
    pair[1] = value;
  }
}

Value built(const Value& builder, Tag tag) noexcept {
  if (has_failed(builder)) return used(builder);
  const bool fits = builder.is(Tag::kBuilder) && (builder.length == 0 || (builder.of_map != 0) == (tag == Tag::kMap));
  if (!fits) return no_overload();
  return {low(builder.payload), builder.length, tag, Form::kScratch};
}

Value make_list(Context& context, const Value* values, std::uint32_t count) noexcept {
  for (std::uint32_t i = 0; i != count; ++i)
    if (has_failed(values[i])) return used(values[i]);
  const std::uint32_t first = context.take_values(count);
  if (first == kNone) return error(ExprFault::kTooMuchMemory);
  std::copy_n(values, count, context.values + first);
  return {first, count, Tag::kList, Form::kScratch};
}

Value make_map(Context& context, Value* values, std::uint32_t count) noexcept {
  for (std::uint32_t i = 0; i != 2 * count; ++i)
    if (has_failed(values[i])) return used(values[i]);
  const std::uint32_t first = context.take_values(2 * count);
  if (first == kNone) return error(ExprFault::kTooMuchMemory);
  for (std::uint32_t i = 0; i != count; ++i) {
    bool good = false;
    const ExprFault fault = judge_key(context, values[2 * i], first, i, good);
    if (!good) return error(fault);
    std::copy_n(values + 2 * i, 2, context.values + first + 2 * i);
  }
  return {first, count, Tag::kMap, Form::kScratch};
}

Value make_optional(Context& context, const Value& value) noexcept {
  if (has_failed(value)) return used(value);
  const std::uint32_t place = context.take_values(1);
  if (place == kNone) return error(ExprFault::kTooMuchMemory);
  context.values[place] = value;
  return {place, 1, Tag::kOptional};
}

}  // namespace byteor::expression

// See evaluator.hpp.
#include "expression/evaluator.hpp"

#include <algorithm>

#include "expression/collections.hpp"
#include "expression/numbers.hpp"
#include "expression/strings.hpp"
#include "expression/time.hpp"

namespace byteor::expression {
namespace {

// Of two operands the first that has failed, else nothing has.
bool either_failed(const Value& a, const Value& b, Value& result) noexcept {
  if (!has_failed(a) && !has_failed(b)) [[likely]]
    return false;
  result = used(has_failed(a) ? a : b);
  return true;
}

Value answer(Context& context, Found found) noexcept {
  return found == Found::kFailed ? error(context.fault) : of_bool(found == Found::kYes);
}

// Equality with a constant, and of strings without unescaping them.
BYTEOR_ALWAYS_INLINE Value equal_values(Context& context, const Value& a, const Value& b) noexcept {
  Value result;
  if (either_failed(a, b, result)) return result;
  if (a.is(Tag::kString) && b.is(Tag::kString)) {
    const bool same = a.length == b.length && std::memcmp(a.data(), b.data(), a.length) == 0;
    if (a.form == Form::kPlain && b.form == Form::kPlain) return of_bool(same);
    // No longer than a plain text that it is not: unescaped it would be shorter still.
    if (a.form == Form::kRaw && b.form == Form::kPlain && !same && a.length <= b.length) return of_bool(false);
  }
  return answer(context, equal(context, a, b));
}

Value negated(const Value& value) noexcept { return value.is(Tag::kBool) ? of_bool(!value.as_bool()) : value; }

Value logical(const Value& a, const Value& b, bool decides) noexcept {
  for (const Value* const value : {&a, &b})
    if (value->is(Tag::kBool) && value->as_bool() == decides) return *value;
  for (const Value* const value : {&a, &b})
    if (!value->is(Tag::kBool)) return has_failed(*value) ? used(*value) : no_overload();
  return of_bool(!decides);
}

bool holds(ExprOp op, Order order) noexcept {
  switch (op) {
    case ExprOp::kLess:
    case ExprOp::kLessConstant:
      return order == Order::kLess;
    case ExprOp::kLessEqual:
    case ExprOp::kLessEqualConstant:
      return order == Order::kLess || order == Order::kEqual;
    case ExprOp::kGreater:
    case ExprOp::kGreaterConstant:
      return order == Order::kGreater;
    default:
      return order == Order::kGreater || order == Order::kEqual;
  }
}

template <class T>
Order order_of(const T& a, const T& b) noexcept {
  return a < b ? Order::kLess : b < a ? Order::kGreater : Order::kEqual;
}

std::size_t text_bytes_of(const Program& program, std::uint32_t record_bytes_max) noexcept {
  const bool unescapes = program.record() == ExprRecord::kJson;
  return std::size_t{program.header().scratch_bytes} + (unescapes ? record_bytes_max : 0);
}

}  // namespace

Evaluator::Evaluator(const Program& program, std::uint32_t record_bytes_max)
    : program_(program),
      text_bytes_(text_bytes_of(program, record_bytes_max)),
      text_(std::make_unique_for_overwrite<char[]>(text_bytes_)),
      values_(std::make_unique_for_overwrite<std::byte[]>(program.header().scratch_values * sizeof(Value))),
      registers_(program.header().register_count),
      context_{program},
      members_(program, program.record() == ExprRecord::kJson ? &index_.emplace(record_bytes_max) : nullptr) {
  context_.index = index_.has_value() ? &*index_ : nullptr;
  context_.values = reinterpret_cast<Value*>(values_.get());
  context_.values_max = program.header().scratch_values;
  begin({});
}

Value Evaluator::run(std::uint32_t entry) noexcept {
  const ExprInstruction* const code = program_.instructions();
  Value* const r = registers_.data();
  std::fill(registers_.begin(), registers_.end(), Value{});
  context_.steps = program_.header().steps;
  std::uint32_t at = program_.first_of(entry);
  for (;;) {
    const ExprInstruction& it = code[at];
    if (context_.steps == 0) [[unlikely]] {
      Value too_many = error(ExprFault::kTooManySteps);
      too_many.length = at + 1;
      return too_many;
    }
    --context_.steps;
    ++at;
    Value result;
    switch (static_cast<ExprOp>(it.op)) {
      case ExprOp::kReturn:
        result = used(r[it.a]);
        if (result.is(Tag::kError) && result.length == 0) result.length = at;
        return result;
      case ExprOp::kConstant:
        result = program_.constant(it.a);
        break;
      case ExprOp::kMove:
        result = r[it.a];
        break;
      case ExprOp::kSlot:
        result = members_.slot(it.a);
        break;
      case ExprOp::kJump:
        at = it.b;
        continue;
      case ExprOp::kJumpIfFalse:
        if (r[it.a].is_false()) at = it.b;
        continue;
      case ExprOp::kJumpIfTrue:
        if (r[it.a].is_true()) at = it.b;
        continue;
      case ExprOp::kJumpUnlessBool:
        if (r[it.a].is(Tag::kBool)) [[likely]]
          continue;
        result = has_failed(r[it.a]) ? used(r[it.a]) : no_overload();
        if (result.length == 0) result.length = at;
        at = it.b;
        break;
      case ExprOp::kJumpIfNone: {
        const Value optional = r[it.a];
        const bool has_value = optional.is(Tag::kOptional) && optional.length != 0;
        result = has_value                                             ? value_of(context_, optional)
                 : optional.is(Tag::kOptional) || has_failed(optional) ? used(optional)
                                                                       : no_overload();
        if (result.is(Tag::kError) && result.length == 0) result.length = at;
        if (!has_value) at = it.b;
        break;
      }
      case ExprOp::kNext:
      case ExprOp::kNextPair:
        if (!next(it)) at = it.b;
        continue;
      case ExprOp::kEqualConstant:
        result = equal_values(context_, r[it.a], program_.constant(it.b));
        break;
      case ExprOp::kNotEqualConstant:
        result = negated(equal_values(context_, r[it.a], program_.constant(it.b)));
        break;
      case ExprOp::kAnd:
        result = logical(r[it.a], r[it.b], false);
        break;
      case ExprOp::kOr:
        result = logical(r[it.a], r[it.b], true);
        break;
      default:
        result = execute(it);
        break;
    }
    if (result.is(Tag::kError) && result.length == 0) [[unlikely]]
      result.length = at;
    r[it.dst] = result;
  }
}

Value Evaluator::execute(const ExprInstruction& it) noexcept {
  Value* const r = registers_.data();
  Value& a = r[it.a];
  switch (static_cast<ExprOp>(it.op)) {
    case ExprOp::kRecord:
      return members_.record();
    case ExprOp::kHasSlot:
      return has_slot(it.a);
    case ExprOp::kNot:
      if (has_failed(a)) return used(a);
      return a.is(Tag::kBool) ? of_bool(!a.as_bool()) : no_overload();
    case ExprOp::kNotStrictlyFalse:
      return of_bool(!a.is_false());
    case ExprOp::kIsError:
      return of_bool(has_failed(a));
    case ExprOp::kEqual:
      return equal_values(context_, a, r[it.b]);
    case ExprOp::kNotEqual:
      return negated(equal_values(context_, a, r[it.b]));
    case ExprOp::kLess:
    case ExprOp::kLessEqual:
    case ExprOp::kGreater:
    case ExprOp::kGreaterEqual:
      return order(it, a, r[it.b]);
    case ExprOp::kLessConstant:
    case ExprOp::kLessEqualConstant:
    case ExprOp::kGreaterConstant:
    case ExprOp::kGreaterEqualConstant: {
      Value constant = program_.constant(it.b);
      return order(it, a, constant);
    }
    case ExprOp::kAdd:
    case ExprOp::kSubtract:
    case ExprOp::kMultiply:
    case ExprOp::kDivide:
    case ExprOp::kModulo:
      return arithmetic(it);
    case ExprOp::kNegate:
      return has_failed(a) ? used(a) : negate(a);
    case ExprOp::kCall: {
      const auto count = static_cast<std::uint32_t>(operands_of(std::uint32_t{it.b}));
      for (std::uint32_t i = 0; i != count; ++i)
        if (has_failed(r[it.a + i])) return used(r[it.a + i]);
      return call(static_cast<ExprFunction>(it.b), r + it.a);
    }
    case ExprOp::kMatches:
      return has_failed(a) ? used(a) : matches(program_.dfa(it.b), a);
    case ExprOp::kOptOf:
    case ExprOp::kOptSelect:
    case ExprOp::kOptIndex:
      return optional(it);
    default:
      return collection(it);
  }
}

// Instructions over lists and maps.
Value Evaluator::collection(const ExprInstruction& it) noexcept {
  Value* const r = registers_.data();
  Value& a = r[it.a];
  Value result;
  switch (static_cast<ExprOp>(it.op)) {
    case ExprOp::kSelect:
      return has_failed(a) ? used(a) : select(a, program_.constant(it.b));
    case ExprOp::kHas:
      return has_failed(a) ? used(a) : has(a, program_.constant(it.b));
    case ExprOp::kIndex: {
      if (either_failed(a, r[it.b], result)) return result;
      if (a.is(Tag::kOptional)) return optional(it);
      if (!a.is(Tag::kList) && !a.is(Tag::kMap)) return no_overload();
      const Found found = look_up(context_, a, r[it.b], result);
      if (found == Found::kFailed) return error(context_.fault);
      if (found == Found::kYes) return result;
      return error(a.is(Tag::kList) ? ExprFault::kBadIndex : ExprFault::kNoSuchKey);
    }
    case ExprOp::kIn:
      if (either_failed(a, r[it.b], result)) return result;
      return answer(context_, contains(context_, r[it.b], a));
    case ExprOp::kList:
      return make_list(context_, &a, it.b);
    case ExprOp::kMap:
      return make_map(context_, &a, it.b);
    case ExprOp::kIterate:
      if (has_failed(a)) return used(a);
      return a.is(Tag::kList) || a.is(Tag::kMap) ? cursor_over(context_, a) : no_overload();
    case ExprOp::kCollect:
      return new_builder();
    case ExprOp::kAppend:
      result = r[it.dst];
      append(context_, result, a);
      return result;
    case ExprOp::kAppendOptional:
      result = r[it.dst];
      if (a.is(Tag::kOptional)) {
        if (a.length != 0) append(context_, result, value_of(context_, a));
      } else if (!result.is(Tag::kError)) {
        result = has_failed(a) ? used(a) : no_overload();
      }
      return result;
    case ExprOp::kAppendPair:
      result = r[it.dst];
      append_pair(context_, result, a, r[it.b]);
      return result;
    case ExprOp::kCollected:
      return built(a, Tag::kList);
    case ExprOp::kCollectedMap:
      return built(a, Tag::kMap);
    default:
      return no_overload();
  }
}

// Instructions that answer an optional. Only OptOf makes none of what is absent.
Value Evaluator::optional(const ExprInstruction& it) noexcept {
  Value* const r = registers_.data();
  Value from = r[it.a];
  const auto op = static_cast<ExprOp>(it.op);
  if (op == ExprOp::kOptOf) {
    const Value read = used(from);
    if (read.is(Tag::kError)) return read.fault() == ExprFault::kNoSuchKey ? no_value() : read;
    return make_optional(context_, from);
  }
  if (has_failed(from)) return used(from);
  if (op == ExprOp::kOptIndex && has_failed(r[it.b])) return used(r[it.b]);
  if (from.is(Tag::kOptional)) {
    if (from.length == 0) return from;
    from = value_of(context_, from);
  }
  const bool by_name = op == ExprOp::kOptSelect || op == ExprOp::kSelect;
  if (!from.is(Tag::kMap) && (by_name || !from.is(Tag::kList))) return no_overload();
  Value key = by_name ? program_.constant(it.b) : r[it.b];
  Value value;
  const Found found = look_up(context_, from, key, value);
  if (found == Found::kFailed) return error(context_.fault);
  return found == Found::kYes ? make_optional(context_, value) : no_value();
}

Value Evaluator::select(Value& from, const Value& key) noexcept {
  Value inner = from;
  if (from.is(Tag::kOptional)) {
    if (from.length == 0) return from;
    inner = value_of(context_, from);
  }
  if (!inner.is(Tag::kMap)) return no_overload();
  Value value;
  Value name = key;
  const Found found = look_up(context_, inner, name, value);
  if (found == Found::kFailed) return error(context_.fault);
  if (from.is(Tag::kOptional)) return found == Found::kYes ? make_optional(context_, value) : no_value();
  return found == Found::kYes ? value : Value{};
}

Value Evaluator::has(Value& from, const Value& key) noexcept {
  const Value value = select(from, key);
  if (value.is(Tag::kError)) return value;
  return of_bool(from.is(Tag::kOptional) ? value.length != 0 : !value.is(Tag::kAbsent));
}

// Whether the member is there: a value that cannot be read, such as a number too large, is.
Value Evaluator::has_slot(std::uint32_t slot) noexcept {
  const Value value = members_.slot(slot);
  if (value.is(Tag::kAbsent)) return of_bool(false);
  if (value.is(Tag::kError) && value.fault() != ExprFault::kRange) return value;
  return of_bool(true);
}

Value Evaluator::order(const ExprInstruction& it, Value& a, Value& b) noexcept {
  Value result;
  if (either_failed(a, b, result)) return result;
  const auto op = static_cast<ExprOp>(it.op);
  if (a.is_number() && b.is_number()) return of_bool(holds(op, compare_numbers(a, b)));
  if (a.tag != b.tag) return no_overload();
  switch (a.tag) {
    case Tag::kString:
      if (!resolve(context_, a)) return a;
      if (!resolve(context_, b)) return b;
      [[fallthrough]];
    case Tag::kBytes:
      if (!context_.charge_text(std::min(a.length, b.length))) return error(context_.fault);
      return of_bool(holds(op, order_of(a.text(), b.text())));
    case Tag::kBool:
      return of_bool(holds(op, order_of(a.payload, b.payload)));
    case Tag::kDuration:
      return of_bool(holds(op, order_of(a.as_int(), b.as_int())));
    case Tag::kTimestamp: {
      const Order seconds = order_of(a.as_int(), b.as_int());
      return of_bool(holds(op, seconds == Order::kEqual ? order_of(a.length, b.length) : seconds));
    }
    default:
      return no_overload();
  }
}

Value Evaluator::arithmetic(const ExprInstruction& it) noexcept {
  Value& a = registers_[it.a];
  Value& b = registers_[it.b];
  Value result;
  if (either_failed(a, b, result)) return result;
  const auto op = static_cast<ExprOp>(it.op);
  if (a.is_number()) {
    switch (op) {
      case ExprOp::kAdd:
        return add_numbers(a, b);
      case ExprOp::kSubtract:
        return subtract_numbers(a, b);
      case ExprOp::kMultiply:
        return multiply(a, b);
      case ExprOp::kDivide:
        return divide(a, b);
      default:
        return modulo(a, b);
    }
  }
  if (op == ExprOp::kSubtract) return subtract_times(a, b);
  if (op != ExprOp::kAdd) return no_overload();
  if (a.is(Tag::kTimestamp) || a.is(Tag::kDuration)) return add_times(a, b);
  if (a.tag != b.tag) return no_overload();
  if (a.is(Tag::kString) || a.is(Tag::kBytes)) {
    TextWriter out(context_);
    for (const Value* const part : {&a, &b}) {
      if (part->is(Tag::kBytes)) out.put(part->text());
      if (part->is(Tag::kString)) put_value(context_, out, *part);
    }
    return out.finish(a.tag);
  }
  if (!a.is(Tag::kList)) return no_overload();
  Value sum = new_builder();
  for (const Value* const list : {&a, &b}) {
    Value cursor = cursor_over(context_, *list);
    for (Value number, element;;) {
      const Found more = advance(context_, cursor, number, element);
      if (more == Found::kFailed || !context_.charge(1)) return error(context_.fault);
      if (more == Found::kNo) break;
      append(context_, sum, element);
    }
  }
  return built(sum, Tag::kList);
}

// False at the end, with the registers as they were.
bool Evaluator::next(const ExprInstruction& it) noexcept {
  Value* const r = registers_.data();
  Value& cursor = r[it.a];
  if (!cursor.is(Tag::kIterator)) return false;
  const bool pair = static_cast<ExprOp>(it.op) == ExprOp::kNextPair;
  Value key;
  Value value;
  Value moved = cursor;
  const Found more = advance(context_, moved, key, value);
  cursor = moved;
  if (more == Found::kNo) return false;
  if (more == Found::kFailed) key = value = error(context_.fault);
  if (pair) {
    r[it.dst] = key;
    r[it.dst + 1] = value;
  } else {
    r[it.dst] = moved.of_map != 0 ? key : value;
  }
  return true;
}

Value Evaluator::matches(const Dfa& dfa, Value& string) noexcept {
  if (!string.is(Tag::kString)) return no_overload();
  if (!resolve(context_, string)) return string;
  const std::string_view text = string.text();
  if (!context_.charge_text(text.size())) return error(context_.fault);
  const std::uint16_t* const next = dfa.next.data();
  const std::uint8_t* const accepts = dfa.accepts.data();
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* const end = p + text.size();
  std::uint32_t state = 0;
  constexpr std::ptrdiff_t kStride = 8;
  if (dfa.stays) {
    for (; end - p >= kStride; p += kStride) {
      if ((accepts[state] & 1) != 0) return of_bool(true);
      for (std::ptrdiff_t i = 0; i != kStride; ++i) state = next[state + dfa.classes[p[i]]];
    }
  }
  for (; p != end; ++p) {
    if ((accepts[state] & 1) != 0) return of_bool(true);
    state = next[state + dfa.classes[*p]];
  }
  return of_bool((accepts[state] & 3) != 0);
}

}  // namespace byteor::expression

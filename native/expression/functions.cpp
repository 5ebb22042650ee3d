// See evaluator.hpp: the functions of Call, by what they take, and the words of faults.
#include <algorithm>
#include <iterator>

#include "expression/collections.hpp"
#include "expression/evaluator.hpp"
#include "expression/numbers.hpp"
#include "expression/strings.hpp"
#include "expression/time.hpp"

namespace byteor::expression {
namespace {

bool is_between(ExprFunction function, ExprFunction least, ExprFunction most) noexcept {
  return function >= least && function <= most;
}

bool is_zero(Context& context, Value& value) noexcept {
  switch (value.tag) {
    case Tag::kNull:
      return true;
    case Tag::kBool:
    case Tag::kInt:
    case Tag::kUint:
    case Tag::kDuration:
      return value.payload == 0;
    case Tag::kDouble:
      return value.as_double() == 0;
    case Tag::kTimestamp:
      return value.payload == 0 && value.length == 0;
    case Tag::kString:
    case Tag::kBytes:
      return value.length == 0;
    case Tag::kOptional:
      return value.length == 0;
    case Tag::kList:
    case Tag::kMap: {
      if (value.form != Form::kJson) return value.length == 0;
      Value cursor = cursor_over(context, value);
      Value key;
      Value element;
      return advance(context, cursor, key, element) == Found::kNo;
    }
    default:
      return false;
  }
}

}  // namespace

// Operands have a value each. Strings are made plain here, where their registers keep them.
Value Evaluator::call(ExprFunction function, Value* operands) noexcept {
  if (is_between(function, ExprFunction::kToInt, ExprFunction::kToDuration) || function == ExprFunction::kTimestampMs)
    return convert(context_, function, operands[0]);
  if (is_between(function, ExprFunction::kFullYear, ExprFunction::kMillisecondsIn))
    return call_time(function, operands);
  if (function == ExprFunction::kGreatest || function == ExprFunction::kLeast) return extreme(function, operands[0]);
  if (is_between(function, ExprFunction::kBitOr, ExprFunction::kBitXor) ||
      is_between(function, ExprFunction::kBitShiftLeft, ExprFunction::kBitShiftRight))
    return math_of_two(function, operands[0], operands[1]);
  if (is_between(function, ExprFunction::kCeil, ExprFunction::kSqrt)) return math_of_one(function, operands[0]);
  switch (function) {
    case ExprFunction::kSize:
      return size_of(context_, operands[0]);
    case ExprFunction::kTypeOf: {
      const std::string_view name = type_name(operands[0].tag);
      return name.empty() ? no_overload() : of_type(name);
    }
    case ExprFunction::kOptionalOf:
      return make_optional(context_, operands[0]);
    case ExprFunction::kOptionalOfNonZero:
      return is_zero(context_, operands[0]) ? no_value() : make_optional(context_, operands[0]);
    case ExprFunction::kOptionalNone:
      return no_value();
    case ExprFunction::kHasValue:
      return operands[0].is(Tag::kOptional) ? of_bool(operands[0].length != 0) : no_overload();
    case ExprFunction::kValue:
      if (!operands[0].is(Tag::kOptional)) return no_overload();
      return operands[0].length == 0 ? error(ExprFault::kNoOptionalValue) : value_of(context_, operands[0]);
    case ExprFunction::kBase64Encode:
      return base64_encode(context_, operands[0]);
    default:
      break;
  }
  for (int i = 0; i != operands_of(static_cast<std::uint32_t>(function)); ++i)
    if (operands[i].is(Tag::kString) && !resolve(context_, operands[i])) return operands[i];
  if (function == ExprFunction::kFormat) return format(context_, operands[0], operands[1]);
  if (function == ExprFunction::kBase64Decode) return base64_decode(context_, operands[0]);
  return call_string(context_, function, operands);
}

Value Evaluator::call_time(ExprFunction function, Value* operands) noexcept {
  if (function < ExprFunction::kFullYearIn) return time_part(function, operands[0], 0);
  if (!operands[0].is(Tag::kTimestamp) || !operands[1].is(Tag::kString)) return no_overload();
  if (!resolve(context_, operands[1])) return operands[1];
  std::int32_t offset = 0;
  if (!offset_of(operands[1].text(), program_.zones(), operands[0].as_int(), offset))
    return error(ExprFault::kBadArgument);
  constexpr auto kDistance =
      static_cast<std::uint32_t>(ExprFunction::kFullYearIn) - static_cast<std::uint32_t>(ExprFunction::kFullYear);
  return time_part(static_cast<ExprFunction>(static_cast<std::uint32_t>(function) - kDistance), operands[0], offset);
}

// math.greatest() and math.least() of a list of numbers, or of one.
Value Evaluator::extreme(ExprFunction function, const Value& list) noexcept {
  if (list.is_number()) return list;
  if (!list.is(Tag::kList)) return no_overload();
  const Order wanted = function == ExprFunction::kGreatest ? Order::kGreater : Order::kLess;
  Value cursor = cursor_over(context_, list);
  Value result;
  for (;;) {
    Value number;
    Value element;
    const Found more = advance(context_, cursor, number, element);
    if (more == Found::kFailed || !context_.charge(1)) return error(context_.fault);
    if (more == Found::kNo) return has_failed(result) ? error(ExprFault::kBadArgument) : result;
    if (!element.is_number()) return no_overload();
    if (has_failed(result) || compare_numbers(element, result) == wanted) result = element;
  }
}

namespace {

struct FaultWords {
  ExprFault fault;
  std::string_view name;
  std::string_view words;
};

constexpr FaultWords kFaults[] = {
    {ExprFault::kNoSuchKey, "NoSuchKey",
     "there is no such member; guard it with has() or read it with `.?` and orValue()"},
    {ExprFault::kNoSuchOverload, "NoSuchOverload",
     "a value is of a type that this operator or function does not take; convert it, or test its type first"},
    {ExprFault::kDivideByZero, "DivideByZero", "an integer is divided by zero; compare the divisor with 0 first"},
    {ExprFault::kModulusByZero, "ModulusByZero", "a modulus by zero is taken; compare the divisor with 0 first"},
    {ExprFault::kOverflow, "Overflow", "the result does not fit into 64 bits; compute with double()"},
    {ExprFault::kRange, "Range", "a number, timestamp or duration is out of range; compare it with its bounds first"},
    {ExprFault::kBadIndex, "BadIndex", "there is nothing at this index; compare it with size() first"},
    {ExprFault::kBadText, "BadText", "a text is not of the form that is converted; test it with matches() first"},
    {ExprFault::kBadUtf8, "BadUtf8",
     "bytes that are read as text are not UTF-8; use the codec bytes, or correct the input"},
    {ExprFault::kBadJson, "BadJson", "the record is not JSON as far as it is read; correct the input"},
    {ExprFault::kNoOptionalValue, "NoOptionalValue", "an optional without a value is read; use orValue()"},
    {ExprFault::kDuplicateKey, "DuplicateKey",
     "a map is made with a key that stands in it already; name each key once"},
    {ExprFault::kBadArgument, "BadArgument", "an argument has a value that the function does not take; correct it"},
    {ExprFault::kTooManySteps, "TooManySteps",
     "the evaluation took more steps than it may; shorten its lists, or nest fewer macros"},
    {ExprFault::kTooMuchMemory, "TooMuchMemory",
     "texts or lists that are made take more memory than they may; make fewer or shorter ones"},
    {ExprFault::kNoSuchAttribute, "NoSuchAttribute", "the record ends before this field; send whole structs"},
};
static_assert(std::size(kFaults) == static_cast<std::size_t>(ExprFault::kNoSuchAttribute));

const FaultWords& words_of(ExprFault fault) noexcept { return kFaults[static_cast<std::uint32_t>(fault) - 1]; }

// The part of a text by UTF-16 units, which is how JavaScript counted.
std::string_view part_of(std::string_view text, std::uint32_t start, std::uint32_t end) {
  std::size_t from = text.size();
  std::uint32_t units = 0;
  for (std::size_t i = 0; i != text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0) == 0x80) continue;
    if (units == start) from = i;
    if (units >= end) return text.substr(std::min(from, i), i - std::min(from, i));
    units += byte >= 0xf0 ? 2 : 1;
  }
  return text.substr(from);
}

}  // namespace

std::string_view fault_name(ExprFault fault) noexcept { return words_of(fault).name; }

std::string fault_sentence(const Program& program, const Value& error, std::string_view text) {
  constexpr std::size_t kShownMax = 120;
  std::string sentence(words_of(error.fault()).words);
  const ExprPlace* const place = error.length == 0 ? nullptr : program.place_of(error.length - 1);
  if (place == nullptr) return sentence;
  const std::string_view part = part_of(text, place->start, place->end);
  std::string where = "at character " + std::to_string(place->start + 1);
  if (!part.empty() && part.size() <= kShownMax) where += ", `" + std::string(part) + "`";
  return where + ": " + sentence;
}

}  // namespace byteor::expression

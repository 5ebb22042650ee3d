// See evaluate.hpp.
#include "addon/evaluate.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <string_view>

#include "addon/pipeline_object.hpp"
#include "core/coded_error.hpp"
#include "expression/collections.hpp"
#include "expression/evaluator.hpp"
#include "expression/strings.hpp"
#include "json/check.hpp"

namespace byteor::addon {
namespace {

using expression::Context;
using expression::Found;
using expression::Tag;
using expression::Value;

// Lists and maps within each other that are shown.
constexpr int kDepthMax = 1024;

std::string_view word_of(const Value& value) noexcept {
  switch (value.tag) {
    case Tag::kNull:
      return "null";
    case Tag::kTimestamp:
      return "timestamp";
    case Tag::kDuration:
      return "duration";
    case Tag::kOptional:
      return "optional";
    default:
      return expression::type_name(value.tag);
  }
}

Napi::Value text_of(Napi::Env env, std::string_view text) { return Napi::String::New(env, text.data(), text.size()); }

class Shown {
 public:
  Shown(Napi::Env env, Context& context) : env_(env), context_(context) {}

  // { type, value }. Throws CodedError (NATIVE_ERROR) of a record that turns out to be no JSON, or too deep.
  Napi::Value tree(Value value, int depth = 0) {
    if (depth > kDepthMax) refuse("nests lists and maps deeper than " + std::to_string(kDepthMax) + " levels");
    const std::string_view word = word_of(value);
    if (word.empty()) refuse("is of a type that only the machine knows");
    Napi::Object object = Napi::Object::New(env_);
    object.Set("type", text_of(env_, word));
    object.Set("value", payload(value, depth));
    return object;
  }

 private:
  [[noreturn]] static void refuse(const std::string& why) {
    throw core::CodedError(abi::ErrorCode::kNativeError,
                           "the value of the expression " + why + "; make the expression a smaller part of it");
  }

  Napi::Value payload(Value& value, int depth) {
    switch (value.tag) {
      case Tag::kBool:
        return Napi::Boolean::New(env_, value.as_bool());
      case Tag::kInt:
        return Napi::String::New(env_, std::to_string(value.as_int()));
      case Tag::kUint:
        return Napi::String::New(env_, std::to_string(value.payload));
      case Tag::kDouble:
        return number(value.as_double());
      case Tag::kString:
        if (!expression::resolve(context_, value)) refuse_fault(value.fault());
        return text_of(env_, value.text());
      case Tag::kType:
        return text_of(env_, value.text());
      case Tag::kBytes: {
        Napi::Uint8Array bytes = Napi::Uint8Array::New(env_, value.length);
        if (value.length != 0) std::memcpy(bytes.Data(), value.data(), value.length);
        return bytes;
      }
      case Tag::kTimestamp:
        return time(value.as_int(), value.length);
      case Tag::kDuration:
        return duration(value.as_int());
      case Tag::kOptional:
        if (value.length == 0) return env_.Null();
        return tree(expression::value_of(context_, value), depth + 1);
      case Tag::kList:
      case Tag::kMap:
        return elements(value, depth);
      default:
        return env_.Null();
    }
  }

  [[noreturn]] static void refuse_fault(expression::ExprFault fault) {
    refuse("cannot be shown to its end (" + std::string(expression::fault_name(fault)) + ")");
  }

  // JavaScript's own where JSON could not have it.
  Napi::Value number(double value) {
    if (std::isfinite(value)) return Napi::Number::New(env_, value);
    char text[expression::kNumberTextMax];
    return text_of(env_, expression::double_text(value, text));
  }

  Napi::Value time(std::int64_t seconds, std::uint32_t nanoseconds) {
    Napi::Object parts = Napi::Object::New(env_);
    parts.Set("seconds", Napi::String::New(env_, std::to_string(seconds)));
    parts.Set("nanos", Napi::Number::New(env_, nanoseconds));
    return parts;
  }

  // Nanoseconds count forward, also of a negative one.
  Napi::Value duration(std::int64_t nanoseconds) {
    constexpr std::int64_t kASecond = 1'000'000'000;
    const std::int64_t rest = (nanoseconds % kASecond + kASecond) % kASecond;
    return time(nanoseconds / kASecond - (nanoseconds % kASecond < 0 ? 1 : 0), static_cast<std::uint32_t>(rest));
  }

  Napi::Value elements(const Value& container, int depth) {
    Napi::Array array = Napi::Array::New(env_);
    Value cursor = expression::cursor_over(context_, container);
    for (std::uint32_t i = 0;; ++i) {
      Value key;
      Value element;
      const Found more = expression::advance(context_, cursor, key, element);
      if (more == Found::kFailed || !context_.charge(1)) refuse_fault(context_.fault);
      if (more == Found::kNo) return array;
      if (container.is(Tag::kList)) {
        array.Set(i, tree(element, depth + 1));
        continue;
      }
      Napi::Array pair = Napi::Array::New(env_, 2);
      pair.Set(0u, tree(key, depth + 1));
      pair.Set(1u, tree(element, depth + 1));
      array.Set(i, pair);
    }
  }

  Napi::Env env_;
  Context& context_;
};

std::string_view text_of(const Napi::Value& value) {
  const auto bytes = value.As<Napi::Uint8Array>();
  return {reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength()};
}

// The first byte of what makes a record of JSON none, whether the expression came so far or not; null where it is one.
Napi::Value flaw_at(Napi::Env env, const Context& context, std::string_view record) {
  if (context.index == nullptr) return env.Null();
  if (context.index->read(record) != json::Stage1::Result::kIndexed) return Napi::Number::New(env, 0);
  const json::Checked checked = json::check(*context.index);
  return checked.flaw == json::Flaw::kNone ? env.Null() : Napi::Number::New(env, checked.position);
}

Napi::Object failed(Napi::Env env, const expression::Program& program, const Value& value) {
  Napi::Object answer = Napi::Object::New(env);
  answer.Set("ok", Napi::Boolean::New(env, false));
  answer.Set("fault", text_of(env, expression::fault_name(value.fault())));
  answer.Set("message", Napi::String::New(env, expression::fault_sentence(program, value, {})));
  const expression::ExprPlace* const place = value.length == 0 ? nullptr : program.place_of(value.length - 1);
  answer.Set("start", place == nullptr ? env.Null() : Napi::Number::New(env, place->start));
  answer.Set("end", place == nullptr ? env.Null() : Napi::Number::New(env, place->end));
  answer.Set("instruction", value.length == 0 ? env.Null() : Napi::Number::New(env, value.length - 1));
  return answer;
}

}  // namespace

Napi::Value evaluate_expression(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return {env, guarded(env, [&]() -> napi_value {
            if (info.Length() < 3 || !info[0].IsTypedArray() || !info[1].IsNumber() || !info[2].IsTypedArray())
              throw core::CodedError(abi::ErrorCode::kNativeError, "a program, an entry and a record are wanted");
            const std::string_view bytes = text_of(info[0]);
            const expression::Program program =
                expression::Program::load({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
            const std::uint32_t entry = info[1].As<Napi::Number>().Uint32Value();
            if (entry >= program.header().entry_count)
              throw core::CodedError(abi::ErrorCode::kNativeError, "the program has no entry " + std::to_string(entry) +
                                                                       "; it has " +
                                                                       std::to_string(program.header().entry_count));
            const std::string_view record = text_of(info[2]);
            constexpr std::size_t kLeastBytes = 64;
            expression::Evaluator evaluator(program, static_cast<std::uint32_t>(std::max(record.size(), kLeastBytes)));
            evaluator.begin(record);
            const Value value = evaluator.run(entry);
            Napi::Object answer = value.is(Tag::kError) ? failed(env, program, value) : Napi::Object::New(env);
            if (!value.is(Tag::kError)) {
              answer.Set("ok", Napi::Boolean::New(env, true));
              answer.Set("value", Shown(env, evaluator.context()).tree(value));
            }
            answer.Set("flawAt", flaw_at(env, evaluator.context(), record));
            return answer;
          })};
}

}  // namespace byteor::addon

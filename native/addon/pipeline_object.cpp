// Every method is a function of its own that knows its hold: no look at `this`, no unwrapping, nothing that JavaScript
// could hand over wrongly. Calls that may stand in a hot loop (wake, routes, cells) use Node-API directly.

#include "addon/pipeline_object.hpp"

#include <atomic>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "abi/words.hpp"
#include "core/coded_error.hpp"
#include "run/delivered.hpp"

namespace byteor::addon {
namespace {

using HoldShare = std::shared_ptr<Hold>;

// Node makes external array buffers through its own Buffer, which ends here.
constexpr std::uint64_t kVisibleBytesMax = std::uint64_t{1} << 32;

// The arguments of a call, and the hold that its function belongs to.
template <std::size_t kCount>
struct Call {
  Call(napi_env environment, napi_callback_info info) : env(environment) {
    void* data = nullptr;
    napi_get_cb_info(env, info, &count, arguments, nullptr, &data);
    hold = static_cast<HoldShare*>(data)->get();
  }

  std::uint32_t number(std::size_t index) const {
    std::uint32_t value = 0;
    if (index < count) napi_get_value_uint32(env, arguments[index], &value);
    return value;
  }

  // Byte offsets and sizes: exact up to 2^53, 0 for anything else.
  std::uint64_t size(std::size_t index) const {
    std::int64_t value = 0;
    if (index < count) napi_get_value_int64(env, arguments[index], &value);
    return value < 0 ? 0 : static_cast<std::uint64_t>(value);
  }

  std::string text(std::size_t index) const {
    std::size_t length = 0;
    if (index >= count || napi_get_value_string_utf8(env, arguments[index], nullptr, 0, &length) != napi_ok) return {};
    std::string value(length, '\0');
    napi_get_value_string_utf8(env, arguments[index], value.data(), length + 1, &length);
    return value;
  }

  napi_env env;
  Hold* hold = nullptr;
  std::size_t count = kCount;
  napi_value arguments[kCount];
};

napi_value js_bool(napi_env env, bool value) {
  napi_value result;
  return napi_get_boolean(env, value, &result) == napi_ok ? result : nullptr;
}

napi_value js_int(napi_env env, std::int32_t value) {
  napi_value result;
  return napi_create_int32(env, value, &result) == napi_ok ? result : nullptr;
}

napi_value js_text(napi_env env, const std::string& text) {
  napi_value result;
  return napi_create_string_utf8(env, text.data(), text.size(), &result) == napi_ok ? result : nullptr;
}

// ---- hot -----------------------------------------------------------------------------------------------------------

napi_value wake(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  call.hold->pipeline().wake_thread(call.number(0));
  return nullptr;
}

napi_value route(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  const std::optional<std::uint32_t> shard = call.hold->pipeline().find_shard(call.hold->scratch(call.number(0)));
  return js_int(env, shard.has_value() ? static_cast<std::int32_t>(*shard) : -1);
}

napi_value route_key(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  const std::uint32_t shard = call.hold->pipeline().shard_of_key(call.hold->scratch(call.number(0)));
  return js_int(env, static_cast<std::int32_t>(shard));
}

// turnStage(stage): number; a run::HostedRunner::Turn, kEnded where this environment has no such stage.
napi_value turn_stage(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  return js_int(env, static_cast<std::int32_t>(call.hold->turn_stage(call.number(0), &run::HostedRunner::turn)));
}

// armStage(stage): number; the same.
napi_value arm_stage(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  return js_int(env, static_cast<std::int32_t>(call.hold->turn_stage(call.number(0), &run::HostedRunner::arm)));
}

// A 32-bit cell of the region, or null (and a RangeError) for a place that is none.
std::atomic<std::uint32_t>* cell_at(napi_env env, Hold& hold, std::uint64_t offset) {
  const std::span<std::byte> region = hold.pipeline().region();
  if (offset % 4 == 0 && offset + 4 <= region.size())
    return reinterpret_cast<std::atomic<std::uint32_t>*>(region.data() + offset);
  napi_throw_range_error(env, abi::word_of(abi::ErrorCode::kBadRegion), "no cell of the region stands there");
  return nullptr;
}

// The three operations of lib/channel/border.ts where JavaScript's own Atomics are not trusted: a JS handle publishes,
// looks and wakes through them.
// SYNC POINT S1, S2, S3, S5.
napi_value load_cell(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  const std::atomic<std::uint32_t>* cell = cell_at(env, *call.hold, call.size(0));
  if (cell == nullptr) return nullptr;
  return js_int(env, static_cast<std::int32_t>(cell->load(std::memory_order_seq_cst)));
}

// SYNC POINT S1, S2, S3, S5.
napi_value store_cell(napi_env env, napi_callback_info info) {
  const Call<2> call(env, info);
  std::atomic<std::uint32_t>* cell = cell_at(env, *call.hold, call.size(0));
  if (cell != nullptr) cell->store(call.number(1), std::memory_order_seq_cst);
  return nullptr;
}

// SYNC POINT S1, S2, S3, S5.
napi_value exchange_cell(napi_env env, napi_callback_info info) {
  const Call<2> call(env, info);
  std::atomic<std::uint32_t>* cell = cell_at(env, *call.hold, call.size(0));
  if (cell == nullptr) return nullptr;
  return js_int(env, static_cast<std::int32_t>(cell->exchange(call.number(1), std::memory_order_seq_cst)));
}

// The stretch that a copy names, in the region and in the JavaScript buffer; sizes are equal, offsets too.
struct Stretch {
  std::byte* region = nullptr;
  std::byte* buffer = nullptr;
  std::size_t bytes = 0;
};

std::optional<Stretch> stretch_of(const Call<3>& call) {
  void* data = nullptr;
  std::size_t length = 0;
  const std::uint64_t offset = call.size(1);
  const std::uint64_t bytes = call.size(2);
  const std::span<std::byte> region = call.hold->pipeline().region();
  if (napi_get_arraybuffer_info(call.env, call.arguments[0], &data, &length) == napi_ok &&
      offset + bytes <= region.size() && offset + bytes <= length)
    return Stretch{region.data() + offset, static_cast<std::byte*>(data) + offset, static_cast<std::size_t>(bytes)};
  napi_throw_range_error(call.env, abi::word_of(abi::ErrorCode::kBadRegion),
                         "the bytes to copy lie outside the region or its copy");
  return std::nullopt;
}

napi_value copy_out(napi_env env, napi_callback_info info) {
  const Call<3> call(env, info);
  if (const auto stretch = stretch_of(call)) std::memcpy(stretch->buffer, stretch->region, stretch->bytes);
  return nullptr;
}

napi_value copy_in(napi_env env, napi_callback_info info) {
  const Call<3> call(env, info);
  if (const auto stretch = stretch_of(call)) std::memcpy(stretch->region, stretch->buffer, stretch->bytes);
  return nullptr;
}

// ---- control -------------------------------------------------------------------------------------------------------

napi_value take_port(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  return guarded(env, [&] { return js_bool(env, call.hold->take_port(call.text(0))); });
}

napi_value give_back_port(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  return guarded(env, [&]() -> napi_value {
    call.hold->give_back_port(call.text(0));
    return nullptr;
  });
}

// takeStage(id, endIsTold): number | -1; the number is for this environment's turns.
napi_value take_stage(napi_env env, napi_callback_info info) {
  const Call<2> call(env, info);
  return guarded(env, [&] {
    const std::optional<std::uint32_t> number = call.hold->take_stage(call.text(0));
    if (number.has_value() && call.number(1) != 0)
      for (op::HostedOp* op : call.hold->stage(*number)->runner->ops()) op->leave_end_to_others();
    return js_int(env, number.has_value() ? static_cast<std::int32_t>(*number) : -1);
  });
}

// stageShards(stage): number[]; the shards that this environment runs of it, in the order of its hosts.
napi_value stage_shards(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  return guarded(env, [&]() -> napi_value {
    const Hold::Stage* const stage = call.hold->stage(call.number(0));
    const std::vector<std::uint32_t> none;
    const std::vector<std::uint32_t>& shards = stage == nullptr ? none : stage->runner->shards();
    Napi::Array list = Napi::Array::New(env, shards.size());
    for (std::uint32_t i = 0; i < shards.size(); ++i) list.Set(i, Napi::Number::New(env, shards[i]));
    return list;
  });
}

// failStage(id, cause)
napi_value fail_stage(napi_env env, napi_callback_info info) {
  const Call<2> call(env, info);
  return guarded(env, [&]() -> napi_value {
    call.hold->pipeline().fail_stage(call.text(0), call.text(1));
    return nullptr;
  });
}

// hostStage(stage, records, rows, elements, work, atOnce, limitMs): boolean; the host of its next shard. False: there
// is no more, or one of them is not what it must be.
napi_value host_stage(napi_env env, napi_callback_info info) {
  const Call<7> call(env, info);
  return guarded(env, [&] {
    Hold::Stage* const stage = call.hold->stage(call.number(0));
    if (stage == nullptr || stage->hosts.size() == stage->runner->ops().size()) return js_bool(env, false);
    const auto shard = static_cast<std::uint32_t>(stage->hosts.size());
    std::unique_ptr<JsHost> host = JsHost::create(env, *stage->runner, shard, call.arguments[1], call.arguments[2],
                                                  call.arguments[3], call.arguments[4], call.number(5));
    if (host == nullptr) return js_bool(env, false);
    stage->runner->ops()[shard]->set_host(host.get());
    stage->hosts.push_back(std::move(host));
    call.hold->pipeline().limit_stage(*stage->runner, static_cast<double>(call.size(6)));
    return js_bool(env, true);
  });
}

// setElements(stage, shard, elements): boolean
napi_value set_elements(napi_env env, napi_callback_info info) {
  const Call<3> call(env, info);
  Hold::Stage* const stage = call.hold->stage(call.number(0));
  const std::uint32_t shard = call.number(1);
  return js_bool(
      env, stage != nullptr && shard < stage->hosts.size() && stage->hosts[shard]->set_elements(call.arguments[2]));
}

// reportStage(stage, shard, report)
napi_value report_stage(napi_env env, napi_callback_info info) {
  const Call<3> call(env, info);
  return guarded(env, [&]() -> napi_value {
    Hold::Stage* const stage = call.hold->stage(call.number(0));
    const std::uint32_t shard = call.number(1);
    if (stage != nullptr && shard < stage->runner->ops().size()) stage->runner->ops()[shard]->tell(call.text(2));
    return nullptr;
  });
}

napi_value notify(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  return guarded(env, [&]() -> napi_value {
    call.hold->pipeline().notify(call.number(0));
    return nullptr;
  });
}

napi_value close_ingress(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  return guarded(env, [&]() -> napi_value {
    call.hold->pipeline().close_ingress(call.text(0));
    return nullptr;
  });
}

napi_value request_close(napi_env env, napi_callback_info info) {
  Call<1>(env, info).hold->pipeline().request_close();
  return nullptr;
}

napi_value threads_ended(napi_env env, napi_callback_info info) {
  return js_bool(env, Call<1>(env, info).hold->pipeline().threads_ended());
}

// deliveredOf(id, shard, shown): number; -1 where it is not kept.
napi_value delivered_of(napi_env env, napi_callback_info info) {
  const Call<3> call(env, info);
  return guarded(env, [&] {
    const auto records = call.hold->pipeline().delivered().look(call.text(0), call.number(1), call.size(2));
    napi_value result;
    const double told = records.has_value() ? static_cast<double>(*records) : -1;
    return napi_create_double(env, told, &result) == napi_ok ? result : nullptr;
  });
}

napi_value halt(napi_env env, napi_callback_info info) {
  Call<1>(env, info).hold->pipeline().halt();
  return nullptr;
}

napi_value set_scratch(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  if (call.hold->set_scratch(call.arguments[0]) != napi_ok)
    napi_throw_type_error(env, abi::word_of(abi::ErrorCode::kWrongUse), "the scratch area is a Uint8Array");
  return nullptr;
}

napi_value op_reports(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  return guarded(env, [&] { return js_text(env, call.hold->pipeline().op_reports()); });
}

napi_value status(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  return guarded(env, [&] { return js_text(env, call.hold->pipeline().status()); });
}

napi_value ref(napi_env env, napi_callback_info info) {
  Call<1>(env, info).hold->ref();
  return nullptr;
}

napi_value unref(napi_env env, napi_callback_info info) {
  Call<1>(env, info).hold->unref();
  return nullptr;
}

napi_value detach(napi_env env, napi_callback_info info) {
  Call<1>(env, info).hold->detach();
  return nullptr;
}

struct Method {
  const char* name;
  napi_callback function;
};

constexpr Method kMethods[] = {
    {"takePort", take_port},
    {"giveBackPort", give_back_port},
    {"wake", wake},
    {"takeStage", take_stage},
    {"stageShards", stage_shards},
    {"failStage", fail_stage},
    {"hostStage", host_stage},
    {"setElements", set_elements},
    {"reportStage", report_stage},
    {"turnStage", turn_stage},
    {"armStage", arm_stage},
    {"notify", notify},
    {"closeIngress", close_ingress},
    {"requestClose", request_close},
    {"threadsEnded", threads_ended},
    {"deliveredOf", delivered_of},
    {"halt", halt},
    {"setScratch", set_scratch},
    {"route", route},
    {"routeKey", route_key},
    {"loadCell", load_cell},
    {"storeCell", store_cell},
    {"exchangeCell", exchange_cell},
    {"copyOut", copy_out},
    {"copyIn", copy_in},
    {"opReports", op_reports},
    {"status", status},
    {"ref", ref},
    {"unref", unref},
    {"detach", detach},
};

void drop_share(napi_env, void* data, void*) { delete static_cast<HoldShare*>(data); }

void drop_region(napi_env, void*, void* hint) { delete static_cast<std::shared_ptr<run::Pipeline>*>(hint); }

// What JavaScript needs to see: all of the region where it runs an end, else only what an observer sees.
std::span<std::byte> visible_region(run::Pipeline& pipeline) {
  const std::span<std::byte> region = pipeline.region();
  if (!pipeline.uses_js()) return pipeline.observable();
  refuse_invisible(pipeline);
  return region;
}

// The region in place; JavaScript null where external buffers are forbidden or not wanted; nullptr when Node fails.
napi_value region_value(napi_env env, const HoldShare& hold, std::span<std::byte> region, bool external) {
  napi_value value;
  if (external) {
    // The memory stays mapped as long as JavaScript can see it, whatever becomes of the hold.
    auto* share = new std::shared_ptr<run::Pipeline>(hold->share());
    const napi_status status =
        napi_create_external_arraybuffer(env, region.data(), region.size(), drop_region, share, &value);
    if (status == napi_ok) return value;
    // After any other failure Node has called the finalizer, or will: the share is its own.
    if (status != napi_no_external_buffers_allowed) return nullptr;
    delete share;
  }
  return napi_get_null(env, &value) == napi_ok ? value : nullptr;
}

bool add_method(napi_env env, napi_value object, const Method& method, const HoldShare& hold) {
  auto* share = new HoldShare(hold);
  napi_value function;
  if (napi_create_function(env, method.name, NAPI_AUTO_LENGTH, method.function, share, &function) != napi_ok ||
      napi_add_finalizer(env, function, share, drop_share, nullptr, nullptr) != napi_ok) {
    delete share;
    return false;
  }
  return napi_set_named_property(env, object, method.name, function) == napi_ok;
}

}  // namespace

void refuse_invisible(run::Pipeline& pipeline) {
  const std::size_t bytes = pipeline.region().size();
  if (!pipeline.uses_js() || bytes <= kVisibleBytesMax) return;
  throw core::CodedError(abi::ErrorCode::kRegionTooLarge,
                         "the pipeline maps " + std::to_string(bytes) + " bytes, but Node can show at most " +
                             std::to_string(kVisibleBytesMax) +
                             " to JavaScript: ask for a smaller capacity, a smaller arenaBytes or fewer shards");
}

Napi::Value make_pipeline_object(Napi::Env env, const std::shared_ptr<Hold>& hold, bool external) {
  Napi::Object object = Napi::Object::New(env);
  const std::span<std::byte> visible = visible_region(hold->pipeline());
  const napi_value region = region_value(env, hold, visible, external);
  if (region == nullptr) {
    if (!env.IsExceptionPending())
      Napi::Error::New(env, "Node could not show the region to JavaScript; ask for smaller sizes")
          .ThrowAsJavaScriptException();
    return {};
  }
  object.Set("number", Napi::Number::New(env, hold->pipeline().number()));
  object.Set("note", Napi::String::New(env, hold->pipeline().note()));
  object.Set("region", region);
  object.Set("regionBytes", Napi::Number::New(env, static_cast<double>(visible.size())));
  for (const Method& method : kMethods)
    if (!add_method(env, object, method, hold)) {
      Napi::Error::New(env, "Node could not make the functions of a pipeline").ThrowAsJavaScriptException();
      return {};
    }
  return object;
}

}  // namespace byteor::addon

#include "addon/read_options.hpp"

#include <string>

#include "abi/words.hpp"
#include "core/coded_error.hpp"

namespace byteor::addon {
namespace {

[[noreturn]] void mismatch(const char* name) {
  throw core::CodedError(abi::ErrorCode::kNativeError, std::string("the addon and the package do not fit: option ") +
                                                           name + " is missing or of another type; reinstall byteor");
}

std::uint32_t read_number(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  if (!value.IsNumber()) mismatch(name);
  return value.As<Napi::Number>().Uint32Value();
}

bool read_flag(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  if (!value.IsBoolean()) mismatch(name);
  return value.As<Napi::Boolean>().Value();
}

std::string read_text(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  if (!value.IsString()) mismatch(name);
  return value.As<Napi::String>().Utf8Value();
}

Napi::Array read_array(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  if (!value.IsArray()) mismatch(name);
  return value.As<Napi::Array>();
}

// One of the words of an enum.
template <class Enum>
Enum read_word(const Napi::Object& object, const char* name) {
  const std::optional<Enum> value = abi::find_word<Enum>(read_text(object, name));
  if (!value.has_value()) mismatch(name);
  return *value;
}

// A text, a flag, or a whole number that JavaScript holds exactly: the keys are the adapter's own.
adapter::Config::Value read_config_value(const Napi::Value& value) {
  if (value.IsString()) return value.As<Napi::String>().Utf8Value();
  if (value.IsBoolean()) return value.As<Napi::Boolean>().Value();
  if (!value.IsNumber()) mismatch("ports");
  const std::int64_t number = value.As<Napi::Number>().Int64Value();
  if (static_cast<double>(number) != value.As<Napi::Number>().DoubleValue()) mismatch("ports");
  return number;
}

adapter::Config read_config(const Napi::Object& object) {
  adapter::Config config;
  const Napi::Array keys = object.GetPropertyNames();
  for (std::uint32_t i = 0; i < keys.Length(); ++i) {
    const Napi::Value key = keys.Get(i);
    config.set(key.ToString().Utf8Value(), read_config_value(object.Get(key)));
  }
  return config;
}

plugin::StagePlugin read_plugin(const Napi::Value& value) {
  if (!value.IsObject()) mismatch("plugins");
  const Napi::Object object = value.As<Napi::Object>();
  return {read_text(object, "stage"), read_text(object, "library"), read_text(object, "config"),
          read_flag(object, "emits")};
}

}  // namespace

run::PortOptions read_port(const Napi::Value& value) {
  if (!value.IsObject()) mismatch("ports");
  const Napi::Object object = value.As<Napi::Object>();
  run::PortOptions port;
  port.id = read_text(object, "id");
  port.port = read_word<abi::PortCode>(object, "port");
  if (port.port != abi::PortCode::kNative) return port;
  port.adapter = read_text(object, "adapter");
  const Napi::Value config = object.Get("config");
  if (!config.IsObject()) mismatch("ports");
  port.config = read_config(config.As<Napi::Object>());
  return port;
}

run::Options read_options(const Napi::Object& object) {
  run::Options options;
  options.journal_folder = read_text(object, "journalFolder");
  options.letters_folder = read_text(object, "lettersFolder");
  options.letters_fed = read_text(object, "lettersFed");
  options.batch_records = read_number(object, "batchRecords");
  options.pin = read_flag(object, "pin");
  options.observe = read_flag(object, "observe");
  options.delivered = read_flag(object, "delivered");
  options.profile = read_word<run::Profile>(object, "profile");
  options.wait = read_word<run::WaitStrategy>(object, "wait");
  options.version_id = read_text(object, "versionId");
  options.note = read_text(object, "note");
  const Napi::Array cpus = read_array(object, "cpus");
  for (std::uint32_t i = 0; i < cpus.Length(); ++i) options.cpus.push_back(cpus.Get(i).As<Napi::Number>());
  const Napi::Array first = read_array(object, "firstSequence");
  if (first.Length() != 2) mismatch("firstSequence");
  const std::uint64_t low = first.Get(0u).As<Napi::Number>().Uint32Value();
  const std::uint64_t high = first.Get(1u).As<Napi::Number>().Uint32Value();
  options.first_sequence = high << 32 | low;
  const Napi::Array ports = read_array(object, "ports");
  for (std::uint32_t i = 0; i < ports.Length(); ++i) options.ports.push_back(read_port(ports.Get(i)));
  const Napi::Array plugins = read_array(object, "plugins");
  for (std::uint32_t i = 0; i < plugins.Length(); ++i) options.plugins.push_back(read_plugin(plugins.Get(i)));
  const Napi::Array workers = read_array(object, "stageWorkers");
  for (std::uint32_t i = 0; i < workers.Length(); ++i) {
    const Napi::Object row = workers.Get(i).As<Napi::Object>();
    options.stage_workers.push_back({read_text(row, "stage"), read_number(row, "workers")});
  }
  return options;
}

}  // namespace byteor::addon

#include "adapter/config.hpp"

#include <algorithm>

#include "core/coded_error.hpp"

namespace byteor::adapter {
namespace {

[[noreturn]] void mismatch(std::string_view key, const char* what) {
  throw core::CodedError(abi::ErrorCode::kNativeError, "the addon and the package do not fit: the key " +
                                                           std::string(key) + " of a port " + what +
                                                           "; reinstall byteor");
}

template <class T>
const T& as(std::string_view key, const Config::Value& value) {
  const T* const held = std::get_if<T>(&value);
  if (held == nullptr) mismatch(key, "has another type");
  return *held;
}

}  // namespace

const Config::Value* Config::find(std::string_view key) const noexcept {
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.first == key; });
  return found == entries_.end() ? nullptr : &found->second;
}

const std::string& Config::text(std::string_view key) const {
  const Value* const value = find(key);
  if (value == nullptr) mismatch(key, "is missing");
  return as<std::string>(key, *value);
}

bool Config::flag(std::string_view key, bool absent) const {
  const Value* const value = find(key);
  return value == nullptr ? absent : as<bool>(key, *value);
}

std::optional<std::uint64_t> Config::number(std::string_view key) const {
  const Value* const value = find(key);
  if (value == nullptr) return std::nullopt;
  const std::int64_t number = as<std::int64_t>(key, *value);
  if (number < 0) mismatch(key, "is negative");
  return static_cast<std::uint64_t>(number);
}

std::string Config::word(std::string_view key, std::string_view absent) const {
  const Value* const value = find(key);
  return value == nullptr ? std::string(absent) : as<std::string>(key, *value);
}

void Config::allow_only(std::initializer_list<std::string_view> keys) const {
  for (const auto& [key, value] : entries_)
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) mismatch(key, "is unknown");
}

}  // namespace byteor::adapter

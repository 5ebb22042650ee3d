// The configuration of one native end as it crosses from JavaScript: flat keys, each with a text, a number or a flag.
// lib/adapter has checked it against what the adapter says of its keys; here the adapter reads those that it knows, and
// nothing else in native/ knows any. What does not fit is therefore a package and an addon of two versions.
// Control path.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace byteor::adapter {

class Config {
 public:
  using Value = std::variant<bool, std::int64_t, std::string>;
  using Entry = std::pair<std::string, Value>;

  Config() = default;
  Config(std::initializer_list<Entry> entries) : entries_(entries) {}

  void set(std::string key, Value value) { entries_.emplace_back(std::move(key), std::move(value)); }

  // All of these throw CodedError (NATIVE_ERROR).
  // A key that must be there.
  const std::string& text(std::string_view key) const;
  // Keys that may be left out.
  bool flag(std::string_view key, bool absent) const;
  std::optional<std::uint64_t> number(std::string_view key) const;
  std::string word(std::string_view key, std::string_view absent) const;
  // There is no key but these.
  void allow_only(std::initializer_list<std::string_view> keys) const;

 private:
  const Value* find(std::string_view key) const noexcept;

  std::vector<Entry> entries_;
};

}  // namespace byteor::adapter

// The texts of enums that cross the border as words (lib/abi/definition.ts) and of error codes. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "abi/abi_generated.hpp"

namespace byteor::abi {

// The text of a value.
template <class Enum>
constexpr const char* word_of(Enum value) noexcept {
  static_assert(!kWords<Enum>.empty(), "the enum has no texts in lib/abi/definition.ts");
  for (const Word<Enum>& word : kWords<Enum>)
    if (word.value == value) return word.text;
  return "";
}

// The value of a text; nothing for a text that the enum does not have.
template <class Enum>
constexpr std::optional<Enum> find_word(std::string_view text) noexcept {
  static_assert(!kWords<Enum>.empty(), "the enum has no texts in lib/abi/definition.ts");
  for (const Word<Enum>& word : kWords<Enum>)
    if (text == word.text) return word.value;
  return std::nullopt;
}

}  // namespace byteor::abi

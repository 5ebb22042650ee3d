#include "adapter/registry.hpp"

#include <algorithm>

#include "adapter/lines/lines.hpp"
#include "adapter/replay/replay.hpp"

namespace byteor::adapter {
namespace {

// lib/adapter/registry.ts has the same rows; a test compares them.
constexpr Adapter kAdapters[] = {
    {"lines", lines_source, lines_sink},
    {"replay", replay_source, nullptr},
};

}  // namespace

std::span<const Adapter> adapters() noexcept { return kAdapters; }

const Adapter* find_adapter(std::string_view name) noexcept {
  const auto found = std::find_if(std::begin(kAdapters), std::end(kAdapters),
                                  [&](const Adapter& adapter) { return adapter.name == name; });
  return found == std::end(kAdapters) ? nullptr : found;
}

}  // namespace byteor::adapter

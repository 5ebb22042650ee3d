// Hands out places of a region one after the other. Control path.
#pragma once

#include <cstdint>

#include "core/cpu.hpp"

namespace byteor::graph {

inline constexpr std::uint64_t kPage = 4096;

class RegionCursor {
 public:
  std::uint64_t take(std::uint64_t bytes, std::uint64_t align = core::kCacheBlock) {
    at_ = core::round_up(at_, align);
    const std::uint64_t place = at_;
    at_ += bytes;
    return place;
  }
  std::uint64_t end(std::uint64_t align) {
    at_ = core::round_up(at_, align);
    return at_;
  }

 private:
  std::uint64_t at_ = 0;
};

}  // namespace byteor::graph

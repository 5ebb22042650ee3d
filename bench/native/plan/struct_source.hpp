// Structs for an ingress that JavaScript would push into, from C++ and through the same end: ID=structs:COUNT. Lines of
// a file are no structs, and what a plan does with structs is to be counted as well.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "core/agent.hpp"

namespace byteor::bench {

// `End`: core::RecordProducer, or the writing end of a lane with the same calls. The first 8 bytes of each record count
// up, the others are zero.
template <class End>
class StructSource final : public core::Agent {
 public:
  StructSource(End& end, std::uint64_t count, std::uint32_t batch) : end_(end), count_(count), batch_(batch) {}

  std::uint32_t do_work() noexcept override {
    const auto limit = std::min<std::uint64_t>(batch_, count_ - made_);
    const std::uint32_t bytes = end_.record_max();
    std::uint32_t moved = 0;
    for (; moved < limit; ++moved) {
      std::byte* const to = end_.try_claim(bytes);
      if (to == nullptr) break;
      std::memset(to, 0, bytes);
      std::memcpy(to, &made_, std::min<std::size_t>(bytes, sizeof(made_)));
      end_.commit(bytes, 0);
      ++made_;
    }
    if (moved > 0) end_.publish();
    if (made_ == count_ && !std::exchange(closed_, true)) end_.close();
    return moved;
  }
  bool done() noexcept override { return closed_; }

 private:
  End& end_;
  const std::uint64_t count_;
  const std::uint32_t batch_;
  std::uint64_t made_ = 0;
  bool closed_ = false;
};

}  // namespace byteor::bench

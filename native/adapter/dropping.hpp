// A lane with Drop takes a record that it has no room for, and counts it; a shard, and a lane that blocks, keep it
// waiting. Hot code: static, because with external linkage g++ 12 inlines less around them, at 3 instructions a record
// of a source of lines.
#pragma once

namespace byteor::adapter {

template <class Producer>
static inline bool may_drop(const Producer& producer) noexcept {
  if constexpr (requires { producer.drops(); }) return producer.drops();
  return false;
}

template <class Producer>
static inline void count_dropped(Producer& producer, bool too_large) noexcept {
  if constexpr (requires { producer.count_dropped(too_large); }) producer.count_dropped(too_large);
}

}  // namespace byteor::adapter

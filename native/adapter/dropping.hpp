// A lane with Drop takes a record that it has no room for, and counts it; a shard, and a lane that blocks, keep it
// waiting. Hot code.
#pragma once

namespace byteor::adapter {

template <class Producer>
bool may_drop(const Producer& producer) noexcept {
  if constexpr (requires { producer.drops(); }) return producer.drops();
  return false;
}

template <class Producer>
void count_dropped(Producer& producer, bool too_large) noexcept {
  if constexpr (requires { producer.count_dropped(too_large); }) producer.count_dropped(too_large);
}

}  // namespace byteor::adapter

// SplitMix numbers of a test: the same seed gives the same numbers on every machine and with every library.
#pragma once

#include <cstdint>

namespace byteor::test {

class SplitMix {
 public:
  explicit SplitMix(std::uint64_t seed) noexcept : state_(seed) {}

  // splitmix64.
  std::uint64_t next() noexcept {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // Below `limit`, which is not 0.
  std::uint64_t below(std::uint64_t limit) noexcept { return next() % limit; }
  bool one_in(std::uint64_t times) noexcept { return below(times) == 0; }
  template <class T, std::size_t N>
  T pick(const T (&values)[N]) noexcept {
    return values[below(N)];
  }

 private:
  std::uint64_t state_;
};

}  // namespace byteor::test

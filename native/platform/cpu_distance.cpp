#include "platform/cpu_distance.hpp"

#include <atomic>
#include <thread>

#include "core/clock.hpp"
#include "core/cpu.hpp"
#include "platform/affinity.hpp"

namespace byteor::platform {
namespace {

constexpr std::uint32_t kRounds = 1000;
// A thread that is not scheduled must not keep the other one spinning for ever.
constexpr double kPatienceNs = 100e6;

// Nothing but its value is handed over, so relaxed is enough.
struct alignas(core::kCacheBlock) Flag {
  std::atomic<std::uint32_t> value{0};
};

// False: the other side has not answered.
bool await(const Flag& flag, std::uint32_t value) {
  if (flag.value.load(std::memory_order_relaxed) == value) return true;
  const double begin = core::now_ns();
  for (std::uint32_t looks = 1; flag.value.load(std::memory_order_relaxed) != value; ++looks) {
    core::cpu_relax();
    if (looks % 1024 == 0 && core::now_ns() - begin > kPatienceNs) return false;
  }
  return true;
}

bool pinned(std::uint32_t cpu) { return pin_this_thread(cpu).state == abi::PinState::kApplied; }

}  // namespace

std::optional<double> flag_round_trip_ns(std::uint32_t cpu, std::uint32_t other) {
  Flag ping;
  Flag pong;
  double taken = 0;
  bool answered = false;
  std::thread far([&] {
    if (!pinned(other)) return;
    for (std::uint32_t i = 1; i <= kRounds && await(ping, i); ++i) pong.value.store(i, std::memory_order_relaxed);
  });
  std::thread here([&] {
    if (!pinned(cpu)) return;
    // The first answer says that the other side runs.
    ping.value.store(1, std::memory_order_relaxed);
    if (!await(pong, 1)) return;
    const double begin = core::now_ns();
    for (std::uint32_t i = 2; i <= kRounds; ++i) {
      ping.value.store(i, std::memory_order_relaxed);
      if (!await(pong, i)) return;
    }
    taken = core::now_ns() - begin;
    answered = true;
  });
  here.join();
  far.join();
  if (!answered) return std::nullopt;
  return taken / (kRounds - 1);
}

}  // namespace byteor::platform

#include "platform/futex.hpp"

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#endif

namespace byteor::platform {

#if defined(__linux__)

namespace {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t) &&
                  std::atomic<std::uint32_t>::is_always_lock_free,
              "the kernel compares the bare 32-bit word");

long futex(const std::atomic<std::uint32_t>& word, int operation, std::uint32_t value) noexcept {
  return syscall(SYS_futex, &word, operation, value, nullptr, nullptr, 0);
}

}  // namespace

// SYNC POINT S6: the kernel compares the word and queues the sleeper in one step, under the lock that a waker takes.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected) noexcept {
  futex(word, FUTEX_WAIT_PRIVATE, expected);
}

void futex_wake_one(std::atomic<std::uint32_t>& word) noexcept { futex(word, FUTEX_WAKE_PRIVATE, 1); }

#else

void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected) noexcept {
  // SYNC POINT S6: the same promise, from the standard library.
  word.wait(expected, std::memory_order_seq_cst);
}

void futex_wake_one(std::atomic<std::uint32_t>& word) noexcept { word.notify_one(); }

#endif

}  // namespace byteor::platform

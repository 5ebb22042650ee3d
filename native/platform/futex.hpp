// Sleeping on a 32-bit word until a thread of the same process wakes it. Linux futex; elsewhere std::atomic's own wait,
// which is the same thing behind a table. Called by Sleeper (wake.hpp) alone; any thread.
//
// The wait is PRIVATE to the process even when the word lies in a region that a file backs: another process may look at
// such a region, but only this one ever sleeps in it or wakes.
#pragma once

#include <atomic>
#include <cstdint>

namespace byteor::platform {

// Sleeps while `word` is `expected`. Returns when the word differs, when it is woken, or for no reason at all (a
// signal): the caller looks again. There is no timeout, on purpose: a timeout would hide a lost wake-up.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected) noexcept;

// Wakes one sleeper. The caller has changed the word before.
void futex_wake_one(std::atomic<std::uint32_t>& word) noexcept;

}  // namespace byteor::platform

// How a native thread sleeps and how it is woken without a call in the common case.
//
// The thread's `armed` cell says "asleep, or about to be". Whoever changed something that the thread may wait for looks
// at that one cell, and only when it is set pays for a wake-up. The argument that no wake-up is lost is WAKE.md.
//
//   sleeper                                  waker (any thread)
//   arm()                                    publish, seq_cst
//   one more look at all inputs              wake()
//   nothing: watch(fd)…, sleep()
//   something: disarm()
//
// A thread whose agents wait for descriptors sleeps in poll(2), any other on the futex word. Which of the two is fixed
// at construction, so that a waker never has to find out.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace byteor::platform {

class Sleeper {
 public:
  // `armed` and `word`: abi::ThreadBlock.armed and .futex of this thread; both outlive the sleeper. `descriptor_max`:
  // how many descriptors may be watched at a time; 0: none, sleep on the word. Control path; throws std::system_error
  // when the operating system has no descriptor left for waking.
  Sleeper(std::atomic<std::uint32_t>& armed, std::atomic<std::uint32_t>& word, std::size_t descriptor_max);
  ~Sleeper();

  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  // --- The sleeping thread only -------------------------------------------------------------------------------------

  // From now on wakers wake. The caller must look at all of its inputs once more before it sleeps.
  void arm() noexcept {
    // SYNC POINT S6: the word before armed. A waker changes the word only after it has seen armed, so sleep() cannot
    // miss the change.
    ticket_ = word_.load(std::memory_order_seq_cst);
    // SYNC POINT S5: armed, then the inputs; pairs with wake(), which comes after the input was published.
    armed_.store(1, std::memory_order_seq_cst);
  }

  // The look after arm() found something: wakers need not bother.
  void disarm() noexcept;

  // The next sleep() also ends when the descriptor is ready (`events` as in poll(2); errors and hang-ups always count).
  // At most descriptor_max between two calls of sleep(); negative descriptors are ignored.
  void watch(int descriptor, short events) noexcept;

  // Sleeps until woken or a watched descriptor is ready; may return without either. Disarmed and with nothing watched
  // afterwards.
  void sleep() noexcept;

  // --- Any thread ---------------------------------------------------------------------------------------------------

  // Call after a seq_cst publication of what the thread may wait for. Costs one load while the thread is awake.
  void wake() noexcept {
    // SYNC POINT S5: the caller's publication, then armed.
    if (armed_.load(std::memory_order_seq_cst) == 0) return;
    if (armed_.exchange(0, std::memory_order_seq_cst) != 0) rouse();
  }

  // When the sleeping thread has been joined: gives its descriptors back. A late rouse() finds nothing and does
  // nothing.
  void close() noexcept;

  // The wake-up itself, for a caller that exchanged `armed` from 1 to 0 itself (a JS thread does that in place).
  void rouse() noexcept;

 private:
  struct Descriptors;

  std::atomic<std::uint32_t>& armed_;
  std::atomic<std::uint32_t>& word_;
  std::uint32_t ticket_ = 0;
  std::unique_ptr<Descriptors> descriptors_;  // only when descriptor_max > 0
};

}  // namespace byteor::platform

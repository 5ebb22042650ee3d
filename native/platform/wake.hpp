// How a native thread sleeps and how it is woken without a call in the common case.
//
// The thread's `armed` cell says "asleep, or about to be". A thread that changed something which it may wait for looks
// at that one cell, and only when it is set pays for a wake-up. The argument that no wake-up is lost is WAKE.md.
//
//   sleeper                                  waker (any thread)
//   arm()                                    publish, seq_cst
//   one more look at all inputs              wake()
//   nothing: watch(fd)…, sleep()
//   something: disarm()
//
// What native threads wake by lies in the core's own memory. A JS thread cannot reach that, so the region has a copy of
// `armed` for it; whatever is written there, native wakers, and so a halt, still find their sleeper.
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
  // `armed` and `word` are this thread's, and private to the core. `descriptor_max`: how many descriptors may be
  // watched at a time; 0: none, sleep on the word. `shown`: abi::ThreadBlock.armed, the copy for JS wakers; nullptr
  // where there are none. All three outlive the sleeper. Control path; throws CodedError (NO_RESOURCE) when the
  // operating system has no descriptor left for waking.
  Sleeper(std::atomic<std::uint32_t>& armed, std::atomic<std::uint32_t>& word, std::size_t descriptor_max,
          std::atomic<std::uint32_t>* shown = nullptr);
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
    if (shown_ != nullptr) shown_->store(1, std::memory_order_seq_cst);
  }

  // The look after arm() found something: wakers need not bother.
  void disarm() noexcept;

  // The next sleep() also ends when the descriptor is ready (`events` as in poll(2); errors and hang-ups always count).
  // At most descriptor_max between two calls of sleep(); negative descriptors are ignored. One that there is no room
  // for is not dropped: the next sleep() returns at once instead.
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

  // When the sleeping thread has ended: gives its descriptors back. A late rouse() finds nothing and does nothing.
  void close() noexcept;

  // The wake-up itself, whatever `armed` says: for a JS thread, which exchanges the copy in place, and for the thread
  // that ends the thread or cannot know what a JS thread that is gone had still to do. Of an awake thread it costs a
  // round.
  void rouse() noexcept;

 private:
  struct Descriptors;

  std::atomic<std::uint32_t>& armed_;
  std::atomic<std::uint32_t>& word_;
  std::atomic<std::uint32_t>* const shown_;
  std::uint32_t ticket_ = 0;
  bool may_not_sleep_ = false;                // there was no room to watch something
  std::unique_ptr<Descriptors> descriptors_;  // only when descriptor_max > 0
};

}  // namespace byteor::platform

#include "platform/wake.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include "core/coded_error.hpp"
#include "platform/futex.hpp"
#if defined(__linux__)
#include <sys/eventfd.h>
#endif

namespace byteor::platform {

namespace {

[[noreturn]] void fail_open() {
  throw core::CodedError(abi::ErrorCode::kNoResource, std::string("no descriptor for waking a thread (") +
                                                          std::strerror(errno) +
                                                          "); raise the limit of open files (ulimit -n)");
}

}  // namespace

// A descriptor that becomes readable by a wake-up: an eventfd on Linux, a pipe elsewhere. It remembers, so a
// wake between the last look and poll(2) is not lost. Member order: `polled` only borrows the descriptors.
struct Sleeper::Descriptors {
  explicit Descriptors(std::size_t descriptor_max) {
    polled.reserve(descriptor_max + 1);
    room = descriptor_max + 1;
#if defined(__linux__)
    reading = writing = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (reading < 0) fail_open();
#else
    int ends[2];
    if (pipe(ends) != 0) fail_open();
    reading = ends[0];
    writing = ends[1];
    for (const int end : ends) {
      fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK);
      fcntl(end, F_SETFD, FD_CLOEXEC);
    }
#endif
    polled.push_back({reading, POLLIN, 0});
  }

  ~Descriptors() { close(); }

  void close() noexcept {
    const std::lock_guard lock(mutex);
    if (reading < 0) return;
    if (writing != reading) ::close(writing);
    ::close(reading);
    reading = writing = -1;
  }

  // A full pipe or counter refuses the write, which is fine: then it is readable already.
  void signal() noexcept {
    // JavaScript may wake a thread that has ended, and the number of its descriptor may be another file's by then.
    // Cheap beside the write.
    const std::lock_guard lock(mutex);
    if (writing < 0) return;
    const std::uint64_t one = 1;
    while (write(writing, &one, sizeof one) < 0 && errno == EINTR) {
    }
  }

  // SYNC POINT S7: only the sleeper drains, and only before it arms again; so a drain never takes a later arm's signal.
  void wait() noexcept {
    if (poll(polled.data(), static_cast<nfds_t>(polled.size()), -1) > 0 && polled.front().revents != 0) drain();
    forget();
  }

  void forget() noexcept { polled.resize(1); }

  void drain() noexcept {
    std::uint64_t count[16];
    while (read(reading, count, sizeof count) == static_cast<ssize_t>(sizeof count)) {
    }
  }

  std::mutex mutex;  // guards the numbers against close()
  int reading = -1;
  int writing = -1;
  std::size_t room = 1;
  std::vector<pollfd> polled;
};

void Sleeper::watch(int descriptor, short events) noexcept {
  if (descriptor < 0) return;
  if (descriptors_ != nullptr && descriptors_->polled.size() < descriptors_->room)
    descriptors_->polled.push_back({descriptor, events, 0});
  else
    may_not_sleep_ = true;
}

Sleeper::Sleeper(std::atomic<std::uint32_t>& armed, std::atomic<std::uint32_t>& word,
                 [[maybe_unused]] std::size_t descriptor_max, std::atomic<std::uint32_t>* shown)
    : armed_(armed), word_(word), shown_(shown) {
  if (descriptor_max > 0) descriptors_ = std::make_unique<Descriptors>(descriptor_max);
}

Sleeper::~Sleeper() = default;

void Sleeper::disarm() noexcept {
  // Relaxed is enough: a waker that still sees 1 rouses for nothing, and the next arm() is seq_cst again.
  armed_.store(0, std::memory_order_relaxed);
  if (shown_ != nullptr) shown_->store(0, std::memory_order_relaxed);
}

void Sleeper::sleep() noexcept {
  if (may_not_sleep_) {
    may_not_sleep_ = false;
    if (descriptors_ != nullptr) descriptors_->forget();
  } else if (descriptors_ != nullptr) {
    descriptors_->wait();
  } else {
    futex_wait(word_, ticket_);
  }
  disarm();
}

void Sleeper::close() noexcept {
  if (descriptors_ != nullptr) descriptors_->close();
}

void Sleeper::rouse() noexcept {
  if (descriptors_ != nullptr) {
    descriptors_->signal();
    return;
  }
  // SYNC POINT S6: the word changes before the kernel is asked to wake, so a sleeper that has not queued yet does not.
  word_.fetch_add(1, std::memory_order_seq_cst);
  futex_wake_one(word_);
}

}  // namespace byteor::platform

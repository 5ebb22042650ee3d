#include "platform/thread_times.hpp"

#include <fstream>
#include <string>

#if defined(__linux__) || defined(__APPLE__)
#include <time.h>
#endif

namespace byteor::platform {

ThreadTimes this_thread_times() {
  ThreadTimes times;
#if defined(__linux__) || defined(__APPLE__)
  timespec used{};
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) == 0)
    times.cpu_seconds = static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
#endif
#if defined(__linux__)
  // Nanoseconds on a CPU, nanoseconds in the queue for one, and how often it got one
  // (Documentation/scheduler/sched-stats).
  std::ifstream file("/proc/thread-self/schedstat");
  double on_cpu = 0;
  double queued = 0;
  if (file >> on_cpu >> queued) times.waited_seconds = queued * 1e-9;
#endif
  return times;
}

}  // namespace byteor::platform

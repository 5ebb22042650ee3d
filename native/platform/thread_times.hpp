// What the kernel has given a thread. Control path.
#pragma once

#include <optional>

namespace byteor::platform {

struct ThreadTimes {
  double cpu_seconds = 0;
  // Ready to run, and without a CPU; nothing where the kernel does not say.
  std::optional<double> waited_seconds;
};

// Of the calling thread, since it began.
ThreadTimes this_thread_times();

}  // namespace byteor::platform

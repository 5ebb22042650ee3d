// What the kernel has given a thread. Control path.
#pragma once

#include <optional>

namespace byteor::platform {

struct ThreadTimes {
  double cpu_seconds = 0;
  // Ready to run, and without a CPU; nothing where the kernel does not say.
  std::optional<double> waited_seconds;
};

// What it was given between two moments.
inline ThreadTimes operator-(const ThreadTimes& after, const ThreadTimes& before) noexcept {
  ThreadTimes between{after.cpu_seconds - before.cpu_seconds, std::nullopt};
  if (after.waited_seconds && before.waited_seconds)
    between.waited_seconds = *after.waited_seconds - *before.waited_seconds;
  return between;
}

// Of the calling thread, since it began.
ThreadTimes this_thread_times();

}  // namespace byteor::platform

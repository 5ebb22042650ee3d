// Calls that a signal may interrupt before they have done anything: made again. A process of Node gets signals whenever
// a profiler, a debugger or a child wants it. Control path; any thread.
#pragma once

#include <cerrno>
#include <utility>

namespace byteor::platform {

// For calls that answer with -1 and errno.
template <class Call>
auto retry_interrupted(Call&& call) noexcept(noexcept(call())) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

}  // namespace byteor::platform

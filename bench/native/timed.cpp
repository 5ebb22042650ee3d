// Runs a program with its standard output in a file and prints what it took: wall time, CPU time of all its threads,
// the most memory it held. For bench/run.mjs; from Node there is no way to ask for a child's peak memory.
//
//   byteor_timed OUTPUT COMMAND [ARGUMENT…]
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// In the child: does not return.
void become(char** arguments, const char* output) {
  const int out = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int in = open("/dev/null", O_RDONLY);
  if (out < 0 || in < 0 || dup2(out, 1) < 0 || dup2(in, 0) < 0) _exit(126);
  execvp(arguments[0], arguments);
  _exit(127);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: byteor_timed OUTPUT COMMAND [ARGUMENT...]\n");
    return 2;
  }
  const auto begin = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child < 0) {
    std::perror("byteor_timed: fork");
    return 1;
  }
  if (child == 0) become(argv + 2, argv[1]);
  int status = 0;
  rusage usage{};
  if (wait4(child, &status, 0, &usage) != child) {
    std::perror("byteor_timed: wait4");
    return 1;
  }
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("{\"exit\":%d,\"seconds\":%.6f,\"cpu_seconds\":%.6f,\"peak_mb\":%.1f}\n",
              WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), took,
              seconds(usage.ru_utime) + seconds(usage.ru_stime), static_cast<double>(usage.ru_maxrss) / 1024.0);
  return 0;
}

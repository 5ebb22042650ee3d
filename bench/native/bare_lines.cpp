// The least that a filter over lines can do, in one thread: read a block, find each line's end, search the line, copy
// it out. No checks, no counters, no way to stop. The yardstick of `byteor run` in bench/run.mjs; not for use.
//
//   byteor_bare_lines FILE [NEEDLE]   lines that contain NEEDLE (all without one) to standard output
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t kBlock = 1 << 20;

bool write_all(const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t wrote = write(1, data, size);
    if (wrote <= 0) return false;
    data += wrote;
    size -= static_cast<std::size_t>(wrote);
  }
  return true;
}

class Filter {
 public:
  explicit Filter(std::string_view needle) : needle_(needle), out_(kBlock) {}

  // `line` with its terminator.
  bool take(const char* line, std::size_t size) {
    if (!needle_.empty() && memmem(line, size, needle_.data(), needle_.size()) == nullptr) return true;
    if (held_ + size > out_.size()) {
      if (!flush()) return false;
      if (size > out_.size()) return write_all(line, size);
    }
    std::memcpy(out_.data() + held_, line, size);
    held_ += size;
    return true;
  }
  bool flush() {
    const bool good = write_all(out_.data(), held_);
    held_ = 0;
    return good;
  }

 private:
  const std::string_view needle_;
  std::vector<char> out_;
  std::size_t held_ = 0;
};

bool run(int file, Filter& filter) {
  std::vector<char> block(2 * kBlock);
  std::size_t held = 0;
  for (;;) {
    if (held + kBlock > block.size()) block.resize(2 * block.size());
    const ssize_t got = read(file, block.data() + held, kBlock);
    if (got < 0) return false;
    if (got == 0) return (held == 0 || filter.take(block.data(), held)) && filter.flush();
    held += static_cast<std::size_t>(got);
    const char* at = block.data();
    const char* const end = at + held;
    while (const void* const found = std::memchr(at, '\n', static_cast<std::size_t>(end - at))) {
      const char* const next = static_cast<const char*>(found) + 1;
      if (!filter.take(at, static_cast<std::size_t>(next - at))) return false;
      at = next;
    }
    held = static_cast<std::size_t>(end - at);
    std::memmove(block.data(), at, held);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int file = argc < 2 ? -1 : open(argv[1], O_RDONLY);
  if (file < 0) {
    std::fprintf(stderr, "usage: byteor_bare_lines FILE [NEEDLE]\n");
    return 2;
  }
  Filter filter(argc > 2 ? argv[2] : "");
  return run(file, filter) ? 0 : 1;
}

// How fast a file goes through the line adapters, against the least that any program must do: read, find every line
// feed, copy every line, write. One thread runs source and sink in turn, as a placement on few CPUs does. The copy is
// compared with the original.

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "../../test/native/support/ring_fixture.hpp"
#include "adapter/lines/line_sink.hpp"
#include "adapter/lines/line_source.hpp"

namespace byteor {
namespace {

constexpr std::size_t kFileBytes = std::size_t{64} << 20;

// A file of random lines and the place of its copy; both gone at the end.
class Files {
 public:
  explicit Files(std::size_t line_bytes) {
    const std::string stem =
        (std::filesystem::temp_directory_path() / ("byteor-bench-" + std::to_string(getpid()))).string();
    input = stem + ".in";
    output = stem + ".out";
    std::mt19937 random(1);
    std::string content;
    content.reserve(kFileBytes + 2 * line_bytes);
    while (content.size() < kFileBytes) {
      content.append(line_bytes / 2 + random() % (line_bytes + 1), static_cast<char>('a' + random() % 26));
      content += '\n';
    }
    std::ofstream(input, std::ios::binary) << content;
    bytes = content.size();
  }
  ~Files() {
    std::filesystem::remove(input);
    std::filesystem::remove(output);
  }

  void check() const {
    const auto content = [](const std::string& path) {
      std::ostringstream all;
      all << std::ifstream(path, std::ios::binary).rdbuf();
      return all.str();
    };
    if (content(input) != content(output)) throw std::runtime_error("the copy differs from the original");
  }

  std::string input;
  std::string output;
  std::size_t bytes = 0;
};

void report(benchmark::State& state, const Files& files) {
  files.check();
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * files.bytes));
}

// Arguments: mean bytes of a line, bytes of a block.
void BM_LineAdapters(benchmark::State& state) {
  const Files files(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    test::RingFixture ring({.capacity = 8192, .record_max = 1u << 20, .arena_bytes = 4u << 20});
    test::Failures failures;
    const std::atomic<std::uint32_t> running{static_cast<std::uint32_t>(abi::RegionState::kRunning)};
    adapter::LineSource source(adapter::InputFile::open(files.input), {&ring.producer}, nullptr, failures, running,
                               {.block_bytes = static_cast<std::uint32_t>(state.range(1))});
    adapter::LineSink sink(adapter::OutputFile::open(files.output, false), {&ring.consumer}, failures,
                           {.buffer_bytes = static_cast<std::uint32_t>(state.range(1)), .lines_only = true});
    while (!sink.done()) {
      source.do_work();
      sink.do_work();
    }
  }
  report(state, files);
}
BENCHMARK(BM_LineAdapters)
    ->ArgsProduct({{20, 100, 1000}, {64 << 10, 128 << 10, 256 << 10, 512 << 10, 1 << 20}})
    ->Unit(benchmark::kMillisecond);

// Only the reading half: records are dropped where they arrive.
void BM_LineSource(benchmark::State& state) {
  const Files files(static_cast<std::size_t>(state.range(0)));
  std::uint64_t seen = 0;
  for (auto _ : state) {
    test::RingFixture ring({.capacity = 8192, .record_max = 1u << 20, .arena_bytes = 4u << 20});
    test::Failures failures;
    const std::atomic<std::uint32_t> running{static_cast<std::uint32_t>(abi::RegionState::kRunning)};
    adapter::LineSource source(adapter::InputFile::open(files.input), {&ring.producer}, nullptr, failures, running, {});
    while (!ring.consumer.drained()) {
      source.do_work();
      ring.consumer.consume(4096, [&](std::uint64_t, const core::RecordRef& record) {
        seen += record.length;
        return true;
      });
      ring.consumer.release();
    }
  }
  benchmark::DoNotOptimize(seen);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * files.bytes));
}
BENCHMARK(BM_LineSource)->Arg(20)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond);

// The same work by hand: no ring, no agents, no flags.
void BM_ReadMemchrCopyWrite(benchmark::State& state) {
  const Files files(static_cast<std::size_t>(state.range(0)));
  constexpr std::size_t kBlock = 256 << 10;
  std::vector<char> in(2 * kBlock);
  std::vector<char> out(2 * kBlock);
  for (auto _ : state) {
    const int from = open(files.input.c_str(), O_RDONLY);
    const int to = open(files.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    std::size_t left = 0;
    std::size_t used = 0;
    const auto flush = [&] {
      if (write(to, out.data(), used) != static_cast<ssize_t>(used)) throw std::runtime_error("short write");
      used = 0;
    };
    for (;;) {
      const ssize_t got = read(from, in.data() + left, kBlock);
      if (got <= 0) break;
      const char* begin = in.data();
      const char* const end = begin + left + got;
      while (const void* newline = std::memchr(begin, '\n', static_cast<std::size_t>(end - begin))) {
        const auto length = static_cast<std::size_t>(static_cast<const char*>(newline) - begin) + 1;
        if (used + length > kBlock) flush();
        std::memcpy(out.data() + used, begin, length);
        used += length;
        begin += length;
      }
      left = static_cast<std::size_t>(end - begin);
      std::memmove(in.data(), begin, left);
    }
    flush();
    close(from);
    close(to);
  }
  report(state, files);
}
BENCHMARK(BM_ReadMemchrCopyWrite)->Arg(20)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond);

// What the kernel alone takes.
void BM_ReadWrite(benchmark::State& state) {
  const Files files(100);
  std::vector<char> block(256 << 10);
  for (auto _ : state) {
    const int from = open(files.input.c_str(), O_RDONLY);
    const int to = open(files.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (ssize_t got; (got = read(from, block.data(), block.size())) > 0;)
      if (write(to, block.data(), static_cast<std::size_t>(got)) != got) throw std::runtime_error("short write");
    close(from);
    close(to);
  }
  report(state, files);
}
BENCHMARK(BM_ReadWrite)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace byteor

// What the op benchmarks run over: the lines of the file that BYTEOR_BENCH_LOG names, or, when it names none, of an
// access log made up here, always the same. Kept twice: small enough for the second-level cache, and repeated until it
// exceeds every cache, so that a rate can be told apart from what the memory gives.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace byteor::bench {

struct Corpus {
  std::string text;
  std::vector<std::string_view> lines;
};

inline void split_lines(Corpus& corpus) {
  std::string_view rest = corpus.text;
  while (!rest.empty()) {
    const std::size_t stop = rest.find('\n');
    corpus.lines.push_back(rest.substr(0, stop));
    rest.remove_prefix(stop == std::string_view::npos ? rest.size() : stop + 1);
  }
}

inline std::string access_log(std::size_t lines) {
  static constexpr const char* kMethods[] = {"GET", "GET", "GET", "POST", "PUT"};
  static constexpr const char* kPaths[] = {"/", "/api/orders", "/api/orders/items", "/static/app.js", "/login"};
  std::string text;
  std::uint64_t state = 42;
  for (std::size_t i = 0; i < lines; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const auto draw = static_cast<unsigned>(state >> 33);
    char line[256];
    std::snprintf(line, sizeof line,
                  "10.0.%u.%u - - [12/Mar/2024:10:%02zu:%02zu +0000] \"%s %s HTTP/1.1\" %d %u \"-\" \"Mozilla/5.0\"\n",
                  draw % 4, draw % 251, i / 60 % 60, i % 60, kMethods[draw % 5], kPaths[draw / 8 % 5],
                  draw % 97 == 0 ? 500 : 200, draw % 50000);
    text += line;
  }
  return text;
}

inline std::string small_text() {
  const char* const path = std::getenv("BYTEOR_BENCH_LOG");
  if (path == nullptr) return access_log(4000);
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), {});
  if (text.empty()) {
    std::fprintf(stderr, "BYTEOR_BENCH_LOG: cannot read %s, or it is empty; name a file of lines.\n", path);
    std::exit(2);
  }
  if (text.back() != '\n') text += '\n';
  return text;
}

// In cache.
inline const Corpus& small_corpus() {
  static const Corpus corpus = [] {
    Corpus made{small_text(), {}};
    split_lines(made);
    return made;
  }();
  return corpus;
}

// Beyond every cache.
inline const Corpus& large_corpus() {
  static constexpr std::size_t kBytes = std::size_t{256} << 20;
  static const Corpus corpus = [] {
    Corpus made;
    const std::string unit = small_text();
    made.text.reserve(kBytes + unit.size());
    while (made.text.size() < kBytes) made.text += unit;
    split_lines(made);
    return made;
  }();
  return corpus;
}

// Bytes and lines a second of `passes` over the corpus.
inline void report_rate(benchmark::State& state, const Corpus& corpus) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * corpus.text.size()));
  state.counters["s_per_line"] = benchmark::Counter(static_cast<double>(state.iterations() * corpus.lines.size()),
                                                    benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

}  // namespace byteor::bench

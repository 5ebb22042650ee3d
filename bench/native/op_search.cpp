// Byte search over log lines, one search a line, against memmem, std::string_view::find and merely touching every word.
// Each contestant's number of matching lines is compared with string_view's: a wrong answer is an error, not a time.
//   BYTEOR_BENCH_LOG=FILE  lines to search          BYTEOR_BENCH_NEEDLE=TEXT  what to search for ("error")
#include <cstring>

#include "op/search.hpp"
#include "op_corpus.hpp"

namespace {

using byteor::bench::Corpus;
using byteor::op::ByteSearch;

std::string needle() {
  const char* const given = std::getenv("BYTEOR_BENCH_NEEDLE");
  return given == nullptr ? "error" : given;
}

std::size_t expected_lines(const Corpus& corpus) {
  std::size_t lines = 0;
  for (const std::string_view line : corpus.lines) lines += line.find(needle()) != std::string_view::npos;
  return lines;
}

template <class Contains>
void count_lines(benchmark::State& state, const Corpus& corpus, const Contains& contains) {
  std::size_t lines = 0;
  for (auto _ : state) {
    lines = 0;
    for (const std::string_view line : corpus.lines) lines += contains(line);
    benchmark::DoNotOptimize(lines);
  }
  if (lines != expected_lines(corpus)) state.SkipWithError("wrong number of lines");
  byteor::bench::report_rate(state, corpus);
}

const Corpus& corpus_of(const benchmark::State& state) {
  return state.range(0) == 0 ? byteor::bench::small_corpus() : byteor::bench::large_corpus();
}

void search_native(benchmark::State& state) {
  const ByteSearch search(needle());
  count_lines(state, corpus_of(state), [&](std::string_view line) { return search.find(line) != nullptr; });
}

void search_portable(benchmark::State& state) {
  const ByteSearch search(needle());
  count_lines(state, corpus_of(state),
              [&](std::string_view line) { return search.find_with<byteor::op::simd::Portable>(line) != nullptr; });
}

void search_string_view(benchmark::State& state) {
  const std::string wanted = needle();
  count_lines(state, corpus_of(state),
              [&](std::string_view line) { return line.find(wanted) != std::string_view::npos; });
}

#if defined(__unix__)
void search_memmem(benchmark::State& state) {
  const std::string wanted = needle();
  count_lines(state, corpus_of(state), [&](std::string_view line) {
    return memmem(line.data(), line.size(), wanted.data(), wanted.size()) != nullptr;
  });
}
BENCHMARK(search_memmem)->ArgName("beyond_cache")->Arg(0)->Arg(1);
#endif

// The least that any reader of all bytes has to do.
void touch_words(benchmark::State& state) {
  const Corpus& corpus = corpus_of(state);
  for (auto _ : state) {
    std::uint64_t all = 0;
    for (const std::string_view line : corpus.lines)
      for (std::size_t i = 0; i + 8 <= line.size(); i += 8)
        all ^= byteor::op::simd::load_word<std::uint64_t>(line.data() + i);
    benchmark::DoNotOptimize(all);
  }
  byteor::bench::report_rate(state, corpus);
}

void search_one_long_record(benchmark::State& state) {
  const std::string absent = needle() + "\x01";
  const ByteSearch search(absent);
  const std::string_view record =
      std::string_view(byteor::bench::large_corpus().text).substr(0, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(search.find(record));
  if (search.find(record) != nullptr) state.SkipWithError("found what is not there");
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * record.size()));
}

BENCHMARK(search_native)->ArgName("beyond_cache")->Arg(0)->Arg(1);
BENCHMARK(search_portable)->ArgName("beyond_cache")->Arg(0)->Arg(1);
BENCHMARK(search_string_view)->ArgName("beyond_cache")->Arg(0)->Arg(1);
BENCHMARK(touch_words)->ArgName("beyond_cache")->Arg(0)->Arg(1);
BENCHMARK(search_one_long_record)->ArgName("bytes")->Arg(1 << 10)->Arg(1 << 18)->Arg(1 << 27);

}  // namespace

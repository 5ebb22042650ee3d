// CRC32C of log lines and of blocks: the instruction against tables. Results are compared with the tables'.
#include "op/crc32c.hpp"
#include "op_corpus.hpp"

namespace {

using byteor::bench::Corpus;
using byteor::op::Crc32c;
namespace crc = byteor::op::crc;

std::uint32_t of_lines(const Crc32c& crc32c, const Corpus& corpus) {
  std::uint32_t value = 0;
  for (const std::string_view line : corpus.lines) value = crc32c.extend(value, line);
  return value;
}

void crc_lines(benchmark::State& state, const Crc32c& crc32c) {
  const Corpus& corpus = byteor::bench::small_corpus();
  std::uint32_t value = 0;
  for (auto _ : state) {
    value = of_lines(crc32c, corpus);
    benchmark::DoNotOptimize(value);
  }
  if (value != of_lines(Crc32c(crc::kTablesWay), corpus)) state.SkipWithError("wrong CRC");
  byteor::bench::report_rate(state, corpus);
}

void crc_lines_best(benchmark::State& state) { crc_lines(state, Crc32c()); }
#if defined(BYTEOR_CRC32C_SSE42)
void crc_lines_sse42(benchmark::State& state) {
  if (crc::has_sse42()) return crc_lines(state, Crc32c(crc::kSse42Way));
  state.SkipWithError("not on this machine");
}
BENCHMARK(crc_lines_sse42);
#endif
void crc_lines_tables(benchmark::State& state) { crc_lines(state, Crc32c(crc::kTablesWay)); }

void crc_block(benchmark::State& state) {
  const std::string_view block =
      std::string_view(byteor::bench::large_corpus().text).substr(0, static_cast<std::size_t>(state.range(0)));
  const Crc32c best;
  std::uint32_t value = 0;
  for (auto _ : state) {
    value = best.extend(0, block);
    benchmark::DoNotOptimize(value);
  }
  if (value != Crc32c(crc::kTablesWay).extend(0, block)) state.SkipWithError("wrong CRC");
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * block.size()));
}

BENCHMARK(crc_lines_best);
BENCHMARK(crc_lines_tables);
BENCHMARK(crc_block)
    ->ArgName("bytes")
    ->Arg(64)
    ->Arg(128)
    ->Arg(256)
    ->Arg(512)
    ->Arg(1 << 10)
    ->Arg(1 << 12)
    ->Arg(1 << 18)
    ->Arg(1 << 26);

}  // namespace

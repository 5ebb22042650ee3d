// Finding a record's key, hashing it, and counting by it. Results are compared with a plain way to the same answer.
#include <map>

#include "op/count.hpp"
#include "op/key.hpp"
#include "op_corpus.hpp"

namespace {

using byteor::abi::KeyCode;
using byteor::bench::Corpus;
using byteor::op::CountOp;
using byteor::op::KeyReader;
using byteor::op::KeySpec;

void hash_by_token(benchmark::State& state) {
  const Corpus& corpus = byteor::bench::small_corpus();
  const auto index = static_cast<std::uint32_t>(state.range(0));
  const KeyReader reader(KeySpec{KeyCode::kToken, 0, 0, index, " "});
  std::uint64_t sum = 0;
  for (auto _ : state) {
    sum = 0;
    for (const std::string_view line : corpus.lines) sum += reader.find_hash(line).value_or(0);
    benchmark::DoNotOptimize(sum);
  }
  std::uint64_t expected = 0;
  for (std::string_view line : corpus.lines) {
    std::size_t stop = line.find(' ');
    for (std::uint32_t i = 0; i < index && stop != std::string_view::npos; ++i) {
      line.remove_prefix(stop + 1);
      stop = line.find(' ');
      if (i + 1 == index) break;
    }
    expected += byteor::op::key_hash(line.substr(0, stop));
  }
  if (sum != expected) state.SkipWithError("wrong hashes");
  byteor::bench::report_rate(state, corpus);
}

Corpus json_corpus() {
  Corpus corpus;
  for (std::size_t i = 0; i < 4000; ++i) {
    corpus.text +=
        "{\"time\":\"2024-03-12T10:00:00.000Z\",\"level\":\"info\",\"tags\":[\"a\",\"b\"],\"request\":{\"id\":" +
        std::to_string(i) + ",\"path\":\"/api/orders\"},\"user\":{\"name\":\"user" + std::to_string(i % 100) +
        "\",\"country\":\"NO\"},\"message\":\"order accepted\"}\n";
  }
  split_lines(corpus);
  return corpus;
}

void hash_by_json_pointer(benchmark::State& state) {
  const Corpus corpus = json_corpus();
  const KeyReader reader(KeySpec{KeyCode::kJson, 0, 0, 0, "/user/name"});
  std::uint64_t sum = 0;
  for (auto _ : state) {
    sum = 0;
    for (const std::string_view line : corpus.lines) sum += reader.find_hash(line).value_or(0);
    benchmark::DoNotOptimize(sum);
  }
  std::uint64_t expected = 0;
  for (std::size_t i = 0; i < corpus.lines.size(); ++i)
    expected += byteor::op::key_hash("user" + std::to_string(i % 100));
  if (sum != expected) state.SkipWithError("wrong hashes");
  byteor::bench::report_rate(state, corpus);
}

void count_by_token(benchmark::State& state) {
  const Corpus& corpus = byteor::bench::small_corpus();
  CountOp op(byteor::op::CountConfig{KeySpec{KeyCode::kToken, 0, 0, 0, " "}});
  for (auto _ : state) {
    for (const std::string_view line : corpus.lines) {
      byteor::core::RecordRef record{reinterpret_cast<std::byte*>(const_cast<char*>(line.data())),
                                     static_cast<std::uint32_t>(line.size()), 0};
      op.apply(record);
    }
  }
  const CountOp* const shards[] = {&op};
  const std::string total = "{\"total\":" + std::to_string(state.iterations() * corpus.lines.size()) + ",";
  if (!CountOp::report(shards).starts_with(total)) state.SkipWithError("wrong total");
  byteor::bench::report_rate(state, corpus);
}

BENCHMARK(hash_by_token)->ArgName("index")->Arg(0)->Arg(3)->Arg(6);
BENCHMARK(hash_by_json_pointer);
BENCHMARK(count_by_token);

}  // namespace

// A condition on one member of a record of JSON (251 bytes, ten members) against the byte filter on the same records:
// warm in cache, records a second beside the bytes. Both must find the same records: a wrong answer is an error, not a
// time.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../../test/native/support/program_builder.hpp"
#include "op/filter.hpp"
#include "op/where.hpp"

namespace {

using byteor::expression::ExprOp;
using byteor::expression::test::ProgramBuilder;
namespace op = byteor::op;

constexpr std::size_t kRecords = 4000;  // about a megabyte, as a ring has it

// One in six is an error.
std::vector<std::string> make_records() {
  std::vector<std::string> records;
  std::uint64_t seed = 1;
  const auto random = [&](std::uint64_t below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
  };
  for (std::size_t i = 0; i != kRecords; ++i) {
    const bool error = random(6) == 0;
    std::string record =
        R"({"id":)" + std::to_string(1'000'000 + i) + R"(,"time":"2026-05-12T08:15:)" +
        std::to_string(10 + random(50)) + R"(Z","level":")" + (error ? "error" : "info") +
        R"(","service":"checkout","latency_ms":)" + std::to_string(random(900)) + R"(,"status":200,"user":{"id":)" +
        std::to_string(random(100'000)) +
        R"(,"geo":{"country":"de","city":"Berlin"}},"tags":["a","web"],"path":"/api/v1/cart","message":")";
    if (record.size() + 2 < 251) record.append(251 - record.size() - 2, 'x');
    records.push_back(record + "\"}");
  }
  return records;
}

const std::vector<std::string>& records() {
  static const std::vector<std::string> made = make_records();
  return made;
}

std::size_t expected() {
  std::size_t count = 0;
  for (const std::string& record : records()) count += record.find(R"("level":"error")") != record.npos;
  return count;
}

template <class Op>
void count_passing(benchmark::State& state, Op& op) {
  std::size_t passing = 0;
  std::size_t bytes = 0;
  for (auto _ : state) {
    passing = 0;
    bytes = 0;
    for (const std::string& record : records()) {
      byteor::core::RecordRef reference{reinterpret_cast<std::byte*>(const_cast<char*>(record.data())),
                                        static_cast<std::uint32_t>(record.size()), 0};
      passing += op.apply(reference) == op::Outcome::kPass;
      bytes += record.size();
    }
    benchmark::DoNotOptimize(passing);
  }
  if (passing != expected()) state.SkipWithError("wrong number of records");
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kRecords));
}

void filter_contains(benchmark::State& state) {
  op::FilterOp filter({.text = R"("level":"error")"});
  count_passing(state, filter);
}

void filter_where(benchmark::State& state) {
  ProgramBuilder builder;
  builder.op(ExprOp::kSlot, 0, builder.slot("level"));
  builder.op(ExprOp::kEqualConstant, 0, 0, builder.of_text("error"));
  builder.op(ExprOp::kReturn, 0, 0);
  const std::string program = builder.bytes();
  op::FilterWhereOp filter(
      {.program = {reinterpret_cast<const std::byte*>(program.data()), program.size()}, .text = {}}, 4096);
  count_passing(state, filter);
}

BENCHMARK(filter_contains);
BENCHMARK(filter_where);

}  // namespace

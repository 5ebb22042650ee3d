// One trial of the ring benchmark, in a process of its own: every contestant of one cell once, in the order given by a
// seed, each run paired with a run of the limit program just before it. Prints one JSON line a run; bench/rings.mjs
// starts many trials and reports medians of paired ratios.
//
//   byteor_rings one-to-one single|batch 8|56|64 CAPACITY RECORDS SEED
#include <algorithm>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "rings/chain.hpp"
#include "rings/harness.hpp"
#include "rings/limit.hpp"
#include "rings/ours.hpp"
#include "rings/peers.hpp"

namespace byteor::bench {
namespace {

struct Contestant {
  std::string name;
  std::function<double()> run;  // M records a second
};

template <class Ring, class P>
Contestant contestant(std::string name, std::uint32_t capacity, std::uint64_t records) {
  return {std::move(name), [=] {
            Ring ring(capacity);
            std::uint64_t sum = 0;
            // The first lap touches the memory; only the second is timed.
            run_pair([&] { ring.produce(capacity); }, [&] { sum = ring.consume(capacity); });
            check(sum == P::expected(capacity), "checksum of the warm-up");
            const double took = run_pair([&] { ring.produce(records); }, [&] { sum = ring.consume(records); });
            check(sum == P::expected(records), "checksum");
            return static_cast<double>(records) / took / 1e6;
          }};
}

template <class P>
std::vector<Contestant> one_to_one(bool batch, std::uint32_t capacity, std::uint64_t records) {
  std::vector<Contestant> all;
  if (batch) {
    all.push_back(contestant<LimitBatch<P, 64>, P>("limit", capacity, records));
    all.push_back(contestant<OursBatch<P, 64>, P>("byteor", capacity, records));
#ifdef BYTEOR_BENCH_BOOST
    all.push_back(contestant<Boost<P, 64>, P>("boost spsc_queue", capacity, records));
#endif
  } else {
    all.push_back(contestant<LimitSingle<P>, P>("limit", capacity, records));
    all.push_back(contestant<OursSingle<P>, P>("byteor", capacity, records));
#ifdef BYTEOR_BENCH_BOOST
    all.push_back(contestant<Boost<P, 1>, P>("boost spsc_queue", capacity, records));
#endif
#ifdef BYTEOR_BENCH_MOODYCAMEL
    all.push_back(contestant<Moodycamel<P>, P>("moodycamel ReaderWriterQueue", capacity, records));
#endif
  }
  return all;
}

template <class P>
std::vector<Contestant> chain(std::uint32_t capacity, std::uint64_t records) {
  std::vector<Contestant> all;
  all.push_back({"byteor", [=] { return ours_chain<P>(capacity, records); }});
#ifdef BYTEOR_BENCH_BOOST
  all.push_back({"boost spsc_queue", [=] { return boost_chain<P>(capacity, records); }});
#endif
  return all;
}

std::vector<Contestant> cell(const std::string& topology, const std::string& form, int bytes, std::uint32_t capacity,
                             std::uint64_t records) {
  const bool batch = form == "batch";
  if (topology == "chain") {
    if (bytes == 8) return chain<Payload<1>>(capacity, records);
    return chain<Payload<8>>(capacity, records);
  }
  if (bytes == 8) return one_to_one<Payload<1>>(batch, capacity, records);
  if (bytes == 56) return one_to_one<Payload<7>>(batch, capacity, records);
  return one_to_one<Payload<8>>(batch, capacity, records);
}

int main_with(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: byteor_rings one-to-one|chain single|batch 8|56|64 CAPACITY RECORDS SEED\n");
    return 2;
  }
  std::vector<Contestant> all =
      cell(argv[1], argv[2], std::atoi(argv[3]), static_cast<std::uint32_t>(std::atoi(argv[4])),
           std::strtoull(argv[5], nullptr, 10));
  std::mt19937 random(static_cast<unsigned>(std::atoi(argv[6])));
  std::shuffle(all.begin(), all.end(), random);
  const double before = flag_round_trip_ns();
  std::string line = "{\"runs\":{";
  for (const Contestant& one : all) {
    const double rate = one.run();
    line += (line.back() == '{' ? "\"" : ",\"") + one.name + "\":" + std::to_string(rate);
  }
  const double after = flag_round_trip_ns();
  std::printf("%s},\"flag_before_ns\":%.0f,\"flag_after_ns\":%.0f}\n", line.c_str(), before, after);
  return 0;
}

}  // namespace
}  // namespace byteor::bench

int main(int argc, char** argv) { return byteor::bench::main_with(argc, argv); }

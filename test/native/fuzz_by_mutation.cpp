// Drives the fuzz target where libFuzzer is missing: mutates the buffers of a corpus for a stated time, without
// coverage. It understands the same options (others are ignored), so that the caller need not know which of the two it
// started:
//   byteor_fuzz CORPUS_FOLDER [-max_total_time=SECONDS] [-max_len=BYTES] [-timeout=SECONDS] [-seed=N]
//               [-artifact_prefix=PATH]
// One thread. An input that breaks the target is written to PATH + "crash-by-mutation" before the program ends.

#include <sanitizer/common_interface_defs.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;
using Random = std::mt19937_64;

struct Options {
  std::string corpus;
  std::string artifact_prefix = "./";
  std::uint64_t seconds = 30;
  std::uint64_t length_max = 65536;
  std::uint64_t input_seconds_max = 10;
  std::uint64_t seed = 1;
};

// What the target is looking at. Global, because the sanitizer's death callback takes no argument.
Bytes current;
std::string artifact_path;

void keep_current() {
  std::ofstream(artifact_path, std::ios::binary)
      .write(reinterpret_cast<const char*>(current.data()), static_cast<std::streamsize>(current.size()));
  std::fprintf(stderr, "The input that did this: %s\n", artifact_path.c_str());
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::size_t equals = argument.find('=');
    if (argument[0] != '-') {
      options.corpus = argument;
      continue;
    }
    const std::string name = argument.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : argument.substr(equals + 1);
    if (name == "-artifact_prefix") options.artifact_prefix = value;
    if (name == "-max_total_time") options.seconds = std::stoull(value);
    if (name == "-max_len") options.length_max = std::stoull(value);
    if (name == "-timeout") options.input_seconds_max = std::stoull(value);
    if (name == "-seed") options.seed = std::stoull(value);
  }
  return options;
}

std::vector<Bytes> read_corpus(const std::string& folder) {
  std::vector<Bytes> seeds;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return seeds;
}

std::size_t below(Random& random, std::size_t bound) { return bound == 0 ? 0 : random() % bound; }

// Counts, offsets and codes are 32-bit words: most of what can go wrong is one of them with a value at an edge.
void overwrite_word(Random& random, Bytes& bytes) {
  static constexpr std::uint32_t kEdges[] = {
      0, 1, 2, 7, 8, 63, 64, 65, 255, 256, 65535, 65536, 0x7fffffff, 0x80000000, 0xfffffff8, 0xfffffffe, 0xffffffff};
  if (bytes.size() < 4) return;
  const std::size_t at = below(random, bytes.size() / 4) * 4;
  std::uint32_t word;
  std::memcpy(&word, bytes.data() + at, sizeof word);
  switch (below(random, 3)) {
    case 0:
      word = kEdges[below(random, std::size(kEdges))];
      break;
    case 1:
      word += static_cast<std::uint32_t>(below(random, 33)) - 16;
      break;
    default:
      word = static_cast<std::uint32_t>(bytes.size() + below(random, 33) - 16);
  }
  std::memcpy(bytes.data() + at, &word, sizeof word);
}

void mutate_once(Random& random, Bytes& bytes, const Bytes& other, std::size_t length_max) {
  const std::size_t at = below(random, bytes.size());
  const auto position = bytes.begin() + static_cast<std::ptrdiff_t>(at);
  switch (below(random, 8)) {
    case 0:
      if (!bytes.empty()) bytes[at] ^= static_cast<std::uint8_t>(1u << below(random, 8));
      break;
    case 1:
      bytes.resize(at);
      break;
    case 2:
      bytes.resize(std::min(length_max, bytes.size() + below(random, 64)), 0);
      break;
    case 3:  // A piece of another buffer over this one.
      for (std::size_t i = 0, n = below(random, 64); i < n && at + i < bytes.size() && at + i < other.size(); ++i) {
        bytes[at + i] = other[at + i];
      }
      break;
    case 4:
      if (bytes.size() >= 8) bytes.erase(position, position + std::min<std::ptrdiff_t>(8, bytes.end() - position));
      break;
    default:
      overwrite_word(random, bytes);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  const std::vector<Bytes> seeds = read_corpus(options.corpus);
  if (seeds.empty()) {
    std::fprintf(stderr, "The corpus folder '%s' is empty; write it with test/tools/fuzz-corpus.mjs.\n",
                 options.corpus.c_str());
    return 2;
  }
  artifact_path = options.artifact_prefix + "crash-by-mutation";
  __sanitizer_set_death_callback(keep_current);
  Random random(options.seed);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options.seconds);
  std::uint64_t runs = 0;
  while (std::chrono::steady_clock::now() < end) {
    current = seeds[below(random, seeds.size())];
    const Bytes& other = seeds[below(random, seeds.size())];
    for (std::size_t i = below(random, 6); i > 0; --i) mutate_once(random, current, other, options.length_max);
    // A hang ends the program by SIGALRM, which the caller sees as a failure.
    alarm(static_cast<unsigned>(options.input_seconds_max));
    LLVMFuzzerTestOneInput(current.data(), current.size());
    ++runs;
  }
  alarm(0);
  std::fprintf(stderr, "%llu inputs by mutation, none broke the target.\n", static_cast<unsigned long long>(runs));
  return 0;
}

// Feeds hostile bytes to everything that stands between the lowered buffer and the last record of a run. Refusal is an
// error of a stated type; anything else (a crash, a read past the end, a ledger that does not balance, another
// exception) is a finding. Found inputs become tests in decode_hostile_test.cpp.
//
// The last byte of an input is not part of the buffer but picks how it is exercised, so that a fuzzer can choose it.

#include <cstddef>
#include <cstdint>
#include <span>

#include "support/exercise.hpp"
#include "support/exercise_graph.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace byteor::test;
  if (size == 0) return 0;
  // Any byte picks a life; the buffer is a multiple of 8 long, so most inputs carry one byte more than they need.
  const bool spare = size % 8 == 1;
  const std::uint32_t variant = data[size - 1];
  const auto spec = std::as_bytes(std::span(data, spare ? size - 1 : size));
  const Exercise exercise{.variant = spare ? variant : 0};
  if (!GraphExerciser::run(spec, exercise)) Exerciser::run(spec, exercise);
  return 0;
}

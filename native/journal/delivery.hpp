// What became of the records that a journal's reader passed on. The cursor may pass a record only when no crash of the
// process can take it any more: what a stage has read lies in lanes in memory until it has left the pipeline. The
// reader's thread; after all threads have ended, the thread that ended them.
#pragma once

#include <cstdint>

namespace byteor::journal {

class Delivery {
 public:
  virtual ~Delivery() = default;
  // The reader has released its first `released` records, and published all that it made of them. How many of them have
  // left the pipeline, with everything that came of them, or lie in another journal: a number that only grows. Costs a
  // few loads.
  virtual std::uint64_t arrived(std::uint64_t released) noexcept = 0;
};

}  // namespace byteor::journal

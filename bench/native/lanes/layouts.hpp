// The shipped lanes over records of varying length, as roles and adapters use them, to be compared with the bare
// layouts of rings/layouts.hpp: frames in one stream against slots of a fixed stride.
#pragma once

#include <memory>

#include "lanes/ours.hpp"
#include "rings/layouts.hpp"

namespace byteor::bench {

template <class Lane>
class LaneOfTexts {
 public:
  LaneOfTexts(std::uint32_t capacity, const Lengths& lengths)
      : lengths_(lengths),
        lane_(capacity, lengths.longest(), LaneProfile::kLowLatency),
        writer_(lane_.writer()),
        reader_(lane_.reader()) {}

  void produce(std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) {
      const std::uint32_t length = lengths_.at(i);
      std::byte* to;
      while ((to = writer_->try_claim(length)) == nullptr) {
        writer_->publish();
        core::cpu_relax();
      }
      text_.write(to, length);
      writer_->commit(length, 0);
      if (writer_->unpublished() == kLayoutBatch) writer_->publish();
    }
    writer_->publish();
  }

  std::uint64_t consume(std::uint64_t n) {
    std::uint64_t sum = 0;
    for (std::uint64_t got = 0; got < n;) {
      const std::uint32_t moved = reader_->consume(kLayoutBatch, [&sum](std::uint64_t, const core::RecordRef& record) {
        sum += Text::sum(record.data, record.length);
        return true;
      });
      if (moved == 0) core::cpu_relax();
      reader_->release();
      got += moved;
    }
    return sum;
  }

 private:
  const Lengths& lengths_;
  Text text_;
  Lane lane_;
  std::unique_ptr<typename Lane::Writer> writer_;
  std::unique_ptr<typename Lane::Reader> reader_;
};

}  // namespace byteor::bench

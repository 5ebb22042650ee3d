#include "adapter/lines/line_sink.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>

#include "core/coded_error.hpp"
#include "core/device_call.hpp"
#include "lane/framed_reader.hpp"
#include "lane/slots_reader.hpp"

namespace byteor::adapter {

namespace {

// Records in the buffer at a time. Reached only by lines of a few bytes, and enough for those to share a write.
constexpr std::size_t kRecordsMax = 32 * 1024;

// Of the end of a line whose record failed; buffers are smaller.
constexpr std::uint32_t kFailedLine = 1u << 31;

std::string_view terminator_of(std::uint32_t flags) noexcept {
  switch (static_cast<abi::TerminatorCode>(flags & abi::kTerminatorMask)) {
    case abi::TerminatorCode::kCrLf:
      return "\r\n";
    case abi::TerminatorCode::kNone:
      return "";
    default:
      return "\n";
  }
}

}  // namespace

template <class Consumer>
BasicLineSink<Consumer>::BasicLineSink(OutputFile file, std::vector<Consumer*> shards, core::FailureReporter& failures,
                                       LineSinkOptions options)
    : file_(std::move(file)),
      shards_(std::move(shards)),
      failures_(failures),
      options_(std::move(options)),
      buffer_(platform::Mapping::anonymous(options_.buffer_bytes)),
      data_(reinterpret_cast<char*>(buffer_.data())),
      line_open_(file_.ends_inside_a_line()),
      failing_(options_.on_error, options_.agent) {
  const int error = file_.truncate();
  if (error != 0)
    throw core::CodedError(abi::ErrorCode::kOutputOpen,
                           "cannot empty " + name() + ": " + error_text(error) + "; use another file");
  lines_.reserve(kRecordsMax);
}

template <class Consumer>
std::uint32_t BasicLineSink<Consumer>::do_work() noexcept {
  if (state_ == State::kEnded) return 0;
  if (!signals_blocked_) {
    block_write_signals();
    signals_blocked_ = true;
  }
  std::uint32_t moved = 0;
  refused_ = false;
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    Consumer& shard = *shards_[turn_];
    moved += options_.lines_only ? consume<true>(shard) : consume<false>(shard);
    // Halted in a write: the records of this turn stay with their shard, which has been settled.
    if (core::cut_off()) return 0;
    shard.release();
    taken_.store(taken_count_, std::memory_order_relaxed);
    // A record that has begun must end before another shard's turn.
    if (refused_) break;
    turn_ = turn_ + 1 == shards_.size() ? 0 : turn_ + 1;
  }
  if (moved != 0 || refused_) return moved;
  if (!lines_.empty()) return flush() ? 1 : 0;
  if (!all_drained()) return 0;
  finish();
  return 1;
}

template <class Consumer>
template <bool kLinesOnly>
std::uint32_t BasicLineSink<Consumer>::consume(Consumer& shard) noexcept {
  return shard.consume(options_.batch_records, [this, &shard](std::uint64_t sequence, const core::RecordRef& record) {
    if constexpr (!kLinesOnly) {
      // A record that has begun was looked at then.
      if (state_ == State::kWriting && partial_ == 0 && record.length != 0 &&
          std::memchr(record.data, '\n', record.length) != nullptr) [[unlikely]]
        return take_line_feed(shard, sequence, record);
    }
    return take(sequence, record);
  });
}

// A record that cannot be a line. As take().
template <class Consumer>
bool BasicLineSink<Consumer>::take_line_feed(Consumer& shard, std::uint64_t sequence,
                                             const core::RecordRef& record) noexcept {
  if (!failing_.stops() && !makes_line_room()) {
    refused_ = true;
    return false;
  }
  if (state_ != State::kWriting) return take(sequence, record);
  const lane::FailedRecord failed{.data = record.data,
                                  .length = record.length,
                                  .flags = record.flags,
                                  .sequence = shard.place_of(sequence, record),
                                  .cause = abi::FailureCause::kBadRecord,
                                  .shard = static_cast<std::uint32_t>(turn_)};
  switch (failing_.judge(shard, failed, [&] { return words_of(record); })) {
    case FailingRecords::Fate::kWait:
      // Letters that cannot be written any more have stopped the pipeline: what is left is counted.
      if (failing_.gives_up()) {
        state_ = State::kLast;
        return take(sequence, record);
      }
      // What came before is not held back by it.
      if (!lines_.empty()) flush();
      refused_ = true;
      return false;
    case FailingRecords::Fate::kStop:
      refuse_line_feed(sequence, record);
      return take(sequence, record);
    default:
      break;
  }
  // Without a byte in the buffer, but in its place: it is done with once all before it is written.
  lines_.push_back({static_cast<std::uint32_t>(used_) | kFailedLine, static_cast<std::uint32_t>(sequence)});
  ++failed_lines_;
  shard.count_failed();
  return true;
}

// False when the output takes nothing now.
template <class Consumer>
bool BasicLineSink<Consumer>::makes_line_room() noexcept {
  while (lines_.size() >= kRecordsMax && state_ == State::kWriting)
    if (!flush()) return false;
  return true;
}

template <class Consumer>
void BasicLineSink<Consumer>::refuse_line_feed(std::uint64_t sequence, const core::RecordRef& record) noexcept {
  failed_.store(true, std::memory_order_relaxed);
  try {
    failures_.report_failure(options_.agent, sequence, words_of(record));
  } catch (const std::exception&) {
    failures_.report_failure(options_.agent, sequence, "a record holds a line feed");
  }
  state_ = State::kLast;
}

template <class Consumer>
std::string BasicLineSink<Consumer>::words_of(const core::RecordRef& record) const {
  const auto at = static_cast<const std::byte*>(std::memchr(record.data, '\n', record.length)) - record.data;
  return "cannot write to " + short_name(name()) + ": the record of " + std::to_string(record.length) +
         " bytes holds a line feed at byte " + std::to_string(at) +
         ", so it would be read back as several lines; escape it before";
}

template <class Consumer>
core::WaitDescriptor BasicLineSink<Consumer>::wait_descriptor() const noexcept {
  return output_full_ ? file_.wait() : core::WaitDescriptor{};
}

// False when there is no room for it now: the record stays in its shard, whatever part of it is copied already.
template <class Consumer>
bool BasicLineSink<Consumer>::take(std::uint64_t sequence, const core::RecordRef& record) noexcept {
  if (state_ == State::kWriting) {
    const bool lf = (record.flags & abi::kTerminatorMask) == static_cast<std::uint32_t>(abi::TerminatorCode::kLf);
    const std::size_t room = options_.buffer_bytes - used_;
    if (lf && record.length < room && !line_open_ && partial_ == 0 && lines_.size() < kRecordsMax) {
      // Nearly every record.
      std::memcpy(data_ + used_, record.data, record.length);
      data_[used_ + record.length] = '\n';
      used_ += record.length + 1;
      lines_.push_back({static_cast<std::uint32_t>(used_), static_cast<std::uint32_t>(sequence)});
    } else if (!take_piecewise(sequence, record)) {
      refused_ = true;
      return false;
    }
  }
  ++taken_count_;
  return true;
}

// Any record, also one that meets a full buffer or is larger than it: as much as there is room for, write, and again.
// True when all of it is copied, or nothing will be written any more.
template <class Consumer>
bool BasicLineSink<Consumer>::take_piecewise(std::uint64_t sequence, const core::RecordRef& record) noexcept {
  const std::string_view terminator = terminator_of(record.flags);
  const Parts parts{line_open_ ? "\n" : "", {reinterpret_cast<const char*>(record.data), record.length}, terminator};
  const std::size_t bytes = parts[0].size() + parts[1].size() + parts[2].size();
  for (;;) {
    if (lines_.size() < kRecordsMax) copy(parts);
    // A record that was overwritten since its first part was copied may have become shorter than that.
    if (partial_ >= bytes && lines_.size() < kRecordsMax) break;
    if (!flush()) return false;
    if (state_ != State::kWriting) return true;
  }
  line_open_ = terminator.empty();
  lines_.push_back({static_cast<std::uint32_t>(used_), static_cast<std::uint32_t>(sequence)});
  partial_ = 0;
  return true;
}

// As much as there is room for, from where the last copy of this record ended.
template <class Consumer>
void BasicLineSink<Consumer>::copy(const Parts& parts) noexcept {
  std::size_t before = 0;
  for (const std::string_view part : parts) {
    const std::size_t room = options_.buffer_bytes - used_;
    if (room != 0 && partial_ < before + part.size()) {
      const std::size_t skipped = partial_ - before;
      const std::size_t copied = std::min(part.size() - skipped, room);
      std::memcpy(data_ + used_, part.data() + skipped, copied);
      used_ += copied;
      partial_ += copied;
    }
    before += part.size();
  }
}

// Writes once. True when something was written, or nothing ever will be again.
template <class Consumer>
bool BasicLineSink<Consumer>::flush() noexcept {
  if (gone_ == used_) {  // records without a byte
    count_written(0);
    return true;
  }
  TransferResult result{};
  {
    const core::DeviceCall call;
    result = file_.write(reinterpret_cast<const std::byte*>(data_ + gone_), used_ - gone_);
  }
  if (core::cut_off()) return false;
  output_full_ = result.outcome == Transfer::kNotNow;
  switch (result.outcome) {
    case Transfer::kBytes:
      count_written(result.bytes);
      return true;
    case Transfer::kNotNow:
      return false;
    case Transfer::kError:
      fail(result.error);
      break;
    default:
      reader_gone_.store(true, std::memory_order_relaxed);
      stop_writing();
      if (options_.on_reader_gone) options_.on_reader_gone();
      break;
  }
  return true;
}

template <class Consumer>
void BasicLineSink<Consumer>::count_written(std::size_t bytes) noexcept {
  gone_ += bytes;
  const std::size_t before = lines_gone_;
  if (gone_ == used_) {
    lines_gone_ = lines_.size();
  } else {
    while (lines_gone_ < lines_.size() && (lines_[lines_gone_].end & ~kFailedLine) <= gone_) ++lines_gone_;
  }
  if (failed_lines_ != 0) count_failed_done(before);
  bytes_written_.store(bytes_written() + bytes, std::memory_order_relaxed);
  // SYNC POINT J3: after the write.
  done_.store(done_.load(std::memory_order_relaxed) + (lines_gone_ - before), std::memory_order_release);
  if (gone_ != used_) return;
  used_ = gone_ = 0;
  lines_.clear();
  lines_gone_ = 0;
}

// Of the lines that have just gone, from `before` on.
template <class Consumer>
void BasicLineSink<Consumer>::count_failed_done(std::size_t before) noexcept {
  const auto gone = std::count_if(lines_.begin() + static_cast<std::ptrdiff_t>(before),
                                  lines_.begin() + static_cast<std::ptrdiff_t>(lines_gone_),
                                  [](const Line& line) { return (line.end & kFailedLine) != 0; });
  failed_lines_ -= static_cast<std::size_t>(gone);
  failed_done_.store(failed_done_.load(std::memory_order_relaxed) + static_cast<std::uint64_t>(gone),
                     std::memory_order_relaxed);
}

// The record that the output did not take whole: one in the buffer, else the one whose turn it is.
template <class Consumer>
std::uint64_t BasicLineSink<Consumer>::first_unwritten() const noexcept {
  const std::uint64_t next = shards_[turn_]->next();
  const auto first = std::find_if(lines_.begin() + static_cast<std::ptrdiff_t>(lines_gone_), lines_.end(),
                                  [](const Line& line) { return (line.end & kFailedLine) == 0; });
  if (first == lines_.end()) return next;
  return next - (static_cast<std::uint32_t>(next) - first->sequence);
}

template <class Consumer>
void BasicLineSink<Consumer>::fail(int error) noexcept {
  failed_.store(true, std::memory_order_relaxed);
  const std::uint64_t sequence = first_unwritten();
  try {
    failures_.report_failure(options_.agent, sequence,
                             "cannot write " + short_name(name()) + " after " + std::to_string(bytes_written()) +
                                 " bytes: " + error_text(error) + "; " + write_remedy(error));
  } catch (const std::exception&) {
    failures_.report_failure(options_.agent, sequence, "cannot write the output");
  }
  stop_writing();
}

template <class Consumer>
void BasicLineSink<Consumer>::stop_writing() noexcept {
  state_ = State::kDiscarding;
  used_ = gone_ = partial_ = 0;
  lines_.clear();
  lines_gone_ = failed_lines_ = 0;
}

template <class Consumer>
void BasicLineSink<Consumer>::finish() noexcept {
  const bool was_writing = state_ == State::kWriting || state_ == State::kLast;
  int error = 0;
  {
    const core::DeviceCall call;
    error = file_.close();
  }
  if (core::cut_off()) return;
  if (error != 0 && was_writing) fail(error);
  failing_.close();
  state_ = State::kEnded;
}

template <class Consumer>
bool BasicLineSink<Consumer>::all_drained() const noexcept {
  return std::all_of(shards_.begin(), shards_.end(), [](const Consumer* shard) { return shard->drained(); });
}

template class BasicLineSink<core::RecordConsumer>;
template class BasicLineSink<lane::FramedReader>;
template class BasicLineSink<lane::SlotsReader>;

}  // namespace byteor::adapter

#include "adapter/lines/line_source.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <string_view>
#include <utility>

#include "adapter/dropping.hpp"
#include "core/coded_error.hpp"
#include "core/cpu.hpp"
#include "core/device_call.hpp"
#include "lane/framed_writer.hpp"
#include "lane/slots_writer.hpp"
#include "op/hash.hpp"

namespace byteor::adapter {

namespace {

constexpr std::size_t kPage = 4096;

template <class Producer>
std::uint32_t least_record_max(const std::vector<Producer*>& shards) {
  std::uint32_t least = shards.front()->record_max();
  for (const Producer* shard : shards) least = std::min(least, shard->record_max());
  return least;
}

// With letters a line is read on until a letter can have no more of it, unless its lane drops what is too long.
template <class Producer>
std::uint32_t longest_line(const Producer& shard, std::uint32_t record_max, const lane::OnError* on_error) {
  const bool drops = may_drop(shard) && shard.record_bytes() == 0;
  if (on_error == nullptr || on_error->letters == nullptr || drops) return record_max;
  return std::max(record_max, on_error->letter_record_max());
}

}  // namespace

template <class Producer>
BasicLineSource<Producer>::BasicLineSource(InputFile file, std::vector<Producer*> shards, const op::KeyReader* key,
                                           core::FailureReporter& failures,
                                           const std::atomic<std::uint32_t>& region_state,
                                           const LineSourceOptions& options)
    : file_(std::move(file)),
      input_bytes_(file_.bytes_ahead()),
      shards_(std::move(shards)),
      key_(key),
      failures_(failures),
      region_state_(region_state),
      options_(options),
      record_max_(least_record_max(shards_)),
      record_bytes_(shards_.front()->record_bytes()),
      line_max_(longest_line(*shards_.front(), record_max_, options.on_error)),
      // An unfinished line is at most line_max_ bytes and a CR; one more byte decides that it is too long.
      front_bytes_(core::round_up(std::uint64_t{line_max_} + 2, kPage)),
      buffer_(platform::Mapping::anonymous(front_bytes_ + options.block_bytes + NewlineScanner::kOverreadBytes)),
      start_(reinterpret_cast<char*>(buffer_.data()) + front_bytes_),
      limit_(start_ + options.block_bytes),
      failing_(options.on_error, options.agent),
      begin_(start_),
      end_(start_) {
  if (shards_.size() > 1 && key_ == nullptr)
    throw core::CodedError(abi::ErrorCode::kShardKey, "lines of " + name() + " cannot be spread over " +
                                                          std::to_string(shards_.size()) +
                                                          " shards without a key; give the plan a shard_key");
  scanner_.restart(start_);
}

template <class Producer>
std::uint32_t BasicLineSource<Producer>::do_work() noexcept {
  if (state_ == State::kEnded) return 0;
  waits_for_input_ = false;
  // SYNC POINT S9: also the look after arming.
  if (region_state_.load(std::memory_order_seq_cst) >= static_cast<std::uint32_t>(abi::RegionState::kClosing)) {
    finish();
    return 1;
  }
  std::uint32_t moved = take_lines();
  if (moved == 0 && !line_found_ && !waits_for_letter_ && state_ == State::kReading) {
    moved = refill();
    if (core::cut_off()) return 0;
    if (moved != 0) moved = std::max(moved, take_lines());
  }
  for (Producer* shard : shards_) shard->publish();
  lines_shown_.store(lines_, std::memory_order_relaxed);
  if (state_ == State::kDraining && !line_found_ && begin_ == end_) finish();
  // The end is work too: sleeping stages must hear of the closed shards.
  return state_ == State::kEnded ? std::max(moved, 1u) : moved;
}

template <class Producer>
core::WaitDescriptor BasicLineSource<Producer>::wait_descriptor() const noexcept {
  return waits_for_input_ ? file_.wait() : core::WaitDescriptor{};
}

template <class Producer>
BYTEOR_ALWAYS_INLINE bool BasicLineSource<Producer>::accept(const char* end, const char* after,
                                                            abi::TerminatorCode terminator) noexcept {
  const auto length = static_cast<std::uint64_t>(end - begin_);
  if (length > record_max_ || (record_bytes_ != 0 && length != record_bytes_)) {
    const auto cause = length > record_max_ ? abi::FailureCause::kTooLarge : abi::FailureCause::kBadRecord;
    failing_line_ = {after, length, static_cast<std::uint32_t>(terminator), cause, true};
    give_up_line();
    return false;
  }
  if (record_bytes_ != 0 && terminator != abi::TerminatorCode::kLf) {
    failing_line_ = {after, length, static_cast<std::uint32_t>(terminator), abi::FailureCause::kBadRecord, true};
    give_up_line();
    return false;
  }
  line_ = {begin_, after, static_cast<std::uint32_t>(length), static_cast<std::uint32_t>(terminator), 0, false};
  if (shards_.size() > 1) {
    const std::optional<std::uint64_t> hash = key_->find_hash({begin_, static_cast<std::size_t>(length)});
    line_.keyless = !hash.has_value();
    if (hash.has_value()) line_.shard = op::shard_of(*hash, static_cast<std::uint32_t>(shards_.size()));
  }
  line_found_ = true;
  return true;
}

template <class Producer>
BYTEOR_ALWAYS_INLINE bool BasicLineSource<Producer>::find_line() noexcept {
  if (skipping_ && !resume_line()) return false;
  while (const char* const newline = scanner_.next(end_)) {
    const bool crlf = newline != begin_ && newline[-1] == '\r';
    const char* const end = newline - (crlf ? 1 : 0);
    if (drops_too_long(static_cast<std::uint64_t>(end - begin_))) [[unlikely]] {
      drop_line(newline + 1);
      continue;
    }
    if (accept(end, newline + 1, crlf ? abi::TerminatorCode::kCrLf : abi::TerminatorCode::kLf)) return true;
    if (state_ == State::kEnded || skipping_) return false;
  }
  const auto length = static_cast<std::uint64_t>(end_ - begin_);
  const bool last = state_ == State::kDraining;
  // The last byte may be the CR of a terminator whose LF has not been read.
  const bool too_long = length > line_max_ && (last || length - (end_[-1] == '\r' ? 1 : 0) > line_max_);
  if (too_long && drops_too_long(length)) [[unlikely]] {
    drop_line(end_);
    skipping_ = !last;
    return false;
  }
  if (last) return length != 0 && accept(end_, end_, abi::TerminatorCode::kNone);
  if (!too_long) return false;
  failing_line_ = {end_, length, 0, abi::FailureCause::kTooLarge, false};
  give_up_line();
  return false;
}

// The line that begins here is no record. True where the boundary's policy passes over it: it is counted, and done
// with as far as it was read. False: it waits for room for its letter, or the source has ended with it.
template <class Producer>
BYTEOR_NEVER_INLINE bool BasicLineSource<Producer>::give_up_line() noexcept {
  Producer& shard = *shards_.front();
  const lane::FailedRecord record{.data = reinterpret_cast<const std::byte*>(begin_),
                                  .length = static_cast<std::uint32_t>(failing_line_.length),
                                  .flags = failing_line_.flags,
                                  .sequence = shard.published() + shard.unpublished(),
                                  .cause = failing_line_.cause};
  const FailingRecords::Fate fate = failing_.judge(shard, record, [this] { return words_of(failing_line_); });
  waits_for_letter_ = skipping_ = fate == FailingRecords::Fate::kWait;
  if (waits_for_letter_) return false;
  if (fate == FailingRecords::Fate::kStop) {
    stop_at_line();
    return false;
  }
  if (failing_line_.cause == abi::FailureCause::kTooLarge) shard.count_too_large();
  begin_ += failing_line_.after - begin_;
  ++lines_;
  skipping_ = !failing_line_.whole;
  return true;
}

// Goes on with a line that is given up. False while it is not done with.
template <class Producer>
BYTEOR_NEVER_INLINE bool BasicLineSource<Producer>::resume_line() noexcept {
  if (waits_for_letter_ && !give_up_line()) return false;
  return !skipping_ || skip_line();
}

template <class Producer>
bool BasicLineSource<Producer>::drops_too_long(std::uint64_t length) const noexcept {
  return length > record_max_ && record_bytes_ == 0 && may_drop(*shards_.front());
}

// The line that begins here is longer than its lane takes, and the lane drops.
template <class Producer>
void BasicLineSource<Producer>::drop_line(const char* after) noexcept {
  shards_.front()->count_too_large();
  begin_ += after - begin_;
  ++lines_;
}

// Passes over the rest of a line that has been dropped. False while its end has not been read.
template <class Producer>
bool BasicLineSource<Producer>::skip_line() noexcept {
  const char* const newline = scanner_.next(end_);
  const char* const after = newline == nullptr ? end_ : newline + 1;
  begin_ += after - begin_;
  skipping_ = newline == nullptr && state_ != State::kDraining;
  return !skipping_;
}

// False while the line's shard is full; the line is kept.
template <class Producer>
BYTEOR_ALWAYS_INLINE bool BasicLineSource<Producer>::publish_line() noexcept {
  Producer& shard = *shards_[line_.shard];
  std::byte* const to = shard.try_claim(line_.length);
  if (to == nullptr) {
    if (!may_drop(shard)) return false;
    count_dropped(shard, false);
  } else {
    std::memcpy(to, line_.begin, line_.length);
    shard.commit(line_.length, line_.flags);
  }
  if (line_.keyless) shard.count_keyless();
  begin_ += line_.after - line_.begin;
  line_found_ = false;
  ++lines_;
  return true;
}

// Publishes lines until the batch is full, a shard is full, or no whole line is left.
template <class Producer>
std::uint32_t BasicLineSource<Producer>::take_lines() noexcept {
  std::uint32_t moved = 0;
  while (moved < options_.batch_records && state_ != State::kEnded) {
    if (!line_found_ && !find_line()) break;
    if (!publish_line()) break;
    ++moved;
  }
  return moved;
}

// One read. 1 when it brought bytes or the end of the input.
template <class Producer>
std::uint32_t BasicLineSource<Producer>::refill() noexcept {
  make_room();
  const auto room = static_cast<std::size_t>(limit_ - end_);
  TransferResult result{};
  {
    const core::DeviceCall call;
    result = file_.read(reinterpret_cast<std::byte*>(end_), std::min<std::size_t>(room, options_.block_bytes));
  }
  if (core::cut_off()) return 0;
  switch (result.outcome) {
    case Transfer::kBytes:
      end_ += result.bytes;
      bytes_read_.store(bytes_read_.load(std::memory_order_relaxed) + result.bytes, std::memory_order_relaxed);
      return 1;
    case Transfer::kNotNow:
      waits_for_input_ = true;
      return 0;
    case Transfer::kError:
      try {
        fail("cannot read " + short_name(name()) + " after " + std::to_string(bytes_read()) + " bytes (line " +
             std::to_string(lines_ + 1) + "): " + error_text(result.error) + "; check the device, then run again");
      } catch (const std::exception&) {
        fail("cannot read the input");
      }
      return 1;
    default:
      state_ = State::kDraining;
      return 1;
  }
}

// Where the next read goes. Every byte is moved at most twice: a move before the block is of less than half a block and
// comes after half a block was read at least; a move to the very front happens once to a line.
template <class Producer>
void BasicLineSource<Producer>::make_room() noexcept {
  const std::size_t half = std::max<std::size_t>(options_.block_bytes / 2, 1);
  const auto left = static_cast<std::size_t>(end_ - begin_);
  const auto room = static_cast<std::size_t>(limit_ - end_);
  if (left != 0 && room >= half) return;
  char* const to = left < half ? start_ - left : reinterpret_cast<char*>(buffer_.data());
  if (to == begin_ && left != 0) return;
  std::memmove(to, begin_, left);
  begin_ = to;
  end_ = to + left;
  scanner_.restart(end_);
}

template <class Producer>
void BasicLineSource<Producer>::stop_at_line() noexcept {
  // A line of the right length has a wrong end.
  if (failing_line_.length != record_bytes_ || record_bytes_ == 0) shards_.front()->count_too_large();
  try {
    fail(words_of(failing_line_));
  } catch (const std::exception&) {
    fail("a line is no record of this plan: raise --record-max, or repair the line");
  }
}

template <class Producer>
std::string BasicLineSource<Producer>::words_of(const FailingLine& failing) const {
  const std::string line = "line " + std::to_string(lines_ + 1) + " of " + short_name(name());
  const std::string length = std::to_string(failing.length);
  if (record_bytes_ != 0 && failing.whole && failing.length == record_bytes_)
    return line +
           (failing.flags == static_cast<std::uint32_t>(abi::TerminatorCode::kCrLf) ? " ends with CR LF"
                                                                                    : " ends without a line feed") +
           ", which records of a struct codec cannot keep; end every line with LF or use the codec bytes";
  if (record_bytes_ != 0)
    return line + " has " + (failing.whole ? "" : "at least ") + length + " bytes, but every record of this plan has " +
           std::to_string(record_bytes_) + " (struct codec); repair the line or use the codec bytes";
  if (failing.whole)
    return line + " has " + length + " bytes, more than the record maximum of " + std::to_string(record_max_) +
           "; raise it with --record-max";
  return line + " is longer than the record maximum of " + std::to_string(record_max_) + " bytes (" + length +
         " read so far, and no end); raise it with --record-max";
}

// What was published before still flows; the pipeline stops because of the report.
template <class Producer>
void BasicLineSource<Producer>::fail(std::string_view what) noexcept {
  const Producer& shard = *shards_.front();
  failures_.report_failure(options_.agent, shard.published() + shard.unpublished(), what);
  finish();
}

template <class Producer>
void BasicLineSource<Producer>::finish() noexcept {
  lines_shown_.store(lines_, std::memory_order_relaxed);
  for (Producer* shard : shards_) shard->close();
  failing_.close();
  file_.close();
  state_ = State::kEnded;
}

template class BasicLineSource<core::RecordProducer>;
template class BasicLineSource<lane::FramedWriter>;
template class BasicLineSource<lane::SlotsWriter>;

}  // namespace byteor::adapter

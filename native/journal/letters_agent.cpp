#include "journal/letters_agent.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "abi/words.hpp"
#include "core/device_call.hpp"
#include "core/record.hpp"
#include "platform/disk.hpp"

namespace byteor::journal {
namespace {

// Ids of versions have 64 characters, ids of plans at most as many; codes fewer.
constexpr std::uint64_t kTextsMax = 3 * std::uint64_t{64} + 32;

double now_ms() noexcept {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<double>(std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

std::uint32_t size_of(std::string_view text) noexcept { return static_cast<std::uint32_t>(text.size()); }

}  // namespace

std::uint64_t letter_record_max(std::uint64_t letter_bytes) noexcept {
  return letter_bytes - sizeof(abi::LetterHeader) + sizeof(abi::LetterRecord) + kTextsMax;
}

LettersAgent::LettersAgent(std::vector<LetterSource> sources, JournalFiles& files, core::FailureReporter& failures,
                           LettersAgentOptions options, std::uint64_t letter_bytes)
    : sources_(std::move(sources)),
      files_(files),
      failures_(failures),
      options_(std::move(options)),
      record_(letter_record_max(letter_bytes)),
      order_(options_.commit_letters) {}

std::uint32_t LettersAgent::do_work() noexcept {
  if (ended_) return 0;
  if (!signals_blocked_) {
    platform::block_write_signals();
    signals_blocked_ = true;
  }
  bool good = true;
  {
    const core::DeviceCall call;
    turn_first_ = files_.next_sequence();
    taken_ = take();
    if (taken_ != 0) good = files_.commit();
  }
  if (core::cut_off()) {
    // Halted while the device worked, and settled.
    ended_ = true;
    return 0;
  }
  if (!good || files_.failed()) return fail(files_failure());
  for (const LetterSource& source : sources_) source.lane->release();
  if (damaged_) return fail(core::kDamagedRecord);
  return taken_ == 0 ? rest() : taken_;
}

void LettersAgent::end_backoff() noexcept {
  for (const LetterSource& source : sources_) source.lane->end_backoff();
}

// Appends what lies in the lanes, one lane after the other; how many.
std::uint32_t LettersAgent::take() noexcept {
  std::uint32_t taken = 0;
  const std::uint64_t begin = files_.bytes();
  // Another lane is the first in each turn, so that none has to wait for the end of another's letters.
  const auto count = static_cast<std::uint32_t>(sources_.size());
  start_ = (start_ + 1) % count;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t index = (start_ + i) % count;
    const LetterSource& source = sources_[index];
    lane::LaneRecord letter;
    while (taken != options_.commit_letters && files_.bytes() - begin < options_.commit_bytes &&
           source.lane->peek(&letter, 1) != 0) {
      if (!append(source, letter)) return taken;
      source.lane->consume(1);
      order_[taken++] = index;
    }
    damaged_ = damaged_ || source.lane->damaged();
  }
  return taken;
}

// False: the files have failed, or what stands in the lane is no letter.
bool LettersAgent::append(const LetterSource& source, const lane::LaneRecord& letter) noexcept {
  abi::LetterHeader header;
  if (letter.length < sizeof header) return damage();
  std::memcpy(&header, letter.data, sizeof header);
  const std::uint64_t texts = std::uint64_t{header.message_length} + header.record_length;
  if (texts != letter.length - sizeof header || header.message_length > abi::kCauseBytesMax) return damage();
  const std::size_t bytes = compose(source, header, letter.data + sizeof header);
  const lane::LaneRecord record{record_.data(), static_cast<std::uint32_t>(bytes), 0, 0};
  return files_.append({&record, 1}) == 1;
}

bool LettersAgent::damage() noexcept {
  damaged_ = true;
  return false;
}

// Of a record that is fed again: the letter that it comes from. nullptr: it is not.
const abi::LetterOrigin* LettersAgent::origin_of(const LetterSource& source, const abi::LetterHeader& header) noexcept {
  if (source.element == source.ingress) {
    if (source.ingress != options_.fed || refused_ == options_.refused.size()) return nullptr;
    return &options_.refused[refused_++];
  }
  const bool other = !options_.fed.empty() && !source.ingress.empty() && source.ingress != options_.fed;
  const std::uint64_t shard = std::uint64_t{source.shard} + header.shard;
  const std::uint64_t place = header.sequence - options_.first;
  if (other || shard >= options_.origins.size() || place >= options_.origins[shard].size()) return nullptr;
  return &options_.origins[shard][place];
}

std::size_t LettersAgent::compose(const LetterSource& source, const abi::LetterHeader& header,
                                  const std::byte* texts) noexcept {
  const double now = now_ms();
  const std::string_view code = abi::word_of(static_cast<abi::FailureCause>(header.cause));
  abi::LetterRecord row{.version = abi::kLetterVersion,
                        .kind = static_cast<std::uint32_t>(abi::LetterKind::kLetter),
                        .sequence = header.sequence,
                        .origin = ~std::uint64_t{0},
                        .first_ms = now,
                        .last_ms = now,
                        .shard = source.shard + header.shard,
                        .attempt = 1,
                        .record_flags = header.record_flags,
                        .plan_length = size_of(options_.plan),
                        .element_length = size_of(source.element),
                        .ingress_length = size_of(source.ingress),
                        .code_length = size_of(code),
                        .message_length = header.message_length,
                        .body_length = header.record_length,
                        .reserved = 0};
  if (const abi::LetterOrigin* const origin = origin_of(source, header); origin != nullptr) {
    row.origin = origin->number;
    row.first_ms = origin->first_ms;
    row.attempt = origin->attempt + 1;
  }
  std::byte* to = record_.data();
  const auto put = [&to](const void* from, std::size_t bytes) {
    if (bytes != 0) std::memcpy(to, from, bytes);
    to += bytes;
  };
  put(&row, sizeof row);
  for (const std::string_view text :
       {std::string_view(options_.plan), std::string_view(source.element), std::string_view(source.ingress), code})
    put(text.data(), text.size());
  put(texts, std::size_t{header.message_length} + header.record_length);
  return static_cast<std::size_t>(to - record_.data());
}

// Nothing lies in the lanes.
std::uint32_t LettersAgent::rest() noexcept {
  ended_ = std::ranges::all_of(sources_, [](const LetterSource& source) { return source.lane->ended(); });
  return ended_ ? 1 : 0;
}

// Of what this turn took, what is on the device has been read. The rest goes back to its lanes.
void LettersAgent::give_back() noexcept {
  const std::uint64_t written = std::max(files_.readable(), turn_first_) - turn_first_;
  for (const LetterSource& source : sources_) source.lane->rewind();
  for (std::uint32_t i = 0; i < taken_ && i < written; ++i) {
    lane::LaneRecord letter;
    lane::Inlet& lane = *sources_[order_[i]].lane;
    if (lane.peek(&letter, 1) == 0) break;
    lane.consume(1);
  }
  for (const LetterSource& source : sources_) source.lane->release();
}

std::uint32_t LettersAgent::fail(std::string_view cause) noexcept {
  ended_ = true;
  give_back();
  failures_.report_failure(options_.agent, files_.readable(), cause);
  return 1;
}

std::string_view LettersAgent::files_failure() const noexcept {
  return files_.failure().empty() ? std::string_view("the files of the letters cannot be written") : files_.failure();
}

}  // namespace byteor::journal

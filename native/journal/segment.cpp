#include "journal/segment.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/coded_error.hpp"
#include "journal/error.hpp"

namespace byteor::journal {

namespace {

// `first` names the segment; its path is put together only for a failure.
[[noreturn]] void fail_read(const Folder& folder, std::uint64_t first, std::uint64_t offset, int error) {
  throw core::CodedError(abi::ErrorCode::kJournalRead, "cannot read " + folder.path_of(SegmentName(first).text) +
                                                           " at offset " + std::to_string(offset) + ": " +
                                                           disk_error_text(error) + "; " + disk_remedy(error));
}

// As many bytes as there are, up to `bytes`.
std::size_t read_up_to(const Folder& folder, int file, std::uint64_t first, std::byte* to, std::size_t bytes,
                       std::uint64_t offset) {
  std::size_t total = 0;
  while (total < bytes) {
    const std::int64_t got = folder.disk().read(file, to + total, bytes - total, offset + total);
    if (got < 0) fail_read(folder, first, offset + total, static_cast<int>(got));
    if (got == 0) break;
    total += static_cast<std::size_t>(got);
  }
  return total;
}

const char* codec_text(std::uint32_t codec) {
  switch (static_cast<abi::CodecCode>(codec)) {
    case abi::CodecCode::kUtf8:
      return "utf8";
    case abi::CodecCode::kStruct:
      return "struct";
    case abi::CodecCode::kJson:
      return "json";
    default:
      return "bytes";
  }
}

std::string type_text(std::uint32_t codec, std::uint64_t layout_hash) {
  char hash[32] = "";
  if (layout_hash != 0)
    std::snprintf(hash, sizeof hash, " (layout %016llx)", static_cast<unsigned long long>(layout_hash));
  return std::string(codec_text(codec)) + hash;
}

}  // namespace

void check_type(const std::string& path, const SegmentHeader& header, const RecordType& type) {
  const auto codec = static_cast<std::uint32_t>(type.codec);
  if (header.codec == codec && header.layout_hash == type.layout_hash) return;
  throw core::CodedError(abi::ErrorCode::kJournalCodec,
                         path + " holds records of codec " + type_text(header.codec, header.layout_hash) +
                             ", but the plan's are of codec " + type_text(codec, type.layout_hash) +
                             "; name another folder, or use the plan that wrote this one");
}

HeaderLook look_at_header(const Folder& folder, const OpenFile& file, std::uint64_t first) {
  // Its length before its header: a writer that is at work writes the header first.
  const platform::FileFacts facts = folder.disk().facts(file.number());
  if (facts.error != 0) fail_read(folder, first, 0, facts.error);
  HeaderLook look;
  SegmentHeader& header = look.header;
  const std::size_t got =
      read_up_to(folder, file.number(), first, reinterpret_cast<std::byte*>(&header), sizeof header, 0);
  constexpr SegmentHeader kBlank{};
  if (got < sizeof header) return look;
  if (std::memcmp(&header, &kBlank, sizeof header) == 0) {
    if (facts.bytes > sizeof header) look.state = HeaderState::kBlank;
    return look;
  }
  look.checks = header.crc == header_crc(op::Crc32c(), header);
  if (header.magic != kSegmentMagic)
    look.state = header.magic == 0 ? HeaderState::kDamaged : HeaderState::kForeign;
  else if (header.format != kFormat)
    look.state = HeaderState::kFormat;
  else if (!look.checks || header.header_bytes != sizeof header)
    look.state = HeaderState::kDamaged;
  else
    look.state = header.first == first ? HeaderState::kSound : HeaderState::kMisnamed;
  return look;
}

void fail_header(const Folder& folder, std::uint64_t first, const HeaderLook& look, bool followed) {
  const std::string path = folder.path_of(SegmentName(first).text);
  switch (look.state) {
    case HeaderState::kForeign:
      throw core::CodedError(abi::ErrorCode::kJournalForeign,
                             path + " is not a segment of a journal; move it out of the folder");
    case HeaderState::kFormat:
      throw core::CodedError(abi::ErrorCode::kJournalFormat,
                             path + " has format version " + std::to_string(look.header.format) +
                                 ", but this byteor reads version " + std::to_string(kFormat) +
                                 (look.checks ? "; use the byteor that wrote it, or name another folder"
                                              : ", or its header is damaged; restore the file from a copy"));
    case HeaderState::kMisnamed:
      throw core::CodedError(abi::ErrorCode::kJournalForeign,
                             path + " begins with sequence " + std::to_string(look.header.first) +
                                 ", which is not what its name says; give it back its name");
    case HeaderState::kUnfinished:
    case HeaderState::kBlank:
      throw core::CodedError(
          abi::ErrorCode::kJournalDamaged,
          path + " is damaged at offset 0: it has no header, " +
              (followed ? "and other segments follow it" : "and there are bytes behind the place of one") +
              "; restore the file from a copy, or move the folder away");
    default:
      throw core::CodedError(abi::ErrorCode::kJournalDamaged,
                             path +
                                 " is damaged: its header (offset 0) does not match its checksum, so no record from "
                                 "sequence " +
                                 std::to_string(first) +
                                 " on can be read; restore the file from a copy, or move the folder away");
  }
}

SegmentReader::SegmentReader(std::size_t buffer_bytes, std::uint64_t record_max)
    : record_max_(record_max),
      buffer_bytes_(std::max<std::size_t>(buffer_bytes, sizeof(FrameHeader))),
      buffer_(std::make_unique_for_overwrite<std::byte[]>(buffer_bytes_)) {}

void SegmentReader::open(const Folder& folder, OpenFile file, const SegmentHeader& header) {
  folder_ = &folder;
  file_ = std::move(file);
  header_ = header;
  crc_ = FrameCrc(header.journal);
  base_ = header.header_bytes;
  at_ = end_ = 0;
  sequence_ = header.first;
}

std::string SegmentReader::path() const { return folder_->path_of(SegmentName(header_.first).text); }

SegmentReader::Next SegmentReader::next(Frame& frame) noexcept {
  const std::size_t left = end_ - at_;
  if (left < sizeof(FrameHeader)) return Next::kMore;
  const std::byte* const at = buffer_.get() + at_;
  frame.header = load_frame(at);
  if (frame.header.sequence != sequence_) return Next::kBad;
  const std::uint64_t bytes = frame_bytes(frame.header.length);
  if (bytes > left) return Next::kMore;
  if (crc_.of(at, static_cast<std::size_t>(bytes)) != frame.header.crc) return Next::kBad;
  frame.data = at + sizeof(FrameHeader);
  frame.offset = offset();
  at_ += static_cast<std::size_t>(bytes);
  ++sequence_;
  return Next::kFrame;
}

bool SegmentReader::advance(Frame& frame) {
  for (;;) {
    const Next found = next(frame);
    if (found == Next::kFrame) return true;
    if (found == Next::kBad || !refill()) return false;
  }
}

bool SegmentReader::refill() {
  const platform::FileFacts facts = folder_->disk().facts(file());
  if (facts.error != 0) fail_read(*folder_, header_.first, offset(), facts.error);
  const std::uint64_t in_file = facts.bytes;
  const std::size_t left = end_ - at_;
  if (in_file <= base_ + end_) return false;
  std::uint64_t need = sizeof(FrameHeader);
  if (left >= sizeof(FrameHeader)) {
    const std::uint32_t length = load_frame(buffer_.get() + at_).length;
    need = frame_bytes(length);
    // Not all of it is there; what it says about its length may be wrong, too.
    if (offset() + need > in_file) return false;
    if (length > record_max_)
      throw core::CodedError(abi::ErrorCode::kJournalRead,
                             path() + " says at offset " + std::to_string(offset()) +
                                 " that the record with sequence " + std::to_string(sequence_) + " has " +
                                 std::to_string(length) + " bytes, more than the record maximum of " +
                                 std::to_string(record_max_) + "; raise it with --record-max");
  }
  if (at_ != 0) {
    std::memmove(buffer_.get(), buffer_.get() + at_, left);
    base_ += at_;
    at_ = 0;
    end_ = left;
  }
  if (need > buffer_bytes_) {
    auto longer = std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(need));
    std::memcpy(longer.get(), buffer_.get(), end_);
    buffer_ = std::move(longer);
    buffer_bytes_ = static_cast<std::size_t>(need);
  }
  end_ += read_up_to(*folder_, file(), header_.first, buffer_.get() + end_, buffer_bytes_ - end_, base_ + end_);
  return end_ > left;
}

Behind look_behind(const Folder& folder, int file, const SegmentHeader& header, std::uint64_t offset, std::uint64_t end,
                   std::uint64_t sequence) {
  constexpr std::size_t kWindow = std::size_t{1} << 20;
  const FrameCrc crc(header.journal);
  constexpr std::size_t kWindowBytes = kWindow + sizeof(FrameHeader);
  const auto window = std::make_unique_for_overwrite<std::byte[]>(kWindowBytes);
  std::vector<std::byte> whole;
  Behind found = Behind::kNothing;
  for (std::uint64_t base = offset + kAlign; base < end; base += kWindow) {
    const std::size_t got = read_up_to(folder, file, header.first, window.get(), kWindowBytes, base);
    for (std::size_t at = 0; at < kWindow && at + sizeof(FrameHeader) <= got; at += kAlign) {
      const FrameHeader frame = load_frame(window.get() + at);
      const std::uint64_t place = base + at;
      // Every frame in between takes at least a header.
      if (frame.sequence <= sequence || frame.sequence - sequence > (place - offset) / sizeof(FrameHeader)) continue;
      const std::uint64_t bytes = frame_bytes(frame.length);
      if (bytes > end - place) continue;
      whole.resize(static_cast<std::size_t>(bytes));
      if (read_up_to(folder, file, header.first, whole.data(), whole.size(), place) < whole.size()) continue;
      if (crc.of(whole.data(), whole.size()) != frame.crc) continue;
      if (frame.behind != kBehindUnknown && frame.sequence - frame.behind > sequence) return Behind::kFramesAfterSync;
      found = Behind::kFrames;
    }
  }
  return found;
}

void fail_damaged(const std::string& path, std::uint64_t offset, std::uint64_t sequence) {
  throw core::CodedError(abi::ErrorCode::kJournalDamaged,
                         path + " is damaged at offset " + std::to_string(offset) + ": the record with sequence " +
                             std::to_string(sequence) +
                             " does not match its checksum, and records follow it; restore the file "
                             "from a copy, or move the folder away");
}

}  // namespace byteor::journal

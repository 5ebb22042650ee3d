// What a journal looks like on disk. docs/journal.md has the drawing and the reasons. All numbers are little-endian.
//
//   FOLDER/00000000000000000000.journal    a segment, named by the sequence of its first record
//          00000000000000123456.journal
//          reader.cursor                   how far the lane's reader has come
//          writer.mark                     how far the records have come
//          writer.lock                     held by the one writer
//
//   segment:  | SegmentHeader | frame | frame | …                       frame:  | FrameHeader | record | zeros to 8 |
//
// The CRC of a frame covers all of it but the CRC itself, and begins with the journal's own number: a frame of another
// journal, copied or left on the device, does not check. Pure.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

#include "op/crc32c.hpp"

namespace byteor::journal {

static_assert(std::endian::native == std::endian::little, "the format is little-endian and is not converted");

inline constexpr std::uint32_t kSegmentMagic = 0x4a525442;  // "BTRJ"
inline constexpr std::uint32_t kCursorMagic = 0x43525442;   // "BTRC"
inline constexpr std::uint32_t kMarkMagic = 0x4d525442;     // "BTRM"
inline constexpr std::uint32_t kFormat = 1;
inline constexpr std::uint64_t kNoSequence = std::numeric_limits<std::uint64_t>::max();
inline constexpr const char* kCursorName = "reader.cursor";
inline constexpr const char* kMarkName = "writer.mark";
inline constexpr const char* kLockName = "writer.lock";
inline constexpr std::string_view kSegmentEnding = ".journal";
// Behind the name of a segment that an opening has set aside.
inline constexpr std::string_view kAsideEnding = ".cut";

struct SegmentHeader {
  std::uint32_t magic;           // kSegmentMagic
  std::uint32_t format;          // kFormat
  std::uint32_t header_bytes;    // sizeof(SegmentHeader): where the first frame begins
  std::uint32_t codec;           // abi::CodecCode of its records
  std::uint64_t layout_hash;     // struct layout hash of its records, or 0
  std::uint64_t journal;         // a random number, the same in all segments of a journal
  std::uint64_t first;           // sequence of the first record: also the file's name
  std::uint64_t created_ms;      // milliseconds since 1970: FrameHeader.time_ms counts from here
  std::uint64_t previous_first;  // the segment before this one, kNoSequence when it is the journal's first
  std::uint64_t previous_bytes;  // how long that one became
  std::uint32_t notes;           // kHasMark; below it, skipped()
  std::uint32_t crc;             // CRC32C of all bytes before it

  // Sequences left out before the first: those of records that a power failure took.
  std::uint32_t skipped() const noexcept { return notes & kSkippedMax; }
  // The writer kept a mark beside the segment. Where there is none any more, nothing follows from that but caution.
  bool has_mark() const noexcept { return (notes & kHasMark) != 0; }

  static constexpr std::uint32_t kHasMark = std::uint32_t{1} << 31;
  static constexpr std::uint32_t kSkippedMax = kHasMark - 1;
};
static_assert(sizeof(SegmentHeader) == 72 && offsetof(SegmentHeader, layout_hash) == 16 &&
              offsetof(SegmentHeader, first) == 32 && offsetof(SegmentHeader, crc) == 68);

struct FrameHeader {
  std::uint32_t crc;       // CRC32C of the journal's number and of all bytes of the frame after this field
  std::uint32_t length;    // bytes of the record
  std::uint64_t sequence;  // place of the record in the journal, over all runs
  std::uint32_t time_ms;   // when it was appended, since SegmentHeader.created_ms; never goes back
  std::uint16_t flags;     // abi::TerminatorCode in the low bits
  std::uint16_t behind;    // records before this one that were not known to be on the device; kBehindUnknown: no claim
};
static_assert(sizeof(FrameHeader) == 24 && offsetof(FrameHeader, sequence) == 8 && offsetof(FrameHeader, behind) == 22);
inline constexpr std::uint16_t kBehindUnknown = 0xffff;
inline constexpr std::size_t kAlign = 8;

constexpr std::uint64_t frame_bytes(std::uint64_t length) noexcept {
  return (sizeof(FrameHeader) + length + kAlign - 1) & ~std::uint64_t{kAlign - 1};
}

// The name of the segment that begins with `first`, with a zero at its end.
struct SegmentName {
  explicit SegmentName(std::uint64_t first) noexcept {
    std::snprintf(text, sizeof text, "%020llu.journal", static_cast<unsigned long long>(first));
  }
  char text[32];
};

// The sequence in a segment's name; nothing for a name that is not exactly one.
inline std::optional<std::uint64_t> sequence_of(std::string_view name) noexcept {
  if (name.size() != 20 + kSegmentEnding.size() || !name.ends_with(kSegmentEnding)) return std::nullopt;
  std::uint64_t value = 0;
  for (const char digit : name.substr(0, 20)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  if (name != SegmentName(value).text) return std::nullopt;  // past 2^64
  return value;
}

inline std::string_view bytes_of(const void* data, std::size_t bytes) noexcept {
  return {static_cast<const char*>(data), bytes};
}

inline std::uint32_t header_crc(const op::Crc32c& crc32c, const SegmentHeader& header) noexcept {
  return crc32c.extend(0, bytes_of(&header, offsetof(SegmentHeader, crc)));
}

// CRCs of one journal's frames. Copyable.
class FrameCrc {
 public:
  FrameCrc() = default;
  explicit FrameCrc(std::uint64_t journal) noexcept : seed_(crc32c_.extend(0, bytes_of(&journal, sizeof journal))) {}

  // `frame`: the whole frame, zeros included.
  std::uint32_t of(const std::byte* frame, std::size_t bytes) const noexcept {
    return crc32c_.extend(seed_, bytes_of(frame + sizeof(std::uint32_t), bytes - sizeof(std::uint32_t)));
  }

  // Writes a frame of `bytes` = frame_bytes(header.length): header, CRC, record and zeros.
  void put(std::byte* frame, std::size_t bytes, const FrameHeader& header, const std::byte* record) const noexcept;

 private:
  op::Crc32c crc32c_;
  std::uint32_t seed_ = 0;
};

inline FrameHeader load_frame(const std::byte* at) noexcept {
  FrameHeader header;
  std::memcpy(&header, at, sizeof header);
  return header;
}

inline void FrameCrc::put(std::byte* frame, std::size_t bytes, const FrameHeader& header,
                          const std::byte* record) const noexcept {
  const std::uint64_t last = header.time_ms | std::uint64_t{header.flags} << 32 | std::uint64_t{header.behind} << 48;
  std::byte* const to = frame + sizeof header;
  std::uint32_t crc =
      crc32c_.extend_frame(seed_, header.sequence, last, bytes_of(record, header.length), reinterpret_cast<char*>(to));
  if (const std::size_t zeros = bytes - sizeof header - header.length; zeros != 0) {
    std::memset(to + header.length, 0, zeros);
    constexpr std::byte kZeros[kAlign] = {};
    crc = crc32c_.extend(crc, bytes_of(kZeros, zeros));
  }
  // In words: a header that is put together in memory could not be copied on at once.
  const std::uint64_t first = crc | std::uint64_t{header.length} << 32;
  std::memcpy(frame, &first, sizeof first);
  std::memcpy(frame + 8, &header.sequence, sizeof header.sequence);
  std::memcpy(frame + 16, &last, sizeof last);
}

// Half of the cursor's file: written in turn with the other, so that one of the two is always whole. Both kinds of
// slots have these fields first and the CRC last.
struct CursorSlot {
  static constexpr std::uint32_t kMagic = kCursorMagic;

  std::uint32_t magic;      // kMagic
  std::uint32_t format;     // kFormat
  std::uint64_t journal;    // SegmentHeader.journal
  std::uint64_t turn;       // grows by one with every write: the greater one counts
  std::uint64_t sequence;   // of the next record that the reader wants
  std::uint32_t is_synced;  // 1: the records before it were on the device
  std::uint32_t crc;        // CRC32C of all bytes before it
};
static_assert(sizeof(CursorSlot) == 40);

// The same of the mark's file.
struct MarkSlot {
  static constexpr std::uint32_t kMagic = kMarkMagic;

  std::uint32_t magic;
  std::uint32_t format;
  std::uint64_t journal;
  std::uint64_t turn;
  std::uint64_t written;      // records before it are whole in the files, as the operating system has them
  std::uint64_t synced;       // records before it are on the device
  std::uint32_t sync_failed;  // 1: behind `synced` pages may be missing in any place
  std::uint32_t crc;
};
static_assert(sizeof(MarkSlot) == 48);
// Apart by more than a device writes at once.
inline constexpr std::uint64_t kSlotStride = 4096;

}  // namespace byteor::journal

// Reading one segment file: its header, its frames one after the other, and what a frame that does not check means.
// Control path: reading allocates and throws CodedError when the device fails; next() does neither.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "abi/abi_generated.hpp"
#include "journal/folder.hpp"
#include "journal/format.hpp"

namespace byteor::journal {

// What the records of a journal are, as far as a plan says it.
struct RecordType {
  abi::CodecCode codec = abi::CodecCode::kBytes;
  std::uint64_t layout_hash = 0;
};

enum class HeaderState {
  kSound,
  kUnfinished,  // the file ends inside its header, or where a header of zeros does: it was about to be made
  kBlank,       // zeros, and bytes behind them
  kDamaged,     // does not match its checksum
  kForeign,     // no segment
  kFormat,      // of another format version
  kMisnamed,    // of a segment with another name
};

struct HeaderLook {
  HeaderState state = HeaderState::kUnfinished;
  SegmentHeader header{};
  bool checks = false;  // what is there matches its checksum
};

// Looks at the header of the segment that is named by `first`. Throws CodedError: JOURNAL_READ.
HeaderLook look_at_header(const Folder& folder, const OpenFile& file, std::uint64_t first);

// The failure to state for a header that is not sound; `followed`: by other segments. Throws CodedError:
// JOURNAL_FOREIGN, JOURNAL_FORMAT, JOURNAL_DAMAGED.
[[noreturn]] void fail_header(const Folder& folder, std::uint64_t first, const HeaderLook& look, bool followed);

// Throws CodedError: JOURNAL_CODEC when the segment's records are not of `type`.
void check_type(const std::string& path, const SegmentHeader& header, const RecordType& type);

struct Frame {
  FrameHeader header;
  const std::byte* data = nullptr;  // of the record
  std::uint64_t offset = 0;         // of the frame in its file
};

class SegmentReader {
 public:
  // Buffer of `buffer_bytes` to begin with; it grows for longer records, up to `record_max` bytes each.
  explicit SegmentReader(std::size_t buffer_bytes, std::uint64_t record_max);

  // Begins at the first frame of an open segment.
  void open(const Folder& folder, OpenFile file, const SegmentHeader& header);
  bool is_open() const noexcept { return file_.number() >= 0; }
  void close() noexcept { file_ = OpenFile(); }

  enum class Next {
    kFrame,
    kMore,  // the frame is not in the buffer yet, or not all of it: refill()
    kBad,   // what lies here is not the frame of the next sequence
  };
  // Moves over the next frame in the buffer. Its data is valid until refill() or open().
  Next next(Frame& frame) noexcept;

  // Moves over the next frame, reading on where it has to. False: what lies here is not the frame of the next sequence.
  // Throws as refill() does.
  bool advance(Frame& frame);

  // Reads on. False: the file holds no more than what next() has seen (for now, when it is still being written). Throws
  // CodedError: JOURNAL_READ, also for a record that is longer than `record_max`.
  bool refill();
  // Forgets what is buffered, so that it is read again from the file.
  void reread() noexcept { end_ = at_; }

  const SegmentHeader& header() const noexcept { return header_; }
  // Of the frame that next() looks for.
  std::uint64_t sequence() const noexcept { return sequence_; }
  std::uint64_t offset() const noexcept { return base_ + at_; }
  int file() const noexcept { return file_.number(); }
  std::string path() const;

 private:
  std::uint64_t record_max_;
  const Folder* folder_ = nullptr;
  OpenFile file_;
  SegmentHeader header_{};
  FrameCrc crc_;
  std::size_t buffer_bytes_;
  std::unique_ptr<std::byte[]> buffer_;  // written by reads before it is looked at; never filled with zeros
  std::uint64_t base_ = 0;               // offset of the buffer's first byte in the file
  std::size_t at_ = 0;                   // of the next frame, in the buffer
  std::size_t end_ = 0;                  // of what is buffered
  std::uint64_t sequence_ = 0;
};

// What follows a place at which a frame does not check. A crash leaves the end of a file torn: nothing whole follows. A
// whole frame behind the place says that the bytes in between were there once, and when it tells that they were on the
// device when it was written, then no crash can have taken them.
enum class Behind { kNothing, kFrames, kFramesAfterSync };
// Looks from `offset`, where the frame of `sequence` is missing, to `end`. Throws CodedError.
Behind look_behind(const Folder& folder, int file, const SegmentHeader& header, std::uint64_t offset, std::uint64_t end,
                   std::uint64_t sequence);

// The failure to state when a frame does not check and is not a torn tail.
[[noreturn]] void fail_damaged(const std::string& path, std::uint64_t offset, std::uint64_t sequence);

}  // namespace byteor::journal

#include "journal/cursor.hpp"

#include <cerrno>

#include "journal/error.hpp"

namespace byteor::journal {

namespace {

std::uint32_t slot_crc(const CursorSlot& slot) {
  return op::Crc32c().extend(0, bytes_of(&slot, offsetof(CursorSlot, crc)));
}

[[noreturn]] void fail(const std::string& what, const std::string& path, int error) {
  throw JournalError("JOURNAL_CURSOR",
                     "cannot " + what + " " + path + ": " + disk_error_text(error) + "; " + disk_remedy(error));
}

}  // namespace

std::optional<CursorSlot> ReaderCursor::read(const Folder& folder) {
  int error = 0;
  const OpenFile file = folder.file(kCursorName, platform::FileAccess::kRead, error);
  const std::string path = folder.path_of(kCursorName);
  if (error == -ENOENT) return std::nullopt;
  if (error != 0) fail("open", path, error);
  std::optional<CursorSlot> best;
  bool damaged = false;
  for (const std::uint64_t offset : {std::uint64_t{0}, kCursorSlotStride}) {
    CursorSlot slot{};
    const std::int64_t got = folder.disk().read(file.number(), &slot, sizeof slot, offset);
    if (got < 0) fail("read", path, static_cast<int>(got));
    // A slot that was never written whole.
    if (got < static_cast<std::int64_t>(sizeof slot) || slot.magic == 0) continue;
    if (slot.crc != slot_crc(slot) || slot.magic != kCursorMagic || slot.format != kFormat)
      damaged = true;
    else if (!best.has_value() || slot.turn > best->turn)
      best = slot;
  }
  if (damaged && !best.has_value())
    throw JournalError("JOURNAL_CURSOR", path +
                                             " is damaged: neither of its slots matches its checksum; remove it to "
                                             "read the journal again from its first record");
  return best;
}

ReaderCursor::ReaderCursor(const Folder& folder, std::uint64_t journal, std::uint64_t sequence)
    : path_(folder.path_of(kCursorName)),
      disk_(folder.disk()),
      file_(folder.file(kCursorName, platform::FileAccess::kCreate)),
      stored_(sequence) {
  const std::optional<CursorSlot> before = read(folder);
  slot_ = {kCursorMagic, kFormat, journal, before.has_value() ? before->turn : 0, 0, 0, 0};
  const int error = store(sequence);
  if (error != 0) fail("write", path_, error);
}

int ReaderCursor::store(std::uint64_t sequence) noexcept {
  slot_.sequence = sequence;
  ++slot_.turn;
  slot_.crc = slot_crc(slot_);
  const std::uint64_t offset = slot_.turn % 2 == 0 ? 0 : kCursorSlotStride;
  const std::int64_t put = disk_.write(file_.number(), &slot_, sizeof slot_, offset);
  if (put != static_cast<std::int64_t>(sizeof slot_)) return put < 0 ? static_cast<int>(put) : -EIO;
  // SYNC POINT J2: written, then shown to retention.
  stored_.store(sequence, std::memory_order_release);
  return 0;
}

int ReaderCursor::sync() noexcept { return disk_.sync_data(file_.number()); }

}  // namespace byteor::journal

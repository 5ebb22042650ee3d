#include "journal/cursor.hpp"

#include "core/coded_error.hpp"
#include "journal/error.hpp"

namespace byteor::journal {

ReaderCursor::Content ReaderCursor::read(const Folder& folder) {
  int error = 0;
  Content content = SlotFile<CursorSlot>::read(folder, kCursorName, error);
  const std::string path = folder.path_of(kCursorName);
  if (error != 0)
    throw core::CodedError(abi::ErrorCode::kJournalCursor,
                           "cannot read " + path + ": " + disk_error_text(error) + "; " + disk_remedy(error));
  if (content.damaged && !content.newest.has_value())
    throw core::CodedError(abi::ErrorCode::kJournalCursor,
                           path +
                               " is damaged: neither of its slots matches its checksum; remove it to "
                               "read the journal again from its first record");
  return content;
}

ReaderCursor::ReaderCursor(const Folder& folder, std::uint64_t journal, const Content& content, bool records_are_synced,
                           Made& made)
    : file_(folder, kCursorName, journal, content, made),
      is_synced_(records_are_synced ? 1 : 0),
      stored_(content.newest.has_value() ? content.newest->sequence : 0) {}

int ReaderCursor::store(std::uint64_t sequence) noexcept {
  const int error = file_.store([&](CursorSlot& slot) {
    slot.sequence = sequence;
    slot.is_synced = is_synced_;
  });
  if (error != 0) return error;
  // SYNC POINT J2: written, then shown to retention.
  stored_.store(sequence, std::memory_order_release);
  return 0;
}

}  // namespace byteor::journal

#include "journal/mark.hpp"

#include "core/coded_error.hpp"
#include "journal/error.hpp"

namespace byteor::journal {

WriterMark::Content WriterMark::read(const Folder& folder) {
  int error = 0;
  Content content = SlotFile<MarkSlot>::read(folder, kMarkName, error);
  const std::string path = folder.path_of(kMarkName);
  if (error != 0)
    throw core::CodedError(abi::ErrorCode::kJournalRead,
                           "cannot read " + path + ": " + disk_error_text(error) + "; " + disk_remedy(error));
  if (content.damaged && !content.newest.has_value())
    throw core::CodedError(abi::ErrorCode::kJournalDamaged,
                           path +
                               " is damaged: neither of its slots matches its checksum; restore it "
                               "from a copy, or remove it to go by the segments and the reader's "
                               "cursor alone");
  return content;
}

int WriterMark::store(std::uint64_t written, std::uint64_t synced, bool sync_failed) noexcept {
  const MarkSlot& last = file_.last();
  const std::uint32_t failed = sync_failed ? 1 : 0;
  if (says_ && last.written == written && last.synced == synced && last.sync_failed == failed) return 0;
  says_ = true;
  return file_.store([&](MarkSlot& slot) {
    slot.written = written;
    slot.synced = synced;
    slot.sync_failed = failed;
  });
}

void WriterMark::note_failed_sync(std::uint64_t synced) noexcept {
  (void)store(says_ ? file_.last().written : synced, says_ ? file_.last().synced : synced, true);
}

}  // namespace byteor::journal

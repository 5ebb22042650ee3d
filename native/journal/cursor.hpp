// How far the lane's reader has come, kept in a file of two slots that are written in turn: whatever moment a crash
// comes at, one of the two is whole, and the older one only means that some records are read twice. Storing is one
// write of 40 bytes without a sync, because at-least-once needs no more; retention syncs it before it removes what the
// cursor has passed.
//
//   the reader's thread: store()        the journal's thread: stored(), sync()
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "core/cpu.hpp"
#include "journal/folder.hpp"
#include "journal/format.hpp"

namespace byteor::journal {

class ReaderCursor {
 public:
  // What the file says; nothing when it is not there or was never written. Throws JournalError: JOURNAL_CURSOR when
  // neither of its slots can be believed, JOURNAL_READ.
  static std::optional<CursorSlot> read(const Folder& folder);

  // Opens the file, makes it when it is missing, and stores `sequence`. Throws JournalError.
  ReaderCursor(const Folder& folder, std::uint64_t journal, std::uint64_t sequence);

  ReaderCursor(const ReaderCursor&) = delete;
  ReaderCursor& operator=(const ReaderCursor&) = delete;

  // The reader is done with everything before `sequence`. 0 or a negated errno. Reader's thread.
  int store(std::uint64_t sequence) noexcept;

  // SYNC POINT J2: what is stored here has been written to the file, so sync() makes it safe.
  std::uint64_t stored() const noexcept { return stored_.load(std::memory_order_acquire); }
  // 0 or a negated errno. Any thread.
  int sync() noexcept;

  const std::string& path() const noexcept { return path_; }

 private:
  const std::string path_;
  platform::Disk& disk_;
  OpenFile file_;
  CursorSlot slot_{};
  // Both threads look at it: on a block of its own.
  alignas(core::kCacheBlock) std::atomic<std::uint64_t> stored_;
};

}  // namespace byteor::journal

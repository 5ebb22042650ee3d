// How far the lane's reader has come, kept in a file of two slots. Storing is one write of 40 bytes without a sync,
// because at-least-once needs no more; retention syncs it before it removes what the cursor has passed.
//
//   the reader's thread: store()        the journal's thread: stored(), sync()
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "core/cpu.hpp"
#include "journal/folder.hpp"
#include "journal/format.hpp"
#include "journal/slot_file.hpp"

namespace byteor::journal {

class ReaderCursor {
 public:
  using Content = SlotFile<CursorSlot>::Content;
  // What the file says. Throws CodedError: JOURNAL_CURSOR when it cannot be read, or neither of its slots can be
  // believed.
  static Content read(const Folder& folder);

  // Opens the file, which is made when it is missing. `records_are_synced`: what the reader gets is on the device.
  // Throws CodedError.
  ReaderCursor(const Folder& folder, std::uint64_t journal, const Content& content, bool records_are_synced,
               Made& made);

  ReaderCursor(const ReaderCursor&) = delete;
  ReaderCursor& operator=(const ReaderCursor&) = delete;

  // The reader is done with everything before `sequence`. 0 or a negated errno. Reader's thread.
  int store(std::uint64_t sequence) noexcept;

  // SYNC POINT J2: what is stored here has been written to the file, so sync() makes it safe.
  std::uint64_t stored() const noexcept { return stored_.load(std::memory_order_acquire); }
  // 0 or a negated errno. Any thread.
  int sync() noexcept { return file_.sync(); }

  const std::string& path() const noexcept { return file_.path(); }

 private:
  SlotFile<CursorSlot> file_;
  const std::uint32_t is_synced_;
  // Both threads look at it: on a block of its own.
  alignas(core::kCacheBlock) std::atomic<std::uint64_t> stored_;
};

}  // namespace byteor::journal

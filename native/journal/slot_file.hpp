// A small file of two slots that are written in turn: whatever moment a crash comes at, one of the two is whole, and
// the older one is only older. A store is one write over room that the file has had since it was made, so it needs no
// space. Control path, but for store() and sync(), which belong to one thread at a time and neither throw nor allocate.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "core/coded_error.hpp"
#include "journal/error.hpp"
#include "journal/folder.hpp"
#include "journal/format.hpp"

namespace byteor::journal {

template <class Slot>
class SlotFile {
 public:
  struct Content {
    std::optional<Slot> newest;   // that checks
    bool damaged = false;         // a slot that was written does not check
    bool has_blank_slot = false;  // a slot that was never written: it may have no room yet
  };

  // What the file says; nothing of it when it is not there. A negated errno in `error` when it cannot be read.
  static Content read(const Folder& folder, const char* name, int& error) {
    Content content;
    const OpenFile file = folder.file(name, platform::FileAccess::kRead, error);
    if (error == -ENOENT) error = 0;
    if (file.number() < 0) return content;
    for (const std::uint64_t offset : kOffsets) {
      Slot slot{};
      const std::int64_t got = folder.disk().read(file.number(), &slot, sizeof slot, offset);
      if (got < 0) {
        error = static_cast<int>(got);
        return content;
      }
      if (got < static_cast<std::int64_t>(sizeof slot) || slot.magic == 0)
        content.has_blank_slot = true;
      else if (slot.crc != crc_of(slot) || slot.magic != Slot::kMagic || slot.format != kFormat)
        content.damaged = true;
      else if (!content.newest.has_value() || slot.turn > content.newest->turn)
        content.newest = slot;
    }
    return content;
  }

  // Opens the file, which is made when it is missing (`made` remembers it), and sees to it that both slots have room.
  // `content`: what read() said of it. Throws CodedError: JOURNAL_OPEN.
  SlotFile(const Folder& folder, const char* name, std::uint64_t journal, const Content& content, Made& made)
      : path_(folder.path_of(name)), disk_(folder.disk()), file_(made.file(folder, name)) {
    if (content.newest.has_value()) slot_ = *content.newest;
    slot_.magic = Slot::kMagic;
    slot_.format = kFormat;
    slot_.journal = journal;
    has_blank_slot_ = !content.newest.has_value() || content.has_blank_slot;
    if (has_blank_slot_) reserve();
  }

  // `set(Slot&)` changes what is stored next. 0 or a negated errno.
  template <class Set>
  int store(Set&& set) noexcept {
    set(slot_);
    const int error = write_next();
    // Both slots say something from now on.
    return error == 0 && std::exchange(has_blank_slot_, false) ? write_next() : error;
  }
  // 0 or a negated errno.
  int sync() noexcept { return disk_.sync_data(file_.number()); }

  const Slot& last() const noexcept { return slot_; }
  const std::string& path() const noexcept { return path_; }

 private:
  static constexpr std::array<std::uint64_t, 2> kOffsets = {0, kSlotStride};

  static std::uint32_t crc_of(const Slot& slot) noexcept {
    return op::Crc32c().extend(0, bytes_of(&slot, offsetof(Slot, crc)));
  }

  int write_next() noexcept {
    ++slot_.turn;
    slot_.crc = crc_of(slot_);
    std::size_t moved = 0;
    return write_all(disk_, file_.number(), &slot_, sizeof slot_, kOffsets[slot_.turn % 2], moved);
  }

  // Blank slots are written as such: a hole in a file has no room.
  void reserve() {
    for (const std::uint64_t offset : kOffsets) {
      Slot slot{};
      const std::int64_t got = disk_.read(file_.number(), &slot, sizeof slot, offset);
      if (got == static_cast<std::int64_t>(sizeof slot) && slot.magic != 0) continue;
      slot = Slot{};
      std::size_t moved = 0;
      const int error = write_all(disk_, file_.number(), &slot, sizeof slot, offset, moved);
      if (error == 0) continue;
      throw core::CodedError(abi::ErrorCode::kJournalOpen,
                             "cannot write " + path_ + ": " + disk_error_text(error) + "; " + disk_remedy(error));
    }
  }

  const std::string path_;
  platform::Disk& disk_;
  OpenFile file_;
  Slot slot_{};
  bool has_blank_slot_ = false;
};

}  // namespace byteor::journal

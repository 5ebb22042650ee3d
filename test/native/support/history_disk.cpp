#include "history_disk.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "journal/format.hpp"

namespace byteor::test {

int HistoryDisk::enter(DiskCall call) noexcept {
  if (dead_) return -EIO;
  if (arm_ == Arm::kNothing || (arm_ >= Arm::kFail && call != failing_)) return 0;
  if (left_ != 0) {
    --left_;
    return 0;
  }
  if (arm_ == Arm::kKill) {
    dead_ = true;
    return -EIO;
  }
  if (arm_ == Arm::kEvict) {
    disarm();
    if (memory_ != nullptr) evicted_ += memory_->evict();
    return 0;
  }
  if (arm_ == Arm::kFail) arm_ = Arm::kNothing;
  ++faults_;
  if (call >= DiskCall::kWrite || repairs_) ++faults_of_changes_;
  if (error_ == -ENOSPC) ++full_;
  return error_;
}

std::int64_t HistoryDisk::write(int file, const void* from, std::size_t bytes, std::uint64_t offset) noexcept {
  const bool was_dead = dead_;
  if (const int error = enter(DiskCall::kWrite)) {
    // The kill came while the bytes were being copied; the few of one sector are copied at once.
    if (!dead_ || was_dead) return error;
    const bool at_once = bytes <= MemoryDisk::kSectorBytes - offset % MemoryDisk::kSectorBytes;
    const std::uint64_t some = at_once ? bytes * random_.below(2) : random_.below(bytes + 1);
    if (some != 0) (void)inner_.write(file, from, static_cast<std::size_t>(some), offset);
    return error;
  }
  // Not what is within a sector: only what a device takes at once is moved at once.
  if (in_parts_ && bytes > MemoryDisk::kSectorBytes && random_.one_in(2))
    bytes = 1 + static_cast<std::size_t>(random_.below(bytes - 1));
  const std::int64_t put = inner_.write(file, from, bytes, offset);
  if (put == -ENOSPC) note_full(-ENOSPC);
  return put;
}

int HistoryDisk::sync_data(int file) noexcept {
  const bool was_dead = dead_;
  if (const int error = enter(DiskCall::kSyncData)) {
    if (dead_ || was_dead) return error;
    ++failed_syncs_;
    return memory_ != nullptr ? memory_->fail_sync_data(file, error) : error;
  }
  if (lies_ && memory_ != nullptr) {
    lies_ = false;
    lied_ = true;
    return memory_->fail_sync_data(file, 0);
  }
  return inner_.sync_data(file);
}

int HistoryDisk::remove(int folder, const char* name) noexcept {
  if (const int error = enter(DiskCall::kRemove)) return error;
  repairs_ = true;
  if (has_bytes_behind_header(folder, name)) removed_.emplace_back(name);
  return inner_.remove(folder, name);
}

int HistoryDisk::rename(int folder, const char* from, const char* to) noexcept {
  if (const int error = enter(DiskCall::kRename)) return error;
  repairs_ = true;
  if (has_bytes_behind_header(folder, to)) removed_.emplace_back(to);
  return inner_.rename(folder, from, to);
}

bool HistoryDisk::has_bytes_behind_header(int folder, const char* name) noexcept {
  // A segment, or one that was set aside.
  if (std::string_view(name).find(journal::kSegmentEnding) == std::string_view::npos) return false;
  const int file = inner_.open_file(folder, name, platform::FileAccess::kRead);
  if (file < 0) return false;
  std::byte buffer[4096];
  bool found = false;
  std::uint64_t offset = sizeof(journal::SegmentHeader);
  for (std::int64_t got; !found && (got = inner_.read(file, buffer, sizeof buffer, offset)) > 0; offset += got)
    found = std::any_of(buffer, buffer + got, [](std::byte value) { return value != std::byte{0}; });
  inner_.close(file);
  return found;
}

}  // namespace byteor::test

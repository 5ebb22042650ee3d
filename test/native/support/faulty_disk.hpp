// A disk that passes everything on to this machine's, but for what a test wants to go wrong. Counts what it is asked to
// do. One thread at a time, but for the counters.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "platform/disk.hpp"

namespace byteor::test {

class FaultyDisk : public platform::Disk {
 public:
  // Each answers a negated errno to fail, 0 to pass.
  std::function<int()> on_sync_data;
  std::function<int()> on_sync_folder;
  std::function<int(std::size_t bytes)> on_write;
  std::function<int(const char* name, platform::FileAccess access)> on_open;
  // More than this in one write is moved in parts.
  std::size_t write_bytes_max = SIZE_MAX;
  // Bytes that there is room for, in all files together.
  std::uint64_t room = UINT64_MAX;
  // Bytes that are in a file already may be written over when there is no room.
  bool writes_over = false;
  std::function<void(std::uint64_t offset, std::size_t bytes)> on_write_at;
  bool locks_folders = true;
  // Milliseconds since 1970; 0: the real clock.
  std::uint64_t clock_ms = 0;
  std::string boot_id = "the boot of a test";

  std::uint64_t syncs = 0;
  std::uint64_t folder_syncs = 0;
  std::uint64_t writes = 0;

  int open_file(int folder, const char* name, platform::FileAccess access) noexcept override {
    const int error = on_open ? on_open(name, access) : 0;
    return error != 0 ? error : Disk::open_file(folder, name, access);
  }
  std::int64_t write(int file, const void* from, std::size_t bytes, std::uint64_t offset) noexcept override {
    ++writes;
    const int error = on_write ? on_write(bytes) : 0;
    if (error != 0) return error;
    if (on_write_at) on_write_at(offset, bytes);
    if (writes_over && offset + bytes <= facts(file).bytes) return Disk::write(file, from, bytes, offset);
    if (room == 0) return -ENOSPC;
    const std::size_t moved = std::min({bytes, write_bytes_max, static_cast<std::size_t>(room)});
    if (room != UINT64_MAX) room -= moved;
    return Disk::write(file, from, moved, offset);
  }
  int open_folder(const char* path) noexcept override {
    const int folder = Disk::open_folder(path);
    if (folder >= 0) folders_.insert(folder);
    return folder;
  }
  void close(int descriptor) noexcept override {
    folders_.erase(descriptor);
    Disk::close(descriptor);
  }
  int lock(int descriptor) noexcept override {
    return !locks_folders && folders_.contains(descriptor) ? -EBADF : Disk::lock(descriptor);
  }
  int sync_data(int file) noexcept override {
    ++syncs;
    const int error = on_sync_data ? on_sync_data() : 0;
    return error != 0 ? error : Disk::sync_data(file);
  }
  int sync_folder(int folder) noexcept override {
    ++folder_syncs;
    const int error = on_sync_folder ? on_sync_folder() : 0;
    return error != 0 ? error : Disk::sync_folder(folder);
  }
  std::uint64_t wall_ms() noexcept override { return clock_ms != 0 ? clock_ms : Disk::wall_ms(); }
  std::string boot() override { return boot_id; }

 private:
  std::set<int> folders_;
};

}  // namespace byteor::test

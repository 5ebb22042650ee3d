// A disk in memory that behaves as a machine with a volatile cache does, at its worst:
//
//   write ──▶ cache: pages of 4096 bytes ──sync_data──▶ device        create, unlink, rename ──sync_folder──▶ device
//
// - A power failure keeps any state that each page, each size and each name had since the last sync, whatever order
// they
//   were written in, and a page that was on its way is torn at a sector of 512 bytes. A page that the device never had
//   is blank where the file became longer.
// - A sync that fails leaves its pages clean in the cache and perhaps not on the device, as Linux does: the next sync
//   succeeds and proves nothing of them, and when the cache gives such a page up the device's older content comes back.
// - The end of the process closes its descriptors, and with them its locks, and keeps the cache.
//
// Faults that need no state of the disk (errors, short writes, a process that is killed between two calls) are the
// HistoryDisk's. Paths are absolute; the root is there and on the device. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "platform/disk.hpp"
#include "split_mix.hpp"

namespace byteor::test {

class MemoryDisk final : public platform::Disk {
 public:
  static constexpr std::size_t kPageBytes = 4096;
  static constexpr std::size_t kSectorBytes = 512;
  static constexpr std::uint64_t kUnlimited = UINT64_MAX;

  explicit MemoryDisk(std::uint64_t seed);
  ~MemoryDisk() override;

  int make_folder(const char* path) noexcept override;
  int remove_folder(const char* path) noexcept override;
  int open_folder(const char* path) noexcept override;
  int open_file(int folder, const char* name, platform::FileAccess access) noexcept override;
  void close(int descriptor) noexcept override;
  std::int64_t read(int file, void* to, std::size_t bytes, std::uint64_t offset) noexcept override;
  std::int64_t write(int file, const void* from, std::size_t bytes, std::uint64_t offset) noexcept override;
  platform::FileFacts facts(int file) noexcept override;
  platform::FileFacts facts_at(const char* path) noexcept override;
  int truncate(int file, std::uint64_t bytes) noexcept override;
  int sync_data(int file) noexcept override;
  int sync_folder(int folder) noexcept override;
  int remove(int folder, const char* name) noexcept override;
  int rename(int folder, const char* from, const char* to) noexcept override;
  int list(int folder, std::vector<std::string>& names) override;
  int lock(int number) noexcept override;
  std::uint64_t wall_ms() noexcept override { return clock_ms; }
  std::string boot() override { return "boot " + std::to_string(boots_); }

  std::uint64_t clock_ms = 1'700'000'000'000;
  // Pages and names that there is room for; what is there may be written over when the disk is full.
  std::uint64_t capacity = kUnlimited;
  std::uint64_t used() const;
  // Some file systems lock files and no folders.
  bool locks_folders = true;

  // sync_data() that fails: some of the dirty pages have reached the device, all of them are clean. 0 as a device
  // answers that lies about it, else the error.
  int fail_sync_data(int file, int error) noexcept;
  // The process has ended: its descriptors are closed.
  void end_process() noexcept;
  // The machine has lost its power and starts again; the process has ended, too.
  void power_failure() noexcept;
  // The cache gives up clean pages, of which the device may have another content. How many bytes changed thereby.
  std::uint64_t evict() noexcept;
  // Pages whose content in the cache no later sync would bring to the device.
  bool holds_unproven_pages() const;

 private:
  using Page = std::array<std::byte, kPageBytes>;
  struct Inode;
  using Link = std::shared_ptr<Inode>;
  using Names = std::map<std::string, Link>;
  struct Version {
    std::uint64_t at;
    Page page;
  };
  struct CachedPage {
    Page cache{};
    Page device{};
    std::vector<Version> versions;  // since the page was clean, oldest first: the last is `cache`
    bool allocated = false;

    // Clean, and the device has another content.
    bool is_unproven() const noexcept {
      return versions.empty() && std::memcmp(cache.data(), device.data(), kPageBytes) != 0;
    }
  };
  struct NameChange {
    std::uint64_t at;
    std::string name;
    Link to;  // nullptr: the name is removed
  };
  struct Inode {
    bool folder = false;
    std::uint64_t number = 0;
    std::uint64_t links = 0;
    std::vector<std::unique_ptr<CachedPage>> pages;
    std::uint64_t bytes = 0;
    std::uint64_t device_bytes = 0;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> sizes;  // (at, bytes) since the size was on the device
    Names names;
    Names device_names;
    std::vector<NameChange> changes;
    int locked_by = -1;
  };
  struct Descriptor {
    Link inode;
    bool writable = false;
  };
  // What a power failure keeps.
  struct Loss {
    enum class Kind { kNothing, kEverything, kSince, kAny } kind;
    std::uint64_t since;
  };

  Descriptor* descriptor(int number) noexcept;
  Inode* inode(int number, bool folder) noexcept;
  int give(Link inode, bool writable);
  Link make(bool folder);
  static platform::FileFacts facts_of(const Inode& inode);
  Link walk(const std::string& path, std::string* last) const;
  bool has_room() const { return capacity == kUnlimited || used() < capacity; }
  void set_name(Inode& folder, const std::string& name, const Link& to);
  CachedPage& page(Inode& file, std::size_t index);
  void note(CachedPage& page);
  void set_bytes(Inode& file, std::uint64_t bytes);
  std::size_t version_of(const std::vector<std::uint64_t>& times, const Loss& loss);
  Page survivor(const CachedPage& page, const Loss& loss);
  std::uint64_t surviving_bytes(const Inode& file, const Loss& loss);
  void lose(Inode& file, const Loss& loss);
  void lose_names(Inode& folder, const Loss& loss);
  template <class Fn>
  void each_inode(Fn&& fn) const;

  SplitMix random_;
  std::uint64_t inodes_ = 0;
  Link root_;
  std::vector<Descriptor> descriptors_;
  std::uint64_t now_ = 0;  // counts the changes
  std::uint64_t boots_ = 1;
};

}  // namespace byteor::test

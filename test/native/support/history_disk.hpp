// What goes wrong between a journal and its disk, for a disk in memory as for this machine's: the n-th call from now
// fails, or is the last one that the process makes; writes are moved in parts; the clock and the boot id are the
// test's. One thread.
#pragma once

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "memory_disk.hpp"
#include "platform/disk.hpp"
#include "split_mix.hpp"

namespace byteor::test {

// What a journal asked a disk to do.
enum class DiskCall {
  kFolder,
  kOpen,
  kRead,
  kFacts,
  kList,
  kLock,
  // Those that change something.
  kWrite,
  kTruncate,
  kRemove,
  kRename,
  kSyncData,
  kSyncFolder,
};

class HistoryDisk final : public platform::Disk {
 public:
  // `memory`: the same as `inner` when that one is in memory, so that a sync that fails leaves its traces there.
  HistoryDisk(platform::Disk& inner, MemoryDisk* memory, std::uint64_t seed)
      : inner_(inner), memory_(memory), random_(seed) {}

  // The process makes `calls` more, and the next one is cut off: of a write a part is done, of others nothing.
  void kill_after(std::uint64_t calls) {
    disarm();
    left_ = calls;
    arm_ = Arm::kKill;
  }
  // After `calls` more that `call` fits, one fails with `error`, or it and all later ones of its kind.
  void fail_after(std::uint64_t calls, DiskCall call, int error, bool lasting) {
    disarm();
    left_ = calls;
    arm_ = lasting ? Arm::kFailAll : Arm::kFail;
    failing_ = call;
    error_ = error;
  }
  // After `calls` more, the cache gives up what a failed sync has left unproven.
  void evict_after(std::uint64_t calls) {
    disarm();
    left_ = calls;
    arm_ = Arm::kEvict;
  }
  void disarm() { arm_ = Arm::kNothing; }
  // The next sync of a file answers that all is well, and is not.
  void lie_once() { lies_ = true; }
  // Every other write moves only a part.
  void write_in_parts(bool in_parts) { in_parts_ = in_parts; }
  // The process is gone: what its objects still ask for changes nothing.
  void kill() { dead_ = true; }
  void revive() {
    dead_ = false;
    disarm();
  }

  bool dead() const { return dead_; }
  // Since forget(): errors that were answered, those of a full disk included; the same of calls that change something,
  // and of any call once a file was cut, renamed or removed; of a full disk.
  std::uint64_t faults() const { return faults_; }
  std::uint64_t faults_of_changes() const { return faults_of_changes_; }
  std::uint64_t full() const { return full_; }
  std::uint64_t failed_syncs() const { return failed_syncs_; }
  bool lied() const { return lied_; }
  std::uint64_t evicted() const { return evicted_; }
  void forget() {
    evicted_ = faults_ = faults_of_changes_ = full_ = failed_syncs_ = 0;
    repairs_ = false;
  }

  // Segments of which something behind the header was unlinked since the last call.
  std::vector<std::string> take_removed() { return std::exchange(removed_, {}); }

  int make_folder(const char* path) noexcept override {
    if (const int error = enter(DiskCall::kFolder)) return error;
    return note_full(inner_.make_folder(path));
  }
  int remove_folder(const char* path) noexcept override {
    if (const int error = enter(DiskCall::kRemove)) return error;
    return inner_.remove_folder(path);
  }
  int open_folder(const char* path) noexcept override {
    if (const int error = enter(DiskCall::kFolder)) return error;
    return inner_.open_folder(path);
  }
  int open_file(int folder, const char* name, platform::FileAccess access) noexcept override {
    if (const int error = enter(DiskCall::kOpen)) return error;
    return note_full(inner_.open_file(folder, name, access));
  }
  void close(int descriptor) noexcept override { inner_.close(descriptor); }
  std::int64_t read(int file, void* to, std::size_t bytes, std::uint64_t offset) noexcept override {
    if (const int error = enter(DiskCall::kRead)) return error;
    return inner_.read(file, to, bytes, offset);
  }
  std::int64_t write(int file, const void* from, std::size_t bytes, std::uint64_t offset) noexcept override;
  platform::FileFacts facts(int file) noexcept override {
    if (const int error = enter(DiskCall::kFacts)) return {.error = error};
    return inner_.facts(file);
  }
  platform::FileFacts facts_at(const char* path) noexcept override {
    if (const int error = enter(DiskCall::kFacts)) return {.error = error};
    return inner_.facts_at(path);
  }
  int truncate(int file, std::uint64_t bytes) noexcept override {
    if (const int error = enter(DiskCall::kTruncate)) return error;
    repairs_ = true;
    return inner_.truncate(file, bytes);
  }
  int sync_data(int file) noexcept override;
  int sync_folder(int folder) noexcept override {
    if (const int error = enter(DiskCall::kSyncFolder)) return error;
    return inner_.sync_folder(folder);
  }
  int remove(int folder, const char* name) noexcept override;
  int rename(int folder, const char* from, const char* to) noexcept override;
  int list(int folder, std::vector<std::string>& names) override {
    if (const int error = enter(DiskCall::kList)) return error;
    return inner_.list(folder, names);
  }
  int lock(int file) noexcept override {
    if (const int error = enter(DiskCall::kLock)) return error;
    return inner_.lock(file);
  }
  std::uint64_t wall_ms() noexcept override { return clock_ms; }
  std::string boot() override { return tells_boot ? "boot " + std::to_string(boots) : std::string(); }

  std::uint64_t clock_ms = 1'700'000'000'000;
  std::uint64_t boots = 1;
  bool tells_boot = true;

 private:
  enum class Arm { kNothing, kKill, kEvict, kFail, kFailAll };

  // 0, or the error to answer.
  int enter(DiskCall call) noexcept;
  int note_full(int answer) noexcept {
    if (answer != -ENOSPC) return answer;
    ++faults_;
    ++faults_of_changes_;
    ++full_;
    return answer;
  }
  bool has_bytes_behind_header(int folder, const char* name) noexcept;

  platform::Disk& inner_;
  MemoryDisk* const memory_;
  SplitMix random_;
  Arm arm_ = Arm::kNothing;
  std::uint64_t left_ = 0;
  DiskCall failing_ = DiskCall::kOpen;
  int error_ = 0;
  bool dead_ = false;
  bool lies_ = false;
  bool lied_ = false;
  bool in_parts_ = false;
  std::uint64_t faults_ = 0;
  std::uint64_t faults_of_changes_ = 0;
  std::uint64_t full_ = 0;
  std::uint64_t failed_syncs_ = 0;
  std::uint64_t evicted_ = 0;  // bytes that changed thereby
  bool repairs_ = false;       // since forget(): a file was cut, renamed or removed
  std::vector<std::string> removed_;
};

}  // namespace byteor::test

// One trial of appending 256-byte records to a file, durable or not: the journal's agent over records that lie in
// memory, or the device bare. Run by bench/journal.mjs; what it measures is checked before it is printed.
//
//   byteor_journal ours|raw each_batch|none RECORDS COMMIT_BYTES FOLDER
//
// `raw` gathers the same records into a buffer and writes it with the same calls, COMMIT_BYTES at a time: no frames, no
// checksums, no segments.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "journal/journal_agent.hpp"
#include "journal/journal_reader.hpp"

namespace {

using namespace byteor;

constexpr std::uint32_t kRecordBytes = 256;
// As many records as lie in a lane of its default size.
constexpr std::uint32_t kLaneRecords = 4096;

struct Trial {
  bool ours;
  abi::FsyncCode fsync;
  std::uint64_t records;
  std::uint64_t commit_bytes;
  std::string folder;
};

// The record with `sequence`: its number, then bytes that never change.
void fill(std::byte* at, std::uint64_t sequence) { std::memcpy(at, &sequence, sizeof sequence); }

// On pages of its own, as lanes are.
struct alignas(4096) LaneMemory {
  std::byte bytes[std::size_t{kLaneRecords} * kRecordBytes];
};

std::unique_ptr<LaneMemory> lane_memory() {
  auto memory = std::make_unique<LaneMemory>();
  for (std::size_t i = 0; i < sizeof memory->bytes; ++i) memory->bytes[i] = static_cast<std::byte>(i * 131 >> 3);
  return memory;
}

// A lane that is always full: its writer costs nothing but the number of each record.
class FullLane final : public lane::Inlet {
 public:
  explicit FullLane(std::uint64_t records) : records_(records), memory_(lane_memory()) {}

  std::uint32_t peek(lane::LaneRecord* records, std::uint32_t limit) noexcept override {
    std::uint32_t count = 0;
    for (; count < limit && next_ + count < records_ && next_ + count < released_ + kLaneRecords; ++count) {
      const std::uint64_t sequence = next_ + count;
      std::byte* const at = memory_->bytes + sequence % kLaneRecords * kRecordBytes;
      fill(at, sequence);
      records[count] = {at, kRecordBytes, 0, sequence};
    }
    return count;
  }
  void consume(std::uint32_t count) noexcept override { next_ += count; }
  bool release() noexcept override {
    released_ = next_;
    return true;
  }
  std::uint64_t lower_bound() noexcept override { return next_; }
  bool ended() noexcept override { return next_ == records_; }

 private:
  const std::uint64_t records_;
  const std::unique_ptr<LaneMemory> memory_;
  std::uint64_t next_ = 0;
  std::uint64_t released_ = 0;
};

struct Reporter final : core::FailureReporter {
  void report_failure(std::uint32_t, std::uint64_t, std::string_view cause) noexcept override {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(cause.size()), cause.data());
    std::exit(1);
  }
};

double now_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

double run_ours(const Trial& trial) {
  journal::JournalOptions options;
  options.folder = trial.folder;
  options.fsync = trial.fsync;
  const auto files = journal::JournalFiles::open(options);
  FullLane lane(trial.records);
  abi::JournalBlock block{};
  Reporter reporter;
  journal::JournalAgentOptions agent_options;
  agent_options.commit_bytes = trial.commit_bytes;
  journal::JournalAgent agent(lane, *files, block, reporter, agent_options);
  const double begin = now_s();
  while (!agent.done()) agent.do_work();
  const double seconds = now_s() - begin;
  if (block.durable.load() != static_cast<double>(trial.records)) fail("not all records are durable");
  return seconds;
}

void check_ours(const Trial& trial) {
  journal::ReaderOptions options;
  options.folder = trial.folder;
  journal::JournalReader reader(options);
  journal::JournalRecord records[64];
  std::uint64_t next = 0;
  while (const std::uint32_t got = reader.read(records, 64))
    for (std::uint32_t i = 0; i < got; ++i, ++next)
      if (std::memcmp(records[i].data, &next, sizeof next) != 0 || records[i].length != kRecordBytes)
        fail("a record is not what was written");
  if (next != trial.records) fail("records are missing");
}

double run_raw(const Trial& trial) {
  FullLane lane(trial.records);
  std::vector<lane::LaneRecord> records(256);
  // As much at a time as the journal writes, or all of a commit that is smaller.
  std::vector<std::byte> buffer(std::min<std::uint64_t>(trial.commit_bytes, 256 * 1024));
  const int file = open((trial.folder + "/raw").c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) fail("open");
  const double begin = now_s();
  std::uint64_t offset = 0;
  while (!lane.ended()) {
    std::uint64_t commit = 0;
    std::size_t used = 0;
    const auto write_out = [&] {
      if (pwrite(file, buffer.data(), used, static_cast<off_t>(offset)) != static_cast<ssize_t>(used)) fail("pwrite");
      offset += used;
      used = 0;
    };
    while (commit < trial.commit_bytes) {
      const std::uint32_t count = lane.peek(records.data(), 256);
      if (count == 0) break;
      for (std::uint32_t i = 0; i < count; ++i) {
        if (used + kRecordBytes > buffer.size()) write_out();
        std::memcpy(buffer.data() + used, records[i].data, kRecordBytes);
        used += kRecordBytes;
      }
      lane.consume(count);
      commit += std::uint64_t{count} * kRecordBytes;
    }
    if (used != 0) write_out();
    if (trial.fsync == abi::FsyncCode::kEachBatch && fdatasync(file) != 0) fail("fdatasync");
    lane.release();
  }
  const double seconds = now_s() - begin;
  if (offset != trial.records * kRecordBytes) fail("bytes are missing");
  close(file);
  return seconds;
}

}  // namespace

int main(int count, char** words) {
  if (count != 6) {
    std::fprintf(stderr, "usage: byteor_journal ours|raw each_batch|none RECORDS COMMIT_BYTES FOLDER\n");
    return 2;
  }
  const Trial trial{std::string_view(words[1]) == "ours",
                    std::string_view(words[2]) == "none" ? abi::FsyncCode::kNone : abi::FsyncCode::kEachBatch,
                    std::strtoull(words[3], nullptr, 10), std::strtoull(words[4], nullptr, 10), words[5]};
  const double cpu_before = cpu_s();
  const double seconds = trial.ours ? run_ours(trial) : run_raw(trial);
  const double cpu_seconds = cpu_s() - cpu_before;
  if (trial.ours) check_ours(trial);
  std::printf("{\"seconds\":%.6f,\"mb_per_s\":%.3f,\"cpu_seconds\":%.6f,\"ns_per_record\":%.2f}\n", seconds,
              static_cast<double>(trial.records) * kRecordBytes / 1e6 / seconds, cpu_seconds,
              1e9 * seconds / static_cast<double>(trial.records));
  return 0;
}

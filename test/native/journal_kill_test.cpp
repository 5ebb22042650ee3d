// A writer that is killed: 200 times, at a moment of chance, under every policy. Whatever it had acknowledged, through
// memory that survives it, must be in the journal afterwards, whole and in its place; and the reader's cursor must not
// be behind what was stored, nor ahead of what is there.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "core/cpu.hpp"
#include "support/journal_folder.hpp"

namespace byteor::journal {
namespace {

constexpr int kKills = 200;
// Longest life of a writer, from its first promise. Opening comes before; some are killed during that, too.
constexpr int kLifeUs = 12'000;

struct Shared {
  std::atomic<std::uint64_t> acknowledged{0};  // records before it were promised
  std::atomic<std::uint64_t> cursor{0};        // stored
  std::atomic<int> failed{0};
};

JournalOptions options_of(const std::string& folder, int run) {
  JournalOptions options;
  options.folder = folder;
  options.fsync = run % 3 == 0   ? abi::FsyncCode::kEachBatch
                  : run % 3 == 1 ? abi::FsyncCode::kInterval
                                 : abi::FsyncCode::kNone;
  options.fsync_interval_ms = 2;
  options.segment_bytes = 16 * 1024;
  options.retain_bytes = 200 * 1024;
  options.buffer_bytes = 8 * 1024;
  return options;
}

// The child: appends, acknowledges and moves the cursor until it is killed. Never returns.
[[noreturn]] void write_until_killed(const JournalOptions& options, Shared& shared, unsigned seed) {
  try {
    const auto files = JournalFiles::open(options);
    std::minstd_rand random(seed);
    for (;;) {
      for (unsigned batch = 1 + random() % 40; batch > 0; --batch) {
        if (!test::append_record(*files)) break;
        shared.acknowledged.store(files->durable());
      }
      // Most of the time would pass in the device, after the write. Some kills should come before it.
      for (unsigned pauses = random() % 4096; pauses > 0; --pauses) core::cpu_relax();
      if (!files->commit()) break;
      shared.acknowledged.store(files->durable());
      if (random() % 4 != 0) continue;
      // Half of the records are read at first, then nearly all.
      const std::uint64_t cursor = files->durable() - std::min<std::uint64_t>(files->durable(), random() % 3000);
      if (cursor < files->cursor().stored()) continue;
      if (files->cursor().store(cursor) != 0) break;
      shared.cursor.store(cursor);
    }
  } catch (const std::exception&) {
  }
  shared.failed.store(1);
  _exit(1);
}

void check(const std::string& folder, int run, const Shared& shared) {
  const auto files = JournalFiles::open(options_of(folder, run));
  ASSERT_EQ(shared.failed.load(), 0);
  ASSERT_GE(files->opened_at(), shared.acknowledged.load());
  ASSERT_GE(files->recovered().cursor, shared.cursor.load());
  ASSERT_LE(files->recovered().cursor, files->opened_at());
  ReaderOptions reading;
  reading.folder = folder;
  JournalReader reader(reading);
  ASSERT_LE(reader.first(), files->recovered().cursor);
  const std::uint64_t first = reader.first();
  ASSERT_EQ(test::read_records(reader), files->opened_at() - first);
  ASSERT_FALSE(reader.failed()) << reader.failure().what();
}

TEST(JournalKill, EveryAcknowledgedRecordSurvivesTwoHundredKills) {
  const test::TempFolder temp;
  void* const memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  Shared& shared = *new (memory) Shared;
  std::minstd_rand random(20'26);
  for (int run = 0; run < kKills; ++run) {
    const unsigned seed = random();
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) write_until_killed(options_of(temp.path("lane"), run), shared, seed);
    if (run % 10 != 0) {
      const std::uint64_t before = shared.acknowledged.load();
      while (shared.acknowledged.load() == before && shared.failed.load() == 0) std::this_thread::yield();
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % kLifeUs));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself";
    check(temp.path("lane"), run, shared);
    if (HasFatalFailure() || HasNonfatalFailure()) FAIL() << "after kill " << run;
  }
  EXPECT_GT(shared.acknowledged.load(), static_cast<std::uint64_t>(kKills));
  munmap(memory, sizeof(Shared));
}

}  // namespace
}  // namespace byteor::journal

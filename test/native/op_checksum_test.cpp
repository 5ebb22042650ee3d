// CRC32C by every way this machine has, and the op that runs it over records.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "op/checksum.hpp"
#include "op/hash.hpp"
#include "support/op_records.hpp"

namespace byteor::op {
namespace {

using test::HeapRecord;
using test::random_bytes;

std::string counting_bytes(int first, int step) {
  std::string bytes;
  for (int i = 0; i < 32; ++i) bytes += static_cast<char>(first + step * i);
  return bytes;
}

// RFC 3720, appendix B.4, and the check value of the algorithm.
void expect_known_values(const Crc32c& crc32c) {
  EXPECT_EQ(crc32c.extend(0, ""), 0u);
  EXPECT_EQ(crc32c.extend(0, "123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c.extend(0, std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c.extend(0, std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(crc32c.extend(0, counting_bytes(0, 1)), 0x46dd794eu);
  EXPECT_EQ(crc32c.extend(0, counting_bytes(31, -1)), 0x113fdb5cu);
  const std::string scsi_read(
      "\x01\xc0\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
      "\x14\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x14\x00\x00\x00\x18"
      "\x28\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00",
      48);
  EXPECT_EQ(crc32c.extend(0, scsi_read), 0xd9963a56u);
}

struct Way {
  std::string name;
  Crc32c crc32c;
};

// Every way that this machine has, but the tables, which they are compared with.
std::vector<Way> ways() {
  std::vector<Way> ways{{"the fastest", Crc32c()}};
#if defined(BYTEOR_CRC32C_SSE42)
  if (crc::has_sse42()) ways.push_back({"SSE4.2", Crc32c(crc::kSse42Way)});
  if (crc::has_wide()) ways.push_back({"wide", Crc32c(crc::kWideWay)});
#endif
  return ways;
}

const Crc32c kTables(crc::kTablesWay);

TEST(Crc32c, EveryWayGivesTheKnownValues) {
  for (const Way& way : ways()) {
    SCOPED_TRACE(way.name);
    expect_known_values(way.crc32c);
  }
}

TEST(Crc32c, TablesGiveTheKnownValues) { expect_known_values(kTables); }

TEST(Crc32c, AllWaysAgreeForEveryLength) {
  std::mt19937 random(17);
  const std::string bytes = random_bytes(random, 9000);
  for (std::size_t length = 0; length <= 9000; length += length < 2049 ? 1 : 97) {
    // Of exactly this length on the heap, so that AddressSanitizer sees a read beyond.
    const HeapRecord exact(std::string_view(bytes).substr(0, length));
    const auto begin = static_cast<std::uint32_t>(random());
    const std::uint32_t expected = kTables.extend(begin, exact.bytes());
    for (const Way& way : ways()) ASSERT_EQ(way.crc32c.extend(begin, exact.bytes()), expected) << way.name << length;
  }
}

TEST(Crc32c, AllWaysAgreeForEveryAlignment) {
  std::mt19937 random(18);
  const std::string bytes = random_bytes(random, 2048 + 64);
  for (std::size_t alignment = 0; alignment < 64; ++alignment)
    for (std::size_t length = 0; length <= 2048; ++length) {
      const std::string_view part = std::string_view(bytes).substr(alignment, length);
      const auto begin = static_cast<std::uint32_t>(random());
      const std::uint32_t expected = kTables.extend(begin, part);
      for (const Way& way : ways())
        ASSERT_EQ(way.crc32c.extend(begin, part), expected) << way.name << " at " << alignment << ", " << length;
    }
}

std::vector<Way> all_ways() {
  std::vector<Way> all = ways();
  all.push_back({"tables", kTables});
  return all;
}

// What stands before the bytes of a frame.
std::string head_of(std::size_t length, std::uint64_t first, std::uint64_t second) {
  std::string head;
  for (int i = 0; i < 4; ++i) head += static_cast<char>(length >> 8 * i);
  for (const std::uint64_t word : {first, second})
    for (int i = 0; i < 8; ++i) head += static_cast<char>(word >> 8 * i);
  return head;
}

TEST(Crc32c, AFrameIsItsHeadAndItsBytesAndThoseAreCopied) {
  std::mt19937 random(20);
  const std::string bytes = random_bytes(random, 5000);
  for (std::size_t length = 0; length <= 5000; length += length < 1100 ? 1 : 97) {
    // Of exactly this length on the heap, both.
    const HeapRecord from(std::string_view(bytes).substr(0, length));
    const std::uint64_t first = std::uint64_t{random()} << 32 | random();
    const std::uint64_t second = std::uint64_t{random()} << 32 | random();
    const auto begin = static_cast<std::uint32_t>(random());
    const std::uint32_t expected = kTables.extend(kTables.extend(begin, head_of(length, first, second)), from.bytes());
    for (const Way& way : all_ways()) {
      HeapRecord to(std::string(length, '\x55'));
      auto* const at = reinterpret_cast<char*>(to.record.data);
      ASSERT_EQ(way.crc32c.extend_frame(begin, first, second, from.bytes(), at), expected) << way.name << " " << length;
      ASSERT_EQ(to.bytes(), from.bytes()) << way.name << " " << length;
    }
  }
}

#if !defined(__SANITIZE_THREAD__)
// JavaScript may write to a record that it has published: then its bytes may be any, but the CRC is that of the copy.
TEST(Crc32c, AFrameHasTheCrcOfItsCopyWhileSomebodyWritesToTheBytes) {
  constexpr std::size_t kWords = 64;
  std::vector<std::uint64_t> from(kWords);
  const std::jthread writer([&from](const std::stop_token& stop) {
    for (std::uint64_t value = 0; !stop.stop_requested(); value += 0x0101010101010101)
      for (std::uint64_t& word : from) std::atomic_ref<std::uint64_t>(word).store(value, std::memory_order_relaxed);
  });
  for (int round = 0; round != 20'000; ++round)
    for (const Way& way : all_ways()) {
      const std::size_t length = 1 + static_cast<std::size_t>(round * 37) % (8 * kWords);
      std::string to(length, '\0');
      const std::string_view bytes(reinterpret_cast<const char*>(from.data()), length);
      const std::uint32_t crc = way.crc32c.extend_frame(0, 0, 0, bytes, to.data());
      ASSERT_EQ(crc, kTables.extend(kTables.extend(0, head_of(length, 0, 0)), to)) << way.name << " " << length;
    }
}
#endif

TEST(Crc32c, ExtendingPieceByPieceIsTheSameAsAtOnce) {
  std::mt19937 random(19);
  const std::string bytes = random_bytes(random, 9000);
  const std::uint32_t expected = kTables.extend(0, bytes);
  for (const Way& way : ways())
    for (const std::size_t piece_max : {30, 300, 3000})
      for (int round = 0; round < 100; ++round) {
        std::uint32_t value = 0;
        for (std::size_t at = 0; at < bytes.size();) {
          const std::size_t length = 1 + random() % piece_max;
          value = way.crc32c.extend(value, std::string_view(bytes).substr(at, length));
          at += length;
        }
        ASSERT_EQ(value, expected) << way.name;
      }
}

void add_record(ChecksumOp& op, std::string_view bytes) {
  HeapRecord record(bytes);
  EXPECT_EQ(op.apply(record.record), Outcome::kPass);
}

TEST(ChecksumOp, ReportsOneChecksumAShardAndTheSumOfBytesAndRecords) {
  ChecksumOp first{NoConfig{}};
  ChecksumOp second{NoConfig{}};
  add_record(first, "1234");
  add_record(first, "");
  add_record(first, "56789");
  const ChecksumOp* const shards[] = {&first, &second};
  EXPECT_EQ(ChecksumOp::report(shards), R"({"crc32c":["e3069283","00000000"],"bytes":9,"records":3})");
}

TEST(ChecksumOp, DependsOnTheOrderOfRecords) {
  ChecksumOp op{NoConfig{}};
  add_record(op, "56789");
  add_record(op, "1234");
  const ChecksumOp* const shards[] = {&op};
  EXPECT_EQ(ChecksumOp::report(shards).find("e3069283"), std::string::npos);
}

// Values of the XXH3 that JavaScript sees (xxhash-addon), so that both sides send a key to the same shard.
TEST(KeyHash, IsXxh3WithSeedZero) {
  EXPECT_EQ(key_hash(""), 0x2d06800538d394c2u);
  EXPECT_EQ(key_hash("a"), 0xe6c632b61e964e1fu);
  EXPECT_EQ(key_hash("abc"), 0x78af5f94892f3950u);
  EXPECT_EQ(key_hash("10.0.0.1"), 0xb61d99f8e56b6646u);
  EXPECT_EQ(key_hash("hé😀"), 0xef5069c004c4404du);
  EXPECT_EQ(key_hash("the quick brown fox jumps over the lazy dog"), 0xe4541a9cacf545aau);
  EXPECT_EQ(key_hash(std::string(240, 'x')), 0x3e16ca8a0c6ccb68u);
  EXPECT_EQ(key_hash(std::string(241, 'x')), 0x14da9e5c301a6a1du);
}

TEST(KeyHash, ChoosesAShardByRemainder) {
  EXPECT_EQ(shard_of(0x2d06800538d394c2u, 1), 0u);
  EXPECT_EQ(shard_of(0xffff'ffff'ffff'ffffu, 64), 63u);
  EXPECT_EQ(shard_of(0xffff'ffff'ffff'ffffu, 7), 0xffff'ffff'ffff'ffffu % 7);
}

}  // namespace
}  // namespace byteor::op

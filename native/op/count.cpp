// See count.hpp. Control path: allocates and throws.
#include "op/count.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "op/text.hpp"

namespace byteor::op {

namespace {

struct KeyCount {
  std::string_view key;
  std::uint64_t count;
};

bool by_key_order(const KeyCount& a, const KeyCount& b) { return a.key < b.key; }

// Adds up the counts of one key from several shards; sorted by key.
std::vector<KeyCount> merged(std::vector<KeyCount> counts) {
  std::sort(counts.begin(), counts.end(), by_key_order);
  std::size_t used = 0;
  for (const KeyCount& next : counts) {
    if (used != 0 && counts[used - 1].key == next.key) {
      counts[used - 1].count += next.count;
    } else {
      counts[used++] = next;
    }
  }
  counts.resize(used);
  return counts;
}

// Keeps the most frequent keys that fit the bounds of one table; answers the records of those left out.
std::uint64_t cut_to_bounds(std::vector<KeyCount>& counts) {
  std::uint64_t text_bytes = 0;
  for (const KeyCount& each : counts) text_bytes += each.key.size();
  if (counts.size() <= kTableKeysMax && text_bytes <= kTableTextBytesMax) return 0;
  std::sort(counts.begin(), counts.end(), [](const KeyCount& a, const KeyCount& b) {
    return a.count != b.count ? a.count > b.count : a.key < b.key;
  });
  std::size_t kept = 0;
  for (text_bytes = 0; kept < counts.size() && kept < kTableKeysMax; ++kept) {
    text_bytes += counts[kept].key.size();
    if (text_bytes > kTableTextBytesMax) break;
  }
  std::uint64_t left_out = 0;
  for (std::size_t i = kept; i < counts.size(); ++i) left_out += counts[i].count;
  counts.resize(kept);
  std::sort(counts.begin(), counts.end(), by_key_order);
  return left_out;
}

}  // namespace

CountConfig CountConfig::read(const decode::Buffer& config) {
  if (config.size() == 0) return {};
  const auto row = config.at<abi::SpecKey>(0);
  return {read_key(row, config.text(row.text_offset, row.text_length))};
}

CountOp::CountOp(const CountConfig& config)
    : by_key_(config.key.has_value() ? std::make_unique<ByKey>(*config.key) : nullptr) {}

std::string CountOp::report(std::span<const CountOp* const> shards) {
  std::uint64_t total = 0;
  std::uint64_t other = 0;
  std::uint64_t keyless = 0;
  bool keyed = false;
  std::vector<KeyCount> counts;
  for (const CountOp* shard : shards) {
    total += shard->total_.load();
    if (shard->by_key_ == nullptr) continue;
    keyed = true;
    other += shard->by_key_->other.load();
    keyless += shard->by_key_->keyless.load();
    shard->by_key_->table.for_each([&counts](std::string_view key, std::uint64_t count) {
      counts.push_back({key, count});
    });
  }
  std::string text = "{\"total\":" + std::to_string(total);
  if (!keyed) return text + "}";
  counts = merged(std::move(counts));
  other += cut_to_bounds(counts);
  text += ",\"keys\":{";
  for (const KeyCount& each : counts) {
    if (&each != &counts.front()) text += ',';
    append_json_string(text, each.key);
    text += ':' + std::to_string(each.count);
  }
  return text + "},\"other\":" + std::to_string(other) + ",\"keyless\":" + std::to_string(keyless) + "}";
}

}  // namespace byteor::op

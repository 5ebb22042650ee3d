// Counts records, and, when a key is configured, records a key. It passes everything on, or ends a branch.
// Hot code: no allocation, no exception; constructor and report(), in count.cpp, are the control path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "core/cpu.hpp"
#include "op/counter.hpp"
#include "op/key.hpp"
#include "op/key_table.hpp"
#include "op/op.hpp"

namespace byteor::op {

struct CountConfig {
  std::optional<KeySpec> key = std::nullopt;

  static CountConfig read(const decode::Buffer& config);
};

// On its own cache lines, because it writes with every record and its neighbours on the heap belong to other threads.
class alignas(core::kCacheBlock) CountOp : public BuiltIn<abi::OpCode::kCount> {
 public:
  using Config = CountConfig;

  // Throws CodedError (OP_UNAVAILABLE) when the key cannot be one, std::bad_alloc when there is no memory for the
  // table.
  explicit CountOp(const CountConfig& config);

  Outcome apply(core::RecordRef& record) noexcept {
    total_.add(1);
    if (by_key_ != nullptr) count_key(bytes_of(record));
    return Outcome::kPass;
  }

  std::string cause() const { return {}; }

  // {"total":n} without a key, {"total":n,"keys":{"a":n,…},"other":n,"keyless":n} with one: all shards together, keys
  // sorted by their bytes. `other`: records whose key found no room (more than kTableKeysMax keys or kTableTextBytesMax
  // bytes of them in a shard, or in all shards together, where the most frequent are shown) or is longer than
  // kKeyTextBytesMax. total = keys + other + keyless once the op rests; while it works, a record may be in one only.
  // Bytes that are not UTF-8: append_json_string(). Any thread. At most report_bytes_max().
  static std::string report(std::span<const CountOp* const> shards);

  static constexpr std::size_t report_bytes_max() noexcept {
    constexpr std::size_t kNumber = 20;
    return 6 * std::size_t{kTableTextBytesMax} + kTableKeysMax * (kNumber + 4) + 3 * kNumber + 64;
  }

 private:
  struct ByKey {
    explicit ByKey(const KeySpec& spec) : reader(spec) {}
    KeyReader reader;
    KeyTable table;
    KeyScratch scratch;
    Counter other;
    Counter keyless;
  };

  void count_key(std::string_view record) noexcept {
    ByKey& by_key = *by_key_;
    const std::optional<std::string_view> key = by_key.reader.find_text(record, by_key.scratch);
    if (!key.has_value()) {
      by_key.keyless.add(1);
    } else if (key->size() > kKeyTextBytesMax || !by_key.table.add(*key)) {
      by_key.other.add(1);
    }
  }

  Counter total_;
  const std::unique_ptr<ByKey> by_key_;
};

}  // namespace byteor::op

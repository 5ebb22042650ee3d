// From a key's bytes to a shard. The hash is XXH3-64 with seed 0, so that any other program can tell where a key goes;
// the shard is its remainder, so that it is the same for every number of shards, powers of two or not.
// Any thread. Hot code: no allocation, no exception.
#pragma once

#include <cstdint>
#include <string_view>

#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL
#endif
#include <xxhash.h>

namespace byteor::op {

inline std::uint64_t key_hash(std::string_view key) noexcept { return XXH3_64bits(key.data(), key.size()); }

// The shard (or connection) of a key, 0 ≤ shard < shards; `shards` ≥ 1. A record without the key goes to shard 0.
inline std::uint32_t shard_of(std::uint64_t hash, std::uint32_t shards) noexcept {
  return static_cast<std::uint32_t>(hash % shards);
}

}  // namespace byteor::op

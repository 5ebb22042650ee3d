// The key of a record, found in its bytes: docs/plan.md, keys. A record that has none is *keyless*.
//
//   bytes   [offset, offset + length); keyless when the record ends before that
//   field   the same, resolved from the struct codec when the plan was lowered
//   token   the index-th piece between separators, counted from 0; adjacent separators have an empty piece between
//           them, as in JavaScript's split(); keyless when there are fewer pieces
//   json    what an RFC 6901 pointer points at: a string unescaped to UTF-8, or a number, true, false or null as
//   written;
//           keyless when it is an array, an object or absent, or when the text is not JSON up to the end of the value.
//           Of members with one name the first counts, so that nothing after the value has to be read
//
// Two questions, because a key may be as long as a record and nothing here allocates: find_hash() is exact for every
// length; find_text() is for keys that are shown or stored, and cuts.
//
// The reader is immutable after construction: any number of threads, each with its own scratch.
// Hot code: no allocation, no exception; the constructor, in key.cpp, checks and allocates.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "op/hash.hpp"
#include "op/json_scan.hpp"
#include "op/op.hpp"
#include "op/search.hpp"

namespace byteor::op {

// Bytes of the longest key that find_text() shows whole. Longer than any identifier, address or path segment that is
// worth counting, short enough for a buffer on the stack.
inline constexpr std::size_t kKeyTextBytesMax = 1024;

// Where find_text() puts a JSON string that has escapes. The text it answers points here or into the record.
struct KeyScratch {
  std::array<char, kKeyTextBytesMax + 1> bytes;
};

// A key as it stands in a lowered plan, of a shard, a router or a stage; `text` is what the row names. Throws
// CodedError (SPEC_DAMAGED) where the numbers are none of a key; what its text may be, the reader checks.
KeySpec read_key(const abi::SpecKey& row, std::string_view text);

class KeyReader {
 public:
  // Throws CodedError (OP_UNAVAILABLE) when the spec cannot be a key (empty separator, malformed pointer, unknown
  // kind). Copies what it needs of the spec's text.
  explicit KeyReader(const KeySpec& spec);

  // key_hash() of the whole key, whatever its length, or nothing for a keyless record. What shards and routers use.
  std::optional<std::uint64_t> find_hash(std::string_view record) const noexcept {
    Located key;
    if (!locate(record, key)) return std::nullopt;
    if (key.escaped) return hash_unescaped(key);
    return key_hash({key.begin, static_cast<std::size_t>(key.end - key.begin)});
  }

  // The key's bytes, at most the first kKeyTextBytesMax + 1 of them: a size over kKeyTextBytesMax says that the key is
  // too long to be stored or shown whole. Never hash this; see find_hash(). Valid while record and scratch are.
  std::optional<std::string_view> find_text(std::string_view record, KeyScratch& scratch) const noexcept {
    Located key;
    if (!locate(record, key)) return std::nullopt;
    if (key.escaped) return copy_unescaped(key, scratch);
    return std::string_view(key.begin, static_cast<std::size_t>(key.end - key.begin)).substr(0, kKeyTextBytesMax + 1);
  }

 private:
  using Located = json::RawString;

  // One reference token of a JSON pointer: a member's name, which is also an array index when it looks like one.
  struct Segment {
    static constexpr std::uint64_t kNoIndex = std::numeric_limits<std::uint64_t>::max();
    std::string name;
    std::uint64_t index = kNoIndex;
  };

  static std::vector<Segment> parse_pointer(std::string_view pointer);

  bool locate(std::string_view record, Located& key) const noexcept {
    switch (kind_) {
      case abi::KeyCode::kBytes:
      case abi::KeyCode::kField:
        return locate_range(record, key);
      case abi::KeyCode::kToken:
        return locate_token(record, key);
      case abi::KeyCode::kJson:
        return locate_json(record, key);
    }
    return false;
  }

  bool locate_range(std::string_view record, Located& key) const noexcept {
    if (std::uint64_t{offset_} + length_ > record.size()) return false;
    key = {record.data() + offset_, record.data() + offset_ + length_, false};
    return true;
  }

  bool locate_token(std::string_view record, Located& key) const noexcept {
    const char* const end = record.data() + record.size();
    const std::size_t separator_length = separator_.needle().size();
    const char* begin = record.data();
    std::uint32_t skip = index_;
    // True at the separator that ends the wanted token.
    const auto at_separator = [&](const char* separator) {
      if (skip == 0) {
        key = {begin, separator, false};
        return true;
      }
      --skip;
      begin = separator + separator_length;
      return false;
    };
    if (separator_length == 1) {
      if (visit_byte(record, separator_word_, at_separator)) return true;
    } else {
      for (;;) {
        const char* const separator = separator_.find({begin, static_cast<std::size_t>(end - begin)});
        if (separator == nullptr) break;
        if (at_separator(separator)) return true;
      }
    }
    key = {begin, end, false};
    return skip == 0;
  }

  bool locate_json(std::string_view record, Located& key) const noexcept {
    const char* const end = record.data() + record.size();
    const char* p = json::skip_space(record.data(), end);
    std::uint32_t depth = 0;
    for (const Segment& segment : segments_) {
      if (p == nullptr || p == end) return false;
      ++depth;
      if (*p == '{') {
        p = find_member(p, end, segment, depth);
      } else if (*p == '[') {
        p = find_element(p, end, segment, depth);
      } else {
        return false;
      }
    }
    if (p == nullptr || p == end || *p == '{' || *p == '[') return false;
    if (*p == '"') return json::read_string(p, end, key) != nullptr;
    const char* const after = json::skip_scalar(p, end, depth == 0);
    key = {p, after, false};
    return after != nullptr;
  }

  // `p` is at '{'. Answers where the value of the named member begins, or nullptr.
  static const char* find_member(const char* p, const char* end, const Segment& segment, std::uint32_t depth) noexcept {
    p = json::skip_space(p + 1, end);
    for (;;) {
      json::RawString name;
      p = json::read_member_name(p, end, name);
      if (p == nullptr || same_name(name, segment.name)) return p;
      p = json::skip_value(p, end, depth);
      if (p == nullptr) return nullptr;
      p = json::skip_space(p, end);
      if (p == end || *p != ',') return nullptr;
      p = json::skip_space(p + 1, end);
    }
  }

  // `p` is at '['. Answers where the wanted element begins, or nullptr.
  static const char* find_element(const char* p, const char* end, const Segment& segment,
                                  std::uint32_t depth) noexcept {
    if (segment.index == Segment::kNoIndex) return nullptr;
    p = json::skip_space(p + 1, end);
    if (p == end || *p == ']') return nullptr;
    for (std::uint64_t i = 0; i < segment.index; ++i) {
      p = json::skip_value(p, end, depth);
      if (p == nullptr) return nullptr;
      p = json::skip_space(p, end);
      if (p == end || *p != ',') return nullptr;
      p = json::skip_space(p + 1, end);
    }
    return p;
  }

  static bool same_name(const json::RawString& name, std::string_view wanted) noexcept {
    if (!name.escaped) return equals({name.begin, static_cast<std::size_t>(name.end - name.begin)}, wanted);
    const bool all = json::unescape(name, [&wanted](std::string_view piece) {
      if (!wanted.starts_with(piece)) return false;
      wanted.remove_prefix(piece.size());
      return true;
    });
    return all && wanted.empty();
  }

  static std::string_view copy_unescaped(const Located& key, KeyScratch& scratch) noexcept {
    std::size_t used = 0;
    json::unescape(key, [&](std::string_view piece) {
      const std::size_t copied =
          piece.size() < scratch.bytes.size() - used ? piece.size() : scratch.bytes.size() - used;
      std::memcpy(scratch.bytes.data() + used, piece.data(), copied);
      used += copied;
      return used < scratch.bytes.size();
    });
    return {scratch.bytes.data(), used};
  }

  // The same value as key_hash() of the whole unescaped string, without a place for all of it: short ones are
  // assembled and hashed at once, longer ones are streamed (XXH3 gives the same value either way).
  static std::uint64_t hash_unescaped(const Located& key) noexcept {
    KeyScratch scratch;
    const std::string_view whole = copy_unescaped(key, scratch);
    if (whole.size() <= kKeyTextBytesMax) return key_hash(whole);
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    json::unescape(key, [&state](std::string_view piece) {
      return XXH3_64bits_update(&state, piece.data(), piece.size()) == XXH_OK;
    });
    return XXH3_64bits_digest(&state);
  }

  abi::KeyCode kind_;
  std::uint32_t offset_;
  std::uint32_t length_;
  std::uint32_t index_;
  ByteSearch separator_;
  std::uint64_t separator_word_ = 0;  // of a one-byte separator
  std::vector<Segment> segments_;
};

}  // namespace byteor::op

// See check.hpp.
#include "json/check.hpp"

#include <array>

#include "json/number.hpp"
#include "json/text.hpp"

namespace byteor::json {
namespace {

// Which of '[' and '{' are open, one bit each.
class Open {
 public:
  bool empty() const noexcept { return depth_ == 0; }
  bool in_object() const noexcept { return (bits_[(depth_ - 1) / 64] >> ((depth_ - 1) % 64) & 1) != 0; }
  bool push(bool object) noexcept {
    if (depth_ == kDepthMax) return false;
    const std::uint64_t bit = std::uint64_t{1} << (depth_ % 64);
    std::uint64_t& word = bits_[depth_ / 64];
    word = object ? word | bit : word & ~bit;
    ++depth_;
    return true;
  }
  void pop() noexcept { --depth_; }

 private:
  std::array<std::uint64_t, kDepthMax / 64> bits_;
  std::uint32_t depth_ = 0;
};

class Check {
 public:
  explicit Check(const Index& index) noexcept : index_(index), escapes_(has_escape(index.text())) {}

  Checked run() noexcept {
    std::uint32_t i = 0;
    do {
      if (!value(i)) return checked_;
    } while (!open_.empty());
    if (i != index_.count()) fail(Flaw::kStructure, i);
    return checked_;
  }

 private:
  bool fail(Flaw flaw, std::uint32_t i) noexcept {
    const bool past = i >= index_.count();
    checked_ = {flaw, past ? static_cast<std::uint32_t>(index_.text().size()) : index_.position(i)};
    return false;
  }

  // Looks at the value at i, opened only where it is a container that is not empty, and closes what ends behind it.
  // Leaves i where the next value begins, or behind the outermost.
  bool value(std::uint32_t& i) noexcept {
    if (i >= index_.count()) return fail(Flaw::kStructure, i);
    const char c = index_[i];
    if (Index::opens(c)) {
      const bool object = c == '{';
      if (!open_.push(object)) return fail(Flaw::kDepth, i);
      ++i;
      if (i >= index_.count()) return fail(Flaw::kStructure, i);
      if (index_[i] != (object ? '}' : ']')) return !object || key(i);
    } else {
      if (!scalar(c, i)) return false;
      ++i;
    }
    return close(i);
  }

  // At what may follow a value, or at the bracket that closes an empty container.
  bool close(std::uint32_t& i) noexcept {
    while (!open_.empty()) {
      if (i >= index_.count()) return fail(Flaw::kStructure, i);
      const bool object = open_.in_object();
      const char c = index_[i];
      if (c == (object ? '}' : ']')) {
        open_.pop();
        ++i;
        continue;
      }
      if (c != ',') return fail(Flaw::kStructure, i);
      ++i;
      return !object || key(i);
    }
    return true;
  }

  bool key(std::uint32_t& i) noexcept {
    if (i + 1 >= index_.count() || index_[i] != '"' || index_[i + 1] != ':') return fail(Flaw::kStructure, i);
    if (!escapes(i)) return false;
    i += 2;
    return true;
  }

  bool scalar(char c, std::uint32_t i) noexcept {
    const char* const begin = index_.begin_of(i);
    switch (c) {
      case '"':
        return escapes(i);
      case 't':
        return is_atom(begin, index_.end(), "true") || fail(Flaw::kAtom, i);
      case 'f':
        return is_atom(begin, index_.end(), "false") || fail(Flaw::kAtom, i);
      case 'n':
        return is_atom(begin, index_.end(), "null") || fail(Flaw::kAtom, i);
      default:
        break;
    }
    if (c != '-' && (c < '0' || c > '9')) return fail(Flaw::kStructure, i);
    return read_number(begin, index_.end()).kind != Number::Kind::kNone || fail(Flaw::kNumber, i);
  }

  bool escapes(std::uint32_t i) noexcept {
    if (!escapes_) return true;
    const std::string_view raw = index_.string(i);
    const char* const end = raw.data() + raw.size();
    char bytes[4];
    for (const char* p = raw.data(); p != end;) {
      if (*p != '\\') {
        ++p;
      } else if (read_escape(p, end, bytes) == kBadEscape) {
        return fail(Flaw::kEscape, i);
      }
    }
    return true;
  }

  const Index& index_;
  const bool escapes_;  // whether there is a backslash anywhere
  Open open_;
  Checked checked_;
};

}  // namespace

Checked check(const Index& index) noexcept { return Check(index).run(); }

}  // namespace byteor::json

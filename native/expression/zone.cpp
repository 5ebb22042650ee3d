// See zone.hpp. TZif: RFC 9636; the rule behind the last change is that of POSIX's TZ.
#include "expression/zone.hpp"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <utility>

#include "expression/time.hpp"

namespace byteor::expression {
namespace {

constexpr std::size_t kHeaderBytes = 44;
constexpr std::size_t kFileBytesMax = 1 << 20;
constexpr std::size_t kNameBytesMax = 64;

std::int64_t big_endian(std::string_view bytes, std::size_t at, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i != width; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return width == 4 ? std::int64_t{static_cast<std::int32_t>(value)} : static_cast<std::int64_t>(value);
}

struct Counts {
  std::size_t ut, standard, leap, times, types, chars;

  std::size_t bytes(std::size_t width) const {
    return times * width + times + types * 6 + chars + leap * (width + 4) + standard + ut;
  }
};

std::optional<Counts> read_counts(std::string_view bytes, std::size_t at) {
  if (bytes.size() < at + kHeaderBytes || bytes.substr(at, 4) != "TZif") return std::nullopt;
  const auto count = [&](std::size_t i) { return static_cast<std::uint32_t>(big_endian(bytes, at + 20 + 4 * i, 4)); };
  const Counts counts{count(0), count(1), count(2), count(3), count(4), count(5)};
  if (counts.types == 0 || counts.types > 256 || std::max({counts.times, counts.leap, counts.chars}) > kFileBytesMax)
    return std::nullopt;
  return counts;
}

// POSIX's TZ, from its beginning.
class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : text_(text) {}

  std::optional<ZoneRule> read() {
    ZoneRule rule;
    if (!name() || !time(rule.standard)) return std::nullopt;
    rule.standard = -rule.standard;
    if (text_.empty()) return rule;
    rule.has_summer = true;
    if (!name()) return std::nullopt;
    rule.summer = rule.standard + 3600;
    if (!text_.starts_with(',')) {
      if (!time(rule.summer)) return std::nullopt;
      rule.summer = -rule.summer;
    }
    if (!change(rule.begins) || !change(rule.ends) || !text_.empty()) return std::nullopt;
    return rule;
  }

 private:
  bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }

  bool number(std::int32_t& value) {
    std::size_t digits = 0;
    for (value = 0; digits < 3 && !text_.empty() && text_[0] >= '0' && text_[0] <= '9'; ++digits) {
      value = value * 10 + (text_[0] - '0');
      text_.remove_prefix(1);
    }
    return digits != 0;
  }

  bool name() {
    const bool quoted = take('<');
    std::size_t length = 0;
    const auto belongs = [&](char c) {
      if (quoted) return c != '>';
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    while (length != text_.size() && belongs(text_[length])) ++length;
    text_.remove_prefix(length);
    return length != 0 && (!quoted || take('>'));
  }

  // [+-]h[h[h]][:mm[:ss]]
  bool time(std::int32_t& seconds) {
    const bool negative = take('-');
    if (!negative) take('+');
    std::int32_t part = 0;
    if (!number(part)) return false;
    seconds = part * 3600;
    for (const std::int32_t unit : {60, 1}) {
      if (!take(':')) break;
      if (!number(part)) return false;
      seconds += part * unit;
    }
    if (negative) seconds = -seconds;
    return true;
  }

  bool change(ZoneRule::Change& change) {
    if (!take(',')) return false;
    if (take('M')) {
      if (!number(change.month) || !take('.') || !number(change.week) || !take('.') || !number(change.day))
        return false;
      if (change.month < 1 || change.month > 12 || change.week < 1 || change.week > 5 || change.day > 6) return false;
    } else {
      change.skips_leap_day = take('J');
      if (!number(change.day) || change.day > 366) return false;
    }
    change.seconds = 2 * 3600;
    return !take('/') || time(change.seconds);
  }

  std::string_view text_;
};

// When a change of a year comes, in seconds of local time.
std::int64_t local_time_of(const ZoneRule::Change& change, std::int64_t year) {
  std::int64_t days = days_of({year, 1, 1});
  if (change.month == 0) {
    const bool leap = days_of_month(year, 2) == 29;
    days += change.day - (change.skips_leap_day ? 1 : 0);
    if (change.skips_leap_day && leap && change.day >= 60) ++days;
  } else {
    days = days_of({year, change.month, 1});
    const auto weekday = static_cast<std::int32_t>(((days + 4) % 7 + 7) % 7);
    std::int32_t day = (change.day - weekday + 7) % 7 + 7 * (change.week - 1);
    if (day >= days_of_month(year, change.month)) day -= 7;
    days += day;
  }
  return days * kSecondsADay + change.seconds;
}

std::int32_t offset_by(const ZoneRule& rule, std::int64_t seconds) {
  if (!rule.has_summer) return rule.standard;
  const std::int64_t local = seconds + rule.standard;
  const std::int64_t year = civil_of(local / kSecondsADay - (local % kSecondsADay < 0 ? 1 : 0)).year;
  const std::int64_t begins = local_time_of(rule.begins, year) - rule.standard;
  const std::int64_t ends = local_time_of(rule.ends, year) - rule.summer;
  const bool summer = begins < ends ? seconds >= begins && seconds < ends : seconds >= begins || seconds < ends;
  return summer ? rule.summer : rule.standard;
}

// A name below zoneinfo, and nothing that leads out of it.
bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax || name[0] == '/' || name.find("..") != name.npos) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
           c == '-' || c == '+';
  });
}

}  // namespace

std::optional<ZoneRule> read_zone_rule(std::string_view text) { return RuleReader(text).read(); }

std::optional<Zone> Zone::read(std::string_view bytes) {
  std::size_t at = 0;
  std::size_t width = 4;
  std::optional<Counts> counts = read_counts(bytes, at);
  if (!counts.has_value()) return std::nullopt;
  if (bytes[4] >= '2') {
    // What has 32 bits is there for readers that know no more.
    at = kHeaderBytes + counts->bytes(width);
    width = 8;
    counts = read_counts(bytes, at);
    if (!counts.has_value()) return std::nullopt;
  }
  at += kHeaderBytes;
  const std::size_t end = at + counts->bytes(width);
  if (bytes.size() < end) return std::nullopt;
  Zone zone;
  const std::size_t types_of = at + counts->times * width;
  const std::size_t types = types_of + counts->times;
  const auto offset = [&](std::size_t type) {
    return static_cast<std::int32_t>(big_endian(bytes, types + type * 6, 4));
  };
  zone.first_ = offset(0);
  for (std::size_t i = 0; i != counts->times; ++i) {
    const auto type = static_cast<unsigned char>(bytes[types_of + i]);
    if (type >= counts->types) return std::nullopt;
    zone.changes_.push_back(big_endian(bytes, at + i * width, width));
    zone.offsets_.push_back(offset(type));
  }
  if (!std::is_sorted(zone.changes_.begin(), zone.changes_.end())) return std::nullopt;
  if (width == 8 && bytes.size() > end && bytes[end] == '\n') {
    const std::size_t close = bytes.find('\n', end + 1);
    if (close != bytes.npos) zone.rule_ = read_zone_rule(bytes.substr(end + 1, close - end - 1));
  }
  return zone;
}

std::int32_t Zone::offset_at(std::int64_t seconds) const noexcept {
  const auto behind = std::upper_bound(changes_.begin(), changes_.end(), seconds);
  if (behind == changes_.end() && rule_.has_value()) return offset_by(*rule_, seconds);
  if (behind == changes_.begin()) return first_;
  return offsets_[static_cast<std::size_t>(behind - changes_.begin()) - 1];
}

void Zones::add(std::string_view name) {
  if (!is_zone_name(name) || find(name) != nullptr) return;
  std::ifstream file("/usr/share/zoneinfo/" + std::string(name), std::ios::binary);
  if (!file) return;
  std::string bytes(kFileBytesMax, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  std::optional<Zone> zone = Zone::read(bytes);
  if (zone.has_value()) zones_.push_back({std::string(name), std::move(*zone)});
}

const Zone* Zones::find(std::string_view name) const noexcept {
  const auto found = std::find_if(zones_.begin(), zones_.end(), [&](const Named& zone) { return zone.name == name; });
  return found == zones_.end() ? nullptr : &found->zone;
}

}  // namespace byteor::expression

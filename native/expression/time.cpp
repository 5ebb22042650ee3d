// See time.hpp.
#include "expression/time.hpp"

#include <charconv>
#include <cstring>
#include <limits>

namespace byteor::expression {
namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t kLeastSecond = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr std::int64_t kMostSecond = 253'402'300'799;   // 9999-12-31T23:59:59Z

std::int64_t floor_div(std::int64_t value, std::int64_t by) noexcept { return value / by - (value % by < 0 ? 1 : 0); }

Value duration_of(Wide nanoseconds) noexcept {
  if (nanoseconds > std::numeric_limits<std::int64_t>::max() || nanoseconds < std::numeric_limits<std::int64_t>::min())
    return error(ExprFault::kRange);
  return {static_cast<std::uint64_t>(nanoseconds), 0, Tag::kDuration};
}

// Reads a text from its beginning; what does not fit leaves `good` false.
struct Reader {
  std::string_view text;
  bool good = true;

  bool take(char c) noexcept {
    if (text.empty() || text[0] != c) return false;
    text.remove_prefix(1);
    return true;
  }
  void want(char c) noexcept { good = take(c) && good; }
  bool at_digit() const noexcept { return !text.empty() && text[0] >= '0' && text[0] <= '9'; }
  std::int64_t digits(int count) noexcept {
    std::int64_t value = 0;
    for (; count != 0 && at_digit(); --count) {
      value = value * 10 + (text[0] - '0');
      text.remove_prefix(1);
    }
    good = good && count == 0;
    return value;
  }
};

// Nanoseconds of a fraction behind its point; digits behind the ninth are left out.
std::int64_t read_fraction(Reader& reader) noexcept {
  std::int64_t value = 0;
  std::int64_t unit = kNanosecondsASecond;
  reader.good = reader.good && reader.at_digit();
  while (reader.at_digit()) {
    unit /= 10;
    value += (reader.text[0] - '0') * unit;
    reader.text.remove_prefix(1);
  }
  return value;
}

// Of `Z` or an offset such as `+02:00`.
std::int64_t read_offset(Reader& reader) noexcept {
  if (reader.take('Z')) return 0;
  const bool west = reader.take('-');
  if (!west) reader.want('+');
  const std::int64_t hours = reader.digits(2);
  reader.want(':');
  const std::int64_t minutes = reader.digits(2);
  reader.good = reader.good && hours < 24 && minutes < 60;
  const std::int64_t seconds = hours * 3600 + minutes * 60;
  return west ? -seconds : seconds;
}

char* put_digits(char* out, std::int64_t value, int count) noexcept {
  for (int i = count; i-- != 0; value /= 10) out[i] = static_cast<char>('0' + value % 10);
  return out + count;
}

// A point and the digits of a fraction up to the last that is not zero; nothing of zero.
char* put_fraction(char* out, std::int64_t nanoseconds) noexcept {
  if (nanoseconds == 0) return out;
  *out++ = '.';
  put_digits(out, nanoseconds, 9);
  char* end = out + 9;
  while (end[-1] == '0') --end;
  return end;
}

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
constexpr Unit kUnits[] = {{"ns", 1},         {"us", 1'000},        {"\u00b5s", 1'000},    {"\u03bcs", 1'000},
                           {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}};

const Unit* take_unit(std::string_view& text) noexcept {
  std::size_t length = 0;
  while (length != text.size() && text[length] != '.' && (text[length] < '0' || text[length] > '9')) ++length;
  const std::string_view name = text.substr(0, length);
  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    text.remove_prefix(length);
    return &unit;
  }
  return nullptr;
}

Value duration_part(ExprFunction function, std::int64_t nanoseconds) noexcept {
  switch (function) {
    case ExprFunction::kHours:
      return of_int(nanoseconds / 3'600'000'000'000);
    case ExprFunction::kMinutes:
      return of_int(nanoseconds / 60'000'000'000);
    case ExprFunction::kSeconds:
      return of_int(nanoseconds / kNanosecondsASecond);
    case ExprFunction::kMilliseconds:
      return of_int(nanoseconds / 1'000'000 % 1000);
    default:
      return no_overload();
  }
}

Wide nanoseconds_of(const Value& timestamp) noexcept {
  return Wide{timestamp.as_int()} * kNanosecondsASecond + timestamp.length;
}

Value timestamp_of(Wide nanoseconds) noexcept {
  Wide seconds = nanoseconds / kNanosecondsASecond;
  Wide rest = nanoseconds % kNanosecondsASecond;
  if (rest < 0) {
    --seconds;
    rest += kNanosecondsASecond;
  }
  return make_timestamp(static_cast<std::int64_t>(seconds), static_cast<std::int64_t>(rest));
}

}  // namespace

// Howard Hinnant's algorithms: years begin in March, so that a leap day is the last of its year.
std::int64_t days_of(const Civil& date) noexcept {
  const std::int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const std::int64_t era = floor_div(year, 400);
  const std::int64_t of_era = year - era * 400;
  const std::int64_t of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

Civil civil_of(std::int64_t days) noexcept {
  days += 719'468;
  const std::int64_t era = floor_div(days, 146'097);
  const std::int64_t of_era = days - era * 146'097;
  const std::int64_t year = (of_era - of_era / 1'460 + of_era / 36'524 - of_era / 146'096) / 365;
  const std::int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
  const std::int64_t month = (5 * of_year + 2) / 153;
  const auto day = static_cast<std::int32_t>(of_year - (153 * month + 2) / 5 + 1);
  const auto calendar_month = static_cast<std::int32_t>(month < 10 ? month + 3 : month - 9);
  return {year + era * 400 + (calendar_month <= 2 ? 1 : 0), calendar_month, day};
}

std::int32_t days_of_month(std::int64_t year, std::int32_t month) noexcept {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

bool in_range(std::int64_t seconds) noexcept { return seconds >= kLeastSecond && seconds <= kMostSecond; }

Value make_timestamp(std::int64_t seconds, std::int64_t nanoseconds) noexcept {
  if (!in_range(seconds)) return error(ExprFault::kRange);
  return {static_cast<std::uint64_t>(seconds), static_cast<std::uint32_t>(nanoseconds), Tag::kTimestamp};
}

Value make_duration(std::int64_t seconds, std::int64_t nanoseconds) noexcept {
  return duration_of(Wide{seconds} * kNanosecondsASecond + nanoseconds);
}

Value parse_timestamp(std::string_view text) noexcept {
  Reader reader{text};
  Civil date;
  date.year = reader.digits(4);
  reader.want('-');
  date.month = static_cast<std::int32_t>(reader.digits(2));
  reader.want('-');
  date.day = static_cast<std::int32_t>(reader.digits(2));
  reader.want('T');
  const std::int64_t hours = reader.digits(2);
  reader.want(':');
  const std::int64_t minutes = reader.digits(2);
  reader.want(':');
  const std::int64_t seconds = reader.digits(2);
  const std::int64_t nanoseconds = reader.take('.') ? read_fraction(reader) : 0;
  const std::int64_t offset = read_offset(reader);
  if (!reader.good || !reader.text.empty() || date.month < 1 || date.month > 12 || date.day < 1 ||
      date.day > days_of_month(date.year, date.month) || hours > 23 || minutes > 59 || seconds > 59)
    return error(ExprFault::kBadText);
  return make_timestamp(days_of(date) * kSecondsADay + hours * 3600 + minutes * 60 + seconds - offset, nanoseconds);
}

Value parse_duration(std::string_view text) noexcept {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return duration_of(0);
  if (text.empty()) return error(ExprFault::kBadText);
  constexpr Wide kMost = Wide{1} << 80;
  Wide sum = 0;
  while (!text.empty()) {
    Wide whole = 0;
    std::size_t digits = 0;
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), ++digits)
      if (whole < kMost) whole = whole * 10 + (text[0] - '0');
    std::int64_t fraction = 0;
    std::int64_t scale = 1;
    if (text.starts_with('.')) {
      text.remove_prefix(1);
      constexpr std::int64_t kScaleMax = 1'000'000'000'000'000;
      for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), ++digits) {
        if (scale == kScaleMax) continue;
        fraction = fraction * 10 + (text[0] - '0');
        scale *= 10;
      }
    }
    const Unit* const unit = digits == 0 ? nullptr : take_unit(text);
    if (unit == nullptr) return error(ExprFault::kBadText);
    if (whole >= kMost / unit->nanoseconds) return error(ExprFault::kRange);
    sum += whole * unit->nanoseconds + Wide{fraction} * unit->nanoseconds / scale;
    if (sum >= kMost) return error(ExprFault::kRange);
  }
  return duration_of(negative ? -sum : sum);
}

std::string_view timestamp_text(const Value& timestamp, char* out) noexcept {
  const std::int64_t days = floor_div(timestamp.as_int(), kSecondsADay);
  const std::int64_t second = timestamp.as_int() - days * kSecondsADay;
  const Civil date = civil_of(days);
  char* p = put_digits(out, date.year, 4);
  *p++ = '-';
  p = put_digits(p, date.month, 2);
  *p++ = '-';
  p = put_digits(p, date.day, 2);
  *p++ = 'T';
  p = put_digits(p, second / 3600, 2);
  *p++ = ':';
  p = put_digits(p, second / 60 % 60, 2);
  *p++ = ':';
  p = put_digits(p, second % 60, 2);
  p = put_fraction(p, timestamp.length);
  *p++ = 'Z';
  return {out, static_cast<std::size_t>(p - out)};
}

std::string_view duration_text(const Value& duration, char* out) noexcept {
  const std::int64_t nanoseconds = duration.as_int();
  std::uint64_t magnitude = static_cast<std::uint64_t>(nanoseconds);
  char* p = out;
  if (nanoseconds < 0) {
    magnitude = 0 - magnitude;
    *p++ = '-';
  }
  p = std::to_chars(p, p + 24, magnitude / kNanosecondsASecond).ptr;
  p = put_fraction(p, static_cast<std::int64_t>(magnitude % kNanosecondsASecond));
  *p++ = 's';
  return {out, static_cast<std::size_t>(p - out)};
}

Value time_part(ExprFunction function, const Value& time, std::int32_t offset_seconds) noexcept {
  if (time.is(Tag::kDuration)) return duration_part(function, time.as_int());
  if (!time.is(Tag::kTimestamp)) return no_overload();
  const std::int64_t local = time.as_int() + offset_seconds;
  const std::int64_t days = floor_div(local, kSecondsADay);
  const std::int64_t second = local - days * kSecondsADay;
  const Civil date = civil_of(days);
  switch (function) {
    case ExprFunction::kFullYear:
      return of_int(date.year);
    case ExprFunction::kMonth:
      return of_int(date.month - 1);
    case ExprFunction::kDayOfYear:
      return of_int(days - days_of({date.year, 1, 1}));
    case ExprFunction::kDayOfMonth:
      return of_int(date.day - 1);
    case ExprFunction::kDate:
      return of_int(date.day);
    case ExprFunction::kDayOfWeek:
      return of_int(((days + 4) % 7 + 7) % 7);  // 1970-01-01 was a Thursday
    case ExprFunction::kHours:
      return of_int(second / 3600);
    case ExprFunction::kMinutes:
      return of_int(second / 60 % 60);
    case ExprFunction::kSeconds:
      return of_int(second % 60);
    case ExprFunction::kMilliseconds:
      return of_int(time.length / 1'000'000);
    default:
      return no_overload();
  }
}

bool offset_of(std::string_view zone, const Zones& zones, std::int64_t seconds, std::int32_t& offset) noexcept {
  offset = 0;
  if (zone == "UTC") return true;
  if (const Zone* const named = zones.find(zone)) {
    offset = named->offset_at(seconds);
    return true;
  }
  Reader reader{zone};
  const bool west = reader.take('-');
  if (!west) reader.take('+');
  const std::int64_t hours = reader.digits(2);
  reader.want(':');
  const std::int64_t minutes = reader.digits(2);
  if (!reader.good || !reader.text.empty() || hours > 23 || minutes > 59) return false;
  const auto magnitude = static_cast<std::int32_t>(hours * 3600 + minutes * 60);
  offset = west ? -magnitude : magnitude;
  return true;
}

Value add_times(const Value& a, const Value& b) noexcept {
  if (a.is(Tag::kDuration) && b.is(Tag::kDuration)) return duration_of(Wide{a.as_int()} + b.as_int());
  if (a.is(Tag::kTimestamp) && b.is(Tag::kDuration)) return timestamp_of(nanoseconds_of(a) + b.as_int());
  if (a.is(Tag::kDuration) && b.is(Tag::kTimestamp)) return timestamp_of(nanoseconds_of(b) + a.as_int());
  return no_overload();
}

Value subtract_times(const Value& a, const Value& b) noexcept {
  if (a.is(Tag::kDuration) && b.is(Tag::kDuration)) return duration_of(Wide{a.as_int()} - b.as_int());
  if (a.is(Tag::kTimestamp) && b.is(Tag::kDuration)) return timestamp_of(nanoseconds_of(a) - b.as_int());
  if (a.is(Tag::kTimestamp) && b.is(Tag::kTimestamp)) return duration_of(nanoseconds_of(a) - nanoseconds_of(b));
  return no_overload();
}

}  // namespace byteor::expression

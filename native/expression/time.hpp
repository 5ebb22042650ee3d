// Timestamps and durations: the proleptic Gregorian calendar in UTC, RFC 3339 and Go's texts of durations, as CEL has
// them. A duration is an int64 of nanoseconds. Hot code: no allocation, no exception.
#pragma once

#include <cstdint>
#include <string_view>

#include "expression/value.hpp"
#include "expression/zone.hpp"

namespace byteor::expression {

inline constexpr std::uint32_t kNanosecondsASecond = 1'000'000'000;
inline constexpr std::int64_t kSecondsADay = 86'400;

struct Civil {
  std::int64_t year = 0;
  std::int32_t month = 1;  // 1…12
  std::int32_t day = 1;    // 1…31
};

std::int64_t days_of(const Civil& date) noexcept;  // since 1970-01-01
Civil civil_of(std::int64_t days) noexcept;
std::int32_t days_of_month(std::int64_t year, std::int32_t month) noexcept;

// Whether the seconds are of the years 1 to 9999.
bool in_range(std::int64_t seconds) noexcept;

// Seconds may be negative, nanoseconds are 0…999,999,999 and count forward. The error Range where they are none.
Value make_timestamp(std::int64_t seconds, std::int64_t nanoseconds) noexcept;
Value make_duration(std::int64_t seconds, std::int64_t nanoseconds) noexcept;

Value parse_timestamp(std::string_view text) noexcept;
Value parse_duration(std::string_view text) noexcept;

// Bytes that a timestamp or a duration takes at most as text.
inline constexpr std::size_t kTimeTextMax = 48;
std::string_view timestamp_text(const Value& timestamp, char* out) noexcept;
std::string_view duration_text(const Value& duration, char* out) noexcept;

// getFullYear() and the like of a timestamp, or of a duration those that it has. `function`: of UTC.
Value time_part(ExprFunction function, const Value& time, std::int32_t offset_seconds) noexcept;

// Seconds east of UTC at a time, by an offset such as `-08:00` or the name of a zone that the program has.
bool offset_of(std::string_view zone, const Zones& zones, std::int64_t seconds, std::int32_t& offset) noexcept;

Value add_times(const Value& a, const Value& b) noexcept;
Value subtract_times(const Value& a, const Value& b) noexcept;

}  // namespace byteor::expression

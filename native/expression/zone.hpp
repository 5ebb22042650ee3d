// Time zones by name, out of the system's zoneinfo. Files are read when a program is loaded, and only those whose names
// stand in the program: no record makes the core open a file. Control path but for offset_at(), which any thread may
// call.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace byteor::expression {

// A rule for the times behind the last that a file lists: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct ZoneRule {
  struct Change {
    std::int32_t month = 0;    // 1…12; 0: a day of the year, 1-based where `skips_leap_day`, else 0-based
    std::int32_t week = 0;     // 1…5, 5 is the last
    std::int32_t day = 0;      // of the week, or of the year
    std::int32_t seconds = 0;  // local, from midnight
    bool skips_leap_day = false;
  };
  std::int32_t standard = 0;  // seconds east of UTC
  std::int32_t summer = 0;
  bool has_summer = false;
  Change begins;
  Change ends;
};

// The rule that a text says; nullopt where it is none.
std::optional<ZoneRule> read_zone_rule(std::string_view text);

class Zone {
 public:
  // Of the bytes of a TZif file; nullopt where they are none.
  static std::optional<Zone> read(std::string_view bytes);

  // Seconds east of UTC.
  std::int32_t offset_at(std::int64_t seconds) const noexcept;

 private:
  std::vector<std::int64_t> changes_;
  std::vector<std::int32_t> offsets_;  // from each change on
  std::int32_t first_ = 0;             // before the first
  std::optional<ZoneRule> rule_;
};

class Zones {
 public:
  // Reads the zone of this name where the text is a name and the system has it.
  void add(std::string_view name);
  const Zone* find(std::string_view name) const noexcept;

 private:
  struct Named {
    std::string name;
    Zone zone;
  };
  std::vector<Named> zones_;
};

}  // namespace byteor::expression

#include "platform/cgroup.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

namespace byteor::platform {

namespace {

// Version 1 says "unlimited" with the largest number of pages; no machine has an exbibyte.
constexpr std::uint64_t kUnlimitedBytes = std::uint64_t{1} << 60;

std::optional<std::string> first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <class Number>
std::optional<Number> number_in(const std::string& path) {
  const std::optional<std::string> line = first_line(path);
  return line ? number<Number>(*line) : std::nullopt;
}

// One hierarchy as this process sees it: where it is mounted, and where in it the process lives.
struct Hierarchy {
  std::string mount;  // with `root`
  std::string group;  // below the mount point; "" or begins with a slash
};

bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (list.substr(0, comma) == word) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

// The group's path in the hierarchy of `controller`, or of version 2 when `controller` is empty: lines "ID:LIST:PATH".
std::optional<std::string> group_path(const std::string& root, std::string_view controller) {
  std::ifstream file(root + "/proc/self/cgroup");
  std::string line;
  while (std::getline(file, line)) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string_view list = std::string_view(line).substr(first + 1, second - first - 1);
    if (controller.empty() ? list.empty() : has_word(list, controller)) return line.substr(second + 1);
  }
  return std::nullopt;
}

// mountinfo: "36 35 0:30 ROOT MOUNT OPTIONS … - TYPE SOURCE SUPER_OPTIONS". A container may have only a part of the
// hierarchy mounted; then ROOT is that part, and is cut from the group's path.
std::optional<Hierarchy> hierarchy(const std::string& root, std::string_view controller) {
  const std::optional<std::string> path = group_path(root, controller);
  if (!path) return std::nullopt;
  const std::string_view type = controller.empty() ? "cgroup2" : "cgroup";
  std::ifstream file(root + "/proc/self/mountinfo");
  std::string line;
  while (std::getline(file, line)) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream before(line.substr(0, dash));
    std::istringstream after(line.substr(dash + 3));
    std::string skip, part, mount, found_type, source, options;
    before >> skip >> skip >> skip >> part >> mount;
    after >> found_type >> source >> options;
    if (found_type != type || (!controller.empty() && !has_word(options, controller))) continue;
    std::string group = *path;
    if (part != "/") group = group.starts_with(part) ? group.substr(part.size()) : "";
    if (group == "/") group.clear();
    return Hierarchy{root + mount, group};
  }
  return std::nullopt;
}

// Folders from the process's own group up to the mount point. A group that is not visible here (another namespace)
// counts from the mount point.
std::vector<std::string> levels(const Hierarchy& where) {
  std::vector<std::string> folders;
  std::string group = where.group.find("/..") == std::string::npos ? where.group : "";
  while (!group.empty()) {
    folders.push_back(where.mount + group);
    group.resize(group.rfind('/') == std::string::npos ? 0 : group.rfind('/'));
  }
  folders.push_back(where.mount);
  return folders;
}

std::optional<double> quota_v2(const std::string& folder) {
  const std::optional<std::string> line = first_line(folder + "/cpu.max");  // "QUOTA PERIOD" or "max PERIOD"
  if (!line) return std::nullopt;
  const std::size_t space = line->find(' ');
  if (space == std::string::npos) return std::nullopt;
  const auto quota = number<double>(std::string_view(*line).substr(0, space));
  const auto period = number<double>(std::string_view(*line).substr(space + 1));
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return *quota / *period;
}

std::optional<double> quota_v1(const std::string& folder) {
  const auto quota = number_in<double>(folder + "/cpu.cfs_quota_us");  // -1: none
  const auto period = number_in<double>(folder + "/cpu.cfs_period_us");
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return *quota / *period;
}

// A number by its name in memory.stat: "NAME NUMBER" lines; 0 when it is not there.
std::uint64_t statistic(const std::string& path, std::string_view name) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (line.size() <= name.size() || !line.starts_with(name) || line[name.size()] != ' ') continue;
    return number<std::uint64_t>(std::string_view(line).substr(name.size() + 1)).value_or(0);
  }
  return 0;
}

struct MemoryFiles {
  const char* limit;
  const char* used;
  const char* droppable;  // name in memory.stat
};

std::optional<MemoryLimit> memory_of(const std::string& folder, const MemoryFiles& files) {
  const auto limit = number_in<std::uint64_t>(folder + files.limit);  // "max" is not a number
  const auto used = number_in<std::uint64_t>(folder + files.used);
  if (!limit || !used || *limit >= kUnlimitedBytes) return std::nullopt;
  const std::uint64_t droppable = statistic(folder + "/memory.stat", files.droppable);
  return MemoryLimit{*limit, *used > droppable ? *used - droppable : 0, folder};
}

}  // namespace

std::optional<CpuQuota> cpu_quota(const std::string& root) {
  std::optional<CpuQuota> least;
  const auto look = [&](std::string_view controller, auto read) {
    const std::optional<Hierarchy> where = hierarchy(root, controller);
    if (!where) return;
    for (const std::string& folder : levels(*where)) {
      const std::optional<double> cpus = read(folder);
      if (cpus && (!least || *cpus < least->cpus)) least = CpuQuota{*cpus, folder};
    }
  };
  look("", quota_v2);
  look("cpu", quota_v1);
  return least;
}

std::optional<MemoryLimit> memory_limit(const std::string& root) {
  std::optional<MemoryLimit> least;
  const auto look = [&](std::string_view controller, const MemoryFiles& files) {
    const std::optional<Hierarchy> where = hierarchy(root, controller);
    if (!where) return;
    for (const std::string& folder : levels(*where)) {
      const std::optional<MemoryLimit> limit = memory_of(folder, files);
      if (limit && (!least || limit->room_bytes() < least->room_bytes())) least = limit;
    }
  };
  look("", {"/memory.max", "/memory.current", "inactive_file"});
  look("memory", {"/memory.limit_in_bytes", "/memory.usage_in_bytes", "total_inactive_file"});
  return least;
}

}  // namespace byteor::platform

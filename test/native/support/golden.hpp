// The golden files of test/lower: buffers as hexadecimal text, and the same specs as JSON. Control path of tests.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

namespace byteor::test {

// The folder test/. A compiler cache may make __FILE__ relative to the build folder, which is the program's own.
inline std::filesystem::path tests_folder() {
  std::error_code none;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", none);
  const std::filesystem::path file = program.parent_path() / __FILE__;
  return file.parent_path().parent_path().parent_path();
}

inline const std::filesystem::path kTests = tests_folder();

// A hex dump: an offset, two spaces, groups of digits.
inline std::vector<std::byte> read_hex(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::byte> bytes;
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream groups(line.substr(line.find(' ')));
    std::string group;
    while (groups >> group) {
      for (std::size_t at = 0; at < group.size(); at += 2)
        bytes.push_back(static_cast<std::byte>(std::stoi(group.substr(at, 2), nullptr, 16)));
    }
  }
  return bytes;
}

inline std::vector<std::byte> read_golden(const std::string& name) {
  return read_hex(kTests / "lower" / "golden" / (name + ".spec.hex"));
}

// The layouts that lib/layout makes of them, with native ends (test/layout).
inline std::vector<std::byte> read_golden_layout(const std::string& name) {
  return read_hex(kTests / "layout" / "golden" / (name + ".layout.hex"));
}

// Without white space: no text of a golden spec's roles and lanes has any.
inline std::string read_golden_json(const std::string& name) {
  std::ifstream file(kTests / "lower" / "golden" / (name + ".spec.json"));
  std::string text{std::istreambuf_iterator<char>(file), {}};
  std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
  return text;
}

// Names of the golden buffers of LaneGraphs, sorted.
inline std::vector<std::string> golden_graphs() {
  std::vector<std::string> names;
  const std::string ending = ".spec.hex";
  for (const auto& entry : std::filesystem::directory_iterator(kTests / "lower" / "golden")) {
    const std::string file = entry.path().filename().string();
    if (file.starts_with("graph-") && file.ends_with(ending))
      names.push_back(file.substr(0, file.size() - ending.size()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace byteor::test

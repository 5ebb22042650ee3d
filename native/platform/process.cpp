#include "platform/process.hpp"

#if defined(__linux__)
#include <unistd.h>
#endif

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <sstream>

#include "platform/disk.hpp"

namespace byteor::platform {

namespace {

constexpr std::size_t kBootDigits = 32;

#if defined(__linux__)

std::string start_ticks() {
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  // The name of the program, in parentheses, may hold anything; behind it stand fields 3, 4 and so on. Start is 22.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return "0";
  std::istringstream fields(text.substr(name_end + 1));
  std::string field;
  for (int number = 3; number <= 22; ++number)
    if (!(fields >> field)) return "0";
  return field;
}

// Of `pid:[4026531836]`.
std::string pid_namespace() {
  char text[64];
  const ssize_t length = readlink("/proc/self/ns/pid", text, sizeof text);
  std::string digits;
  for (ssize_t i = 0; i < length; ++i)
    if (std::isdigit(static_cast<unsigned char>(text[i])) != 0) digits += text[i];
  return digits.empty() ? "0" : digits;
}

#else

std::string start_ticks() { return "0"; }
std::string pid_namespace() { return "0"; }

#endif

}  // namespace

std::string process_identity() {
  std::string boot = Disk::system().boot();
  boot.erase(std::remove(boot.begin(), boot.end(), '-'), boot.end());
  if (boot.size() != kBootDigits) boot.assign(kBootDigits, '0');
  return start_ticks() + "." + pid_namespace() + "." + boot;
}

}  // namespace byteor::platform

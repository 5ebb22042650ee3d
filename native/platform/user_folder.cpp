#include "platform/user_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "core/coded_error.hpp"
#include "platform/retry.hpp"

namespace byteor::platform {

UserFolder::UserFolder(UserFolder&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

UserFolder& UserFolder::operator=(UserFolder&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

namespace {

std::string mode_text(mode_t mode) {
  char text[8];
  std::snprintf(text, sizeof text, "%04o", static_cast<unsigned>(mode & 07777));
  return text;
}

[[noreturn]] void refuse_folder(const std::string& why) { throw core::CodedError(abi::ErrorCode::kObserveFolder, why); }

}  // namespace

UserFolder::~UserFolder() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::vector<std::string> UserFolder::candidates() {
  std::vector<std::string> places;
  const std::string user = "byteor-" + std::to_string(geteuid());
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && runtime[0] == '/') places.push_back(std::string(runtime) + "/byteor");
#if defined(__linux__)
  places.push_back("/dev/shm/" + user);
#endif
  const char* temporary = std::getenv("TMPDIR");
  places.push_back((temporary != nullptr && temporary[0] == '/' ? std::string(temporary) : "/tmp") + "/" + user);
  return places;
}

UserFolder UserFolder::open() {
  std::string tried;
  for (const std::string& place : candidates()) {
    try {
      return open_at(place);
    } catch (const core::CodedError& error) {
      tried += std::string(tried.empty() ? "" : "; ") + error.what();
    }
  }
  refuse_folder(tried);
}

UserFolder UserFolder::open_at(const std::string& path) {
  const bool made = mkdir(path.c_str(), 0700) == 0;
  if (!made && errno != EEXIST)
    refuse_folder(path + " cannot be made (" + std::strerror(errno) + "); make its parent writable");
  const int descriptor =
      retry_interrupted([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); });
  if (descriptor < 0)
    refuse_folder(path + " is not a folder that can be opened (" + std::strerror(errno) +
                  "); a link is not followed here: remove it");
  UserFolder folder(descriptor, path);
  struct stat facts {};
  if (fstat(descriptor, &facts) != 0)
    refuse_folder(path + " cannot be looked at (" + std::strerror(errno) + "); remove it");
  if (facts.st_uid != geteuid())
    refuse_folder(path + " belongs to user " + std::to_string(facts.st_uid) + ", not to user " +
                  std::to_string(geteuid()) + "; have it removed or set XDG_RUNTIME_DIR");
  if ((facts.st_mode & 077) != 0)
    refuse_folder(path + " has mode " + mode_text(facts.st_mode) + ", so others can reach it; chmod 700 it");
  return folder;
}

}  // namespace byteor::platform

#include "adapter/lines/file.hpp"

#include <cerrno>
#include <system_error>

#include "core/coded_error.hpp"

namespace byteor::adapter {

std::string error_text(int error) { return std::generic_category().message(error); }

const char* write_remedy(int error) {
  switch (error) {
    case ENOSPC:
      return "free some space or write to another disk";
#if defined(EDQUOT)
    case EDQUOT:
      return "free some of your quota or write to another disk";
#endif
    case EFBIG:
      return "raise the file size limit (ulimit -f) or write to another file system";
    case EIO:
      return "check the device";
    default:
      return "write to another file";
  }
}

std::string short_name(const std::string& name) {
  constexpr std::size_t kBytesMax = 200;
  if (name.size() <= kBytesMax) return name;
  return name.substr(0, kBytesMax / 4) + "..." + name.substr(name.size() - (kBytesMax / 4) * 3);
}

}  // namespace byteor::adapter

#include "journal/error.hpp"

#include <cerrno>
#include <system_error>

namespace byteor::journal {

std::string disk_error_text(int error) { return std::generic_category().message(-error); }

const char* disk_remedy(int error) {
  switch (-error) {
    case ENOSPC:
      return "free some space, set retain_bytes, or put the journal on another disk";
#if defined(EDQUOT)
    case EDQUOT:
      return "free some of your quota, set retain_bytes, or put the journal on another disk";
#endif
    case EFBIG:
      return "raise the file size limit (ulimit -f) or make segment_bytes smaller";
    case EIO:
      return "check the device, then the journal (byteor replay --dry-run)";
    case EACCES:
    case EPERM:
      return "change the permissions of the folder or name another one";
    case EROFS:
      return "name a folder on a file system that can be written to";
    case ENOENT:
    case ENOTDIR:
      return "check the path";
    case ELOOP:
      return "a link is not followed here: name the folder or file itself";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (ulimit -n)";
    case ENOSYS:
      return "journals need Linux or macOS; use another kind of lane";
    default:
      return "name another folder";
  }
}

std::string short_path(const std::string& path) {
  constexpr std::size_t kBytesMax = 160;
  if (path.size() <= kBytesMax) return path;
  return path.substr(0, kBytesMax / 4) + "..." + path.substr(path.size() - (kBytesMax / 4) * 3);
}

}  // namespace byteor::journal

#include "adapter/opened_file.hpp"

#include <sys/stat.h>

#include "core/coded_error.hpp"

namespace byteor::adapter {

bool same_file(int descriptor, int other) noexcept {
  struct stat one {};
  struct stat two {};
  if (fstat(descriptor, &one) != 0 || fstat(other, &two) != 0) return false;
  return S_ISREG(one.st_mode) && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

void refuse_same_file(const OpenedFile& input, const OpenedFile& output) {
  if (!same_file(input.descriptor, output.descriptor)) return;
  throw core::CodedError(abi::ErrorCode::kSameFile,
                         input.name + " and " + output.name +
                             " are the same file, which would be overwritten while it is read; write to "
                             "another file");
}

}  // namespace byteor::adapter

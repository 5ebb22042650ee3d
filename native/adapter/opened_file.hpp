// The file behind an end, for comparing it with those behind the others. Control path.
#pragma once

#include <string>

namespace byteor::adapter {

struct OpenedFile {
  int descriptor;
  std::string name;  // as messages call it
};

// Do both lead to the same ordinary file? Then writing one would destroy, or endlessly feed, the other. Devices, pipes
// and terminals may be both at once.
bool same_file(int descriptor, int other) noexcept;
// Throws CodedError (SAME_FILE).
void refuse_same_file(const OpenedFile& input, const OpenedFile& output);

}  // namespace byteor::adapter

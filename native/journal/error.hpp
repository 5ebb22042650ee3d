// The words of a journal's failures, which are core::CodedErrors: what the device said, and what may help. A failure
// names the file; docs/journal.md explains the codes one by one. Control path.
#pragma once

#include <string>

namespace byteor::journal {

// "No space left on device", of a negated errno as platform::Disk gives it.
std::string disk_error_text(int error);
// What may help against it.
const char* disk_remedy(int error);
// A path short enough for a failure's cause: a long one loses its middle.
std::string short_path(const std::string& path);

}  // namespace byteor::journal

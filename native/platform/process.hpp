// Which process this is, told so that no other one can be mistaken for it: ids are given again, also within one start
// of the machine, and every container counts its own. Control path; any thread.
#pragma once

#include <string>

namespace byteor::platform {

// `START.NAMESPACE.BOOT`: when the process started, in the kernel's ticks since the machine did; the number of its pid
// namespace; and the id of this start of the machine, 32 hexadecimal digits. Zeros where the system does not tell.
// lib/cli/observed.ts reads it.
std::string process_identity();

}  // namespace byteor::platform

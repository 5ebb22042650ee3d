// What this machine and this build can do, as JSON text for `byteor doctor`, `byteor capabilities` and `open`.
#pragma once

#include <string>

namespace byteor::addon {

std::string capabilities();

}  // namespace byteor::addon

// Reads the options that lib/runtime/options.ts has checked and completed. Environment's thread.
#pragma once

#include <napi.h>

#include "run/options.hpp"

namespace byteor::addon {

// Throws std::invalid_argument for a field that is missing or of another type: the two files must agree.
run::Options read_options(const Napi::Object& object);

}  // namespace byteor::addon

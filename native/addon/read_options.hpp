// Reads the options that lib/runtime/options.ts has checked and completed. Environment's thread.
#pragma once

#include <napi.h>

#include "run/options.hpp"

namespace byteor::addon {

// Both throw CodedError (NATIVE_ERROR) for a field that is missing or of another type: the two files must agree.
run::Options read_options(const Napi::Object& object);
run::PortOptions read_port(const Napi::Value& value);

}  // namespace byteor::addon

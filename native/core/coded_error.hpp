// What the core refuses or fails with, wherever it happens: a stable code and what to do. Control path: thrown before a
// pipeline's threads start, or by what only the control path calls; the addon makes a JavaScript error of it, with the
// code's text, and nothing on the way translates it. What has a type of its own beside it is an error of the standard
// library or of the system; run::Pipeline::open gives those a code.
#pragma once

#include <stdexcept>
#include <string>

#include "abi/abi_generated.hpp"

namespace byteor::core {

// what() names what was received and says what to do. lib/abi/error-codes.ts says what each code means.
class CodedError : public std::runtime_error {
 public:
  CodedError(abi::ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  abi::ErrorCode code() const noexcept { return code_; }

 private:
  abi::ErrorCode code_;
};

}  // namespace byteor::core

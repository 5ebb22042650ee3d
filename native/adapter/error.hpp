// Why an adapter cannot be opened. Control path.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace byteor::adapter {

// `code` is stable (INPUT_OPEN, OUTPUT_OPEN, OUTPUT_BUSY, SAME_FILE, SHARD_KEY); what() names the file and says what to
// do.
class AdapterError : public std::runtime_error {
 public:
  AdapterError(std::string code, const std::string& message) : std::runtime_error(message), code_(std::move(code)) {}
  const std::string& code() const noexcept { return code_; }

 private:
  std::string code_;
};

}  // namespace byteor::adapter

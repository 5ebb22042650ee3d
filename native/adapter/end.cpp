#include "adapter/end.hpp"

namespace byteor::adapter {

void Source::describe(std::string& text) const {
  const std::optional<std::uint64_t>& size = input_bytes();
  text += ",\"bytes\":" + std::to_string(bytes_read()) + ",\"records\":" + std::to_string(records()) +
          ",\"input_bytes\":" + (size.has_value() ? std::to_string(*size) : std::string("null"));
}

void Sink::describe(std::string& text) const {
  text += ",\"bytes\":" + std::to_string(bytes_written()) + ",\"records\":" + std::to_string(records_written()) +
          ",\"unwritten\":" + std::to_string(records_unwritten()) +
          ",\"reader_gone\":" + (reader_gone() ? "true" : "false");
}

}  // namespace byteor::adapter

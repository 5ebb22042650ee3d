// Text put before or after every record, in place: lowering has reserved the room on both sides.
// Hot code: no allocation, no exception.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "op/op.hpp"

namespace byteor::op {

class PrependOp : public BuiltIn<abi::OpCode::kPrepend> {
 public:
  explicit PrependOp(const OpConfig& config) : text_(config.text) {}

  Outcome apply(core::RecordRef& record) noexcept {
    record.data -= text_.size();
    std::memcpy(record.data, text_.data(), text_.size());
    record.length += static_cast<std::uint32_t>(text_.size());
    return Outcome::kPass;
  }

  std::string cause() const { return {}; }
  static std::string report(std::span<const PrependOp* const>) { return "null"; }

 private:
  std::string text_;
};

class AppendOp : public BuiltIn<abi::OpCode::kAppend> {
 public:
  explicit AppendOp(const OpConfig& config) : text_(config.text) {}

  Outcome apply(core::RecordRef& record) noexcept {
    std::memcpy(record.data + record.length, text_.data(), text_.size());
    record.length += static_cast<std::uint32_t>(text_.size());
    return Outcome::kPass;
  }

  std::string cause() const { return {}; }
  static std::string report(std::span<const AppendOp* const>) { return "null"; }

 private:
  std::string text_;
};

}  // namespace byteor::op

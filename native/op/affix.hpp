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

struct Affix {
  std::string_view text;

  static Affix read(const decode::Buffer& config) {
    const auto row = config.at<abi::TextConfig>(0);
    return {config.text(row.text_offset, row.text_length)};
  }
  bool has_line_feed() const noexcept { return text.find('\n') != std::string_view::npos; }
};

class PrependOp : public BuiltIn<abi::OpCode::kPrepend> {
 public:
  using Config = Affix;
  static ConfigFacts facts(const Affix& affix) noexcept {
    return {.headroom = affix.text.size(), .line_feed = affix.has_line_feed()};
  }

  explicit PrependOp(const Affix& affix) : text_(affix.text) {}

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
  using Config = Affix;
  static ConfigFacts facts(const Affix& affix) noexcept {
    return {.tailroom = affix.text.size(), .line_feed = affix.has_line_feed()};
  }

  explicit AppendOp(const Affix& affix) : text_(affix.text) {}

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

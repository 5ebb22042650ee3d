// See catalog.hpp.
#include "op/catalog.hpp"

#include <string>

#include "core/coded_error.hpp"

namespace byteor::op {

void refuse_op(abi::OpCode code) {
  const std::string number = std::to_string(static_cast<std::uint32_t>(code));
  if (code == abi::OpCode::kJs || code == abi::OpCode::kNative) {
    throw core::CodedError(abi::ErrorCode::kOpUnavailable,
                           "op code " + number + (code == abi::OpCode::kJs ? " (js)" : " (native)") +
                               " is an op of the caller's, not one of the built-in catalog; pass it at open");
  }
  throw core::CodedError(abi::ErrorCode::kOpUnavailable,
                         "unknown op code " + number + "; compile the plan again with this version of byteor");
}

namespace {

// Of a caller's op: that its name can be read, and what comes of one record.
ConfigFacts check_caller_config(std::span<const std::byte> bytes) {
  const decode::Buffer config(bytes);
  const auto row = config.at<abi::CallerConfig>(0);
  decode::require(!config.text(row.name_offset, row.name_length).empty(), "a caller's op has no name", row.name_length);
  decode::require(row.emits_max <= 1u << abi::kOrdinalBitsMax, "a caller's op emits too many records for one",
                  row.emits_max);
  return {.emits_max = row.emits_max};
}

}  // namespace

void check_presence(const abi::OpRow& op, std::size_t config_bytes) {
  const bool wrong = config_bytes == 0 ? op.config_bytes != 0 && !op.config_optional : op.config_bytes == 0;
  decode::require(!wrong, "a config's length does not fit its op", config_bytes);
}

ConfigFacts check_config(abi::OpCode code, std::span<const std::byte> bytes) {
  if (find_row(static_cast<std::uint32_t>(code))->declared) return check_caller_config(bytes);
  return visit_built_in(code, [&]<class Op>() {
    const typename Op::Config config = read_config<Op>(bytes);
    ConfigFacts facts;
    if constexpr (requires { Op::facts(config); }) facts = Op::facts(config);
    return facts;
  });
}

}  // namespace byteor::op

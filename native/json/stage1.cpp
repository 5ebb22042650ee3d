// See stage1.hpp. The one unit that compiles simdjson, and therefore slow to compile: it stands alone, also where other
// sources are compiled together.
#include "json/stage1.hpp"

#include "core/coded_error.hpp"

#if __has_include(<simdjson.cpp>)
#define BYTEOR_HAS_SIMDJSON 1
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Each kernel is slow to compile under a sanitizer, and what they find is the same.
#define SIMDJSON_IMPLEMENTATION_ICELAKE 0
#define SIMDJSON_IMPLEMENTATION_WESTMERE 0
#endif
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#include <simdjson.cpp>
#pragma GCC diagnostic pop
#else
#define BYTEOR_HAS_SIMDJSON 0
#endif

namespace byteor::json {

bool has_stage1() noexcept { return BYTEOR_HAS_SIMDJSON != 0; }

#if BYTEOR_HAS_SIMDJSON

struct Stage1::Parser {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> of_this_cpu;
};

bool is_utf8(std::string_view bytes) noexcept { return simdjson::validate_utf8(bytes.data(), bytes.size()); }

Stage1::Stage1(std::uint32_t bytes_max) : parser_(std::make_unique<Parser>()), bytes_max_(bytes_max) {
  // The depth is that of its second stage, which nothing here runs.
  const simdjson::error_code error =
      simdjson::get_active_implementation()->create_dom_parser_implementation(bytes_max, 1, parser_->of_this_cpu);
  if (error != simdjson::SUCCESS) throw std::bad_alloc();
  positions_ = parser_->of_this_cpu->structural_indexes.get();
}

Stage1::Result Stage1::run(std::string_view text) noexcept {
  count_ = 0;
  if (text.size() > bytes_max_) return Result::kTooLong;
  if (text.empty()) return Result::kNotJson;
  simdjson::internal::dom_parser_implementation& parser = *parser_->of_this_cpu;
  const simdjson::error_code error =
      parser.stage1(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), simdjson::stage1_mode::regular);
  if (error == simdjson::UTF8_ERROR) return Result::kNotUtf8;
  if (error != simdjson::SUCCESS) return Result::kNotJson;
  count_ = parser.n_structural_indexes;
  return Result::kIndexed;
}

#else

struct Stage1::Parser {};

bool is_utf8(std::string_view) noexcept { return false; }

Stage1::Stage1(std::uint32_t bytes_max) : bytes_max_(bytes_max) {
  throw core::CodedError(abi::ErrorCode::kOpUnavailable,
                         "this build of byteor was compiled without simdjson, so it cannot read JSON in expressions; "
                         "install a prebuilt binary, or compile where native/third-party/simdjson is present");
}

Stage1::Result Stage1::run(std::string_view) noexcept { return Result::kNotJson; }

#endif

Stage1::~Stage1() = default;

}  // namespace byteor::json

// The config of each op as it crosses: what its bytes say, and that nothing is read of them that does not hold.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "core/coded_error.hpp"
#include "op/catalog.hpp"
#include "support/spec_builder.hpp"

namespace byteor::op {
namespace {

using abi::FieldCode;
using abi::FieldWriteCode;
using abi::KeyCode;
using abi::MatchCode;
using abi::OpCode;
using test::ConfigBytes;
using Bytes = std::vector<std::byte>;

// Why a config is refused, without the words that all refusals share; empty when it is not.
std::string refusal(OpCode op, const Bytes& config) {
  try {
    check_config(op, config);
  } catch (const core::CodedError& error) {
    const std::string text = error.what();
    const std::string before = "the lowered plan is damaged or from another release: ";
    const std::string after = "; compile the plan again with this release of byteor";
    EXPECT_TRUE(text.starts_with(before) && text.ends_with(after)) << text;
    return text.substr(before.size(), text.size() - before.size() - after.size());
  }
  return {};
}

abi::SpecKey key_row(KeyCode kind, std::uint32_t offset = 0, std::uint32_t length = 0) {
  return {static_cast<std::uint32_t>(kind), offset, length, 0, 0, 0};
}

abi::SetFieldConfig field_row(FieldWriteCode write, FieldCode kind, std::uint32_t offset, std::uint32_t length,
                              std::uint32_t from = 0, std::uint64_t bits = 0) {
  abi::SetFieldConfig row{};
  row.write = static_cast<std::uint32_t>(write);
  row.kind = static_cast<std::uint32_t>(kind);
  row.offset = offset;
  row.length = length;
  row.from = from;
  row.bits = bits;
  return row;
}

std::string field_refusal(const abi::SetFieldConfig& row, const std::string& text = "", const std::string& name = "n") {
  return refusal(OpCode::kSetField, ConfigBytes::set_field(row, name, text));
}

// A config with one of its words changed.
Bytes changed(Bytes config, std::size_t at, std::uint32_t word) {
  std::memcpy(config.data() + at, &word, sizeof word);
  return config;
}

TEST(OpConfig, OfAnOpWithoutOneIsEmpty) {
  for (const OpCode op : {OpCode::kIdentity, OpCode::kChecksum}) {
    EXPECT_EQ(refusal(op, {}), "");
    EXPECT_EQ(refusal(op, Bytes(8)), "a config's length does not fit its op (received 8)");
  }
}

TEST(OpConfig, MayBeLeftOutOnlyWhereTheOpWorksWithoutOne) {
  EXPECT_EQ(refusal(OpCode::kCount, {}), "");
  for (const OpCode op : {OpCode::kFilter, OpCode::kReject, OpCode::kPrepend, OpCode::kAppend, OpCode::kSetField})
    EXPECT_EQ(refusal(op, {}), "a config's length does not fit its op (received 0)");
}

TEST(OpConfig, ThatIsCutIsRefusedAtEveryLength) {
  const std::vector<std::pair<OpCode, Bytes>> configs = {
      {OpCode::kFilter, ConfigBytes::match(MatchCode::kContains, true, "needle")},
      {OpCode::kAppend, ConfigBytes::affix("affix")},
      {OpCode::kCount, ConfigBytes::key(key_row(KeyCode::kToken), ", ")},
      {OpCode::kSetField,
       ConfigBytes::set_field(field_row(FieldWriteCode::kValue, FieldCode::kUtf8, 0, 4), "n", "ab")}};
  for (const auto& [op, config] : configs) {
    EXPECT_EQ(refusal(op, config), "");
    for (std::size_t length = 1; length != config.size(); ++length) {
      // Bytes of their own, so that a sanitizer sees a read past their end.
      EXPECT_NE(refusal(op, Bytes(config.begin(), config.begin() + static_cast<std::ptrdiff_t>(length))), "") << length;
    }
  }
}

TEST(OpConfig, OfAConditionNamesAWayToMatchAndATextInItself) {
  const Bytes config = ConfigBytes::match(MatchCode::kContains, false, "needle");
  for (const std::uint32_t match : {0u, 5u})
    EXPECT_EQ(refusal(OpCode::kReject, changed(config, 0, match)),
              "unknown match (received " + std::to_string(match) + ")");
  EXPECT_EQ(refusal(OpCode::kFilter, changed(config, 4, 2)), "invert is neither 0 nor 1 (received 2)");
  EXPECT_EQ(refusal(OpCode::kFilter, changed(config, 8, 17)), "a stretch reaches past the end (received 17)");
  EXPECT_EQ(refusal(OpCode::kFilter, changed(config, 8, 0xffffffff)),
            "a stretch reaches past the end (received 4294967295)");
  EXPECT_EQ(refusal(OpCode::kFilter, changed(config, 12, 0xffffffff)), "a stretch reaches past the end (received 16)");
}

TEST(OpConfig, OfACountIsAKeyAndObeysItsRules) {
  EXPECT_EQ(refusal(OpCode::kCount, ConfigBytes::key(key_row(KeyCode::kField, 4, 8), "user")), "");
  EXPECT_EQ(refusal(OpCode::kCount, ConfigBytes::key(key_row(static_cast<KeyCode>(5)), "")),
            "unknown key kind (received 5)");
  EXPECT_EQ(refusal(OpCode::kCount, ConfigBytes::key(key_row(KeyCode::kBytes, 0xffffffff, 1), "")),
            "a key reaches past the largest record (received 4294967295)");
  EXPECT_EQ(refusal(OpCode::kCount, ConfigBytes::key(key_row(KeyCode::kToken), "")),
            "a token key has no separator (received 0)");
}

TEST(OpConfig, OfSetFieldIsAWriteThatItsTypeCanHave) {
  EXPECT_EQ(field_refusal(field_row(FieldWriteCode::kAdd, FieldCode::kF64, 0, 8)), "");
  EXPECT_EQ(field_refusal(field_row(static_cast<FieldWriteCode>(4), FieldCode::kU8, 0, 1)),
            "unknown way to set a field (received 4)");
  EXPECT_EQ(field_refusal(field_row(FieldWriteCode::kValue, static_cast<FieldCode>(14), 0, 1)),
            "unknown type of a field (received 14)");
  EXPECT_EQ(field_refusal(field_row(FieldWriteCode::kValue, FieldCode::kU16, 0, 4)),
            "a field's length does not fit its type (received 4)");
  EXPECT_EQ(field_refusal(field_row(FieldWriteCode::kValue, FieldCode::kBytes, 0, 0)),
            "a field's length does not fit its type (received 0)");
  EXPECT_EQ(field_refusal(field_row(FieldWriteCode::kValue, FieldCode::kU16, 0, 2, 2)),
            "a constant is copied from a field (received 2)");
  EXPECT_EQ(field_refusal(field_row(FieldWriteCode::kAdd, FieldCode::kBool, 0, 1)),
            "a sum of what is no number (received 11)");
  EXPECT_EQ(field_refusal(field_row(FieldWriteCode::kFrom, FieldCode::kU32, 4, 4, 2)),
            "a field is copied onto itself (received 2)");
  EXPECT_EQ(field_refusal(field_row(FieldWriteCode::kValue, FieldCode::kU8, 0, 1, 0, 256)),
            "a field's constant is not of its type (received 256)");
  EXPECT_EQ(field_refusal(field_row(FieldWriteCode::kValue, FieldCode::kBool, 0, 1, 0, 2)),
            "a field's constant is not of its type (received 2)");
  EXPECT_EQ(field_refusal(field_row(FieldWriteCode::kValue, FieldCode::kBytes, 0, 2), "0G00"),
            "a field's bytes are not two digits each (received 4)");
  EXPECT_EQ(field_refusal(field_row(FieldWriteCode::kValue, FieldCode::kUtf8, 0, 2), "abc"),
            "a field's text does not fit it (received 3)");
  EXPECT_EQ(field_refusal(field_row(FieldWriteCode::kFrom, FieldCode::kUtf8, 0, 2, 2), "a"),
            "a field's text does not fit it (received 1)");
}

TEST(OpConfig, OfSetFieldShowsNoNameThatIsNone) {
  for (const char* name : {"", "1st", "a b", "x\n"})
    EXPECT_NE(field_refusal(field_row(FieldWriteCode::kValue, FieldCode::kU8, 0, 1), "", name), "") << name;
}

TEST(OpConfig, OfACallersOpHasTheNameOfTheOp) {
  const abi::CallerConfig row{sizeof row, 4, 0};
  EXPECT_EQ(refusal(OpCode::kJs, ConfigBytes::of(row, "mine")), "");
  EXPECT_EQ(refusal(OpCode::kJs, {}), "a struct reaches past the end (received 0)");
  EXPECT_EQ(refusal(OpCode::kNative, ConfigBytes::of(row, "min")), "a stretch reaches past the end (received 12)");
  EXPECT_EQ(refusal(OpCode::kNative, ConfigBytes::of(abi::CallerConfig{12, 0, 0}, "")),
            "a caller's op has no name (received 0)");
  EXPECT_EQ(check_config(OpCode::kJs, ConfigBytes::of(abi::CallerConfig{sizeof row, 4, 8}, "mine")).emits_max, 8u);
  EXPECT_EQ(refusal(OpCode::kJs, ConfigBytes::of(abi::CallerConfig{sizeof row, 4, (1u << 24) + 1}, "mine")),
            "a caller's op emits too many records for one (received 16777217)");
}

TEST(OpConfig, TellsTheGraphTheRoomThatAnAffixTakes) {
  const ConfigFacts before = check_config(OpCode::kPrepend, ConfigBytes::affix("> "));
  EXPECT_EQ(before.headroom, 2u);
  EXPECT_EQ(before.tailroom, 0u);
  EXPECT_FALSE(before.line_feed);
  const ConfigFacts after = check_config(OpCode::kAppend, ConfigBytes::affix("a\nb"));
  EXPECT_EQ(after.headroom, 0u);
  EXPECT_EQ(after.tailroom, 3u);
  EXPECT_TRUE(after.line_feed);
}

TEST(OpConfig, TellsTheGraphTheStructThatAFieldNeedsWithoutWrapping) {
  const auto bytes_of = [](const abi::SetFieldConfig& row) {
    return check_config(OpCode::kSetField, ConfigBytes::set_field(row, "n", "")).struct_bytes;
  };
  EXPECT_EQ(bytes_of(field_row(FieldWriteCode::kValue, FieldCode::kU32, 8, 4)), 12u);
  EXPECT_EQ(bytes_of(field_row(FieldWriteCode::kFrom, FieldCode::kU32, 8, 4, 16)), 20u);
  EXPECT_EQ(bytes_of(field_row(FieldWriteCode::kAdd, FieldCode::kU32, 0xffffffff, 4)), 0x100000003u);
}

}  // namespace
}  // namespace byteor::op

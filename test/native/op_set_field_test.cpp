// set_field at work: every type, at the edges of its range, on records with nothing around them.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "op/apply.hpp"
#include "op/catalog.hpp"
#include "op/set_field.hpp"
#include "support/op_records.hpp"
#include "support/spec_builder.hpp"

namespace byteor::op {
namespace {

using abi::FieldCode;
using abi::FieldWriteCode;

template <class T>
std::uint64_t bits_of(T value) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  return bits;
}

template <class T>
std::string bytes_of_value(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

struct Applied {
  Outcome outcome;
  std::string record;
  std::string cause;
};

// The op of this config, which has crossed as the config of a pipeline's stage does, on a record that ends where its
// bytes end.
Applied run_op(const FieldWrite& field, const std::string& record) {
  const abi::SetFieldConfig row{.write = static_cast<std::uint32_t>(field.write),
                                .kind = static_cast<std::uint32_t>(field.kind),
                                .offset = field.offset,
                                .length = field.length,
                                .from = field.from,
                                .reserved = 0,
                                .name_offset = 0,
                                .name_length = 0,
                                .text_offset = 0,
                                .text_length = 0,
                                .bits = field.bits};
  const std::vector<std::byte> config =
      test::ConfigBytes::set_field(row, std::string(field.name), std::string(field.text));
  Applied applied;
  SetFieldOp::visit_class(read_config<SetFieldOp>(config), [&]<class Op>(const FieldWrite& read) {
    Op op(read);
    test::HeapRecord heap(record);
    applied.outcome = op.apply(heap.record);
    applied.record = heap.bytes();
    applied.cause = op.cause();
  });
  return applied;
}

template <class T>
void expect_sum(FieldCode kind, T value, T addend, T sum) {
  const FieldWrite field{.write = FieldWriteCode::kAdd,
                         .kind = kind,
                         .offset = 3,
                         .length = sizeof(T),
                         .bits = bits_of(addend),
                         .name = "n"};
  const Applied applied = run_op(field, "abc" + bytes_of_value(value) + "z");
  EXPECT_EQ(applied.outcome, Outcome::kPass);
  EXPECT_EQ(applied.record, "abc" + bytes_of_value(sum) + "z");
  EXPECT_EQ(applied.cause, "");
}

template <class T>
void expect_failed_sum(FieldCode kind, T value, T addend, const std::string& cause) {
  const FieldWrite field{
      .write = FieldWriteCode::kAdd, .kind = kind, .length = sizeof(T), .bits = bits_of(addend), .name = "n"};
  const Applied applied = run_op(field, bytes_of_value(value));
  EXPECT_EQ(applied.outcome, Outcome::kFail);
  EXPECT_EQ(applied.record, bytes_of_value(value)) << "a record that fails stays as it was";
  EXPECT_EQ(applied.cause,
            "set_field: " + cause +
                ". Correct the input, filter such records out before this stage, or give the field a wider type.");
}

template <class T>
void expect_integer(FieldCode kind, const std::string& type) {
  constexpr T kMost = std::numeric_limits<T>::max();
  constexpr T kLeast = std::numeric_limits<T>::min();
  expect_sum<T>(kind, kMost - 1, 1, kMost);
  expect_sum<T>(kind, 7, 0, 7);
  expect_failed_sum<T>(kind, kMost, 1,
                       "the field \"n\" is " + std::to_string(kMost) + ", and with 1 added it is beyond " + type);
  if constexpr (std::is_signed_v<T>) {
    expect_sum<T>(kind, kLeast + 1, -1, kLeast);
    expect_failed_sum<T>(kind, kLeast, -1,
                         "the field \"n\" is " + std::to_string(kLeast) + ", and with -1 added it is beyond " + type);
  }
}

TEST(SetField, AddsUpToTheEdgesOfEveryIntegerAndFailsARecordBeyondThem) {
  expect_integer<std::uint8_t>(FieldCode::kU8, "u8");
  expect_integer<std::uint16_t>(FieldCode::kU16, "u16");
  expect_integer<std::uint32_t>(FieldCode::kU32, "u32");
  expect_integer<std::uint64_t>(FieldCode::kU64, "u64");
  expect_integer<std::int8_t>(FieldCode::kI8, "i8");
  expect_integer<std::int16_t>(FieldCode::kI16, "i16");
  expect_integer<std::int32_t>(FieldCode::kI32, "i32");
  expect_integer<std::int64_t>(FieldCode::kI64, "i64");
}

TEST(SetField, AddsFloatsInTheirOwnTypeAndFailsARecordWhoseSumIsNotFinite) {
  expect_sum<float>(FieldCode::kF32, 0.1f, 0.2f, 0.1f + 0.2f);
  expect_sum<double>(FieldCode::kF64, 0.1, 0.2, 0.1 + 0.2);
  expect_failed_sum<float>(FieldCode::kF32, 3e38f, 3e38f,
                           "the field \"n\" is 3.00000001e+38, and with 3.00000001e+38 added it is no finite f32");
  expect_failed_sum<double>(FieldCode::kF64, std::nan(""), 1.5,
                            "the field \"n\" is nan, and with 1.5 added it is no finite f64");
}

TEST(SetField, WritesAConstantOfEveryWidthAndNothingBesideIt) {
  for (const std::uint32_t width : {1u, 2u, 3u, 4u, 5u, 8u, 9u, 40u}) {
    SCOPED_TRACE(width);
    std::string digits;
    for (std::uint32_t i = 0; i < width; ++i) digits += i % 2 == 0 ? "a5" : "0f";
    const FieldWrite field{.kind = FieldCode::kBytes, .offset = 2, .length = width, .name = "n", .text = digits};
    std::string expected = "xy";
    for (std::uint32_t i = 0; i < width; ++i) expected += i % 2 == 0 ? '\xa5' : '\x0f';
    EXPECT_EQ(run_op(field, "xy" + std::string(width, '.') + "z").record, expected + "z");
  }
  const FieldWrite number{.kind = FieldCode::kU32, .length = 4, .bits = 0x01020304, .name = "n"};
  EXPECT_EQ(run_op(number, "....z").record, std::string("\4\3\2\1z"));
}

TEST(SetField, FillsUpAShorterTextWithZeros) {
  const FieldWrite field{.kind = FieldCode::kUtf8, .offset = 1, .length = 6, .name = "n", .text = "ab"};
  EXPECT_EQ(run_op(field, "-......-").record, std::string("-ab\0\0\0\0-", 8));
}

TEST(SetField, CopiesAnotherField) {
  for (const std::uint32_t width : {1u, 2u, 4u, 7u, 8u}) {
    SCOPED_TRACE(width);
    const std::string source(width, 's');
    const FieldWrite field{.write = FieldWriteCode::kFrom,
                           .kind = FieldCode::kBytes,
                           .offset = 1,
                           .length = width,
                           .from = 2 + width,
                           .name = "n"};
    EXPECT_EQ(run_op(field, "-" + std::string(width, '.') + "|" + source).record, "-" + source + "|" + source);
  }
}

TEST(SetField, FailsARecordThatEndsBeforeTheFieldAndTouchesNothing) {
  const std::string cause =
      "set_field: the record has 9 bytes, and the struct up to its field \"n\" has 10. Send whole structs, or correct "
      "the codec of the ingress.";
  for (const FieldWrite& field :
       {FieldWrite{.kind = FieldCode::kU16, .offset = 8, .length = 2, .name = "n"},
        FieldWrite{.kind = FieldCode::kBytes, .offset = 7, .length = 3, .name = "n", .text = "000000"},
        FieldWrite{.write = FieldWriteCode::kFrom, .kind = FieldCode::kU16, .length = 2, .from = 8, .name = "n"},
        FieldWrite{.write = FieldWriteCode::kAdd, .kind = FieldCode::kU16, .offset = 8, .length = 2, .name = "n"}}) {
    const Applied applied = run_op(field, "123456789");
    EXPECT_EQ(applied.outcome, Outcome::kFail);
    EXPECT_EQ(applied.record, "123456789");
    EXPECT_EQ(applied.cause, cause);
  }
}

// A span of structs, in place and copied from elsewhere: the field is set in each, and every other byte is its own.
TEST(SetField, SetsTheFieldOfStructsThatLieSideBySide) {
  for (const std::uint32_t stride : {8u, 16u, 24u, 64u, 200u}) {
    for (const bool copied : {false, true}) {
      SCOPED_TRACE(testing::Message() << stride << (copied ? ", copied" : ""));
      const FieldWrite field{.kind = FieldCode::kU32, .offset = 4, .length = 4, .bits = 0xaabbccdd, .name = "n"};
      constexpr std::uint32_t kCount = 70;
      std::vector<std::byte> source(std::size_t{stride} * kCount);
      for (std::size_t i = 0; i < source.size(); ++i) source[i] = static_cast<std::byte>(i * 7);
      std::vector<std::byte> expected = source;
      for (std::uint32_t i = 0; i < kCount; ++i) {
        const std::uint32_t value = 0xaabbccdd;
        std::memcpy(expected.data() + std::size_t{i} * stride + 4, &value, 4);
      }
      std::vector<std::byte> target = copied ? std::vector<std::byte>(source.size()) : source;
      StoreFieldOp<4> op(field);
      apply_to_span(op, {target.data(), kCount, stride}, stride, copied ? source.data() : nullptr);
      EXPECT_EQ(target, expected);
    }
  }
}

}  // namespace
}  // namespace byteor::op

// Members of records that are read in place: which are found, what is said of those that are not, and that no answer
// depends on what stands behind a record.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "support/program_builder.hpp"

namespace byteor::expression::test {
namespace {

// The members of these paths, one an entry, asked for in this order.
ProgramBuilder reader(const std::vector<std::string>& paths) {
  ProgramBuilder builder;
  for (const std::string& path : paths) {
    builder.entries.push_back({static_cast<std::uint32_t>(builder.code.size()), 0});
    // The register is not used: it keeps Absent from becoming an error.
    builder.op(ExprOp::kSlot, 0, builder.slot(path));
    builder.op(ExprOp::kIsError, 1, 0);
    builder.op(ExprOp::kReturn, 0, 0);
  }
  return builder;
}

std::vector<std::string> read(const std::vector<std::string>& paths, std::string_view record) {
  const Program program = reader(paths).load();
  Evaluator evaluator(program, 1 << 16);
  evaluator.begin(record);
  std::vector<std::string> found;
  for (std::uint32_t i = 0; i != paths.size(); ++i) found.push_back(show(evaluator.context(), evaluator.run(i)));
  return found;
}

using Shown = std::vector<std::string>;

TEST(ExpressionMembers, AreFoundInAnyOrderOfAsking) {
  constexpr std::string_view kRecord = R"({"a":1,"b":{"c":"x","d":[2]},"long name":true,"e":null})";
  EXPECT_EQ(read({"e", "long name", "b/d", "b/c", "a", "b"}, kRecord),
            (Shown{"null", "true", "[2]", "\"x\"", "1", R"({"c": "x", "d": [2]})"}));
  EXPECT_EQ(read({"b", "b/c", "a"}, kRecord), (Shown{R"({"c": "x", "d": [2]})", "\"x\"", "1"}));
}

TEST(ExpressionMembers, ThatAreMissingAreErrorsByWhatIsMissing) {
  constexpr std::string_view kRecord = R"({"o":{},"n":null,"s":"x","l":[1]})";
  EXPECT_EQ(read({"x", "o/x", "x/y", "n/y", "s/y", "l/y", "o/x/y"}, kRecord),
            (Shown{"error NoSuchKey", "error NoSuchKey", "error NoSuchKey", "error NoSuchOverload",
                   "error NoSuchOverload", "error NoSuchOverload", "error NoSuchKey"}));
  for (const std::string_view record : {"[1]", "3", "null", "\"x\""})
    EXPECT_EQ(read({"x"}, record), Shown{"error NoSuchOverload"}) << record;
}

TEST(ExpressionMembers, AreToldFromTheirPresence) {
  const auto has = [](std::string_view path, std::string_view record) {
    ProgramBuilder builder;
    builder.op(ExprOp::kHasSlot, 0, builder.slot(path));
    builder.op(ExprOp::kReturn, 0, 0);
    return evaluate(builder, record);
  };
  EXPECT_EQ(has("a", R"({"a":null})"), "true");
  EXPECT_EQ(has("a", R"({"a":1e400})"), "true");
  EXPECT_EQ(has("a", "{}"), "false");
  EXPECT_EQ(has("a/b", R"({"a":{}})"), "false");
  EXPECT_EQ(has("a/b", "{}"), "error NoSuchKey");
  EXPECT_EQ(has("a/b", R"({"a":1})"), "error NoSuchOverload");
  EXPECT_EQ(has("a", "{"), "error BadJson");
}

TEST(ExpressionMembers, OfOneNameTheFirstCounts) {
  EXPECT_EQ(read({"a", "b"}, R"({"a":1,"a":2,"b":3,"\u0061":4})"), (Shown{"1", "3"}));
  EXPECT_EQ(read({"a"}, R"({"\u0061":1,"a":2})"), Shown{"1"});
  EXPECT_EQ(read({"a/b", "a/c"}, R"({"a":{"b":1},"a":{"b":2,"c":3}})"), (Shown{"1", "error NoSuchKey"}));
  EXPECT_EQ(read({"a/b"}, R"({"a":1,"a":{"b":2}})"), Shown{"error NoSuchOverload"});
}

TEST(ExpressionMembers, AreFoundBehindKeysWithEscapes) {
  EXPECT_EQ(read({"a\"b", "\n", "\u00e9", "\\", "a key that is longer than eight bytes"},
                 R"({"a\"b":1,"\n":2,"\u00e9":3,"\\":4,"a key that is longer than \u0065ight bytes":5})"),
            (Shown{"1", "2", "3", "4", "5"}));
  // A key that reads like the wanted one only as it is written.
  EXPECT_EQ(read({"\\n"}, R"({"\n":1})"), Shown{"error NoSuchKey"});
  EXPECT_EQ(read({"\\n"}, R"({"\\n":1})"), Shown{"1"});
}

TEST(ExpressionMembers, OfKeysWithOneHeadAreToldApart) {
  EXPECT_EQ(read({"timestamp_a", "timestamp_b", "timestam", "t", ""},
                 R"({"timestamp_c":0,"timestamp_b":1,"timestam":2,"t":3,"":4,"timestamp_a":5})"),
            (Shown{"5", "1", "2", "3", "4"}));
}

TEST(ExpressionMembers, AreReadAsFarAsThePathGoes) {
  // What is skipped is counted by its brackets only, what is read is JSON.
  EXPECT_EQ(read({"a"}, R"({"b":[1 2 x],"a":1,"c":})"), Shown{"1"});
  EXPECT_EQ(read({"a", "z"}, R"({"a":1,"c":})"), (Shown{"1", "error BadJson"}));
  for (const std::string_view record :
       {R"({"a" 1})", R"({"a":1 2})", R"({"a":tru})", R"({"a":01})", R"({"a":1)", R"({"b":1 "a":2})", R"({"a":})",
        R"({"b":1]})", R"({"b":1,})", R"({,"a":1})", "\xef\xbb\xbf{\"a\":1}", R"({"a)", ""})
    EXPECT_EQ(read({"a"}, record).front().substr(0, 5), "error") << record;
  EXPECT_EQ(read({"z"}, R"({"a":1}{)"), Shown{"error BadJson"});
  EXPECT_EQ(read({"a"}, R"({"a":"\x"})"), Shown{"error BadJson"});
}

TEST(ExpressionMembers, NumbersTooLargeFailOnlyWhereTheyAreRead) {
  EXPECT_EQ(read({"b", "a"}, R"({"a":1e400,"b":18446744073709551616})"),
            (Shown{"18446744073709552000.0", "error Range"}));
}

TEST(ExpressionMembers, OfStructsAreReadFromTheirFields) {
  ProgramBuilder builder(ExprRecord::kStruct);
  const std::vector<std::uint16_t> slots = {
      builder.field(abi::FieldCode::kU16, 0, 2),  builder.field(abi::FieldCode::kI8, 2, 1),
      builder.field(abi::FieldCode::kBool, 3, 1), builder.field(abi::FieldCode::kF32, 4, 4),
      builder.field(abi::FieldCode::kUtf8, 8, 4), builder.field(abi::FieldCode::kBytes, 8, 4),
      builder.field(abi::FieldCode::kU64, 12, 8)};
  for (const std::uint16_t slot : slots) {
    builder.entries.push_back({static_cast<std::uint32_t>(builder.code.size()), 0});
    builder.op(ExprOp::kSlot, 0, slot);
    builder.op(ExprOp::kReturn, 0, 0);
  }
  const Program program = builder.load();
  Evaluator evaluator(program, 64);
  constexpr std::string_view kRecord(
      "\x01\x02\xff\x01\x00\x00\x00\x3f"
      "ab\0\0",
      12);
  evaluator.begin(kRecord);
  Shown shown;
  for (std::uint32_t i = 0; i != slots.size(); ++i) shown.push_back(show(evaluator.context(), evaluator.run(i)));
  const std::string bytes("b\"ab\0\0\"", 7);
  EXPECT_EQ(shown, (Shown{"513u", "-1", "true", "0.5", "\"ab\"", bytes, "error NoSuchAttribute"}));
}

// A record directly before a page that cannot be read.
class Guarded {
 public:
  explicit Guarded(std::size_t bytes_max) : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
    bytes_ = (bytes_max + page_ - 1) / page_ * page_;
    memory_ =
        static_cast<char*>(mmap(nullptr, bytes_ + page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(memory_ + bytes_, page_, PROT_NONE);
  }
  ~Guarded() { munmap(memory_, bytes_ + page_); }
  std::string_view put(std::string_view record) {
    char* const to = memory_ + bytes_ - record.size();
    std::memcpy(to, record.data(), record.size());
    return {to, record.size()};
  }

 private:
  std::size_t page_;
  std::size_t bytes_;
  char* memory_;
};

TEST(ExpressionMembers, OfARecordThatIsCutAnywhereDependOnItsBytesAlone) {
  const std::string record =
      R"({"id": 12345, "user":{"lang":"j\u0061","n":-1.5e3},"tags":["a",{"k":null}],"ok":true,"last":"x"})";
  const std::vector<std::string> paths = {"id", "user/lang", "user/n", "tags", "ok", "last", "user", "none"};
  const Program program = reader(paths).load();
  Evaluator evaluator(program, 4096);
  Guarded guarded(4096);
  constexpr std::array<std::string_view, 11> kTails = {"",    "}",  "]", "\"",       "0",          ",",
                                                       ":1}", "\\", "{", "[[[[[[[[", "   \"a\":1}"};
  for (std::size_t length = 0; length <= record.size(); ++length) {
    const std::string_view cut = std::string_view(record).substr(0, length);
    Shown alone;
    for (const std::string_view tail : kTails) {
      const std::string with_tail = std::string(cut) + std::string(tail);
      const std::string_view placed = guarded.put(with_tail);
      evaluator.begin(placed.substr(0, length));
      Shown shown;
      for (std::uint32_t i = 0; i != paths.size(); ++i) shown.push_back(show(evaluator.context(), evaluator.run(i)));
      if (tail.empty()) alone = shown;
      ASSERT_EQ(shown, alone) << cut << " before " << tail;
      // What is not there is said only where the record ends as it should.
      ASSERT_EQ(shown.back(), length == record.size() ? "error NoSuchKey" : "error BadJson") << cut;
    }
  }
}

TEST(ExpressionMembers, BehindManyLevelsAreFound) {
  std::string record;
  for (int level = 0; level != 3000; ++level) record += R"({"x":[)";
  record += "1";
  for (int level = 0; level != 3000; ++level) record += "]}";
  record = R"({"deep":)" + record + R"(,"a":1})";
  EXPECT_EQ(read({"a"}, record), Shown{"1"});
}

TEST(ExpressionMembers, ALongObjectTakesStepsForEachKeyThatIsLookedFor) {
  std::string record = R"({"m":{"k":0)";
  for (int i = 0; i != 3000; ++i) record += ",\"k" + std::to_string(i) + "\":0";
  record += "}}";
  const auto size = [&](std::uint32_t steps) {
    ProgramBuilder builder;
    builder.header.steps = steps;
    builder.op(ExprOp::kSlot, 1, builder.slot("m"));
    builder.call(0, ExprFunction::kSize, 1);
    builder.op(ExprOp::kReturn, 0, 0);
    return evaluate(builder, record);
  };
  EXPECT_EQ(size(kExprStepsMax), "3001");
  EXPECT_EQ(size(1000), "error TooManySteps");
}

}  // namespace
}  // namespace byteor::expression::test

// A journal of letters, read back. Control path of tests.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "journal/journal_reader.hpp"
#include "journal/letters_agent.hpp"

namespace byteor::test {

struct WrittenLetter {
  abi::LetterRecord row;
  std::string plan;
  std::string element;
  std::string ingress;
  std::string code;
  std::string message;
  std::string body;
};

inline WrittenLetter written_letter(const journal::JournalRecord& record) {
  WrittenLetter letter;
  std::memcpy(&letter.row, record.data, sizeof letter.row);
  const char* at = reinterpret_cast<const char*>(record.data) + sizeof letter.row;
  const auto take = [&at](std::uint32_t length) { return std::string(std::exchange(at, at + length), length); };
  letter.plan = take(letter.row.plan_length);
  letter.element = take(letter.row.element_length);
  letter.ingress = take(letter.row.ingress_length);
  letter.code = take(letter.row.code_length);
  letter.message = take(letter.row.message_length);
  letter.body = take(letter.row.body_length);
  EXPECT_EQ(at, reinterpret_cast<const char*>(record.data) + record.length);
  return letter;
}

inline std::vector<WrittenLetter> letters_in(const std::string& folder) {
  journal::JournalReader reader({.folder = folder, .type = journal::kLettersType});
  std::vector<WrittenLetter> letters;
  std::vector<journal::JournalRecord> records(64);
  while (const std::uint32_t count = reader.read(records.data(), 64))
    for (std::uint32_t i = 0; i < count; ++i) letters.push_back(written_letter(records[i]));
  EXPECT_FALSE(reader.failed());
  return letters;
}

}  // namespace byteor::test

// The records of letters, one after the other: what a redrive feeds.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapter/batch.hpp"
#include "journal/fed_letters.hpp"

namespace byteor::adapter {

class LetterRecords final : public BatchSource {
 public:
  LetterRecords(std::unique_ptr<journal::FedLetters> letters, std::string folder)
      : letters_(std::move(letters)), folder_(std::move(folder)) {}

  // One at a time: the next letter takes the place of this one.
  ReadAnswer read(std::span<BatchRecord> into) noexcept override;
  core::WaitDescriptor wait_descriptor() const noexcept override { return {}; }
  std::string failure() const override { return letters_->failure().what(); }

  std::string name() const override { return folder_; }
  std::string name_of(std::uint32_t) const override {
    return "the record of letter " + std::to_string(number_) + " of the folder";
  }
  std::string_view length_remedy() const noexcept override { return "feed it to the plan that wrote it"; }

  void describe(std::string&) const override {}
  void close() noexcept override { letters_.reset(); }

 private:
  std::unique_ptr<journal::FedLetters> letters_;  // gone once the descriptors have been given back
  const std::string folder_;
  std::uint64_t number_ = 0;
};

}  // namespace byteor::adapter

// What somebody outside does to the files of a journal, on any disk: reads, changes, removes, exchanges and restores
// them. What they do is on the device when the call returns.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "platform/disk.hpp"

namespace byteor::test {

// Names and contents.
using FolderImage = std::map<std::string, std::string>;

class OperatorHand {
 public:
  OperatorHand(platform::Disk& disk, std::string folder) : disk_(disk), folder_(std::move(folder)) {}

  bool exists();
  FolderImage image();
  // Segments' names in order.
  std::vector<std::string> segments();
  std::string content(const std::string& name);

  // Makes the file, or gives the one that is there this content.
  void put(const std::string& name, const std::string& content);
  void overwrite(const std::string& name, std::uint64_t offset, const std::string& bytes);
  void truncate(const std::string& name, std::uint64_t bytes);
  void remove(const std::string& name);
  void rename(const std::string& from, const std::string& to);
  // Another file with the same name and content.
  void exchange(const std::string& name);
  // The whole folder gets another name, and its own again.
  void move_folder(bool away);
  // Files as they were in `image`, none of them the same file as before.
  void restore(const FolderImage& image);

 private:
  template <class Fn>
  void with_folder(Fn&& fn);

  platform::Disk& disk_;
  const std::string folder_;
};

}  // namespace byteor::test

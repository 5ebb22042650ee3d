#include "operator_hand.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "journal/format.hpp"

namespace byteor::test {

namespace {

void must(std::int64_t answer, const char* what) {
  if (answer < 0) throw std::logic_error(std::string("the test cannot ") + what + ": " + std::to_string(answer));
}

}  // namespace

template <class Fn>
void OperatorHand::with_folder(Fn&& fn) {
  const int folder = disk_.open_folder(folder_.c_str());
  must(folder, "open the folder");
  fn(folder);
  disk_.close(folder);
}

bool OperatorHand::exists() {
  const int folder = disk_.open_folder(folder_.c_str());
  if (folder >= 0) disk_.close(folder);
  return folder >= 0;
}

FolderImage OperatorHand::image() {
  FolderImage image;
  if (!exists()) return image;
  std::vector<std::string> names;
  with_folder([&](int folder) { must(disk_.list(folder, names), "list the folder"); });
  for (const std::string& name : names)
    if (name != "." && name != "..") image[name] = content(name);
  return image;
}

std::vector<std::string> OperatorHand::segments() {
  std::vector<std::string> names;
  if (!exists()) return names;
  std::vector<std::string> all;
  with_folder([&](int folder) { must(disk_.list(folder, all), "list the folder"); });
  for (const std::string& name : all)
    if (name.ends_with(journal::kSegmentEnding)) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

std::string OperatorHand::content(const std::string& name) {
  std::string text;
  with_folder([&](int folder) {
    const int file = disk_.open_file(folder, name.c_str(), platform::FileAccess::kRead);
    must(file, "open a file");
    text.resize(static_cast<std::size_t>(disk_.facts(file).bytes));
    if (!text.empty()) must(disk_.read(file, text.data(), text.size(), 0), "read a file");
    disk_.close(file);
  });
  return text;
}

void OperatorHand::put(const std::string& name, const std::string& content) {
  with_folder([&](int folder) {
    const int file = disk_.open_file(folder, name.c_str(), platform::FileAccess::kCreate);
    must(file, "make a file");
    must(disk_.truncate(file, 0), "empty a file");
    if (!content.empty()) must(disk_.write(file, content.data(), content.size(), 0), "write a file");
    must(disk_.sync_data(file), "sync a file");
    disk_.close(file);
    must(disk_.sync_folder(folder), "sync the folder");
  });
}

void OperatorHand::overwrite(const std::string& name, std::uint64_t offset, const std::string& bytes) {
  with_folder([&](int folder) {
    const int file = disk_.open_file(folder, name.c_str(), platform::FileAccess::kUpdate);
    must(file, "open a file");
    must(disk_.write(file, bytes.data(), bytes.size(), offset), "write a file");
    must(disk_.sync_data(file), "sync a file");
    disk_.close(file);
  });
}

void OperatorHand::truncate(const std::string& name, std::uint64_t bytes) {
  with_folder([&](int folder) {
    const int file = disk_.open_file(folder, name.c_str(), platform::FileAccess::kUpdate);
    must(file, "open a file");
    must(disk_.truncate(file, bytes), "cut a file");
    must(disk_.sync_data(file), "sync a file");
    disk_.close(file);
  });
}

void OperatorHand::remove(const std::string& name) {
  with_folder([&](int folder) {
    must(disk_.remove(folder, name.c_str()), "remove a file");
    must(disk_.sync_folder(folder), "sync the folder");
  });
}

void OperatorHand::rename(const std::string& from, const std::string& to) {
  with_folder([&](int folder) {
    must(disk_.rename(folder, from.c_str(), to.c_str()), "rename a file");
    must(disk_.sync_folder(folder), "sync the folder");
  });
}

void OperatorHand::exchange(const std::string& name) {
  const std::string text = content(name);
  put("exchanged", text);
  rename("exchanged", name);
}

void OperatorHand::move_folder(bool away) {
  const std::size_t slash = folder_.rfind('/');
  const std::string name = folder_.substr(slash + 1);
  const int above = disk_.open_folder(folder_.substr(0, slash).c_str());
  must(above, "open the folder above");
  const std::string aside = name + ".aside";
  must(disk_.rename(above, (away ? name : aside).c_str(), (away ? aside : name).c_str()), "move the folder");
  must(disk_.sync_folder(above), "sync the folder above");
  disk_.close(above);
}

void OperatorHand::restore(const FolderImage& image) {
  for (const auto& [name, text] : this->image()) remove(name);
  for (const auto& [name, text] : image) put(name, text);
}

}  // namespace byteor::test

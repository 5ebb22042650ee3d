// The one folder in which processes of the same user that run byteor meet: observable regions lie there.
// It must be the user's own (0700) and no link: in a folder that all users may write to, a stranger could put a file in
// our way or read what we share. Linux and macOS. Control path; any thread.
#pragma once

#include <string>
#include <vector>

namespace byteor::platform {

// An open folder. Files in it are opened relative to the descriptor, so that the folder cannot be swapped in between.
class UserFolder {
 public:
  // The first of $XDG_RUNTIME_DIR/byteor, /dev/shm/byteor-UID, $TMPDIR or /tmp/byteor-UID that exists or can be made.
  // Throws CodedError (OBSERVE_FOLDER) that names every place tried and what was wrong with it.
  static UserFolder open();
  // A given place; made when it is missing. Throws CodedError (OBSERVE_FOLDER) when it is not the user's own folder.
  static UserFolder open_at(const std::string& path);
  // What open() tries, in order.
  static std::vector<std::string> candidates();

  UserFolder(UserFolder&& other) noexcept;
  UserFolder& operator=(UserFolder&& other) noexcept;
  ~UserFolder();

  int descriptor() const noexcept { return descriptor_; }
  const std::string& path() const noexcept { return path_; }

 private:
  UserFolder(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}

  int descriptor_ = -1;
  std::string path_;
};

}  // namespace byteor::platform

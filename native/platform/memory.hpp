// The one mapping of a pipeline. Anonymous and private by default; backed by a file in the user's own folder when
// another process should be able to look at it, also after this one was killed. Control path; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "platform/user_folder.hpp"

namespace byteor::platform {

struct MappingOptions {
  bool huge_pages = false;  // ask for 2 MiB pages where the kernel gives them; a wish, never an error
  bool prefault = false;    // touch every page now, so that no thread faults later
};

// Zero-filled memory, aligned to a page (to 2 MiB when huge pages were asked for), between two pages that cannot be
// touched: an access beside it ends the process instead of changing other memory. Unmapped when the object
// dies.
class Mapping {
 public:
  // Throws CodedError (NO_MEMORY) with the size and a remedy when the memory cannot be had.
  static Mapping anonymous(std::size_t bytes, const MappingOptions& options = {});
  // A new file `name` (mode 0600) in `folder`. Its room is reserved at once: a full tmpfs is an error here and not a
  // SIGBUS later. The file is removed with the object; a killed process leaves it behind. Throws
  // CodedError: NO_MEMORY for want of room, OBSERVE_FOLDER for any other reason.
  static Mapping shared(const UserFolder& folder, const std::string& name, std::size_t bytes,
                        const MappingOptions& options = {});

  Mapping() = default;
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  ~Mapping();

  std::byte* data() const noexcept { return data_; }
  std::size_t bytes() const noexcept { return bytes_; }
  // Where it can be seen from another process; empty when it is private.
  const std::string& path() const noexcept { return path_; }
  // Takes the file away now; the memory stays. For a process that exits without destroying its objects. Idempotent.
  void remove_file() const noexcept;

 private:
  // Of address space for `bytes` between guards, nothing of which can be touched yet. Null data when there is none.
  static Mapping reserve(std::size_t bytes, std::size_t alignment);
  void prepare(const MappingOptions& options) noexcept;

  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
  // What is unmapped: the guard pages too.
  std::byte* whole_ = nullptr;
  std::size_t whole_bytes_ = 0;
  std::string path_;
};

}  // namespace byteor::platform

// Shared libraries with stages of users: found, loaded, and compared with the header that they were compiled against
// (byteor_plugin.h). Control path. A library stays loaded as long as the process lives: its threads, thread-local
// objects and texts may outlive every pipeline.
#pragma once

#include <string>

#include "plugin/byteor_plugin.h"

namespace byteor::plugin {

// Where the library is for errors, and what it exports.
struct Library {
  std::string path;
  const byteor_type_plugin* table;
};

// Throws CodedError: PLUGIN_LOAD where it cannot be loaded or does not export byteor_plugin(), PLUGIN_ABI where its
// table is of another version, or lacks a call. `path` is absolute.
Library load_library(const std::string& path);

// The second half of it. Throws CodedError (PLUGIN_ABI).
Library check_table(const std::string& path, const byteor_type_plugin* table);

}  // namespace byteor::plugin

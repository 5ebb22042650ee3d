#include "plugin/library.hpp"

#include <dlfcn.h>

#include <cstddef>

#include "core/coded_error.hpp"

namespace byteor::plugin {
namespace {

// Of version 1: what comes behind `destroy` may be missing in no library of it.
constexpr std::size_t kTableBytes = sizeof(byteor_type_plugin);

[[noreturn]] void refuse(abi::ErrorCode code, const std::string& path, const std::string& what) {
  throw core::CodedError(code, "the plug-in " + path + ' ' + what);
}

std::string last_error() {
  const char* const text = dlerror();
  return text == nullptr ? "no reason is given" : text;
}

}  // namespace

Library check_table(const std::string& path, const byteor_type_plugin* table) {
  using abi::ErrorCode;
  if (table == nullptr)
    refuse(ErrorCode::kPluginAbi, path, "answers no table: return a byteor_type_plugin from byteor_plugin()");
  // Nothing else is read of a table of another version.
  if (table->abi != BYTEOR_PLUGIN_ABI)
    refuse(ErrorCode::kPluginAbi, path,
           "was compiled against version " + std::to_string(table->abi) + " of byteor_plugin.h, and this byteor has " +
               std::to_string(BYTEOR_PLUGIN_ABI) + ": compile it with the header of the installed package");
  if (table->struct_bytes < kTableBytes)
    refuse(ErrorCode::kPluginAbi, path,
           "has a table of " + std::to_string(table->struct_bytes) + " bytes, and one of " +
               std::to_string(kTableBytes) + " is wanted: set struct_bytes to sizeof(byteor_type_plugin)");
  const char* const missing = table->create == nullptr    ? "create"
                              : table->process == nullptr ? "process"
                              : table->destroy == nullptr ? "destroy"
                                                          : nullptr;
  if (missing != nullptr)
    refuse(ErrorCode::kPluginAbi, path,
           std::string("has no function for the call ") + missing + ": only finish and report may be NULL");
  return {path, table};
}

Library load_library(const std::string& path) {
  void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) refuse(abi::ErrorCode::kPluginLoad, path, "cannot be loaded: " + last_error());
  dlerror();
  void* const symbol = dlsym(handle, "byteor_plugin");
  if (symbol == nullptr)
    refuse(abi::ErrorCode::kPluginLoad, path,
           "does not export byteor_plugin() (" + last_error() +
               "): define it as byteor_plugin.h declares it, and do not hide it");
  return check_table(path, reinterpret_cast<decltype(&byteor_plugin)>(symbol)());
}

}  // namespace byteor::plugin

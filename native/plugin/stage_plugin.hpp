// What a caller of open gives for a stage that a plug-in does. Plain data.
#pragma once

#include <string>

namespace byteor::plugin {

struct StagePlugin {
  std::string stage;   // id
  std::string path;    // absolute
  std::string config;  // of the stage, as JSON
  bool emits = true;   // the plan does not say that it emits nothing
};

}  // namespace byteor::plugin

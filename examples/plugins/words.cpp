// A stage in C++ with state and a report: emits the words of each record, and tells how many there were. Plan:
//
//   - { id: words, op: "native:words", access: read, emits: true }
//
// CMakeLists.txt builds it.
#include <cctype>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>

#include "byteor_plugin.h"

namespace {

class Words {
 public:
  std::uint32_t process(const byteor_type_batch& batch) {
    for (std::uint32_t i = 0; i != batch.count; ++i) split(batch, i);
    return batch.count;
  }

  std::string report() const {
    return "{\"words\":" + std::to_string(words_) + ",\"longest\":" + std::to_string(longest_) + '}';
  }

 private:
  void split(const byteor_type_batch& batch, std::uint32_t i) {
    const std::uint8_t* const data = batch.records[i].data;
    const std::uint32_t length = batch.records[i].length;
    std::uint32_t found = 0;
    for (std::uint32_t at = 0; at != length;) {
      const std::uint32_t first = at;
      while (at != length && std::isspace(data[at]) == 0) ++at;
      if (at != first) {
        byteor_callback_emit(&batch, i, data + first, at - first);
        ++found;
        longest_ = at - first > longest_ ? at - first : longest_;
      }
      while (at != length && std::isspace(data[at]) != 0) ++at;
    }
    if (found == 0) batch.actions[i] = BYTEOR_FILTER;
    words_ += found;
  }

  std::uint64_t words_ = 0;
  std::uint32_t longest_ = 0;
};

// No exception may leave a call.
void* create(const byteor_type_setup* setup, byteor_type_traits* traits, char* message, std::uint64_t message_bytes) {
  if (std::strcmp(setup->config, "null") != 0) {
    std::strncpy(message, "it takes no config", message_bytes);
    return nullptr;
  }
  traits->flags = BYTEOR_EMITS | BYTEOR_FILTERS;
  return new (std::nothrow) Words;
}

std::uint32_t process(void* instance, const byteor_type_batch* batch) {
  return static_cast<Words*>(instance)->process(*batch);
}

std::uint64_t report(void* instance, char* text, std::uint64_t text_bytes) {
  const std::string json = static_cast<Words*>(instance)->report();
  if (json.size() <= text_bytes) std::memcpy(text, json.data(), json.size());
  return json.size();
}

void destroy(void* instance) { delete static_cast<Words*>(instance); }

}  // namespace

const byteor_type_plugin* byteor_plugin() {
  static const byteor_type_plugin plugin = {
      BYTEOR_PLUGIN_ABI, sizeof(byteor_type_plugin), create, process, destroy, nullptr, report};
  return &plugin;
}

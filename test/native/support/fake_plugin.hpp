// A plug-in as a table of functions in this process: what it does is a function of the test's. One at a time.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/byteor_plugin.h"
#include "plugin/library.hpp"

namespace byteor::test {

struct FakePlugin {
  using Process = std::function<std::uint32_t(const byteor_type_batch&)>;

  FakePlugin() { current() = this; }
  ~FakePlugin() { current() = nullptr; }
  FakePlugin(const FakePlugin&) = delete;
  FakePlugin& operator=(const FakePlugin&) = delete;

  void does(Process what) { process = std::move(what); }

  static std::string text(const byteor_type_batch& batch, std::uint32_t i) {
    return {reinterpret_cast<const char*>(batch.records[i].data), batch.records[i].length};
  }
  static void emit(const byteor_type_batch& batch, std::uint32_t i, std::string_view text) {
    byteor_callback_emit(&batch, i, text.data(), static_cast<std::uint32_t>(text.size()));
  }
  static void change(const byteor_type_batch& batch, std::uint32_t i, std::string_view text) {
    std::memcpy(batch.records[i].data, text.data(), text.size());
    batch.lengths[i] = static_cast<std::uint32_t>(text.size());
    batch.actions[i] = BYTEOR_CHANGED;
  }
  // "-" is filtered, "!x" changed to "!X", "x,y" emitted as its parts, "?x" failed with x, and what else comes passes.
  static std::uint32_t answer_all(const byteor_type_batch& batch) {
    for (std::uint32_t i = 0; i != batch.count; ++i) answer(batch, i);
    return batch.count;
  }
  static void answer(const byteor_type_batch& batch, std::uint32_t i) {
    const std::string record = text(batch, i);
    if (record == "-") batch.actions[i] = BYTEOR_FILTER;
    if (record.starts_with('!')) change(batch, i, "!" + std::string(1, static_cast<char>(record[1] - 'a' + 'A')));
    if (record.starts_with('?')) byteor_callback_fail(&batch, i, record.data() + 1, record.size() - 1);
    if (record.find(',') == std::string::npos) return;
    std::size_t from = 0;
    for (std::size_t to = 0; to != std::string::npos; from = to + 1) {
      to = record.find(',', from);
      emit(batch, i, std::string_view(record).substr(from, to == std::string::npos ? to : to - from));
    }
  }

  plugin::Library library() const { return {"/fake.so", &table}; }

  std::uint32_t flags = BYTEOR_WRITES | BYTEOR_FILTERS | BYTEOR_EMITS;
  std::uint32_t room = 8;
  std::uint32_t emits_max = 0;
  std::string refuses;  // create says no, with this message
  std::string config;
  Process process = answer_all;
  std::function<void(const byteor_type_batch&)> finish;
  std::string reported = R"({"calls":1})";
  std::uint32_t calls = 0;
  std::uint32_t destroyed = 0;
  std::vector<std::string> shown;

  byteor_type_plugin table = {
      BYTEOR_PLUGIN_ABI,
      sizeof(byteor_type_plugin),
      [](const byteor_type_setup* setup, byteor_type_traits* traits, char* message, std::uint64_t bytes) -> void* {
        FakePlugin& self = *current();
        self.config.assign(setup->config, setup->config_bytes);
        traits->flags = self.flags;
        traits->room = self.room;
        traits->emits_max = self.emits_max;
        std::strncpy(message, self.refuses.c_str(), bytes);
        return self.refuses.empty() ? &self : nullptr;
      },
      [](void* instance, const byteor_type_batch* batch) {
        auto& self = *static_cast<FakePlugin*>(instance);
        ++self.calls;
        for (std::uint32_t i = 0; i != batch->count; ++i) self.shown.push_back(text(*batch, i));
        return self.process(*batch);
      },
      [](void* instance) { ++static_cast<FakePlugin*>(instance)->destroyed; },
      [](void* instance, const byteor_type_batch* batch) {
        if (static_cast<FakePlugin*>(instance)->finish) static_cast<FakePlugin*>(instance)->finish(*batch);
      },
      [](void* instance, char* to, std::uint64_t bytes) -> std::uint64_t {
        const std::string& text = static_cast<FakePlugin*>(instance)->reported;
        if (text.size() <= bytes) std::memcpy(to, text.data(), text.size());
        return text.size();
      },
  };

 private:
  static FakePlugin*& current() {
    static FakePlugin* plugin = nullptr;
    return plugin;
  }
};

}  // namespace byteor::test

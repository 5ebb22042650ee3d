#include "adapter/lines/lines.hpp"

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "adapter/lines/file.hpp"
#include "adapter/lines/line_sink.hpp"
#include "adapter/lines/line_source.hpp"
#include "op/text.hpp"

namespace byteor::adapter {
namespace {

constexpr const char* kStandardStream = "-";

void describe_path(std::string& text, const std::string& path) {
  text += ",\"path\":";
  op::append_json_string(text, path);
}

class LinesInput final : public SourceEnd {
 public:
  explicit LinesInput(const Config& config) : path_(config.text("path")) { config.allow_only({"path"}); }

  bool gives_lines() const noexcept override { return true; }
  void open() override {
    file_ = path_ == kStandardStream ? InputFile::lend(0, "standard input") : InputFile::open(path_);
  }
  std::optional<OpenedFile> file() const override { return OpenedFile{file_->descriptor(), file_->name()}; }
  void begin() override { file_->begin_use(); }

  std::unique_ptr<Source> start(graph::WritingEnd end, const SourceParts& parts) override {
    LineSourceOptions options;
    options.agent = parts.agent;
    options.batch_records = parts.batch_records;
    options.on_error = parts.on_error;
    return std::visit(
        [&](auto ends) -> std::unique_ptr<Source> {
          auto all = graph::as_vector(std::move(ends));
          using Producer = std::remove_pointer_t<typename decltype(all)::value_type>;
          return std::make_unique<BasicLineSource<Producer>>(std::move(*file_), std::move(all), parts.key,
                                                             parts.failures, parts.region_state, options);
        },
        std::move(end));
  }

  void describe(std::string& text) const override { describe_path(text, path_); }

 private:
  const std::string path_;
  std::optional<InputFile> file_;
};

class LinesOutput final : public SinkEnd {
 public:
  explicit LinesOutput(const Config& config) : path_(config.text("path")), append_(config.flag("append", false)) {
    config.allow_only({"path", "append"});
  }

  void open() override {
    file_ = path_ == kStandardStream ? OutputFile::lend(1, "standard output") : OutputFile::open(path_, append_);
  }
  std::optional<OpenedFile> file() const override { return OpenedFile{file_->descriptor(), file_->name()}; }
  void begin() override { file_->begin_use(); }

  std::unique_ptr<Sink> start(graph::ReadingEnd end, SinkParts parts) override {
    LineSinkOptions options;
    options.agent = parts.agent;
    options.batch_records = parts.batch_records;
    options.lines_only = parts.lines_only;
    options.on_error = parts.on_error;
    options.on_reader_gone = std::move(parts.on_reader_gone);
    return std::visit(
        [&](auto ends) -> std::unique_ptr<Sink> {
          auto all = graph::as_vector(std::move(ends));
          using Consumer = std::remove_pointer_t<typename decltype(all)::value_type>;
          return std::make_unique<BasicLineSink<Consumer>>(std::move(*file_), std::move(all), parts.failures,
                                                           std::move(options));
        },
        std::move(end));
  }

  void describe(std::string& text) const override { describe_path(text, path_); }

 private:
  const std::string path_;
  const bool append_;
  std::optional<OutputFile> file_;
};

}  // namespace

std::unique_ptr<SourceEnd> lines_source(const Config& config, const graph::BoundaryDescription&) {
  return std::make_unique<LinesInput>(config);
}

std::unique_ptr<SinkEnd> lines_sink(const Config& config, const graph::BoundaryDescription&) {
  return std::make_unique<LinesOutput>(config);
}

}  // namespace byteor::adapter

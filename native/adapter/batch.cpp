#include "adapter/batch.hpp"

#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "adapter/batch_sink_agent.hpp"
#include "adapter/batch_source_agent.hpp"

namespace byteor::adapter {

std::unique_ptr<Source> make_source_agent(std::unique_ptr<BatchSource> source, graph::WritingEnd end,
                                          const SourceParts& parts) {
  return std::visit(
      [&](auto ends) -> std::unique_ptr<Source> {
        auto all = graph::as_vector(std::move(ends));
        using Producer = std::remove_pointer_t<typename decltype(all)::value_type>;
        return std::make_unique<BatchSourceAgent<Producer>>(std::move(source), std::move(all), parts);
      },
      std::move(end));
}

std::unique_ptr<Sink> make_sink_agent(std::unique_ptr<BatchSink> sink, graph::ReadingEnd end, SinkParts parts) {
  return std::visit(
      [&](auto ends) -> std::unique_ptr<Sink> {
        auto all = graph::as_vector(std::move(ends));
        using Consumer = std::remove_pointer_t<typename decltype(all)::value_type>;
        return std::make_unique<BatchSinkAgent<Consumer>>(std::move(sink), std::move(all), std::move(parts));
      },
      std::move(end));
}

}  // namespace byteor::adapter
